import type { Ms } from '../../base/time.ts'

interface Line<R> {
  queue: R[][]
  reached: number
  goal: number
}

/**
 * Reads several partitions evenly: as far as all of them went at one moment, then as far as they went at the next. INVARIANT (fair): what
 * is beyond the goal of one partition waits until all have come to theirs. Else one that was read ahead of another, as after an outage, would
 * carry time past records of the other, which would be called late for no fault of theirs.
 */
export class EvenReading<R extends { offset: string }> {
  private readonly lines: Line<R>[] = []
  private readonly patience: Ms
  private since: Ms = 0

  /** `patience`: how long a partition is waited for that does not come to its goal, as where a transaction hangs. */
  constructor(patience: Ms) {
    this.patience = patience
  }

  /** Begins a partition that has been read up to `from`. */
  begin(partition: number, from: number): void {
    this.lines[partition] = { queue: [], reached: from, goal: from }
  }

  add(partition: number, records: readonly R[]): void {
    if (records.length > 0) this.lines[partition]?.queue.push([...records])
  }

  /** The partition has been read up to this offset, markers of transactions included. */
  progress(partition: number, reached: number): void {
    const line = this.lines[partition]
    if (line) line.reached = Math.max(line.reached, reached)
  }

  /** Records of a partition that wait. */
  waiting(partition: number): number {
    return this.lines[partition]?.queue.reduce((n, r) => n + r.length, 0) ?? 0
  }

  /** The ends that all logs had at one moment are the next goals. `now` is the wall clock. */
  aim(ends: readonly number[], now: Ms): void {
    ends.forEach((end, p) => {
      const line = this.lines[p]
      if (line) line.goal = Math.max(line.goal, end)
    })
    this.since = now
  }

  /** Hands over what lies before the goals; returns whether all have come to theirs, or have been waited for long enough. */
  drain(now: Ms, take: (partition: number, records: readonly R[]) => void): boolean {
    let done = true
    this.lines.forEach((line, p) => {
      while (line.queue.length > 0) {
        const head = line.queue[0] as R[]
        let n = head.length
        while (n > 0 && Number((head[n - 1] as R).offset) >= line.goal) n--
        if (n > 0) take(p, n === head.length ? head : head.slice(0, n))
        if (n < head.length) {
          line.queue[0] = head.slice(n)
          return
        }
        line.queue.shift()
      }
      if (line.reached < line.goal) done = false
    })
    return done || now - this.since >= this.patience
  }
}
