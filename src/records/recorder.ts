import { MINUTE, type Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { PLAYBACK, type Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { buildRecord, lengthOf, type About } from './build.ts'
import { openSittings, putAway, sitDown, turnTo, type Sittings } from './kept.ts'
import { play } from './play.ts'
import type { LearningRecord } from './record.ts'
import { noteDeed, noteWho, overAt, SITTING_GAP, type Sitting } from './sitting.ts'

/** While a sitting goes on, its record is written so often. */
export const REVISED_EVERY: Ms = 15 * MINUTE

/** What the learner's event before said of who studies and from where, as far as it is known. */
export type Before = Pick<Event, 'session' | 'device' | 'account' | 'class' | 'course' | 'ip'>

/** What is known besides the event. */
export interface Around {
  before: Before
  /** The class that the learner's events have named last. */
  klass: string | undefined
  catalogue: Catalogue
}

type Write = (record: LearningRecord, at: Ms) => void

/** Actions of a player that is merely used. */
const PLAYING: ReadonlySet<string> = new Set(['heartbeat', 'played', 'paused', 'seeked', 'rate-changed'])
const STOPS: ReadonlySet<string> = new Set(['initialized', 'paused', 'completed', 'terminated', 'logged-out'])

/** Takes the next event of a learner, in time order, and the stretch of playback that it proves. Returns when to look again, where a sitting begins. */
export function followSittings(kept: Sittings, event: Event, span: Span | undefined, { before, klass, catalogue }: Around): Ms | undefined {
  const { time, action } = event
  if (action === 'logged-in') kept.login = { time, ip: event.ip, place: event.place }
  const isLike = kept.isKnown && !differs(event, before)
  if (!(isLike && (event.chapter === undefined || event.chapter === kept.chapter)) && !belongs(kept, event, klass)) {
    kept.isKnown = false
    return undefined
  }
  const isNew = kept.count === 0
  if (!isLike || !kept.isKnown) noteOther(kept, event)
  kept.end = time
  kept.last = event.id
  kept.count++
  if (event.ip !== undefined) kept.addressAt = time
  if (action === 'heartbeat') kept.isPlaying = kept.beats = true
  else if (action === 'played') kept.isPlaying = true
  else if (STOPS.has(action)) kept.isPlaying = false
  if (event.length !== undefined && event.length > kept.length) kept.length = event.length
  if (!PLAYING.has(action)) {
    const current = kept.current as Sitting
    noteDeed(current, event)
    if (action === 'logged-in') current.login = kept.login
  }
  if (span !== undefined) play(kept, span, catalogue.platform(event.platform)?.rate ?? 1)
  return isNew ? nextLook(openSittings(kept), soonest) : undefined
}

/** Lays the sitting that an event belongs to at hand, a new one where it begins one. False if it belongs to none. */
function belongs(kept: Sittings, event: Event, klass: string | undefined): boolean {
  if (event.chapter === undefined) return kept.current !== undefined
  if (turnTo(kept, event)) return true
  if (!PLAYBACK.has(event.action) && event.action !== 'attended') return false
  sitDown(kept, event, event.time + REVISED_EVERY, klass)
  return true
}

function differs(event: Event, before: Before): boolean {
  return (
    (event.session !== undefined && event.session !== before.session) || (event.device !== undefined && event.device !== before.device) ||
    (event.account !== undefined && event.account !== before.account) || (event.class !== undefined && event.class !== before.class) ||
    (event.course !== undefined && event.course !== before.course) || (event.ip !== undefined && event.ip !== before.ip)
  )
}

function noteOther(kept: Sittings, event: Event): void {
  const current = kept.current as Sitting
  const used = current.ips?.[current.using]
  if (used !== undefined && kept.addressAt > used.last) used.last = kept.addressAt
  noteWho(current, event)
  kept.isKnown = true
}

/** Writes records of sittings that are over by `at`, or due. Returns when to look again. */
export function lookAtSittings(kept: Sittings, at: Ms, about: About, catalogue: Catalogue, write: Write): Ms | undefined {
  const open = openSittings(kept)
  const over = (s: Sitting): Ms => overAt(s, lengthOf(s, about, catalogue))
  const going = open.filter((s) => at < over(s))
  for (const s of open) {
    if (!going.includes(s)) write(buildRecord(s, about, catalogue, at, 'closed'), at)
    else if (at >= s.due) revise(s, at, about, catalogue, write)
  }
  if (going.length < open.length) {
    if (kept.current !== undefined && !going.includes(kept.current)) putAway(kept)
    const others = going.filter((s) => s !== kept.current)
    kept.others = others.length === 0 ? undefined : others
  }
  return nextLook(going, over)
}

/** Writes records of sittings that may still go on, as far as they have come since they were last written: where a log ends. */
export function tellSittings(kept: Sittings, at: Ms, about: About, catalogue: Catalogue, write: Write): void {
  for (const s of openSittings(kept)) revise(s, at, about, catalogue, write)
}

function revise(s: Sitting, at: Ms, about: About, catalogue: Catalogue, write: Write): void {
  s.due = at + REVISED_EVERY
  if (s.count === s.told) return
  s.told = s.count
  write(buildRecord(s, about, catalogue, at, 'open'), at)
}

function nextLook(open: readonly Sitting[], over: (sitting: Sitting) => Ms): Ms | undefined {
  let next = Infinity
  for (const s of open) next = Math.min(next, s.due, over(s))
  return next === Infinity ? undefined : next
}

/** No sitting is over before. */
function soonest({ end }: Sitting): Ms {
  return end + SITTING_GAP
}
