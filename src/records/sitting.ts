import type { Intervals } from '../base/intervals.ts'
import { HOUR, MINUTE, SECOND, type Ms } from '../base/time.ts'
import type { Event, Place } from '../telemetry/event.ts'

/** A sitting is over when its chapter has not been heard of for so long. Of a longer stretch only the media can tell that it was played. */
export const SITTING_GAP: Ms = 30 * MINUTE
/** A player without heartbeats may play for so long without a word, where nobody knows how long its media is. */
const LONGEST_SILENCE: Ms = 3 * HOUR
/** Stretches of media that one sitting may have; of more, the shortest is not told. */
export const MOST_STRETCHES = 256
export const MOST_LISTED = 16
export const MOST_CHECKS = 64

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
  /** Which of them is in use; -1: none. */
  using: number
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
    account: undefined, class: undefined, course: undefined, classBefore, isPlaying: false, beats: false, watched: undefined, credited: 0, owed: 0, length: 0, isCompleted: false, sessions: undefined, ips: undefined, using: -1,
    devices: undefined, login, checks: undefined, requested: 0, outcomes: undefined, answers: 0, correct: 0, unplaced: false, overfull: false, silent: false, revision: 0, told: 0, due,
  }
}

/** Whether an event of a chapter belongs to a sitting over it: ids of chapters may be those of several courses, and a course that of several classes. */
export function fits(sitting: Sitting, { chapter, course, class: klass }: Pick<Event, 'chapter' | 'course' | 'class'>): boolean {
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

/** Notes who studies, and from where. */
export function noteWho(sitting: Sitting, event: Event): void {
  if (event.account !== undefined) sitting.account = event.account
  if (event.class !== undefined) sitting.class = event.class
  if (event.course !== undefined) sitting.course = event.course
  if (event.session !== undefined) sitting.sessions = listed(sitting.sessions, event.session)
  if (event.device !== undefined) sitting.devices = listed(sitting.devices, event.device)
  if (event.ip !== undefined) sitting.using = useAddress(sitting, event.ip, event)
}

function listed(known: string[] | undefined, value: string): string[] {
  if (known === undefined) return [value]
  if (known[known.length - 1] === value || known.includes(value) || known.length >= MOST_LISTED) return known
  return [...known, value]
}

function useAddress(sitting: Sitting, ip: string, { time, place }: Event): number {
  const used = { ip, place, first: time, last: time }
  const { ips } = sitting
  if (ips === undefined) {
    sitting.ips = [used]
    return 0
  }
  const same = ips.findIndex((u) => u.ip === ip)
  return same >= 0 || ips.length >= MOST_LISTED ? same : ips.push(used) - 1
}

/** Notes what was done besides playing. */
export function noteDeed(sitting: Sitting, event: Event): void {
  if (event.action === 'completed') sitting.isCompleted = true
  else if (event.action === 'face-requested') sitting.requested++
  else if (event.action === 'face-checked') noteCheck(sitting, event)
  else if (event.action === 'answered') {
    sitting.answers++
    if (event.correct === true) sitting.correct++
  }
}

function noteCheck(sitting: Sitting, { time, id, challenge, outcome, photo, similarity }: Event): void {
  if (outcome !== undefined) (sitting.outcomes ??= noOutcomes())[outcome]++
  const check = { time, event: id, challenge, outcome, photo, similarity }
  if (sitting.checks === undefined) sitting.checks = [check]
  else if (sitting.checks.length < MOST_CHECKS) sitting.checks.push(check)
}
