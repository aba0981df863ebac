import type { Ms } from '../base/time.ts'
import { expectOrphans, type Keyed } from './keys.ts'
import type { Output } from './output.ts'
import { renewResources } from './renew.ts'
import { ResourceStage } from './resource-stage.ts'
import type { Setup, Unjudged } from './runtime.ts'
import type { Sighting } from './sighting.ts'
import { Sweeping } from './sweeping.ts'
import type { Mark } from './timekeeper.ts'
import { WaitingSightings, type Sightings } from './waiting-sightings.ts'

/** What one learner task hands over for a run of marks: this partition's sightings, for each mark. */
export interface HandOver {
  task: number
  /** How many learner tasks there are. */
  tasks: number
  marks: {
    mark: number
    sightings: Sightings
    /** More of this mark's follow in the task's next record, since one must not grow too large. */
    more?: boolean
  }[]
}

/** All of a resource task but its keys. Plain data. */
export interface ResourceTaskState {
  mark: number
  /** How far its partition had been read. */
  upTo?: number
  watermark: Ms
  /** As older versions saved what was held, instead of reading it again. */
  held?: Sighting[]
  unjudged: Unjudged
  exempted: Record<string, number>
  orphans: boolean
}

interface Delivered {
  tasks: Set<number>
  of: number
  sightings: Sightings[]
}

/** The resource stage over one partition of the sightings: handles a mark when every learner task has delivered it. */
export class ResourceTask implements Keyed {
  readonly learners = []
  private current: ResourceStage
  private readonly outputs: Output[] = []
  /** By mark: what has been delivered for it, and by which tasks. */
  private readonly delivered = new Map<number, Delivered>()
  private readonly waiting = new WaitingSightings()
  /** Offsets of the records taken that may still be needed, each with the last mark that it tells of. */
  private records: { offset: number; last: number }[] = []
  private position: number
  private mark = 0
  /** Records before it had been taken when the state was saved: they bring again what was held then, and nothing else of marks that were had. */
  private refillUpTo = 0
  private readonly refilled = new Map<number, Set<number>>()
  private readonly sweeping = new Sweeping()
  private readonly output = (output: Output): void => void this.outputs.push(output)

  /** `from`: offset of the first record that will be taken. */
  constructor(setup: Setup, from = 0) {
    this.current = new ResourceStage(setup, this.output)
    this.position = from
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

  /** The offset of the first record that another owner would need (S): it brings a sighting that is held, or one of a mark that is still to come. */
  get oldest(): number {
    return this.records[0]?.offset ?? this.position
  }

  /** Takes what a learner task hands over, by the record at that offset; marks that were had before are dropped. */
  take(offset: number, { task, tasks, marks }: HandOver): void {
    for (const { mark, sightings, more } of marks) {
      if (mark <= this.mark) {
        if (offset < this.refillUpTo) this.refill(mark, task, sightings, more)
        continue
      }
      let at = this.delivered.get(mark)
      if (at === undefined) this.delivered.set(mark, (at = { tasks: new Set(), of: tasks, sightings: [] }))
      if (at.tasks.has(task)) continue
      if (!more) at.tasks.add(task)
      at.sightings.push(sightings)
    }
    this.position = offset + 1
    this.records.push({ offset, last: marks.at(-1)?.mark ?? 0 })
  }

  // INVARIANT (once): what the watermark of the snapshot's mark had released is in the keys, and comes no more.
  private refill(mark: number, task: number, sightings: Sightings, more: boolean | undefined): void {
    let tasks = this.refilled.get(mark)
    if (tasks === undefined) this.refilled.set(mark, (tasks = new Set()))
    if (tasks.has(task)) return
    if (!more) tasks.add(task)
    const now = this.stage.watermarkNow
    if (sightings.from >= now) this.waiting.add(sightings, mark)
    else for (const s of sightings.read()) if (s.time >= now) this.stage.add(s, mark)
  }

  /** Whether every learner task has delivered the next mark, and what was held has been read again. */
  isReady(mark: number): boolean {
    const at = this.delivered.get(mark)
    return at !== undefined && at.tasks.size === at.of && this.position >= this.refillUpTo
  }

  /** Handles the next mark, which must be ready; returns what it gave rise to. */
  handle(mark: Mark): Output[] {
    const delivered = this.delivered.get(mark.number)?.sightings ?? []
    for (const part of delivered) this.waiting.add(part, mark.number)
    this.waiting.release(mark.resource, (s, by) => this.stage.add(s, by))
    this.delivered.delete(mark.number)
    this.refilled.clear()
    this.stage.mark(mark)
    this.mark = mark.number
    this.forgetRecords()
    if (this.sweeping.isDue(mark.resource, delivered.reduce((n, part) => n + part.count, 0), () => this.stage.size)) this.stage.sweep()
    return this.outputs.splice(0)
  }

  private forgetRecords(): void {
    const needed = Math.min(this.stage.oldestMark(), this.waiting.oldestMark(), this.mark + 1)
    let done = 0
    while (done < this.records.length && (this.records[done] as { last: number }).last < needed) done++
    if (done > 0) this.records = this.records.slice(done)
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
    return { mark: this.mark, upTo: this.position, watermark: this.stage.watermarkNow, unjudged, exempted, orphans: mayHaveOrphans }
  }

  /** Puts a saved task's state into a new one, before its keys. */
  load(state: ResourceTaskState): void {
    this.mark = state.mark
    this.refillUpTo = state.upTo ?? 0
    this.stage.loadHeld({ watermark: state.watermark, held: state.held ?? [] })
    Object.assign(this.stage.context.unjudged, state.unjudged)
    Object.assign(this.stage.context.exempted, state.exempted)
    if (state.orphans) expectOrphans(this)
  }
}
