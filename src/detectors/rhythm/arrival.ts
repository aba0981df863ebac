import { SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { SIGN, trial, type Ctx } from './state.ts'
import { weights } from './tally.ts'
import type { Track } from './tracks.ts'

// A group of three or more that is as large as the one before: a phone that lost its connection flushes one bundle, once in
// a while, and single beats lie between that one and the next. At 1e-4: 5 groups.
const BUNDLES = weights(0.1, 0.85)
const APART: Ms = 2 * SECOND

/**
 * The sign that beats come in bundles of one size. Arrival is `received`, else the event's own time: then beats that are
 * apart in the media only count as sent together.
 */
export function judgeArrival(event: Event, track: Track, context: Ctx): void {
  const arrived = event.received ?? event.time
  if (track.group > 0 && Math.abs(arrived - track.arrived) <= context.params.together && apart(event, track)) {
    track.group++
  } else {
    if (track.group > 0) closeGroup(event, track, context)
    track.group = 1
  }
  track.arrived = arrived
}

function apart(event: Event, track: Track): boolean {
  return event.time - track.last >= APART || (event.position !== undefined && track.position >= 0 && event.position - track.position >= APART / SECOND)
}

function closeGroup(event: Event, track: Track, context: Ctx): void {
  const bundle = track.group >= context.params.bundle && track.group === track.size
  trial(event, context, SIGN.bundles, bundle ? BUNDLES.hit : BUNDLES.miss, track.group)
  track.size = track.group
}
