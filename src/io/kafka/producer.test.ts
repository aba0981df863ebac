import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { InvigilError } from '../../base/errors.ts'
import { clientOf, makeTopicsFor } from '../../testing/kafka.ts'
import { useKafka } from '../../testing/services.ts'
import type { KafkaClient } from './client.ts'
import { isFenced } from './errors.ts'
import { committedOffset, logRanges } from './offsets.ts'
import { inPortions, TransactionalProducer, type Position } from './producer.ts'

const brokers = useKafka()
let client: KafkaClient
let topic = ''
let id = ''
const topics: string[] = []
const opened: TransactionalProducer[] = []

beforeAll(async () => {
  client = await clientOf(brokers())
})
beforeEach(async () => {
  topic = `t-${randomUUID()}`
  id = `p-${topic}`
  topics.push(topic)
  await makeTopicsFor(client, { [topic]: 2 })
})
afterAll(async () => {
  await Promise.all(opened.map((p) => p.close()))
  await client.withAdmin((admin) => admin.deleteTopics({ topics }))
})

async function open(as = id): Promise<TransactionalProducer> {
  const producer = await TransactionalProducer.open(client, as)
  opened.push(producer)
  return producer
}

const group = () => `g-${topic}`
const at = (offset: number, metadata = `O=${offset}`): Position => ({ consumerGroupId: group(), topic, partition: 1, offset, metadata })
const one = (value: string) => [{ topic, messages: [{ value, partition: 0 }] }]
const committed = () => client.withAdmin((admin) => committedOffset(admin, group(), topic, 1))

/** What a reader of committed records finds in partition 0, up to a record that is sent now. */
async function visible(): Promise<string[]> {
  const reader = client.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 50 })
  const end = randomUUID()
  const producer = client.plainProducer()
  await producer.connect()
  await producer.send({ topic, messages: [{ value: end, partition: 0 }] })
  await producer.disconnect()
  const values: string[] = []
  await reader.connect()
  try {
    await reader.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      reader.run({ autoCommit: false, eachMessage: async ({ message }) => {
        const value = String(message.value)
        if (value === end) resolve()
        else values.push(value)
      } }).catch(reject)
    })
  } finally {
    await reader.disconnect()
  }
  return values
}

async function failure(promise: Promise<unknown>): Promise<InvigilError> {
  const e = await promise.then(() => undefined, (e: unknown) => e)
  expect(e).toBeInstanceOf(InvigilError)
  return e as InvigilError
}

test('messages and offset with its metadata become visible together, again and again', async () => {
  const producer = await open()
  await producer.fence()
  expect(await committed()).toBeUndefined()
  const metadata = JSON.stringify({ O: 17, manifest: 'm'.repeat(3900) })
  await producer.commit(one('first'), at(5, metadata))
  expect(await committed()).toEqual({ offset: 5, metadata })
  // One straight after the other, which the broker at first refuses.
  for (let n = 6; n < 26; n++) await producer.commit(one(`no ${n}`), at(n))
  expect(await committed()).toEqual({ offset: 25, metadata: 'O=25' })
  expect(await visible()).toEqual(['first', ...Array.from({ length: 20 }, (_, i) => `no ${i + 6}`)])
})

test('without messages the position is committed alone, again and again', async () => {
  const producer = await open()
  await producer.fence()
  await producer.commit([{ topic, messages: [] }], at(5))
  expect(await committed()).toEqual({ offset: 5, metadata: 'O=5' })
  for (let n = 6; n < 16; n++) await producer.commit([], at(n))
  await producer.commit(one('x'), at(16))
  await producer.commit([], at(17))
  expect([await committed(), await visible()]).toEqual([{ offset: 17, metadata: 'O=17' }, ['x']])
})

test('an old owner commits nothing any more once a new one has fenced, and says why', async () => {
  const old = await open()
  await old.fence()
  await old.commit(one('of the old owner'), at(1))
  // Connecting alone takes nothing over.
  const next = await open()
  await old.commit(one('still of the old owner'), at(2))
  await next.fence()
  const e = await failure(old.commit(one('of a zombie'), at(3)))
  expect(old.refused).toBeUndefined()
  expect([e.code, e.message, isFenced(e)]).toEqual(['io', `another process has taken over from the producer \`${id}\`: nothing of what it had not committed will be seen`, true])
  expect(await committed()).toEqual({ offset: 2, metadata: 'O=2' })
  await next.commit(one('of the new owner'), at(4))
  expect(await visible()).toEqual(['of the old owner', 'still of the old owner', 'of the new owner'])
})

test('what an owner had begun when another fenced is aborted', async () => {
  const old = client.transactionalProducer(id)
  await old.connect()
  const begun = await old.transaction()
  await begun.send({ topic, messages: [{ value: 'half', partition: 0 }] })
  await begun.sendOffsets({ consumerGroupId: group(), topics: [{ topic, partitions: [{ partition: 1, offset: '9' }] }] })
  const next = await open()
  await next.fence()
  expect(await committed()).toBeUndefined()
  await expect(begun.commit()).rejects.toThrow()
  await old.disconnect()
  expect(await visible()).toEqual([])
})

test('after a failed commit a producer is dead, and a new one goes on', async () => {
  const producer = await open()
  await producer.fence()
  const tooLarge = await failure(producer.commit([{ topic, messages: [{ value: Buffer.alloc(3 << 20), partition: 0 }] }], at(5)))
  expect(tooLarge.code).toBe('usage')
  expect(tooLarge.message).toMatch(/^a record is larger than .* raise its `max.message.bytes`$/)
  expect(isFenced(tooLarge)).toBe(false)
  for (const call of [() => producer.commit(one('x'), at(6)), () => producer.commit([], at(6)), () => producer.fence()]) {
    expect((await failure(call())).message).toBe(`the producer \`${id}\` cannot be used any more: ${tooLarge.message}`)
  }
  expect(producer.dead).toBe(tooLarge)
  expect(producer.refused?.map((t) => t.messages.length)).toEqual([1])
  const next = await open()
  await next.fence()
  await next.commit(one('y'), at(7))
  expect([await committed(), await visible()]).toEqual([{ offset: 7, metadata: 'O=7' }, ['y']])
})

test('a failed commit holds no reader up, though nobody fences', async () => {
  const producer = await open()
  await producer.fence()
  // The first portion has been sent when the second is refused.
  await failure(producer.commit([{ topic, messages: [{ value: 'half', partition: 0 }, { value: Buffer.alloc(3 << 20), partition: 0 }] }], at(5)))
  const started = Date.now()
  expect(await visible()).toEqual([])
  // An open transaction would hold it up for a minute.
  expect(Date.now() - started).toBeLessThan(30_000)
})

test('too much metadata, two uses at a time and a closed producer are told', async () => {
  const producer = await open()
  expect((await failure(producer.commit(one('x'), at(1, 'm'.repeat(4096))))).code).toBe('invariant')
  const both = await Promise.allSettled([producer.commit(one('x'), at(1)), producer.commit(one('y'), at(2))])
  expect(both.map((b) => b.status)).toEqual(['fulfilled', 'rejected'])
  await producer.close()
  expect((await failure(producer.commit(one('x'), at(3)))).message).toContain('is closed')
})

test('more than one batch holds goes out in portions of one transaction', async () => {
  const producer = await open()
  await producer.fence()
  const messages = Array.from({ length: 40 }, (_, i) => ({ value: `${i}`.padEnd(200_000, '.'), partition: 0 }))
  await producer.commit([{ topic, messages }], at(1))
  expect((await visible()).map((v) => Number.parseInt(v, 10))).toEqual(messages.map((_, i) => i))
})

test('portions keep the order, and a message that is too large alone has its own', () => {
  const message = (n: number, size: number) => ({ value: Buffer.alloc(size, n), headers: { ce_id: 'abcd' } })
  const portions = [...inPortions([{ topic: 'a', messages: [message(1, 400), message(2, 400), message(3, 400)] }, { topic: 'b', messages: [] }, { topic: 'c', messages: [message(4, 5000), message(5, 1)] }], 1000)]
  expect(portions.map((p) => p.map((t) => [t.topic, ...t.messages.map((m) => (m.value as Buffer)[0])]))).toEqual([[['a', 1, 2]], [['a', 3]], [['c', 4]], [['c', 5]]])
  expect([...inPortions([{ topic: 'a', messages: [] }], 10)]).toEqual([])
})

test('the range of a log, and a partition or topic that is not there', async () => {
  const producer = client.plainProducer()
  await producer.connect()
  await producer.send({ topic, messages: ['a', 'b', 'c'].map((value) => ({ value, partition: 1 })) })
  await producer.disconnect()
  await client.withAdmin(async (admin) => {
    expect(await logRanges(admin, topic)).toEqual([{ start: 0, end: 0 }, { start: 0, end: 3 }])
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 1, offset: '2' }] })
    expect(await logRanges(admin, topic)).toEqual([{ start: 0, end: 0 }, { start: 2, end: 3 }])
    expect((await failure(committedOffset(admin, group(), topic, 2))).message).toBe(`the topic \`${topic}\` has no partition 2`)
    expect((await failure(logRanges(admin, `no-${topic}`))).message).toBe(`there is no topic \`no-${topic}\` in Kafka; \`invigil topics\` makes those that are missing`)
  })
})
