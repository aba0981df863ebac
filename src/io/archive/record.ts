import { isUtf8 } from 'node:buffer'
import { InvigilError } from '../../base/errors.ts'
import type { Ms } from '../../base/time.ts'

/*
 * How a record of Kafka stands in a file of an archive: a line of JSON that says what it is, then the bytes of its value as they
 * are, then a line feed. So `zcat` shows it, any value survives, and reading costs no unescaping.
 */

/** A record of Kafka. */
export interface KafkaRecord {
  offset: number
  /** When it was appended to the log. */
  stamp: Ms
  key: Buffer | null
  headers: readonly (readonly [name: string, value: Buffer])[]
  /** Null for a tombstone. */
  value: Buffer | null
}

/** What the line before the value says, in this order. */
interface Head {
  offset: number
  stamp: Ms
  /** Of the value; null where the record has none. */
  bytes: number | null
  key?: Text
  headers?: [string, Text][]
}

type Text = string | { base64: string }

const LINE_FEED = 10
const END = Buffer.from('\n')
const [OFFSET, STAMP, BYTES] = ['{"offset":', ',"stamp":', ',"bytes":'].map((t) => Buffer.from(t)) as [Buffer, Buffer, Buffer]
const [ZERO, NINE, N] = [0x30, 0x39, 0x6e]
const NULL = -1

/** The record as bytes of a file. */
export function encodeRecord({ offset, stamp, key, headers, value }: KafkaRecord): Buffer {
  const head: Head = {
    offset, stamp, bytes: value?.length ?? null,
    ...(key === null ? {} : { key: textOf(key) }),
    ...(headers.length === 0 ? {} : { headers: headers.map(([name, text]) => [name, textOf(text)]) }),
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), value ?? Buffer.alloc(0), END])
}

function textOf(bytes: Buffer): Text {
  return isUtf8(bytes) ? bytes.toString('utf8') : { base64: bytes.toString('base64') }
}

/** Finds records in bytes that come piece by piece. After `next` returned true, the record's value is `bytes` from `start` up to `end`. */
export class RecordParser {
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  offset = 0
  stamp: Ms = 0
  isNull = false
  private at = 0
  private reading = 0

  /** Takes the next piece; its memory is kept, not copied, where no record goes across its beginning. */
  push(piece: Buffer): void {
    this.bytes = this.at === this.bytes.length ? piece : Buffer.concat([this.bytes.subarray(this.at), piece])
    this.at = 0
  }

  /** Whether a record has begun that is not whole. */
  get hasRest(): boolean {
    return this.at < this.bytes.length
  }

  /** Goes to the next record; false where it has not all come yet. Throws `bad-state` for what is none. */
  next(): boolean {
    const line = this.bytes.indexOf(LINE_FEED, this.at)
    if (line < 0) return false
    // As JSON, a key and headers that nobody asks for would cost more than all the rest.
    this.reading = this.at
    const offset = this.number(OFFSET)
    const stamp = this.number(STAMP)
    const length = this.number(BYTES)
    const end = line + 1 + Math.max(0, length)
    if (end >= this.bytes.length) return false
    if (this.bytes[end] !== LINE_FEED) throw new InvigilError('bad-state', `its record ${offset} is longer than it says`)
    this.offset = offset
    this.stamp = stamp
    this.isNull = length === NULL
    this.start = line + 1
    this.end = end
    this.at = end + 1
    return true
  }

  /** The number that stands behind `name`, where the last one ended. */
  private number(name: Buffer): number {
    const { bytes } = this
    const begin = this.reading + name.length
    let at = begin
    let n = 0
    if (begin < bytes.length && bytes.compare(name, 0, name.length, this.reading, begin) === 0) {
      for (let c = bytes[at] as number; c >= ZERO && c <= NINE; c = bytes[++at] as number) n = n * 10 + c - ZERO
    }
    this.reading = at
    if (at > begin) return n
    if (name === BYTES && bytes[at] === N) return NULL
    throw new InvigilError('bad-state', 'a record in it does not say what it is')
  }
}
