import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { beforeAll, expect, test } from 'vitest'
import { fnv1a } from '../../base/hash.ts'
import { catalogueSchema } from '../../catalogue/catalogue.ts'
import { Catalogue } from '../../catalogue/index.ts'
import { unpackMark, type MarkRecord } from '../../engine/mark-record.ts'
import { Timekeeper } from '../../engine/timekeeper.ts'
import { Conditions } from '../../io/conditions.ts'
import type { KafkaClient, Producer } from '../../io/kafka/client.ts'
import { Member } from '../../io/kafka/member.ts'
import { TransactionalProducer } from '../../io/kafka/producer.ts'
import { createTopics } from '../../io/kafka/topics.ts'
import { Metrics } from '../../io/metrics.ts'
import { eventOf, fivePlatforms, type Arrival } from '../../testing/five-platforms.ts'
import { clientOf } from '../../testing/kafka.ts'
import { START_MS, useKafka } from '../../testing/services.ts'
import type { Role } from './role.ts'
import { openTimekeeper } from './timekeeper-role.ts'

const brokers = useKafka()
const prefix = `time-${randomUUID()}.`
const group = `time-${randomUUID()}`
const topics = { replication: 1, partitions: { telemetry: 3, sightings: 1, warnings: 1, records: 1, prompts: 1, reviews: 1, rejects: 1, late: 1 } }
const catalogue = new Catalogue(catalogueSchema.parse({}))
const broken: unknown[] = []
let client: KafkaClient
let producer: Producer
let context: string | undefined

beforeAll(async () => {
  client = await clientOf(brokers(), { prefix, topics })
  await createTopics(client)
  producer = client.plainProducer()
  await producer.connect()
  return () => producer.disconnect()
}, START_MS)

async function stand(): Promise<Role> {
  const own = await clientOf(brokers(), { prefix, topics })
  const metrics = new Metrics()
  const around = { client: own, group, log: pino({ level: 'silent' }), meter: metrics, readiness: new Conditions(), broken: (e: unknown) => void broken.push(e) }
  const role = await openTimekeeper(around, { catalogue, contexts: { current: () => context }, sources: [], markEvery: 60, idleAfter: 1500 })
  return {
    leave: async () => {
      await role.leave()
      metrics.close()
    },
  }
}

async function until(what: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !what() && broken.length === 0; await sleep(20)) if (Date.now() > deadline) throw new Error(`waited in vain for ${what.toString()}`)
}

test('marks cover everything, without gaps or doubles, whoever writes them', { timeout: 120_000 }, async () => {
  const marks: MarkRecord[] = []
  const reader = await Member.alone(client, group, {
    topics: [client.topic('marks')], broken: (e) => void broken.push(e),
    open: () => Promise.resolve({ from: 0, take: (m) => void marks.push(...m.flatMap(({ value }) => (value ? [unpackMark(value)] : []))), close: () => Promise.resolve() }),
  })
  const counts = [0, 0, 0]
  const send = async (batch: readonly Arrival[]) => {
    const messages = batch.map(({ wire }) => ({ value: JSON.stringify(wire), partition: fnv1a(wire.learner as string) % 3 }))
    await producer.send({ topic: client.topic('telemetry'), messages })
    for (const { partition } of messages) counts[partition] = (counts[partition] as number) + 1
  }
  const isCovered = () => marks.at(-1)?.offsets.every((o, p) => o === counts[p]) === true
  const arrivals = fivePlatforms(3, 4)
  const part = (n: number) => arrivals.slice((n * arrivals.length) / 5, ((n + 1) * arrivals.length) / 5)

  const first = await stand()
  await send(part(0))
  await sleep(500)
  expect(marks).toEqual([])
  context = 'one'
  await until(isCovered)
  const second = await stand()
  await send(part(1))
  await until(isCovered)
  // The one that keeps the time leaves, or the other does: someone goes on.
  await first.leave()
  await send(part(2))
  await until(isCovered)
  // A zombie: somebody else has taken over its id, so that it must take it over again.
  const other = await TransactionalProducer.open(client, `${group}-time-0`)
  await other.fence()
  await other.close()
  await send(part(3))
  await until(isCovered)
  // A transaction that is still open holds time: what is behind it, and what others write meanwhile, is covered together.
  const slow = client.transactionalProducer(`${group}-slow`)
  await slow.connect()
  const transaction = await slow.transaction()
  const [held, free] = [arrivals[0] as Arrival, arrivals[1] as Arrival]
  await transaction.send({ topic: client.topic('telemetry'), messages: [{ value: JSON.stringify(held.wire), partition: 1 }] })
  const before = marks.length
  await producer.send({ topic: client.topic('telemetry'), messages: [{ value: JSON.stringify(free.wire), partition: 2 }] })
  counts[2] = (counts[2] as number) + 1
  await sleep(600)
  expect(marks.length).toBe(before)
  await transaction.commit()
  await slow.disconnect()
  counts[1] = (counts[1] as number) + 1
  await until(isCovered)
  // Behind its record there is a marker.
  counts[1] = counts[1] + 1
  context = 'two'
  await until(() => marks.at(-1)?.mark.context === 'two')
  // What is no event moves nothing, but is covered.
  await producer.send({ topic: client.topic('telemetry'), messages: [{ value: 'nonsense', partition: 0 }, { value: null, partition: 0 }] })
  counts[0] = (counts[0] as number) + 2
  await send(part(4))
  await until(isCovered)
  // The idle mark sets each watermark to its line; then there is none.
  const keeper = new Timekeeper(catalogue)
  const now = Date.now()
  for (const a of arrivals) keeper.observe(Object.assign(eventOf(a, false), { stamp: now }))
  const { watermarks, resource } = keeper.idle('two')
  await until(() => Object.entries(watermarks).every(([p, w]) => marks.at(-1)?.mark.watermarks[p] === w))
  const all = marks.length
  await sleep(600)
  await second.leave()
  await reader.leave()

  expect(broken).toEqual([])
  expect(marks.length).toBe(all)
  expect(marks.map((m) => m.mark.number)).toEqual(marks.map((_, i) => i + 1))
  expect({ ...marks.at(-1)?.mark.watermarks }).toEqual({ ...watermarks })
  expect(marks.at(-1)?.mark.resource).toBe(resource)
})
