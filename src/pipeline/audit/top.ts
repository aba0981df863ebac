import { Heap } from '../../base/order.ts'

/** The first `most` of any number of items, by a total order. */
export class Top<T> {
  private readonly heap: Heap<T>
  private readonly most: number
  private readonly compare: (a: T, b: T) => number

  constructor(most: number, compare: (a: T, b: T) => number) {
    this.most = most
    this.compare = compare
    this.heap = new Heap<T>((a, b) => compare(a, b) > 0)
  }

  add(item: T): void {
    if (this.heap.size === this.most && this.compare(item, this.heap.peek() as T) >= 0) return
    this.heap.push(item)
    if (this.heap.size > this.most) this.heap.pop()
  }

  sorted(): T[] {
    return [...this.heap.values()].sort(this.compare)
  }
}
