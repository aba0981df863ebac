import { invariant } from '../base/errors.ts'
import type { Ms } from '../base/time.ts'
import type { Event } from './event.ts'
import type { Scanner } from './scan.ts'

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
export interface Chunk {
  readonly bytes: Buffer
  /** How many records in it are held. */
  holds: number
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
  private readonly scanner: Scanner
  private readonly chunk: Chunk
  private readonly start: number
  private readonly end: number

  constructor(seen: Event, scanner: Scanner, chunk: Chunk, start: number, end: number) {
    this.time = seen.time
    this.received = seen.received
    this.platform = seen.platform
    this.present = seen.present
    this.scanner = scanner
    this.chunk = chunk
    this.start = start
    this.end = end
    chunk.holds++
  }

  read(): Event {
    this.chunk.holds--
    const event = this.scanner.read(this.chunk.bytes, this.start, this.end)
    invariant(event !== undefined, 'a record that was good cannot be read any more')
    return event
  }

  drop(): void {
    this.chunk.holds--
  }
}
