import { isUtf8 } from 'node:buffer'
import { Heap } from '../base/order.ts'
import { KEPT_OF_LONG } from '../io/lines.ts'
import type { Position, RecordReader } from '../io/record-reader.ts'
import { MOST_BYTES, type DecodeSink, type Decoder } from '../telemetry/decode.ts'
import type { Held } from '../telemetry/held.ts'
import type { RejectReason } from '../telemetry/rejects.ts'
import type { Reject } from './rejects.ts'

export type { Position } from '../io/record-reader.ts'
export type { Reject } from './rejects.ts'

/** Is told what did not become an event. */
export interface CursorSinks {
  reject(reject: Reject): void
  ignored(verb: string): void
  blank(): void
  /** Once for each line without an event, after what there was to tell of it. */
  passed(): void
}

/** One log, read record by record: `head` holds the events of the record at hand. */
export class Cursor {
  readonly head: Held[] = []
  readonly reader: RecordReader
  private readonly decoder: Decoder
  private readonly sinks: CursorSinks
  private readonly sink: DecodeSink
  /** What the record at hand holds besides events. */
  private readonly notes: (() => void)[] = []

  constructor(reader: RecordReader, decoder: Decoder, sinks: CursorSinks) {
    this.reader = reader
    this.decoder = decoder
    this.sinks = sinks
    this.sink = {
      event: (event) => {
        this.head.push(event)
      },
      reject: (reason, message) => {
        const reject = this.rejectOf(reason, message)
        this.notes.push(() => this.sinks.reject(reject))
      },
      ignored: (verb) => {
        this.notes.push(() => this.sinks.ignored(verb))
      },
    }
  }

  /** Where to read on so that the record at hand comes again. */
  position(): Position {
    return this.head.length > 0 ? this.reader.here() : this.reader.after()
  }

  /** Steps to the next record with events that is in memory; false when `fill` must be called. */
  next(): boolean {
    const { reader, head, sinks } = this
    this.consume()
    while (reader.next()) {
      if (reader.overlong) {
        sinks.reject(this.rejectOf('too-long', `the line has ${reader.overlong.length} bytes, ${MOST_BYTES} are allowed`))
        sinks.passed()
        continue
      }
      this.decoder.decode(this.sink, reader.bytes, reader.start, reader.end, reader.chunk)
      if (head.length > 0) return true
      if (this.notes.length === 0) sinks.blank()
      else this.tell()
      sinks.passed()
    }
    return false
  }

  /** Done with the record at hand. */
  consume(): void {
    if (this.notes.length > 0) this.tell()
    // Cheaper than setting the length, once a line.
    while (this.head.length > 0) this.head.pop()
  }

  private tell(): void {
    for (const note of this.notes) note()
    this.notes.length = 0
  }

  fill(): Promise<boolean> {
    return this.reader.fill()
  }

  /** The record at hand as a reject: for the decoder, and for an event whose clock is wrong. */
  rejectOf(reason: RejectReason, message: string): Reject {
    const { reader } = this
    const { overlong, start, end } = reader
    const length = overlong?.length ?? end - start
    const bytes = overlong?.head ?? reader.bytes.subarray(start, length > MOST_BYTES ? start + KEPT_OF_LONG : end)
    const original = isUtf8(bytes) ? { text: bytes.toString('utf8') } : { base64: bytes.toString('base64') }
    return { format: 1, reason, message, file: reader.name, line: reader.line, offset: reader.offset, ...original, length }
  }
}

/** Several logs as one, by event time of the record at the head of each; of equal ones the first named. */
export class Merge {
  readonly cursors: readonly Cursor[]
  private readonly heads: Heap<{ cursor: Cursor; order: number }>
  private readonly fill: (cursor: Cursor) => Promise<boolean>
  private started = false

  /** `fill` reads a cursor's log on; false where there is no more to come. */
  constructor(cursors: readonly Cursor[], fill: (cursor: Cursor) => Promise<boolean> = (c) => c.fill()) {
    this.cursors = cursors
    this.fill = fill
    this.heads = new Heap((a, b) => headTime(a.cursor) < headTime(b.cursor) || (headTime(a.cursor) === headTime(b.cursor) && a.order < b.order))
  }

  /** The next record's cursor; undefined when all logs have ended (when following: at their present end). */
  async next(last: Cursor | undefined): Promise<Cursor | undefined> {
    if (!this.started) {
      this.started = true
      for (const [order, cursor] of this.cursors.entries()) if (await this.step(cursor)) this.heads.push({ cursor, order })
    } else if (last) {
      const order = this.cursors.indexOf(last)
      if (last.next() || (await this.step(last))) this.heads.push({ cursor: last, order })
    }
    return this.heads.pop()?.cursor
  }

  /** Steps a cursor, reading on as needed; false at the end of its log. */
  private async step(cursor: Cursor): Promise<boolean> {
    while (!cursor.next()) if (!(await this.fill(cursor))) return false
    return true
  }
}

function headTime(cursor: Cursor): number {
  return (cursor.head[0] as Held).time
}
