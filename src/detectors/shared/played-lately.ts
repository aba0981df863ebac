import { number, ref } from '../../base/record.ts'
import { HOUR, SECOND, type Ms } from '../../base/time.ts'
import type { Action, Event } from '../../telemetry/event.ts'
import { TRACK_HORIZON, type Span } from '../../telemetry/playback.ts'

/** Where one session has lately played one chapter: from, to, from, to …, each proven, in milliseconds. Plain data. */
export interface Track {
  chapter: string
  session: string | undefined
  played: Ms[]
}

/** A player beside the one at hand that was not stopped: a coming event may prove that it has played all the time. Plain data. */
interface Going {
  chapter: string
  session: string | undefined
  /** When it was last heard of. No stretch of it that is still to be proven begins before. */
  at: Ms
}

/**
 * What one learner has played lately, as far as a stretch that is still to be proven may reach back to it: of who plays one
 * chapter after the other, the stretch at hand. It lies open.
 */
export const playedLately = {
  /** The track played last and its last stretch. */
  chapter: ref<string>(),
  session: ref<string>(),
  from: number(-Infinity),
  to: number(-Infinity),
  /** When its player was last heard of; NaN once it was stopped. */
  heard: number(NaN),
  /** All tracks, in the order in which they began, where the stretch at hand is not all. The end of that stands in `to` alone. */
  tracks: ref<Track[]>(),
  going: ref<Going[]>(),
}
export interface PlayedLately {
  chapter: string | undefined
  session: string | undefined
  from: Ms
  to: Ms
  heard: Ms
  tracks: Track[] | undefined
  going: Going[] | undefined
}
type Player = Pick<Span, 'chapter' | 'session'>

/** Evidence may reach back so far: a pause proves all that was played since the start. */
const MEMORY: Ms = HOUR
const MOST_PLAYED = 4
const MOST_TRACKS = 32
const JITTER: Ms = SECOND

/** Adds a stretch in the common case: the track at hand goes on, and no other is of interest. False if it is another case. */
export function goOn(lately: PlayedLately, span: Span): boolean {
  if (span.chapter !== lately.chapter || span.session !== lately.session || lately.tracks !== undefined) return false
  if (span.from > lately.to + JITTER) {
    // What was played before a rest is of no interest either, unless a player may have gone on meanwhile.
    if (lately.going !== undefined) return false
    lately.from = span.from
  }
  lately.to = span.to
  return true
}

/** The tracks that a stretch may overlap, and its own if there is one. */
export function tracksBefore(lately: PlayedLately, span: Span): Track[] {
  const all = layOut(lately)
  if (trackOf(all, span) !== undefined) return all
  const recent = all.filter((t) => endOf(t) >= span.to - MEMORY)
  if (recent.length >= MOST_TRACKS) recent.sort((a, b) => endOf(a) - endOf(b)).shift()
  return recent
}

/** Since when its track has been played when a stretch is added. */
export function beganOf(tracks: readonly Track[], span: Span): Ms {
  const track = trackOf(tracks, span)
  return track !== undefined && joins(track, span) ? (track.played[track.played.length - 2] as Ms) : span.from
}

/** Adds a stretch to `tracksBefore`; its track is the one at hand from now on. */
export function addSpan(lately: PlayedLately, tracks: Track[], span: Span): void {
  const { chapter, session } = span
  if (chapter !== lately.chapter || session !== lately.session) turnTo(lately, span)
  lately.to = span.to
  const before = trackOf(tracks, span)
  if (before === undefined) {
    const track = { chapter, session, played: [span.from, span.to] }
    return settle(lately, [...tracks, track], track)
  }
  if (joins(before, span)) before.played[before.played.length - 1] = span.to
  else addPlayed(before.played, span)
  settle(lately, tracks, before)
}

/** Notes what every event says of its player, after the stretch that it proves, if any, was added. */
export function notePlayer(lately: PlayedLately, event: Event, chapter: string): void {
  const { action, session, time } = event
  if (chapter === lately.chapter && session === lately.session) {
    lately.heard = goesOn(action, !Number.isNaN(lately.heard)) ? time : NaN
    return
  }
  const known = lately.going?.find((g) => g.chapter === chapter && g.session === session)
  if (!goesOn(action, known !== undefined)) {
    if (known !== undefined) removeGoing(lately, known)
  } else if (known !== undefined) known.at = time
  else addGoing(lately, { chapter, session, at: time })
}

/** Whether a player goes on after an event, if it went on before or not. */
function goesOn(action: Action, before: boolean): boolean {
  if (action === 'heartbeat' || action === 'played') return true
  return before && (action === 'seeked' || action === 'rate-changed')
}

function trackOf(tracks: readonly Track[], { chapter, session }: Player): Track | undefined {
  for (const t of tracks) if (t.chapter === chapter && t.session === session) return t
  return undefined
}

export function endOf({ played }: Track): Ms {
  return played[played.length - 1] as Ms
}

function joins(track: Track, span: Span): boolean {
  return span.from <= endOf(track) + JITTER
}

function layOut(lately: PlayedLately): Track[] {
  const { chapter, session, from, to, tracks } = lately
  if (chapter === undefined) return []
  if (tracks === undefined) return [{ chapter, session, played: [from, to] }]
  const current = trackOf(tracks, { chapter, session })
  if (current !== undefined) current.played[current.played.length - 1] = to
  return tracks
}

function addPlayed(played: Ms[], span: Span): void {
  while (played.length >= 2 * MOST_PLAYED || (played.length > 0 && (played[1] as Ms) < span.to - MEMORY)) played.splice(0, 2)
  played.push(span.from, span.to)
}

/** Another track is at hand from now on. */
function turnTo(lately: PlayedLately, span: Span): void {
  const { chapter, session, heard } = lately
  removeGoing(lately, span)
  if (chapter !== undefined && !Number.isNaN(heard)) addGoing(lately, { chapter, session, at: heard })
  lately.chapter = span.chapter
  lately.session = span.session
  // It was going on, or nothing would be proven.
  lately.heard = span.to
}

function addGoing(lately: PlayedLately, player: Going): void {
  const going = (lately.going ?? []).filter((g) => !isForgotten(g, player.at))
  if (going.length >= MOST_TRACKS) going.sort((a, b) => a.at - b.at).shift()
  lately.going = [...going, player]
}

function removeGoing(lately: PlayedLately, { chapter, session }: Player): void {
  keepGoing(lately, (g) => g.chapter !== chapter || g.session !== session)
}

function keepGoing(lately: PlayedLately, keeps: (g: Going) => boolean): void {
  const going = lately.going?.filter(keeps)
  lately.going = going?.length === 0 ? undefined : going
}

/** The engine proves no stretch from so long ago. */
function isForgotten(player: Going, now: Ms): boolean {
  return now - player.at > TRACK_HORIZON
}

/** No stretch that is still to be proven begins before. */
function reachOf(lately: PlayedLately): Ms {
  const { to, going } = lately
  if (going?.some((g) => isForgotten(g, to))) keepGoing(lately, (g) => !isForgotten(g, to))
  return (lately.going ?? []).reduce((reach, g) => Math.min(reach, g.at), to)
}

/** Forgets what no stretch still to be proven can overlap or join, so that mostly nothing is left but the stretch at hand. */
function settle(lately: PlayedLately, tracks: Track[], current: Track): void {
  const reach = reachOf(lately)
  const isOver = (end: Ms) => end + JITTER < reach
  const { played } = current
  while (played.length > 2 && isOver(played[1] as Ms)) played.splice(0, 2)
  lately.from = played[played.length - 2] as Ms
  const kept = tracks.some((t) => t !== current && isOver(endOf(t))) ? tracks.filter((t) => t === current || !isOver(endOf(t))) : tracks
  lately.tracks = kept.length === 1 && played.length === 2 ? undefined : kept
}
