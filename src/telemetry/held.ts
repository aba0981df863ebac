import { invariant } from '../base/errors.ts'
import type { Ms } from '../base/time.ts'
import type { Event } from './event.ts'
import type { Seen } from './scan.ts'
import type { Tape, Texts } from './tape.ts'

/**
 * An event that waits for its turn: what time needs to know of it, and the rest when it is read. An `Event` is one itself.
 * Exactly one of `read` and `drop` is called, once; what it says holds until the next event is decoded then.
 */
export interface Held {
  readonly time: Ms
  readonly received: Ms | undefined
  /** When its record was appended to the log, where the log says so: set by who reads it. Else `received` stands for it. */
  stamp: Ms | undefined
  readonly platform: string
  /** Which optional fields the platform gave: see `Event.present`. */
  readonly present: number
  read(): Event
  /** The event will not be read. */
  drop(): void
}

/** Bytes of many records, kept as they are as long as some of them are held. */
export class Chunk {
  readonly bytes: Buffer
  readonly tape: Tape
  /** How many records in it are held. */
  holds = 0

  constructor(bytes: Buffer, tape: Tape) {
    this.bytes = bytes
    this.tape = tape
  }
}

/** What `Held` says of itself, for those that are used again and again. */
export abstract class Reused implements Held {
  // A fraction, so that the fields are made for numbers of any kind.
  time: Ms = 0.5
  received: Ms | undefined = undefined
  stamp: Ms | undefined = undefined
  platform = ''
  present = 0

  abstract read(): Event
  abstract drop(): void
}

/**
 * A record that is known to be a good event, still as bytes: thousands wait at a time, and as objects they would have to
 * be carried from the young to the old part of memory and collected there.
 */
class HeldRecord extends Reused {
  private at = 0
  private start = 0
  private end = 0
  private chunk: Chunk | undefined = undefined
  private readonly waiting: Waiting

  constructor(waiting: Waiting) {
    super()
    this.waiting = waiting
  }

  hold({ time, received, platform, present, at }: Seen, chunk: Chunk, start: number, end: number): void {
    this.time = time
    this.received = received
    this.stamp = undefined
    this.platform = platform
    this.present = present
    this.at = at
    this.start = start
    this.end = end
    this.chunk = chunk
    chunk.holds++
  }

  read(): Event {
    const { start, end } = this
    const chunk = this.letGo()
    const event = chunk.tape.read(this.at, chunk.bytes, start, end, this.waiting.texts)
    event.time = this.time
    event.received = this.received
    event.stamp = this.stamp
    event.platform = this.platform
    event.present = this.present
    return event
  }

  drop(): void {
    this.letGo()
  }

  private letGo(): Chunk {
    const { chunk } = this
    invariant(chunk !== undefined, 'a held event was read or dropped twice')
    this.chunk = undefined
    chunk.holds--
    this.waiting.free.push(this)
    return chunk
  }
}

/** Makes held records, and takes those that were read or dropped again: the same few thousand serve for all. */
export class Waiting {
  readonly texts: Texts
  readonly free: HeldRecord[] = []

  constructor(texts: Texts) {
    this.texts = texts
  }

  hold(seen: Seen, chunk: Chunk, start: number, end: number): Held {
    const record = this.free.pop() ?? new HeldRecord(this)
    record.hold(seen, chunk, start, end)
    return record
  }
}
