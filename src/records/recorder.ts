import { number, record, ref, type RecordOf } from '../base/record.ts'
import { MINUTE, type Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { PLAYBACK, type Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { buildRecord, type About } from './build.ts'
import type { LearningRecord } from './record.ts'
import { newSitting, note, play, SITTING_GAP, type Login, type Sitting } from './sitting.ts'

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

/** Takes the next event of a learner, in time order. Returns when to look again, where a sitting begins. */
export function followSittings(kept: Sittings, event: Event, span: Span | undefined, catalogue: Catalogue): Ms | undefined {
  if (event.action === 'logged-in') kept.login = { time: event.time, ip: event.ip, place: event.place }
  const sitting = sittingOf(kept, event)
  if (sitting === undefined) return undefined
  if (event.action === 'logged-in') sitting.login = kept.login
  const isNew = sitting.count === 0
  note(sitting, event)
  if (span !== undefined) kept.creditedTo = play(sitting, span, catalogue.platform(event.platform)?.rate ?? 1, kept.creditedTo)
  return isNew ? nextLook(kept) : undefined
}

/** The sitting that an event belongs to, a new one where it begins one; undefined if to none. */
function sittingOf(kept: Sittings, event: Event): Sitting | undefined {
  const { open } = kept
  const { chapter } = event
  if (chapter === undefined) return latest(open)
  const known = open?.find((s) => s.chapter === chapter)
  if (known !== undefined) return known
  if (!PLAYBACK.has(event.action) && event.action !== 'attended') return undefined
  const sitting = newSitting(event, event.time + REVISED_EVERY, kept.login)
  if (open === undefined) kept.open = [sitting]
  else open.push(sitting)
  return sitting
}

function latest(open: readonly Sitting[] | undefined): Sitting | undefined {
  let last: Sitting | undefined
  for (const s of open ?? []) if (last === undefined || s.end >= last.end) last = s
  return last
}

/** Writes records of sittings that are over by `at`, or due. Returns when to look again. */
export function lookAtSittings(kept: Sittings, at: Ms, about: About, catalogue: Catalogue, write: Write): Ms | undefined {
  const open = kept.open ?? []
  const going: Sitting[] = []
  for (const s of open) {
    if (at - s.end >= SITTING_GAP) {
      write(buildRecord(s, about, catalogue, at, 'closed'), at)
      continue
    }
    going.push(s)
    if (at >= s.due) revise(s, at, about, catalogue, write)
  }
  if (going.length < open.length) kept.open = going.length === 0 ? undefined : going
  return nextLook(kept)
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

function nextLook({ open }: Sittings): Ms | undefined {
  let next = Infinity
  for (const s of open ?? []) next = Math.min(next, s.due, s.end + SITTING_GAP)
  return next === Infinity ? undefined : next
}
