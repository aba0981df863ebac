/** Signs of one family may have one cause, so they count once. */
const FAMILIES = ['timing', 'arrival', 'speed', 'navigation', 'concurrency', 'answers', 'pauses', 'presence', 'protocol'] as const
export type Family = (typeof FAMILIES)[number]

interface SignInfo {
  readonly family: Family
  /**
   * No property of a platform's player, of its network code or of the catalogue would make it look so in everybody. A
   * cadence that the catalogue gets wrong, an auto-advance player or a batching app are quirks: such signs support others
   * and are never enough among themselves.
   */
  readonly personal: boolean
}

/** Every sign, in the order of its number in a tally: append only, or saved state means something else. */
export const SIGNS = [
  'off-cadence', 'clockwork', 'equal-steps', 'too-fast', 'bundles', 'many-chapters', 'next-lesson', 'quick-answers',
  'steady-answers', 'quick-resume', 'steady-pauses', 'untouched', 'completion-probe', 'no-start',
] as const
export type Sign = (typeof SIGNS)[number]

export const INFO: Readonly<Record<Sign, SignInfo>> = {
  'off-cadence': { family: 'timing', personal: false },
  clockwork: { family: 'timing', personal: false },
  'equal-steps': { family: 'timing', personal: false },
  'too-fast': { family: 'speed', personal: true },
  bundles: { family: 'arrival', personal: false },
  'many-chapters': { family: 'concurrency', personal: true },
  'next-lesson': { family: 'navigation', personal: false },
  'quick-answers': { family: 'answers', personal: true },
  'steady-answers': { family: 'answers', personal: true },
  'quick-resume': { family: 'pauses', personal: true },
  'steady-pauses': { family: 'pauses', personal: true },
  untouched: { family: 'presence', personal: true },
  'completion-probe': { family: 'protocol', personal: true },
  'no-start': { family: 'protocol', personal: false },
}

const NUMBER = Object.fromEntries(SIGNS.map((s, i) => [s, i])) as Record<Sign, number>

/** The number of a sign in a tally. */
export function signNumber(sign: Sign): number {
  return NUMBER[sign]
}

const FAMILY_BIT = SIGNS.map((s) => 1 << FAMILIES.indexOf(INFO[s].family))

/** The signs that are personal, as bits. */
export const PERSONAL = SIGNS.reduce((bits, s, i) => (INFO[s].personal ? bits | (1 << i) : bits), 0)

/** How many families the signs (as bits) are of. */
export function countFamilies(signs: number): number {
  let families = 0
  for (let rest = signs; rest !== 0; rest &= rest - 1) families |= FAMILY_BIT[31 - Math.clz32(rest & -rest)] as number
  let count = 0
  for (let rest = families; rest !== 0; rest &= rest - 1) count++
  return count
}
