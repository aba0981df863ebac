import type { Ms } from '../base/time.ts'
import { compareText, Heap } from '../base/order.ts'
import type { Warning } from '../warnings/warning.ts'
import { LAST, TIMERS, type Row, type Table } from './table.ts'

/** An episode that was sent and is not over: what the next revision needs. */
export interface OpenEpisode {
  /** Of a rule in the shadow. */
  shadow?: true
  rule: string
  id: string
  /** Last revision sent. */
  revision: number
  /** The last revision, to end it with if its rule goes. */
  last: Warning
  /** What it grew from is gone, though its rule is not: it ends like those of rules that are gone. */
  isCut?: true
}

/** The state of one key (a learner or a resource) in one stage: what one hash look-up finds. Its numbers and references are a row of a table. */
export class Entry implements Row {
  readonly id: string
  numbers!: Float64Array
  at = 0
  row = 0
  refs!: unknown[]
  rares: unknown[] | undefined = undefined
  open: OpenEpisode[] | undefined = undefined
  /** Changed since the last snapshot. */
  dirty = false
  /** Swept or replaced: its row may be another's, and timers left in the queue must find nothing. */
  isGone = false
  /** The snapshot's bytes of references and open episodes, until the key is first touched. */
  packed: Uint8Array | undefined = undefined
  /** Decodes `packed`. */
  unpack: ((entry: Entry, packed: Uint8Array) => void) | undefined = undefined

  /** `isPacked`: of a snapshot whose bytes are put into `packed`. */
  constructor(id: string, table: Table, isPacked = false) {
    this.id = id
    table.add(this, isPacked)
  }

  /** What orders timers of one time; no other key of the stage has it. */
  get key(): string {
    return this.id
  }

  /** Time of the last event or sighting; `horizon`s count from it. */
  get last(): Ms {
    return this.numbers[this.at + LAST] as Ms
  }

  set last(time: Ms) {
    this.numbers[this.at + LAST] = time
  }

  /** Decodes the snapshot's bytes, once. */
  load(): void {
    if (this.packed !== undefined) this.unpack?.(this, this.packed)
    this.packed = undefined
    this.unpack = undefined
  }

  /** When the timer of a slot is due; 0 for none. */
  wake(slot: number): Ms {
    return this.numbers[this.at + TIMERS + 2 * slot] as Ms
  }
}

/** So many keys of a snapshot, untouched since, are looked into by one sweep: it must not take long. */
export const DECODED_PER_SWEEP = 10_000

interface Due<E extends Entry> {
  at: Ms
  entry: E
  slot: number
}

function isBefore(a: Due<Entry>, b: Due<Entry>): boolean {
  return a.entry === b.entry ? a.slot < b.slot : compareText(a.entry.key, b.entry.key) < 0
}

/**
 * Timers of one group of keys that share a watermark, fired in (time, key, slot) order. A timer that moves later stays
 * queued where it was and is queued again when that time comes: moving it on every event costs nothing.
 */
export class Timers<E extends Entry> {
  private readonly heap = new Heap<Due<E>>((a, b) => a.at < b.at || (a.at === b.at && isBefore(a, b)))

  set(entry: E, slot: number, at: Ms | undefined): void {
    const { numbers } = entry
    const place = entry.at + TIMERS + 2 * slot
    numbers[place] = at ?? 0
    if (at === undefined) return
    const earliest = numbers[place + 1] as Ms
    if (earliest !== 0 && earliest <= at) return
    numbers[place + 1] = at
    this.heap.push({ at, entry, slot })
  }

  /** Puts the timers of an entry that was loaded into the queue. */
  restore(entry: E, slots: number): void {
    for (let slot = 0; slot < slots; slot++) {
      const at = entry.wake(slot)
      entry.numbers[entry.at + TIMERS + 2 * slot + 1] = 0
      if (at !== 0) this.set(entry, slot, at)
    }
  }

  /** Removes and returns the next timer due at or before `upTo`. */
  next(upTo: Ms): Due<E> | undefined {
    for (;;) {
      const due = this.heap.peek()
      if (due === undefined || due.at > upTo) return undefined
      this.heap.pop()
      const { entry, slot, at } = due
      const { numbers } = entry
      const place = entry.at + TIMERS + 2 * slot
      if (entry.isGone || numbers[place + 1] !== at) continue
      numbers[place + 1] = 0
      const wake = numbers[place] as Ms
      if (wake === 0) continue
      if (wake > at) {
        this.set(entry, slot, wake)
        continue
      }
      numbers[place] = 0
      return due
    }
  }

  /** Whether a timer is due at or before `upTo`, roughly: a quick look before `next`. */
  mayBeDue(upTo: Ms): boolean {
    const due = this.heap.peek()
    return due !== undefined && due.at <= upTo
  }
}
