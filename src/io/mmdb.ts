import { Reader, type Response } from 'maxmind'

/** Bytes before the metadata, which stand in the last 128 KiB of a file. */
const MARKER = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex')
const MARKER_WITHIN = 128 * 1024
const SEPARATOR = 16

// A full record has about 150 values and 4 KB; the limits keep a corrupt or hostile one from taking all memory or time.
const MOST_VALUES = 4096
const MOST_TEXT = 1 << 20
const DEEPEST = 32
const MOST_CACHED = 8192

interface Cursor {
  value: unknown
  offset: number
}

/** What may still be read for one record. */
interface Budget {
  values: number
  text: number
}

/** A MaxMind database in memory that may be corrupt: whatever its bytes are, reading ends soon, with a value or an error. */
export class Mmdb {
  readonly type: string
  readonly version: 4 | 6
  /** The day it was built, where it says so. */
  readonly built: string | undefined
  private readonly reader: Reader<Response>
  private readonly budget: Budget = { values: 0, text: 0 }

  /** Throws an `Error` that says what is wrong with the bytes. */
  constructor(bytes: Buffer) {
    const marker = bytes.subarray(-MARKER_WITHIN).lastIndexOf(MARKER)
    if (marker < 0) throw new Error('it is not a MaxMind database (no metadata)')
    const dataEnd = Math.max(0, bytes.length - MARKER_WITHIN) + marker
    const metadata = dataEnd + MARKER.length
    checkValue({ bytes, end: bytes.length, budget: this.refill(), pointersFrom: metadata }, metadata)
    const cached = new Map<number, Cursor>()
    let dataStart = 0
    this.reader = new Reader(bytes, {
      cache: {
        // The reader asks here before it decodes a record or what a pointer points to: the place to check the bytes first.
        get: (key) => {
          const offset = Number(key)
          const hit = cached.get(offset)
          if (hit) return hit
          if (!(offset >= dataStart)) throw new Error('a record points outside the data')
          checkValue({ bytes, end: dataEnd, budget: this.budget }, offset)
          return undefined
        },
        set: (key, value) => {
          if (cached.size >= MOST_CACHED) cached.clear()
          cached.set(Number(key), value as Cursor)
        },
      },
    })
    const { nodeCount, searchTreeSize, databaseType, ipVersion, buildEpoch } = this.reader.metadata
    dataStart = searchTreeSize + SEPARATOR
    if (!Number.isInteger(nodeCount) || nodeCount < 1 || dataStart > dataEnd) throw new Error('the search tree does not fit into the file')
    if (ipVersion !== 4 && ipVersion !== 6) throw new Error('it is neither for IPv4 nor for IPv6')
    this.type = typeof databaseType === 'string' ? databaseType : 'unknown'
    this.version = ipVersion
    this.built = Number.isNaN(buildEpoch.getTime()) ? undefined : buildEpoch.toISOString().slice(0, 10)
  }

  /** The record of an address in its normal form; null where there is none. Throws an `Error` for a corrupt record. */
  get(ip: string): unknown {
    // The tree of an IPv4 database has no IPv6 addresses, and walking it with one would end anywhere.
    if (this.version === 4 && ip.includes(':')) return null
    this.refill()
    return this.reader.get(ip)
  }

  private refill(): Budget {
    this.budget.values = MOST_VALUES
    this.budget.text = MOST_TEXT
    return this.budget
  }
}

const [POINTER, STRING, DOUBLE, BYTES, MAP, ARRAY, BOOLEAN, FLOAT] = [1, 2, 3, 4, 7, 11, 14, 15]
/** Most bytes of the whole-number types. */
const WHOLE: Readonly<Record<number, number>> = { 5: 2, 6: 4, 8: 4, 9: 8, 10: 16 }

/** What is being checked. */
interface Section {
  bytes: Buffer
  end: number
  budget: Budget
  /** What pointers count from, where they are to be followed. */
  pointersFrom?: number
}

/** Checks the value at `at`, and returns where it ends. */
function checkValue(section: Section, at: number, depth = 0): number {
  const { bytes, end, budget } = section
  if (depth > DEEPEST) throw new Error('a record is nested too deep')
  if (--budget.values < 0) throw new Error('a record has no end')
  if (!(at < end)) throw new Error('a record runs beyond the end of the data')
  const control = bytes[at++] as number
  let type = control >> 5
  if (type === POINTER) {
    const after = within(at + ((control >> 3) & 3) + 1, end)
    if (section.pointersFrom !== undefined) checkValue(section, section.pointersFrom + pointerAt(bytes, control, at), depth + 1)
    return after
  }
  if (type === 0) type = 7 + (bytes[within(++at, end) - 1] as number)
  let size = control & 31
  if (size > 28) {
    const more = size - 28
    within(at + more, end)
    size = [29, 285, 65821][more - 1] as number
    size += bytes.readUIntBE(at, more)
    at += more
  }
  if (type === BOOLEAN) return at
  if (type === MAP || type === ARRAY) {
    const values = type === MAP ? size * 2 : size
    // Each value takes a byte at least. This comes before anything is made in that size.
    within(at + values, end)
    for (let i = 0; i < values; i++) {
      if (type === MAP && i % 2 === 0) checkKey(bytes[at])
      at = checkValue(section, at, depth + 1)
    }
    return at
  }
  if (type === STRING || type === BYTES) {
    if ((budget.text -= size) < 0) throw new Error('a record is too long')
  } else if (size > (WHOLE[type] ?? 8) || ((type === DOUBLE || type === FLOAT) && size !== (type === DOUBLE ? 8 : 4)) || !isKnown(type)) {
    throw new Error('a record has a value of an unknown kind')
  }
  return within(at + size, end)
}

function pointerAt(bytes: Buffer, control: number, at: number): number {
  const size = ((control >> 3) & 3) + 1
  if (size === 4) return bytes.readUInt32BE(at)
  const high = (control & 7) * 2 ** (8 * size)
  return high + bytes.readUIntBE(at, size) + ([0, 2048, 526_336][size - 1] as number)
}

function isKnown(type: number): boolean {
  return type === DOUBLE || type === FLOAT || type in WHOLE
}

function checkKey(control: number | undefined): void {
  const type = (control ?? 0) >> 5
  if (type !== STRING && type !== POINTER) throw new Error('a record has a key that is no text')
}

function within(at: number, end: number): number {
  if (at > end) throw new Error('a record runs beyond the end of the data')
  return at
}
