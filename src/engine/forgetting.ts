import type { RecordOf } from '../base/record.ts'
import { DAY, type Ms } from '../base/time.ts'
import { sittings } from '../records/kept.ts'
import { playback } from '../telemetry/playback.ts'
import { history, type LearnerEntry, type PlatformPart } from './learner-entry.ts'
import { presence } from './presence.ts'
import type { RecentIds } from './recent-ids.ts'
import { DEFAULT_HORIZON, type RuleSet } from './runtime.ts'
import type { Table } from './table.ts'

/** Progress of a learner of no known class is forgotten after so long a silence. */
const PROGRESS_HORIZON: Ms = 90 * DAY

/**
 * What of a learner is forgotten after a silence. INVARIANT (forgetting): an event past a horizon finds a new state, whether the old one was
 * swept or not.
 */
export class Forgetting {
  /** No silence that is shorter makes anything forgotten. */
  readonly shortest: Ms
  private readonly set: RuleSet
  private readonly table: Table
  private readonly ids: RecentIds
  private readonly history: RecordOf<typeof history>

  /** `view`: of the learner at hand in `table`. */
  constructor(set: RuleSet, table: Table, ids: RecentIds, view: RecordOf<typeof history>) {
    this.shortest = Math.min(DEFAULT_HORIZON, ...set.rules.map(({ detector: { horizon } }) => (typeof horizon === 'number' ? horizon : DEFAULT_HORIZON)))
    this.set = set
    this.table = table
    this.ids = ids
    this.history = view
  }

  /** Makes new, in a learner that has been silent until `time`, what is past its horizon. */
  forget(part: PlatformPart, entry: LearnerEntry, time: Ms): void {
    for (let slot = 0; slot < this.set.rules.length; slot++) if (this.isForgotten(part, entry, slot, time)) this.table.reset(entry, slot)
    if (time - entry.last <= DEFAULT_HORIZON) return
    this.table.resetOwn(entry, playback)
    this.table.resetOwn(entry, presence)
    this.table.resetOwn(entry, sittings)
    if (!this.isBare(entry)) return
    // From here on the learner is as new as one that was swept.
    this.ids.clear(entry.row)
    this.table.resetOwn(entry, history)
  }

  /** Whether nothing is left of the learner that a new one would not have, too. */
  isBare(entry: LearnerEntry): boolean {
    return entry.open === undefined && this.table.isNew(entry)
  }

  /** Whether a rule's state is past its horizon at `time`. */
  isForgotten(part: PlatformPart, entry: LearnerEntry, slot: number, time: Ms): boolean {
    const silent = time - entry.last
    const horizon = this.set.rules[slot]?.detector.horizon ?? DEFAULT_HORIZON
    if (horizon !== 'class') return silent > horizon
    if (silent <= DEFAULT_HORIZON) return false
    this.table.enter(entry)
    const known = this.history.class
    const klass = known === undefined ? undefined : this.set.catalogue.class(part.id, known)
    return klass?.closes === undefined ? silent > PROGRESS_HORIZON : time - klass.closes > DEFAULT_HORIZON
  }
}
