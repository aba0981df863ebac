import type { RecordOf } from '../base/record.ts'
import type { Ms } from '../base/time.ts'
import type { Action, Event } from '../telemetry/event.ts'
import type { Held } from '../telemetry/held.ts'
import { advancePlayback, playback, type Playback } from '../telemetry/playback.ts'
import type { AnyLearnerDetector } from './detector.ts'
import { DECODED_PER_SWEEP } from './entry.ts'
import { Forgetting } from './forgetting.ts'
import { compareLate, history, LATE_MEMORY, lateOf, type LearnerEntry, type PlatformPart } from './learner-entry.ts'
import { LearnerKeys } from './learner-keys.ts'
import type { LateEvent, LearnerSinks } from './output.ts'
import { planOf, type Call, type Plan } from './plan.ts'
import { presence, type Presence } from './presence.ts'
import { RecordKeeper } from './record-keeper.ts'
import { recognise } from './recognise.ts'
import { DEFAULT_HORIZON, RuleContext, RuleSet, type Setup, type Subject } from './runtime.ts'
import { Scoring } from './scoring.ts'
import { sightEvent, sightTimer } from './sightings.ts'
import type { Mark } from './timekeeper.ts'

/** The learner stage of one task: learners' events in order, through every learner rule. */
export class LearnerStage extends LearnerKeys {
  readonly set: RuleSet
  readonly context: RuleContext
  duplicatesLate = 0
  private readonly plans: ReadonlyMap<Action, Plan>
  private readonly lateSlots: readonly number[]
  private readonly locate: Setup['locate']
  private readonly sinks: LearnerSinks
  private readonly sightingSlot: number
  /** Only where records are kept. */
  private readonly records: RecordKeeper | undefined
  /** Only where a rule asks a model. */
  private readonly scoring: Scoring | undefined
  private late: LateEvent[] = []
  private readonly forgetting: Forgetting
  // Views of the learner at hand.
  private readonly history: RecordOf<typeof history>
  private readonly playback: Playback
  private readonly presence: Presence
  // The learner at hand.
  private part!: PlatformPart
  private entry!: LearnerEntry
  private readonly subject = (): Subject => this.describe()

  /** `from`: the stage that this one goes on from (`renewLearners`). Where the rules are alike, its keys are taken over as they are. */
  constructor(setup: Setup, sinks: LearnerSinks, from?: LearnerStage) {
    const set = new RuleSet(setup, 'learner')
    const detectors = set.rules.map((r) => r.detector as AnyLearnerDetector)
    super(detectors, from !== undefined && from.set.isLike(set) ? from : undefined)
    this.set = set
    this.sinks = sinks
    this.locate = setup.locate
    this.context = new RuleContext(this.set, sinks.output)
    this.scoring = this.context.scoring = Scoring.of(this.set)
    this.sightingSlot = this.set.rules.length
    this.history = this.table.own(history)
    this.playback = this.table.own(playback)
    this.presence = this.table.own(presence)
    if (sinks.records === true) this.records = new RecordKeeper(this.table, this.set.catalogue, this.sightingSlot + 1, sinks.output)
    this.plans = planOf(this.set.rules)
    this.forgetting = new Forgetting(this.set, this.table, this.ids, this.history)
    this.lateSlots = detectors.flatMap((d, slot) => (d.onLate ? [slot] : []))
  }

  /** Takes an event that the next mark (number `mark`) covers. */
  add(event: Held, mark: number): void {
    this.partOf(event.platform).reorder.add(event, mark)
  }

  /** Takes an event that came after its platform's watermark. */
  addLate(late: LateEvent): void {
    this.late.push(late)
  }

  /** Handles what a mark releases. */
  mark(mark: Mark): void {
    if (this.late.length > 0) this.handleLate(mark)
    // Learners of different platforms never meet in this stage, so one platform after the other is the same as in time order.
    for (const part of this.parts.values()) {
      const watermark = mark.watermarks[part.id]
      if (watermark === undefined) continue
      this.context.firstTime = mark.first[part.id] ?? Infinity
      this.context.fields = mark.fields[part.id] ?? []
      this.context.platform = part.id
      part.reorder.release(watermark, (event) => {
        if (part.timers.mayBeDue(event.time)) this.fire(part, event.time)
        this.handle(part, event)
      })
      this.fire(part, watermark)
      part.watermark = watermark
    }
  }

  /** Where a log ends: writes records of sittings that may still go on. */
  tellRecords(): void {
    if (this.records === undefined) return
    for (const [part, entry] of this.entries()) {
      entry.load()
      this.at(part, entry)
      this.records.tell(part, entry, part.watermark)
    }
  }

  /** Frees the memory of learners whose state is past every horizon; changes no result. Of a snapshot's bytes, decodes so many keys at most. */
  sweep(budget = DECODED_PER_SWEEP): void {
    for (const [part, entry] of this.entries()) {
      if (part.watermark - entry.last <= DEFAULT_HORIZON) continue
      if (entry.packed !== undefined && budget-- <= 0) continue
      entry.load()
      this.forgetting.forget(part, entry, part.watermark)
      if (!this.forgetting.isBare(entry)) continue
      this.touch(part, entry)
      this.remove(part, entry)
    }
  }

  private handle(part: PlatformPart, event: Event): void {
    const { context } = this
    const entry = this.enter(part, event.learner, event.time)
    const { history } = this
    this.ids.add(entry.row, history.events++, event.idHash)
    if (event.class !== undefined) history.class = event.class
    if (event.course !== undefined) history.course = event.course
    recognise(part, entry, this.presence, event, this.locate)
    const plan = this.plans.get(event.action) as Plan
    part.coverage.see(plan.index, event)
    context.span = advancePlayback(this.playback, event)
    this.records?.follow(part, entry, event, context.span)
    context.begin(this.table, entry, part.timers, event.time, this.subject)
    const { calls } = plan
    for (let i = 0; i < calls.length; i++) {
      const call = calls[i] as Call
      if (call.scope !== undefined && !call.scope(event)) continue
      context.call(call.slot, call.params)
      call.onEvent(event, context)
    }
    const leaveAt = sightEvent(this.presence, event, this.set.catalogue, this.sinks.sighting)
    if (leaveAt !== undefined) part.timers.set(entry, this.sightingSlot, leaveAt)
  }

  private fire(part: PlatformPart, upTo: Ms): void {
    for (let due = part.timers.next(upTo); due !== undefined; due = part.timers.next(upTo)) {
      const entry = due.entry as LearnerEntry
      const { slot, at } = due
      if (this.scoring !== undefined) {
        if (this.scoring.isDue(at)) this.answer(part)
        this.scoring.at = at
      }
      // What decides of forgetting is in the bytes, too.
      entry.load()
      if (this.forgetting.isForgotten(part, entry, slot, at)) continue
      this.touch(part, entry)
      this.at(part, entry)
      // INVARIANT (records): whether they are kept changes nothing else.
      if (slot > this.sightingSlot) {
        this.records?.look(part, entry, at)
        continue
      }
      this.context.endOrphans(entry, at, this.table)
      if (slot === this.sightingSlot) {
        const next = sightTimer(this.presence, at, part.id, entry.id, this.sinks.sighting)
        if (next !== undefined) part.timers.set(entry, slot, next)
        continue
      }
      this.begin(part, entry, slot, at).onTimer?.(at, this.context)
    }
    if (this.scoring !== undefined) this.answer(part)
  }

  /** Tells rules what models say of what their timers asked. */
  private answer(part: PlatformPart): void {
    this.scoring?.answer((entry, slot, at, score) => {
      this.at(part, entry as LearnerEntry)
      this.begin(part, entry as LearnerEntry, slot, at).onScore?.(score, this.context)
    })
  }

  /** Prepares a call of a rule's detector for the learner at hand that no event in time gives rise to. */
  private begin(part: PlatformPart, entry: LearnerEntry, slot: number, now: Ms): AnyLearnerDetector {
    this.context.span = undefined
    return this.context.enter(slot, this.table, entry, part.timers, now, this.subject).detector as AnyLearnerDetector
  }

  private handleLate(mark: Mark): void {
    const late = this.late.sort((a, b) => compareLate(a.event, b.event))
    this.late = []
    for (const missed of late) {
      const { event, watermark } = missed
      this.locate?.(event)
      const part = this.partOf(event.platform)
      this.context.platform = part.id
      // What is late counts from the watermark it missed: everything before that has been handled.
      const now = watermark
      const known = part.learners.get(event.learner)
      if (known) {
        this.touch(part, known)
        this.forgetting.forget(part, known, now)
      }
      if (known && this.ids.has(known.row, event.idHash)) {
        this.duplicatesLate++
        continue
      }
      this.sinks.late(missed)
      const entry = this.enter(part, event.learner, now)
      const { history } = this
      this.ids.add(entry.row, history.events++, event.idHash)
      history.late = now - history.lateAt <= LATE_MEMORY ? history.late + 1 : 1
      history.lateAt = now
      // A platform in trouble makes what it says less certain, but is no reason to blame its learners.
      if (mark.troubled.includes(part.id)) continue
      this.context.firstTime = mark.first[part.id] ?? Infinity
      this.context.fields = mark.fields[part.id] ?? []
      for (const slot of this.lateSlots) {
        const rule = this.set.rules[slot] as (typeof this.set.rules)[number]
        if (rule.scope !== undefined && !rule.scope(event)) continue
        this.begin(part, entry, slot, now).onLate?.(event, this.context)
      }
    }
  }

  /** Finds or makes the learner at hand; a silence past a horizon makes its state new, swept or not. */
  private enter(part: PlatformPart, learner: string, time: Ms): LearnerEntry {
    let entry = part.learners.get(learner)
    if (entry === undefined) entry = this.make(part, learner)
    else {
      this.touch(part, entry)
      if (entry.open !== undefined) this.context.endOrphans(entry, time, this.table)
      if (time - entry.last > this.forgetting.shortest) this.forgetting.forget(part, entry, time)
    }
    if (time > entry.last) entry.last = time
    this.at(part, entry)
    return entry
  }

  private at(part: PlatformPart, entry: LearnerEntry): void {
    this.part = part
    this.entry = entry
    this.context.id = entry.id
    this.table.enter(entry)
  }

  private describe(): Subject {
    const { entry, part, history } = this
    const klass = this.set.catalogue.classOf({ platform: part.id, learner: entry.id, class: history.class, course: history.course })
    return {
      kind: 'learner', platform: part.id, id: entry.id, learners: [{ platform: part.id, id: entry.id }],
      class: history.class ?? klass?.id, course: history.course,
      missing: lateOf(history, this.context.now),
    }
  }
}
