import { lasting } from '../base/memory.ts'

/** Rows in one block. */
const BLOCK = 256

/** Rows of doubles of one width, in blocks outside the garbage collector's sight. */
export class Rows {
  readonly width: number
  /** The numbers of a new row. */
  readonly initial: Float64Array
  private readonly blocks: Float64Array[] = []
  private readonly free: number[] = []
  private used = 0

  constructor(initial: readonly number[]) {
    this.initial = Float64Array.from(initial)
    this.width = initial.length
  }

  /** A new row's number. */
  allot(): number {
    const row = this.free.pop() ?? this.used++
    if (row >= this.blocks.length * BLOCK) this.blocks.push(new Float64Array(lasting(BLOCK * this.width * Float64Array.BYTES_PER_ELEMENT)))
    this.block(row).set(this.initial, this.offset(row))
    return row
  }

  /** Gives a row back. */
  release(row: number): void {
    this.free.push(row)
  }

  /** The block that holds a row. */
  block(row: number): Float64Array {
    return this.blocks[Math.floor(row / BLOCK)] as Float64Array
  }

  /** Where a row begins in its block. */
  offset(row: number): number {
    return (row % BLOCK) * this.width
  }
}
