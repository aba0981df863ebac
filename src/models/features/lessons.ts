import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Activity, Around } from './state.ts'
import { DONE, NEW, PAUSED, PROBED, SEEKED } from './tracks.ts'

/** A shorter pause is the player's own (buffering), a longer one an absence. */
const SHORTEST_PAUSE: Ms = 500
const LONGEST: Ms = 30 * MINUTE
const QUICK_PAUSE: Ms = 1500
/** Pauses whose lengths differ by a smaller share are of one length. */
const SAME_PAUSE = 0.05
/** Between a player's stop for a face check and the request, at most. */
const FACE_STOP: Ms = 2 * SECOND
/** Seconds that are almost nothing, and a chapter too short to tell. */
const NOTHING = 5
const SHORT = 30
/** Positions are rounded, and credits at the end may be skipped: so much of a chapter is all of it. */
const WHOLE = 0.98
/** A page that goes on by itself takes no time at all, and 0 has no logarithm. */
const LEAST_NEXT = 0.1

/** `played` has ended a pause, if there was one. */
export function notePause(activity: Activity, event: Event): void {
  const length = event.time - activity.at
  if ((activity.flags & PAUSED) === 0 || length < SHORTEST_PAUSE || length > LONGEST) return
  const seconds = length / SECOND
  const log = Math.log(seconds)
  activity.pauses++
  activity.pause += log
  activity.pause2 += log * log
  if (length <= QUICK_PAUSE) activity.quickPauses++
  if (activity.paused > 0 && Math.abs(seconds - activity.paused) <= SAME_PAUSE * activity.paused) activity.samePauses++
  activity.paused = seconds
}

/** A player that stops for a face check was not paused by a hand. */
export function noteStop(activity: Activity, event: Event): void {
  if (event.time - Math.abs(activity.asked) <= FACE_STOP) activity.flags &= ~PAUSED
}

/** The same, where the stop came first. */
export function noteFaceStop(activity: Activity, time: Ms): void {
  if (time - activity.at <= FACE_STOP) activity.flags &= ~PAUSED
}

/** The next lesson begins, if it is a chapter that was not at hand. One that is looked into again is none, nor is what comes after it. */
export function noteNext(activity: Activity, event: Event, turn: number): void {
  const { ended } = activity
  if (ended === 0) return
  activity.ended = 0
  const gap = event.time - ended
  if (turn !== NEW || gap > LONGEST) return
  const seconds = Math.max(LEAST_NEXT, gap / SECOND)
  const log = Math.log(seconds)
  activity.nexts++
  activity.next += log
  activity.next2 += log * log
  if (seconds < activity.leastNext) activity.leastNext = seconds
}

/** Whether a beat of the chapter at hand at its end would be a probe. Once it would not, it never will. */
export function mayProbe({ flags, watched }: Activity): boolean {
  return watched < NOTHING && (flags & (PROBED | SEEKED)) === 0
}

/** A beat or a completion: whether the chapter is at its end, and what of it was watched. */
export function noteEnd(activity: Activity, event: Event, turn: number, around: Around): void {
  const { flags, watched } = activity
  const isCompleted = event.action === 'completed'
  if (isCompleted && (flags & DONE) === 0) activity.ended = event.time
  // Nearly every beat ends here: what was watched for longer is no probe. Of a chapter that begins with a beat nothing was.
  const isUnwatched = mayProbe(activity) || (turn === NEW && !isCompleted && (flags & (PROBED | SEEKED)) === 0)
  if (!isCompleted && !isUnwatched) return
  const length = event.length ?? around.lengthOf(event)
  if (length === undefined || length < SHORT) return
  if (isUnwatched && (event.position ?? 0) >= length - Math.max(1, length / 100)) {
    activity.probes++
    activity.flags = flags | PROBED
    activity.watched = 0
  }
  if (!isCompleted || (flags & DONE) !== 0 || Number.isNaN(watched)) return
  activity.completed++
  activity.coverage += Math.min(1, watched / (WHOLE * length))
}
