import { compareText } from '../base/order.ts'
import type { Ms } from '../base/time.ts'
import type { Event, Place } from '../telemetry/event.ts'
import { newPlayback, type Playback } from '../telemetry/playback.ts'
import { Coverage } from './coverage.ts'
import { Entry, Timers } from './entry.ts'
import { Reorder } from './reorder.ts'
import { newPresence, type Presence } from './sightings.ts'

/** What the learner stage keeps of one learner. */
export class LearnerEntry extends Entry {
  playback: Playback = newPlayback()
  presence: Presence = newPresence()
  /** Place of the learner's last ids, and how many events it has had. */
  ids = -1
  events = 0
  late = 0
  lateAt: Ms = -Infinity
  class: string | undefined = undefined
  course: string | undefined = undefined
  /** The address last looked up as its platform writes it, and what was found. Not saved: looked up again. */
  address: string | undefined = undefined
  ip: string | undefined = undefined
  place: Place | undefined = undefined
}

/** One platform's part of a task. */
export class PlatformPart {
  readonly id: string
  readonly learners = new Map<string, LearnerEntry>()
  readonly reorder = new Reorder<Event>(compareEvents, smaller)
  readonly timers = new Timers<Entry>()
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
