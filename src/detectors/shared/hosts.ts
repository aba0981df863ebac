import { MINUTE, type Ms } from '../../base/time.ts'
import type { Sighting } from '../../engine/sighting.ts'
import { personKey } from './people.ts'

/** One learner's use of one device, as seen on a resource: the stretch that goes on or was the latest. Plain data. */
export interface Use {
  /** Key of the learner. */
  who: string
  device: string
  account: string | undefined
  class: string | undefined
  from: Ms
  last: Ms
  /** Event of the first sighting of the stretch. */
  event: string | undefined
  open: boolean
  /** Stretches so far. */
  stretches: number
  /** Inputs of the learner's stay when the stretch began, and now. */
  before: number | undefined
  inputs: number | undefined
}

// Sightings come at least every 10 minutes while a resource is in use.
export const GAP: Ms = 15 * MINUTE

/** The uses of the devices seen on a resource, by `deviceKey`. Plain data. */
export type Hosts = Record<string, Use[]>

export function deviceKey(platform: string, device: string): string {
  return `${platform}\u0000${device}`
}

/** Notes a sighting of a device and returns its use; undefined for one that only says that the resource was left. */
export function noteUse(hosts: Hosts, s: Sighting, device: string, memory: Ms): Use | undefined {
  const who = personKey(s.platform, s.learner)
  const key = deviceKey(s.platform, device)
  const uses = hosts[key]
  const use = uses?.find((u) => u.who === who)
  if (s.kind === 'left') {
    if (use) use.open = false
    return undefined
  }
  if (!use) {
    forgetUses(hosts, s.time - memory)
    const made: Use = { who, device, account: s.account, class: s.class, from: s.time, last: s.time, event: s.event, open: true, stretches: 1, before: s.inputs, inputs: s.inputs }
    hosts[key] = hosts[key]?.concat(made) ?? [made]
    return made
  }
  if (!use.open || s.time - use.last > GAP) {
    use.from = s.time
    use.event = s.event
    use.open = true
    use.stretches++
    use.before = s.inputs
  }
  use.inputs = s.inputs
  use.last = s.time
  use.account = s.account ?? use.account
  use.class = s.class ?? use.class
  return use
}

/**
 * The uses of one device that go on at the same time as `mine`, which was just seen, and have for `least` or longer: each
 * was seen again that much after both had begun, and neither was left. One after the other is not at once.
 */
export function atOnce(hosts: Hosts, mine: Use, least: Ms): Use[] {
  const found: Use[] = [mine]
  for (const u of usesOf(hosts, mine)) {
    if (u.who !== mine.who && u.open && u.last >= mine.last - GAP && Math.min(u.last, mine.last) - Math.max(u.from, mine.from) >= least) found.push(u)
  }
  return found
}

/** Whether somebody else may still be on the device that `mine`, just seen, is on. */
export function isContested(hosts: Hosts, mine: Use): boolean {
  return usesOf(hosts, mine).some((u) => u.who !== mine.who && u.open && u.last >= mine.last - GAP)
}

/** All uses of the same device. */
export function usesOf(hosts: Hosts, { who, device }: Use): readonly Use[] {
  return hosts[deviceKey(who.slice(0, who.indexOf('\u0000')), device)] ?? []
}

/** Whether somebody's use of a device is remembered. */
export function hasUse(hosts: Hosts, who: string, device: string): boolean {
  return hosts[deviceKey(who.slice(0, who.indexOf('\u0000')), device)]?.some((u) => u.who === who) ?? false
}

/** How many different devices some learners used. */
export function countDevices(hosts: Hosts, learners: readonly string[]): number {
  return Object.values(hosts).filter((uses) => uses.some((u) => learners.includes(u.who))).length
}

/** Forgets the uses that `over` names. */
export function dropUses(hosts: Hosts, over: (use: Use) => boolean): void {
  for (const key in hosts) {
    const left = (hosts[key] as Use[]).filter((u) => !over(u))
    if (left.length === 0) delete hosts[key]
    else hosts[key] = left
  }
}

function forgetUses(hosts: Hosts, before: Ms): void {
  for (const key in hosts) {
    for (const u of hosts[key] as Use[]) {
      if (u.last >= before) continue
      dropUses(hosts, (x) => x.last < before)
      return
    }
  }
}
