import { HOUR, SECOND, type Ms } from '../base/time.ts'
import { PLAYBACK, type Event } from './event.ts'

/**
 * A stretch of playback that an event proves: from the evidence before it to this event, in wall-clock time and in
 * media seconds. An interval ends at its last evidence: nothing is assumed after it.
 */
export interface Span {
  chapter: string
  session: string | undefined
  from: Ms
  to: Ms
  /** Media seconds at both ends, where the platform sends positions. */
  mediaFrom: number | undefined
  mediaTo: number | undefined
  /** Playback rate in force. */
  rate: number
  /**
   * `true`: media advanced as the clock times the rate, so the whole stretch was played; `false`: it did not;
   * `undefined`: no positions, the stretch is as good as its length against the platform's cadence.
   */
  agrees: boolean | undefined
  /** Whether the page was hidden, and the sound off, at the end of the stretch; undefined where never told. */
  visible: boolean | undefined
  muted: boolean | undefined
}

/** Playback of one chapter in one session. Plain data. */
export interface Track {
  session: string | undefined
  chapter: string
  playing: boolean
  /** Time and media position of the last evidence. */
  at: Ms
  position: number | undefined
  rate: number
  visible: boolean | undefined
  muted: boolean | undefined
}

/** What one learner is playing: one track a (session, chapter), in the order in which they began. */
export interface Playback {
  tracks: Track[]
}

/** A player silent for longer is forgotten: no evidence reaches further back. */
export const TRACK_HORIZON: Ms = 12 * HOUR
/** One that was stopped is forgotten sooner. */
const STOPPED_HORIZON: Ms = HOUR
const MOST_TRACKS = 32
// Buffering and rounding: positions are often whole seconds.
const TOLERANCE_SECONDS = 2
const TOLERANCE_SHARE = 0.05

export function newPlayback(): Playback {
  return { tracks: [] }
}

/** Whether media advanced as far as `elapsed` wall-clock time at `rate` allows, within tolerance. */
export function agrees(advance: number, elapsed: Ms, rate: number): boolean {
  const expected = (elapsed / SECOND) * rate
  return Math.abs(advance - expected) <= Math.max(TOLERANCE_SECONDS, TOLERANCE_SHARE * expected)
}

/** Takes the next event of the learner, in time order, and returns the stretch of playback that it proves, if any. */
export function advancePlayback(playback: Playback, event: Event): Span | undefined {
  const chapter = event.chapter
  if (chapter === undefined) {
    if (event.action === 'logged-out') stopSession(playback, event.session)
    return undefined
  }
  if (!PLAYBACK.has(event.action)) return undefined
  const track = findTrack(playback, event, chapter) ?? addTrack(playback, event, chapter)
  // A seek's own position may be either end; the stretch it closes ends where the seek left.
  const reached = event.action === 'seeked' ? event.from : event.position
  // A player that starts anew does not prove that the one before it went on until then.
  const proves = track.playing && event.time > track.at && event.action !== 'initialized'
  const span = proves ? closeSpan(track, event, reached) : undefined
  if (event.rate !== undefined) setRate(playback, event.session, event.rate)
  if (event.visible !== undefined) track.visible = event.visible
  if (event.muted !== undefined) track.muted = event.muted
  track.at = event.time
  movePlayer(track, event)
  return span
}

/** What the event says of the player from now on. */
function movePlayer(track: Track, event: Event): void {
  const { action, position } = event
  if (action === 'seeked') track.position = event.to ?? position
  else if (action === 'rate-changed') track.position = position
  else if (action === 'heartbeat') {
    track.playing = true
    track.position = position
  } else {
    // Played again, or stopped: where nothing is said, it stands where it stood.
    track.playing = action === 'played'
    track.position = position ?? track.position
  }
}

function closeSpan(track: Track, event: Event, reached: number | undefined): Span {
  return {
    chapter: track.chapter,
    session: track.session,
    from: track.at,
    to: event.time,
    mediaFrom: track.position,
    mediaTo: reached,
    rate: track.rate,
    agrees: track.position === undefined || reached === undefined ? undefined : agrees(reached - track.position, event.time - track.at, track.rate),
    visible: event.visible ?? track.visible,
    muted: event.muted ?? track.muted,
  }
}

// A track behind the horizon counts as forgotten, whether `addTrack` has removed it yet or not.
function findTrack(playback: Playback, { session, time }: Event, chapter: string): Track | undefined {
  const { tracks } = playback
  for (let i = 0; i < tracks.length; i++) {
    const t = tracks[i] as Track
    if (t.chapter !== chapter || t.session !== session) continue
    // What is played now stands first, so that the next event finds it at once.
    if (i > 0) {
      tracks[i] = tracks[0] as Track
      tracks[0] = t
    }
    return isLive(t, time) ? t : undefined
  }
  return undefined
}

function isLive(t: Track, time: Ms): boolean {
  return time - t.at <= (t.playing ? TRACK_HORIZON : STOPPED_HORIZON)
}

function addTrack(playback: Playback, event: Event, chapter: string): Track {
  // The session's rate is the player's, and outlives the chapter.
  const rate = playback.tracks.find((t) => t.session === event.session && isLive(t, event.time))?.rate ?? 1
  const live = playback.tracks.filter((t) => isLive(t, event.time))
  playback.tracks = live.length < MOST_TRACKS ? live : live.sort((a, b) => a.at - b.at).slice(1)
  const track: Track = {
    session: event.session, chapter, playing: false, at: event.time, position: undefined, rate: event.rate ?? rate, visible: undefined, muted: undefined,
  }
  playback.tracks.unshift(track)
  return track
}

function setRate(playback: Playback, session: string | undefined, rate: number): void {
  for (const t of playback.tracks) if (t.session === session) t.rate = rate
}

function stopSession(playback: Playback, session: string | undefined): void {
  for (const t of playback.tracks) if (t.session === session) t.playing = false
}
