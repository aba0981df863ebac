import { DAY, MINUTE, type Ms } from '../../base/time.ts'
import type { Sighting } from '../../engine/sighting.ts'
import { personKey } from './people.ts'

/** A lesson boundary that a learner passed: a chapter begun or completed. */
export interface Pass {
  chapter: string
  completed: boolean
  time: Ms
  event: string
}

/**
 * What is kept of one learner on a resource. Plain data. A class has a member for each of its learners: so its lists hold
 * numbers and texts, not objects, and are made anew whenever they grow, since one that is pushed to reserves room.
 */
export interface Member {
  class: string | undefined
  seen: Ms
  /** Whether a boundary was passed in the present stay. */
  started: boolean
  /** Stays as from, to, from, to …, each from its first boundary to the last sighting. */
  stays: Ms[]
  /** The passes, oldest first: the time, chapter and event of each. */
  times: Ms[]
  chapters: string[]
  events: string[]
  /** Bit i: whether pass i completed its chapter. */
  completed: number
}

/** Who is on a resource and which boundaries they passed there. Plain data. */
export interface Synchrony {
  members: Record<string, Member>
  /** How many of them have passed a boundary. */
  people: number
  /** None of them was seen last before this. */
  oldest: Ms
  /** Who was seen last, and when. */
  latest: string
  latestAt: Ms
  /** When anybody else was seen last; 0 for never. */
  before: Ms
  /** Boundaries of the last few seconds, oldest first. */
  recent: { who: string; pass: Pass }[]
}

/** How learners' boundaries are compared; the parameters of the detectors that do so. */
export interface SynchronyParams {
  within: Ms
  apart: Ms
  memory: Ms
}

// Sightings come at least every 10 minutes while a resource is in use.
const STAY_GAP: Ms = 20 * MINUTE
const MOST_STAYS = 6
// At most 31, for the bits of `completed`.
const MOST_PASSES = 24
const MOST_RECENT = 512
const MANY_MEMBERS = 500

export function newSynchrony(): Synchrony {
  return { members: {}, people: 0, oldest: 0, latest: '', latestAt: 0, before: 0, recent: [] }
}

export function newMember(klass: string | undefined, seen: Ms): Member {
  return { class: klass, seen, started: false, stays: [], times: [], chapters: [], events: [], completed: 0 }
}

export function isBoundary({ kind, chapter }: Sighting): boolean {
  return (kind === 'began' || kind === 'completed') && chapter !== undefined
}

export function goesOn({ started, seen }: { started: boolean; seen: Ms }, time: Ms): boolean {
  return started && time - seen <= STAY_GAP
}

/**
 * Notes a sighting. Returns the boundary it passed, if that one counts: the first of a stay does not, since a room full of
 * people may have been told to begin, nor does one that was passed while nobody else was there.
 */
export function notePass(synchrony: Synchrony, s: Sighting, params: SynchronyParams): Pass | undefined {
  const who = personKey(s.platform, s.learner)
  let member = synchrony.members[who]
  if (!member) {
    forgetMembers(synchrony, s.time, params.memory)
    synchrony.members[who] = member = newMember(s.class, s.time)
  }
  if (s.kind === 'left') {
    member.started = false
    return undefined
  }
  member.started = goesOn(member, s.time)
  member.seen = s.time
  if (who !== synchrony.latest) {
    synchrony.before = synchrony.latestAt
    synchrony.latest = who
  }
  synchrony.latestAt = s.time
  if (s.class !== undefined) member.class = s.class
  const { stays } = member
  if (member.started) stays[stays.length - 1] = s.time
  if (!isBoundary(s)) return undefined
  if (!member.started) {
    member.started = true
    if (stays.length === 0) synchrony.people++
    member.stays = (stays.length === 2 * MOST_STAYS ? stays.slice(2) : stays).concat(s.time, s.time)
    return undefined
  }
  if (s.time - synchrony.before > STAY_GAP) return undefined
  const pass: Pass = { chapter: s.chapter as string, completed: s.kind === 'completed', time: s.time, event: s.event ?? '' }
  const before = s.time - params.memory
  let old = Math.max(0, member.times.length + 1 - MOST_PASSES)
  while (old < member.times.length && (member.times[old] as Ms) < before) old++
  if (old > 0) dropPasses(member, old)
  addPass(member, pass)
  return pass
}

function addPass(member: Member, { chapter, completed, time, event }: Pass): void {
  if (completed) member.completed |= 1 << member.times.length
  member.times = member.times.concat(time)
  member.chapters = member.chapters.concat(chapter)
  member.events = member.events.concat(event)
}

function dropPasses(member: Member, many: number): void {
  member.times = member.times.slice(many)
  member.chapters = member.chapters.slice(many)
  member.events = member.events.slice(many)
  member.completed >>>= many
}

/** Forgets a member's passes up to a time. */
export function forgetPasses(member: Member, upTo: Ms): void {
  const left = member.times.findIndex((t) => t > upTo)
  dropPasses(member, left < 0 ? member.times.length : left)
}

/** A member's passes, oldest first. */
export function passesOf(member: Member): Pass[] {
  return member.times.map((time, i) => ({ chapter: member.chapters[i] as string, completed: isCompleted(member, i), time, event: member.events[i] as string }))
}

function isCompleted(member: Member, i: number): boolean {
  return ((member.completed >>> i) & 1) === 1
}

/** Learners of the same platform who passed the same boundary in the last `within`; then remembers this pass. */
export function passedWith(synchrony: Synchrony, who: string, pass: Pass, within: Ms): string[] {
  const { recent } = synchrony
  let old = 0
  while (old < recent.length && ((recent[old] as { pass: Pass }).pass.time < pass.time - within || recent.length - old >= MOST_RECENT)) old++
  if (old > 0) recent.splice(0, old)
  const platform = who.slice(0, who.indexOf('\u0000') + 1)
  const found: string[] = []
  for (const r of recent) {
    if (r.pass.chapter === pass.chapter && r.pass.completed === pass.completed && r.who !== who && r.who.startsWith(platform) && !found.includes(r.who)) found.push(r.who)
  }
  recent.push({ who, pass })
  return found
}

/** How often two learners passed boundaries together, of how many they might have; both ways, the worse one counts. */
export interface Agreement {
  together: number
  passed: number
}

/**
 * Compares two learners over the time when both were there and past their first boundary; undefined if they passed less than
 * `least` boundaries together. Boundaries less than `apart` after a counted one belong to it: two honest learners who happen
 * to be in step stay so until one of them pauses. It was passed together if any of them was: people who study together
 * may complete a lesson apart, since each has a face check to answer, and then wait for each other to begin the next.
 */
export function compare(a: Member, b: Member, least: number, params: SynchronyParams): Agreement | undefined {
  if (a.times.length < least || b.times.length < least) return undefined
  const x = oneWay(a, b, params)
  if (x.together < least) return undefined
  const y = oneWay(b, a, params)
  return y.together < least ? undefined : { together: Math.min(x.together, y.together), passed: Math.max(x.passed, y.passed) }
}

function oneWay(a: Member, b: Member, { within, apart }: SynchronyParams): Agreement {
  let together = 0
  let passed = 0
  let counted = -Infinity
  let agreed = false
  for (let i = 0; i < a.times.length; i++) {
    const time = a.times[i] as Ms
    if (!wasThere(b, time, within)) continue
    if (time >= counted + apart) {
      counted = time
      passed++
      agreed = false
    }
    if (agreed || !meets(b, a.chapters[i] as string, isCompleted(a, i), time, within)) continue
    agreed = true
    together++
  }
  return { together, passed }
}

/** Whether a learner passed the same boundary within `within` of another's pass. */
export function meets(member: Member, chapter: string, completed: boolean, time: Ms, within: Ms): boolean {
  for (let i = 0; i < member.times.length; i++) {
    const t = member.times[i] as Ms
    if (t > time + within) return false
    if (t >= time - within && member.chapters[i] === chapter && isCompleted(member, i) === completed) return true
  }
  return false
}

function wasThere({ stays }: Member, at: Ms, within: Ms): boolean {
  for (let i = 0; i < stays.length; i += 2) if (at > (stays[i] as Ms) + within && at <= (stays[i + 1] as Ms) + within) return true
  return false
}

/** Forgets who has not been seen for `memory`; on a crowded resource, who has not been for a day. */
function forgetMembers(synchrony: Synchrony, now: Ms, memory: Ms): void {
  const { members } = synchrony
  const before = now - (synchrony.people >= MANY_MEMBERS ? Math.min(memory, DAY) : memory)
  // A class of thousands is looked through only when there is somebody to forget.
  if (synchrony.oldest >= before) return
  let oldest = now
  for (const who in members) {
    const { seen, stays } = members[who] as Member
    if (seen >= before) {
      if (seen < oldest) oldest = seen
      continue
    }
    if (stays.length > 0) synchrony.people--
    delete members[who]
  }
  synchrony.oldest = oldest
}
