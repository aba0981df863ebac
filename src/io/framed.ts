import { MOST_BYTES } from '../telemetry/decode.ts'
import type { Bytes } from './bytes.ts'
import type { Framing } from './framing.ts'
import { KEPT_OF_LONG } from './lines.ts'
import type { Overlong, Position, RecordReader } from './record-reader.ts'

const READ = 1 << 18
const SIZE = 1 << 22
/** A record may have as many bytes as one in a line, and its line break. */
const LONGEST = MOST_BYTES + 2
const [LINE_FEED, RETURN] = [0x0a, 0x0d]

export interface FramedOptions {
  from?: Position
  follow?: boolean
  /** Takes the first record that is not blank, which is none: the names of a table's columns. */
  header?: (record: Buffer) => void
}

/** Reads records that a framing finds, such as rows of CSV with line breaks in them. */
export class FramedReader implements RecordReader {
  bytes = Buffer.allocUnsafeSlow(SIZE)
  start = 0
  end = 0
  line = 0
  readonly chunk = undefined
  overlong: Overlong | undefined
  offset = 0
  private readonly source: Bytes
  private readonly framing: Framing
  private readonly follow: boolean
  private header: ((record: Buffer) => void) | undefined
  /** Offset in the log of `bytes[0]`. */
  private base: number
  private filled = 0
  /** Up to where the framing has gone. */
  private scanned = 0
  /** Where the record that has begun begins; less than 0 where there is none. */
  private begun = -1
  private ended = false
  /** A record that is too long, while its end is looked for. */
  private skipping: { head: Buffer; offset: number; line: number } | undefined
  /** Line breaks before `counted`. */
  private lines: number
  private counted = 0
  private hereInside = false
  private behind: Position

  constructor(source: Bytes, framing: Framing, { from = { offset: 0, line: 0 }, follow = false, header }: FramedOptions = {}) {
    this.source = source
    this.framing = framing
    this.follow = follow
    this.header = header
    this.base = from.offset
    this.lines = from.line
    this.behind = from
  }

  get name(): string {
    return this.source.name
  }

  get fault(): Bytes['fault'] {
    return this.source.fault
  }

  get isTail(): boolean {
    return this.ended
  }

  here(): Position {
    return { offset: this.offset, line: this.line - 1, ...(this.hereInside ? { inside: true } : {}) }
  }

  after(): Position {
    return this.behind
  }

  progress(): { read: number; size: number } {
    return this.source.progress()
  }

  close(): Promise<void> {
    return this.source.close()
  }

  next(): boolean {
    this.overlong = undefined
    const { framing } = this
    for (;;) {
      // INVARIANT (pieces): what becomes of a record depends on its length alone, never on how much of what follows has been read.
      const limit = this.begun >= 0 ? Math.min(this.filled, this.begun + LONGEST) : this.filled
      switch (framing.scan(this.bytes, this.scanned, limit)) {
        case 'begin':
          this.begun = framing.at
          this.scanned = framing.resume
          continue
        case 'drop':
          this.begun = -1
          this.skipping = undefined
          this.scanned = framing.resume
          this.moveOn()
          continue
        case 'end':
          this.scanned = framing.resume
          if (framing.isBroken && this.begun >= 0) this.cut(framing.at, false)
          break
        case 'nothing':
          this.scanned = limit
          if (this.begun < 0 && !this.skipping) return false
          if (this.begun >= 0 && limit === this.begun + LONGEST) {
            if (!this.cut(limit, true) && this.letGo()) continue
          } else if (!this.ended) return false
          else this.atEnd()
      }
      if (this.tell()) return true
    }
  }

  /** The record's end is `framing.at`; false if it was the header. */
  private tell(): boolean {
    const { framing, begun, skipping, bytes } = this
    this.hereInside = framing.inside
    const end = bytes[framing.at - 1] === RETURN ? framing.at - 1 : framing.at
    if (skipping) {
      this.offset = skipping.offset
      this.line = skipping.line
      this.overlong = { head: skipping.head, length: this.base + end - skipping.offset }
      this.start = this.end = end
    } else {
      this.offset = this.base + begun
      this.line = this.countTo(begun) + 1
      this.start = begun
      this.end = Math.max(begun, end)
    }
    this.begun = -1
    this.skipping = undefined
    this.moveOn()
    if (this.header === undefined || (this.start === this.end && !skipping)) return true
    this.header(this.bytes.subarray(this.start, this.end))
    this.header = undefined
    return false
  }

  /** What follows is read from here on. */
  private moveOn(): void {
    this.behind = { offset: this.base + this.scanned, line: this.countTo(this.scanned), ...(this.framing.inside ? { inside: true } : {}) }
  }

  /** The record at hand is too long to hold: its end is looked for. */
  private letGo(): true {
    const { begun } = this
    this.skipping = { head: Buffer.from(this.bytes.subarray(begun, begun + KEPT_OF_LONG)), offset: this.base + begun, line: this.countTo(begun) + 1 }
    this.begun = -1
    return true
  }

  /** The log ends within a record, which ends with it. */
  private atEnd(): void {
    if (this.begun >= 0 && this.cut(this.filled, false)) return
    this.framing.reset()
    this.framing.at = this.filled
  }

  /** Ends the record where one that was not closed most likely ends, if it is not closed. */
  private cut(limit: number, isTooLong: boolean): boolean {
    const end = this.framing.cut(this.bytes, this.begun, limit, isTooLong)
    if (end < 0) return false
    this.framing.reset()
    this.framing.at = end
    this.scanned = end + 1
    return true
  }

  /** Line breaks before a place. */
  private countTo(place: number): number {
    while (this.counted < place) {
      const at = this.bytes.indexOf(LINE_FEED, this.counted)
      if (at < 0 || at >= place) break
      this.lines++
      this.counted = at + 1
    }
    this.counted = Math.max(this.counted, place)
    return this.lines
  }

  async fill(): Promise<boolean> {
    if (this.ended) return false
    if (SIZE - this.filled < READ) this.makeRoom()
    const n = await this.source.read(this.bytes.subarray(0, this.filled + READ), this.filled)
    this.filled += n
    if (n > 0) return true
    if (this.follow && this.source.fault === undefined) return false
    this.ended = true
    return this.begun >= 0 || this.skipping !== undefined
  }

  private makeRoom(): void {
    // The byte before may be the first of a line break. Lines in what goes must be counted.
    const keep = this.begun >= 0 ? this.begun : Math.max(0, this.scanned - 1)
    this.countTo(keep)
    this.bytes.copy(this.bytes, 0, keep, this.filled)
    this.base += keep
    this.filled -= keep
    this.scanned -= keep
    this.counted -= keep
    if (this.begun >= 0) this.begun -= keep
    this.framing.moved(keep)
  }
}
