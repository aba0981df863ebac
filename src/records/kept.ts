import { flag, number, record, ref, type RecordOf } from '../base/record.ts'
import type { Ms } from '../base/time.ts'
import type { Event } from '../telemetry/event.ts'
import { newSitting, type Login, type Sitting } from './sitting.ts'

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
  current.length = kept.length
  if (!Number.isNaN(placedFrom)) current.watched = [placedFrom, kept.placedTo]
  const used = current.ips?.[current.using]
  if (used !== undefined && kept.addressAt > used.last) used.last = kept.addressAt
}

/** Lays the sitting of a chapter at hand, a new one (due to be written at `due`) where `begins`. False if there is none. */
export function turnTo(kept: Sittings, event: Event, begins: boolean, due: Ms): boolean {
  const { others } = kept
  const at = others?.findIndex((s) => s.chapter === event.chapter) ?? -1
  if (at < 0 && !begins) return false
  const rest = [...(others ?? [])]
  const found = at < 0 ? newSitting(event, due, kept.login) : (rest.splice(at, 1)[0] as Sitting)
  if (kept.current !== undefined) {
    settle(kept)
    rest.push(kept.current)
  }
  kept.others = rest.length === 0 ? undefined : rest
  takeUp(kept, found)
  return true
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
