/** Median of the last `size` values; before so many have come there is none, and nothing moves by it. */
export class RunningMedian {
  private readonly ring: Float64Array
  private readonly sorted: Float64Array
  private count = 0

  constructor(size: number, values: readonly number[] = []) {
    this.ring = new Float64Array(size)
    this.sorted = new Float64Array(size).fill(Infinity)
    for (const v of values) this.add(v)
  }

  /** Adds a value and returns the median, or -Infinity while there are too few. */
  add(value: number): number {
    const { ring, sorted } = this
    const size = ring.length
    const slot = this.count % size
    let i: number
    if (this.count < size) i = this.count
    else {
      const old = ring[slot] as number
      i = 0
      while (sorted[i] !== old) i++
    }
    ring[slot] = value
    // The hole left by the oldest value moves to where the new one belongs.
    while (i > 0 && (sorted[i - 1] as number) > value) {
      sorted[i] = sorted[i - 1] as number
      i--
    }
    while (i + 1 < size && (sorted[i + 1] as number) < value) {
      sorted[i] = sorted[i + 1] as number
      i++
    }
    sorted[i] = value
    this.count++
    return this.count < size ? -Infinity : (sorted[size >> 1] as number)
  }

  /** The values from oldest to newest. */
  save(): number[] {
    const size = this.ring.length
    const kept = Math.min(this.count, size)
    return Array.from({ length: kept }, (_, i) => this.ring[(this.count - kept + i) % size] as number)
  }
}
