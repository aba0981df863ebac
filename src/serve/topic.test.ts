import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { KafkaClient } from '../io/kafka/client.ts'
import { logRanges } from '../io/kafka/offsets.ts'
import { TransactionalProducer } from '../io/kafka/producer.ts'
import { readRanges } from '../io/kafka/read-range.ts'
import { clientOf, makeTopicsFor } from '../testing/kafka.ts'
import { useKafka } from '../testing/services.ts'
import type { Feed } from './feed/feed.ts'
import { TopicFeed } from './feed/topic-feed.ts'
import { Reader } from './take.ts'
import { TopicStore } from './topic-store.ts'

const brokers = useKafka()
const NOW = Date.parse('2026-03-02T01:00:00Z')
let client: KafkaClient
let topic = ''
const open: { close(): Promise<void> }[] = []
beforeEach(async () => {
  client = await clientOf(brokers())
  topic = `serve-${randomUUID()}`
  await makeTopicsFor(client, { [topic]: 3 })
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  await client.withAdmin((admin) => admin.deleteTopics({ topics: [topic] }))
})

async function inTopic(of = topic): Promise<{ key: string | undefined; value: string; partition: number }[]> {
  const ranges = await client.withAdmin((admin) => logRanges(admin, of))
  const found: { key: string | undefined; value: string; partition: number }[] = []
  await readRanges(client, { topic: of, ranges, group: of }, (partition, { key, value }) => void found.push({ key: key?.toString(), value: String(value), partition }))
  return found
}

const event = (id: string, learner: string): string => JSON.stringify({ id, time: '2026-03-02T08:00:15+08:00', action: 'logged-in', learner })

test('records are in the topic as they came once they are acknowledged: events by their learner, and what is wrong for the intake to keep', async () => {
  const store = await TopicStore.open(client, topic)
  open.push(store)
  const reader = new Reader('p1', { format: 'canonical' })
  const requests = Array.from({ length: 20 }, (_, r) => Array.from({ length: 50 }, (_, n) => event(`${r}-${n}`, `L${n % 7}`)).join('\n'))
  await Promise.all(requests.map(async (body) => store.put(await reader.take(Buffer.from(body), 'lines', 1000, NOW))))
  const wrong = await reader.take(Buffer.from('{"id":"x"}'), 'lines', 1000, NOW)
  expect(wrong.answer).toMatchObject({ accepted: 0, rejected: 1 })
  await store.put(wrong)
  expect(store.backlog).toBe(0)
  const found = await inTopic()
  expect(found.map((f) => f.value).sort()).toEqual([...requests.flatMap((r) => r.split('\n')), '{"id":"x"}'].sort())
  const partitions = new Map<string, Set<number>>()
  for (const { key, partition } of found) if (key !== undefined) partitions.set(key, (partitions.get(key) ?? new Set()).add(partition))
  expect([...partitions.keys()].sort()).toEqual(Array.from({ length: 7 }, (_, n) => `p1\u0000L${n}`))
  expect([...partitions.values()].every((p) => p.size === 1)).toBe(true)
})

test('a topic that is not there fails the requests, not the process, and takes records once it is', async () => {
  const late = `${topic}-late`
  const store = await TopicStore.open(client, late)
  open.push(store)
  const taken = await new Reader('p1', { format: 'canonical' }).take(Buffer.from(event('e1', 'L1')), 'lines', 10, NOW)
  await expect(store.put(taken)).rejects.toMatchObject({ name: 'InvigilError' })
  expect(store.backlog).toBe(0)
  await makeTopicsFor(client, { [late]: 1 })
  await vi.waitFor(() => store.put(taken), { timeout: 30_000, interval: 500 })
  expect((await inTopic(late)).map((f) => f.value)).toEqual([event('e1', 'L1')])
  await client.withAdmin((admin) => admin.deleteTopics({ topics: [late] }))
  const large = await new Reader('p1', { format: 'canonical' }).take(Buffer.from(`{"id":"${'x'.repeat(1_010_000)}"}`), 'lines', 10, NOW)
  await expect(store.put(large)).rejects.toMatchObject({ name: 'Refusal', status: 413 })
})

/** All that a feed has behind a cursor, once it has as much as that. */
async function all(feed: Feed, n: number, after?: string): Promise<{ cursor: string; value: { n: number } }[]> {
  const reader = await feed.open(after)
  const found: { cursor: string; value: { n: number } }[] = []
  while (found.length < n) {
    const items = await reader.next()
    found.push(...items.map(({ cursor, text }) => ({ cursor, value: JSON.parse(text) as { n: number } })))
    if (items.length === 0) await feed.grown(new AbortController().signal)
  }
  await sleep(300)
  expect(await reader.next()).toEqual([])
  await reader.close()
  return found
}

test('a topic is served as it is committed; a cursor is good in another process, which has read the partitions in another order', async () => {
  const producer = await TransactionalProducer.open(client, topic)
  open.push(producer)
  await producer.fence()
  const write = (from: number, to: number): Promise<void> => producer.write([{ topic, messages: Array.from({ length: to - from }, (_, i) => ({ key: `k${i % 5}`, value: JSON.stringify({ n: from + i }) })) }])
  const numbers = (items: { value: { n: number } }[]): number[] => items.map((i) => i.value.n).sort((a, b) => a - b)
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
  const feedOf = async (): Promise<TopicFeed> => {
    const feed = await TopicFeed.open(client, { topic, group: topic, broken: (e) => { throw e } })
    open.push(feed)
    return feed
  }
  await write(0, 40)
  const feed = await feedOf()
  const first = await all(feed, 40)
  expect(numbers(first)).toEqual(range(0, 40))
  // Written and taken back: nobody sees it.
  const aborted = client.transactionalProducer(`${topic}-aborted`)
  await aborted.connect()
  const transaction = await aborted.transaction()
  await transaction.send({ topic, messages: [{ key: 'k0', value: '{"n":-1}' }] })
  await transaction.abort()
  await aborted.disconnect()
  await write(40, 60)
  expect(numbers(await all(feed, 60))).toEqual(range(0, 60))
  const cut = 25
  const seen = numbers(first.slice(0, cut))
  const rest = range(0, 60).filter((n) => !seen.includes(n))
  for (const one of [feed, await feedOf()]) expect(numbers(await all(one, rest.length, first[cut - 1]?.cursor))).toEqual(rest)
  await expect(feed.open('abc')).rejects.toMatchObject({ status: 400 })
})
