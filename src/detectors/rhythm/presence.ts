import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Span } from '../../telemetry/playback.ts'
import { count, SIGN, trial, type Ctx } from './state.ts'
import { steadiness, steadyWeight, weights } from './tally.ts'

// One honest pause in five at most ends within 2 s (a slip of the finger). At 1e-4: 7 pauses.
const RESUME = weights(0.2, 0.9)
/** Spreads of the logarithm of pauses: 1.2 in honest learners, 0.9 in the most even. At 1e-4: 7 pauses of one length. */
export const PAUSE_SPREAD = 0.9
const STEADY = steadiness(PAUSE_SPREAD, 0.15)
/** A shorter pause is the player's own (buffering), a longer one an absence. */
const SHORTEST: Ms = 500
const LONGEST: Ms = 30 * MINUTE
/** Between a player's stop for a face check and the request, at most. */
const FACE_STOP: Ms = 2 * SECOND
/** Without positions, a longer stretch between two events proves no playback. */
const QUIET: Ms = 3 * MINUTE

/** The signs that a pause always ends at once, or after the same time. `played` has ended it. */
export function judgePause(event: Event, context: Ctx): void {
  const { state, params } = context
  const paused = state.paused
  if (paused === 0) return
  const length = event.time - paused
  touch(event, context)
  if (length < SHORTEST || length > LONGEST) return
  const seconds = length / SECOND
  count(event, context, SIGN.quickResume, length <= params.resume, RESUME, seconds)
  const before = state.pause
  if (before > 0) {
    const difference = Math.abs(Math.log(seconds / before))
    trial(event, context, SIGN.steadyPauses, steadyWeight(STEADY, difference), difference)
  }
  state.pause = seconds
}

/** A player that stops for a face check has not been paused by a hand. */
export function noteFaceRequest({ time }: Event, { state }: Ctx): void {
  state.faceAsked = time
  forgetStop(state, time)
  for (const t of state.others ?? []) forgetStop(t, time)
}

function forgetStop(track: { paused: Ms }, time: Ms): void {
  if (time - track.paused <= FACE_STOP) track.paused = 0
}

/** The same, where the request comes first. */
export function noteStop(event: Event, { state }: Ctx): void {
  if (event.time - state.faceAsked <= FACE_STOP) state.paused = 0
}

/**
 * The signs that nobody touches the player for an hour and more, with the sound off or the page hidden all the while, or for
 * longer with sound and in view. A face check that was answered does not help: whoever answers it need not be the one who
 * should be watching.
 */
export function judgePresence(event: Event, context: Ctx): void {
  const { span } = context
  if (isTouch(event)) touch(event, context)
  if (span !== undefined && isPlayback(span)) judgeUntouched(event, span, context)
}

function judgeUntouched(event: Event, span: Span, context: Ctx): void {
  const { state, params } = context
  // Chapters that play at once are one stretch of time.
  const begin = Math.max(span.from, state.played)
  state.played = span.to
  if (span.to <= begin) return
  if (span.muted !== true && span.visible !== false) state.loud = true
  const before = state.untouched
  if (before === 0) state.untouchedFrom = begin
  const untouched = before + span.to - begin
  state.untouched = untouched
  const least = state.loud ? params.untouchedLoud : params.untouched
  if (untouched < least) return
  const added = before < least ? untouched : span.to - begin
  trial(event, context, state.loud ? SIGN.unmoved : SIGN.untouched, -Math.log(params.chance), added / MINUTE, state.untouchedFrom)
}

/** Whether the whole stretch was played. */
export function isPlayback(span: Span): boolean {
  return span.agrees ?? span.to - span.from <= QUIET
}

/** An answer to a quiz is like one to a face check. */
function isTouch(event: Event): boolean {
  return (event.inputs !== undefined && event.inputs > 0) || event.action === 'seeked' || event.action === 'rate-changed'
}

function touch(event: Event, context: Ctx): void {
  const { state, params } = context
  if (state.untouched >= params.untouched) {
    trial(event, context, SIGN.untouched, Math.log(params.chance), 0)
    trial(event, context, SIGN.unmoved, Math.log(params.chance), 0)
  }
  state.untouched = 0
  state.loud = false
}
