/** Signs of one family may have one cause, so they count once. */
const FAMILIES = ['timing', 'arrival', 'speed', 'navigation', 'concurrency', 'answers', 'pauses', 'presence', 'protocol'] as const
export type Family = (typeof FAMILIES)[number]

/**
 * Whose making a sign may be. `platform`: a cadence that the catalogue gets wrong, an exact timer, an app that uploads in
 * batches make everybody look so; in any number such signs accuse nobody. `habit`: some honest people always do it, since
 * they know the matter, are in a hurry or hardly move; somebody may have two such habits. `own`: hardly anybody honest does it,
 * such as those who hear nothing and touch nothing, one in a hundred. `forged`: neither a hand nor a player that is known does it.
 */
type Making = 'platform' | 'habit' | 'own' | 'forged'

interface SignInfo {
  readonly family: Family
  readonly making: Making
}

/** Every sign, in the order of its number in a tally: append only, or saved state means something else. */
export const SIGNS = [
  'off-cadence', 'clockwork', 'equal-steps', 'too-fast', 'bundles', 'many-chapters', 'next-lesson', 'quick-answers',
  'steady-answers', 'quick-resume', 'steady-pauses', 'untouched', 'completion-probe', 'no-start', 'unmoved', 'steady-next',
] as const
export type Sign = (typeof SIGNS)[number]

export const INFO: Readonly<Record<Sign, SignInfo>> = {
  'off-cadence': { family: 'timing', making: 'platform' },
  clockwork: { family: 'timing', making: 'platform' },
  'equal-steps': { family: 'timing', making: 'platform' },
  'too-fast': { family: 'speed', making: 'forged' },
  bundles: { family: 'arrival', making: 'platform' },
  'many-chapters': { family: 'concurrency', making: 'forged' },
  // This one and `steady-next` are judged only where the catalogue tells what the player does by itself.
  'next-lesson': { family: 'navigation', making: 'habit' },
  'quick-answers': { family: 'answers', making: 'habit' },
  'steady-answers': { family: 'answers', making: 'habit' },
  'quick-resume': { family: 'pauses', making: 'habit' },
  'steady-pauses': { family: 'pauses', making: 'habit' },
  untouched: { family: 'presence', making: 'own' },
  'completion-probe': { family: 'protocol', making: 'forged' },
  'no-start': { family: 'protocol', making: 'platform' },
  unmoved: { family: 'presence', making: 'habit' },
  'steady-next': { family: 'navigation', making: 'own' },
}

const NUMBER = Object.fromEntries(SIGNS.map((s, i) => [s, i])) as Record<Sign, number>

/** The number of a sign in a tally. */
export function signNumber(sign: Sign): number {
  return NUMBER[sign]
}

const FAMILY_BIT = SIGNS.map((s) => 1 << FAMILIES.indexOf(INFO[s].family))

const madeBy = (making: Making): number => SIGNS.reduce((bits, s, i) => (INFO[s].making === making ? bits | (1 << i) : bits), 0)
const FORGED = madeBy('forged')
const HABITS = madeBy('habit')
const PERSONAL = FORGED | HABITS | madeBy('own')
/** Judged against what the catalogue declares, so that it may stand beside habits, though not in their place. */
const OFF_CADENCE = 1 << NUMBER['off-cadence']

/** How many signs it takes; see the parameters of `brushing-rhythm`. */
export interface Enough {
  families: number
  personal: number
  habits: number
}

/** Whether the signs shown (as bits) accuse: no number of those that a platform may make does. */
export function areEnough(shown: number, { families, personal, habits }: Enough): boolean {
  if (countFamilies(shown) < families) return false
  if ((shown & FORGED) !== 0) return true
  if (countFamilies(shown & PERSONAL) < personal) return false
  return (shown & PERSONAL & ~HABITS) !== 0 || countFamilies(shown & (HABITS | OFF_CADENCE)) >= habits
}

/** How many families the signs (as bits) are of. */
function countFamilies(signs: number): number {
  let families = 0
  for (let rest = signs; rest !== 0; rest &= rest - 1) families |= FAMILY_BIT[31 - Math.clz32(rest & -rest)] as number
  let count = 0
  for (let rest = families; rest !== 0; rest &= rest - 1) count++
  return count
}
