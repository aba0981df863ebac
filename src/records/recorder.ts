import { number, record, ref, type RecordOf } from '../base/record.ts'
import { MINUTE, type Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { PLAYBACK, type Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { buildRecord, lengthOf, type About } from './build.ts'
import type { LearningRecord } from './record.ts'
import { fits, newSitting, note, overAt, play, SITTING_GAP, type Login, type Sitting } from './sitting.ts'

/** While a sitting goes on, its record is written so often. */
export const REVISED_EVERY: Ms = 15 * MINUTE

/** What is kept of a learner for records. */
export const sittings = record({
  /** In order of their beginning. */
  open: ref<Sitting[]>(),
  login: ref<Login>(),
  /** Up to when the learner's clock has been credited: a second counts for one chapter only. */
  creditedTo: number(-Infinity),
})
export type Sittings = RecordOf<typeof sittings>

type Write = (record: LearningRecord, at: Ms) => void

/** Takes the next event of a learner, in time order; `klass` is what its events named last. Returns when to look again, where a sitting begins. */
export function followSittings(kept: Sittings, event: Event, span: Span | undefined, klass: string | undefined, catalogue: Catalogue): Ms | undefined {
  if (event.action === 'logged-in') kept.login = { time: event.time, ip: event.ip, place: event.place }
  const sitting = sittingOf(kept, event, klass)
  if (sitting === undefined) return undefined
  if (event.action === 'logged-in') sitting.login = kept.login
  const isNew = sitting.count === 0
  note(sitting, event)
  if (span !== undefined) kept.creditedTo = play(sitting, span, catalogue.platform(event.platform)?.rate ?? 1, kept.creditedTo)
  return isNew ? nextLook(kept.open, soonest) : undefined
}

/** The sitting that an event belongs to, a new one where it begins one; undefined if to none. */
function sittingOf(kept: Sittings, event: Event, klass: string | undefined): Sitting | undefined {
  const { open } = kept
  const { chapter } = event
  if (chapter === undefined) return latest(open)
  const known = latest(open, event)
  if (known !== undefined) return known
  if (!PLAYBACK.has(event.action) && event.action !== 'attended') return undefined
  const sitting = newSitting(event, event.time + REVISED_EVERY, kept.login, klass)
  if (open === undefined) kept.open = [sitting]
  else open.push(sitting)
  return sitting
}

/** The sitting heard of last, of those over the chapter of an event if one is given. */
function latest(open: readonly Sitting[] | undefined, event?: Event): Sitting | undefined {
  let last: Sitting | undefined
  for (const s of open ?? []) if ((last === undefined || s.end >= last.end) && (event === undefined || fits(s, event))) last = s
  return last
}

/** Writes records of sittings that are over by `at`, or due. Returns when to look again. */
export function lookAtSittings(kept: Sittings, at: Ms, about: About, catalogue: Catalogue, write: Write): Ms | undefined {
  const open = kept.open ?? []
  const over = (s: Sitting): Ms => overAt(s, lengthOf(s, about, catalogue))
  const going: Sitting[] = []
  for (const s of open) {
    if (at >= over(s)) {
      write(buildRecord(s, about, catalogue, at, 'closed'), at)
      continue
    }
    going.push(s)
    if (at >= s.due) revise(s, at, about, catalogue, write)
  }
  if (going.length < open.length) kept.open = going.length === 0 ? undefined : going
  return nextLook(going, over)
}

/** Writes records of sittings that may still go on, as far as they have come since they were last written: where a log ends. */
export function tellSittings(kept: Sittings, at: Ms, about: About, catalogue: Catalogue, write: Write): void {
  for (const s of kept.open ?? []) revise(s, at, about, catalogue, write)
}

function revise(s: Sitting, at: Ms, about: About, catalogue: Catalogue, write: Write): void {
  s.due = at + REVISED_EVERY
  if (s.count === s.told) return
  s.told = s.count
  write(buildRecord(s, about, catalogue, at, 'open'), at)
}

function nextLook(open: readonly Sitting[] | undefined, over: (sitting: Sitting) => Ms): Ms | undefined {
  let next = Infinity
  for (const s of open ?? []) next = Math.min(next, s.due, over(s))
  return next === Infinity ? undefined : next
}

/** No sitting is over before. */
function soonest({ end }: Sitting): Ms {
  return end + SITTING_GAP
}
