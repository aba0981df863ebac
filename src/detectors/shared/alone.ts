import { flag, number, ref } from '../../base/record.ts'
import type { Ms } from '../../base/time.ts'
import type { Sighting } from '../../engine/sighting.ts'
import { deviceKey, GAP, type Hosts, type Use } from './hosts.ts'
import { personKey } from './people.ts'
import { goesOn, isBoundary, newMember, newSynchrony, type Synchrony } from './synchrony.ts'

/*
 * Most addresses and devices are one learner's alone. Then `Hosts` and `Synchrony` would hold a single use and a single
 * member: these lie open in fields of the resource's record, without an object, until somebody else comes.
 */

/** Fields of a record that hold the only use of a resource so far: most are one learner's alone, on one device. See `Use`. */
export const loneUse = {
  platform: ref<string>(),
  learner: ref<string>(),
  /** Undefined while there is no use. */
  device: ref<string>(),
  event: ref<string>(),
  from: number(NaN),
  last: number(NaN),
  open: flag,
}

export interface LoneUse {
  platform: string | undefined
  learner: string | undefined
  device: string | undefined
  event: string | undefined
  from: Ms
  last: Ms
  open: boolean
}

/**
 * Does with the only use what `noteUse` does with all, and says what the sighting was to it: the `first` of a use, the first
 * of `another` stretch, one that went `on`, or `left`. Undefined, with nothing changed, if there are two uses from now on.
 */
export function noteLone(use: LoneUse, s: Sighting, device: string, memory: Ms): 'first' | 'another' | 'on' | 'left' | undefined {
  const isSame = device === use.device && s.learner === use.learner && s.platform === use.platform
  if (s.kind === 'left') {
    if (isSame) use.open = false
    return 'left'
  }
  if (!isSame && use.device !== undefined && use.last >= s.time - memory) return undefined
  const isOn = isSame && use.open && s.time - use.last <= GAP
  use.last = s.time
  if (isOn) return 'on'
  use.from = s.time
  use.event = s.event
  use.open = true
  if (isSame) return 'another'
  use.platform = s.platform
  use.learner = s.learner
  use.device = device
  return 'first'
}

/** All uses, where the only one is laid open. */
export function hostsOf({ platform, learner, device, event, from, last, open }: LoneUse, more: Partial<Use>): Hosts {
  if (platform === undefined || learner === undefined || device === undefined) return {}
  const use: Use = {
    who: personKey(platform, learner), device, account: undefined, class: undefined, from, last, event, open, stretches: 1,
    before: undefined, inputs: undefined, ...more,
  }
  return { [deviceKey(platform, device)]: [use] }
}

/** Fields of a record that hold the only member so far. See `Member`. */
export const loneMember = {
  platform: ref<string>(),
  /** Undefined while there is none. */
  learner: ref<string>(),
  class: ref<string>(),
  seen: number(NaN),
  started: flag,
  /** The last stay; NaN before the first boundary. Alone nobody passes one that counts. */
  stayFrom: number(NaN),
  stayTo: number(NaN),
}

export interface LoneMember {
  platform: string | undefined
  learner: string | undefined
  class: string | undefined
  seen: Ms
  started: boolean
  stayFrom: Ms
  stayTo: Ms
}

/**
 * Whether a sighting leaves it to the only member and its last stay. Not where another learner comes, where one is first
 * seen leaving, or where the next stay begins so soon that somebody's pass may yet fall into the one before.
 */
export function staysAlone(member: LoneMember, s: Sighting, within: Ms): boolean {
  if (member.learner === undefined) return s.kind !== 'left'
  if (s.learner !== member.learner || s.platform !== member.platform) return false
  return !isBoundary(s) || goesOn(member, s.time) || !(s.time <= member.stayTo + within)
}

/** Does with the only member what `notePass` does with all. */
export function noteAlone(member: LoneMember, s: Sighting): void {
  if (s.kind === 'left') {
    member.started = false
    return
  }
  member.started = goesOn(member, s.time)
  member.platform = s.platform
  member.learner = s.learner
  member.seen = s.time
  if (s.class !== undefined) member.class = s.class
  if (member.started) member.stayTo = s.time
  else if (isBoundary(s)) {
    member.started = true
    member.stayFrom = member.stayTo = s.time
  }
}

/** All members, where the only one is laid open. */
export function synchronyOf({ platform, learner, class: klass, seen, started, stayFrom, stayTo }: LoneMember): Synchrony {
  const synchrony = newSynchrony()
  if (platform === undefined || learner === undefined) return synchrony
  const who = personKey(platform, learner)
  const member = newMember(klass, seen)
  member.started = started
  if (!Number.isNaN(stayFrom)) {
    member.stays = [stayFrom, stayTo]
    synchrony.people = 1
  }
  return { ...synchrony, members: { [who]: member }, latest: who, latestAt: seen }
}
