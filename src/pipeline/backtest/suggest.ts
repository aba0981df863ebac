import { wilson } from '../../base/share.ts'
import type { Rate } from './labels.ts'

/** What was measured at a value of the axis. */
export interface Measured {
  at: number
  falseAlarms: Rate
}

/** A value for a wanted share of false alarms, or why there is none. */
export type Suggestion =
  | { at: number; by: 'measured' | 'interpolated'; honest: number; expected: number; between: [number, number] | undefined; interval: [number, number]; note: string | undefined }
  | { at: undefined; honest: number; why: string }

/**
 * The value at which at most `wanted` of the honest learners are warned of: between two values that were measured, on the straight line between them, and
 * rounded by `round` towards the stricter one. Never beyond what was measured. Where the share goes up and down, what a more lenient value has counts only
 * from the highest share on that any stricter one had.
 */
export function suggest(measured: readonly Measured[], wanted: number, round: (at: number, towards: number) => number): Suggestion {
  const honest = Math.min(...measured.map((m) => m.falseAlarms.of))
  if (!(honest > 0)) return { at: undefined, honest: 0, why: 'no honest learner was on a platform on which the rule can be judged' }
  if (honest * wanted < 1) {
    return { at: undefined, honest, why: `${honest} honest learners cannot show a share of ${percent(wanted)}: ${Math.ceil(1 / wanted)} at least are needed` }
  }
  const rising = [...measured].sort((a, b) => a.at - b.at)
  const share = (m: Measured): number => m.falseAlarms.share as number
  const lenient = share(rising.at(-1) as Measured) >= share(rising[0] as Measured) ? rising : rising.reverse()
  let highest = 0
  const steps = lenient.map((m) => ({ ...m, share: (highest = Math.max(highest, share(m))) }))
  const above = steps.findIndex((s) => s.share > wanted)
  if (above < 0 && measured.every((m) => share(m) === share(measured[0] as Measured))) {
    return { at: undefined, honest, why: `every value that was tried warns of ${percent(highest)} of the honest: which way is stricter, and where the share is reached, is not to be seen; sweep further` }
  }
  if (above === 0) {
    return { at: undefined, honest, why: `even at the strictest value that was tried ${percent(share(lenient[0] as Measured))} of the honest are warned of; sweep further` }
  }
  const below = steps.at(above < 0 ? -1 : above - 1) as (typeof steps)[number]
  const next = above < 0 ? undefined : (steps[above] as (typeof steps)[number])
  const weight = next === undefined ? 0 : (wanted - below.share) / (next.share - below.share)
  const at = next === undefined ? below.at : round(below.at + (next.at - below.at) * weight, below.at)
  // What rounding gave away is not promised.
  const expected = next === undefined || at === below.at ? below.share : below.share + ((next.share - below.share) * (at - below.at)) / (next.at - below.at)
  return {
    at, by: at === below.at ? 'measured' : 'interpolated', honest, expected, between: next === undefined ? undefined : [below.at, next.at], interval: wilson(expected, honest),
    note: next === undefined ? 'it is the most lenient value that was tried; a sweep that goes further may find one that catches more' : undefined,
  }
}

/** Rounds to a number of so many decimals that lies between `at` and `towards`. */
export function roundTowards(at: number, towards: number, decimals: number): number {
  const scale = 10 ** decimals
  // What lies on the grid but for the last bit stays there.
  const exact = Number((at * scale).toFixed(6))
  return (towards <= at ? Math.floor(exact) : Math.ceil(exact)) / scale
}

/** A share as it is shown. */
export function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`
}
