import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Span } from '../../telemetry/playback.ts'
import type { Activity } from './state.ts'

/** Without positions, a longer stretch between two events proves no playback. */
const QUIET: Ms = 3 * MINUTE
/** Media seconds beyond the clock's that are still watched: rounding, a player that catches up. */
const SLACK = 2

/**
 * A stretch of playback as it is added up. What is not known is NaN, and yes and no are 1 and 0: of fields that are always numbers V8 makes none
 * anew. One object serves all calls.
 */
export class Stretch {
  from: Ms = 0
  to: Ms = 0
  rate = 1
  mediaFrom = NaN
  mediaTo = NaN
  muted = NaN
  visible = NaN

  of({ from, to, rate, mediaFrom, mediaTo, muted, visible }: Span): this {
    this.from = from
    this.to = to
    this.rate = rate
    this.mediaFrom = mediaFrom ?? NaN
    this.mediaTo = mediaTo ?? NaN
    this.muted = toNumber(muted)
    this.visible = toNumber(visible)
    return this
  }
}

function toNumber(flag: boolean | undefined): number {
  return flag === undefined ? NaN : flag ? 1 : 0
}

/** Takes what an event proves to have been played; `known`: of the chapter at hand. */
export function notePlayed(activity: Activity, { from, to, rate, mediaFrom, mediaTo, muted, visible }: Stretch, known: boolean): void {
  const clock = (to - from) / SECOND
  let seconds = to - from <= QUIET ? clock : 0
  let media = seconds * rate
  if (!Number.isNaN(mediaFrom) && !Number.isNaN(mediaTo)) {
    const advance = Math.max(0, mediaTo - mediaFrom)
    seconds = Math.min(clock, advance / rate)
    media = Math.min(advance, clock * rate + SLACK)
  }
  if (seconds <= 0) return
  if (known) activity.watched += media
  activity.credited += seconds
  if (!Number.isNaN(muted)) {
    activity.heard += seconds
    if (muted === 1) activity.muted += seconds
  }
  if (!Number.isNaN(visible)) {
    activity.seen += seconds
    if (visible === 0) activity.hidden += seconds
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
