import { fnv1a } from '../base/hash.ts'
import type { Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Event } from '../telemetry/event.ts'
import { holdsNothing, idInUse, IN_USE, leave, putAside, scopeOf, SIGHTING_EVERY, takeBack, type Held, type InUse, type Presence } from './presence.ts'
import type { Sighting, SightingKind } from './sighting.ts'

const MOST_BEGUN = 8

type Send = (s: Sighting) => void

/** Sends the sightings that an event of a learner gives rise to. Returns when to look again, for `left`. */
export function sightEvent(presence: Presence, event: Event, catalogue: Catalogue, send: Send): Ms | undefined {
  const { time } = event
  const moved = follow(presence, event, catalogue, send)
  const kind = event.chapter === undefined ? undefined : boundary(presence, event)
  presence.last = time
  // The common case: somebody who goes on as before.
  if (!moved && kind === undefined && time < presence.quiet && event.photo === undefined && event.action !== 'logged-out' && event.action !== 'attended') return undefined
  const fresh = holdsNothing(presence)
  for (const inUse of IN_USE) use(presence, inUse, event, catalogue, send)
  presence.quiet = quietUntil(presence)
  if (kind !== undefined) for (const inUse of IN_USE) sendInUse(presence, inUse, kind, event, send)
  if (kind === 'began' || event.action === 'attended') sendPlatform(presence, event, catalogue, send)
  if (event.photo !== undefined && event.action === 'face-checked') sendPhoto(presence, event, send)
  if (event.action === 'logged-out') {
    for (const inUse of IN_USE) sendInUse(presence, inUse, 'left', event, send)
    for (const h of presence.others ?? []) send(sighting(presence, h, 'left', event))
    leave(presence)
    return undefined
  }
  return fresh && !holdsNothing(presence) ? time + SIGHTING_EVERY : undefined
}

/** Takes over what the event says of the learner's whereabouts; true if that changed. */
function follow(presence: Presence, event: Event, catalogue: Catalogue, send: Send): boolean {
  let moved = false
  if (event.class !== undefined) {
    if (event.class !== presence.class) moved = change(presence, CLASS, event, send)
  } else if (presence.class === undefined && holdsNothing(presence)) {
    // Platforms that name no class: the roster knows it. Looked up once a stay.
    presence.class = catalogue.classOf(event)?.id
  }
  if (event.course !== undefined) presence.course = event.course
  if (event.session !== undefined) presence.session = event.session
  if (event.agent !== undefined && (Number.isNaN(presence.agent) || event.action === 'logged-in' || event.action === 'initialized')) presence.agent = fnv1a(event.agent)
  if (event.muted !== undefined) presence.muted = event.muted && presence.muted !== 0 ? 1 : 0
  if (event.inputs !== undefined) presence.inputs = (Number.isNaN(presence.inputs) ? 0 : presence.inputs) + event.inputs
  if (event.device !== undefined && event.device !== presence.device) moved = change(presence, DEVICE, event, send)
  if (event.account !== undefined && event.account !== presence.account) moved = change(presence, ACCOUNT, event, send)
  if (event.ip !== undefined) {
    if (event.ip !== presence.ip) moved = change(presence, IP, event, send)
    presence.place = event.place
  }
  return moved
}

const [IP, DEVICE, ACCOUNT, CLASS] = IN_USE

/** Another resource of a kind takes the place of the one in use. */
function change(presence: Presence, inUse: typeof IP | typeof DEVICE | typeof ACCOUNT | typeof CLASS, event: Event, send: Send): true {
  const gone = putAside(presence, inUse, event.platform, event.learner)
  if (gone !== undefined) send(sighting(presence, gone, 'left', event))
  presence[inUse[0]] = event[inUse[0]]
  return true
}

/** Sees to the resource of a kind that the learner uses now: sent when first used, and every ten minutes. */
function use(presence: Presence, inUse: InUse, event: Event, catalogue: Catalogue, send: Send): void {
  const [kind, sent] = inUse
  const id = idInUse(presence, kind, event.learner)
  if (id === undefined) return
  if (Number.isNaN(presence[sent])) {
    if (kind === 'ip' && presence.place?.kind === 'invalid') return
    if (kind === 'person' && !catalogue.isGlobal(event.platform)) return
    const before = takeBack(presence, kind, id)
    const isFirst = Number.isNaN(before)
    presence[sent] = isFirst ? event.time : before
    if (isFirst) return sendInUse(presence, inUse, 'first', event, send)
  }
  if (event.time - presence[sent] < SIGHTING_EVERY) return
  presence[sent] = event.time
  sendInUse(presence, inUse, 'use', event, send)
}

function quietUntil(presence: Presence): Ms {
  let quiet = Infinity
  for (const [, sent] of IN_USE) if (presence[sent] + SIGHTING_EVERY < quiet) quiet = presence[sent] + SIGHTING_EVERY
  return quiet
}

/** Sends `left` for what has not been used for ten minutes. Returns when to look again. */
export function sightTimer(presence: Presence, at: Ms, platform: string, learner: string, send: Send): Ms | undefined {
  const by: Sender = { platform, learner, time: at, id: undefined, chapter: undefined, photo: undefined }
  let next = Infinity
  const kept: Held[] = []
  for (const h of presence.others ?? []) {
    if (at - h.used >= SIGHTING_EVERY) send(sighting(presence, h, 'left', by))
    else {
      kept.push(h)
      if (h.used + SIGHTING_EVERY < next) next = h.used + SIGHTING_EVERY
    }
  }
  presence.others = kept.length === 0 ? undefined : kept
  const isSilent = at - presence.last >= SIGHTING_EVERY
  for (const inUse of IN_USE) {
    if (isSilent) {
      sendInUse(presence, inUse, 'left', by, send)
      presence[inUse[1]] = NaN
    } else if (!Number.isNaN(presence[inUse[1]]) && presence.last + SIGHTING_EVERY < next) next = presence.last + SIGHTING_EVERY
  }
  if (holdsNothing(presence)) leave(presence)
  return next === Infinity ? undefined : next
}

function boundary(presence: Presence, event: Event): SightingKind | undefined {
  if (event.action === 'completed') return 'completed'
  if (event.action !== 'played' && event.action !== 'heartbeat') return undefined
  const { began } = presence
  const chapter = event.chapter as string
  if (began === chapter) return undefined
  const before = presence.begun ?? []
  if (before.includes(chapter)) return undefined
  presence.began = chapter
  if (began !== undefined) presence.begun = [...(before.length === MOST_BEGUN - 1 ? before.slice(1) : before), began]
  return 'began'
}

/** Tells of the resource in use of a kind, if there is one. */
function sendInUse(p: Presence, [kind, sent]: InUse, what: SightingKind, by: Sender, send: Send): void {
  if (Number.isNaN(p[sent])) return
  send(sighting(p, { resource: kind, scope: scopeOf(kind, by.platform), id: idInUse(p, kind, by.learner) as string }, what, by))
}

// A 64-bit hash within 3 bits of another shares at least one of four 16-bit bands with it (pigeonhole).
const BANDS = 4

function sendPhoto(presence: Presence, event: Event, send: Send): void {
  const photo = (event.photo as string).toLowerCase()
  const to = (id: string) => send({ ...sighting(presence, { resource: 'photo', scope: event.platform, id }, 'checked', event), photo })
  to(`learner:${event.learner}`)
  if (photo.length === 16) for (let i = 0; i < BANDS; i++) to(`band${i}:${photo.slice(4 * i, 4 * i + 4)}`)
  else to(`exact:${photo}`)
}

/** Tells a platform that a lesson began in one of its classes. */
function sendPlatform(presence: Presence, event: Event, catalogue: Catalogue, send: Send): void {
  const { platform } = event
  if (presence.class === undefined || !catalogue.hasClasses(platform)) return
  send(sighting(presence, { resource: 'platform', scope: platform, id: platform }, 'began', event))
}

type Sender = Pick<Event, 'platform' | 'learner' | 'time' | 'chapter' | 'photo'> & { id: string | undefined }

function sighting(p: Presence, h: Pick<Held, 'resource' | 'scope' | 'id'>, kind: SightingKind, by: Sender): Sighting {
  return {
    time: by.time, resource: h.resource, scope: h.scope, id: h.id, kind, platform: by.platform, learner: by.learner, event: by.id,
    class: p.class, course: p.course, chapter: by.chapter, session: p.session, device: p.device, account: p.account, ip: p.ip,
    place: p.place, photo: by.photo, agent: known(p.agent), muted: Number.isNaN(p.muted) ? undefined : p.muted === 1, inputs: known(p.inputs),
  }
}

function known(n: number): number | undefined {
  return Number.isNaN(n) ? undefined : n
}
