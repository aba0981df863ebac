import { Heap } from '../base/order.ts'
import { SECOND, type Ms } from '../base/time.ts'

interface Bucket<T> {
  second: number
  items: T[]
  /** The lowest mark that covers an item in here. */
  mark: number
}

/**
 * Holds items until a watermark passes them, and hands them out in order, each once. `H` is an item as it is held, `T` as
 * it is handed out.
 */
export class Reorder<H extends { time: Ms }, T extends { time: Ms } = H> {
  private readonly buckets = new Map<number, Bucket<H>>()
  private readonly seconds = new Heap<Bucket<H>>((a, b) => a.second < b.second)
  private readonly compare: (a: T, b: T) => number
  private readonly merge: (a: T, b: T) => T
  private readonly open: (item: H) => T
  private last: Bucket<H> | undefined
  private held = 0
  /** Items dropped because they came twice. */
  duplicates = 0

  /** `compare` orders by time first; of two items that it calls equal, `merge` picks the one that stays, whatever their order. `open` reads a held item. */
  constructor(compare: (a: T, b: T) => number, merge: (a: T, b: T) => T, open: (item: H) => T) {
    this.compare = compare
    this.merge = merge
    this.open = open
  }

  get size(): number {
    return this.held
  }

  /** `mark` is the number of the mark that covers the item. */
  add(item: H, mark: number): void {
    const second = Math.floor(item.time / SECOND)
    let bucket = this.last
    if (bucket === undefined || bucket.second !== second) {
      bucket = this.buckets.get(second)
      if (bucket === undefined) {
        bucket = { second, items: [], mark }
        this.buckets.set(second, bucket)
        this.seconds.push(bucket)
      }
      this.last = bucket
    }
    if (mark < bucket.mark) bucket.mark = mark
    bucket.items.push(item)
    this.held++
  }

  /** Hands every item with time < `watermark` to `handle`. */
  release(watermark: Ms, handle: (item: T) => void): void {
    for (let bucket = this.seconds.peek(); bucket !== undefined && bucket.second * SECOND < watermark; bucket = this.seconds.peek()) {
      if ((bucket.second + 1) * SECOND <= watermark) {
        this.seconds.pop()
        this.buckets.delete(bucket.second)
        if (this.last === bucket) this.last = undefined
        this.hand(bucket.items, handle)
      } else {
        const now = bucket.items.filter((e) => e.time < watermark)
        if (now.length > 0) bucket.items = bucket.items.filter((e) => e.time >= watermark)
        this.hand(now, handle)
        return
      }
    }
  }

  private hand(held: H[], handle: (item: T) => void): void {
    const { compare, open } = this
    this.held -= held.length
    const items: T[] = []
    for (let i = 0; i < held.length; i++) items.push(open(held[i] as H))
    // The list may have grown old while it waited: what it still held would look alive to the collector of the young.
    held.length = 0
    if (!inOrder(items, compare)) items.sort(compare)
    for (let i = 0; i < items.length; i++) {
      let item = items[i] as T
      while (i + 1 < items.length && compare(item, items[i + 1] as T) === 0) {
        item = this.merge(item, items[++i] as T)
        this.duplicates++
      }
      handle(item)
    }
  }

  /** Everything held, in no particular order. */
  *values(): Generator<H> {
    for (const bucket of this.seconds.values()) yield* bucket.items
  }

  /** The lowest mark that covers an item still held, or Infinity. */
  oldestMark(): number {
    let oldest = Infinity
    for (const bucket of this.seconds.values()) if (bucket.mark < oldest) oldest = bucket.mark
    return oldest
  }
}

function inOrder<T>(items: readonly T[], compare: (a: T, b: T) => number): boolean {
  for (let i = 1; i < items.length; i++) if (compare(items[i - 1] as T, items[i] as T) > 0) return false
  return true
}
