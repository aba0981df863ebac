import { number, rare, ref } from '../../base/record.ts'
import type { Ms } from '../../base/time.ts'
import { SIGNS } from './signs.ts'

/*
 * One sign's tally: Page's cumulative sum of log-likelihood ratios. Each trial (a beat, an answer, a pause) adds
 * ln(P(outcome | program) / P(outcome | honest)) and the score never falls below 0, so evidence may begin at any time and
 * an odd outcome costs some score instead of all. By Wald's bound an honest learner whose outcomes are at least as likely
 * as assumed takes the score from 0 to ln(1 / chance) with a probability of at most `chance`. The probabilities are written where the
 * trials are, and are those of learners who look most like a program, not of the average.
 *
 * Places of a tally in the list of tallies: first its sign (-1: free), then its score; since the score last left 0, how many trials
 * there were, how many spoke for a program, the sum of what was measured in these, and when the first began.
 */
const SCORE = 1
const TRIALS = 2
const HITS = 3
const SUM = 4
const BEGIN = 5
const SIZE = 6
/** Places of a learner with no more than two tallies. */
export const ROOM = 2 * SIZE
const FREE = -1

/** The tallies of one learner. */
export interface Tallies {
  /** In the order of their first trial. */
  tallies: number[] | undefined
  /** Signs whose score has left 0, as bits. */
  active: number
  /** Signs whose score has reached the limit since it last left 0, as bits. */
  shown: number
  /** By sign: the latest event that spoke for a program, kept once the score is well on its way; empty for none. */
  ids: string[] | undefined
}

export const tallyFields = { tallies: ref<number[]>(), active: number(0), shown: number(0), ids: rare<string[]>() } as const

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
  const bit = 1 << sign
  if (weight <= 0 && (tallies.active & bit) === 0) return false
  const numbers = (tallies.tallies ??= FRESH.slice())
  let at: number
  if ((tallies.active & bit) !== 0) at = placeOf(numbers, sign)
  else {
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
  for (let at = 0; at < numbers.length; at += SIZE) if (numbers[at] === sign) return at
  return -1
}

const FRESH = [FREE, 0, 0, 0, 0, 0, FREE, 0, 0, 0, 0, 0]
// A list that has held a fraction, and its copies, keep numbers unboxed and never change how.
FRESH[1] = 0.5
FRESH[1] = 0

/** The sign's place: its own from before, the first free one, or a new one. */
function makePlace(numbers: number[], sign: number): number {
  const own = placeOf(numbers, sign)
  if (own >= 0) return own
  const free = placeOf(numbers, FREE)
  if (free >= 0) {
    numbers[free] = sign
    return free
  }
  return numbers.push(sign, 0, 0, 0, 0, 0) - SIZE
}

/** Forgets a tally. Up to two keep their places: those that come and go would be made anew all the time. */
function drop(tallies: Tallies, at: number, sign: number): void {
  const numbers = tallies.tallies as number[]
  tallies.active &= ~(1 << sign)
  tallies.shown &= ~(1 << sign)
  if (tallies.active === 0) tallies.ids = undefined
  else if (tallies.ids !== undefined) tallies.ids[sign] = ''
  if (numbers.length > ROOM) {
    numbers.copyWithin(at, at + SIZE)
    numbers.length -= SIZE
  } else for (let i = SCORE; i < SIZE; i++) numbers[at + i] = 0
}

/** The signs that are shown, in the order of their first trial. */
export function shownTallies({ tallies, shown, ids }: Tallies): Tally[] {
  const found: Tally[] = []
  const numbers = tallies ?? []
  for (let at = 0; at < numbers.length; at += SIZE) {
    const [sign, , trials, hits, sum, begin] = numbers.slice(at, at + SIZE) as [number, number, number, number, number, Ms]
    if (sign >= 0 && (shown & (1 << sign)) !== 0) found.push({ sign, trials, hits, sum, begin, id: ids?.[sign] ?? '' })
  }
  return found
}

/** Forgets all. */
export function forgetTallies(tallies: Tallies): void {
  tallies.tallies = undefined
  tallies.active = 0
  tallies.shown = 0
  tallies.ids = undefined
}
