import { LearnerTask } from '../../engine/learner-task.ts'
import { ResourceTask } from '../../engine/resource-task.ts'
import type { RaisedAt, Setup } from '../../engine/runtime.ts'
import type { Sighting } from '../../engine/sighting.ts'
import type { Mark } from '../../engine/timekeeper.ts'
import { sightingsOf } from '../../engine/waiting-sightings.ts'
import type { Held } from '../../telemetry/held.ts'
import type { Warning } from '../../warnings/warning.ts'

/** Is told what a rerun gives rise to. */
export interface RerunWatch {
  warning(warning: Warning, at: RaisedAt, mark: number): void
  sighting?(sighting: Sighting): void
}

/** Both stages under marks that are given, not made: what a log and its marks gave rise to comes again. */
export class Rerun {
  private readonly watch: RerunWatch
  private tasks: { learners: LearnerTask; resources: ResourceTask } | undefined
  private context: Setup | undefined
  private taken = 0
  private mark = 0
  private readonly pending: Held[] = []

  constructor(watch: RerunWatch) {
    this.watch = watch
  }

  /** Takes the next event of the log. */
  take(held: Held): void {
    this.pending.push(held)
  }

  /** Handles the next mark, which covers what was taken. Numbers may be left out, but not go back. */
  handle(mark: Mark, setup: Setup): void {
    this.mark = mark.number
    const { learners, resources } = this.under(setup)
    for (const held of this.pending) learners.take(this.taken++, held)
    this.pending.length = 0
    const { sightings } = learners.handle({ mark, offsets: [this.taken] })
    if (this.watch.sighting) for (const s of sightings) this.watch.sighting(s)
    resources.take(0, { task: 0, tasks: 1, marks: [{ mark: mark.number, sightings: sightingsOf(sightings) }] })
    resources.handle(mark)
  }

  private under(setup: Setup): { learners: LearnerTask; resources: ResourceTask } {
    if (this.tasks !== undefined && setup === this.context) return this.tasks
    this.context = setup
    const traced: Setup = { ...setup, trace: (warning, at) => this.watch.warning(warning, at, this.mark) }
    if (this.tasks === undefined) this.tasks = { learners: new LearnerTask(traced, 0), resources: new ResourceTask(traced) }
    else {
      this.tasks.learners.renew(traced)
      this.tasks.resources.renew(traced)
    }
    return this.tasks
  }
}
