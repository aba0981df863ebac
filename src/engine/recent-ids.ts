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
    while (row >= this.pages.length * PAGE) this.pages.push(new Int32Array(PAGE * KEPT))
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

  save(row: number): Uint8Array {
    const start = (row % PAGE) * KEPT
    return new Uint8Array(this.page(row).slice(start, start + KEPT).buffer)
  }

  /** Writes what `save` gives into `out`; returns how much that is. */
  write(row: number, out: Buffer, at: number): number {
    const { buffer, byteOffset } = this.page(row)
    out.set(new Uint8Array(buffer, byteOffset + (row % PAGE) * this.bytes, this.bytes), at)
    return this.bytes
  }

  load(row: number, bytes: Uint8Array): void {
    this.page(row).set(new Int32Array(Uint8Array.from(bytes).buffer), (row % PAGE) * KEPT)
  }

  private page(row: number): Int32Array {
    return this.pages[Math.floor(row / PAGE)] as Int32Array
  }
}
