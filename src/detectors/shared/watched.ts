import { SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { agrees, type Span } from '../../telemetry/playback.ts'
import { addInterval, covered, furthest, type Intervals } from '../../base/intervals.ts'

/** What a learner has watched of one chapter, in whole media seconds rounded in the learner's favour. Numbers that are unknown are NaN. */
export interface Watched {
  /** Seconds watched for certain, as long as they are one interval; NaN: none, or more than one. */
  placedFrom: number
  placedTo: number
  /** Seconds watched for certain, where they are more than one interval. */
  placed: Intervals | undefined
  /** Seconds that were or may have been watched, nobody knows where. */
  unplaced: number
  /** Time of the last evidence, the media position it left and whether the chapter was playing then. */
  at: Ms
  position: number
  playing: boolean
}

const MOST = 64
const TOLERANCE_SECONDS = 2

/** What is known of a learner's player. */
export interface Player {
  /** See the parameter of `seek-ahead`. */
  lost: Ms
  /** Since when nothing was heard of the learner. */
  silent: Ms
  /** The highest rate of the platform's player, which need not tell at which it plays. */
  offered: number
  /** Whether the platform tells of starts, as far as is known. */
  startsTold: boolean
}

/** Adds what an event tells: the stretch of playback it proves, if any. */
export function watch(watched: Watched, event: Event, span: Span | undefined, player: Player): void {
  if (span !== undefined) addSpan(watched, span, player.lost, player.offered)
  else bridge(watched, event, player)
}

/** Takes the event for the last evidence. */
export function noteLast(watched: Watched, event: Event): void {
  const { action, position } = event
  watched.at = event.time
  if (action === 'seeked') watched.position = event.to ?? position ?? NaN
  else if (position !== undefined) watched.position = position
  else if (action === 'heartbeat') watched.position = NaN
  if (action === 'played' || action === 'heartbeat') watched.playing = true
  else if (action !== 'seeked' && action !== 'rate-changed') watched.playing = false
}

function addSpan(watched: Watched, span: Span, lost: Ms, offered: number): void {
  const { mediaFrom, mediaTo, rate } = span
  const elapsed = span.to - span.from
  const most = (elapsed / SECOND) * Math.max(rate, offered)
  if (mediaFrom !== undefined && mediaTo !== undefined) {
    const advance = mediaTo - mediaFrom
    // Less than the clock allows is buffering, and what advanced was played; more is a jump, and so is going back.
    if (advance >= 0 && (span.agrees === true || advance <= most + TOLERANCE_SECONDS)) place(watched, mediaFrom, mediaTo)
    else if (elapsed <= lost) watched.unplaced += most
  } else if (elapsed > lost || (mediaFrom === undefined && mediaTo === undefined)) watched.unplaced += most
  else if (mediaFrom !== undefined) place(watched, mediaFrom, mediaFrom + most)
  else if (mediaTo !== undefined) place(watched, Math.max(0, mediaTo - most), mediaTo)
}

// The event that began a stretch may be lost: media that advanced as the clock did was played all the same. A beat that
// nothing began, after a silence, has had all of that time: the platform may have been down. A player that was closed without
// a word goes on where the platform had kept the place, which may be somewhat beyond the last beat. Where starts are not told of,
// somebody may have played on after a pause, and have paused again before a beat was due.
function bridge(watched: Watched, event: Event, { silent, lost, offered, startsTold }: Player): void {
  const reached = event.action === 'seeked' ? event.from : event.position
  if (reached === undefined) return
  const { position } = watched
  const elapsed = event.time - watched.at
  // Before the very first event nobody was heard of for ever.
  const unheard = Number.isNaN(silent) && !startsTold ? lost : silent
  if (reached > position && (agrees(reached - position, elapsed, 1) || (offered > 1 && agrees(reached - position, elapsed, offered)))) place(watched, position, reached)
  else if (reached > position && reached - position <= (Math.min(lost, elapsed) / SECOND) * offered && mayHavePlayed(watched, event, startsTold)) place(watched, position, reached)
  else if (event.action === 'heartbeat' && unheard > 0) place(watched, Math.max(0, reached - (unheard / SECOND) * offered), reached)
}

function mayHavePlayed({ playing }: Watched, { action }: Event, startsTold: boolean): boolean {
  return startsTold ? playing && action !== 'heartbeat' && action !== 'completed' : true
}

/** Adds media seconds that were watched for certain. */
export function place(watched: Watched, mediaFrom: number, mediaTo: number): void {
  const from = Math.floor(mediaFrom)
  const to = Math.ceil(mediaTo)
  // The common case: it goes on where the one interval ends.
  if (from >= watched.placedFrom && from <= watched.placedTo) {
    if (to > watched.placedTo) watched.placedTo = to
    return
  }
  const list = placedOf(watched)
  addInterval(list, from, to, MOST)
  const isOne = list.length === 2
  watched.placedFrom = isOne ? (list[0] as number) : NaN
  watched.placedTo = isOne ? (list[1] as number) : NaN
  // Copied, since a list that grew has places in reserve.
  watched.placed = list.length > 2 ? [...list] : undefined
}

function placedOf({ placed, placedFrom, placedTo }: Watched): Intervals {
  return placed ?? (Number.isNaN(placedFrom) ? [] : [placedFrom, placedTo])
}

/** Seconds that a player gone silent may have played on: a connection can drop before its last evidence is out. */
export function unseenSeconds(watched: Watched, span: Span | undefined, now: Ms, lost: Ms, offered: number): number {
  return span === undefined && watched.playing ? (Math.min(lost, now - watched.at) / SECOND) * offered : 0
}

/** Media seconds watched of the first `length`, at most. */
export function watchedSeconds(watched: Watched, length: number): number {
  return Math.min(length, covered(placedOf(watched), 0, length) + watched.unplaced)
}

/** The furthest media second watched, at most. */
export function furthestSecond(watched: Watched): number {
  return furthest(placedOf(watched)) + watched.unplaced
}
