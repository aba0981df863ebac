import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientOf, makeTopicsFor } from '../../testing/kafka.ts'
import { useKafka } from '../../testing/services.ts'
import type { Consumer, KafkaClient, Producer, Transaction } from './client.ts'
import { replaceFilter, withoutAborted, type Fetched, type FetchedMessage } from './read-committed.ts'

const require = createRequire(import.meta.url)
const original = asShipped('kafkajs/src/consumer/filterAbortedMessages') as typeof withoutAborted

interface Message extends FetchedMessage {
  key: Buffer | null
}

const data = (offset: number, producerId: string, { inTransaction = true, key = null as Buffer | null } = {}): Message => ({ offset: String(offset), key, batchContext: { producerId, inTransaction } })
const marker = (offset: number, producerId: string, kind: 'abort' | 'commit'): Message => ({ offset: String(offset), key: Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1]), isControlRecord: true, batchContext: { producerId, inTransaction: true } })
const began = (producerId: string, firstOffset: number) => ({ producerId, firstOffset: String(firstOffset) })
const offsets = (filter: typeof withoutAborted, fetched: Fetched<Message>) => filter(fetched).filter((m) => !m.isControlRecord).map((m) => Number(m.offset))

describe('without aborted messages', () => {
  test.each<[string, Fetched<Message>, number[], 'the original is right' | 'the original is wrong']>([
    ['nothing was aborted', { messages: [data(0, 'a'), data(1, 'b'), marker(2, 'a', 'commit')], abortedTransactions: [] }, [0, 1], 'the original is right'],
    ['the broker names none', { messages: [data(0, 'a')], abortedTransactions: null }, [0], 'the original is right'],
    ['one was aborted, its producer goes on', {
      messages: [data(0, 'a'), marker(1, 'a', 'abort'), data(2, 'a'), marker(3, 'a', 'commit')], abortedTransactions: [began('a', 0)],
    }, [2], 'the original is right'],
    ['another producer and records outside of transactions stay', {
      messages: [data(0, 'a'), data(1, 'b'), data(2, 'a', { inTransaction: false }), marker(3, 'a', 'abort'), marker(4, 'b', 'commit')], abortedTransactions: [began('a', 0)],
    }, [1, 2], 'the original is right'],
    ['the one that began first was aborted last', {
      messages: [data(0, 'a'), data(1, 'b'), data(2, 'a'), marker(3, 'b', 'abort'), data(4, 'a'), marker(5, 'a', 'abort')], abortedTransactions: [began('b', 1), began('a', 0)],
    }, [], 'the original is wrong'],
    ['several had begun before the fetch did', {
      messages: [data(10, 'a'), data(11, 'b'), data(12, 'c'), marker(13, 'a', 'abort'), marker(14, 'b', 'abort'), marker(15, 'c', 'abort')],
      abortedTransactions: [began('c', 2), began('a', 3), began('b', 4)],
    }, [], 'the original is wrong'],
    ['offsets that differ in their number of digits', {
      messages: [data(9, 'a'), data(10, 'b'), marker(11, 'b', 'abort'), marker(12, 'a', 'abort')], abortedTransactions: [began('b', 10), began('a', 9)],
    }, [], 'the original is wrong'],
    ['a key that looks like a marker', {
      messages: [data(0, 'a', { key: Buffer.from([0, 0, 0, 0]) }), data(1, 'a'), marker(2, 'a', 'abort')], abortedTransactions: [began('a', 0)],
    }, [], 'the original is wrong'],
  ])('%s', (_, fetched, expected, verdict) => {
    expect(offsets(withoutAborted, fetched)).toEqual(expected)
    expect(JSON.stringify(offsets(original, fetched)) === JSON.stringify(expected) ? 'the original is right' : 'the original is wrong').toBe(verdict)
  })

  test('leaves the list of the broker as it is', () => {
    const abortedTransactions = Object.freeze([began('b', 1), began('a', 0)])
    expect(offsets(withoutAborted, { messages: [data(0, 'a'), data(1, 'b')], abortedTransactions })).toEqual([])
  })

  test('comes too late once kafkajs is loaded, and says so', () => {
    expect(() => replaceFilter(require)).not.toThrow()
    const module = require.cache[require.resolve('kafkajs/src/consumer/filterAbortedMessages')] as NodeJS.Module
    const exports: unknown = module.exports
    module.exports = original
    try {
      expect(() => replaceFilter(require)).toThrow('loaded before')
    } finally {
      module.exports = exports
    }
  })
})

describe('over a real broker', () => {
  const brokers = useKafka()
  let client: KafkaClient
  const topic = `t-${randomUUID()}`
  const producers: Producer[] = []
  let committed: string[] = []
  let aborted = 0

  beforeAll(async () => {
    client = await clientOf(brokers())
    await makeTopicsFor(client, { [topic]: 1 })
    ;({ committed, aborted } = await interleave(client, topic, producers))
  })
  afterAll(async () => {
    await Promise.all(producers.map((p) => p.disconnect()))
    await client.withAdmin((admin) => admin.deleteTopics({ topics: [topic] }))
  })

  // A fetch of one byte brings one batch, so that a read begins at many places; the other brings all at once.
  const SIZES = [1, 1 << 20]

  test('aborted transactions that interleave stay out, in every read', async () => {
    expect(aborted).toBeGreaterThan(50)
    for (const maxBytesPerPartition of SIZES) expect(await readAll(client.consumer({ groupId: randomUUID(), maxBytesPerPartition, maxWaitTimeInMs: 50 }), topic)).toEqual(committed)
  })

  test('kafkajs alone lets them through, and its reads differ', async () => {
    const { Kafka, logLevel } = asShipped('kafkajs') as typeof import('kafkajs')
    const reads: string[][] = []
    for (const maxBytesPerPartition of SIZES) reads.push(await readAll(new Kafka({ brokers: brokers(), logLevel: logLevel.NOTHING }).consumer({ groupId: randomUUID(), maxBytesPerPartition, maxWaitTimeInMs: 50 }), topic))
    expect(reads.flat().filter((value) => value.startsWith('aborted')).length).toBeGreaterThan(0)
    expect(reads[0]).not.toEqual(reads[1])
  })
})

const STEPS = 140

/** Four producers whose transactions begin and end in turn, a third of them committed; at last one record that is. */
async function interleave(client: KafkaClient, topic: string, producers: Producer[]): Promise<{ committed: string[]; aborted: number }> {
  const committed: string[] = []
  let aborted = 0
  const open: (Transaction | undefined)[] = []
  for (let i = 0; i < 4; i++) {
    const producer = client.transactionalProducer(`${topic}-${i}`)
    await producer.connect()
    producers.push(producer)
  }
  const lengths = [7, 3, 5, 2]
  for (let step = 0; step < STEPS; step++) {
    const who = step % 4
    const turn = (step - who) / 4
    const length = lengths[who] as number
    const which = Math.floor(turn / length)
    // The last one of each may not end before the steps do.
    const commits = which % 3 === 2 && (which + 1) * length <= STEPS / 4
    const transaction = (open[who] ??= await (producers[who] as Producer).transaction())
    const value = `${commits ? 'committed' : 'aborted'} ${step}`
    await transaction.send({ topic, messages: [{ value }] })
    if (commits) committed.push(value)
    else aborted++
    if (turn % length < length - 1) continue
    await (commits ? transaction.commit() : transaction.abort())
    open[who] = undefined
  }
  for (const transaction of open) await transaction?.abort()
  const [last] = producers
  const transaction = await (last as Producer).transaction()
  await transaction.send({ topic, messages: [{ value: 'end' }] })
  await transaction.commit()
  return { committed: [...committed, 'end'], aborted }
}

/** All values up to `end`, as a group that has never read before sees them. */
async function readAll(consumer: Pick<Consumer, 'connect' | 'subscribe' | 'run' | 'disconnect'>, topic: string): Promise<string[]> {
  const values: string[] = []
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      consumer.run({ autoCommit: false, eachMessage: async ({ message }) => {
        values.push(String(message.value))
        if (values.at(-1) === 'end') resolve()
      } }).catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return values
}

/** A module of kafkajs as it is without our filter: loaded again, and what is loaded left in its place. */
function asShipped(name: string): unknown {
  const loaded = Object.entries(require.cache).filter(([path]) => path.includes('/kafkajs/'))
  for (const [path] of loaded) delete require.cache[path]
  try {
    return require(name) as unknown
  } finally {
    for (const path of Object.keys(require.cache)) if (path.includes('/kafkajs/')) delete require.cache[path]
    for (const [path, module] of loaded) require.cache[path] = module
  }
}
