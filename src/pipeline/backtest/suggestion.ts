import { InvigilError } from '../../base/errors.ts'
import { wilson } from '../../base/share.ts'
import type { RuleSource } from '../../rules/load.ts'
import type { OpenContext } from '../context.ts'
import type { Rate, Rates } from './labels.ts'
import type { Figures, SuggestionReport, SweepReport } from './report.ts'
import { roundTowards, suggest, type Measured, type Suggestion } from './suggest.ts'
import { overlayOf, overlayText, pointName, pointValues, valueAt, type Axis, type SweepValue } from './sweep.ts'

/** Where values between those swept are tried. */
export interface Trial {
  /** Loads the rules with an overlay. */
  load(this: void, source: RuleSource): Promise<OpenContext>
  /** Runs the log once more, under each of these contexts; undefined where the log cannot be read again. */
  measure: ((this: void, contexts: readonly OpenContext[]) => Promise<Figures[]>) | undefined
}

/** So many parts the stretch between two swept values is divided into when the log is run again. */
const PARTS = 12

/** A value with what was measured at it. */
interface Tried {
  value: SweepValue
  rates: Rates
  by: 'swept' | 'run'
}

/**
 * Suggests a value of the one parameter that was swept for a wanted share of false alarms. Where it lies between two swept values, the log is run again with
 * values between them, which join the report of the sweep, and the most lenient that keeps to the share is taken.
 */
export async function suggestionFor(sweep: SweepReport, wanted: number, { load, measure }: Trial): Promise<SuggestionReport> {
  const { axes, points } = sweep
  const [axis] = axes as [Axis]
  const swept = points.map((p, i): Tried => ({ value: axis.values[i] as SweepValue, rates: p.rates as Rates, by: 'swept' }))
  const decimals = await decimalsOf(axis, load)
  const found = suggest(swept.map(measured), wanted, (at, towards) => roundTowards(at, towards, decimals))
  if (found.at === undefined) return { wanted, honest: found.honest, why: found.why }
  if (found.between === undefined) return told(axis, wanted, swept.find((t) => t.value.at === found.at) as Tried, found.note)
  if (measure === undefined) return found.by === 'measured' ? told(axis, wanted, swept.find((t) => t.value.at === found.at) as Tried) : reckoned(axis, wanted, found)
  const values = between(axis, found.between, decimals)
  const figures = values.length === 0 ? [] : await measure(await Promise.all(values.map((v) => load(overlayOf([axis], [v])))))
  sweep.between = values.map((value, i) => ({ name: pointName([axis], [value]), values: pointValues([axis], [value]), ...(figures[i] as Figures) }))
  const tried = [...swept, ...values.map((value, i): Tried => ({ value, rates: (figures[i] as Figures).rates as Rates, by: 'run' }))]
  // Only what was measured is suggested now.
  const { at } = suggest(tried.map(measured), wanted, (_, towards) => towards)
  return told(axis, wanted, tried.find((t) => t.value.at === at) as Tried)
}

function measured({ value, rates }: Tried): Measured {
  return { at: value.at as number, falseAlarms: rates.falseAlarms as Rate }
}

function told(axis: Axis, wanted: number, { value, rates, by }: Tried, note?: string): SuggestionReport {
  const { of: honest, share } = rates.falseAlarms as Rate
  const falseAlarms = share as number
  return {
    wanted, honest, value: value.text, measured: by, falseAlarms, interval: wilson(falseAlarms, honest), ...(rates.recall.share === undefined ? {} : { recall: rates.recall.share }),
    ...(note === undefined ? {} : { note }), overlay: overlayText([axis], [value]),
  }
}

function reckoned(axis: Axis, wanted: number, { at, honest, expected, interval }: Extract<Suggestion, { by: string }>): SuggestionReport {
  const value = valueAt(axis.kind as 'number' | 'duration', at)
  return {
    wanted, honest, value: value.text, measured: 'interpolated', falseAlarms: expected, interval, overlay: overlayText([axis], [value]),
    note: 'what came through a pipe cannot be read again: the share is reckoned from the values beside it, not measured',
  }
}

/** Values between two that were swept, without these. */
function between({ kind }: Axis, [strict, lenient]: readonly [number, number], decimals: number): SweepValue[] {
  const at = Array.from({ length: PARTS - 1 }, (_, i) => roundTowards(strict + ((lenient - strict) * (i + 1)) / PARTS, strict, decimals))
  return [...new Set(at)].filter((v) => v !== strict && v !== lenient).map((v) => valueAt(kind as 'number' | 'duration', v))
}

/** How finely a value between two swept ones is told: to a hundredth of the smallest step, durations to a tenth; or whole, where the parameter takes no other. */
async function decimalsOf(axis: Axis, load: Trial['load']): Promise<number> {
  const { kind, values } = axis
  const sorted = values.map((v) => v.at as number).sort((a, b) => a - b)
  const step = Math.min(...sorted.slice(1).map((v, i) => v - (sorted[i] as number)))
  if (!Number.isFinite(step)) return 0
  const decimals = -Math.floor(Math.log10(step / (kind === 'duration' ? 10 : 100)))
  // Durations are whole milliseconds.
  if (kind === 'duration') return Math.min(0, decimals)
  return decimals <= 0 || (await takes(load, overlayOf([axis], [valueAt(kind as 'number', (sorted[0] as number) + step / 2)]))) ? decimals : 0
}

async function takes(load: Trial['load'], source: RuleSource): Promise<boolean> {
  try {
    await load(source)
    return true
  } catch (e) {
    if (e instanceof InvigilError && e.code === 'bad-rules') return false
    throw e
  }
}
