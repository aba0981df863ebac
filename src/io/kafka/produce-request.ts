import { invariant } from '../../base/errors.ts'
import type { Message } from './client.ts'
import { crc32c } from './crc32c.ts'
import { replaceModule } from './replace.ts'

/*
 * kafkajs makes five growing buffers for each record with its headers, and copies every byte seven times: most of what sending costs.
 * Here a request is measured first and then written into one buffer, to the same bytes.
 */

/** What a broker is to be sent, as kafkajs hands it over. */
export interface ProduceRequest {
  acks: number
  timeout: number
  transactionalId?: string | null
  producerId?: unknown
  producerEpoch?: number
  compression?: number
  topicData: readonly { topic: string; partitions: readonly PartitionData[] }[]
}

interface PartitionData {
  partition: number | string
  firstSequence?: number
  messages: readonly Message[]
}

/** What kafkajs's encoder is to those who put it into another one. */
interface Encoded {
  buf: Buffer
  buffer: Buffer
  size(): number
}

const REQUEST = 'kafkajs/src/protocol/requests/produce/v3/request'
// A batch before its records: 12 bytes that its length leaves out, 9 that its checksum leaves out, then to the number of records.
const BATCH_HEAD = 61
const LENGTH_FROM = 12
const SUM_FROM = 21
const MAGIC = 2
const TRANSACTIONAL = 16

/** A request in version 3 of the protocol, which later ones that kafkajs speaks are the same as. */
export function produceRequest(request: ProduceRequest): object {
  return { apiKey: 0, apiVersion: 3, apiName: 'Produce', expectResponse: () => request.acks !== 0, encode: () => Promise.resolve(encode(request)) }
}

/** Puts this in the place of kafkajs's own. Must come before kafkajs. */
export function replaceEncoding(require: NodeJS.Require): void {
  replaceModule(require, REQUEST, produceRequest, 'its encoding of records')
}

function encode(request: ProduceRequest): Encoded {
  invariant(!request.compression, 'records are sent without compression')
  const buffer = new Writer(request).write()
  return { buf: buffer, buffer, size: () => buffer.length }
}

type Part = Buffer | string | null | undefined

interface Sized extends PartitionData {
  /** Of each record without its length; then of all with their lengths. */
  sizes: Int32Array
  bytes: number
  first: number
  last: number
  deltas: readonly number[] | undefined
}

class Writer {
  private readonly request: ProduceRequest
  private readonly now = Date.now()
  private bytes: Buffer = Buffer.alloc(0)
  private at = 0

  constructor(request: ProduceRequest) {
    this.request = request
  }

  write(): Buffer {
    const { acks, timeout, transactionalId, topicData } = this.request
    const topics = topicData.map(({ topic, partitions }) => ({ topic, partitions: partitions.map((p) => this.measure(p)) }))
    const size = 12 + lengthOf(transactionalId) + topics.reduce((sum, { topic, partitions }) => sum + 6 + lengthOf(topic) + partitions.reduce((s, p) => s + 8 + BATCH_HEAD + p.bytes, 0), 0)
    this.bytes = Buffer.allocUnsafeSlow(size)
    this.string(transactionalId)
    this.at = this.bytes.writeInt16BE(acks, this.at)
    this.int32(timeout)
    this.int32(topics.length)
    for (const { topic, partitions } of topics) {
      this.string(topic)
      this.int32(partitions.length)
      for (const p of partitions) this.batch(p)
    }
    invariant(this.at === size, 'a request was not measured right')
    return this.bytes
  }

  private measure(data: PartitionData): Sized {
    const { messages } = data
    const sizes = new Int32Array(messages.length)
    const stamped = messages.some((m) => m.timestamp)
    const stamps = stamped ? messages.map((m) => Number(m.timestamp || this.now)) : undefined
    const first = stamps ? stamps.reduce((a, b) => Math.min(a, b)) : this.now
    const deltas = stamps?.map((s) => s - first)
    let bytes = 0
    for (let i = 0; i < messages.length; i++) {
      const { key, value, headers } = messages[i] as Message
      // A byte of attributes.
      let size = 1 + sizeOfVarint(deltas ? (deltas[i] as number) : 0) + sizeOfVarint(i) + sizeOfPart(key) + sizeOfPart(value)
      let count = 0
      for (const name in headers) {
        const given = headers[name]
        const nameSize = sizeOfPart(name)
        if (Array.isArray(given)) for (const one of given) size += nameSize + sizeOfPart(one)
        else size += nameSize + sizeOfPart(given)
        count += Array.isArray(given) ? given.length : 1
      }
      size += sizeOfVarint(count)
      sizes[i] = size
      bytes += sizeOfVarint(size) + size
    }
    return { ...data, sizes, bytes, first, last: stamps ? stamps.reduce((a, b) => Math.max(a, b)) : this.now, deltas }
  }

  private batch({ partition, messages, firstSequence = 0, sizes, bytes, first, last, deltas }: Sized): void {
    const { transactionalId, producerId = -1, producerEpoch = 0 } = this.request
    this.int32(Number(partition))
    this.int32(BATCH_HEAD + bytes)
    const start = this.at
    this.int64(0n)
    this.int32(BATCH_HEAD - LENGTH_FROM + bytes)
    this.int32(0)
    this.bytes[this.at++] = MAGIC
    // The checksum is of what comes after it.
    this.at += 4
    this.at = this.bytes.writeInt16BE(transactionalId ? TRANSACTIONAL : 0, this.at)
    this.int32(messages.length - 1)
    this.int64(BigInt(first))
    this.int64(BigInt(last))
    this.int64(BigInt(String(producerId)))
    this.at = this.bytes.writeInt16BE(producerEpoch, this.at)
    this.int32(firstSequence)
    this.int32(messages.length)
    for (let i = 0; i < messages.length; i++) this.record(messages[i] as Message, sizes[i] as number, i, deltas ? (deltas[i] as number) : 0)
    this.bytes.writeUInt32BE(crc32c(this.bytes, start + SUM_FROM, this.at), start + SUM_FROM - 4)
  }

  private record({ key, value, headers }: Message, size: number, index: number, delta: number): void {
    this.varint(size)
    this.bytes[this.at++] = 0
    this.varint(delta)
    this.varint(index)
    this.part(key)
    this.part(value)
    let count = 0
    for (const name in headers) {
      const given = headers[name]
      count += Array.isArray(given) ? given.length : 1
    }
    this.varint(count)
    for (const name in headers) {
      const given = headers[name]
      if (!Array.isArray(given)) {
        this.part(name)
        this.part(given)
      } else for (const one of given) {
        this.part(name)
        this.part(one)
      }
    }
  }

  private part(part: Part): void {
    if (part === null || part === undefined) {
      // Minus one.
      this.bytes[this.at++] = 1
    } else if (typeof part === 'string') {
      const length = lengthOf(part)
      this.varint(length)
      if (length === part.length && length < BY_HAND) for (let i = 0; i < length; i++) this.bytes[this.at++] = part.charCodeAt(i)
      else this.at += this.bytes.write(part, this.at, 'utf8')
    } else {
      this.varint(part.length)
      this.bytes.set(part, this.at)
      this.at += part.length
    }
  }

  /** A number from 0 on, as a variable number of bytes of twice it. */
  private varint(value: number): void {
    let left = value * 2
    for (; left >= 128; left = Math.floor(left / 128)) this.bytes[this.at++] = left % 128 | 128
    this.bytes[this.at++] = left
  }

  private string(text: string | null | undefined): void {
    this.at = this.bytes.writeInt16BE(text === null || text === undefined ? -1 : lengthOf(text), this.at)
    if (text) this.at += this.bytes.write(text, this.at, 'utf8')
  }

  private int32(value: number): void {
    this.at = this.bytes.writeInt32BE(value, this.at)
  }

  private int64(value: bigint): void {
    this.at = this.bytes.writeBigInt64BE(value, this.at)
  }
}

// A call into the machine's own writing costs more than so many characters.
const BY_HAND = 96

/** Bytes in a part of a record. */
export function lengthOf(part: Part): number {
  if (part === null || part === undefined) return 0
  if (typeof part !== 'string') return part.length
  if (part.length >= BY_HAND) return Buffer.byteLength(part)
  for (let i = 0; i < part.length; i++) if (part.charCodeAt(i) > 127) return Buffer.byteLength(part)
  return part.length
}

function sizeOfPart(part: Part): number {
  if (part === null || part === undefined) return 1
  const length = lengthOf(part)
  return sizeOfVarint(length) + length
}

function sizeOfVarint(value: number): number {
  let size = 1
  for (let limit = 64; value >= limit; limit *= 128) size++
  return size
}
