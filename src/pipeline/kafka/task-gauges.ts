import type { GaugeVectorName } from '../../io/metric-table.ts'
import type { Meter } from '../../io/metrics.ts'

/** A gauge with a value for each task of a process: several roles have tasks, and the gauge is told of all at once. */
class TaskGauge {
  private readonly meter: Meter
  private readonly name: GaugeVectorName
  private readonly values = new Map<string, number>()

  constructor(meter: Meter, name: GaugeVectorName) {
    this.meter = meter
    this.name = name
  }

  /** `task`: stage and partition, such as `learner-3`. */
  set(task: string, value: number): void {
    if (this.values.get(task) === value) return
    this.values.set(task, value)
    this.show()
  }

  /** The task is another process's now. */
  drop(task: string): void {
    if (this.values.delete(task)) this.show()
  }

  private show(): void {
    this.meter.showAll(this.name, this.values)
  }
}

/** Finds the one of its name that all roles with a meter share. */
function shared(name: GaugeVectorName): { of(meter: Meter): TaskGauge } {
  const known = new WeakMap<Meter, TaskGauge>()
  return {
    of: (meter) => {
      let gauge = known.get(meter)
      if (gauge === undefined) known.set(meter, (gauge = new TaskGauge(meter, name)))
      return gauge
    },
  }
}

/** Records that each task has not handled yet. */
export const Lags = shared('lag_records')
export type Lags = TaskGauge
/** When the last snapshot of each task was committed, in milliseconds since 1970. */
export const SnapshotAges = shared('snapshot_age_seconds')
export type SnapshotAges = TaskGauge
