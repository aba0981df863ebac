import { lasting } from '../base/memory.ts'

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

  /** Makes the place of a new learner: that of its row. */
  open(row: number): void {
    while (row >= this.pages.length * PAGE) this.pages.push(new Int32Array(lasting(PAGE * KEPT * Int32Array.BYTES_PER_ELEMENT)))
    this.clear(row)
  }

  /** Forgets a learner's ids. */
  clear(row: number): void {
    this.page(row).fill(0, (row % PAGE) * KEPT, (row % PAGE) * KEPT + KEPT)
  }

  /** Remembers the id of the learner's event number `n` (from 0), by `Event.idHash`. */
  add(row: number, n: number, hash: number): void {
    this.page(row)[(row % PAGE) * KEPT + (n % KEPT)] = hash || EMPTY
  }

  has(row: number, hash: number): boolean {
    const start = (row % PAGE) * KEPT
    return this.page(row).subarray(start, start + KEPT).includes(hash || EMPTY)
  }

  /** What is saved of a learner takes so many. */
  readonly bytes = KEPT * Int32Array.BYTES_PER_ELEMENT

  /** Writes what is saved of a learner into `out`; returns how much that is. */
  write(row: number, out: Buffer, at: number): number {
    const { buffer, byteOffset } = this.page(row)
    out.set(new Uint8Array(buffer, byteOffset + (row % PAGE) * this.bytes, this.bytes), at)
    return this.bytes
  }

  /** Takes over what was saved of a learner, in `data` from `from` on. */
  load(row: number, data: Buffer, from: number): void {
    const { buffer, byteOffset } = this.page(row)
    data.copy(new Uint8Array(buffer, byteOffset + (row % PAGE) * this.bytes, this.bytes), 0, from, from + this.bytes)
  }

  /** Takes over a learner's ids as they are in another task. */
  copy(row: number, from: RecentIds, of: number): void {
    const start = (of % PAGE) * KEPT
    this.page(row).set(from.page(of).subarray(start, start + KEPT), (row % PAGE) * KEPT)
  }

  private page(row: number): Int32Array {
    return this.pages[Math.floor(row / PAGE)] as Int32Array
  }
}
