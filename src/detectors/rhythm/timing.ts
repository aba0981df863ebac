import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { SIGN, trial, type Ctx } from './state.ts'
import { weights } from './tally.ts'
import type { Track } from './tracks.ts'

// Off the cadence: 1-3 % of honest gaps are; one in two, while a connection is bad. At 1e-4: 16 beats in a row.
const CADENCE = weights(0.5, 0.9)
// Position and clock of an honest browser agree to 10-50 ms, so most of its beats may lie within 10 ms. At 1e-4: 29 beats.
export const EXACT_SHARE = 0.7
const EXACT = weights(EXACT_SHARE, 0.97)
// A jump forward that no seek told happens, one in ten at most. At 1e-4: 5 beats.
const SPEED = weights(0.1, 0.9)

/** A longer gap is no matter of a cadence. */
const LONGEST: Ms = 5 * MINUTE
const SHORTEST: Ms = 2 * SECOND
const SAME_STEP = 0.001
/** Seconds of media that may pass at once: buffers and rounding. */
const SLACK = 2
const JUMP = 10

/**
 * Signs in how a beat follows the beat before it, with nothing between them: off the platform's cadence (neither the clock
 * nor the media keeps it), media and clock agreeing to the millisecond, equal steps of media, media faster than any menu.
 */
export function judgeTiming(event: Event, track: Track, context: Ctx): void {
  if (track.beat === 0) return
  const gap = event.time - track.beat
  if (gap > LONGEST) return
  const known = track.position >= 0 && event.position !== undefined
  const step = known ? (event.position as number) - track.position : -1
  judgeCadence(event, context, gap, step)
  if (!known || step < 0) return
  judgeSpeed(event, context, gap, step)
  if (gap < SHORTEST || step === 0) return
  // Positions in whole seconds say nothing about milliseconds.
  if (!Number.isInteger(event.position)) judgeExactness(event, track, context, gap, step)
  track.step = step
}

function judgeCadence(event: Event, context: Ctx, gap: Ms, step: number): void {
  // A browser slows the timers of a hidden page down to one a minute.
  if (event.visible === false) return
  const cadence = context.catalogue.platform(context.platform)?.heartbeat
  if (cadence === undefined) {
    if (!context.state.told) context.notEvaluable('no heartbeat cadence in the catalogue')
    context.state.told = true
    return
  }
  const most = Math.max(SECOND, context.params.cadence * cadence)
  const on = Math.abs(gap - cadence) <= most || Math.abs(step * SECOND - cadence) <= most
  trial(event, context, SIGN.offCadence, on ? CADENCE.miss : CADENCE.hit, gap / SECOND)
}

function judgeExactness(event: Event, track: Track, context: Ctx, gap: Ms, step: number): void {
  const rate = event.rate ?? context.span?.rate ?? 1
  const residual = Math.abs(step - (rate * gap) / SECOND)
  trial(event, context, SIGN.clockwork, residual <= context.params.residual ? EXACT.hit : EXACT.miss, residual)
  if (track.step > 0) trial(event, context, SIGN.equalSteps, Math.abs(step - track.step) <= SAME_STEP ? EXACT.hit : EXACT.miss, step)
}

function judgeSpeed(event: Event, context: Ctx, gap: Ms, step: number): void {
  if (gap < SHORTEST && step < JUMP) return
  const fast = step >= (context.params.menuRate * gap) / SECOND + SLACK
  trial(event, context, SIGN.tooFast, fast ? SPEED.hit : SPEED.miss, (step * SECOND) / Math.max(gap, SECOND))
}
