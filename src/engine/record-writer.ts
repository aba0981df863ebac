import { Packr, RESET_BUFFER_MODE } from 'msgpackr'
import type { Entry, OpenEpisode } from './entry.ts'
import { mostRowBytes, writeRow } from './layout.ts'
import type { LearnerEntry } from './learner-entry.ts'
import type { LearnerStage } from './learner-stage.ts'
import type { Table } from './table.ts'

/** What a key has besides its row: texts and objects, rare ones, and open episodes. */
export type Body = [refs: unknown[], rares: unknown[] | undefined, open: OpenEpisode[] | undefined]

const packr = new Packr({ useRecords: false, moreTypes: false })
const CHUNK = 1 << 20
const LENGTH = 4
// The head of a text or of bytes has at most five.
const HEAD = 5
// https://github.com/msgpack/msgpack/blob/master/spec.md
const [ARRAY, TEXT, TEXT_8, TEXT_16, BYTES_32] = [0x90, 0xa0, 0xd9, 0xda, 0xc6]

/**
 * Writes saved keys, each a msgpack array behind its length, into chunks, all of which are one and the same piece of memory: a new one for each made V8
 * collect all the time, since it counts what lies outside its heap, too. Rows and ids are copied there and not anywhere in between.
 */
export class RecordWriter {
  private out = Buffer.allocUnsafe(CHUNK)
  private at = 0
  private begun = 0

  private end(): void {
    this.out.writeUInt32BE(this.at - this.begun - LENGTH, this.begun)
  }

  /** Any record. */
  *put(record: readonly unknown[]): Generator<Uint8Array> {
    const bytes = packr.pack(record)
    if (!this.hasRoom(bytes.length)) yield* this.handOut()
    this.begin(bytes.length)
    this.at += bytes.copy(this.out, this.at)
    this.end()
  }

  *learner(platform: string, entry: LearnerEntry, { table, ids }: LearnerStage): Generator<Uint8Array> {
    const most = 1 + 6 * HEAD + 3 * (1 + platform.length + entry.id.length) + mostRowBytes(table) + ids.bytes
    let body = bodyOf(entry)
    if (!this.hasRoom(most + body.length)) {
      yield* this.handOut()
      body = bodyOf(entry)
    }
    this.begin(most + body.length)
    this.out[this.at++] = ARRAY | 6
    this.text('l')
    this.text(platform)
    this.text(entry.id)
    this.row(table, entry)
    this.bytes(body)
    this.head(ids.bytes)
    this.at += ids.write(entry.row, this.out, this.at)
    this.end()
  }

  *resource(resource: string, scope: string, entry: Entry & { readonly id: string }, table: Table): Generator<Uint8Array> {
    const most = 1 + 6 * HEAD + 3 * (1 + resource.length + scope.length + entry.id.length) + mostRowBytes(table)
    let body = bodyOf(entry)
    if (!this.hasRoom(most + body.length)) {
      yield* this.handOut()
      body = bodyOf(entry)
    }
    this.begin(most + body.length)
    this.out[this.at++] = ARRAY | 6
    this.text('r')
    this.text(resource)
    this.text(scope)
    this.text(entry.id)
    this.row(table, entry)
    this.bytes(body)
    this.end()
  }

  /** What no chunk that was handed out has. */
  *rest(): Generator<Uint8Array> {
    if (this.at > 0) yield this.out.subarray(0, this.at)
  }

  private hasRoom(most: number): boolean {
    return this.at === 0 || this.at + LENGTH + most <= this.out.length
  }

  /** A chunk is written over once the next one is asked for. */
  private *handOut(): Generator<Uint8Array> {
    yield this.out.subarray(0, this.at)
    this.at = 0
  }

  /** Begins a record of at most so many bytes. */
  private begin(most: number): void {
    if (LENGTH + most > this.out.length) this.out = Buffer.allocUnsafe(LENGTH + most)
    this.begun = this.at
    this.at += LENGTH
  }

  private text(text: string): void {
    const size = Buffer.byteLength(text)
    if (size < 32) this.out[this.at++] = TEXT | size
    else if (size < 256) {
      this.out[this.at++] = TEXT_8
      this.out[this.at++] = size
    } else {
      this.out[this.at++] = TEXT_16
      this.at = this.out.writeUInt16BE(size, this.at)
    }
    this.at += this.out.write(text, this.at)
  }

  private row(table: Table, entry: Entry): void {
    const size = writeRow(table, entry, this.out, this.at + HEAD)
    this.head(size)
    this.at += size
  }

  private bytes(bytes: Uint8Array): void {
    this.head(bytes.length)
    this.out.set(bytes, this.at)
    this.at += bytes.length
  }

  private head(size: number): void {
    this.out[this.at++] = BYTES_32
    this.at = this.out.writeUInt32BE(size, this.at)
  }
}

/** INVARIANT (memory): holds until anything else is packed, by whomever: never over a `yield`. */
function bodyOf(entry: Entry): Uint8Array {
  return entry.packed ?? packr.pack([entry.refs, entry.rares, entry.open] satisfies Body, RESET_BUFFER_MODE)
}
