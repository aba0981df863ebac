import { createRequire } from 'node:module'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Message } from './client.ts'
import { crc32c } from './crc32c.ts'
import { groupByPartition, murmur2, replacePartitioning } from './partitioning.ts'
import { produceRequest, replaceEncoding, type ProduceRequest } from './produce-request.ts'

const require = createRequire(import.meta.url)
// As shipped: nothing has replaced them here, since the client is imported for its types only.
const shipped = {
  produceRequest: require('kafkajs/src/protocol/requests/produce/v3/request') as typeof produceRequest,
  crc32c: require('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number,
  murmur2: require('kafkajs/src/producer/partitioners/default/murmur2') as typeof murmur2,
  groupByPartition: require('kafkajs/src/producer/groupMessagesPerPartition') as typeof groupByPartition,
}

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 2, 2), toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

async function bytesOf(make: typeof produceRequest, request: ProduceRequest): Promise<Buffer> {
  const { encode } = make(request) as { encode: () => Promise<{ buffer: Buffer }> }
  return (await encode()).buffer
}

let seed = 7
const pick = (n: number): number => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0), Math.floor((seed / 2 ** 32) * n))
const bytes = (n: number): Buffer => Buffer.from(Array.from({ length: n }, () => pick(256)))
const some = <T>(...of: readonly T[]): T => of[pick(of.length)] as T
const part = () => some<() => Buffer | string>(() => bytes(pick(200)), () => 'x'.repeat(pick(130)), () => '学习者'.repeat(pick(60)), () => '', () => 'é')()

function message(stamped: boolean): Message {
  const headers = some(undefined, {}, { a: part() }, { 'source-topic': part(), 'ключ': part(), several: ['1', Buffer.from('2'), part()] })
  return { key: some(undefined, null, part()), value: some(null, part(), bytes(pick(20_000))), headers, ...(stamped ? { timestamp: String(1_772_400_000_000 + pick(2 ** 31)) } : {}) }
}

test('requests are the bytes that kafkajs makes of them', async () => {
  for (let n = 0; n < 25; n++) {
    const stamped = pick(2) === 0
    const partitions = () => Array.from({ length: pick(4) }, (_, i) => ({ partition: some<number | string>(i, String(i)), firstSequence: pick(2 ** 30), messages: Array.from({ length: 1 + pick(some(3, 150)) }, () => message(stamped)) }))
    const request: ProduceRequest = {
      acks: some(-1, 0, 1), timeout: pick(60_000), transactionalId: some(undefined, null, 'invigil-intake-平台-0'), producerId: some<unknown>(undefined, '4611686018427387904', 17), producerEpoch: pick(30_000),
      topicData: Array.from({ length: pick(4) }, (_, i) => ({ topic: `topic-${i}`, partitions: partitions() })),
    }
    const [ours, theirs] = [await bytesOf(produceRequest, request), await bytesOf(shipped.produceRequest, request)]
    expect(ours.equals(theirs)).toBe(true)
  }
  const { encode: _, expectResponse, ...rest } = produceRequest({ acks: 0, timeout: 1, topicData: [] }) as ReturnType<typeof Object>
  const { encode: __, expectResponse: expects, ...same } = shipped.produceRequest({ acks: 0, timeout: 1, topicData: [] }) as ReturnType<typeof Object>
  expect([rest, (expectResponse as () => boolean)()]).toEqual([same, (expects as () => boolean)()])
})

test('a record of a megabyte, and stamps far apart', async () => {
  const request: ProduceRequest = { acks: -1, timeout: 1, topicData: [{ topic: 't', partitions: [{ partition: 0, messages: [{ value: bytes(1 << 20), timestamp: '1000000000000' }, { value: 'x'.repeat(300_000), timestamp: '4000000000000' }] }] }] }
  expect((await bytesOf(produceRequest, request)).equals(await bytesOf(shipped.produceRequest, request))).toBe(true)
})

test('the checksum and the hash of keys are those of Kafka', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  for (let n = 0; n < 300; n++) {
    const data = bytes(pick(n + 1))
    expect([crc32c(data), murmur2(data), murmur2(data.toString('utf8'))]).toEqual([shipped.crc32c(data), shipped.murmur2(data), shipped.murmur2(data.toString('utf8'))])
  }
  expect(crc32c(Buffer.from('__123456789_'), 2, 11)).toBe(0xe3069283)
})

test('messages come together by their partition, in their order', () => {
  const messages = Array.from({ length: 500 }, (_, n) => ({ value: String(n), partition: pick(7) }))
  const asked = { topic: 't', partitionMetadata: [1], messages, partitioner: ({ message: m }: { message: Message }) => m.partition as number }
  expect(groupByPartition(asked)).toEqual(shipped.groupByPartition(asked))
  expect(groupByPartition({ ...asked, partitionMetadata: [] })).toEqual({})
})

test('what kafkajs has loaded is not replaced any more, and that is told', () => {
  expect(() => replaceEncoding(require)).toThrow('kafkajs was loaded before its encoding of records could be replaced')
  expect(() => replacePartitioning(require)).toThrow('kafkajs was loaded before its hash of keys could be replaced')
})
