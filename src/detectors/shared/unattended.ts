import { z } from 'zod'
import { plausible } from '../../base/plausible.ts'
import { DAY, MINUTE, duration, type Ms } from '../../base/time.ts'
import type { Sighting } from '../../engine/sighting.ts'
import { logChoose } from './chance.ts'
import { atOnce, dropUses, hasUse, noteUse, usesOf, type Hosts, type Use } from './hosts.ts'
import { personKey } from './people.ts'

/** The parameters by which accounts that run with nobody at them are told; see `unattended`. */
export const unattendedParams = {
  alone: duration.prefault('20m').describe('An account must have run with the sound off for so long before it is unattended.'),
  hands: z.number().min(0).default(1).describe('Inputs a minute below which nobody is at an account: one pair of hands at three of them gives each a third of the usual three.').meta(plausible(0, 10)),
  unattendedChance: z.number().gt(0).lt(1).default(0.05).describe('Chance that an honest learner has the sound off and gives hardly any input.'),
  unattendedShare: z.number().min(0).max(1).default(0.6).describe('Share of the learners on the address who are unattended, at least: otherwise it is a network.'),
  unattendedRisk: z.number().gt(0).lt(1).default(0.0001).describe('Highest chance that so many learners of an address are unattended by accident.'),
}
type UnattendedParams = { [K in keyof typeof unattendedParams]: z.output<(typeof unattendedParams)[K]> }

/**
 * Notes who plays with the sound off where the platform names no device, and returns the use that goes on: the user agent
 * stands for the device. Whoever has the sound on is not kept, so that a network costs nothing.
 */
export function noteMuted(browsers: Hosts, s: Sighting): Use | undefined {
  if (!tellsOfBrowser(s)) return undefined
  const browser = String(s.agent)
  if (s.muted) return noteUse(browsers, s, browser, DAY)
  const who = personKey(s.platform, s.learner)
  if (hasUse(browsers, who, browser)) dropUses(browsers, (u) => u.who === who)
  return undefined
}

/** Whether a sighting has what `noteMuted` goes by. */
export function tellsOfBrowser({ device, agent, inputs, muted }: Sighting): boolean {
  return device === undefined && agent !== undefined && inputs !== undefined && muted !== undefined
}

/**
 * The accounts that one person seems to run from one browser where no device's id could prove it: `mine`, which was just
 * seen, and the others that play by themselves, now or in the last day. Empty where that may be chance.
 *
 * An account is unattended if it has played for `alone` with the sound off and fewer than `hands` inputs a minute, and two of
 * them must do so at the same time: nobody listens to two lessons at once. Of honest learners a tenth at most has the
 * sound off, and half of those at most hardly touch anything for so long: `unattendedChance` 0.05. That m of the N learners of an
 * address do has then the chance C(N, m)·0.05^m, at most `unattendedRisk`: it takes 4 of 6, 6 of 10. Habits spread in an
 * office, though, and a share only somewhat above 0.05 looks impossible among hundreds: so most of the address must be
 * unattended, which is never true of a network.
 */
export function unattended(browsers: Hosts, mine: Use, people: number, overlap: Ms, params: UnattendedParams): Use[] {
  if (!isAlone(mine, params)) return []
  const alone = usesOf(browsers, mine).filter((u) => u.last > mine.last - DAY && isAlone(u, params))
  const m = alone.length
  const n = Math.max(people, m)
  if (m < params.unattendedShare * n || logChoose(n, m) + m * Math.log(params.unattendedChance) > Math.log(params.unattendedRisk)) return []
  return atOnce(browsers, mine, overlap).some((u) => u !== mine && alone.includes(u)) ? alone : []
}

function isAlone({ from, last, before, inputs }: Use, { alone, hands }: UnattendedParams): boolean {
  if (before === undefined || inputs === undefined || last - from < alone) return false
  return inputs - before < (hands * (last - from)) / MINUTE
}
