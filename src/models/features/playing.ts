import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Span } from '../../telemetry/playback.ts'
import type { Activity } from './state.ts'

/** Without positions, a longer stretch between two events proves no playback. */
const QUIET: Ms = 3 * MINUTE
/** Media seconds beyond the clock's that are still watched: rounding, a player that catches up. */
const SLACK = 2

/** Takes what an event proves to have been played; `known`: of the chapter at hand. */
export function notePlayed(activity: Activity, span: Span, known: boolean): void {
  const { from, to, rate, mediaFrom, mediaTo } = span
  const clock = (to - from) / SECOND
  let seconds = to - from <= QUIET ? clock : 0
  let media = seconds * rate
  if (mediaFrom !== undefined && mediaTo !== undefined) {
    const advance = Math.max(0, mediaTo - mediaFrom)
    seconds = Math.min(clock, advance / rate)
    media = Math.min(advance, clock * rate + SLACK)
  }
  if (seconds <= 0) return
  if (known) activity.watched += media
  activity.credited += seconds
  if (span.muted !== undefined) {
    activity.heard += seconds
    if (span.muted) activity.muted += seconds
  }
  if (span.visible !== undefined) {
    activity.seen += seconds
    if (!span.visible) activity.hidden += seconds
  }
  // Chapters that play at once are one stretch of the clock.
  const added = Math.min(seconds, (to - Math.max(from, activity.until)) / SECOND)
  activity.until = to
  if (added <= 0) return
  activity.played += added
  activity.sat += added
  activity.untouched += added
}

/** A hand on the mouse, the keys or the screen. */
export function touch(activity: Activity): void {
  if (activity.untouched > activity.mostUntouched) activity.mostUntouched = activity.untouched
  activity.untouched = 0
}
