import { MINUTE, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'

/** What is remembered of one chapter in one session. Plain data; -1 is unknown, 0 is no time. */
export interface Track {
  session: string | undefined
  chapter: string
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
  size: number
  /** When it was paused, if nothing but the pause has happened since. */
  paused: Ms
  /** Seconds of playback proved. */
  watched: number
  beats: number
  flags: number
}

/** Flags of a track. */
export const STARTED = 1
export const SEEKED = 2
export const PROBED = 4
export const DONE = 8

/** A longer silence is no gap between beats, and its chapter is no longer at hand. */
export const SILENT: Ms = 30 * MINUTE
const MOST = 12

/** The track of an event that names a chapter; a new one takes the place of what is done or silent. */
export function trackOf(tracks: Track[], event: Event, chapter: string): Track {
  for (const t of tracks) if (t.chapter === chapter && t.session === event.session) return t
  let kept = 0
  for (const t of tracks) if ((t.flags & DONE) === 0 && event.time - t.last < SILENT) tracks[kept++] = t
  tracks.length = kept
  if (kept === MOST) tracks.splice(oldest(tracks), 1)
  const track: Track = {
    session: event.session, chapter, last: event.time, beat: 0, position: -1, step: -1, arrived: 0, group: 0, size: 0, paused: 0, watched: 0, beats: 0, flags: 0,
  }
  tracks.push(track)
  return track
}

function oldest(tracks: readonly Track[]): number {
  let at = 0
  for (let i = 1; i < tracks.length; i++) if ((tracks[i] as Track).last < (tracks[at] as Track).last) at = i
  return at
}

/** Brings the track up to date after an event has been judged. */
export function advanceTrack(track: Track, event: Event): void {
  track.last = event.time
  const { action } = event
  if (action === 'heartbeat') {
    track.beats++
    track.beat = event.time
    track.paused = 0
    track.flags &= ~DONE
    track.position = event.position ?? -1
    return
  }
  if (action === 'initialized' || action === 'played') track.flags = (track.flags | STARTED) & ~DONE
  else if (action === 'completed' || action === 'terminated') track.flags |= DONE
  else if (action === 'seeked') track.flags |= SEEKED
  if (action !== 'rate-changed') track.paused = action === 'paused' ? event.time : 0
  track.beat = 0
  track.step = -1
  const position = event.action === 'seeked' ? (event.to ?? event.position) : event.position
  if (position !== undefined) track.position = position
}
