import type { Ms } from '../../base/time.ts'

/**
 * One sign's running count: Page's cumulative sum of log-likelihood ratios. Each trial (a beat, an answer, a pause) adds
 * ln(P(outcome | program) / P(outcome | honest)) and the score never falls below 0, so evidence may begin at any time and
 * an odd outcome costs some score instead of all. By Wald's bound an honest learner whose outcomes are at least as likely
 * as assumed takes the score from 0 to ln(1 / chance) with a probability of at most `chance`. The probabilities are written where the
 * trials are, and are those of learners who look most like a program, not of the average. Plain data.
 */
export interface Tally {
  /** Which sign: its place in `SIGNS`. */
  sign: number
  score: number
  /** Since the score last left 0: trials, those that speak for a program, and the sum of what was measured in them. */
  trials: number
  hits: number
  sum: number
  begin: Ms
  /** Latest event that spoke for a program, kept once the score is well on its way. */
  id: string | undefined
  /** Whether the score has reached the limit since it last left 0. */
  shown: boolean
}

/** What one trial adds to the score. */
export interface Weights {
  readonly hit: number
  readonly miss: number
}

/** Weights of a trial that speaks for a program with probability `honest` in an honest learner, `program` in a program. */
export function weights(honest: number, program: number): Weights {
  return { hit: Math.log(program / honest), miss: Math.log((1 - program) / (1 - honest)) }
}

// An outcome that a program would hardly show is still no proof of a human: jitter, a reconnect, a hand on the mouse.
const LEAST = -2.5

/**
 * Weight of two successive lengths of time, by the difference of their logarithms, for lengths that spread lognormally
 * by `honest` in a learner and by `program` in a program (standard deviations of the logarithm).
 */
export function steadiness(difference: number, honest: number, program: number): number {
  const d = difference * difference
  // The difference of two independent lengths has twice the variance of one.
  return Math.max(LEAST, Math.log(honest / program) - (d / 4) * (1 / (program * program) - 1 / (honest * honest)))
}

function find(tallies: readonly Tally[], sign: number): Tally | undefined {
  for (const t of tallies) if (t.sign === sign) return t
  return undefined
}

/** Tallies that stay when their score falls to 0: those that come and go would be made anew all the time. */
const KEPT = 2

/**
 * Adds a trial to a sign's tally; `value` is what was measured in it. Returns whether the sign is shown and this trial
 * speaks for it. `chance` sets the limit, `begin` is when what is judged began. Most learners have no tally
 * but those of one or two signs that come and go. `keep` holds a shown tally's counts when its score
 * falls to 0, as an open episode needs.
 */
export function note(tallies: Tally[], sign: number, weight: number, value: number, begin: Ms, id: string, chance: number, keep: boolean): boolean {
  let tally = find(tallies, sign)
  if (tally === undefined) {
    if (weight <= 0) return false
    tally = { sign, score: 0, trials: 0, hits: 0, sum: 0, begin, id: undefined, shown: false }
    tallies.push(tally)
  } else if (tally.trials === 0) {
    if (weight <= 0) return false
    tally.begin = begin
  }
  const limit = -Math.log(chance)
  tally.trials++
  if (weight > 0) {
    tally.hits++
    tally.sum += value
    if (2 * tally.score >= limit) tally.id = id
  }
  const score = tally.score + weight
  if (score <= 0 && !(keep && tally.shown)) {
    if (tallies.length > KEPT) tallies.splice(tallies.indexOf(tally), 1)
    else clear(tally)
    return false
  }
  tally.score = score <= 0 ? 0 : score > limit ? limit : score
  if (tally.score < limit) return tally.shown && weight > 0
  tally.shown = true
  return weight > 0
}

function clear(tally: Tally): void {
  tally.score = 0
  tally.trials = 0
  tally.hits = 0
  tally.sum = 0
  tally.id = undefined
  tally.shown = false
}
