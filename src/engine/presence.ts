import { number, record, ref, type RecordOf } from '../base/record.ts'
import { MINUTE, type Ms } from '../base/time.ts'
import type { Place } from '../telemetry/event.ts'
import type { ResourceKind } from './sighting.ts'

/** A sighting is repeated this often while a resource is in use, and a resource unused for so long is left. */
export const SIGHTING_EVERY: Ms = 10 * MINUTE
/** With one in use, a learner who wanders through addresses holds sixteen. */
const MOST_ASIDE = 15

/** A resource that the learner has used and has not left. */
export interface Held {
  resource: ResourceKind
  scope: string
  id: string
  /** Time of its last sighting. */
  sent: Ms
  used: Ms
}

/** What one learner is on, and the facts of the latest event that timers repeat. Numbers that are unknown are NaN. */
export const presence = record({
  /** Time of the latest event. */
  last: number(-Infinity),
  /** Before this no sighting of a resource in use has to be repeated. */
  quiet: number(-Infinity),
  class: ref<string>(),
  session: ref<string>(),
  device: ref<string>(),
  account: ref<string>(),
  ip: ref<string>(),
  /** The latest chapter begun, and those before it: each is a boundary once a sitting. */
  began: ref<string>(),
  begun: ref<string[]>(),
  inputs: number(NaN),
  /** Whether the sound was off in every event of the stay that said so: 1, 0. */
  muted: number(NaN),
  /** Hash of the user agent of the latest login or opening that named it: platforms need not repeat it. */
  agent: number(NaN),
  /** When each resource in use was last told of; NaN: it is not held. */
  sentIp: number(NaN),
  sentDevice: number(NaN),
  sentAccount: number(NaN),
  sentClass: number(NaN),
  sentPerson: number(NaN),
  course: ref<string>(),
  place: ref<Place>(),
  /** What is not in use any more and not left yet. */
  others: ref<Held[]>(),
})
export type Presence = RecordOf<typeof presence>

/** The kinds of which a learner uses one at a time, and where each was last told of. */
export const IN_USE = [
  ['ip', 'sentIp'], ['device', 'sentDevice'], ['account', 'sentAccount'], ['class', 'sentClass'], ['person', 'sentPerson'],
] as const
export type InUse = (typeof IN_USE)[number]

/** Which resource of a kind the learner uses, as far as the events say. */
export function idInUse(p: Presence, kind: InUse[0], learner: string): string | undefined {
  return kind === 'person' ? learner : p[kind]
}

export function scopeOf(kind: ResourceKind, platform: string): string {
  return kind === 'ip' || kind === 'person' ? '' : platform
}

/** Whether the learner holds anything. */
export function holdsNothing(p: Presence): boolean {
  if (p.others !== undefined) return false
  for (const [, sent] of IN_USE) if (!Number.isNaN(p[sent])) return false
  return true
}

/** A resource is in use no more since another of its kind took its place. Returns what must be left to make room, if anything. */
export function putAside(p: Presence, [kind, sent]: InUse, platform: string, learner: string): Held | undefined {
  if (Number.isNaN(p[sent])) return undefined
  const held: Held = { resource: kind, scope: scopeOf(kind, platform), id: idInUse(p, kind, learner) as string, sent: p[sent], used: p.last }
  p[sent] = NaN
  const others = (p.others ??= [])
  others.push(held)
  if (others.length <= MOST_ASIDE) return undefined
  // Somebody who wanders through addresses: the one used longest ago is left now.
  let oldest = 0
  for (let i = 1; i < others.length; i++) if ((others[i] as Held).used < (others[oldest] as Held).used) oldest = i
  return others.splice(oldest, 1)[0]
}

/** Takes a resource that is used again out of those put aside; returns when it was last told of, NaN if it was not held. */
export function takeBack(p: Presence, kind: ResourceKind, id: string): Ms {
  const { others } = p
  const at = others?.findIndex((h) => h.resource === kind && h.id === id) ?? -1
  if (at < 0) return NaN
  const [held] = (others as Held[]).splice(at, 1)
  if ((others as Held[]).length === 0) p.others = undefined
  return (held as Held).sent
}

/** Who has left begins anew: what an earlier stay was on says nothing of the next. */
export function leave(p: Presence): void {
  for (const [, sent] of IN_USE) p[sent] = NaN
  p.others = p.begun = p.began = p.ip = p.device = p.account = p.place = undefined
  p.quiet = -Infinity
  p.muted = p.inputs = NaN
}
