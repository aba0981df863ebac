import { SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { SIGN, trial, type Ctx } from './state.ts'
import { weights } from './tally.ts'
import { PROBED, SEEKED, STARTED, type Track } from './tracks.ts'

// A lost event or a log that begins in mid-chapter: one chapter in twenty. At 1e-4: 4 chapters.
export const UNSTARTED_SHARE = 0.05
const START = weights(UNSTARTED_SHARE, 0.95)
// A chapter that is reported at its end without having been played: at 1e-4, 3 chapters.
const PROBE = weights(0.02, 0.95)
/** Beats after which a chapter should have been started. */
const BEATS = 3
/** Seconds of playback that are almost nothing, and that are enough to be no probe. */
export const NOTHING = 5
const WATCHED = 60
const SHORT = 30
const AT_ONCE: Ms = 30 * SECOND

/** The sign that chapters beat which nothing has initialized or played. */
export function judgeStart(event: Event, track: Track, context: Ctx): void {
  if (track.beats !== BEATS - 1) return
  const started = (track.flags & STARTED) !== 0
  trial(event, context, SIGN.noStart, started ? START.miss : START.hit, BEATS)
}

/**
 * The sign that a chapter is reported at its end while almost nothing of it was watched, and no seek led there. A player
 * that reopens a chapter at its end says so when it starts, so that what it says next is no jump.
 */
export function judgeProbe(event: Event, track: Track, context: Ctx): void {
  if ((track.flags & PROBED) !== 0) return
  if (track.watched >= WATCHED) {
    track.flags |= PROBED
    trial(event, context, SIGN.probe, PROBE.miss, 0)
    return
  }
  if (event.position === undefined || track.watched >= NOTHING || (track.flags & SEEKED) !== 0) return
  const length = event.length ?? lengthOf(event, context)
  if (length === undefined || length < SHORT || event.position < length - Math.max(1, length / 100)) return
  if (!leapt(event, track, length)) return
  track.flags |= PROBED
  trial(event, context, SIGN.probe, PROBE.hit, track.watched)
}

/**
 * Whether the end was reached out of nothing: by a beat of a chapter that has told nothing yet, or from its first half
 * within seconds. A platform that tells only starts and ends, or an unknown rate, is no leap.
 */
function leapt(event: Event, track: Track, length: number): boolean {
  if (track.position < 0) return event.action === 'heartbeat' && track.beats === 0 && (track.flags & STARTED) === 0
  return track.position < length / 2 && event.time - track.last <= AT_ONCE
}

function lengthOf(event: Event, { catalogue }: Ctx): number | undefined {
  const course = catalogue.courseOf(event)
  return course === undefined || event.chapter === undefined ? undefined : catalogue.chapter(course, event.chapter)?.length
}
