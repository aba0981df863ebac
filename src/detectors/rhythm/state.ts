import type { z } from 'zod'
import { flag, number, rare, record, ref, type RecordOf } from '../../base/record.ts'
import type { Ms } from '../../base/time.ts'
import type { Context } from '../../engine/detector.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Evidence } from '../../warnings/evidence.ts'
import type { Stretch } from '../shared/episode.ts'
import type { params } from './params.ts'
import { signNumber, type Family, type Sign } from './signs.ts'
import { note, tallyFields, type Weights } from './tally.ts'
import { trackFields } from './tracks.ts'

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

/** What is remembered of one learner: the chapter that plays, what goes across chapters, and the tallies of signs. 0 is no time, -1 unknown. */
export const fields = record(trackFields, tallyFields, {
  /** The latest `beat` of the chapters that do not play now. */
  otherBeat: number(0),
  /** Time of the latest trial that spoke for a sign already shown. */
  strong: number(0),
  /** The chapter that ended last, and when it (or the quiz after it) did. */
  ended: number(0),
  endedChapter: ref<string>(),
  /** Seconds until the chapter that plays now began. */
  next: number(-1),
  /** Time of the latest answer, and seconds that it took. */
  answered: number(0),
  answer: number(-1),
  /** Seconds of the latest pause, and when the face was last asked for. */
  pause: number(-1),
  faceAsked: number(0),
  /** Playback without a touch: how long, from when and up to when. */
  untouched: number(0),
  untouchedFrom: number(0),
  played: number(0),
  /** Whether any of it was with sound and in view. */
  loud: flag,
  /** Whether it has been said that the platform's cadence is unknown, and what its player does at the end of a chapter. */
  told: flag,
  toldAutoplay: flag,
  episode: rare<Episode>(),
})
export type State = RecordOf<typeof fields>

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
  if (note(state, sign, weight, value, begin, event.id, params.chance, state.episode !== undefined)) state.strong = event.time
}

export const SIGN = {
  offCadence: signNumber('off-cadence'), clockwork: signNumber('clockwork'), equalSteps: signNumber('equal-steps'), tooFast: signNumber('too-fast'),
  bundles: signNumber('bundles'), manyChapters: signNumber('many-chapters'), nextLesson: signNumber('next-lesson'), quickAnswers: signNumber('quick-answers'),
  steadyAnswers: signNumber('steady-answers'), quickResume: signNumber('quick-resume'), steadyPauses: signNumber('steady-pauses'),
  untouched: signNumber('untouched'), probe: signNumber('completion-probe'), noStart: signNumber('no-start'), unmoved: signNumber('unmoved'),
  steadyNext: signNumber('steady-next'),
} as const
