import { InvigilError, type Problem, type Where } from '../../base/errors.ts'
import type { KafkaClient, KafkaMessage, Message, TopicMessages } from '../../io/kafka/client.ts'
import { committedOffsets, logRanges, type LogRange } from '../../io/kafka/offsets.ts'
import { TransactionalProducer } from '../../io/kafka/producer.ts'
import { readRanges } from '../../io/kafka/read-range.ts'
import { originalOf, readReject, type KafkaReject } from '../kafka-rejects.ts'
import { chooses, ReplayPosition, type Choice } from './replay-position.ts'

/** Names where a replayed record came from: topic, partition and offset of its reject. */
export const REPLAYED = 'invigil-replayed'

/** How rejects are fed back. */
export interface ReplayOptions {
  /** What the names of Invigil's groups and transactional ids begin with. */
  group: string
  /** The platforms' topics that the intake reads. */
  sources: readonly string[]
  /** Nothing is sent and nothing is remembered. */
  dryRun?: boolean
  /** Is shown each reject that is, or would be, sent, and where it stands in its topic. */
  show?(reject: KafkaReject, at: string): void
}

/** What became of the rejects. */
export interface ReplayReport {
  /** How many were sent, or would be. */
  sent: { topic: string; reason: string; records: number }[]
  /** How many were left for another time, since they were not chosen. */
  left: number
  /** How many cannot be sent, with the first 100 of them: where, and why. */
  unsent: number
  problems: Problem[]
}

const MOST_PROBLEMS = 100
const MOST_RECORDS = 1000
const MOST_BYTES = 4 << 20

/**
 * Feeds the chosen rejects that have not been fed back yet to the topics that they came from, up to the present end of the topic.
 * Each is sent exactly once, whatever fails in between: records and position are committed together.
 */
export async function replayTopic(client: KafkaClient, choice: Choice, options: ReplayOptions): Promise<ReplayReport> {
  const topic = client.topic('rejects')
  const group = `${options.group}-replay`
  const work = new Replay(await targets(client, options.sources), options)
  const producer = options.dryRun ? undefined : await TransactionalProducer.open(client, group)
  try {
    // Before the offsets are read, so that no other replay can move them.
    await producer?.fence()
    const [logs, committed] = await client.withAdmin(async (admin) => [await logRanges(admin, topic), await committedOffsets(admin, group, topic)] as const, { topic, group })
    const positions = logs.map(({ start }, p) => ReplayPosition.of(committed[p], start))
    const ranges = positions.map(({ offset }, p): LogRange => ({ start: offset, end: (logs[p] as LogRange).end }))
    const batches = positions.map(() => new Batch())
    const commit = async (partition: number, to: number): Promise<void> => {
      const [batch, position] = [batches[partition] as Batch, positions[partition] as ReplayPosition]
      position.advance(choice, to)
      if (!producer) return
      const at = { consumerGroupId: group, topic, partition, offset: position.offset, metadata: position.metadata }
      await producer.commit(batch.take(), at)
    }
    await readRanges(client, { topic, ranges, group: options.group }, async (partition, message) => {
      const batch = batches[partition] as Batch
      const messages = work.take({ topic, partition, message, position: positions[partition] as ReplayPosition, choice })
      if (messages && producer) batch.add(messages)
      if (batch.isFull) await commit(partition, Number(message.offset) + 1)
    })
    for (const [partition, { start, end }] of ranges.entries()) if (end > start) await commit(partition, end)
    return work.report()
  } finally {
    await producer?.close()
  }
}

/** One line of a file of rejects. */
export interface RejectLine {
  file: string
  line: number
  bytes: Buffer
}

/** Feeds rejects back that were mended by hand: all of them in one transaction, or none where one cannot be sent. */
export async function replayLines(client: KafkaClient, lines: readonly RejectLine[], options: ReplayOptions): Promise<ReplayReport> {
  const work = new Replay(await targets(client, options.sources), options)
  const batch = new Batch()
  for (const line of lines) {
    const messages = work.mended(line)
    if (messages) batch.add(messages)
  }
  const report = work.report()
  if (report.unsent > 0) throw new InvigilError('bad-input', `${report.unsent === 1 ? '1 line is no reject that can be sent' : `${report.unsent} lines are no rejects that can be sent`}; nothing was sent`, { problems: report.problems })
  if (options.dryRun || lines.length === 0) return report
  const producer = await TransactionalProducer.open(client, `${options.group}-replay`)
  try {
    await producer.fence()
    await producer.write(batch.take())
  } finally {
    await producer.close()
  }
  return report
}

/** The topics that may be written to, with their numbers of partitions. An event with a wrong clock is rejected as it stands in `telemetry`. */
async function targets(client: KafkaClient, sources: readonly string[]): Promise<Map<string, number>> {
  const { topics } = await client.withAdmin((admin) => admin.fetchTopicMetadata())
  const counts = new Map(topics.map((t) => [t.name, t.partitions.length]))
  return new Map([...sources, client.topic('telemetry')].map((name) => [name, counts.get(name) ?? 0]))
}

/** Makes records of rejects, and keeps the account. */
class Replay {
  private readonly counts = new Map<string, { topic: string; reason: string; records: number }>()
  private readonly problems: Problem[] = []
  private unsent = 0
  private left = 0
  private readonly targets: ReadonlyMap<string, number>
  private readonly options: ReplayOptions

  constructor(targets: ReadonlyMap<string, number>, options: ReplayOptions) {
    this.targets = targets
    this.options = options
  }

  take({ topic, partition, message, position, choice }: { topic: string; partition: number; message: KafkaMessage; position: ReplayPosition; choice: Choice }): TopicMessages | undefined {
    const at = `${topic}/${partition}/${message.offset}`
    return this.make({ file: at }, at, message.value ?? Buffer.alloc(0), false, (reject) => {
      if (position.isDone(Number(message.offset), reject)) return false
      if (chooses(choice, reject)) return true
      this.left++
      return false
    })
  }

  mended({ file, line, bytes }: RejectLine): TopicMessages | undefined {
    return this.make({ file, line }, `${file}:${line}`, bytes, true, () => true)
  }

  report(): ReplayReport {
    const sent = [...this.counts.values()].sort((a, b) => (a.topic === b.topic ? b.records - a.records : a.topic < b.topic ? -1 : 1))
    return { sent, left: this.left, unsent: this.unsent, problems: this.problems }
  }

  private make(where: Where, at: string, bytes: Buffer, mended: boolean, isWanted: (reject: KafkaReject) => boolean): TopicMessages | undefined {
    try {
      const reject = readReject(bytes)
      if (!isWanted(reject)) return undefined
      const { topic, partition, key, value } = originalOf(reject, { mended })
      const count = this.targets.get(topic)
      if (count === undefined) throw new InvigilError('bad-input', `its topic \`${topic}\` is none of the \`sources\``)
      if (count === 0) throw new InvigilError('bad-input', `its topic \`${topic}\` is not in Kafka any more, or may not be seen`)
      this.count(topic, reject.reason)
      this.options.show?.(reject, at)
      // To the partition that it was in; a topic that was made anew may have fewer.
      const message: Message = { key, value, headers: { [REPLAYED]: at }, ...(partition < count ? { partition } : {}) }
      return { topic, messages: [message] }
    } catch (e) {
      if (!(e instanceof InvigilError) || e.code !== 'bad-input') throw e
      this.unsent++
      if (this.problems.length < MOST_PROBLEMS) this.problems.push({ ...where, message: e.message })
      return undefined
    }
  }

  private count(topic: string, reason: string): void {
    const name = `${topic} ${reason}`
    const counted = this.counts.get(name) ?? { topic, reason, records: 0 }
    counted.records++
    this.counts.set(name, counted)
  }
}

/** Records that are still to be committed. */
class Batch {
  private topics = new Map<string, Message[]>()
  private records = 0
  private bytes = 0

  get isFull(): boolean {
    return this.records >= MOST_RECORDS || this.bytes >= MOST_BYTES
  }

  add({ topic, messages }: TopicMessages): void {
    const waiting = this.topics.get(topic) ?? []
    this.topics.set(topic, waiting)
    for (const message of messages) {
      waiting.push(message)
      this.records++
      this.bytes += message.value?.length ?? 0
    }
  }

  take(): TopicMessages[] {
    const taken = [...this.topics].map(([topic, messages]) => ({ topic, messages }))
    this.topics = new Map()
    this.records = this.bytes = 0
    return taken
  }
}
