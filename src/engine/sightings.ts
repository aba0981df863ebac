import { fnv1a } from '../base/hash.ts'
import { MINUTE, type Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Event, Place } from '../telemetry/event.ts'
import type { ResourceKind, Sighting, SightingKind } from './sighting.ts'

/** A sighting is repeated this often while a resource is in use, and a resource unused for so long is left. */
export const SIGHTING_EVERY: Ms = 10 * MINUTE
const MOST_RESOURCES = 16
const MOST_BEGUN = 8

interface Held {
  resource: ResourceKind
  scope: string
  id: string
  sent: Ms
  /** Last use; of a current one that is the learner's latest event. */
  used: Ms
  /** In use until another of its kind takes its place, or the learner falls silent. */
  current: boolean
}

/** What one learner is on, and the facts of the latest event that timers repeat. Plain data. */
export interface Presence {
  held: Held[]
  /** Time of the latest event. */
  last: Ms
  /** Before this no sighting of a current resource has to be repeated. */
  quiet: Ms
  /** The latest chapters begun, so that each is a boundary once a sitting. */
  begun: string[]
  class: string | undefined
  course: string | undefined
  session: string | undefined
  device: string | undefined
  account: string | undefined
  ip: string | undefined
  place: Place | undefined
  /** Of the latest login or opening that named it: platforms need not repeat it. */
  agent: number | undefined
  muted: boolean | undefined
  inputs: number | undefined
}

export function newPresence(): Presence {
  return {
    held: [], last: -Infinity, quiet: -Infinity, begun: [], class: undefined, course: undefined, session: undefined, device: undefined, account: undefined,
    ip: undefined, place: undefined, agent: undefined, muted: undefined, inputs: undefined,
  }
}

/** Sends the sightings that an event of a learner gives rise to. Returns when to look again, for `left`. */
export function sightEvent(presence: Presence, event: Event, catalogue: Catalogue, send: (s: Sighting) => void): Ms | undefined {
  const { time } = event
  const before = presence.last
  const moved = follow(presence, event, catalogue)
  const kind = event.chapter === undefined ? undefined : boundary(presence, event)
  presence.last = time
  const { held } = presence
  // The common case: somebody who goes on as before.
  if (!moved && kind === undefined && time < presence.quiet && event.photo === undefined && event.action !== 'logged-out') return undefined
  const fresh = held.length === 0
  if (moved || fresh) settle(presence, before)
  if (presence.ip !== undefined && presence.place?.kind !== 'invalid') use(presence, 'ip', '', presence.ip, event, send)
  if (presence.device !== undefined) use(presence, 'device', event.platform, presence.device, event, send)
  if (presence.account !== undefined) use(presence, 'account', event.platform, presence.account, event, send)
  if (presence.class !== undefined) use(presence, 'class', event.platform, presence.class, event, send)
  if (catalogue.isGlobal(event.platform)) use(presence, 'person', '', event.learner, event, send)
  presence.quiet = Infinity
  for (const h of held) if (h.current && h.sent + SIGHTING_EVERY < presence.quiet) presence.quiet = h.sent + SIGHTING_EVERY
  if (kind !== undefined) for (const h of held) if (h.current) send(sighting(presence, h, kind, event))
  if (event.photo !== undefined && event.action === 'face-checked') sendPhoto(presence, event, send)
  if (event.action === 'logged-out') {
    for (const h of held) send(sighting(presence, h, 'left', event))
    leave(presence)
    return undefined
  }
  return fresh && held.length > 0 ? time + SIGHTING_EVERY : undefined
}

/** Takes over what the event says of the learner's whereabouts; true if that changed. */
function follow(presence: Presence, event: Event, catalogue: Catalogue): boolean {
  let moved = false
  if (event.class !== undefined) {
    if (event.class !== presence.class) {
      presence.class = event.class
      moved = true
    }
  } else if (presence.class === undefined && presence.held.length === 0) {
    // Platforms that name no class: the roster knows it. Looked up once a stay.
    presence.class = catalogue.classOf(event)?.id
  }
  if (event.course !== undefined) presence.course = event.course
  if (event.session !== undefined) presence.session = event.session
  if (event.agent !== undefined && (presence.agent === undefined || event.action === 'logged-in' || event.action === 'initialized')) presence.agent = fnv1a(event.agent)
  if (event.muted !== undefined) presence.muted = event.muted && presence.muted !== false
  if (event.inputs !== undefined) presence.inputs = (presence.inputs ?? 0) + event.inputs
  if (event.device !== undefined && event.device !== presence.device) {
    presence.device = event.device
    moved = true
  }
  if (event.account !== undefined && event.account !== presence.account) {
    presence.account = event.account
    moved = true
  }
  if (event.ip !== undefined) {
    if (event.ip !== presence.ip) {
      presence.ip = event.ip
      moved = true
    }
    presence.place = event.place
  }
  return moved
}

/** Nothing is current any more; `use` says anew what is. */
function settle(presence: Presence, last: Ms): void {
  for (const h of presence.held) {
    if (!h.current) continue
    h.current = false
    h.used = last
  }
}

/** Who has left begins anew: what an earlier stay was on says nothing of the next. */
function leave(presence: Presence): void {
  presence.held = []
  presence.begun = []
  presence.quiet = -Infinity
  presence.ip = presence.device = presence.account = undefined
  presence.muted = presence.inputs = undefined
  presence.place = undefined
}

/** Sends `left` for what has not been used for ten minutes. Returns when to look again. */
export function sightTimer(presence: Presence, at: Ms, platform: string, learner: string, send: (s: Sighting) => void): Ms | undefined {
  let next = Infinity
  const held: Held[] = []
  for (const h of presence.held) {
    if (h.current) h.used = presence.last
    if (at - h.used >= SIGHTING_EVERY) send(sighting(presence, h, 'left', { platform, learner, time: at, id: undefined, chapter: undefined, photo: undefined }))
    else {
      held.push(h)
      if (h.used + SIGHTING_EVERY < next) next = h.used + SIGHTING_EVERY
    }
  }
  presence.held = held
  if (held.length === 0) leave(presence)
  return next === Infinity ? undefined : next
}

function boundary(presence: Presence, event: Event): SightingKind | undefined {
  if (event.action === 'completed') return 'completed'
  if (event.action !== 'played' && event.action !== 'heartbeat') return undefined
  const { begun } = presence
  const chapter = event.chapter as string
  if (begun.length > 0 && begun[begun.length - 1] === chapter) return undefined
  if (begun.includes(chapter)) return undefined
  if (begun.length === MOST_BEGUN) begun.shift()
  begun.push(chapter)
  return 'began'
}

function use(presence: Presence, resource: ResourceKind, scope: string, id: string, event: Event, send: (s: Sighting) => void): void {
  const { held } = presence
  for (let i = 0; i < held.length; i++) {
    const h = held[i] as Held
    if (h.resource !== resource || h.id !== id) continue
    h.current = true
    h.used = event.time
    if (event.time - h.sent >= SIGHTING_EVERY) {
      h.sent = event.time
      send(sighting(presence, h, 'use', event))
    }
    return
  }
  const h: Held = { resource, scope, id, sent: event.time, used: event.time, current: true }
  if (held.length === MOST_RESOURCES) {
    // Somebody who wanders through addresses: the one used longest ago is left now.
    let oldest = 0
    for (let i = 1; i < held.length; i++) if ((held[i] as Held).used < (held[oldest] as Held).used) oldest = i
    const [gone] = held.splice(oldest, 1)
    send(sighting(presence, gone as Held, 'left', event))
  }
  held.push(h)
  send(sighting(presence, h, 'first', event))
}

// A 64-bit hash within 3 bits of another shares at least one of four 16-bit bands with it (pigeonhole).
const BANDS = 4

function sendPhoto(presence: Presence, event: Event, send: (s: Sighting) => void): void {
  const photo = (event.photo as string).toLowerCase()
  const to = (id: string) => send({ ...sighting(presence, { resource: 'photo', scope: event.platform, id }, 'checked', event), photo })
  to(`learner:${event.learner}`)
  if (photo.length === 16) for (let i = 0; i < BANDS; i++) to(`band${i}:${photo.slice(4 * i, 4 * i + 4)}`)
  else to(`exact:${photo}`)
}

type Sender = Pick<Event, 'platform' | 'learner' | 'time' | 'chapter' | 'photo'> & { id: string | undefined }

function sighting(p: Presence, h: Pick<Held, 'resource' | 'scope' | 'id'>, kind: SightingKind, by: Sender): Sighting {
  return {
    time: by.time, resource: h.resource, scope: h.scope, id: h.id, kind, platform: by.platform, learner: by.learner, event: by.id,
    class: p.class, course: p.course, chapter: by.chapter, session: p.session, device: p.device, account: p.account, ip: p.ip,
    place: p.place, photo: by.photo, agent: p.agent, muted: p.muted, inputs: p.inputs,
  }
}
