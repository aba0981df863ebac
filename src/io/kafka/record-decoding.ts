import { InvigilError } from '../../base/errors.ts'
import type { KafkaMessage } from './client.ts'
import { replaceModule } from './replace.ts'

/*
 * kafkajs makes a decoder, several buffers, a big integer for each number and an object for each header of every record: most of what reading
 * costs. Here a record is one object that points into what was fetched; its key and its headers are made when somebody asks for them.
 * What is out of the ordinary (other formats, numbers beyond 2^53) is left to kafkajs.
 */

const PROTOCOL = 'kafkajs/src/protocol'
const DECODE = `${PROTOCOL}/requests/fetch/v4/decodeMessages`
const MAGIC_AT = 16
const MAGIC = 2
// Of a batch: the offset and the length that stand before it, and what comes before its records.
const BEFORE = 12
const HEAD = 49
const LOG_APPEND_TIME = 8
const TRANSACTIONAL = 16
const CONTROL = 32
const NO_BYTES = -1

/** What kafkajs reads a response with. */
interface Decoder {
  buffer: Buffer
  offset: number
  readInt32(): number
  readBytes(size: number): Buffer
}

/** What the records of a batch have in common. */
export interface BatchContext {
  firstOffset: string
  firstTimestamp: string
  partitionLeaderEpoch: number
  inTransaction: boolean
  isControlBatch: boolean
  lastOffsetDelta: number
  producerId: string
  producerEpoch: number
  firstSequence: number
  maxTimestamp: string
  timestampType: 0 | 1
  magicByte: number
}

/** kafkajs's own parts, for what is left to it. */
export interface Shipped {
  Decoder: new (bytes: Buffer) => Decoder
  messageSet(decoder: Decoder, size: number): Promise<KafkaMessage[]>
  batch(decoder: Decoder): Promise<{ records: KafkaMessage[] }>
  codecOf(attributes: number): { decompress(bytes: Buffer): Promise<Buffer> } | null
}

/** Where the records of a batch lie, and what they have in common. */
interface Batch {
  context: BatchContext
  bytes: Buffer
  base: number
}

/** A record with the fields that kafkajs gives one. */
export class FetchedRecord {
  readonly timestamp: string
  /** Where its value begins and ends in `bytes`; -1 the end where there is none. */
  readonly valueAt: number
  readonly valueEnd: number
  private readonly batch: Batch
  private readonly delta: number
  private readonly at: number
  private keyBytes: Buffer | null | undefined = undefined
  private valueBytes: Buffer | null | undefined = undefined
  private fields: Record<string, Header> | undefined = undefined

  constructor(batch: Batch, at: number, timestamp: string, delta: number, valueAt: number, valueEnd: number) {
    this.timestamp = timestamp
    this.valueAt = valueAt
    this.valueEnd = valueEnd
    this.batch = batch
    this.delta = delta
    this.at = at
  }

  /** What was fetched of its batch. */
  get bytes(): Buffer {
    return this.batch.bytes
  }

  get value(): Buffer | null {
    if (this.valueBytes === undefined) this.valueBytes = this.valueEnd < 0 ? null : this.bytes.subarray(this.valueAt, this.valueEnd)
    return this.valueBytes
  }

  get offset(): string {
    return String(this.batch.base + this.delta)
  }

  get key(): Buffer | null {
    if (this.keyBytes === undefined) this.keyBytes = this.behindDeltas().part()
    return this.keyBytes
  }

  get headers(): Record<string, Header> {
    if (this.fields === undefined) {
      const reader = this.behindDeltas()
      reader.skip()
      reader.skip()
      this.fields = reader.headers()
    }
    return this.fields
  }

  get attributes(): number {
    return this.bytes.readInt8(this.at)
  }

  get magicByte(): number {
    return this.batch.context.magicByte
  }

  get isControlRecord(): boolean {
    return this.batch.context.isControlBatch
  }

  get batchContext(): BatchContext {
    return this.batch.context
  }

  private behindDeltas(): Reader {
    const reader = new Reader(this.bytes, this.at + 1)
    reader.varlong()
    reader.varint()
    return reader
  }
}

type Header = Buffer | null | (Buffer | null)[]

/** Reads the records that a response has of one partition, as kafkajs's own function of this name does. */
export function decodeMessages(shipped: Shipped): (decoder: Decoder) => Promise<readonly (KafkaMessage | FetchedRecord)[]> {
  return async (decoder) => {
    const size = decoder.readInt32()
    if (size <= 0 || decoder.buffer.length - decoder.offset < size) return []
    const bytes = decoder.readBytes(size)
    if (bytes.readInt8(MAGIC_AT) !== MAGIC) return shipped.messageSet(new shipped.Decoder(bytes), size)
    const records: (KafkaMessage | FetchedRecord)[] = []
    for (let at = 0; bytes.length - at >= HEAD; ) {
      const end = at + BEFORE + bytes.readInt32BE(at + 8)
      // Brokers cut the last batch off where they have sent enough.
      if (end > bytes.length) break
      const batch = bytes.subarray(at, end)
      const codec = shipped.codecOf(batch.readInt16BE(BEFORE + 9))
      const context = contextOf(batch)
      const body = codec === null ? batch.subarray(BEFORE + HEAD) : await codec.decompress(batch.subarray(BEFORE + HEAD))
      const before = records.length
      if (!readAll(context, batch.readInt32BE(BEFORE + HEAD - 4), body, records)) {
        records.length = before
        for (const record of (await shipped.batch(new shipped.Decoder(batch))).records) records.push(record)
      }
      at = end
    }
    return records
  }
}

/** Puts this in the place of kafkajs's own. Must come before kafkajs. */
export function replaceDecoding(require: NodeJS.Require): void {
  replaceModule(require, DECODE, decodeMessages(shippedParts(require)), 'its decoding of records')
}

/** The parts of kafkajs that it leaves work to. */
export function shippedParts(require: NodeJS.Require): Shipped {
  const part = (name: string): unknown => require(`${PROTOCOL}/${name}`)
  return {
    Decoder: part('decoder') as Shipped['Decoder'],
    messageSet: part('messageSet/decoder') as Shipped['messageSet'],
    batch: part('recordBatch/v0/decoder') as Shipped['batch'],
    codecOf: (part('message/compression') as { lookupCodecByAttributes: Shipped['codecOf'] }).lookupCodecByAttributes,
  }
}

function contextOf(batch: Buffer): BatchContext {
  const attributes = batch.readInt16BE(21)
  return {
    firstOffset: batch.readBigInt64BE(0).toString(),
    firstTimestamp: batch.readBigInt64BE(27).toString(),
    partitionLeaderEpoch: batch.readInt32BE(12),
    inTransaction: (attributes & TRANSACTIONAL) > 0,
    isControlBatch: (attributes & CONTROL) > 0,
    lastOffsetDelta: batch.readInt32BE(23),
    producerId: batch.readBigInt64BE(43).toString(),
    producerEpoch: batch.readInt16BE(51),
    firstSequence: batch.readInt32BE(53),
    maxTimestamp: batch.readBigInt64BE(35).toString(),
    timestampType: (attributes & LOG_APPEND_TIME) > 0 ? 1 : 0,
    magicByte: batch.readInt8(MAGIC_AT),
  }
}

/** Adds a batch's records to `into`; false where a number is too large to be told exactly. */
function readAll(context: BatchContext, count: number, bytes: Buffer, into: (KafkaMessage | FetchedRecord)[]): boolean {
  const base = Number(context.firstOffset)
  const first = Number(context.firstTimestamp)
  if (!Number.isSafeInteger(base) || !Number.isSafeInteger(base + context.lastOffsetDelta) || !Number.isSafeInteger(first)) return false
  const batch: Batch = { context, bytes, base }
  const reader = new Reader(bytes, 0)
  const isStamped = context.timestampType === 1
  let stamp = first
  let timestamp = isStamped ? context.maxTimestamp : context.firstTimestamp
  for (let n = 0; n < count; n++) {
    const size = reader.varint()
    const { at } = reader
    const end = at + size
    reader.at++
    const later = reader.varlong() + first
    if (!Number.isSafeInteger(later)) return false
    if (!isStamped && later !== stamp) {
      stamp = later
      timestamp = String(later)
    }
    const delta = reader.varint()
    const keySize = reader.skip()
    const valueSize = reader.skip()
    if (size < 0 || keySize < NO_BYTES || valueSize < NO_BYTES || reader.at >= end || end > bytes.length) {
      throw new InvigilError('io', `record ${n} of the batch at offset ${context.firstOffset} is damaged: its parts are longer than it is`)
    }
    into.push(new FetchedRecord(batch, at, timestamp, delta, reader.at - valueSize, valueSize === NO_BYTES ? NO_BYTES : reader.at))
    reader.at = end
  }
  return true
}

/** Reads numbers of variable length and what they are the length of. */
class Reader {
  at: number
  private readonly bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }

  /** A signed number of 32 bits. */
  varint(): number {
    const { bytes } = this
    let byte = bytes[this.at++] as number
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 127
    for (let shift = 7; byte >= 128; shift += 7) {
      byte = bytes[this.at++] as number
      value |= (byte & 127) << shift
    }
    return (value >>> 1) ^ -(value & 1)
  }

  /** A signed number of 64 bits; NaN where it is too large to be told exactly. */
  varlong(): number {
    const { bytes } = this
    let byte = bytes[this.at++] as number
    let value = byte & 127
    for (let scale = 128; byte >= 128; scale *= 128) {
      byte = bytes[this.at++] as number
      value += (byte & 127) * scale
    }
    if (value > Number.MAX_SAFE_INTEGER) return Number.NaN
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  headers(): Record<string, Header> {
    const headers: Record<string, Header> = {}
    const count = this.varint()
    for (let n = 0; n < count; n++) {
      const name = String(this.part())
      const value = this.part()
      // kafkajs takes what every object inherits, such as `toString`, for a value that came before.
      const before = Object.hasOwn(headers, name) ? headers[name] : undefined
      const now = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value]
      if (name === '__proto__') Object.defineProperty(headers, name, { value: now, enumerable: true, configurable: true, writable: true })
      else headers[name] = now
    }
    return headers
  }

  /** Passes over a part and returns its size. */
  skip(): number {
    const size = this.varint()
    if (size > 0) this.at += size
    return size
  }

  part(): Buffer | null {
    const size = this.varint()
    if (size === NO_BYTES) return null
    const { bytes, at } = this
    this.at += size
    if (size < 0 || this.at > bytes.length) throw new InvigilError('io', 'the headers of a record are damaged: they are longer than it is')
    return bytes.subarray(at, at + size)
  }
}
