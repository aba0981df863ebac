import type { RecordOf } from '../base/record.ts'
import type { Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { LearningRecord } from '../records/record.ts'
import type { About } from '../records/build.ts'
import { sittings, type Sittings } from '../records/kept.ts'
import { followSittings, lookAtSittings, tellSittings, type Around } from '../records/recorder.ts'
import type { Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { history, lateOf, type LearnerEntry, type PlatformPart } from './learner-entry.ts'
import type { Output } from './output.ts'
import { presence } from './presence.ts'
import type { Table } from './table.ts'

/** Keeps the learning records of a task's learners; each call is about the learner that the table's views are at. */
export class RecordKeeper {
  /** Of its timer. */
  readonly slot: number
  private readonly sittings: Sittings
  private readonly history: RecordOf<typeof history>
  private readonly around: Around
  private readonly catalogue: Catalogue
  private readonly write: (value: LearningRecord, at: Ms) => void

  constructor(table: Table, catalogue: Catalogue, slot: number, output: (output: Output) => void) {
    this.slot = slot
    this.sittings = table.own(sittings)
    this.history = table.own(history)
    this.around = { before: table.own(presence), klass: undefined, catalogue }
    this.catalogue = catalogue
    this.write = (value, at) => output({ kind: 'record', at, value })
  }

  /** Takes the learner's next event, before the presence does, and the stretch of playback that it proves. */
  follow(part: PlatformPart, entry: LearnerEntry, event: Event, span: Span | undefined): void {
    this.around.klass = this.history.class
    const lookAt = followSittings(this.sittings, event, span, this.around)
    if (lookAt !== undefined) part.timers.set(entry, this.slot, lookAt)
  }

  /** Writes what is due by `at`, at which the learner's timer fired. */
  look(part: PlatformPart, entry: LearnerEntry, at: Ms): void {
    const next = lookAtSittings(this.sittings, at, this.about(part, entry, at), this.catalogue, this.write)
    if (next !== undefined) part.timers.set(entry, this.slot, next)
  }

  /** Where a log ends: writes of sittings that may still go on what has not been written. */
  tell(part: PlatformPart, entry: LearnerEntry, at: Ms): void {
    tellSittings(this.sittings, at, this.about(part, entry, at), this.catalogue, this.write)
  }

  private about(part: PlatformPart, entry: LearnerEntry, at: Ms): About {
    return { platform: part.id, learner: entry.id, class: this.history.class, missing: lateOf(this.history, at) }
  }
}
