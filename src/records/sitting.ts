import { addInterval, covered, type Intervals } from '../base/intervals.ts'
import { HOUR, MINUTE, SECOND, type Ms } from '../base/time.ts'
import type { Event, Place } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'

/** A sitting is over when its chapter has not been heard of for so long. Of a longer stretch only the media can tell that it was played. */
export const SITTING_GAP: Ms = 30 * MINUTE
/** A player without heartbeats may play for so long without a word, where nobody knows how long its media is. */
const LONGEST_SILENCE: Ms = 3 * HOUR
/** A player with heartbeats that says nothing for longer was not playing for certain, where its media does not show it. */
const MOST_GUESSED: Ms = 5 * MINUTE
/** Stretches of media that one sitting may have; of more, the shortest is not told. */
export const MOST_STRETCHES = 256
export const MOST_LISTED = 16
export const MOST_CHECKS = 64
/** Where a player goes on is measured twice, at the pause and at the start: so near, it is one place. Of whole seconds, two that follow each other may be. */
const SAME_PLACE = 0.25
const SAME_WHOLE = 1
// Buffering and rounding, as in `telemetry/playback.ts`.
const TOLERANCE_SECONDS = 2
const TOLERANCE_SHARE = 0.05
const MOST_OWED: Ms = TOLERANCE_SECONDS * SECOND

/** An address of a sitting and from when to when it was used. */
export interface Used {
  ip: string
  place: Place | undefined
  first: Ms
  last: Ms
}

/** A login: the latest one is told of in each sitting. */
export interface Login {
  time: Ms
  ip: string | undefined
  place: Place | undefined
}

/** A face check whose outcome was told. */
export interface Check {
  time: Ms
  event: string
  challenge: string | undefined
  outcome: Event['outcome']
  photo: string | undefined
  similarity: number | undefined
}

/** How many face checks came out how. */
type Outcomes = Record<'passed' | 'failed' | 'unusable' | 'missed', number>

export function noOutcomes(): Outcomes {
  return { passed: 0, failed: 0, unusable: 0, missed: 0 }
}

/**
 * One learner's sitting over one chapter, as far as it has come. Plain data; what has never been told is undefined, lists among it: most have one
 * member or none, and an empty one that grows takes room for many.
 */
export interface Sitting {
  chapter: string
  isPractice: boolean
  begin: Ms
  end: Ms
  first: string
  last: string
  count: number
  account: string | undefined
  class: string | undefined
  course: string | undefined
  /** The class that the learner's events had named last when it began. */
  classBefore: string | undefined
  /** Whether its player plays, and whether it has sent heartbeats. */
  isPlaying: boolean
  beats: boolean
  /** Media seconds played, and wall-clock milliseconds credited for them. */
  watched: Intervals | undefined
  credited: Ms
  /** Media played that the clock had no room for, or, below 0, clock that no media filled: the next stretch may make up for it, since both are measured only roughly. */
  owed: Ms
  /** Media length in seconds as the platform told it; 0: never. */
  length: number
  isCompleted: boolean
  sessions: string[] | undefined
  ips: Used[] | undefined
  devices: string[] | undefined
  login: Login | undefined
  checks: Check[] | undefined
  requested: number
  outcomes: Outcomes | undefined
  answers: number
  correct: number
  /** What cannot be told of it: stretches without positions, those beyond `MOST_STRETCHES`, and those of a silence too long to prove anything. */
  unplaced: boolean
  overfull: boolean
  silent: boolean
  /** Last revision written, how many events it had, and when the next is due. */
  revision: number
  told: number
  due: Ms
}

export function newSitting(event: Event, due: Ms, login: Login | undefined, classBefore: string | undefined): Sitting {
  return {
    chapter: event.chapter as string, isPractice: event.action === 'attended', begin: event.time, end: event.time, first: event.id, last: event.id, count: 0,
    account: undefined, class: undefined, course: undefined, classBefore, isPlaying: false, beats: false, watched: undefined, credited: 0, owed: 0, length: 0, isCompleted: false, sessions: undefined, ips: undefined, devices: undefined,
    login, checks: undefined, requested: 0, outcomes: undefined, answers: 0, correct: 0, unplaced: false, overfull: false, silent: false,
    revision: 0, told: 0, due,
  }
}

const STOPS: ReadonlySet<Event['action']> = new Set(['initialized', 'paused', 'completed', 'terminated', 'logged-out'])

/** Whether an event of a chapter belongs to a sitting over it: ids of chapters may be those of several courses, and a course that of several classes. */
export function fits(sitting: Sitting, { chapter, course, class: klass }: Event): boolean {
  return sitting.chapter === chapter && isLike(sitting.course, course) && isLike(sitting.class, klass)
}

function isLike(known: string | undefined, named: string | undefined): boolean {
  return known === undefined || named === undefined || known === named
}

/** When a sitting is over if nothing more is heard of it. `length`: of the media, in seconds. A player without heartbeats says nothing until its media ends. */
export function overAt({ end, isPlaying, beats, length: told }: Sitting, length: number | undefined): Ms {
  if (!isPlaying || beats) return end + SITTING_GAP
  const media = Math.max(length ?? 0, told)
  return end + SITTING_GAP + (media > 0 ? Math.min(media * SECOND, LONGEST_SILENCE) : LONGEST_SILENCE)
}

/** Adds an event of the sitting. */
export function note(sitting: Sitting, event: Event): void {
  sitting.end = event.time
  sitting.last = event.id
  sitting.count++
  if (event.account !== undefined) sitting.account = event.account
  if (event.class !== undefined) sitting.class = event.class
  if (event.course !== undefined) sitting.course = event.course
  if (event.length !== undefined && event.length > sitting.length) sitting.length = event.length
  if (event.session !== undefined) sitting.sessions = listed(sitting.sessions, event.session)
  if (event.device !== undefined) sitting.devices = listed(sitting.devices, event.device)
  if (event.ip !== undefined) useAddress(sitting, event.ip, event)
  if (event.action === 'heartbeat') {
    sitting.isPlaying = true
    sitting.beats = true
    return
  }
  if (event.action === 'played') sitting.isPlaying = true
  else if (STOPS.has(event.action)) sitting.isPlaying = false
  if (event.action === 'completed') sitting.isCompleted = true
  else if (event.action === 'face-requested') sitting.requested++
  else if (event.action === 'face-checked') noteCheck(sitting, event)
  else if (event.action === 'answered') {
    sitting.answers++
    if (event.correct === true) sitting.correct++
  }
}

function listed(known: string[] | undefined, value: string): string[] {
  if (known === undefined) return [value]
  if (known[known.length - 1] === value || known.includes(value) || known.length >= MOST_LISTED) return known
  return [...known, value]
}

function useAddress(sitting: Sitting, ip: string, { time, place }: Event): void {
  const { ips } = sitting
  const last = ips?.[ips.length - 1]
  const same = last?.ip === ip ? last : ips?.find((u) => u.ip === ip)
  if (same) same.last = time
  else if (ips === undefined) sitting.ips = [{ ip, place, first: time, last: time }]
  else if (ips.length < MOST_LISTED) ips.push({ ip, place, first: time, last: time })
}

function noteCheck(sitting: Sitting, { time, id, challenge, outcome, photo, similarity }: Event): void {
  if (outcome !== undefined) (sitting.outcomes ??= noOutcomes())[outcome]++
  const check = { time, event: id, challenge, outcome, photo, similarity }
  if (sitting.checks === undefined) sitting.checks = [check]
  else if (sitting.checks.length < MOST_CHECKS) sitting.checks.push(check)
}

/**
 * Adds a stretch of playback. `offered`: the highest rate of the platform's player, which need not tell at which it plays.
 * `since`: up to when this learner's clock has been credited already. Returns up to when it is credited now.
 */
export function play(sitting: Sitting, span: Span, offered: number, since: Ms): Ms {
  const stretch = stretchOf(span, offered)
  if (stretch === undefined) return since
  // INVARIANT (wall-clock): nothing before the sitting counts, so that credit never exceeds it.
  if (span.from < sitting.begin || isTooSilent(sitting, span)) {
    if (stretch === 'unplaced' || stretch[1] - stretch[0] > TOLERANCE_SECONDS) sitting.silent = true
    return since
  }
  const clock = span.to - Math.max(span.from, since)
  const fresh = stretch === 'unplaced' ? Infinity : place(sitting, ...stretch)
  if (stretch === 'unplaced') sitting.unplaced = true
  if (fresh <= 0 || clock <= 0) return since
  if (stretch === 'unplaced') sitting.credited += clock
  else credit(sitting, fresh * SECOND, clock)
  return span.to
}

/** Whether a stretch is too long for its ends to prove it: unless the media went on by all of it. */
function isTooSilent({ beats }: Sitting, { from, to, mediaFrom, mediaTo, agrees }: Span): boolean {
  const elapsed = to - from
  if (elapsed > SITTING_GAP) return agrees !== true
  return beats && elapsed > MOST_GUESSED && (mediaFrom === undefined) !== (mediaTo === undefined)
}

// INVARIANT (credit): in all never more than the clock, nor than the media. Whole seconds of either come out uneven from beat to beat.
function credit(sitting: Sitting, media: Ms, clock: Ms): void {
  const [wanted, room] = [media + Math.max(0, sitting.owed), clock + Math.max(0, -sitting.owed)]
  sitting.credited += Math.min(wanted, room)
  sitting.owed = Math.max(-MOST_OWED, Math.min(MOST_OWED, wanted - room))
}

/** The media seconds that were played for certain; `unplaced`: some, nobody knows where; undefined: none, since the media jumped. */
function stretchOf({ from, to, mediaFrom, mediaTo, rate }: Span, offered: number): readonly [number, number] | 'unplaced' | undefined {
  const elapsed = (to - from) / SECOND
  if (mediaFrom === undefined && mediaTo === undefined) return 'unplaced'
  if (mediaFrom === undefined) return [Math.max(0, (mediaTo as number) - elapsed * rate), mediaTo as number]
  if (mediaTo === undefined) return [mediaFrom, mediaFrom + elapsed * rate]
  const most = elapsed * Math.max(rate, offered)
  const advance = mediaTo - mediaFrom
  // Less than the clock allows is buffering, and what advanced was played; more is a jump, and so is going back.
  return advance >= 0 && advance <= most + Math.max(TOLERANCE_SECONDS, TOLERANCE_SHARE * most) ? [mediaFrom, mediaTo] : undefined
}

/** Adds media seconds and returns how many of them are new. */
function place(sitting: Sitting, mediaFrom: number, to: number): number {
  const watched = sitting.watched
  if (watched === undefined) {
    if (to > mediaFrom) sitting.watched = [mediaFrom, to]
    return to - mediaFrom
  }
  const from = joined(watched, mediaFrom)
  const fresh = to - from - covered(watched, from, to)
  addInterval(watched, from, to, Infinity)
  if (watched.length > 2 * MOST_STRETCHES) {
    forgetShortest(watched)
    sitting.overfull = true
  }
  return fresh
}

/** Where a stretch begins: at the end of one that it goes on from, if there is one so near. */
function joined(watched: Intervals, from: number): number {
  for (let i = watched.length - 1; i > 0; i -= 2) {
    const end = watched[i] as number
    const near = Number.isInteger(from) && Number.isInteger(end) ? SAME_WHOLE : SAME_PLACE
    if (from > end && from - end <= near) return end
  }
  return from
}

// A record never claims more than the log proves.
function forgetShortest(list: Intervals): void {
  let best = 0
  for (let i = 2; i < list.length; i += 2) if (lengthAt(list, i) < lengthAt(list, best)) best = i
  list.splice(best, 2)
}

function lengthAt(list: Intervals, i: number): number {
  return (list[i + 1] as number) - (list[i] as number)
}
