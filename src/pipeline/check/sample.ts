/** Different values that are kept as they are. */
const MOST_EXACT = 20_000
/** Beyond that, values lie in bins whose bounds are a hundredth apart. */
const GROWTH = Math.log(1.01)
const EXACT_BELOW = 100

/**
 * Whole numbers, such as milliseconds, of which quantiles are asked. Exact up to 20,000 different values, then to within 0.5 %, in bounded
 * memory: the same values in any order give the same answers.
 */
export class Sample {
  /** How many values there are. */
  n = 0
  isExact = true
  private counts = new Map<number, number>()
  private ordered: [value: number, count: number][] | undefined

  add(value: number, times = 1): void {
    const key = this.isExact ? Math.round(value) : binOf(value)
    this.counts.set(key, (this.counts.get(key) ?? 0) + times)
    this.n += times
    this.ordered = undefined
    if (this.isExact && this.counts.size > MOST_EXACT) this.coarsen()
  }

  /** The least value that at least this share of all do not exceed; undefined of nothing. */
  quantile(share: number): number | undefined {
    return quantileOf(this.sorted(), share * this.n)
  }

  get least(): number | undefined {
    return this.sorted()[0]?.[0]
  }

  get most(): number | undefined {
    return this.sorted().at(-1)?.[0]
  }

  /** Median of the distances from the median. */
  spread(): number | undefined {
    const median = this.quantile(0.5)
    if (median === undefined) return undefined
    const distances = new Sample()
    for (const [value, count] of this.counts) distances.add(Math.abs(value - median), count)
    return distances.quantile(0.5)
  }

  /** The share of values from `low` to `high`. */
  share(low: number, high: number): number {
    let within = 0
    for (const [value, count] of this.counts) if (value >= low && value <= high) within += count
    return this.n === 0 ? 0 : within / this.n
  }

  /** The commonest value, of equally common ones the least, and its share. */
  mode(): { value: number; share: number } | undefined {
    let best: [value: number, count: number] | undefined
    for (const pair of this.sorted()) if (best === undefined || pair[1] > best[1]) best = pair
    return best && { value: best[0], share: best[1] / this.n }
  }

  private sorted(): [value: number, count: number][] {
    return (this.ordered ??= [...this.counts].sort(([a], [b]) => a - b))
  }

  private coarsen(): void {
    const before = this.counts
    this.isExact = false
    this.counts = new Map()
    for (const [value, count] of before) {
      const bin = binOf(value)
      this.counts.set(bin, (this.counts.get(bin) ?? 0) + count)
    }
  }
}

/** The value that stands for all in its bin. */
function binOf(value: number): number {
  const size = Math.abs(value)
  if (size <= EXACT_BELOW) return Math.round(value)
  return Math.sign(value) * Math.round(Math.exp(Math.round(Math.log(size) / GROWTH) * GROWTH))
}

function quantileOf(sorted: readonly (readonly [number, number])[], rank: number): number | undefined {
  let before = 0
  for (const [value, count] of sorted) {
    before += count
    if (before >= rank) return value
  }
  return sorted.at(-1)?.[0]
}
