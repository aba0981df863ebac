import { MOST_BYTES } from '../telemetry/decode.ts'
import { Chunk } from '../telemetry/held.ts'
import { Tape } from '../telemetry/tape.ts'
import { openBytes, type Bytes } from './bytes.ts'
import type { Overlong, Position, RecordReader } from './record-reader.ts'

const READ = 1 << 20
/** Bytes of a chunk: it is read into as long as there is room for as much as a line may have. */
const SIZE = 1 << 22
const LEAST_ROOM = MOST_BYTES + 64
/** Free chunks that are kept for what is read next. */
const MOST_FREE = 2
const RETURN = 13
const LINE_FEED = 10
/** Of a line that is too long for an event, so many bytes are kept as evidence. */
export const KEPT_OF_LONG = 1 << 16

function newChunk(): Chunk {
  return new Chunk(Buffer.allocUnsafeSlow(SIZE), new Tape(SIZE / 8))
}

/**
 * Reads a log line by line without copying: after `next` returned true, the line is `bytes` from `start` up to `end`.
 * Offsets count uncompressed bytes from the beginning of the file, lines count from 1.
 */
export class LineReader implements RecordReader {
  /** Holds the line at hand. What is held beyond the next `fill` must be counted in it. */
  chunk: Chunk = newChunk()
  start = 0
  end = 0
  /** Number of the line at hand. */
  line: number
  /** Set instead of a usable line when it was too long to hold. */
  overlong: Overlong | undefined
  private readonly source: Bytes
  private readonly follow: boolean
  private limit = 0
  private filled = 0
  private upcoming = 0
  /** Offset in the file of `bytes[0]`. */
  private base: number
  private ended = false
  private skipping: { head: Buffer; length: number; last: number; offset: number } | undefined
  private overlongOffset = 0
  /** Chunks other than the one at hand: full of what is held, or free again. */
  private others: Chunk[] = []

  constructor(source: Bytes, offset: number, line: number, follow: boolean) {
    this.source = source
    this.base = offset
    this.line = line
    this.follow = follow
  }

  static async open(name: string, options: { offset?: number; line?: number; follow?: boolean } = {}): Promise<LineReader> {
    const offset = options.offset ?? 0
    return new LineReader(await openBytes(name, offset, options), offset, options.line ?? 0, options.follow ?? false)
  }

  get bytes(): Buffer {
    return this.chunk.bytes
  }

  get name(): string {
    return this.source.name
  }

  /** Offset of the line at hand. */
  get offset(): number {
    return this.overlong ? this.overlongOffset : this.base + this.start
  }

  /** Offset of the line after it. */
  get nextOffset(): number {
    // While a line is being let go, it is still the next one: nothing of it has been told.
    return this.skipping ? this.skipping.offset : this.base + this.upcoming
  }

  here(): Position {
    return { offset: this.offset, line: this.line - 1 }
  }

  after(): Position {
    return { offset: this.nextOffset, line: this.line }
  }

  /** What cut the log short, if anything did. */
  get fault(): Bytes['fault'] {
    return this.source.fault
  }

  /** Whether the last lines told, or the next, are what a log without a line break at its end ends with: it may not be whole yet. */
  get isTail(): boolean {
    return this.ended
  }

  progress(): { read: number; size: number } {
    return this.source.progress()
  }

  /** Steps to the next line that is in memory; false when `fill` must be called first. */
  next(): boolean {
    this.overlong = undefined
    const at = this.upcoming
    if (at >= this.limit) return false
    let end = this.bytes.indexOf(LINE_FEED, at)
    if (end < 0 || end >= this.limit) end = this.limit
    this.upcoming = end + 1 > this.limit ? this.limit : end + 1
    this.line++
    if (this.skipping) {
      // The tail of a line whose beginning was let go.
      const last = end > at ? this.bytes[end - 1] : this.skipping.last
      this.overlong = { head: this.skipping.head, length: this.skipping.length + (end - at) - (last === RETURN ? 1 : 0) }
      this.overlongOffset = this.skipping.offset
      this.skipping = undefined
    }
    this.start = at
    this.end = end > at && this.bytes[end - 1] === RETURN ? end - 1 : end
    if (this.line === 1 && end - at >= 3 && this.bytes[at] === 0xef && this.bytes[at + 1] === 0xbb && this.bytes[at + 2] === 0xbf) this.start = at + 3
    return true
  }

  /** Reads on; false at the end of the log (when following without a fault: at its present end). Call it when `next` returned false. */
  async fill(): Promise<boolean> {
    this.limit = this.upcoming
    // INVARIANT: what is left in `bytes` from `upcoming` on is the beginning of one line.
    while (!this.ended) {
      if (SIZE - this.filled < LEAST_ROOM) this.carry()
      const from = this.filled
      const n = await this.source.read(this.bytes.subarray(0, Math.min(SIZE, from + READ)), from)
      if (n === 0) {
        if (this.follow && this.source.fault === undefined) return false
        this.ended = true
        break
      }
      this.filled += n
      const last = this.bytes.lastIndexOf(LINE_FEED, this.filled - 1)
      if (last >= from) {
        this.limit = last + 1
        return true
      }
      if (this.filled - this.upcoming > MOST_BYTES + 2) this.letGo()
    }
    if (this.filled === this.upcoming) return this.exposeSkipped()
    // The last line of a log that ends without a line break.
    this.limit = this.filled
    return true
  }

  /** Carries the beginning of the next line over to where there is room: to another chunk, if something in this one is held. */
  private carry(): void {
    const { chunk } = this
    if (chunk.holds > 0) {
      const free = this.others.filter((c) => c.holds === 0)
      this.chunk = free.pop() ?? newChunk()
      this.others = [...this.others.filter((c) => c.holds > 0), ...free.slice(0, MOST_FREE), chunk]
    }
    this.chunk.tape.clear()
    chunk.bytes.copy(this.chunk.bytes, 0, this.upcoming, this.filled)
    this.base += this.upcoming
    this.filled -= this.upcoming
    this.upcoming = 0
    this.limit = 0
  }

  close(): Promise<void> {
    return this.source.close()
  }

  /** Forgets the beginning of a line that is too long to be an event; its first bytes are kept. */
  private letGo(): void {
    const { upcoming, filled } = this
    this.skipping ??= { head: Buffer.from(this.bytes.subarray(upcoming, upcoming + KEPT_OF_LONG)), length: 0, last: 0, offset: this.base + upcoming }
    this.skipping.length += filled - upcoming
    this.skipping.last = this.bytes[filled - 1] as number
    this.base += filled - upcoming
    this.filled = upcoming
  }

  /** A log that ends inside a line that was let go: an empty tail stands for the rest of it. */
  private exposeSkipped(): boolean {
    if (!this.skipping) return false
    this.bytes[this.filled++] = LINE_FEED
    this.base--
    this.limit = this.filled
    return true
  }
}
