import type { Ms } from '../base/time.ts'
import { Heap } from '../base/order.ts'
import type { Warning } from '../warnings/warning.ts'

/** An episode that was sent and is not over: what the next revision needs. */
export interface OpenEpisode {
  rule: string
  id: string
  /** Last revision sent. */
  revision: number
  /** The last revision, to end it with if its rule goes. */
  last: Warning
}

/**
 * The state of one key (a learner or a resource) in one stage: what one hash look-up finds. A rule's state stands in the
 * cell of its slot, made when first needed.
 */
export class Entry {
  readonly id: string
  /** Time of the last event or sighting; `horizon`s count from it. */
  last: Ms = -Infinity
  cells: unknown[] = []
  /** Per slot: when its timer is due, 0 for none. */
  wakes: Ms[] | undefined = undefined
  /** Per slot: the earliest time in the timer queue, 0 for none. */
  queued: Ms[] | undefined = undefined
  open: OpenEpisode[] | undefined = undefined
  /** Changed since the last snapshot. */
  dirty = false
  /** The snapshot's bytes, until the key is first touched. */
  packed: Uint8Array | undefined = undefined
  /** Decodes `packed`. */
  unpack: ((packed: Uint8Array) => void) | undefined = undefined

  constructor(id: string) {
    this.id = id
  }

  /** Decodes the snapshot's bytes, once. */
  load(): void {
    if (this.packed !== undefined) this.unpack?.(this.packed)
    this.packed = undefined
    this.unpack = undefined
  }

  /** Whether nothing is left in here that a new entry would not have, too. */
  get isBare(): boolean {
    if (this.open !== undefined) return false
    for (const cell of this.cells) if (cell !== undefined) return false
    return true
  }
}

/** So many keys of a snapshot, untouched since, are looked into by one sweep: it must not take long. */
export const DECODED_PER_SWEEP = 10_000

interface Due<E extends Entry> {
  at: Ms
  entry: E
  slot: number
}

/**
 * Timers of one group of keys that share a watermark, fired in (time, key, slot) order. A timer that moves later stays
 * queued where it was and is queued again when that time comes: moving it on every event costs nothing.
 */
export class Timers<E extends Entry> {
  private readonly heap = new Heap<Due<E>>((a, b) => a.at < b.at || (a.at === b.at && (a.entry.id < b.entry.id || (a.entry.id === b.entry.id && a.slot < b.slot))))

  set(entry: E, slot: number, at: Ms | undefined): void {
    const wakes = (entry.wakes ??= [])
    while (wakes.length <= slot) wakes.push(0)
    wakes[slot] = at ?? 0
    if (at === undefined) return
    const queued = (entry.queued ??= [])
    while (queued.length <= slot) queued.push(0)
    const earliest = queued[slot] as Ms
    if (earliest !== 0 && earliest <= at) return
    queued[slot] = at
    this.heap.push({ at, entry, slot })
  }

  /** Puts the timers of an entry that was loaded into the queue. */
  restore(entry: E): void {
    entry.queued = undefined
    entry.wakes?.forEach((at, slot) => {
      if (at !== 0) this.set(entry, slot, at)
    })
  }

  /** Removes and returns the next timer due at or before `upTo`. */
  next(upTo: Ms): Due<E> | undefined {
    for (;;) {
      const due = this.heap.peek()
      if (due === undefined || due.at > upTo) return undefined
      this.heap.pop()
      const { entry, slot, at } = due
      if (entry.queued?.[slot] !== at) continue
      entry.queued[slot] = 0
      const wake = entry.wakes?.[slot] ?? 0
      if (wake === 0) continue
      if (wake > at) {
        this.set(entry, slot, wake)
        continue
      }
      ;(entry.wakes as Ms[])[slot] = 0
      return due
    }
  }

  /** Whether a timer is due at or before `upTo`, roughly: a quick look before `next`. */
  mayBeDue(upTo: Ms): boolean {
    const due = this.heap.peek()
    return due !== undefined && due.at <= upTo
  }
}
