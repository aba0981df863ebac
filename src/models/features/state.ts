import { far, fieldsOf, flag, number, rare, record, ref, series, type RecordOf } from '../../base/record.ts'
import { MINUTE, type Ms } from '../../base/time.ts'
import type { Event, Field } from '../../telemetry/event.ts'
import type { Span } from '../../telemetry/playback.ts'

/** What the features need beside the events. One object can serve all calls: nothing keeps it. */
export interface Around {
  /** The player's cadence by the catalogue. */
  readonly cadence: Ms | undefined
  /** The highest rate that the player offers, and the longest time of watching between two face checks, by the catalogue. */
  readonly rate: number | undefined
  readonly checks: Ms | undefined
  /** The stretch of playback that the event proves. */
  readonly span: Span | undefined
  /** Whether the platform has sent the field by now. */
  sends(this: void, field: Field): boolean
  /** Length of the event's chapter by the catalogue, in seconds. */
  lengthOf(this: void, event: Event): number | undefined
  /** Minutes east of UTC of the learner's clock at an instant. */
  minutesEast(this: void, at: Ms): number
}

/** After so much silence a new sitting begins: a session ends after 30 minutes of inactivity. */
export const SITTING_GAP: Ms = 30 * MINUTE
/**
 * What is kept of all earlier evidence when a sitting begins. The weights of n equal sittings add up to 1 / (1 - KEEP) = 4 at most:
 * a program that takes over from its honest owner outweighs the owner after three sittings.
 */
export const KEEP = 0.75

/** Bins of `deviations`: bin 0 is below 2^-12 of the typical gap, bin k from 2^(k-13) on, the last from 2^-2 on. */
export const DEVIATION_BINS = 12
/** Bins of `fractions`: quarters of a second, centred on 0, 0.25, 0.5 and 0.75 s. */
export const FRACTION_BINS = 4
/** Chapters remembered beside the one at hand, and the numbers of each; see `tracks.ts`. */
export const OTHERS = 3
export const TRACK_SIZE = 5
/** Beats that wait to be taken in, at most, and the numbers of each; see `waiting.ts`. */
export const WAITING = 6
export const BEAT_SIZE = 2

/**
 * One learner's activity: first what every beat touches; then, far from it, the chapter at hand, sums that fade from sitting to sitting (`FADING`),
 * and what goes across chapters. Times of 0 are no time. A chapter's flags are those of `tracks.ts`.
 */
export const activityFields = fieldsOf({
  chapter: ref<string>(),
  session: ref<string>(),
  /** The latest event of any kind; how many beats wait (-1: the next one must not), the rate at which they play, and what they say. */
  latest: number(0), waiting: number(-1), rate: number(1), waitingBeats: series(WAITING * BEAT_SIZE),
  others: rare<number[]>(),
}, far({
  /** Of the chapter at hand: the time of its latest event, its flags, its latest media position (NaN: unknown). */
  at: number(0), flags: number(0), position: number(NaN),
  /** Its latest gap between two beats in ms and media step in seconds, if nothing came between (-1: none); when its latest beat arrived. */
  gap: number(-1), step: number(-1), arrived: number(0),
  /** Media seconds of it that were watched; NaN where it was joined in the middle. */
  watched: number(0),
  /** The typical gap between beats in ms. */
  typical: number(0),

  /** Sums over gaps, of their relative distance d from the typical one, and of neighbouring distances. */
  gaps: number(0), spread: number(0), pairs: number(0), product: number(0), same: number(0), long: number(0),
  deviations: series(DEVIATION_BINS),
  /** Sums over beats with an arrival: the logarithm of its delay; and how many came together with the one before. */
  arrivals: number(0), delay: number(0), delay2: number(0), together: number(0),
  /** Media and clock over beats that follow each other, in seconds; the same of the media that the stated rate allows. */
  media: number(0), clock: number(0), stated: number(0),
  residuals: number(0), residual2: number(0), exact: number(0), steps: number(0), equal: number(0),
  fractions: series(FRACTION_BINS),
  beats: number(0), interleaved: number(0),
  /** Beats of chapters that nobody started; NaN until the learner has started one, since a platform may not tell of that. */
  unstarted: number(NaN),
  /** Seconds of playback: of each chapter for itself, and of the clock; of these with the state of sound and page known, and without. */
  credited: number(0), played: number(0), heard: number(0), muted: number(0), seen: number(0), hidden: number(0),
  /** Inputs over beats that tell them, their squares, and the beats with none. */
  counted: number(0), inputs: number(0), inputs2: number(0), idle: number(0),
  completed: number(0), coverage: number(0), probes: number(0),
  seeks: number(0), back: number(0), rates: number(0),
  pauses: number(0), pause: number(0), pause2: number(0), quickPauses: number(0), samePauses: number(0),
  nexts: number(0), next: number(0), next2: number(0),
  answers: number(0), answer: number(0), answer2: number(0), quickAnswers: number(0), judged: number(0), right: number(0),
  requests: number(0), faces: number(0), face: number(0), face2: number(0), checks: number(0), missed: number(0),
  similarities: number(0), similarity: number(0), similarity2: number(0), photos: number(0), near: number(0),
  logins: number(0), again: number(0),
  /** Sums over sittings that are over: when they began as an angle of the day, the logarithm of their length, the share played. */
  sittings: number(0), midnight: number(0), east: number(0), north: number(0), length: number(0), length2: number(0), share: number(0),
  /** The largest delay in ms, rate, number of chapters at once and seconds played without a touch; the least seconds to the next lesson. */
  mostDelay: number(0), mostRate: number(0), mostChapters: number(0), mostUntouched: number(0), leastNext: number(Infinity),

  /** When the present sitting began, seconds played in it, and up to when the clock is counted as played. */
  began: number(0), sat: number(0), until: number(0),
  /** Seconds played since the last touch, and whether the latest beat told inputs: then only these are touches. */
  untouched: number(0), tells: flag,
  login: number(0),
  /** When the latest chapter (or the quiz after it) was completed, if no other has begun since. */
  ended: number(0),
  answered: number(0),
  /** When the face was last asked for; negative once it was shown. */
  asked: number(0),
  /** The latest perceptual hash of a photo, in two halves; NaN: none. */
  photoHigh: number(NaN), photoLow: number(NaN),
  /** Seconds of the latest pause. */
  paused: number(0),
}))
export const activity = record(activityFields)
export type Activity = RecordOf<typeof activity>

/** Every sum and maximum. */
const FADING = [
  'gaps', 'spread', 'pairs', 'product', 'same', 'long', 'arrivals', 'delay', 'delay2', 'together', 'media', 'clock', 'stated', 'residuals', 'residual2',
  'exact', 'steps', 'equal', 'beats', 'interleaved', 'unstarted', 'credited', 'played', 'heard', 'muted', 'seen', 'hidden', 'counted', 'inputs', 'inputs2',
  'idle', 'completed', 'coverage', 'probes', 'seeks', 'back', 'rates', 'pauses', 'pause', 'pause2', 'quickPauses', 'samePauses', 'nexts', 'next', 'next2',
  'answers', 'answer', 'answer2', 'quickAnswers', 'judged', 'right', 'requests', 'faces', 'face', 'face2', 'checks', 'missed', 'similarities', 'similarity',
  'similarity2', 'photos', 'near', 'logins', 'again', 'sittings', 'midnight', 'east', 'north', 'length', 'length2', 'share', 'mostDelay', 'mostRate', 'mostChapters',
  'mostUntouched',
] as const satisfies readonly (keyof Activity)[]

/** Lets all evidence so far fade. */
export function fade(activity: Activity): void {
  for (const name of FADING) activity[name] *= KEEP
  activity.leastNext /= KEEP
  activity.deviations.scale(KEEP)
  activity.fractions.scale(KEEP)
}
