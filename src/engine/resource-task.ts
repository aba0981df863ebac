import type { Ms } from '../base/time.ts'
import { SWEEP_EVERY } from './entry.ts'
import { expectOrphans, type Keyed } from './keys.ts'
import type { Output } from './output.ts'
import { renewResources } from './renew.ts'
import { ResourceStage } from './resource-stage.ts'
import type { Setup, Unjudged } from './runtime.ts'
import type { Sighting } from './sighting.ts'
import type { Mark } from './timekeeper.ts'

/** What one learner task hands over for a run of marks: this partition's sightings, for each mark. */
export interface HandOver {
  task: number
  /** How many learner tasks there are. */
  tasks: number
  marks: {
    mark: number
    sightings: Sighting[]
    /** More of this mark's follow in the task's next record, since one must not grow too large. */
    more?: boolean
  }[]
}

/** All of a resource task but its keys. Plain data. */
export interface ResourceTaskState {
  mark: number
  watermark: Ms
  held: Sighting[]
  unjudged: Unjudged
  exempted: Record<string, number>
  orphans: boolean
}

/** The resource stage over one partition of the sightings: handles a mark when every learner task has delivered it. */
export class ResourceTask implements Keyed {
  readonly learners = []
  private current: ResourceStage
  private readonly outputs: Output[] = []
  /** By mark: what has been delivered for it, and by which tasks. */
  private readonly delivered = new Map<number, { tasks: Set<number>; of: number; sightings: Sighting[] }>()
  private mark = 0
  private sweptAt: Ms = -Infinity
  private readonly output = (output: Output): void => void this.outputs.push(output)

  constructor(setup: Setup) {
    this.current = new ResourceStage(setup, this.output)
  }

  /** Another one after each `renew`. */
  get stage(): ResourceStage {
    return this.current
  }

  get resources(): readonly ResourceStage[] {
    return [this.current]
  }

  learnerTask(): never {
    throw new Error('a resource task has no learners')
  }

  resourceTask(): ResourceStage {
    return this.stage
  }

  /** The last mark handled (Q). */
  get handled(): number {
    return this.mark
  }

  /** Takes what a learner task hands over; marks that were had before are dropped. */
  take({ task, tasks, marks }: HandOver): void {
    for (const { mark, sightings, more } of marks) {
      if (mark <= this.mark) continue
      let at = this.delivered.get(mark)
      if (at === undefined) this.delivered.set(mark, (at = { tasks: new Set(), of: tasks, sightings: [] }))
      if (at.tasks.has(task)) continue
      if (!more) at.tasks.add(task)
      at.sightings.push(...sightings)
    }
  }

  /** Whether every learner task has delivered the next mark. */
  isReady(mark: number): boolean {
    const at = this.delivered.get(mark)
    return at !== undefined && at.tasks.size === at.of
  }

  /** Handles the next mark, which must be ready; returns what it gave rise to. */
  handle(mark: Mark): Output[] {
    for (const s of this.delivered.get(mark.number)?.sightings ?? []) this.stage.add(s)
    this.delivered.delete(mark.number)
    this.stage.mark(mark)
    this.mark = mark.number
    if (mark.resource - this.sweptAt >= SWEEP_EVERY) {
      this.stage.sweep()
      this.sweptAt = mark.resource
    }
    return this.outputs.splice(0)
  }

  /**
   * From the next mark on, works under another setup: call it before `handle` of the first mark of another context, also after a
   * recovery, where the keys are loaded under the setup of the snapshot's mark. What changes and what it costs: `renewResources`.
   */
  renew(setup: Setup): void {
    const renewal = this.renewal(setup)
    while (!renewal.next().done);
  }

  /** The same in slices: until the last of them is done, the task can take records but nothing else. */
  *renewal(setup: Setup): Generator<void, void> {
    this.current = yield* renewResources(this.current, setup, this.output)
  }

  save(): ResourceTaskState {
    const { unjudged, exempted, mayHaveOrphans } = this.stage.context
    return { mark: this.mark, ...this.stage.saveHeld(), unjudged, exempted, orphans: mayHaveOrphans }
  }

  /** Puts a saved task's state into a new one, before its keys. */
  load(state: ResourceTaskState): void {
    this.mark = state.mark
    this.stage.loadHeld(state)
    Object.assign(this.stage.context.unjudged, state.unjudged)
    Object.assign(this.stage.context.exempted, state.exempted)
    if (state.orphans) expectOrphans(this)
  }
}
