import type { Ms } from '../base/time.ts'
import type { Event } from './event.ts'
import type { Seen } from './scan.ts'
import type { Tape, Texts } from './tape.ts'

/**
 * An event that waits for its turn: what time needs to know of it, and the rest when it is read. An `Event` is one itself.
 * Exactly one of `read` and `drop` is called, once.
 */
export interface Held {
  readonly time: Ms
  readonly received: Ms | undefined
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

/**
 * A record that is known to be a good event, still as bytes: thousands wait at a time, and as objects they would have to
 * be carried from the young to the old part of memory and collected there.
 */
export class HeldRecord implements Held {
  readonly time: Ms
  readonly received: Ms | undefined
  readonly platform: string
  readonly present: number
  private readonly at: number
  private readonly texts: Texts
  private readonly chunk: Chunk
  private readonly start: number
  private readonly end: number

  constructor({ time, received, platform, present, at }: Seen, texts: Texts, chunk: Chunk, start: number, end: number) {
    this.time = time
    this.received = received
    this.platform = platform
    this.present = present
    this.at = at
    this.texts = texts
    this.chunk = chunk
    this.start = start
    this.end = end
    chunk.holds++
  }

  read(): Event {
    const { chunk } = this
    chunk.holds--
    const event = chunk.tape.read(this.at, chunk.bytes, this.start, this.end, this.texts)
    event.time = this.time
    event.received = this.received
    event.platform = this.platform
    event.present = this.present
    return event
  }

  drop(): void {
    this.chunk.holds--
  }
}
