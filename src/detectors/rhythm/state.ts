import type { z } from 'zod'
import type { Ms } from '../../base/time.ts'
import type { Context } from '../../engine/detector.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Evidence } from '../../warnings/evidence.ts'
import type { Stretch } from '../shared/episode.ts'
import type { params } from './params.ts'
import { signNumber, type Family, type Sign } from './signs.ts'
import { note, type Tally } from './tally.ts'
import type { Track } from './tracks.ts'

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

/** What is remembered of one learner: -1 is unknown, 0 is no time. */
export interface State {
  tracks: Track[]
  tallies: Tally[]
  /** Time of the latest trial that spoke for a sign already shown. */
  strong: Ms
  /** The chapter that ended last, and when it (or the quiz after it) ended. */
  endedChapter: string | undefined
  ended: Ms
  /** Time of the latest answer, and seconds that it took. */
  answered: Ms
  answer: number
  /** Seconds of the latest pause, and when the face was last asked for. */
  pause: number
  faceAsked: Ms
  /** Playback without a touch: how long, from when and up to when, and whether any of it was with sound and in view. */
  untouched: Ms
  untouchedFrom: Ms
  played: Ms
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
    tracks: [], tallies: [], strong: 0, endedChapter: undefined, ended: 0, answered: 0, answer: -1, pause: -1, faceAsked: 0, untouched: 0, untouchedFrom: 0, played: 0, loud: false,
    inputs: false, told: false, episode: undefined,
  }
}

/** Adds a trial of a sign: see `note`. What is judged began at `begin`. */
export function trial(event: Event, { state, params }: Ctx, sign: number, weight: number, value: number, begin: Ms = event.time): void {
  // Most trials of honest learners end here.
  if (weight <= 0 && state.tallies.length === 0) return
  const keep = state.episode !== undefined
  if (note(state.tallies, sign, weight, value, begin, event.id, params.chance, keep)) state.strong = event.time
}

export const SIGN = {
  offCadence: signNumber('off-cadence'), clockwork: signNumber('clockwork'), equalSteps: signNumber('equal-steps'), tooFast: signNumber('too-fast'),
  bundles: signNumber('bundles'), manyChapters: signNumber('many-chapters'), nextLesson: signNumber('next-lesson'), quickAnswers: signNumber('quick-answers'),
  steadyAnswers: signNumber('steady-answers'), quickResume: signNumber('quick-resume'), steadyPauses: signNumber('steady-pauses'),
  untouched: signNumber('untouched'), probe: signNumber('completion-probe'), noStart: signNumber('no-start'),
} as const
