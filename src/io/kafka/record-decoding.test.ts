import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { clientOf } from '../../testing/kafka.ts'
import { START_MS, useKafka } from '../../testing/services.ts'
import type { KafkaClient, KafkaMessage, Message } from './client.ts'
import { fetchedBatch, type FetchClass } from './fetched-batch.ts'
import { withoutAborted, type FetchedMessage } from './read-committed.ts'
import { readRanges } from './read-range.ts'
import { decodeMessages, shippedParts } from './record-decoding.ts'
import { makeTopics } from './topics.ts'
import { logRanges } from './offsets.ts'

const require = createRequire(import.meta.url)
const brokers = useKafka()
const DECODE = 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages'
const RESPONSE = 'kafkajs/src/protocol/requests/fetch/v11/response'

interface PartitionData {
  partition: number
  highWatermark: string
  abortedTransactions: { producerId: string; firstOffset: string }[]
  messages: FetchedMessage[]
}
interface Fetched {
  responses: { partitions: PartitionData[] }[]
}
interface Response {
  decode(this: void, raw: Buffer): Promise<Fetched>
}
type Decode = ReturnType<typeof decodeMessages>

/** A module of kafkajs as it is shipped, though the client has another in its place; `along`: modules that it is to find as shipped, too. */
function asShipped(name: string, along: readonly string[] = []): unknown {
  const paths = [name, ...along].map((n) => require.resolve(n))
  const kept = paths.map((p) => require.cache[p])
  for (const p of paths) delete require.cache[p]
  const shipped: unknown = require(name)
  paths.forEach((p, i) => {
    if (kept[i]) require.cache[p] = kept[i]
    else delete require.cache[p]
  })
  return shipped
}

const shipped = shippedParts(require)
const ours = decodeMessages(shipped)
const theirs = asShipped(DECODE) as Decode

/** All that kafkajs says of a message, in an object of its own. */
function plain(message: unknown): object {
  const { magicByte, attributes, timestamp, offset, key, value, headers, isControlRecord, batchContext } = message as KafkaMessage & Record<string, unknown>
  return { magicByte, attributes, timestamp, offset, key, value, headers, isControlRecord, batchContext }
}

function read(decode: Decode, bytes: Buffer): ReturnType<Decode> {
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.length)
  return decode(new shipped.Decoder(Buffer.concat([size, bytes])))
}

async function decoded(decode: Decode, bytes: Buffer): Promise<object[]> {
  return (await read(decode, bytes)).map(plain)
}

async function same(bytes: Buffer): Promise<object[]> {
  const expected = await decoded(theirs, bytes)
  expect(await decoded(ours, bytes)).toEqual(expected)
  return expected
}

let seed = 11
const pick = (n: number): number => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0), Math.floor((seed / 2 ** 32) * n))
const bytes = (n: number): Buffer => Buffer.from(Array.from({ length: n }, () => pick(256)))
const some = <T>(...of: readonly T[]): T => of[pick(of.length)] as T
const part = (): Buffer | null => some<() => Buffer | null>(() => null, () => Buffer.alloc(0), () => bytes(pick(70)), () => bytes(pick(300)), () => Buffer.from('学习者'))()

/** As a variable number of bytes, in 64 bits. */
function varint(value: bigint | number): Buffer {
  let left = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  const out: number[] = []
  for (; left >= 128n; left >>= 7n) out.push(Number(left & 127n) | 128)
  return Buffer.from([...out, Number(left)])
}
const sized = (b: Buffer | null): Buffer => (b === null ? varint(-1) : Buffer.concat([varint(b.length), b]))

interface Given {
  base?: bigint
  first?: bigint
  most?: bigint
  attributes?: number
  stamps?: readonly (bigint | number)[]
  deltas?: readonly number[]
  headers?: readonly (readonly [Buffer | null, Buffer | null])[]
}

/** A batch as a broker may send it, in any state that the format allows. */
function batch(count: number, given: Given = {}): Buffer {
  const { base = BigInt(pick(2 ** 31)), first = 1_772_400_000_000n, most = first + 5n, attributes = 0, stamps = [], deltas = [], headers } = given
  const records = Array.from({ length: count }, (_, i) => {
    const all = headers ?? Array.from({ length: pick(4) }, (): [Buffer | null, Buffer | null] => [Buffer.from(some('a', 'b', 'source-topic', '', 'ключ')), part()])
    return sized(Buffer.concat([Buffer.from([pick(256)]), varint(stamps[i] ?? pick(2 ** 20) - 2 ** 19), varint(deltas[i] ?? i), sized(part()), sized(part()), varint(all.length), ...all.flat().map(sized)]))
  })
  const body = (attributes & 7) === 1 ? gzipSync(Buffer.concat(records)) : Buffer.concat(records)
  const head = Buffer.alloc(61)
  head.writeBigInt64BE(base, 0)
  head.writeInt32BE(49 + body.length, 8)
  head.writeInt32BE(pick(2 ** 31), 12)
  head[16] = 2
  head.writeInt16BE(attributes, 21)
  head.writeInt32BE(Math.max(0, ...(deltas.length > 0 ? deltas : [count - 1])), 23)
  head.writeBigInt64BE(first, 27)
  head.writeBigInt64BE(most, 35)
  head.writeBigInt64BE(some(-1n, 4611686018427387904n, 17n), 43)
  head.writeInt16BE(pick(30_000), 51)
  head.writeInt32BE(pick(2 ** 31) - 1, 53)
  head.writeInt32BE(count, 57)
  return Buffer.concat([head, body])
}

test('batches of every kind are read as kafkajs reads them', async () => {
  for (let n = 0; n < 40; n++) {
    const batches = Array.from({ length: 1 + pick(4) }, () => batch(pick(some(2, 30)), { attributes: some(0, 0, 8, 16, 48, 24, 1, 25), base: some(0n, 5n, 2n ** 40n) }))
    await same(Buffer.concat(batches))
  }
  // What is deleted by compaction leaves gaps; a clock that goes back, negative deltas.
  await same(batch(4, { deltas: [0, 7, 63, 2 ** 31 - 1], stamps: [0, -1, -64, -(2 ** 40)] }))
  await same(batch(2, { first: -1n, stamps: [0, 0] }))
  await same(batch(0))
  await same(batch(0, { attributes: 1 }))
})

test('numbers that are too large to be exact are told as kafkajs tells them', async () => {
  const all = await same(Buffer.concat([
    batch(2, { base: 2n ** 62n }), batch(2, { base: 2n ** 53n - 2n }), batch(3, { stamps: [2n ** 53n, 2n ** 52n + 1n, -(2n ** 53n)], first: 0n }),
    batch(2, { first: 2n ** 53n - 1n, stamps: [0, 1] }), batch(2, { first: 2n ** 60n, stamps: [1, -1] }), batch(1, { stamps: [2n ** 62n], first: 1n }), batch(1, { attributes: 8, most: 2n ** 61n }),
  ]))
  expect(all.map((m) => (m as KafkaMessage).timestamp)).toContain('9007199254740992')
  expect(all[1]).toMatchObject({ offset: '4611686018427387905' })
})

test('what a broker has cut off is left for the next fetch', async () => {
  const whole = [batch(3), batch(5, { attributes: 1 }), batch(2)]
  const all = Buffer.concat(whole)
  for (let length = all.length; length > 17; length -= 1 + pick(9)) await same(all.subarray(0, length))
  const decoder = new shipped.Decoder(Buffer.from([0, 0, 1, 0, 1, 2, 3]))
  expect(await ours(decoder)).toEqual([])
  expect(await ours(new shipped.Decoder(Buffer.from([0, 0, 0, 0])))).toEqual([])
})

test('older formats and unknown compressions are left to kafkajs', async () => {
  const MessageSet = require('kafkajs/src/protocol/messageSet') as (of: object) => { buffer: Buffer }
  for (const messageVersion of [0, 1]) {
    const set = MessageSet({ messageVersion, entries: [{ key: 'k', value: 'one', timestamp: 1_772_400_000_000 }, { key: null, value: 'two', timestamp: 5 }] }).buffer
    expect(await same(set)).toMatchObject([{ value: Buffer.from('one') }, { value: Buffer.from('two') }])
  }
  for (const [attributes, name] of [[2, 'Snappy'], [3, 'LZ4'], [4, 'ZSTD']] as const) {
    await expect(decoded(theirs, batch(1, { attributes }))).rejects.toThrow(`${name} compression not implemented`)
    await expect(decoded(ours, batch(1, { attributes }))).rejects.toThrow(`${name} compression not implemented`)
  }
})

test('headers: several of a name, none, and names that every object has something by', async () => {
  const header = (name: string, value: string | null) => [Buffer.from(name), value === null ? null : Buffer.from(value)] as const
  await same(batch(1, { headers: [header('a', '1'), header('b', null), header('a', '2'), header('a', null), header('b', 'x')] }))
  await same(batch(1, { headers: [[null, Buffer.from('x')]] }))
  // kafkajs gives a list of what is inherited and of this.
  const [record] = await read(ours, batch(1, { headers: [header('toString', '1'), header('__proto__', '2'), header('__proto__', '3')] }))
  const { headers } = record as KafkaMessage & { headers: object }
  expect(Object.entries(headers)).toEqual([['toString', Buffer.from('1')], ['__proto__', [Buffer.from('2'), Buffer.from('3')]]])
  expect(Object.getPrototypeOf(headers)).toBe(Object.prototype)
})

test('a damaged record is told, and nothing is read beyond it', async () => {
  const bad = batch(1, { headers: [] })
  bad[61] = (bad[61] as number) - 4
  await expect(decoded(ours, bad)).rejects.toThrow(/^record 0 of the batch at offset \d+ is damaged/)
})

test('what one asks for twice is the same', async () => {
  const [record] = await read(ours, batch(1, { headers: [[Buffer.from('a'), Buffer.from('b')]] }))
  expect(record?.key).toBe(record?.key)
  expect(record?.headers).toBe(record?.headers)
})

const ASK = ['isEmpty', 'isEmptyIncludingFiltered', 'isEmptyDueToFiltering', 'isEmptyControlRecord', 'isEmptyDueToLogCompactedMessages', 'firstOffset', 'lastOffset', 'offsetLag', 'offsetLagLow'] as const
type Told = Record<(typeof ASK)[number], () => unknown>

const partitionsOf = ({ responses }: Fetched): PartitionData[] => responses.flatMap((t) => t.partitions)

/** All that a batch of kafkajs says of itself. */
function told(batch: InstanceType<FetchClass<FetchedMessage>>): object {
  const offsets = [batch.messages, batch.messagesWithinOffset, batch.rawMessages].map((list) => list.map((m) => m.offset))
  return { offsets, ...Object.fromEntries(ASK.map((ask) => [ask, (batch as unknown as Told)[ask]()])) }
}

describe('of a broker', () => {
  let client: KafkaClient
  const [plainTopic, stamped, gzip] = ['plain', 'stamped', 'gzip'].map((n) => `decoding-${n}-${randomUUID()}`) as [string, string, string]
  const response = require(RESPONSE) as Response
  const whole = asShipped(RESPONSE, [DECODE]) as Response
  const raws: Buffer[] = []

  beforeAll(async () => {
    client = await clientOf(brokers())
    const topic = (name: string, configs: Record<string, string>) => ({ name, partitions: 1, replication: 1, configs: { 'max.message.bytes': '4194304', ...configs } })
    const anyTime = { 'message.timestamp.after.max.ms': '9223372036854775807', 'message.timestamp.before.max.ms': '9223372036854775807' }
    await client.withAdmin((admin) => makeTopics(admin, [topic(plainTopic, anyTime), topic(stamped, { 'message.timestamp.type': 'LogAppendTime' }), topic(gzip, { 'compression.type': 'gzip', ...anyTime })]))
  }, START_MS)

  test('what a broker really sends is read as kafkajs reads it: transactions, stamps, gzip, headers, a value of 2 MB', { timeout: 60_000 }, async () => {
    const message = (): Message => ({
      key: part(), value: some(part, () => bytes(pick(5000)))(), headers: some(undefined, { a: 'x' }, { 'source-topic': 'lms', 'source-offset': '17', 'ключ': bytes(20), several: ['1', Buffer.from('2')] }), timestamp: String(some(0, 1_772_400_000_000, 4_000_000_000_000) + pick(2 ** 31)),
    })
    for (const topic of [plainTopic, stamped, gzip]) {
      const writer = client.transactionalProducer(`decoding-${randomUUID()}`)
      await writer.connect()
      for (const end of ['commit', 'abort', 'commit'] as const) {
        const transaction = await writer.transaction()
        for (let n = 0; n < 3; n++) await transaction.send({ topic, messages: Array.from({ length: 1 + pick(200) }, message) })
        if (end === 'commit') await transaction.send({ topic, messages: [{ value: Buffer.alloc(2 << 20, bytes(997)) }] })
        await transaction[end]()
      }
      await writer.disconnect()
    }
    const { decode } = response
    response.decode = (raw) => {
      if (raw.includes('decoding-')) raws.push(raw)
      return decode(raw)
    }
    const counts: number[] = []
    for (const topic of [plainTopic, stamped, gzip]) {
      let count = 0
      const ranges = await client.withAdmin((admin) => logRanges(admin, topic))
      await readRanges(client, { topic, ranges, group: 'decoding' }, () => void count++)
      counts.push(count)
    }
    response.decode = decode
    expect(counts.every((n) => n > 10)).toBe(true)

    const Theirs = asShipped('kafkajs/src/consumer/batch') as FetchClass<FetchedMessage>
    const Ours = fetchedBatch(Theirs, withoutAborted)
    let records = 0
    let controls = 0
    for (const raw of raws) {
      const got = partitionsOf(await decode(raw))
      for (const [i, data] of partitionsOf(await whole.decode(raw)).entries()) {
        const own = got[i] as PartitionData
        expect(own.messages.length).toBe(data.messages.length)
        // One by one, and without them, since a failure would print megabytes.
        for (const [m, wanted] of data.messages.entries()) expect([wanted.offset, isDeepStrictEqual(plain(own.messages[m]), plain(wanted))]).toEqual([wanted.offset, true])
        records += data.messages.length
        controls += data.messages.filter((m) => (plain(m) as FetchedMessage).isControlRecord).length
        for (const from of ['0', data.messages[0]?.offset ?? '3', data.messages.at(-1)?.offset ?? '7', '999999999']) {
          expect(told(new Ours('t', from, own))).toEqual(told(new Theirs('t', from, data)))
        }
      }
    }
    expect(records).toBeGreaterThan(300)
    expect(controls).toBeGreaterThanOrEqual(9)
  })
})
