import { HOUR, MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { ClockTally } from './clock.ts'

const STEPS: readonly Ms[] = [2, 5, 10, 15, 20, 30, 45].map((s) => s * SECOND).concat([1, 2, 3, 5, 10].map((m) => m * MINUTE))
export const LEAST_EVENTS = 1000

/**
 * The lateness that a catalogue may name: of a thousand events at most one came further behind. Never over ten minutes, for which
 * nobody is waited; undefined of a log that was sorted, which has lost how late its events came.
 */
export function latenessOf({ behind, disordered }: Pick<ClockTally, 'behind' | 'disordered'>): Ms | undefined {
  if (behind.n < LEAST_EVENTS || disordered === 0) return undefined
  const needed = behind.quantile(0.999) ?? 0
  return STEPS.find((s) => s >= needed) ?? STEPS.at(-1)
}

/** Clocks a quarter of an hour or more apart, by whole quarters, are most likely right in another time zone. */
export function zoneSlip(offset: Ms): number | undefined {
  const quarters = Math.round(offset / (15 * MINUTE))
  const rest = Math.abs(offset - quarters * 15 * MINUTE)
  return Math.abs(quarters) >= 2 && Math.abs(offset) <= 26 * HOUR && rest <= MINUTE ? quarters / 4 : undefined
}
