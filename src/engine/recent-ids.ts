const KEPT = 64
const PAGE = 1024
// 0 stands for an empty place.
const EMPTY = 1

/**
 * The last 64 event ids of each learner, as 32-bit hashes in shared pages: 256 bytes a learner outside the garbage
 * collector's sight. Only a late event is looked up, so that one in 67 million of them is taken for a duplicate by chance.
 */
export class RecentIds {
  private readonly pages: Int32Array[] = []
  private readonly free: number[] = []
  private used = 0

  /** A place for one more learner. */
  allot(): number {
    const slot = this.free.pop() ?? this.used++
    if (slot >= this.pages.length * PAGE) this.pages.push(new Int32Array(PAGE * KEPT))
    return slot
  }

  /** Gives a place back. */
  release(slot: number): void {
    this.clear(slot)
    this.free.push(slot)
  }

  /** Forgets a learner's ids. */
  clear(slot: number): void {
    this.page(slot).fill(0, (slot % PAGE) * KEPT, (slot % PAGE) * KEPT + KEPT)
  }

  /** Remembers the id of the learner's event number `n` (from 0), by `Event.idHash`. */
  add(slot: number, n: number, hash: number): void {
    this.page(slot)[(slot % PAGE) * KEPT + (n % KEPT)] = hash || EMPTY
  }

  has(slot: number, hash: number): boolean {
    const start = (slot % PAGE) * KEPT
    return this.page(slot).subarray(start, start + KEPT).includes(hash || EMPTY)
  }

  save(slot: number): Uint8Array {
    const start = (slot % PAGE) * KEPT
    return new Uint8Array(this.page(slot).slice(start, start + KEPT).buffer)
  }

  load(slot: number, bytes: Uint8Array): void {
    this.page(slot).set(new Int32Array(Uint8Array.from(bytes).buffer), (slot % PAGE) * KEPT)
  }

  private page(slot: number): Int32Array {
    return this.pages[Math.floor(slot / PAGE)] as Int32Array
  }
}
