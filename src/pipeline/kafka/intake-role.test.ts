import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { InvigilError } from '../../base/errors.ts'
import { Conditions } from '../../io/conditions.ts'
import { TOPIC_RESOURCE, type KafkaClient, type KafkaMessage, type Producer } from '../../io/kafka/client.ts'
import { kafkaConfig } from '../../io/kafka/config.ts'
import { KafkaClient as Client } from '../../io/kafka/client.ts'
import { Member } from '../../io/kafka/member.ts'
import { committedOffset, logRanges } from '../../io/kafka/offsets.ts'
import { TransactionalProducer } from '../../io/kafka/producer.ts'
import { createTopics } from '../../io/kafka/topics.ts'
import { Metrics } from '../../io/metrics.ts'
import { createDecoder, type Format } from '../../telemetry/decode.ts'
import { makeTopicsFor } from '../../testing/kafka.ts'
import { START_MS, useKafka } from '../../testing/services.ts'
import { kafkaRejectSchema, type KafkaReject } from '../kafka-rejects.ts'
import { openIntake } from './intake-role.ts'
import { openSource } from './intake-source.ts'
import type { Role, Surroundings } from './role.ts'
import { sourcePositions } from './source-positions.ts'

const brokers = useKafka()
const PARTITIONS = 3
let client: KafkaClient
let producer: Producer
/** The platform's topic, and what group and prefix are called after. */
let topic = ''
const roles: Role[] = []
const meters: Metrics[] = []
const made: string[] = []
const said: { msg: string; lost?: number; error?: string }[] = []

beforeAll(async () => {
  client = await clientFor('none.')
  producer = client.plainProducer()
  await producer.connect()
}, START_MS)
beforeEach(async () => {
  topic = `platform-${randomUUID()}`
  said.length = 0
  client = await clientFor(`${topic}.`)
  await createTopics(client)
  await makeTopicsFor(client, { [topic]: PARTITIONS })
  made.push(topic)
})
afterEach(async () => {
  await Promise.all(roles.splice(0).map((r) => r.leave()))
  for (const meter of meters.splice(0)) meter.close()
})
afterAll(async () => {
  await producer.disconnect()
  await client.withAdmin(async (admin) => admin.deleteTopics({ topics: (await admin.listTopics()).filter((t) => made.some((m) => t.startsWith(m))) }))
})

function clientFor(prefix: string): Promise<KafkaClient> {
  const config = kafkaConfig.parse({ brokers: brokers(), prefix, topics: { partitions: { telemetry: 4, sightings: 1, warnings: 1, records: 1, prompts: 1, rejects: 2, late: 1 }, replication: 1 } })
  return Client.open(config, pino({ level: 'warn' }, { write: (line: string) => void said.push(JSON.parse(line) as (typeof said)[number]) }))
}

interface Process extends Surroundings {
  meter: Metrics
  role: Role
}

function surroundings(): Surroundings & { meter: Metrics } {
  const meter = new Metrics()
  meters.push(meter)
  return { client, group: topic, log: client.log, meter, readiness: new Conditions(), broken: (e) => { throw e } }
}

async function start(sources: readonly { topic: string; format: Format }[] = [{ topic, format: 'canonical' }]): Promise<Process> {
  const around = surroundings()
  const role = await openIntake(around, { sources, enrich: () => undefined })
  roles.push(role)
  return { ...around, role }
}

const leave = async ({ role }: Process): Promise<void> => {
  roles.splice(roles.indexOf(role), 1)
  await role.leave()
}
const eventOf = (n: number, more: object = {}): string => JSON.stringify({ id: `e${n}`, time: '2026-03-02T08:00:00Z', action: 'heartbeat', platform: 'p1', learner: `L${n % 50}`, chapter: 'c1', position: n, ...more })

async function send(partition: number, values: readonly (string | Buffer | null)[]): Promise<void> {
  for (let i = 0; i < values.length; i += 500) await producer.send({ topic, messages: values.slice(i, i + 500).map((value) => ({ partition, value })) })
}

const events = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => eventOf(from + i))
const committed = (partition: number): Promise<number | undefined> => client.withAdmin(async (admin) => (await committedOffset(admin, `${topic}-intake`, topic, partition))?.offset)

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 40_000; !(await what()); await sleep(20)) if (Date.now() > deadline) throw new Error(`waited in vain for ${what.toString()}; ${JSON.stringify(said)}`)
}

const handled = (...offsets: number[]): Promise<void> => until(async () => (await Promise.all(offsets.map((_, p) => committed(p)))).every((o, p) => (o ?? 0) === offsets[p]))

/** All committed records of a topic of Invigil. */
async function read(kind: 'telemetry' | 'rejects'): Promise<KafkaMessage[]> {
  const name = client.topic(kind)
  const open = new Map((await client.withAdmin((admin) => logRanges(admin, name))).map(({ end }, p) => [p, end] as const).filter(([, end]) => end > 0))
  const found: KafkaMessage[] = []
  const member = await Member.alone(client, `${topic}-test`, {
    topics: [name],
    broken: (e) => { throw e },
    open: async ({ partition }) => ({
      from: 0,
      take: (messages) => void found.push(...messages),
      progress: (reached) => {
        if (reached >= (open.get(partition) ?? 0)) open.delete(partition)
      },
      close: () => Promise.resolve(),
    }),
  })
  await until(() => open.size === 0)
  await member.leave()
  return found
}

const idsIn = (messages: readonly KafkaMessage[]): string[] => messages.map((m) => (JSON.parse(String(m.value)) as { id: string }).id)
const sorted = (texts: readonly string[]): string[] => texts.toSorted()
const ids = (n: number): string[] => sorted(Array.from({ length: n }, (_, i) => `e${i}`))
const rejectsIn = (messages: readonly KafkaMessage[]): KafkaReject[] => messages.map((m) => kafkaRejectSchema.parse(JSON.parse(String(m.value)))).sort((a, b) => a.offset - b.offset)

test('what poisons nothing: each bad record is a reject with its reason and where it came from, and the partition moves on', { timeout: 60_000 }, async () => {
  const process = await start()
  const long = eventOf(1, { device: 'x'.repeat(900_000) })
  const poison: [string, string | Buffer | null][] = [
    ['bad-json', '{"id":"e1"'], ['bad-json', null], ['bad-json', ''], ['string-too-long', long], ['missing-field', eventOf(1, { learner: undefined })], ['bad-date', eventOf(1, { time: '9999-12-31T23:59:59Z' })],
    // Another format than the topic has.
    ['missing-field', JSON.stringify({ actor: { mbox: 'mailto:a@example.org' }, verb: { id: 'played' } })],
    ['bad-utf8', Buffer.alloc(100, 0xff)],
  ]
  for (const [, value] of poison) await send(1, [value])
  await send(1, [eventOf(0)])
  await send(2, [eventOf(1, { extra: 'x'.repeat(900_000) })])
  await until(async () => (await committed(1)) === poison.length + 1 && (await committed(2)) === 1)
  const rejects = rejectsIn(await read('rejects'))
  expect(rejects.map((r) => [r.reason, r.topic, r.partition, r.offset])).toEqual(poison.map(([reason], i) => [reason, topic, 1, i]))
  expect(rejects[3]?.text).toBe(long)
  const telemetry = await read('telemetry')
  expect(sorted(idsIn(telemetry))).toEqual(['e0', 'e1'])
  expect(Object.keys(telemetry[0]?.headers ?? {})).toEqual(['source-topic', 'source-partition', 'source-offset', 'source-time', 'source-sha256'])
  expect(process.readiness.allMet).toBe(true)
  const metrics = await process.meter.text()
  for (const line of ['events_read_total{platform="p1"} 2', 'records_rejected_total{reason="bad-json"} 3', `lag_records{task="intake-${topic}-1"} 0`, `lag_records{task="intake-${topic}-0"} 0`]) expect(metrics).toContain(`invigil_${line}`)
  expect(metrics).toMatch(/invigil_commits_total{outcome="committed"} [1-9]/)
})

test('two processes share the partitions; one leaves, and nothing is lost or doubled; then it goes on from what was committed', { timeout: 120_000 }, async () => {
  const one = await start()
  await send(0, events(0, 1000))
  const two = await start()
  for (let p = 0; p < PARTITIONS; p++) await send(p, events(1000 + p * 2000, 3000 + p * 2000))
  await until(async () => /invigil_events_read_total{.*} [1-9]/.test(await two.meter.text()))
  await leave(one)
  await send(0, events(7000, 8000))
  await handled(4000, 2000, 2000)
  await leave(two)
  await send(2, events(8000, 9000))
  await start()
  await handled(4000, 2000, 3000)
  expect(sorted(idsIn(await read('telemetry')))).toEqual(ids(9000))
  // Each learner's events of one partition in their order.
  const positions = (await read('telemetry')).filter((m) => String(m.headers?.['source-partition']) === '2' && String(m.key) === 'p1\u0000L7').map((m) => Number(m.headers?.['source-offset']))
  expect(positions).toEqual(positions.toSorted((a, b) => a - b))
})

test('a producer that is fenced in the middle, again and again, loses and doubles nothing', { timeout: 120_000 }, async () => {
  await start()
  for (let n = 0; n < 8000; n += 2000) {
    const thief = await TransactionalProducer.open(client, `${topic}-intake-${topic}-0`)
    await send(0, events(n, n + 500))
    // In the midst of what is being read, and between two commits.
    await Promise.all([send(0, events(n + 500, n + 1500)), thief.fence()])
    await send(0, events(n + 1500, n + 2000))
    await thief.close()
  }
  await handled(8000)
  expect(sorted(idsIn(await read('telemetry')))).toEqual(ids(8000))
  expect(said.some((s) => s.error?.includes('another process has taken over'))).toBe(true)
})

test('records that are ignored move the offset', { timeout: 60_000 }, async () => {
  const process = await start([{ topic, format: 'xapi' }])
  const ignored = JSON.stringify({ id: 's1', timestamp: '2026-03-02T08:00:00Z', actor: { account: { name: 'L7', homePage: 'https://lms.example.org' } }, verb: { id: 'http://adlnet.gov/expapi/verbs/passed' }, object: { id: 'v1' } })
  await send(0, [ignored, ignored, ignored])
  await handled(3)
  await send(0, [ignored])
  await handled(4)
  expect([await read('telemetry'), await read('rejects')]).toEqual([[], []])
  expect(await process.meter.text()).toContain('invigil_events_ignored_total{verb="passed"} 4')
})

test('markers of a platform\'s own transactions are committed, too: nobody waits for what is no record', { timeout: 60_000 }, async () => {
  const process = await start()
  const platform = client.transactionalProducer(`${topic}-platform`)
  await platform.connect()
  const positions = () => client.withAdmin((admin) => sourcePositions(admin, process, [topic]))
  for (const [n, end] of [[0, 'commit'], [1, 'abort'], [2, 'commit']] as const) {
    const transaction = await platform.transaction()
    await transaction.send({ topic, messages: [{ partition: 0, value: eventOf(n) }] })
    await transaction[end]()
  }
  await platform.disconnect()
  // Each record has a marker behind it.
  await handled(6)
  await until(async () => (await positions()).every((p) => p.committed === p.end))
  expect((await positions()).map((p) => p.end)).toEqual([6, 0, 0])
  expect(sorted(idsIn(await read('telemetry')))).toEqual(['e0', 'e2'])
  expect(await process.meter.text()).toMatch(/invigil_lag_records\{task="intake-[^"]*-0"\} 0/)
})

const alter = (name: string, bytes: number) => client.withAdmin((admin) => admin.alterConfigs({ validateOnly: false, resources: [{ type: TOPIC_RESOURCE, name, configEntries: [{ name: 'message.timestamp.type', value: 'LogAppendTime' }, { name: 'max.message.bytes', value: String(bytes) }] }] }))

test('a record whose event the broker refuses for its size is a reject; the others go through', { timeout: 120_000 }, async () => {
  await alter(client.topic('telemetry'), 1500)
  const large = eventOf(1, { agent: 'a'.repeat(2000), extra: 'x'.repeat(100_000) })
  await send(0, [...events(0, 200), large, ...events(200, 400)])
  await send(1, events(400, 500))
  await start()
  await handled(401, 100)
  expect(sorted(idsIn(await read('telemetry')))).toEqual(ids(500))
  expect(rejectsIn(await read('rejects'))).toMatchObject([{ reason: 'too-long', partition: 0, offset: 200, text: large }])
  expect(said.some((s) => s.msg.includes('`max.message.bytes=1500`'))).toBe(true)
})

test('a reject that is refused, too, keeps as much of the record as goes through', { timeout: 120_000 }, async () => {
  await alter(client.topic('rejects'), 100_000)
  await send(0, [eventOf(0), `{"x":"${'y'.repeat(200_000)}"}`, eventOf(1)])
  await start()
  await handled(3)
  expect(sorted(idsIn(await read('telemetry')))).toEqual(ids(2))
  const [reject, ...more] = rejectsIn(await read('rejects'))
  expect([reject?.reason, reject?.offset, reject?.length, reject?.text?.length, more]).toEqual(['too-long', 1, 200_008, 65_536, []])
})

test('records that were deleted before they were read are told, and reading goes on behind them', { timeout: 60_000 }, async () => {
  await send(0, events(0, 10))
  const first = await start()
  await handled(10)
  await leave(first)
  await send(0, events(10, 30))
  await client.withAdmin(async (admin) => {
    // kafkajs wants to know the topic before.
    await logRanges(admin, topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '25' }] })
  })
  await start()
  await handled(30)
  expect(idsIn(await read('telemetry')).length).toBe(15)
  expect(said.filter((s) => s.lost !== undefined).map((s) => [s.lost, s.msg])).toEqual([[15, 'records were deleted before they were read, up to as many as `lost` says; keep the topic for longer, or start more processes']])
})

test('leaving commits what is queued; losing a partition does not, and nothing comes twice', { timeout: 60_000 }, async () => {
  const intakes = { around: surroundings(), group: `${topic}-intake`, reading: { decoders: new Map([[topic, createDecoder({ format: 'canonical' })]]), enrich: () => undefined }, written: { telemetry: client.topic('telemetry'), rejects: client.topic('rejects') }, cares: new Map() }
  const calls: string[] = []
  const flow = { pause: () => void calls.push('pause'), resume: () => void calls.push('resume'), renew: (why: InvigilError) => void calls.push(why.message) }
  await send(0, events(0, 1))
  const message = (n: number): KafkaMessage => ({ key: null, value: Buffer.from(eventOf(n, { extra: 'x'.repeat(2000) })), offset: String(n), timestamp: '0', attributes: 0, size: 0 })
  // The log ends before these.
  await send(0, events(1, 10_000))
  const at = { topic, partition: 0 }
  const first = await openSource(intakes, at, flow)
  expect(first.from).toBe(0)
  first.take(Array.from({ length: 6000 }, (_, n) => message(n)))
  expect(calls).toEqual(['pause'])
  await first.close('leaving')
  expect(calls).toEqual(['pause', 'resume'])
  expect(await committed(0)).toBe(6000)

  const second = await openSource(intakes, at, flow)
  expect(second.from).toBe(6000)
  second.take(Array.from({ length: 4000 }, (_, n) => message(6000 + n)))
  await second.close('lost')
  const third = await openSource(intakes, at, flow)
  expect(third.from).toBeLessThan(10_000)
  third.take(Array.from({ length: 10_000 - third.from }, (_, n) => message(third.from + n)))
  await third.close('leaving')
  expect(sorted(idsIn(await read('telemetry')))).toEqual(ids(10_000))
})

test('a topic that is missing, or not as it must be, is refused', { timeout: 60_000 }, async () => {
  const failure = async (sources: { topic: string; format: Format }[]) => {
    const e = await start(sources).then(() => undefined, (e: unknown) => e as InvigilError)
    return [e?.code, e?.message]
  }
  expect(await failure([{ topic: `no-${topic}`, format: 'canonical' }])).toEqual(['not-found', `there is no topic \`no-${topic}\` in Kafka, which \`sources\` names (correct the name, or have the platform make the topic)`])
  expect(await failure([{ topic: client.topic('telemetry'), format: 'canonical' }])).toEqual(['usage', `\`sources\` names \`${topic}.telemetry\`, which Invigil writes itself (name the platforms' own topics)`])
  expect(await failure([{ topic, format: 'canonical' }, { topic, format: 'xapi' }])).toEqual(['usage', `\`sources\` names \`${topic}\` twice (a topic has one format)`])
  const telemetry = client.topic('telemetry')
  await client.withAdmin((admin) => admin.alterConfigs({ validateOnly: false, resources: [{ type: TOPIC_RESOURCE, name: telemetry, configEntries: [{ name: 'message.timestamp.type', value: 'CreateTime' }] }] }))
  const [code, message] = await failure([{ topic, format: 'canonical' }])
  expect([code, message?.split(', ')[0]]).toEqual(['usage', `the topic \`${telemetry}\` has \`message.timestamp.type=CreateTime\``])
  await client.withAdmin((admin) => admin.deleteTopics({ topics: [telemetry] }))
  await until(async () => !(await client.withAdmin((admin) => admin.listTopics())).includes(telemetry))
  expect(await failure([{ topic, format: 'canonical' }])).toEqual(['not-found', `there is no topic \`${telemetry}\` in Kafka; \`invigil topics\` makes those that are missing`])
})
