import type { z } from 'zod'
import type { Ms } from '../../base/time.ts'
import type { Context } from '../../engine/detector.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Evidence } from '../../warnings/evidence.ts'
import type { Stretch } from '../shared/episode.ts'
import { newNumbers, STRONG } from './numbers.ts'
import type { params } from './params.ts'
import { signNumber, type Family, type Sign } from './signs.ts'
import { note, type Tallies, type Weights } from './tally.ts'
import type { Tracks } from './tracks.ts'

/** A warning that is open. */
export interface Episode {
  begin: Ms
  /** Time of the latest sign. */
  end: Ms
  class: string | undefined
  course: string | undefined
  stretches: Stretch[]
  evidence: Evidence
}

/** What is remembered of one learner; its numbers are told of in `numbers.ts`. */
export interface State extends Tracks, Tallies {
  /** The chapter that ended last. */
  endedChapter: string | undefined
  /** Whether any of the playback without a touch was with sound and in view. */
  loud: boolean
  /** Whether the platform has told `inputs`. */
  inputs: boolean
  /** Whether it has been said that the platform's cadence is unknown. */
  told: boolean
  episode: Episode | undefined
}

/** One sign as a warning tells it: `value` is what was measured, `usual` the limit for honest learners, both in the sign's own unit. */
export interface SignFact {
  sign: Sign
  family: Family
  value: number
  usual: number
  /** How many trials spoke for it, of how many since its first. */
  count: number
  of: number
}

export interface Facts {
  signs: SignFact[]
  /** Seconds of playback since it was sure. */
  seconds: number
}

export type Params = z.output<typeof params>
export type Ctx = Context<Params, State, Facts>

export function newState(): State {
  return {
    session: undefined, chapter: undefined, numbers: newNumbers(), others: undefined, active: 0, shown: 0, ids: undefined, endedChapter: undefined, loud: false, inputs: false,
    told: false, episode: undefined,
  }
}

/** Adds a trial of a sign that speaks for a program or does not: see `note`. */
export function count(event: Event, context: Ctx, sign: number, hit: boolean, weights: Weights, value: number): void {
  // Most trials of honest learners end here.
  if (!hit && (context.state.active & (1 << sign)) === 0) return
  add(event, context, sign, hit ? weights.hit : weights.miss, value, event.time)
}

/** Adds a trial of a sign with a weight of its own. What is judged began at `begin`. */
export function trial(event: Event, context: Ctx, sign: number, weight: number, value: number, begin: Ms = event.time): void {
  if (weight <= 0 && (context.state.active & (1 << sign)) === 0) return
  add(event, context, sign, weight, value, begin)
}

function add(event: Event, { state, params }: Ctx, sign: number, weight: number, value: number, begin: Ms): void {
  if (note(state, sign, weight, value, begin, event.id, params.chance, state.episode !== undefined)) state.numbers[STRONG] = event.time
}

export const SIGN = {
  offCadence: signNumber('off-cadence'), clockwork: signNumber('clockwork'), equalSteps: signNumber('equal-steps'), tooFast: signNumber('too-fast'),
  bundles: signNumber('bundles'), manyChapters: signNumber('many-chapters'), nextLesson: signNumber('next-lesson'), quickAnswers: signNumber('quick-answers'),
  steadyAnswers: signNumber('steady-answers'), quickResume: signNumber('quick-resume'), steadyPauses: signNumber('steady-pauses'),
  untouched: signNumber('untouched'), probe: signNumber('completion-probe'), noStart: signNumber('no-start'),
} as const
