import type { Setup } from '../engine/runtime.ts'
import { LearnerTask } from '../engine/learner-task.ts'
import { unpackMark, type MarkRecord } from '../engine/mark-record.ts'
import type { Output } from '../engine/output.ts'
import { sightingsOf } from '../engine/waiting-sightings.ts'
import { ResourceTask } from '../engine/resource-task.ts'
import type { KafkaClient, KafkaMessage } from '../io/kafka/client.ts'
import { logRanges } from '../io/kafka/offsets.ts'
import { readRanges } from '../io/kafka/read-range.ts'
import { createTelemetryDecoder } from '../telemetry/wire.ts'

/** Every committed record of a topic, by partition. */
export async function readTopic(client: KafkaClient, topic: string): Promise<KafkaMessage[][]> {
  const ranges = await client.withAdmin((admin) => logRanges(admin, topic))
  const records: KafkaMessage[][] = ranges.map(() => [])
  await readRanges(client, { topic, ranges, group: 'replay-log' }, (partition, message) => void (records[partition] as KafkaMessage[]).push(message))
  return records
}

/** What one machine makes of the telemetry and the marks that stand in Kafka: each warning as the bytes that a reader must find. */
export async function replayLog(client: KafkaClient, setupOf: (context: string) => Promise<Setup>): Promise<{ warnings: string[]; marks: number; contexts: number }> {
  const [telemetry, marks] = [await readTopic(client, client.topic('telemetry')), (await readTopic(client, client.topic('marks'))).flat().map((m) => unpackMark(m.value as Buffer))]
  const outputs: Output[] = []
  let tasks: { learners: LearnerTask[]; resource: ResourceTask } | undefined
  let context = ''
  for (const record of marks) {
    if (record.mark.context !== context) {
      context = record.mark.context
      const setup = await setupOf(context)
      if (tasks) for (const task of [...tasks.learners, tasks.resource]) task.renew(setup)
      else tasks = { learners: takeAll(telemetry, setup), resource: new ResourceTask(setup) }
    }
    if (tasks) outputs.push(...handle(tasks.learners, tasks.resource, record))
  }
  const warnings = outputs.flatMap((o) => (o.kind === 'warning' ? [JSON.stringify(o.value)] : []))
  return { warnings: warnings.sort(), marks: marks.length, contexts: new Set(marks.map((m) => m.mark.context)).size }
}

function takeAll(telemetry: readonly KafkaMessage[][], setup: Setup): LearnerTask[] {
  return telemetry.map((records, partition) => {
    const task = new LearnerTask(setup, partition)
    const decoder = createTelemetryDecoder(() => undefined)
    for (const { offset, timestamp, value } of records) {
      if (value) decoder.decode({ event: (held) => ((held.stamp = Number(timestamp)), task.take(Number(offset), held)), reject: () => undefined, ignored: () => undefined }, value)
    }
    return task
  })
}

function handle(learners: readonly LearnerTask[], resource: ResourceTask, record: MarkRecord): Output[] {
  const outputs: Output[] = []
  learners.forEach((task, p) => {
    const work = task.handle(record)
    outputs.push(...work.outputs)
    resource.take(0, { task: p, tasks: learners.length, marks: [{ mark: record.mark.number, sightings: sightingsOf(work.sightings) }] })
  })
  outputs.push(...resource.handle(record.mark))
  return outputs
}
