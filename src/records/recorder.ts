import { MINUTE, type Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { PLAYBACK, type Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { buildRecord, type About } from './build.ts'
import { openSittings, putAway, turnTo, type Sittings } from './kept.ts'
import { play } from './play.ts'
import type { LearningRecord } from './record.ts'
import { noteDeed, noteWho, SITTING_GAP, type Sitting } from './sitting.ts'

/** While a sitting goes on, its record is written so often. */
export const REVISED_EVERY: Ms = 15 * MINUTE

/** What the learner's event before said of who studies and from where, as far as it is known. */
export type Before = Pick<Event, 'session' | 'device' | 'account' | 'class' | 'course' | 'ip'>

type Write = (record: LearningRecord, at: Ms) => void

/** Actions of a player that is merely used. */
const PLAYING: ReadonlySet<string> = new Set(['heartbeat', 'played', 'paused', 'seeked', 'rate-changed'])

/** Takes the next event of a learner, in time order, and the stretch of playback that it proves. Returns when to look again, where a sitting begins. */
export function followSittings(kept: Sittings, event: Event, span: Span | undefined, before: Before, catalogue: Catalogue): Ms | undefined {
  const { time, action, chapter } = event
  if (action === 'logged-in') kept.login = { time, ip: event.ip, place: event.place }
  if (chapter === undefined ? kept.current === undefined : chapter !== kept.chapter) {
    const begins = chapter !== undefined && (PLAYBACK.has(action) || action === 'attended')
    if (chapter === undefined || !turnTo(kept, event, begins, time + REVISED_EVERY)) {
      kept.isKnown = false
      return undefined
    }
  }
  const isNew = kept.count === 0
  if (!kept.isKnown || differs(event, before)) noteOther(kept, event)
  kept.end = time
  kept.last = event.id
  kept.count++
  if (event.ip !== undefined) kept.addressAt = time
  if (event.length !== undefined && event.length > kept.length) kept.length = event.length
  if (!PLAYING.has(action)) {
    const current = kept.current as Sitting
    noteDeed(current, event)
    if (action === 'logged-in') current.login = kept.login
  }
  if (span !== undefined) play(kept, span, catalogue.platform(event.platform)?.rate ?? 1)
  return isNew ? nextLook(openSittings(kept)) : undefined
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
  const going = open.filter((s) => at - s.end < SITTING_GAP)
  for (const s of open) {
    if (at - s.end >= SITTING_GAP) write(buildRecord(s, about, catalogue, at, 'closed'), at)
    else if (at >= s.due) revise(s, at, about, catalogue, write)
  }
  if (going.length < open.length) {
    if (kept.current !== undefined && !going.includes(kept.current)) putAway(kept)
    const others = going.filter((s) => s !== kept.current)
    kept.others = others.length === 0 ? undefined : others
  }
  return nextLook(going)
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

function nextLook(open: readonly Sitting[]): Ms | undefined {
  let next = Infinity
  for (const s of open) next = Math.min(next, s.due, s.end + SITTING_GAP)
  return next === Infinity ? undefined : next
}
