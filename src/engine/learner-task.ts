import type { Ms } from '../base/time.ts'
import type { Event } from '../telemetry/event.ts'
import type { Held } from '../telemetry/held.ts'
import { duplicatesOf } from './account.ts'
import { Coverage, type Seen } from './coverage.ts'
import { expectOrphans, type Keyed } from './keys.ts'
import { LearnerStage } from './learner-stage.ts'
import type { TaskMark } from './mark-record.ts'
import type { LateEvent, LearnerSinks, Output } from './output.ts'
import { renewLearners } from './renew.ts'
import type { Setup, Unjudged } from './runtime.ts'
import type { Sighting } from './sighting.ts'
import { Sweeping } from './sweeping.ts'
import { isFuture } from './timekeeper.ts'

/** What handling a mark gave rise to: to be committed together with it. */
export interface LearnerWork {
  outputs: Output[]
  sightings: Sighting[]
  late: LateEvent[]
  /** Those whose clock is so wrong that they were not taken, with their offsets. */
  future: { offset: number; event: Event }[]
  /** Events that the mark covers, these and late ones among them. */
  events: number
}

/** All of a learner task but its keys. Plain data. */
export interface LearnerTaskState {
  /** Q: the last mark handled, and where the records that it does not cover begin. */
  mark: number
  upTo: number
  resource: Ms
  watermarks: [platform: string, watermark: Ms][]
  /** Where the records of each mark begin that may still be held. */
  starts: [mark: number, offset: number][]
  coverage: [platform: string, seen: Seen][]
  duplicates: number
  unjudged: Unjudged
  exempted: Record<string, number>
  orphans: boolean
}

/**
 * The learner stage over one partition of the telemetry: takes its records in the order of their offsets, and handles
 * marks one by one. INVARIANT (replay): what a mark gives rise to depends on the records and marks before it alone.
 */
export class LearnerTask implements Keyed {
  readonly resources = []
  private readonly partition: number
  private current: LearnerStage
  private work: LearnerWork = newWork()
  /** Records taken that no mark handled covers. */
  private pending: { offset: number; held: Held }[] = []
  private mark = 0
  private upTo = 0
  private resource: Ms = -Infinity
  private watermarks = new Map<string, Ms>()
  private starts: [mark: number, offset: number][] = []
  private readonly sweeping = new Sweeping()

  private readonly sinks: LearnerSinks

  /** `records`: whether learning records are kept. */
  constructor(setup: Setup, partition: number, { records = false }: { records?: boolean } = {}) {
    this.partition = partition
    this.sinks = { output: (o) => this.work.outputs.push(o), sighting: (s) => this.work.sightings.push(s), late: (l) => this.work.late.push(l), records }
    this.current = new LearnerStage(setup, this.sinks)
  }

  /** Another one after each `renew`. */
  get stage(): LearnerStage {
    return this.current
  }

  get learners(): readonly LearnerStage[] {
    return [this.current]
  }

  learnerTask(): LearnerStage {
    return this.stage
  }

  resourceTask(): never {
    throw new Error('a learner task has no resources')
  }

  /** The last mark handled (Q). */
  get handled(): number {
    return this.mark
  }

  /** The offset of the oldest record that is still held (S): where another owner must begin to read. */
  get oldest(): number {
    return this.starts[0]?.[1] ?? this.upTo
  }

  /** Events that came twice. */
  get duplicates(): number {
    return duplicatesOf({ learners: this.learners, resources: [] })
  }

  /** The first offset that no mark handled covers. */
  get covered(): number {
    return this.upTo
  }

  /** Takes the next record. One before the last mark handled only refills the buffer, where a new owner reads it again. */
  take(offset: number, held: Held): void {
    if (offset >= this.upTo) this.pending.push({ offset, held })
    else this.refill(offset, held)
  }

  private refill(offset: number, held: Held): void {
    const mark = this.starts.findLast(([, from]) => from <= offset)?.[0]
    if (mark === undefined || isFuture(held) || held.time < this.watermark(held.platform)) held.drop()
    else this.stage.add(held, mark)
  }

  /** Where the log ends: what there is to tell of sittings that may still go on. */
  tellRecords(): Output[] {
    this.stage.tellRecords()
    return this.work.outputs.splice(0)
  }

  /** Handles the next mark. All records before its offset must have been taken. */
  handle({ mark, offsets }: TaskMark): LearnerWork {
    const upTo = offsets[this.partition] ?? 0
    if (upTo > this.upTo) this.starts.push([mark.number, this.upTo])
    let taken = 0
    for (; taken < this.pending.length && (this.pending[taken] as { offset: number }).offset < upTo; taken++) this.judge(mark.number, this.pending[taken] as { offset: number; held: Held })
    if (taken > 0) this.pending = this.pending.slice(taken)
    this.work.events = taken
    this.stage.mark(mark)
    this.mark = mark.number
    this.upTo = Math.max(this.upTo, upTo)
    this.resource = mark.resource
    for (const [platform, watermark] of Object.entries(mark.watermarks)) this.watermarks.set(platform, watermark)
    if (this.sweeping.isDue(mark.resource, taken, () => this.stage.size)) this.stage.sweep()
    const oldest = this.stage.oldestMark()
    while (this.starts.length > 0 && (this.starts[0] as [number, number])[0] < oldest) this.starts.shift()
    const { work } = this
    this.work = newWork()
    return work
  }

  /**
   * From the next mark on, works under another setup: call it before `handle` of the first mark of another context, also after a
   * recovery, where the keys are loaded under the setup of the snapshot's mark. What changes and what it costs: `renewLearners`.
   */
  renew(setup: Setup): void {
    const renewal = this.renewal(setup)
    while (!renewal.next().done);
  }

  /** The same in slices: until the last of them is done, the task can take records but nothing else. */
  *renewal(setup: Setup): Generator<void, void> {
    this.current = yield* renewLearners(this.current, setup, this.sinks)
  }

  // INVARIANT (late): judged against the mark before, as the timekeeper does.
  private judge(mark: number, { offset, held }: { offset: number; held: Held }): void {
    const watermark = this.watermark(held.platform)
    if (isFuture(held)) this.work.future.push({ offset, event: held.read() })
    else if (held.time < watermark) this.stage.addLate({ event: held.read(), watermark, offset })
    else this.stage.add(held, mark)
  }

  private watermark(platform: string): Ms {
    const own = this.watermarks.get(platform)
    return own === undefined || own === -Infinity ? this.resource : own
  }

  save(): LearnerTaskState {
    const { stage } = this
    const parts = [...stage.parts.values()]
    return {
      mark: this.mark, upTo: this.upTo, resource: this.resource, watermarks: [...this.watermarks], starts: this.starts.map(([m, o]) => [m, o]),
      coverage: parts.map((p) => [p.id, p.coverage.seen]), duplicates: this.duplicates,
      unjudged: stage.context.unjudged, exempted: stage.context.exempted, orphans: stage.context.mayHaveOrphans,
    }
  }

  /** Puts a saved task's state into a new one, before its keys. */
  load(state: LearnerTaskState): void {
    const { stage } = this
    this.mark = state.mark
    this.upTo = state.upTo
    this.resource = state.resource
    this.watermarks = new Map(state.watermarks)
    this.starts = state.starts.map(([m, o]) => [m, o])
    for (const [platform, watermark] of state.watermarks) stage.partOf(platform).watermark = watermark
    for (const [platform, seen] of state.coverage) stage.partOf(platform).coverage.merge(new Coverage(seen).seen)
    stage.duplicatesLate = state.duplicates
    Object.assign(stage.context.unjudged, state.unjudged)
    Object.assign(stage.context.exempted, state.exempted)
    if (state.orphans) expectOrphans(this)
  }
}

function newWork(): LearnerWork {
  return { outputs: [], sightings: [], late: [], future: [], events: 0 }
}
