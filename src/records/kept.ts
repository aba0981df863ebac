import { flag, number, record, ref, type RecordOf } from '../base/record.ts'
import type { Ms } from '../base/time.ts'
import type { Event } from '../telemetry/event.ts'
import { fits, newSitting, type Login, type Sitting } from './sitting.ts'

/**
 * What is kept of a learner for records. What nearly every event of the sitting at hand touches lies in the row beside it (its own fields
 * are behind until `settle`): learners come in turn, and each look into another's memory takes longer than what is done there.
 */
export const sittings = record({
  /** Of the sitting at hand, which had the learner's latest event that belongs to one. */
  chapter: ref<string>(),
  current: ref<Sitting>(),
  /** Others that are not over, in no order. */
  others: ref<Sitting[]>(),
  login: ref<Login>(),
  last: ref<string>(),
  begin: number(NaN),
  end: number(NaN),
  count: number(0),
  credited: number(0),
  owed: number(0),
  isPlaying: flag,
  beats: flag,
  length: number(0),
  /** Media seconds played, as long as they are one stretch; NaN: none, or more than one. */
  placedFrom: number(NaN),
  placedTo: number(NaN),
  /** When the address in use was told last. */
  addressAt: number(NaN),
  /** Whether the learner's event before was of this sitting, so that only what differs from it is new. */
  isKnown: flag,
  /** Up to when the learner's clock has been credited: a second counts for one chapter only. */
  creditedTo: number(-Infinity),
})
export type Sittings = RecordOf<typeof sittings>

/** Brings the sitting at hand up to date with what lies beside it. */
export function settle(kept: Sittings): void {
  const { current, placedFrom } = kept
  if (current === undefined) return
  current.end = kept.end
  current.last = kept.last as string
  current.count = kept.count
  current.credited = kept.credited
  current.owed = kept.owed
  current.isPlaying = kept.isPlaying
  current.beats = kept.beats
  current.length = kept.length
  if (!Number.isNaN(placedFrom)) current.watched = [placedFrom, kept.placedTo]
  const used = current.ips?.[current.using]
  if (used !== undefined && kept.addressAt > used.last) used.last = kept.addressAt
}

/** Lays the sitting that an event of a chapter belongs to at hand: the one heard of last. False if there is none. */
export function turnTo(kept: Sittings, event: Event): boolean {
  const { current } = kept
  if (current !== undefined && fits(current, event)) return true
  const found = latest(kept.others, event)
  if (found !== undefined) layAtHand(kept, found)
  return found !== undefined
}

function latest(others: readonly Sitting[] | undefined, event: Event): Sitting | undefined {
  let last: Sitting | undefined
  for (const s of others ?? []) if ((last === undefined || s.end >= last.end) && fits(s, event)) last = s
  return last
}

/** Begins a sitting with an event, due to be written at `due`; `klass` is what the learner's events named last. */
export function sitDown(kept: Sittings, event: Event, due: Ms, klass: string | undefined): void {
  layAtHand(kept, newSitting(event, due, kept.login, klass))
}

function layAtHand(kept: Sittings, sitting: Sitting): void {
  const rest = (kept.others ?? []).filter((s) => s !== sitting)
  if (kept.current !== undefined) {
    settle(kept)
    rest.push(kept.current)
  }
  kept.others = rest.length === 0 ? undefined : rest
  takeUp(kept, sitting)
}

function takeUp(kept: Sittings, sitting: Sitting): void {
  const { watched } = sitting
  const isOne = watched?.length === 2
  kept.current = sitting
  kept.chapter = sitting.chapter
  kept.last = sitting.last
  kept.begin = sitting.begin
  kept.end = sitting.end
  kept.count = sitting.count
  kept.credited = sitting.credited
  kept.owed = sitting.owed
  kept.isPlaying = sitting.isPlaying
  kept.beats = sitting.beats
  kept.length = sitting.length
  kept.placedFrom = isOne ? (watched[0] as number) : NaN
  kept.placedTo = isOne ? (watched[1] as number) : NaN
  kept.addressAt = sitting.ips?.[sitting.using]?.last ?? NaN
  kept.isKnown = false
}

/** The sitting at hand is over. */
export function putAway(kept: Sittings): void {
  kept.current = kept.chapter = kept.last = undefined
  kept.placedFrom = kept.placedTo = NaN
  kept.isKnown = false
}

/** All sittings that are not over. */
export function openSittings(kept: Sittings): Sitting[] {
  settle(kept)
  return kept.current === undefined ? [...(kept.others ?? [])] : [kept.current, ...(kept.others ?? [])]
}
