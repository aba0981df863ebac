import type { Ms } from '../../base/time.ts'

interface Line<R> {
  queue: (readonly R[])[]
  /** Records in it. */
  waiting: number
  reached: number
  goal: number
  /** Stamp of the newest record that was added. */
  stamp: Ms
}

/** How far a turn has come: to all goals, to as many records as are enough for a mark, or to neither; or a partition has been waited for in vain. */
export type Reached = 'goals' | 'piece' | 'nothing' | 'patience'

/**
 * Reads several partitions evenly: in the order of their stamps, as far as all of them went at one moment, then as far as they went at the next.
 * INVARIANT (fair): what is beyond the goal of one partition, or younger than what others have still to bring, waits for them. Else one
 * that was read ahead of another would carry time past records of the other, which would be called late for no fault of theirs.
 */
export class EvenReading<R extends { offset: string; timestamp: string }> {
  /** All records up to this stamp have been handed over, of all partitions that have some before their goals. */
  stamp: Ms = -Infinity
  private readonly lines: Line<R>[] = []
  private readonly patience: Ms
  private readonly piece: number
  /** When something came last, and how much had. */
  private since: Ms = 0
  private come = 0
  private taken = 0

  /** `patience`: how long partitions that do not come to their goals are waited for while nothing comes, as where a transaction hangs. `piece`: records that are enough for a mark. */
  constructor(patience: Ms, piece: number) {
    this.patience = patience
    this.piece = piece
  }

  /** Begins a partition that has been read up to `from`. */
  begin(partition: number, from: number): void {
    this.lines[partition] = { queue: [], waiting: 0, reached: from, goal: from, stamp: -Infinity }
  }

  add(partition: number, records: readonly R[]): void {
    const line = this.lines[partition]
    const last = records.at(-1)
    if (line === undefined || last === undefined) return
    line.queue.push(records)
    line.waiting += records.length
    line.stamp = Math.max(line.stamp, Number(last.timestamp))
  }

  /** The partition has been read up to this offset, markers of transactions included. */
  progress(partition: number, reached: number): void {
    const line = this.lines[partition]
    if (line) line.reached = Math.max(line.reached, reached)
  }

  /** Records of a partition that wait. */
  waiting(partition: number): number {
    return this.lines[partition]?.waiting ?? 0
  }

  /** The ends that all logs had at one moment are the next goals. `now` is the wall clock. */
  aim(ends: readonly number[], now: Ms): void {
    ends.forEach((end, p) => {
      const line = this.lines[p]
      if (line) line.goal = Math.max(line.goal, end)
    })
    this.since = now
  }

  /** Hands over what may be read by now. */
  drain(now: Ms, take: (partition: number, records: readonly R[]) => void): Reached {
    const late = this.lines.filter((line) => line.reached < line.goal)
    const come = this.lines.reduce((n, line) => n + line.reached, 0)
    if (come !== this.come) this.since = now
    this.come = come
    const isOver = late.length > 0 && now - this.since >= this.patience
    const frontier = isOver || late.length === 0 ? Infinity : Math.min(...late.map((line) => line.stamp))
    for (let p = this.oldest(frontier); p >= 0 && this.taken < this.piece; p = this.oldest(frontier)) {
      const records = this.cut(this.lines[p] as Line<R>, frontier)
      this.taken += records.length
      this.stamp = Math.max(this.stamp, Number((records.at(-1) as R).timestamp))
      take(p, records)
    }
    if (this.taken >= this.piece) return this.done('piece')
    if (late.length === 0) return this.done('goals')
    return isOver ? this.done('patience') : 'nothing'
  }

  private done(reached: Reached): Reached {
    this.taken = 0
    return reached
  }

  /** The partition with the oldest record to hand over; -1 where there is none. */
  private oldest(frontier: Ms): number {
    let oldest = -1
    let least = Infinity
    this.lines.forEach(({ queue, goal }, p) => {
      const head = queue[0]?.[0]
      if (head === undefined || Number(head.offset) >= goal) return
      const stamp = Number(head.timestamp)
      if (stamp > frontier || stamp >= least) return
      oldest = p
      least = stamp
    })
    return oldest
  }

  /** Takes out, of the first records that wait, those before the goal that are not younger than the frontier. */
  private cut(line: Line<R>, frontier: Ms): readonly R[] {
    const head = line.queue[0] as readonly R[]
    let n = head.length
    while (n > 1 && (Number((head[n - 1] as R).offset) >= line.goal || Number((head[n - 1] as R).timestamp) > frontier)) n--
    line.waiting -= n
    if (n === head.length) return line.queue.shift() as readonly R[]
    line.queue[0] = head.slice(n)
    return head.slice(0, n)
  }
}
