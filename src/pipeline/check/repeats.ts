import type { Ms } from '../../base/time.ts'
import { hash53 } from './hash.ts'

/** Ids that are remembered at least: as many as lie between an event and the repetition that is still found. */
export const REMEMBERED = 1_000_000
const SLOTS = 1 << 21

/** Ids with their times, by hash: open addressing, half full at most. */
class Generation {
  size = 0
  private readonly hashes = new Float64Array(SLOTS).fill(-1)
  private readonly times = new Float64Array(SLOTS)

  find(hash: number): Ms | undefined {
    const slot = this.slotOf(hash)
    return this.hashes[slot] === hash ? this.times[slot] : undefined
  }

  add(hash: number, time: Ms): void {
    const slot = this.slotOf(hash)
    if (this.hashes[slot] !== hash) this.size++
    this.hashes[slot] = hash
    this.times[slot] = time
  }

  private slotOf(hash: number): number {
    let slot = hash % SLOTS
    while (this.hashes[slot] !== -1 && this.hashes[slot] !== hash) slot = (slot + 1) % SLOTS
    return slot
  }
}

/** Finds ids that come again, among the last million events at least: 64 MB at most, however long the log is. */
export class Repeats {
  private young: Generation | undefined
  private old: Generation | undefined

  /** Takes the next event: its id is new, was there at the same time (a duplicate, and harmless), or was there at another time. */
  take(platform: string, learner: string, id: string, time: Ms): 'new' | 'same' | { before: Ms } {
    const hash = hash53(`${platform}\u0000${learner}\u0000${id}`)
    const young = (this.young ??= new Generation())
    const before = young.find(hash) ?? this.old?.find(hash)
    if (before !== undefined) return before === time ? 'same' : { before }
    young.add(hash, time)
    if (young.size >= REMEMBERED) {
      this.old = young
      this.young = undefined
    }
    return 'new'
  }
}
