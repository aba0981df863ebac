import type { Ms } from '../../base/time.ts'

/*
 * The numbers of one learner stand in one list, so that a beat touches two objects and makes none: the chapter that plays
 * now, what is remembered across chapters, and the tallies of its signs. -1 is unknown, 0 is no time.
 * INVARIANT (saved state): the places mean what they mean here; whoever moves one writes a migration.
 */

// What is remembered of one chapter in one session (of the others: see `tracks.ts`).

/** Time of its latest event. */
export const LAST = 0
/** Time of the latest beat, if nothing but beats has come since; else 0. */
export const BEAT = 1
/** Latest media position in seconds. */
export const POSITION = 2
/** Media seconds between the latest two beats. */
export const STEP = 3
/** When the latest beat arrived, how many arrived together with it, and how many in the group before. */
export const ARRIVED = 4
export const GROUP = 5
export const GROUP_BEFORE = 6
/** When it was paused, if nothing but the pause has happened since. */
export const PAUSED = 7
/** Seconds of playback proved. */
export const WATCHED = 8
export const BEATS = 9
export const FLAGS = 10
export const TRACK_SIZE = 11

// What is remembered across chapters.

/** The latest `BEAT` of the chapters that do not play now. */
export const OTHER_BEAT = 11
/** Time of the latest trial that spoke for a sign already shown. */
export const STRONG = 12
/** When the latest chapter (or the quiz after it) ended. */
export const ENDED = 13
/** Time of the latest answer, and seconds that it took. */
export const ANSWERED = 14
export const ANSWER = 15
/** Seconds of the latest pause, and when the face was last asked for. */
export const PAUSE = 16
export const FACE_ASKED = 17
/** Playback without a touch: how long, from when and up to when. */
export const UNTOUCHED = 18
export const UNTOUCHED_FROM = 19
export const PLAYED = 20

/** First place of the tallies, and places of each: see `tally.ts`. */
export const TALLIES = 21
export const TALLY_SIZE = 6

/** Flags of a track. */
export const STARTED = 1
export const SEEKED = 2
export const PROBED = 4
export const DONE = 8

const NO_SIGN = [-1, 0, 0, 0, 0, 0]
const FRESH = [0, 0, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0, 0, 0, ...NO_SIGN, ...NO_SIGN]
// A list that has held a fraction, and its copies, keep numbers unboxed and never change how.
FRESH[0] = 0.5
FRESH[0] = 0

/** The numbers of a learner of whom nothing is known, with room for two tallies. */
export function newNumbers(): number[] {
  return FRESH.slice()
}

/** Makes the track one of which nothing is known but when it began. */
export function clearTrack(numbers: number[], time: Ms): void {
  for (let i = 0; i < TRACK_SIZE; i++) numbers[i] = FRESH[i] as number
  numbers[LAST] = time
}

/** Forgets every tally. */
export function clearTallies(numbers: number[]): void {
  numbers.length = FRESH.length
  for (let i = TALLIES; i < FRESH.length; i++) numbers[i] = FRESH[i] as number
}

/** Places of a learner with no more than two tallies. */
export const ROOM = FRESH.length
