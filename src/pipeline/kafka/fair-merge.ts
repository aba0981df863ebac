import type { Ms } from '../../base/time.ts'

/** A record as far as merging needs it. */
export interface Stamped {
  /** When the log got it. */
  timestamp: string
}

interface Line<R extends Stamped> {
  queue: (readonly R[])[]
  /** Index in the first batch. */
  at: number
  waiting: number
  reached: number
  end: number
  /** Since when others wait for this one, by the wall clock. */
  since: Ms | undefined
}

/**
 * Puts records of several partitions in the order of their stamps, as far as they are known. INVARIANT (fair): a partition that was read
 * far ahead of another moves no time: while older records of one may still be unread, newer ones of the others wait, or the older
 * would be called late for no fault of theirs.
 */
export class FairMerge<R extends Stamped> {
  private readonly lines: Line<R>[] = []
  private readonly patience: Ms

  /** `patience`: how long a partition of which nothing comes is waited for, as where a transaction hangs. */
  constructor(patience: Ms) {
    this.patience = patience
  }

  /** Begins a partition that has been read up to `from` and whose log goes on to `end`. */
  begin(partition: number, from: number, end: number): void {
    this.lines[partition] = { queue: [], at: 0, waiting: 0, reached: from, end, since: undefined }
  }

  add(partition: number, records: readonly R[]): void {
    if (records.length === 0) return
    const line = this.lines[partition] as Line<R>
    line.queue.push(records)
    line.waiting += records.length
  }

  progress(partition: number, reached: number, end: number): void {
    const line = this.lines[partition] as Line<R>
    line.reached = reached
    line.end = end
  }

  /** Records of a partition that wait. */
  waiting(partition: number): number {
    return this.lines[partition]?.waiting ?? 0
  }

  /** Hands over what can be handed over, in runs of one partition. `now` is the wall clock. */
  drain(now: Ms, take: (partition: number, records: readonly R[], from: number, to: number) => void): void {
    for (;;) {
      let first = -1
      let [firstStamp, secondStamp] = [Infinity, Infinity]
      for (let p = 0; p < this.lines.length; p++) {
        const line = this.lines[p]
        if (line === undefined) continue
        const head = line.queue[0]
        if (head === undefined) {
          if (!this.isWaitedFor(line, now)) continue
          if (this.lines.some((l) => l.queue.length > 0)) return
          continue
        }
        line.since = undefined
        const stamp = Number((head[line.at] as R).timestamp)
        if (stamp < firstStamp) [first, secondStamp, firstStamp] = [p, firstStamp, stamp]
        else if (stamp < secondStamp) secondStamp = stamp
      }
      if (first < 0) return
      this.hand(first, secondStamp, take)
    }
  }

  /** Hands over what one partition has up to the stamp of the next. */
  private hand(partition: number, until: Ms, take: (partition: number, records: readonly R[], from: number, to: number) => void): void {
    const line = this.lines[partition] as Line<R>
    const records = line.queue[0] as readonly R[]
    let to = line.at + 1
    if (Number((records.at(-1) as R).timestamp) <= until) to = records.length
    else while (to < records.length && Number((records[to] as R).timestamp) <= until) to++
    take(partition, records, line.at, to)
    line.waiting -= to - line.at
    line.at = to
    if (to < records.length) return
    line.queue.shift()
    line.at = 0
  }

  private isWaitedFor(line: Line<R>, now: Ms): boolean {
    if (line.reached >= line.end) {
      line.since = undefined
      return false
    }
    line.since ??= now
    return now - line.since < this.patience
  }
}
