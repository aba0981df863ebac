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
  used: Ms
}

/** What one learner is on, and the facts of the latest event that timers repeat. Plain data. */
export interface Presence {
  held: Held[]
  /** The latest chapters begun, so that each is a boundary once a sitting. */
  begun: string[]
  class: string | undefined
  course: string | undefined
  session: string | undefined
  device: string | undefined
  account: string | undefined
  ip: string | undefined
  place: Place | undefined
}

export function newPresence(): Presence {
  return {
    held: [], begun: [], class: undefined, course: undefined, session: undefined, device: undefined, account: undefined,
    ip: undefined, place: undefined,
  }
}

/** Sends the sightings that an event of a learner gives rise to. Returns when to look again, for `leave`. */
export function sightEvent(presence: Presence, event: Event, catalogue: Catalogue, send: (s: Sighting) => void): Ms | undefined {
  const { time } = event
  if (event.class !== undefined) presence.class = event.class
  // Platforms that name no class: the roster knows it. Looked up once a stay.
  else if (presence.class === undefined && presence.held.length === 0) presence.class = catalogue.classOf(event)?.id
  if (event.course !== undefined) presence.course = event.course
  if (event.session !== undefined) presence.session = event.session
  if (event.device !== undefined) presence.device = event.device
  if (event.account !== undefined) presence.account = event.account
  if (event.ip !== undefined) {
    presence.ip = event.ip
    presence.place = event.place
  }
  let kind: SightingKind | undefined
  if (event.chapter !== undefined) kind = boundary(presence, event)
  const fresh = presence.held.length === 0
  if (event.ip !== undefined && event.place?.kind !== 'invalid') use(presence, 'ip', '', event.ip, event, send)
  if (event.device !== undefined) use(presence, 'device', event.platform, event.device, event, send)
  if (event.account !== undefined) use(presence, 'account', event.platform, event.account, event, send)
  if (presence.class !== undefined) use(presence, 'class', event.platform, presence.class, event, send)
  if (catalogue.isGlobal(event.platform)) use(presence, 'person', '', event.learner, event, send)
  if (kind !== undefined) for (const h of presence.held) if (h.used === time) send(sighting(presence, h, kind, event))
  if (event.photo !== undefined && event.action === 'face-checked') sendPhoto(presence, event, send)
  if (event.action === 'logged-out') {
    for (const h of presence.held) send(sighting(presence, h, 'left', event))
    presence.held = []
    presence.begun = []
    return undefined
  }
  return fresh && presence.held.length > 0 ? time + SIGHTING_EVERY : undefined
}

/** Sends `left` for what has not been used for ten minutes. Returns when to look again. */
export function sightTimer(presence: Presence, at: Ms, platform: string, learner: string, send: (s: Sighting) => void): Ms | undefined {
  let next = Infinity
  const held: Held[] = []
  for (const h of presence.held) {
    if (at - h.used >= SIGHTING_EVERY) send(sighting(presence, h, 'left', { platform, learner, time: at, id: undefined, chapter: undefined, photo: undefined }))
    else {
      held.push(h)
      if (h.used + SIGHTING_EVERY < next) next = h.used + SIGHTING_EVERY
    }
  }
  presence.held = held
  if (held.length === 0) presence.begun = []
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
    h.used = event.time
    if (event.time - h.sent >= SIGHTING_EVERY) {
      h.sent = event.time
      send(sighting(presence, h, 'use', event))
    }
    return
  }
  const h: Held = { resource, scope, id, sent: event.time, used: event.time }
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
    place: p.place, photo: by.photo,
  }
}
