import type { Ms } from '../../base/time.ts'
import { clearTallies, ROOM, TALLIES, TALLY_SIZE } from './numbers.ts'
import { SIGNS } from './signs.ts'

/*
 * One sign's tally: Page's cumulative sum of log-likelihood ratios. Each trial (a beat, an answer, a pause) adds
 * ln(P(outcome | program) / P(outcome | honest)) and the score never falls below 0, so evidence may begin at any time and
 * an odd outcome costs some score instead of all. By Wald's bound an honest learner whose outcomes are at least as likely
 * as assumed takes the score from 0 to ln(1 / chance) with a probability of at most `chance`. The probabilities are written where the
 * trials are, and are those of learners who look most like a program, not of the average.
 *
 * Places of a tally in the list of numbers: first its sign (-1: free), then its score; since the score last left 0, how many trials
 * there were, how many spoke for a program, the sum of what was measured in these, and when the first began.
 */
const SCORE = 1
const TRIALS = 2
const HITS = 3
const SUM = 4
const BEGIN = 5

/** The tallies of one learner. Plain data. */
export interface Tallies {
  /** From `TALLIES` on, in the order of their first trial. */
  numbers: number[]
  /** Signs whose score has left 0, as bits. */
  active: number
  /** Signs whose score has reached the limit since it last left 0, as bits. */
  shown: number
  /** By sign: the latest event that spoke for a program, kept once the score is well on its way; empty for none. */
  ids: string[] | undefined
}

/** One sign that is shown, for a warning. */
export interface Tally {
  sign: number
  trials: number
  hits: number
  sum: number
  begin: Ms
  /** Empty for none. */
  id: string
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

/** Weight of two successive lengths of time: `equal` if they are, less by `slope` for half the difference of their logarithms, squared. */
export interface Steadiness {
  readonly equal: number
  readonly slope: number
}

/** For lengths that spread lognormally by `honest` in a learner and by `program` in a program (standard deviations of the logarithm). */
export function steadiness(honest: number, program: number): Steadiness {
  // The difference of two independent lengths has twice the variance of one.
  return { equal: Math.log(honest / program), slope: 1 / (program * program) - 1 / (honest * honest) }
}

// An outcome that a program would hardly show is still no proof of a human: jitter, a reconnect, a hand on the mouse.
const LEAST = -2.5

/** What a difference of two logarithms adds to the score. */
export function steadyWeight({ equal, slope }: Steadiness, difference: number): number {
  return Math.max(LEAST, equal - ((difference * difference) / 4) * slope)
}

// No limit is lower, since `chance` is under 0.1: most trials need not know theirs.
const LOWEST = Math.log(10)

/**
 * Adds a trial to a sign's tally; `value` is what was measured in it. Returns whether the sign is shown and this trial
 * speaks for it. `chance` sets the limit, `begin` is when what is judged began. `keep` holds a shown tally's counts when
 * its score falls to 0, as an open episode needs.
 */
export function note(tallies: Tallies, sign: number, weight: number, value: number, begin: Ms, id: string, chance: number, keep: boolean): boolean {
  const { numbers } = tallies
  const bit = 1 << sign
  let at: number
  if ((tallies.active & bit) !== 0) at = placeOf(numbers, sign)
  else {
    if (weight <= 0) return false
    at = makePlace(numbers, sign)
    numbers[at + BEGIN] = begin
    tallies.active |= bit
  }
  const before = numbers[at + SCORE] as number
  const score = before + weight
  const limit = 2 * before < LOWEST && score < LOWEST ? LOWEST : -Math.log(chance)
  numbers[at + TRIALS] = (numbers[at + TRIALS] as number) + 1
  if (weight > 0) {
    numbers[at + HITS] = (numbers[at + HITS] as number) + 1
    numbers[at + SUM] = (numbers[at + SUM] as number) + value
    if (2 * before >= limit) (tallies.ids ??= SIGNS.map(() => ''))[sign] = id
  }
  if (score <= 0 && !(keep && (tallies.shown & bit) !== 0)) {
    drop(tallies, at, sign)
    return false
  }
  numbers[at + SCORE] = score <= 0 ? 0 : score > limit ? limit : score
  if (score >= limit) tallies.shown |= bit
  return weight > 0 && (tallies.shown & bit) !== 0
}

/** Where a sign's tally is; -1 if it has none. */
function placeOf(numbers: readonly number[], sign: number): number {
  for (let at = TALLIES; at < numbers.length; at += TALLY_SIZE) if (numbers[at] === sign) return at
  return -1
}

/** The sign's place: its own from before, the first free one, or a new one. */
function makePlace(numbers: number[], sign: number): number {
  const own = placeOf(numbers, sign)
  if (own >= 0) return own
  const free = placeOf(numbers, -1)
  if (free >= 0) {
    numbers[free] = sign
    return free
  }
  return numbers.push(sign, 0, 0, 0, 0, 0) - TALLY_SIZE
}

/** Forgets a tally. Up to two keep their places: those that come and go would be made anew all the time. */
function drop(tallies: Tallies, at: number, sign: number): void {
  const { numbers } = tallies
  tallies.active &= ~(1 << sign)
  tallies.shown &= ~(1 << sign)
  if (tallies.active === 0) tallies.ids = undefined
  else if (tallies.ids !== undefined) tallies.ids[sign] = ''
  if (numbers.length > ROOM) {
    numbers.copyWithin(at, at + TALLY_SIZE)
    numbers.length -= TALLY_SIZE
  } else for (let i = SCORE; i < TALLY_SIZE; i++) numbers[at + i] = 0
}

/** The signs that are shown, in the order of their first trial. */
export function shownTallies({ numbers, shown, ids }: Tallies): Tally[] {
  const found: Tally[] = []
  for (let at = TALLIES; at < numbers.length; at += TALLY_SIZE) {
    const [sign, , trials, hits, sum, begin] = numbers.slice(at, at + TALLY_SIZE) as [number, number, number, number, number, Ms]
    if (sign >= 0 && (shown & (1 << sign)) !== 0) found.push({ sign, trials, hits, sum, begin, id: ids?.[sign] ?? '' })
  }
  return found
}

/** Forgets all. */
export function forgetTallies(tallies: Tallies): void {
  clearTallies(tallies.numbers)
  tallies.active = 0
  tallies.shown = 0
  tallies.ids = undefined
}
