import { MINUTE, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { BEAT, BEATS, clearTrack, DONE, FLAGS, LAST, OTHER_BEAT, PAUSED, POSITION, SEEKED, STARTED, STEP, TRACK_SIZE } from './numbers.ts'

/** A chapter in one session that does not play now: the first `TRACK_SIZE` numbers as they were. Plain data. */
export interface Track {
  session: string | undefined
  chapter: string
  numbers: number[]
}

/** The chapter that plays now and those at hand. */
export interface Tracks {
  session: string | undefined
  chapter: string | undefined
  numbers: number[]
  others: Track[] | undefined
}

/** A longer silence is no gap between beats, and its chapter is no longer at hand. */
export const SILENT: Ms = 30 * MINUTE
/** Chapters at hand beside the one that plays. */
const MOST = 11

/** Makes the chapter that the event names the one that plays; a new one takes the place of what is done or silent. */
export function playTrack(tracks: Tracks, event: Event, chapter: string): void {
  if (tracks.chapter !== chapter || tracks.session !== event.session) change(tracks, event, chapter)
}

function change(tracks: Tracks, event: Event, chapter: string): void {
  const { numbers, others } = tracks
  const known = others?.findIndex((t) => t.chapter === chapter && t.session === event.session) ?? -1
  if (known >= 0) swap(tracks, (others as Track[])[known] as Track)
  else {
    tracks.others = atHand(tracks, event.time)
    tracks.session = event.session
    tracks.chapter = chapter
    clearTrack(numbers, event.time)
  }
  let latest = 0
  for (const t of tracks.others ?? []) latest = Math.max(latest, t.numbers[BEAT] as Ms)
  numbers[OTHER_BEAT] = latest
}

function swap(tracks: Tracks, other: Track): void {
  const { session, chapter, numbers } = tracks
  tracks.session = other.session
  tracks.chapter = other.chapter
  other.session = session
  other.chapter = chapter as string
  for (let i = 0; i < TRACK_SIZE; i++) {
    const number = numbers[i] as number
    numbers[i] = other.numbers[i] as number
    other.numbers[i] = number
  }
}

/** What the learner has played and may go on with, the chapter that plays among it. */
function atHand({ session, chapter, numbers, others }: Tracks, now: Ms): Track[] | undefined {
  const kept = others?.filter((t) => isAtHand(t.numbers, now)) ?? []
  if (chapter !== undefined && isAtHand(numbers, now)) kept.push({ session, chapter, numbers: numbers.slice(0, TRACK_SIZE) })
  if (kept.length > MOST) kept.splice(oldest(kept), 1)
  return kept.length === 0 ? undefined : kept
}

function isAtHand(numbers: readonly number[], now: Ms): boolean {
  return ((numbers[FLAGS] as number) & DONE) === 0 && now - (numbers[LAST] as Ms) < SILENT
}

function oldest(tracks: readonly Track[]): number {
  let at = 0
  for (let i = 1; i < tracks.length; i++) if (lastOf(tracks[i]) < lastOf(tracks[at])) at = i
  return at
}

function lastOf(track: Track | undefined): Ms {
  return track?.numbers[LAST] as Ms
}

/** Brings the chapter that plays up to date after a beat has been judged. */
export function advanceBeat(numbers: number[], event: Event): void {
  numbers[LAST] = event.time
  numbers[BEAT] = event.time
  numbers[BEATS] = (numbers[BEATS] as number) + 1
  numbers[PAUSED] = 0
  numbers[FLAGS] = (numbers[FLAGS] as number) & ~DONE
  numbers[POSITION] = event.position ?? -1
}

/** The same after any other event. */
export function advanceTrack(numbers: number[], event: Event): void {
  const { action } = event
  const flags = numbers[FLAGS] as number
  numbers[LAST] = event.time
  if (action === 'initialized' || action === 'played') numbers[FLAGS] = (flags | STARTED) & ~DONE
  else if (action === 'completed' || action === 'terminated') numbers[FLAGS] = flags | DONE
  else if (action === 'seeked') numbers[FLAGS] = flags | SEEKED
  if (action !== 'rate-changed') numbers[PAUSED] = action === 'paused' ? event.time : 0
  numbers[BEAT] = 0
  numbers[STEP] = -1
  const position = action === 'seeked' ? (event.to ?? event.position) : event.position
  if (position !== undefined) numbers[POSITION] = position
}
