import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { SIGN, trial, type Ctx } from './state.ts'
import { steadiness, steadyWeight } from './tally.ts'

// Answer times are lognormal with a median of 12 s and a spread of 0.6; a quick learner's median is 4 s: 5.1 % within 1.5 s,
// 16.6 % more within 2.5 s, 28.3 % more within 4 s. At 1e-4: 5 answers at 1 s, 11 at 2 s.
const SURE = Math.log(0.45 / 0.051)
const SOON = Math.log(0.4 / 0.166)
const BRISK = Math.log(0.1 / 0.283)
const READ = Math.log(0.05 / 0.5)
/** Spreads of the logarithm: of a learner of even temper, and of a program with jitter. At 1e-4: 10 answers of one length. */
export const ANSWER_SPREAD = 0.45
const STEADY = steadiness(ANSWER_SPREAD, 0.15)
const LONGEST: Ms = 5 * MINUTE
/** Answers that a form sends together have no time between them. */
const FORM: Ms = 300

/** The signs that answers come within two seconds, or always after the same time: `elapsed`, else the time between answers. */
export function judgeAnswer(event: Event, context: Ctx): void {
  const { state, params } = context
  const seconds = answerTime(event, state.answered)
  state.answered = event.time
  // The quiz belongs to the lesson: the way to the next one begins after it.
  if (state.ended > 0) state.ended = event.time
  if (seconds <= 0) return
  const ms = seconds * SECOND
  const weight = ms <= params.answerSure ? SURE : ms <= params.answer ? SOON : ms <= params.answer * 1.6 ? BRISK : READ
  trial(event, context, SIGN.quickAnswers, weight, seconds)
  const before = state.answer
  if (before > 0) {
    const difference = Math.abs(Math.log(seconds / before))
    trial(event, context, SIGN.steadyAnswers, steadyWeight(STEADY, difference), difference)
  }
  state.answer = seconds
}

function answerTime(event: Event, before: Ms): number {
  if (event.elapsed !== undefined) return event.elapsed
  const gap = event.time - before
  return before > 0 && gap >= FORM && gap <= LONGEST ? gap / SECOND : -1
}
