import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MINUTE, SECOND } from '../base/time.ts'
import { Catalogue } from '../catalogue/index.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { packMark, recordOf } from '../engine/mark-record.ts'
import { Timekeeper } from '../engine/timekeeper.ts'
import { TOPIC_RESOURCE, type Consumer, type KafkaClient } from '../io/kafka/client.ts'
import type { TopicKind } from '../io/kafka/config.ts'
import { Member } from '../io/kafka/member.ts'
import { logRanges } from '../io/kafka/offsets.ts'
import { TransactionalProducer } from '../io/kafka/producer.ts'
import { createTopics } from '../io/kafka/topics.ts'
import { collectStatus, type Status } from '../pipeline/kafka/status.ts'
import type { Ended } from '../testing/cli.ts'
import { at } from '../testing/drive.ts'
import { clientOf, makeTopicsFor } from '../testing/kafka.ts'
import { makeRealm, type Realm } from '../testing/realm.ts'
import { temporary } from '../testing/runs.ts'
import { useKafka } from '../testing/services.ts'

const brokers = useKafka()
const root = temporary()
const realm = `${randomUUID()}.`
let prefix = ''
let client: KafkaClient
let shell: Realm['shell']
let members: Consumer[] = []

beforeEach(async () => {
  const made = await makeRealm(root, brokers(), { name: realm, partitions: { telemetry: 2, sightings: 1 }, more: (p) => ({ sources: [{ topic: `${p}lms` }] }) })
  ;({ prefix, client, shell } = made)
})
afterEach(async () => {
  await Promise.all(members.map((m) => m.disconnect()))
  members = []
})
afterAll(async () => {
  const all = await clientOf(brokers())
  await all.withAdmin(async (admin) => {
    await admin.deleteTopics({ topics: (await admin.listTopics()).filter((t) => t.startsWith(realm)) })
    await admin.deleteGroups((await admin.listGroups()).groups.map((g) => g.groupId).filter((g) => g.startsWith(realm)))
  })
})

const status = (args = ''): Promise<Ended> => shell(`status ${args}`).ended
const collect = (now = Date.now()): Promise<Status> => collectStatus(client, { group: prefix, sources: [`${prefix}lms`], now })
const messages = ({ problems }: Status): string[] => problems.map((p) => p.message)

async function makeAll(): Promise<void> {
  await createTopics(client)
  await makeTopicsFor(client, { [`${prefix}lms`]: 1 })
}

/** A process of a stage. */
async function joinGroup(stage: string, topic: string): Promise<Consumer> {
  const member = client.consumer({ groupId: `${prefix}-${stage}`, maxWaitTimeInMs: 50, rebalanceTimeout: 5000 })
  members.push(member)
  const joined = new Promise<void>((done) => void member.on(member.events.GROUP_JOIN, () => done()))
  await member.connect()
  await member.subscribe({ topic })
  await member.run({ autoCommit: false, eachMessage: async () => {} })
  await joined
  return member
}

async function joinAll(): Promise<void> {
  for (const [stage, topic] of [['intake', `${prefix}lms`], ['time', client.topic('marks')], ['learner', client.topic('telemetry')], ['resource', client.topic('sightings')]] as const) await joinGroup(stage, topic)
}

const keeper = (): Timekeeper => new Timekeeper(new Catalogue(catalogueSchema.parse({})))

async function send(kind: TopicKind, value: Buffer | string, position?: { stage: string; topic: string; partition: number; offset: number; metadata: object | string }): Promise<void> {
  const producer = await TransactionalProducer.open(client, `${prefix}test`)
  const to = [{ topic: client.topic(kind), messages: [{ value, partition: 0 }] }]
  const metadata = position && (typeof position.metadata === 'string' ? position.metadata : JSON.stringify(position.metadata))
  if (position) await producer.commit(to, { consumerGroupId: `${prefix}-${position.stage}`, topic: position.topic, partition: position.partition, offset: position.offset, metadata: metadata as string })
  else await producer.write(to)
  await producer.close()
}

/** Marks up to `number`, the last of which stands in `marks`. */
async function mark(number: number, { context = 'context-a', offsets = [2, 0] } = {}): Promise<void> {
  const time = keeper()
  const event = at('08:00:00', 'heartbeat', 'L1', 'c1')
  time.observe(Object.assign(event, { stamp: event.time }))
  let last = time.next(context)
  while (last.number < number) last = time.next(context)
  await send('marks', Buffer.from(packMark(recordOf(time, last, offsets))))
}

test('where nothing is yet, each thing that is missing is told', async () => {
  const { code, out, err } = await status()
  expect([code, err]).toEqual([2, ''])
  expect(out).toContain('marks     none yet\n')
  expect(out).toContain(`learner   group ${prefix}-learner: not there yet, 0 processes\n  there is no topic ${prefix}telemetry\n`)
  expect(out).toContain(`  the topic \`${prefix}telemetry\` is missing (\`invigil topics\` makes it)\n`)
  expect(out).toContain(`  the source \`${prefix}lms\` is not in Kafka, or may not be seen (check \`sources\`, and the rights)\n`)
})

test('nobody works: nobody has the partitions, and there is no timekeeper', async () => {
  await makeAll()
  const { code, out } = await status()
  expect(code).toBe(2)
  expect(out).toContain('4 to be looked at:\n')
  expect(out).toContain(`  there is no timekeeper: no marks are written, and nothing is handled (start a process of the group \`${prefix}-time\`)\n`)
  expect(out).toContain(`  nobody does the work of \`learner\``)
  expect(out).toMatch(/ {2}\S+telemetry\/1 +nobody +- +0 +0 +- +- +- +- +-\n/)
})

test('all is well: who has what, offsets, marks and lags', async () => {
  await makeAll()
  await joinAll()
  await send('telemetry', 'x')
  await mark(12)
  await send('sightings', 'y', { stage: 'learner', topic: client.topic('telemetry'), partition: 0, offset: 1, metadata: { o: 10, q: 7, m: 'manifest-1', c: 'context-a', v: '1.0' } })
  const { code, out, err } = await status()
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^marks {5}the last is 12, \d+s old, under the context context-a; 0 of telemetry to come\n {2}platform +watermark +age\n {2}p1 +2026-03-02T0[0-9:]+\.000Z +\d/)
  expect(out).toContain(`learner   group ${prefix}-learner: stable, 1 process\n`)
  expect(out).toMatch(/telemetry\/0 +invigil@127\.0\.0\.1 [0-9a-f]{8} +1 +2 +1 +10 +2 +7 +1\.0 +context-a\n/)
  expect(out).toMatch(/\ntelemetry is stamped by the brokers\nall is well\n$/)

  const json = await status('--json')
  expect(json).toMatchObject({ code: 0, err: '' })
  const said = JSON.parse(json.out) as Status
  expect(said).toMatchObject({ format: 1, stamps: true, problems: [], mark: { number: 12, context: 'context-a', uncovered: 0, platforms: [{ platform: 'p1', troubled: false }] } })
  expect(said.stages.map((s) => [s.stage, s.state, s.members.length, s.tasks.length])).toEqual([['intake', 'Stable', 1, 1], ['time', 'Stable', 1, 1], ['learner', 'Stable', 1, 2], ['resource', 'Stable', 1, 1]])
  const learner = said.stages.find((s) => s.stage === 'learner')
  expect(learner?.tasks[0]).toEqual({ topic: client.topic('telemetry'), partition: 0, owner: learner?.members[0]?.id, start: 0, end: 2, offset: 1, lag: 1, out: 10, behind: 2, snapshot: 7, manifest: 'manifest-1', context: 'context-a', version: '1.0' })
})

test('a process says by its host and id which it is', async () => {
  await makeAll()
  const join = () => Member.join(client, {
    group: `${prefix}-learner`, topics: [client.topic('telemetry')],
    open: () => Promise.resolve({ from: 0, take: () => undefined, close: () => Promise.resolve() }),
    broken: (e) => {
      throw e
    },
  })
  const member = await join()
  const name = `${hostname()}/${process.pid}`
  const { out } = await status()
  expect(out.split('\n').filter((line) => line.includes(`telemetry/`) && line.includes(` ${name} `)).length).toBe(2)
  expect((await collect()).stages.find((s) => s.stage === 'learner')?.members).toMatchObject([{ client: 'invigil', host: '127.0.0.1', process: name }])
  // Another of the same name, as where containers share a host's name.
  const other = await join()
  await vi.waitFor(() => expect(member.partitions().length).toBe(1), 20_000)
  const rows = (await status()).out.split('\n').filter((line) => line.includes('telemetry/') && line.includes(` ${name} `))
  expect(new Set(rows.map((line) => / ([0-9a-f]{8}) /.exec(line)?.[1])).size).toBe(2)
  await other.leave()
  await member.leave()
})

test('marks that stand still are told only while telemetry waits for them', async () => {
  await makeAll()
  await joinAll()
  await send('telemetry', 'x')
  const later = (): number => Date.now() + 5 * MINUTE
  expect(messages(await collect())).toEqual([])
  expect(messages(await collect(later()))).toEqual([expect.stringMatching(/^there is no mark yet, though `telemetry` has had records for [45]m/)])
  // The log goes on behind what the mark covers, by the marker of the transaction alone.
  await mark(3, { offsets: [1, 0] })
  expect(messages(await collect(later()))).toEqual([])
  await send('telemetry', 'x')
  expect(messages(await collect())).toEqual([])
  expect(messages(await collect(later()))).toEqual([expect.stringMatching(/^the last mark is [45]m\d*s? old, and what came [45]m\d*s? ago is not covered by it$/)])
})

test('tasks that differ in context or version are pointed out, and metadata of others is shown', async () => {
  await makeAll()
  await joinAll()
  await mark(5, { context: 'context-b' })
  const place = (stage: string, kind: TopicKind, partition: number) => ({ stage, topic: client.topic(kind), partition, offset: 0 })
  await send('late', 'x', { ...place('learner', 'telemetry', 0), metadata: { o: 5, c: 'context-b', v: '1.0' } })
  await send('late', 'x', { ...place('learner', 'telemetry', 1), metadata: { o: 3, c: 'context-a', v: '0.9' } })
  await send('late', 'x', { ...place('resource', 'sightings', 0), metadata: 'O=5' })
  const found = await collect()
  expect(messages(found)).toEqual([
    'learner-1 works under the context `context-a`, the last mark names `context-b`',
    'tasks were last written by different versions of Invigil (`1.0`: learner-0; `0.9`: learner-1)',
  ])
  expect(found.stages.flatMap((s) => s.tasks).find((t) => t.topic === client.topic('sightings'))).toMatchObject({ metadata: 'O=5', offset: 0 })
})

test('a log that was cut behind a task, another number of partitions, stamps of senders', async () => {
  await makeAll()
  await joinAll()
  await send('telemetry', 'x')
  await send('telemetry', 'x', { stage: 'learner', topic: client.topic('telemetry'), partition: 0, offset: 1, metadata: {} })
  await client.withAdmin(async (admin) => {
    // kafkajs must have heard of the topic before.
    await logRanges(admin, client.topic('telemetry'))
    await admin.deleteTopicRecords({ topic: client.topic('telemetry'), partitions: [{ partition: 0, offset: '3' }] })
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: TOPIC_RESOURCE, name: client.topic('telemetry'), configEntries: [{ name: 'message.timestamp.type', value: 'CreateTime' }] }] })
    await admin.createPartitions({ topicPartitions: [{ topic: client.topic('sightings'), count: 2 }] })
  })
  const found = await collect(Date.now() - SECOND)
  expect(found.stamps).toBe(false)
  expect(messages(found)).toEqual(expect.arrayContaining([
    expect.stringContaining(`the topic \`${client.topic('sightings')}\` has 2 partitions, not 1`),
    `learner-0: the log of \`${client.topic('telemetry')}/0\` begins at 3, after its offset 1: what lay between is gone`,
  ]))
})

test('a partition that no process has', async () => {
  await makeAll()
  await joinAll()
  // A process that reads something else in the group takes the work from nobody, and does none of it.
  const [, , learner] = members
  await joinGroup('learner', client.topic('late'))
  await learner?.disconnect()
  // Until the group has shared out its partitions.
  await vi.waitFor(async () => expect(messages(await collect())).toEqual([`nobody has \`${client.topic('telemetry')}/0\`, \`${client.topic('telemetry')}/1\`, though \`${prefix}-learner\` has a process`]), { timeout: 20_000, interval: 200 })
})
