import type { Meter } from '../../io/metrics.ts'

const known = new WeakMap<Meter, Lags>()

/** The lags of all tasks of a process: several roles have tasks, and the gauge is told of all at once. */
export class Lags {
  private readonly meter: Meter
  private readonly lags = new Map<string, number>()

  private constructor(meter: Meter) {
    this.meter = meter
  }

  /** The one that all roles with this meter share. */
  static of(meter: Meter): Lags {
    let lags = known.get(meter)
    if (lags === undefined) known.set(meter, (lags = new Lags(meter)))
    return lags
  }

  /** `task`: stage and partition, such as `learner-3`. */
  set(task: string, records: number): void {
    if (this.lags.get(task) === records) return
    this.lags.set(task, records)
    this.show()
  }

  /** The task is another process's now. */
  drop(task: string): void {
    if (this.lags.delete(task)) this.show()
  }

  private show(): void {
    this.meter.showAll('lag_records', this.lags)
  }
}
