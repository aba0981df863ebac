import { InvigilError } from '../../base/errors.ts'
import type { RuleSource } from '../../rules/load.ts'
import type { OpenContext } from '../context.ts'
import { wilson } from '../../base/share.ts'
import type { Rates } from './labels.ts'
import type { SuggestionReport, SweepReport } from './report.ts'
import { percent, roundTowards, suggest } from './suggest.ts'
import { overlayOf, overlayText, valueAt, type Axis, type SweepValue } from './sweep.ts'

/** Where a suggested value is tried. */
export interface Trial {
  /** Loads the rules with an overlay. */
  load(this: void, source: RuleSource): Promise<OpenContext>
  /** Runs the log under them; undefined where the log cannot be read again. */
  measure: ((this: void, context: OpenContext) => Promise<Rates>) | undefined
}

/**
 * Suggests a value of the one parameter that was swept for a wanted share of false alarms. A value between two that were swept is measured before it is
 * suggested, and given up for the stricter of the two where it does not keep to what is wanted.
 */
export async function suggestionFor({ axes, points }: SweepReport, wanted: number, { load, measure }: Trial): Promise<SuggestionReport> {
  const [axis] = axes as [Axis]
  const measured = points.map((p, i) => ({ at: (axis.values[i] as SweepValue).at as number, rates: p.rates as Rates }))
  const rated = measured.map(({ at, rates }) => ({ at, falseAlarms: rates.falseAlarms as NonNullable<Rates['falseAlarms']> }))
  const kind = axis.kind as 'number' | 'duration'
  const decimals = decimalsOf(axis)
  const at = (places: number) => suggest(rated, wanted, (value, towards) => roundTowards(value, towards, places))
  let found = at(decimals)
  if (found.at === undefined) return { wanted, honest: found.honest, why: found.why }
  let context = await tryLoad(load, overlayOf([axis], [valueAt(kind, found.at)]))
  if (context === undefined) {
    // The parameter takes whole numbers only.
    found = at(0) as typeof found
    context = await load(overlayOf([axis], [valueAt(kind, found.at)]))
  }
  const { honest, between, note } = found
  const of = (value: number, by: SuggestionReport['measured'], falseAlarms: number, recall: number | undefined, more?: string): SuggestionReport => {
    const shown = axis.values.find((v) => v.at === value) ?? valueAt(kind, value)
    return {
      wanted, honest, value: shown.text, measured: by, falseAlarms, interval: wilson(falseAlarms, honest), ...(recall === undefined ? {} : { recall }), ...(more === undefined ? {} : { note: more }),
      overlay: overlayText([axis], [shown]),
    }
  }
  const swept = (value: number, more?: string): SuggestionReport => {
    const { rates } = measured.find((m) => m.at === value) as (typeof measured)[number]
    return of(value, 'swept', rates.falseAlarms?.share as number, rates.recall.share, more)
  }
  if (found.by === 'measured') return swept(found.at, note)
  if (measure === undefined) return of(found.at, 'interpolated', found.expected, undefined, 'standard input cannot be read again: the share is reckoned from the values beside it, not measured')
  const rates = await measure(context)
  const share = rates.falseAlarms?.share as number
  if (share <= wanted) return of(found.at, 'run', share, rates.recall.share)
  return swept((between as [number, number])[0], `\`${valueAt(kind, found.at).text}\`, which lies on the straight line to the next value, gave ${percent(share)} when it was tried`)
}

/** How finely a value between two swept ones is told: to a tenth of the smallest step at least, numbers to a hundredth. */
function decimalsOf({ kind, values }: Axis): number {
  const sorted = values.map((v) => v.at as number).sort((a, b) => a - b)
  const step = Math.min(...sorted.slice(1).map((v, i) => v - (sorted[i] as number)))
  if (!Number.isFinite(step)) return 0
  const decimals = -Math.floor(Math.log10(step / (kind === 'duration' ? 10 : 100)))
  // Durations are whole milliseconds.
  return kind === 'duration' ? Math.min(0, decimals) : decimals
}

async function tryLoad(load: Trial['load'], source: RuleSource): Promise<OpenContext | undefined> {
  try {
    return await load(source)
  } catch (e) {
    if (e instanceof InvigilError && e.code === 'bad-rules') return undefined
    throw e
  }
}
