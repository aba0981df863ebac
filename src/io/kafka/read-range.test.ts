import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { clientOf, makeTopicsFor } from '../../testing/kafka.ts'
import { useKafka } from '../../testing/services.ts'
import type { KafkaClient, Message, Producer } from './client.ts'
import { lastRecord } from './last-record.ts'
import { logRanges, type LogRange } from './offsets.ts'
import { readRanges } from './read-range.ts'

const brokers = useKafka()
const group = `g-${randomUUID()}`
const topics: string[] = []
let client: KafkaClient
let topic = ''
let producer: Producer

beforeAll(async () => {
  client = await clientOf(brokers())
})
beforeEach(async () => {
  topic = `t-${randomUUID()}`
  topics.push(topic)
  await makeTopicsFor(client, { [topic]: 3 })
  producer = client.transactionalProducer(topic)
  await producer.connect()
})
afterEach(() => producer.disconnect())
afterAll(() => client.withAdmin((admin) => admin.deleteTopics({ topics })))

const ranges = (): Promise<LogRange[]> => client.withAdmin((admin) => logRanges(admin, topic))

async function write(messages: Message[], end: 'commit' | 'abort' = 'commit'): Promise<void> {
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages })
  await transaction[end]()
}

async function read(of: readonly (LogRange | undefined)[]): Promise<string[]> {
  const values: string[] = []
  await readRanges(client, { topic, ranges: of, group }, (partition, { value }) => void values.push(`${partition} ${String(value)}`))
  return values.sort()
}

test('what is committed in each range, once, though logs end with markers and aborted records', async () => {
  await write([{ partition: 0, value: 'a' }, { partition: 1, value: 'b' }])
  await write([{ partition: 0, value: 'aborted' }, { partition: 2, value: 'aborted' }], 'abort')
  await write([{ partition: 0, value: 'c' }, { partition: 0, value: 'd' }])
  expect(await read(await ranges())).toEqual(['0 a', '0 c', '0 d', '1 b'])
  // Offsets: a 0, its marker 1, the aborted 2, its marker 3, c 4, d 5.
  expect(await read([{ start: 2, end: 5 }, undefined, { start: 0, end: 0 }])).toEqual(['0 c'])
  // Of groups of its own nothing is left.
  expect((await client.withAdmin((admin) => admin.listGroups())).groups.filter((g) => g.groupId.startsWith(group))).toEqual([])
})

test('a range ends before a transaction that is still open, so that nobody waits for it', async () => {
  await write([{ partition: 0, value: 'a' }])
  const open = await producer.transaction()
  await open.send({ topic, messages: [{ partition: 0, value: 'open' }] })
  const before = await ranges()
  expect(before[0]).toEqual({ start: 0, end: 2 })
  expect(await read(before)).toEqual(['0 a'])
  // Who asks for it by its offset waits until it has ended.
  const reading = read([{ start: 0, end: 3 }])
  await open.commit()
  expect(await reading).toEqual(['0 a', '0 open'])
})

test('what goes wrong in the reader ends the reading', async () => {
  await write([{ partition: 0, value: 'a' }, { partition: 0, value: 'b' }])
  let calls = 0
  const reading = readRanges(client, { topic, ranges: await ranges(), group }, () => {
    calls++
    throw new Error('not taken')
  })
  await expect(reading).rejects.toThrow('not taken')
  expect(calls).toBe(1)
})

test('the last record, however many markers and aborted records stand behind it', async () => {
  const last = async (): Promise<string | undefined> => (await lastRecord(client, group, topic, 1, (await ranges())[1] as LogRange))?.value?.toString()
  expect(await last()).toBeUndefined()
  await write([{ partition: 1, value: 'aborted' }], 'abort')
  expect(await last()).toBeUndefined()
  await write([{ partition: 1, value: 'a' }, { partition: 1, value: 'b' }])
  expect(await last()).toBe('b')
  await write(Array.from({ length: 600 }, () => ({ partition: 1, value: 'aborted' })), 'abort')
  expect(await last()).toBe('b')
})
