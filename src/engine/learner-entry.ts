import { compareText } from '../base/order.ts'
import { number, record, ref, type RecordOf } from '../base/record.ts'
import { DAY, type Ms } from '../base/time.ts'
import { sittings } from '../records/kept.ts'
import type { Event, Place } from '../telemetry/event.ts'
import type { Held } from '../telemetry/held.ts'
import { playback } from '../telemetry/playback.ts'
import { Coverage } from './coverage.ts'
import type { AnyDetector } from './detector.ts'
import { Entry, Timers } from './entry.ts'
import { presence } from './presence.ts'
import { Reorder } from './reorder.ts'
import { Table } from './table.ts'

/** What the stage itself keeps of a learner. */
export const history = record({
  /** How many events the learner has had, and how many came late. */
  events: number(0),
  late: number(0),
  lateAt: number(-Infinity),
  class: ref<string>(),
  course: ref<string>(),
})

/** A learner's late events make what is written of it `partial` for so long. */
export const LATE_MEMORY: Ms = DAY

/** What is missing of a learner at `now`, if anything. */
export function lateOf({ late, lateAt }: RecordOf<typeof history>, now: Ms): string | undefined {
  return late > 0 && now - lateAt <= LATE_MEMORY ? `${late} events of this learner came too late to be judged` : undefined
}

/** What the learner stage keeps of one learner, beside its row. */
export class LearnerEntry extends Entry {
  /** The address last looked up as its platform writes it, and what was found. Not saved: looked up again. */
  address: string | undefined = undefined
  ip: string | undefined = undefined
  place: Place | undefined = undefined
}

/** Slots of the engine's own timers after those of the rules: for sightings, and for records. */
const OWN_TIMERS = 2

/** The table of a task's learners: the engine's records, then those of the rules. */
export function learnerTable(detectors: readonly AnyDetector[]): Table {
  return new Table(detectors.length + OWN_TIMERS, { history, playback, presence, sittings }, detectors)
}

/** One platform's part of a task. */
export class PlatformPart {
  readonly id: string
  readonly learners = new Map<string, LearnerEntry>()
  readonly reorder = new Reorder<Held, Event>(compareEvents, smaller, (held) => held.read())
  timers = new Timers<Entry>()
  readonly coverage: Coverage
  watermark: Ms = -Infinity

  constructor(id: string) {
    this.id = id
    this.coverage = new Coverage()
  }
}

/** Within one platform: the order in which learners' events are handled. */
function compareEvents(a: Event, b: Event): number {
  return a.time - b.time || compareText(a.learner, b.learner) || compareText(a.id, b.id)
}

/** Of two events with the same id and time, the one whose record is bytewise smaller. */
function smaller(a: Event, b: Event): Event {
  return Buffer.compare(Buffer.from(a.raw), Buffer.from(b.raw)) <= 0 ? a : b
}

/** Over all platforms: the order in which late events are told. */
export function compareLate(a: Event, b: Event): number {
  return a.time - b.time || compareText(a.platform, b.platform) || compareText(a.learner, b.learner) || compareText(a.id, b.id) || compareText(a.raw, b.raw)
}
