import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { beforeAll, expect, test } from 'vitest'
import { fnv1a } from '../../base/hash.ts'
import { catalogueSchema } from '../../catalogue/catalogue.ts'
import { Catalogue } from '../../catalogue/index.ts'
import { detectors } from '../../detectors/index.ts'
import type { Output } from '../../engine/output.ts'
import { packMark, recordOf } from '../../engine/mark-record.ts'
import { Timekeeper } from '../../engine/timekeeper.ts'
import { Conditions } from '../../io/conditions.ts'
import type { KafkaClient, Producer } from '../../io/kafka/client.ts'
import { Member } from '../../io/kafka/member.ts'
import { committedOffsets } from '../../io/kafka/offsets.ts'
import { TransactionalProducer } from '../../io/kafka/producer.ts'
import { createTopics } from '../../io/kafka/topics.ts'
import { Metrics } from '../../io/metrics.ts'
import { RedisConnection } from '../../io/redis-connection.ts'
import { RedisStore } from '../../io/redis-store.ts'
import { ruleOf } from '../../testing/drive.ts'
import { ruleForEach } from '../../testing/examples.ts'
import { duplicated, eventOf, fivePlatforms, type Arrival } from '../../testing/five-platforms.ts'
import { Fleet } from '../../testing/fleet.ts'
import { clientOf } from '../../testing/kafka.ts'
import { START_MS, useKafka, useRedis } from '../../testing/services.ts'
import { beats, crowd } from '../../testing/tiny-detectors.ts'
import { testModels } from '../../testing/tiny-model.ts'
import { LearnersFirst } from './learners-first.ts'
import { MarkFeed } from './mark-feed.ts'
import type { Role, Surroundings } from './role.ts'
import { openStage } from './stage-role.ts'
import { readTaskPosition } from './task-head.ts'

const brokers = useKafka()
const redis = useRedis()
const PARTITIONS = { telemetry: 3, sightings: 2, warnings: 2, records: 1, prompts: 1, reviews: 1, rejects: 1, late: 1 }
const MARK_EVERY = 300
const catalogue = new Catalogue(catalogueSchema.parse({ platforms: [{ id: 'normal', global: ['learner'] }, { id: 'silent', global: ['learner'], heartbeat: '15s' }] }))
const rules = [...ruleForEach(detectors), ruleOf(beats, { quiet: '20s', every: 40 }), ruleOf(crowd, { most: 2 })]
const setup = { rules, catalogue, models: await testModels(), context: 'test' }
const arrivals = [...duplicated(fivePlatforms(5, 5), 3)].map((a, i) => (i % 211 === 210 ? { ...a, at: a.at + 11 * 60_000 } : a)).sort((a, b) => a.at - b.at)
const log = pino({ level: process.env.INVIGIL_TEST_LOG ?? 'silent' })

let producer: Producer
let client: KafkaClient
const prefix = `stage-${randomUUID()}.`
const group = `stage-${randomUUID()}`

beforeAll(async () => {
  client = await clientOf(brokers(), { prefix, topics: { partitions: PARTITIONS, replication: 1 } })
  await createTopics(client)
  producer = client.plainProducer()
  await producer.connect()
  return () => producer.disconnect()
}, START_MS)

/** The stages of one process. */
class Process {
  readonly roles: Role[] = []
  private readonly feed: MarkFeed
  private readonly around: Surroundings
  private readonly metrics = new Metrics()

  private constructor(own: KafkaClient) {
    this.around = { client: own, group, log, meter: this.metrics, readiness: new Conditions(), broken: (e) => void broken.push(e) }
    this.feed = new MarkFeed(this.around)
  }

  static async start(): Promise<Process> {
    const started = new Process(await clientOf(brokers(), { prefix, topics: { partitions: PARTITIONS, replication: 1 } }))
    const options = {
      redis: { url: redis(), prefix }, contexts: { current: () => 'test', setupOf: () => Promise.resolve(setup) },
      marks: started.feed, order: new LearnersFirst(true), locate: () => undefined, version: 'v1', snapshotEvery: 700,
      // Less than a mark covers, so that reading is held up all the time.
      mostWaiting: 40,
    }
    for (const stage of ['learner', 'resource'] as const) started.roles.push(await openStage(started.around, stage, options))
    return started
  }

  async leave(): Promise<void> {
    await Promise.all(this.roles.map((r) => r.leave()))
    await this.feed.close()
    this.metrics.close()
  }
}

const broken: unknown[] = []

/** What stands in a topic, as read by one who reads only what is committed. */
async function reader(kind: 'warnings' | 'prompts' | 'records'): Promise<{ values: string[]; close(): Promise<void> }> {
  const values: string[] = []
  const member = await Member.alone(client, group, {
    topics: [client.topic(kind)], broken: (e) => void broken.push(e),
    open: () => Promise.resolve({ from: 0, take: (messages) => void values.push(...messages.map((m) => String(m.value))), close: () => Promise.resolve() }),
  })
  return { values, close: () => member.leave() }
}

/** The mark of each task's last snapshot. */
async function saved(): Promise<number[]> {
  return client.withAdmin(async (admin) => {
    const all = [...await committedOffsets(admin, `${group}-learner`, client.topic('telemetry')), ...await committedOffsets(admin, `${group}-resource`, client.topic('sightings'))]
    return all.map((c) => readTaskPosition(c?.metadata ?? '').q)
  })
}

async function fence(name: string): Promise<void> {
  const zombie = await TransactionalProducer.open(client, `${group}-${name}`)
  await zombie.fence()
  await zombie.close()
}

/** As a process does that opens a task and loses it again before it says anything. */
async function take(name: string): Promise<void> {
  const store = await RedisStore.open({ url: redis(), prefix }, `${group}/${name}`)
  await store.close()
}

async function emptyRedis(): Promise<void> {
  const connection = new RedisConnection({ url: redis() })
  const keys = await connection.ask((r) => r.keys(`${prefix}*`))
  expect(keys.length).toBeGreaterThan(0)
  await connection.ask((r) => r.del(...keys))
  connection.close()
}

test('processes that come, go, are fenced and lose their state write each warning and record of one process once', { timeout: 240_000 }, async () => {
  const fleet = new Fleet(setup, 1, 1, true)
  const keeper = new Timekeeper(catalogue)
  const offsets = [0, 0, 0]
  const stamp = Date.now()
  const send = async (batch: readonly Arrival[]) => {
    const messages = batch.map(({ wire }) => {
      const key = `${wire.platform as string}\u0000${wire.learner as string}`
      return { key, value: JSON.stringify(wire), partition: fnv1a(key) % 3 }
    })
    await producer.send({ topic: client.topic('telemetry'), messages })
    messages.forEach(({ partition }) => (offsets[partition] = (offsets[partition] as number) + 1))
    for (const a of batch) {
      keeper.observe(Object.assign(eventOf(a, false), { stamp }))
      fleet.observe(Object.assign(eventOf(a, false), { stamp }))
    }
  }
  const mark = async (end = false) => {
    const next = end ? keeper.end('test') : keeper.next('test')
    await producer.send({ topic: client.topic('marks'), messages: [{ value: Buffer.from(packMark(recordOf(keeper, next, offsets))) }] })
  }

  const [warnings, records] = [await reader('warnings'), await reader('records')]
  let processes = [await Process.start()]
  const faults: Record<number, () => Promise<unknown>> = {
    6: async () => void processes.push(await Process.start()),
    12: () => fence('learner-0'),
    16: async () => processes.shift()?.leave(),
    20: () => emptyRedis(),
    22: () => fence('resource-1'),
    24: () => fence('learner-2'),
    26: () => Promise.all(['learner-1', 'resource-0'].map(take)),
    28: async () => void processes.push(await Process.start()),
  }
  for (let i = 0, turn = 0; i < arrivals.length; i += MARK_EVERY, turn++) {
    await send(arrivals.slice(i, i + MARK_EVERY))
    // Later on a mark covers more than may wait for one.
    if (turn < 8 || turn % 4 === 0) {
      await mark()
      fleet.mark()
    }
    await faults[turn]?.()
    await sleep(120)
  }
  await mark(true)
  const all = fleet.end(false).map((o) => JSON.parse(o) as Output)
  const of = (kind: Output['kind']) => all.filter((o) => o.kind === kind).map((o) => JSON.stringify(o.value)).sort()
  const [golden, proven] = [of('warning'), of('record')]
  for (const until = Date.now() + 60_000; (warnings.values.length < golden.length || records.values.length < proven.length) && Date.now() < until && broken.length === 0; ) await sleep(100)
  await sleep(500)
  for (const p of processes) await p.leave()
  processes = []
  await Promise.all([warnings.close(), records.close()])
  expect(broken).toEqual([])
  expect(golden.length).toBeGreaterThan(200)
  expect(warnings.values.slice().sort()).toEqual(golden)
  expect(proven.length).toBeGreaterThan(50)
  expect(records.values.slice().sort()).toEqual(proven)
  // Each task was saved to the last, whatever had been taken from it.
  expect(await saved()).toEqual(Array.from({ length: 5 }, () => keeper.mark))
})
