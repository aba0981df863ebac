import { fnv1a } from '../base/hash.ts'
import type { Ms } from '../base/time.ts'
import type { Held } from '../telemetry/held.ts'
import { coverageOf, duplicatesOf, exemptedOf, unjudgedOf } from './account.ts'
import type { Coverage } from './coverage.ts'
import { LearnerStage } from './learner-stage.ts'
import { OutputOrder, type LateEvent, type LearnerSinks, type Output } from './output.ts'
import { renewLearners, renewResources } from './renew.ts'
import { resetLearners, resetResources, type Before } from './reset.ts'
import { ResourceStage } from './resource-stage.ts'
import type { Setup, Unjudged } from './runtime.ts'
import { resourceKey, type Sighting } from './sighting.ts'
import { Sweeping } from './sweeping.ts'
import { isFuture, Timekeeper, type Mark } from './timekeeper.ts'

export interface MachineOptions extends Setup {
  /** Into how many tasks each stage is split; the results are the same. */
  partitions?: number
  /** For platforms whose catalogue entry names none. */
  lateness?: Ms
  /** Whether learning records are kept. */
  records?: boolean
  /** Takes final outputs, in order. */
  output: (output: Output) => void
  /** Takes a warning as soon as it is raised, before its place in the order is known. */
  early?: (output: Output) => void
  late?: (late: LateEvent) => void
}

/** Both stages and the timekeeper in one process: the whole of Invigil between decode and sink, without I/O. */
export class Machine {
  readonly timekeeper: Timekeeper
  readonly order: OutputOrder
  private stages: { learners: readonly LearnerStage[]; resources: readonly ResourceStage[] }
  private options: MachineOptions
  private readonly partitions: number
  private readonly sweeping = new Sweeping()
  /** Events since the last mark. */
  private observed = 0
  private readonly sinks: LearnerSinks

  constructor(options: MachineOptions) {
    this.options = options
    this.partitions = options.partitions ?? 1
    this.timekeeper = new Timekeeper(options.catalogue, options.lateness)
    this.order = new OutputOrder()
    this.sinks = {
      output: (o) => {
        this.options.early?.(o)
        this.order.push(o)
      },
      sighting: (s) => this.resourceTask(s).add(s),
      late: (l) => this.options.late?.(l),
      records: options.records ?? false,
    }
    this.stages = {
      learners: Array.from({ length: this.partitions }, () => new LearnerStage(options, this.sinks)),
      resources: Array.from({ length: this.partitions }, () => new ResourceStage(options, this.sinks.output)),
    }
  }

  /** Others after each `renew`. */
  get learners(): readonly LearnerStage[] {
    return this.stages.learners
  }

  get resources(): readonly ResourceStage[] {
    return this.stages.resources
  }

  /** From the next mark on, works under another setup. What changes and what it costs: `renewLearners`. */
  renew(setup: Setup, lateness = this.options.lateness): void {
    this.timekeeper.renew(setup.catalogue, lateness)
    this.stages = {
      learners: this.learners.map((stage) => through(renewLearners(stage, setup, this.sinks))),
      resources: this.resources.map((stage) => through(renewResources(stage, setup, this.sinks.output))),
    }
    this.options = { ...this.options, ...setup, lateness }
  }

  /** Says that keys and all came from a machine under these rules: those that were edited since, and say so, begin anew. */
  edited(before: Before): void {
    for (const stage of this.learners) through(resetLearners(stage, before))
    for (const stage of this.resources) through(resetResources(stage, before))
  }

  /** Takes the next event of the log. A `future` one (wrong clock) is not taken: the caller rejects it. */
  observe(event: Held): 'held' | 'late' | 'future' {
    this.observed++
    const fate = this.timekeeper.observe(event)
    if (fate === 'held') this.hold(event, this.timekeeper.mark + 1)
    else if (fate === 'late') this.holdLate(event, this.timekeeper.watermark(event.platform))
    else event.drop()
    return fate
  }

  /** Takes an event again that an earlier run has seen before its snapshot: it only refills the buffer. */
  refill(event: Held, mark: number): void {
    const watermark = this.timekeeper.watermark(event.platform)
    if (isFuture(event)) event.drop()
    else if (event.time >= watermark) this.hold(event, mark)
    // Late events of a mark that is still to come wait for it; those of marks before it have been handled.
    else if (mark > this.timekeeper.mark) this.holdLate(event, watermark)
    else event.drop()
  }

  private hold(event: Held, mark: number): void {
    if (this.partitions === 1) return (this.learners[0] as LearnerStage).add(event, mark)
    const read = event.read()
    this.learnerTask(read).add(read, mark)
  }

  private holdLate(held: Held, watermark: Ms): void {
    const event = held.read()
    this.learnerTask(event).addLate({ event, watermark })
  }

  /** Handles what has come so far, as far as the watermarks allow. */
  mark(): Mark {
    return this.handle(this.timekeeper.next(this.options.context))
  }

  /** The mark of a log in which nothing has come for a minute. */
  idle(): Mark {
    return this.handle(this.timekeeper.idle(this.options.context))
  }

  /** Lets event time pass, as tests of rules do. */
  passTo(time: Ms): Mark {
    return this.handle(this.timekeeper.passTo(time, this.options.context))
  }

  /** Ends the log: handles everything held and hands out every output. */
  end(): Mark {
    const mark = this.handle(this.timekeeper.end(this.options.context))
    for (const task of this.learners) task.tellRecords()
    this.order.drain(Infinity, this.options.output)
    return mark
  }

  private handle(mark: Mark): Mark {
    for (const task of this.learners) task.mark(mark)
    for (const task of this.resources) task.mark(mark)
    this.order.drain(mark.resource, this.options.output)
    const { observed } = this
    this.observed = 0
    if (this.sweeping.isDue(mark.resource, observed, () => this.size)) {
      for (const task of this.learners) task.sweep()
      for (const task of this.resources) task.sweep()
    }
    return mark
  }

  /** The lowest mark that covers an event still held; the next mark if none is. */
  oldestMark(): number {
    return Math.min(this.timekeeper.mark + 1, ...this.learners.map((t) => t.oldestMark()))
  }

  /** What each platform's events carried. */
  coverage(): Map<string, Coverage> {
    return coverageOf(this)
  }

  /** What rules could not judge, over all tasks. */
  unjudged(): Unjudged {
    return unjudgedOf(this)
  }

  /** Findings that exemptions covered, by rule. */
  exempted(): Record<string, number> {
    return exemptedOf(this)
  }

  /** Events that stood in the log twice. */
  duplicates(): number {
    return duplicatesOf(this)
  }

  /** Learners and resources with state in memory. */
  keys(): { learners: number; resources: number } {
    return { learners: this.learners.reduce((n, t) => n + t.size, 0), resources: this.resources.reduce((n, t) => n + t.size, 0) }
  }

  private get size(): number {
    const { learners, resources } = this.keys()
    return learners + resources
  }

  learnerTask(of: { platform: string; learner: string }): LearnerStage {
    return this.learners[this.partitions === 1 ? 0 : fnv1a(`${of.platform}\u0000${of.learner}`) % this.partitions] as LearnerStage
  }

  resourceTask(of: Pick<Sighting, 'resource' | 'scope' | 'id'>): ResourceStage {
    return this.resources[this.partitions === 1 ? 0 : fnv1a(resourceKey(of)) % this.partitions] as ResourceStage
  }
}

/** Does all of a work that could be done in slices. */
function through<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
