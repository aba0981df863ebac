import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { count, SIGN, type Ctx } from './state.ts'
import { weights } from './tally.ts'

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
export function judgeTiming(event: Event, context: Ctx): void {
  const { params, state } = context
  const beat = state.beat
  if (beat === 0) return
  const gap = event.time - beat
  if (gap > LONGEST) return
  const before = state.position
  const position = event.position ?? -1
  const known = before >= 0 && position >= 0
  const step = known ? position - before : -1
  const cadence = cadenceFor(event, context)
  if (cadence >= 0) {
    const most = Math.max(SECOND, params.cadence * cadence)
    const off = Math.abs(gap - cadence) > most && Math.abs(step * SECOND - cadence) > most
    count(event, context, SIGN.offCadence, off, CADENCE, gap / SECOND)
  }
  if (!known || step < 0) return
  if (gap >= SHORTEST || step >= JUMP) {
    const fast = step >= (menuRate(context) * gap) / SECOND + SLACK
    count(event, context, SIGN.tooFast, fast, SPEED, (step * SECOND) / Math.max(gap, SECOND))
  }
  if (gap < SHORTEST || step === 0) return
  // Positions in whole seconds say nothing about milliseconds.
  if (!Number.isInteger(position)) {
    const rate = event.rate ?? context.span?.rate ?? 1
    const residual = Math.abs(step - (rate * gap) / SECOND)
    count(event, context, SIGN.clockwork, residual <= params.residual, EXACT, residual)
    const stepBefore = state.step
    if (stepBefore > 0) count(event, context, SIGN.equalSteps, Math.abs(step - stepBefore) <= SAME_STEP, EXACT, step)
  }
  state.step = step
}

/** Media seconds a second that no player's menu offers: half as many again as this platform's, if that is more than the usual one. */
export function menuRate({ params, catalogue, platform }: Ctx): number {
  return Math.max(params.menuRate, 1.5 * (catalogue.platform(platform)?.rate ?? 1))
}

/** The platform's cadence; -1 where it does not hold, or is unknown. */
function cadenceFor(event: Event, { catalogue, platform, state, notEvaluable }: Ctx): Ms {
  // A browser slows the timers of a hidden page down to one a minute.
  if (event.visible === false) return -1
  const cadence = catalogue.platform(platform)?.heartbeat
  if (cadence !== undefined) return cadence
  if (!state.told) notEvaluable('no heartbeat cadence in the catalogue')
  state.told = true
  return -1
}
