import { fnv1a } from '../../base/hash.ts'
import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { OTHERS, TRACK_SIZE, type Activity } from './state.ts'

/*
 * Chapters at hand: one chapter in one session each. That of the latest event lies open in the fields of the record, with its
 * names as texts, so that the usual event compares two texts and nothing more; the others, which most learners have none of, are packed into
 * five numbers each:
 *
 *   0  hash of the names (32 bits), flags (6 bits), whole seconds watched (15 bits, all set: unknown); 0: free
 *   1  time of the latest event
 *   2  media position
 *   3  media step
 *   4  gap in ms + 1 (19 bits), then how much later than `at` the latest beat arrived, in ms (33 bits)
 */

/** Flags: it was initialized or played; sought in; reported at its end with nothing watched; is over. */
export const STARTED = 1
export const SEEKED = 2
export const PROBED = 4
export const DONE = 8
/** Its latest event was a beat, or a pause. */
export const BEAT = 16
export const PAUSED = 32

const FLAGS = 64
const HASHES = 2 ** 32
const UNKNOWN = 2 ** 15 - 1
const GAPS = 2 ** 19
const LATEST = 2 ** 33 - 1

/** A longer gap is none between beats. */
export const LONGEST_GAP: Ms = 5 * MINUTE
/**
 * A chapter that has been silent for less keeps its place, so that of many chapters at once four are followed all along; with the
 * oldest giving way to each new one, none would have two beats in a row.
 */
const AT_HAND: Ms = 3 * MINUTE
/** What was watched of a chapter before it was heard of is unknown, if it is joined further in: by a first beat, by another event. */
const JOINED_BEATING = LONGEST_GAP / SECOND
const JOINED = 5

/** What `turnTo` found: the chapter at hand, one turned to, a new one, or no room for it. */
export const SAME = 0
export const TURNED = 1
export const NEW = 2
export const NO_ROOM = 3

/** Lays the event's chapter open. Where there is no room, the one before stays open and the event is of none. */
export function turnTo(activity: Activity, event: Event, chapter: string): number {
  if (activity.chapter === chapter && activity.session === event.session) return SAME
  const i = find(activity, hashOf(chapter, event.session))
  if (i >= 0) {
    const packed = (activity.others as number[]).slice(i, i + TRACK_SIZE)
    close(activity, i)
    open(activity, packed)
  } else {
    // One that lies open and is over gives way itself; one that is silent, if there is no other.
    const free = (activity.flags & DONE) === 0 ? findFree(activity, event.time) : -1
    if (free >= 0) close(activity, free)
    else if (!isFree(activity.flags, activity.at, event.time)) return NO_ROOM
    begin(activity, event)
  }
  activity.chapter = chapter
  activity.session = event.session
  return i >= 0 ? TURNED : NEW
}

function hashOf(chapter: string, session: string | undefined): number {
  return (Math.imul(fnv1a(chapter), 31) ^ fnv1a(session ?? '')) >>> 0
}

function find({ others }: Activity, hash: number): number {
  if (others === undefined) return -1
  for (let i = 0; i < others.length; i += TRACK_SIZE) if (others[i] !== 0 && (others[i] as number) % HASHES === hash) return i
  return -1
}

function isFree(flags: number, at: Ms, now: Ms): boolean {
  return (flags & DONE) !== 0 || now - at >= AT_HAND
}

/** The place of the chapter silent for longest, if one may give way. */
function findFree({ others }: Activity, now: Ms): number {
  if (others === undefined) return 0
  let found = -1
  for (let i = 0; i < others.length; i += TRACK_SIZE) {
    const [id, at] = [others[i], others[i + 1]] as [number, Ms]
    if (id === 0) return i
    if (isFree(flagsOf(id), at, now) && (found < 0 || at < (others[found + 1] as Ms))) found = i
  }
  return found
}

function flagsOf(id: number): number {
  return Math.floor(id / HASHES) % FLAGS
}

/** Puts the open chapter aside. */
function close(activity: Activity, i: number): void {
  const { chapter, session, watched, at } = activity
  if (chapter === undefined) return
  const others = (activity.others ??= Array.from({ length: OTHERS * TRACK_SIZE }, () => 0))
  const seconds = Number.isNaN(watched) ? UNKNOWN : Math.min(UNKNOWN - 1, Math.round(watched))
  others[i] = hashOf(chapter, session) + HASHES * (activity.flags + FLAGS * seconds)
  others[i + 1] = at
  others[i + 2] = activity.position
  others[i + 3] = activity.step
  others[i + 4] = activity.gap + 1 + GAPS * Math.min(LATEST, Math.max(0, activity.arrived - at))
}

function open(activity: Activity, packed: readonly number[]): void {
  const [id, at, position, step, times] = packed as [number, Ms, number, number, number]
  const seconds = Math.floor(id / (HASHES * FLAGS))
  activity.flags = flagsOf(id)
  activity.watched = seconds === UNKNOWN ? NaN : seconds
  activity.at = at
  activity.position = position
  activity.step = step
  activity.gap = (times % GAPS) - 1
  activity.arrived = at + Math.floor(times / GAPS)
}

function begin(activity: Activity, event: Event): void {
  const position = event.position ?? 0
  activity.at = event.time
  activity.flags = 0
  activity.position = NaN
  activity.step = -1
  activity.gap = -1
  activity.arrived = 0
  activity.watched = watchedBefore(event, position, !Number.isNaN(activity.unstarted))
}

function watchedBefore({ action }: Event, position: number, isStartTold: boolean): number {
  // What a player goes on from was watched before.
  if (action === 'initialized') return position
  // A completion out of nothing is one of nothing, unless starts are not told of: then somebody may have gone on from there.
  if (action === 'completed') return isStartTold ? 0 : NaN
  return position > (action === 'heartbeat' ? JOINED_BEATING : JOINED) ? NaN : 0
}

/** Brings the open chapter up to date when a beat of it has been judged. */
export function advanceBeat(activity: Activity, { time, position }: Readonly<{ time: Ms; position: number }>): void {
  activity.at = time
  activity.flags = (activity.flags & ~(DONE | PAUSED)) | BEAT
  activity.position = position
}

/** The same for another event of it. */
export function advance(activity: Activity, event: Event): void {
  const { action, time } = event
  activity.at = time
  const rest = activity.flags & ~(BEAT | PAUSED)
  if (action === 'initialized' || action === 'played') activity.flags = (rest | STARTED) & ~DONE
  else if (action === 'completed' || action === 'terminated') activity.flags = rest | DONE
  else if (action === 'seeked') activity.flags = rest | SEEKED
  else activity.flags = action === 'paused' ? rest | PAUSED : rest
  activity.gap = -1
  activity.step = -1
  const position = action === 'seeked' ? (event.to ?? event.position) : event.position
  if (position !== undefined) activity.position = position
}

/** Chapters that have beaten since the open one did, itself among them. */
export function chaptersSince({ others, at }: Activity): number {
  let n = 1
  if (others === undefined) return n
  for (let i = 0; i < others.length; i += TRACK_SIZE) if (others[i] !== 0 && (flagsOf(others[i] as number) & BEAT) !== 0 && (others[i + 1] as Ms) > at) n++
  return n
}
