import { number, rare, ref } from '../../base/record.ts'
import { MINUTE, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'

/** What is remembered of one chapter in one session. 0 is no time, -1 an unknown position. */
interface TrackNumbers {
  /** Time of its latest event. */
  last: Ms
  /** Time of the latest beat, if nothing but beats has come since; else 0. */
  beat: Ms
  /** Latest media position in seconds. */
  position: number
  /** Media seconds between the latest two beats. */
  step: number
  /** When the latest beat arrived, how many arrived together with it, and how many in the group before. */
  arrived: Ms
  group: number
  groupBefore: number
  /** When it was paused, if nothing but the pause has happened since. */
  paused: Ms
  /** Seconds of playback proved. */
  watched: number
  beats: number
  /** See `STARTED` and those below. */
  flags: number
}

/** A chapter at hand that does not play now. Plain data. */
export interface Track extends TrackNumbers {
  session: string | undefined
  chapter: string
}

/** The chapter that plays now lies open; those at hand beside it are rare. */
export const trackFields = {
  session: ref<string>(),
  chapter: ref<string>(),
  last: number(0), beat: number(0), position: number(-1), step: number(-1), arrived: number(0), group: number(0), groupBefore: number(0), paused: number(0),
  watched: number(0), beats: number(0), flags: number(0),
  others: rare<Track[]>(),
} as const

/** The chapter that plays now and those at hand. */
export interface Tracks extends TrackNumbers {
  session: string | undefined
  chapter: string | undefined
  others: Track[] | undefined
  otherBeat: Ms
}

/** Flags of a track: it was started, sought in, judged for a probe, and is over. */
export const STARTED = 1
export const SEEKED = 2
export const PROBED = 4
export const DONE = 8

/** A longer silence is no gap between beats, and its chapter is no longer at hand. */
export const SILENT: Ms = 30 * MINUTE
/** Chapters at hand beside the one that plays. */
const MOST = 11

/** Makes the chapter that the event names the one that plays; a new one takes the place of what is done or silent. */
export function playTrack(tracks: Tracks, event: Event, chapter: string): void {
  if (tracks.chapter !== chapter || tracks.session !== event.session) change(tracks, event, chapter)
}

function change(tracks: Tracks, event: Event, chapter: string): void {
  const { others } = tracks
  const known = others?.findIndex((t) => t.chapter === chapter && t.session === event.session) ?? -1
  if (known >= 0) {
    const track = (others as Track[])[known] as Track
    ;(others as Track[])[known] = closed(tracks)
    open(tracks, track)
  } else {
    tracks.others = atHand(tracks, event.time)
    open(tracks, newTrack(event, chapter))
  }
  let latest = 0
  for (const t of tracks.others ?? []) latest = Math.max(latest, t.beat)
  tracks.otherBeat = latest
}

// Field by field: `Object.assign` takes ten times as long on a record.
function open(tracks: Tracks, track: Track): void {
  tracks.session = track.session
  tracks.chapter = track.chapter
  tracks.last = track.last
  tracks.beat = track.beat
  tracks.position = track.position
  tracks.step = track.step
  tracks.arrived = track.arrived
  tracks.group = track.group
  tracks.groupBefore = track.groupBefore
  tracks.paused = track.paused
  tracks.watched = track.watched
  tracks.beats = track.beats
  tracks.flags = track.flags
}

function newTrack({ session, time }: Event, chapter: string): Track {
  return { session, chapter, last: time, beat: 0, position: -1, step: -1, arrived: 0, group: 0, groupBefore: 0, paused: 0, watched: 0, beats: 0, flags: 0 }
}

function closed({ session, chapter, last, beat, position, step, arrived, group, groupBefore, paused, watched, beats, flags }: Tracks): Track {
  return { session, chapter: chapter as string, last, beat, position, step, arrived, group, groupBefore, paused, watched, beats, flags }
}

/** What the learner has played and may go on with, the chapter that plays among it. */
function atHand(tracks: Tracks, now: Ms): Track[] | undefined {
  const kept = tracks.others?.filter((t) => isAtHand(t, now)) ?? []
  if (tracks.chapter !== undefined && isAtHand(tracks, now)) kept.push(closed(tracks))
  if (kept.length > MOST) kept.splice(oldest(kept), 1)
  return kept.length === 0 ? undefined : kept
}

function isAtHand({ flags, last }: TrackNumbers, now: Ms): boolean {
  return (flags & DONE) === 0 && now - last < SILENT
}

function oldest(tracks: readonly Track[]): number {
  let at = 0
  for (let i = 1; i < tracks.length; i++) if ((tracks[i] as Track).last < (tracks[at] as Track).last) at = i
  return at
}

/** Brings the chapter that plays up to date after a beat has been judged. */
export function advanceBeat(track: TrackNumbers, event: Event): void {
  track.last = event.time
  track.beat = event.time
  track.beats++
  track.paused = 0
  track.flags &= ~DONE
  track.position = event.position ?? -1
}

/** The same after any other event. */
export function advanceTrack(track: TrackNumbers, event: Event): void {
  const { action } = event
  const { flags } = track
  track.last = event.time
  if (action === 'initialized' || action === 'played') track.flags = (flags | STARTED) & ~DONE
  else if (action === 'completed' || action === 'terminated') track.flags = flags | DONE
  else if (action === 'seeked') track.flags = flags | SEEKED
  if (action !== 'rate-changed') track.paused = action === 'paused' ? event.time : 0
  track.beat = 0
  track.step = -1
  const position = action === 'seeked' ? (event.to ?? event.position) : event.position
  if (position !== undefined) track.position = position
}
