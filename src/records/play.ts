import { addInterval, covered, type Intervals } from '../base/intervals.ts'
import { MINUTE, SECOND, type Ms } from '../base/time.ts'
import type { Span } from '../telemetry/playback.ts'
import type { Sittings } from './kept.ts'
import { MOST_STRETCHES, SITTING_GAP, type Sitting } from './sitting.ts'

/** Where a player goes on is measured twice, at the pause and at the start: so near, it is one place. Of whole seconds, two that follow each other may be. */
const SAME_PLACE = 0.25
const SAME_WHOLE = 1
// Buffering and rounding, as in `telemetry/playback.ts`.
const TOLERANCE_SECONDS = 2
const TOLERANCE_SHARE = 0.05
const MOST_OWED: Ms = TOLERANCE_SECONDS * SECOND
/** A player with heartbeats that says nothing for longer was not playing for certain, where its media does not show it. */
const MOST_GUESSED: Ms = 5 * MINUTE

/** Adds a stretch of playback to the sitting at hand. `offered`: the highest rate of the platform's player, which need not tell at which it plays. */
export function play(kept: Sittings, span: Span, offered: number): void {
  const { from, to, rate } = span
  let { mediaFrom, mediaTo } = span
  const elapsed = (to - from) / SECOND
  const isPlaced = mediaFrom !== undefined || mediaTo !== undefined
  if (mediaFrom !== undefined && mediaTo !== undefined) {
    const most = elapsed * Math.max(rate, offered)
    const advance = mediaTo - mediaFrom
    // Less than the clock allows is buffering, and what advanced was played; more is a jump, and so is going back.
    if (advance < 0 || advance > most + Math.max(TOLERANCE_SECONDS, TOLERANCE_SHARE * most)) return
  } else if (mediaTo !== undefined) mediaFrom = Math.max(0, mediaTo - elapsed * rate)
  else if (mediaFrom !== undefined) mediaTo = mediaFrom + elapsed * rate
  const [start, end] = [mediaFrom ?? 0, mediaTo ?? 0]
  // INVARIANT (wall-clock): nothing before the sitting counts, so that credit never exceeds it.
  if (from < kept.begin || isTooSilent(kept, span)) {
    if (!isPlaced || end - start > TOLERANCE_SECONDS) (kept.current as Sitting).silent = true
    return
  }
  const fresh = isPlaced ? place(kept, start, end) : Infinity
  if (!isPlaced) (kept.current as Sitting).unplaced = true
  const clock = to - Math.max(from, kept.creditedTo)
  if (fresh <= 0 || clock <= 0) return
  if (isPlaced) credit(kept, fresh * SECOND, clock)
  else kept.credited += clock
  kept.creditedTo = to
}

/** Whether a stretch is too long for its ends to prove it: unless the media went on by all of it. */
function isTooSilent({ beats }: Sittings, { from, to, mediaFrom, mediaTo, agrees }: Span): boolean {
  const elapsed = to - from
  if (elapsed > SITTING_GAP) return agrees !== true
  return beats && elapsed > MOST_GUESSED && (mediaFrom === undefined) !== (mediaTo === undefined)
}

// INVARIANT (credit): in all never more than the clock, nor than the media. Whole seconds of either come out uneven from beat to beat.
function credit(kept: Sittings, media: Ms, clock: Ms): void {
  const { owed } = kept
  const [wanted, room] = [media + Math.max(0, owed), clock + Math.max(0, -owed)]
  kept.credited += Math.min(wanted, room)
  kept.owed = Math.max(-MOST_OWED, Math.min(MOST_OWED, wanted - room))
}

/** Adds media seconds and returns how many of them are new. */
function place(kept: Sittings, from: number, to: number): number {
  const { placedFrom, placedTo } = kept
  const current = kept.current as Sitting
  if (Number.isNaN(placedFrom)) {
    if (current.watched !== undefined) return placeAmong(kept, current, current.watched, from, to)
    if (to <= from) return 0
    kept.placedFrom = from
    kept.placedTo = to
    return to - from
  }
  // The common case: it goes on where the one stretch ends.
  if (from >= placedFrom && (from <= placedTo || isSame(placedTo, from))) {
    if (to <= placedTo) return 0
    kept.placedTo = to
    return to - placedTo
  }
  return placeAmong(kept, current, [placedFrom, placedTo], from, to)
}

function placeAmong(kept: Sittings, sitting: Sitting, watched: Intervals, mediaFrom: number, to: number): number {
  const from = joined(watched, mediaFrom)
  const fresh = to - from - covered(watched, from, to)
  addInterval(watched, from, to, Infinity)
  if (watched.length > 2 * MOST_STRETCHES) {
    forgetShortest(watched)
    sitting.overfull = true
  }
  const isOne = watched.length === 2
  sitting.watched = watched
  kept.placedFrom = isOne ? (watched[0] as number) : NaN
  kept.placedTo = isOne ? (watched[1] as number) : NaN
  return fresh
}

/** Where a stretch begins: at the end of one that it goes on from, if there is one so near. */
function joined(watched: Intervals, from: number): number {
  for (let i = watched.length - 1; i > 0; i -= 2) if (isSame(watched[i] as number, from)) return watched[i] as number
  return from
}

/** Whether a stretch that begins at `from` goes on from one that ended before, at `end`. */
function isSame(end: number, from: number): boolean {
  return from > end && from - end <= (Number.isInteger(from) && Number.isInteger(end) ? SAME_WHOLE : SAME_PLACE)
}

// A record never claims more than the log proves.
function forgetShortest(list: Intervals): void {
  let best = 0
  for (let i = 2; i < list.length; i += 2) if (lengthAt(list, i) < lengthAt(list, best)) best = i
  list.splice(best, 2)
}

function lengthAt(list: Intervals, i: number): number {
  return (list[i + 1] as number) - (list[i] as number)
}
