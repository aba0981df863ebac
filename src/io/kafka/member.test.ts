import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { InvigilError } from '../../base/errors.ts'
import { clientOf, makeTopicsFor } from '../../testing/kafka.ts'
import { START_MS, useKafka } from '../../testing/services.ts'
import type { KafkaClient, Producer } from './client.ts'
import { describeGroup } from './groups.ts'
import { Member, type Flow, type TopicPartition } from './member.ts'

const brokers = useKafka()
const topic = `member-${randomUUID()}`
const PARTITIONS = 4
let client: KafkaClient
let producer: Producer

beforeAll(async () => {
  client = await clientOf(brokers())
  await makeTopicsFor(client, { [topic]: PARTITIONS })
  producer = client.plainProducer()
  await producer.connect()
  return () => producer.disconnect()
}, START_MS)

/** What one process has seen, with offsets as they came. */
class Seen {
  readonly offsets: number[][]
  readonly events: string[] = []
  readonly flows = new Map<number, Flow>()
  readonly from: readonly number[]

  constructor(from: readonly number[] = [0, 0, 0, 0]) {
    this.from = from
    this.offsets = from.map(() => [])
  }

  readonly open = async ({ partition }: TopicPartition, flow: Flow) => {
    this.flows.set(partition, flow)
    this.events.push(`open ${partition}`)
    return {
      from: this.from[partition] as number,
      take: (messages: readonly { offset: string }[]) => void (this.offsets[partition] as number[]).push(...messages.map((m) => Number(m.offset))),
      close: async (why: string) => void this.events.push(`${why} ${partition}`),
    }
  }

  get count(): number {
    return this.offsets.reduce((n, o) => n + o.length, 0)
  }
}

const broken = (e: unknown) => {
  throw e
}

async function produce(partition: number, n: number): Promise<void> {
  await producer.send({ topic, messages: Array.from({ length: n }, () => ({ partition, value: 'x' })) })
}

async function until(what: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !what(); await sleep(20)) if (Date.now() > deadline) throw new Error(`waited in vain for ${what.toString()}`)
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

test('partitions, empty ones too, get a handler that reads from where it says, each record once, through rebalances', { timeout: 60_000 }, async () => {
  const group = `member-${randomUUID()}`
  await produce(0, 50)
  await produce(1, 50)
  const one = new Seen([0, 20, 0, 0])
  const member = await Member.join(client, { group, topics: [topic], open: one.open, broken })
  await until(() => one.count === 80 && one.flows.size === PARTITIONS)
  expect(one.offsets[0]).toEqual(numbers(0, 50))
  expect(one.offsets[1]).toEqual(numbers(20, 50))

  // Another joins: nothing that stays is read again, and what moves is closed here and opened there.
  const two = new Seen([50, 50, 0, 0])
  const other = await Member.join(client, { group, topics: [topic], open: two.open, broken })
  await until(() => one.events.filter((e) => e.startsWith('lost')).length === 2 && two.flows.size === 2)
  for (let p = 0; p < PARTITIONS; p++) await produce(p, 10)
  await until(() => one.count + two.count === 120)
  const kept = member.partitions().map((t) => t.partition)
  for (const p of kept) expect(one.offsets[p]).toEqual(numbers([0, 20, 0, 0][p] as number, p < 2 ? 60 : 10))

  await other.leave()
  expect(two.events.filter((e) => e.startsWith('leaving')).length).toBe(2)
  await until(() => member.partitions().length === PARTITIONS && one.events.filter((e) => e.startsWith('open')).length === PARTITIONS + 2)
  await member.leave()
  expect(one.events.filter((e) => e.startsWith('leaving')).length).toBe(PARTITIONS)
})

test('one that joins takes no more than its share, and nothing else is closed; a process of before may be among them', { timeout: 60_000 }, async () => {
  const [six, group] = [`member-${randomUUID()}`, `member-${randomUUID()}`]
  await makeTopicsFor(client, { [six]: 6 })
  const from = numbers(0, 6).map(() => 0)
  const join = async (): Promise<[Seen, Member]> => {
    const seen = new Seen(from)
    return [seen, await Member.join(client, { group, topics: [six], open: seen.open, broken })]
  }
  const lost = (seen: Seen): number => seen.events.filter((e) => e.startsWith('lost')).length
  const sizes = (...members: Member[]): number[] => members.map((m) => m.partitions().length)
  const [one, first] = await join()
  const [two, second] = await join()
  await until(() => sizes(first, second).join() === '3,3')
  expect([lost(one), lost(two)]).toEqual([3, 0])
  const [three, third] = await join()
  await until(() => sizes(first, second, third).join() === '2,2,2')
  expect([lost(one), lost(two), lost(three)]).toEqual([4, 1, 0])
  const opened = [one, two].map((seen) => seen.events.filter((e) => e.startsWith('open')).length)

  // Of what it had, the others get one each; the rest stays where it is.
  await third.leave()
  await until(() => sizes(first, second).join() === '3,3')
  expect([lost(one), lost(two)]).toEqual([4, 1])
  expect([one, two].map((seen, i) => seen.events.filter((e) => e.startsWith('open')).length - (opened[i] as number))).toEqual([1, 1])
  const { members } = await client.withAdmin((admin) => describeGroup(admin, group))
  expect(members.map((m) => m.process)).toEqual([`${hostname()}/${process.pid}`, `${hostname()}/${process.pid}`])

  // A process of before knows only kafkajs's way.
  const before = client.consumer({ groupId: group, maxWaitTimeInMs: 50, rebalanceTimeout: 5000 })
  const assigned = new Promise<Record<string, readonly number[]>>((done) => void before.on(before.events.GROUP_JOIN, ({ payload }) => done(payload.memberAssignment)))
  await before.connect()
  await before.subscribe({ topic: six })
  await before.run({ autoCommit: false, eachMessage: async () => {} })
  expect((await assigned)[six]?.length).toBe(2)
  await until(() => sizes(first, second).join() === '2,2')
  await before.disconnect()
  await until(() => sizes(first, second).join() === '3,3')
  await first.leave()
  await second.leave()
})

test('a handler hears how far its partition was read, markers of transactions included', { timeout: 60_000 }, async () => {
  const marked = `member-${randomUUID()}`
  await makeTopicsFor(client, { [marked]: 1 })
  const writer = client.transactionalProducer(`member-${randomUUID()}`)
  await writer.connect()
  for (const end of ['commit', 'abort'] as const) {
    const transaction = await writer.transaction()
    await transaction.send({ topic: marked, messages: [{ value: end }] })
    await transaction[end]()
  }
  await writer.disconnect()
  const [values, progress]: [string[], [number, number][]] = [[], []]
  const member = await Member.alone(client, 'member-test', {
    topics: [marked], broken,
    open: async () => ({ from: 0, take: (messages) => void values.push(...messages.map((m) => String(m.value))), progress: (...at) => void progress.push(at), close: () => Promise.resolve() }),
  })
  await until(() => progress.at(-1)?.[0] === 4)
  expect(values).toEqual(['commit'])
  expect(progress.at(-1)).toEqual([4, 4])
  await member.leave()
})

test('a handler pauses, goes on, and is renewed when it fails; one that cannot be opened is tried again', { timeout: 60_000 }, async () => {
  const seen = new Seen()
  const troubles: string[] = []
  let refusals = 2
  const member = await Member.alone(client, 'member-test', {
    topics: [topic], broken,
    open: (at, flow) => {
      if (at.partition === 3 && refusals-- > 0) return Promise.reject(new InvigilError('io', 'not yet'))
      return seen.open(at, flow)
    },
    trouble: (at, why) => troubles.push(`${at.partition} ${why?.message ?? 'well'}`),
  })
  await until(() => seen.flows.size === PARTITIONS)
  expect(troubles.filter((t) => t.startsWith('3'))).toEqual(['3 not yet', '3 not yet', '3 well'])
  const before = (seen.offsets[2] as number[]).length
  seen.flows.get(2)?.pause()
  await sleep(300)
  await produce(2, 5)
  await produce(0, 5)
  const zero = () => (seen.offsets[0] as number[]).length
  await until(() => (seen.offsets[0] as number[]).at(-1) === zero() - 1 && zero() >= 5)
  const paused = (seen.offsets[2] as number[]).length
  seen.flows.get(2)?.resume()
  await until(() => (seen.offsets[2] as number[]).length >= before + 5)
  expect(paused).toBeLessThanOrEqual(before)
  seen.offsets[2] = []
  seen.flows.get(2)?.renew(new InvigilError('io', 'fenced'))
  await until(() => (seen.offsets[2] as number[]).length >= before + 5)
  expect(seen.offsets[2]?.[0]).toBe(0)
  expect(troubles.filter((t) => t.startsWith('2'))).toEqual(['2 well', '2 fenced', '2 well'])
  await member.leave()
  const groups = await client.withAdmin((admin) => admin.listGroups())
  expect(groups.groups.filter((g) => g.groupId.startsWith('member-test-reader-'))).toEqual([])
})
