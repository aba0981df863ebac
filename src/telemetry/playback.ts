import { flag, number, record, ref, type RecordOf } from '../base/record.ts'
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

/** Playback of one chapter in one session. Plain data; numbers that are unknown are NaN. */
interface Track {
  session: string | undefined
  chapter: string
  playing: boolean
  /** Time and media position of the last evidence. */
  at: Ms
  position: number
  rate: number
  /** Whether the page is visible and the sound off: 1, 0, or NaN where never told. */
  visible: number
  muted: number
}

/** What one learner is playing: a track for each (session, chapter). The one of the latest event lies open, the rest in `others`. */
export const playback = record({
  chapter: ref<string>(),
  session: ref<string>(),
  playing: flag,
  at: number(-Infinity),
  position: number(NaN),
  rate: number(1),
  visible: number(NaN),
  muted: number(NaN),
  others: ref<Track[]>(),
})
export type Playback = RecordOf<typeof playback>

/** A player silent for longer is forgotten: no evidence reaches further back. */
export const TRACK_HORIZON: Ms = 12 * HOUR
/** One that was stopped is forgotten sooner. */
const STOPPED_HORIZON: Ms = HOUR
const MOST_TRACKS = 32
// Buffering and rounding: positions are often whole seconds.
const TOLERANCE_SECONDS = 2
const TOLERANCE_SHARE = 0.05

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
  const track = playback
  // A track behind the horizon counts as forgotten, whether `turnTo` has removed it yet or not.
  const isKnown = track.chapter === chapter && track.session === event.session ? isLive(track, event.time) : turnTo(playback, event.session, chapter, event.time)
  if (!isKnown) begin(playback, event, chapter)
  // A seek's own position may be either end; the stretch it closes ends where the seek left.
  const reached = event.action === 'seeked' ? event.from : event.position
  // A player that starts anew does not prove that the one before it went on until then.
  const proves = track.playing && event.time > track.at && event.action !== 'initialized'
  const span = proves ? closeSpan(track, event, reached) : undefined
  if (event.rate !== undefined) setRate(playback, event.session, event.rate)
  if (event.visible !== undefined) track.visible = event.visible ? 1 : 0
  if (event.muted !== undefined) track.muted = event.muted ? 1 : 0
  track.at = event.time
  movePlayer(track, event)
  return span
}

/** What the event says of the player from now on. */
function movePlayer(track: Playback, event: Event): void {
  const { action, position } = event
  if (action === 'seeked') track.position = event.to ?? position ?? NaN
  else if (action === 'rate-changed') track.position = position ?? NaN
  else if (action === 'heartbeat') {
    track.playing = true
    track.position = position ?? NaN
  } else {
    // Played again, or stopped: where nothing is said, it stands where it stood.
    track.playing = action === 'played'
    if (position !== undefined) track.position = position
  }
}

function closeSpan(track: Playback, event: Event, reached: number | undefined): Span {
  const { at, position, rate } = track
  const from = Number.isNaN(position) ? undefined : position
  return {
    chapter: event.chapter as string,
    session: event.session,
    from: at,
    to: event.time,
    mediaFrom: from,
    mediaTo: reached,
    rate,
    agrees: from === undefined || reached === undefined ? undefined : agrees(reached - from, event.time - at, rate),
    visible: event.visible ?? told(track.visible),
    muted: event.muted ?? told(track.muted),
  }
}

function told(flag: number): boolean | undefined {
  return Number.isNaN(flag) ? undefined : flag === 1
}

function isLive({ playing, at }: { playing: boolean; at: Ms }, time: Ms): boolean {
  return time - at <= (playing ? TRACK_HORIZON : STOPPED_HORIZON)
}

/** Lays the track of another chapter or session open. False if there is none, or it is forgotten; `begin` must follow then. */
function turnTo(playback: Playback, session: string | undefined, chapter: string, time: Ms): boolean {
  const { others } = playback
  const i = others?.findIndex((t) => t.chapter === chapter && t.session === session) ?? -1
  if (i < 0) return false
  const track = (others as Track[])[i] as Track
  ;(others as Track[])[i] = closed(playback)
  open(playback, track)
  return isLive(track, time)
}

/** Begins a track anew; the one that lay open goes to the others, of which those behind the horizon are dropped. */
function begin(playback: Playback, event: Event, chapter: string): void {
  const all = playback.chapter === undefined ? [] : [closed(playback), ...(playback.others ?? [])]
  const live = all.filter((t) => isLive(t, event.time))
  // The session's rate is the player's, and outlives the chapter.
  const rate = event.rate ?? live.find((t) => t.session === event.session)?.rate ?? 1
  if (live.length >= MOST_TRACKS) live.sort((a, b) => a.at - b.at).shift()
  playback.others = live.length === 0 ? undefined : live
  open(playback, { session: event.session, chapter, playing: false, at: event.time, position: NaN, rate, visible: NaN, muted: NaN })
}

function closed({ session, chapter, playing, at, position, rate, visible, muted }: Playback): Track {
  return { session, chapter: chapter as string, playing, at, position, rate, visible, muted }
}

// Field by field: `Object.assign` takes ten times as long on a record.
function open(playback: Playback, track: Track): void {
  playback.session = track.session
  playback.chapter = track.chapter
  playback.playing = track.playing
  playback.at = track.at
  playback.position = track.position
  playback.rate = track.rate
  playback.visible = track.visible
  playback.muted = track.muted
}

function setRate(playback: Playback, session: string | undefined, rate: number): void {
  if (playback.session === session) playback.rate = rate
  for (const t of playback.others ?? []) if (t.session === session) t.rate = rate
}

function stopSession(playback: Playback, session: string | undefined): void {
  if (playback.session === session) playback.playing = false
  for (const t of playback.others ?? []) if (t.session === session) t.playing = false
}
