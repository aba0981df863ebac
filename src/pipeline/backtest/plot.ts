import type { TopLevelSpec } from 'vega-lite'
import { MINUTE, parseDuration, SECOND } from '../../base/time.ts'
import { CURVES, draw, GREY, WIDTH } from '../picture.ts'
import type { Rates } from './labels.ts'
import type { Figures, SuggestionReport, SweepPoint, SweepReport } from './report.ts'
import type { Axis, SweepValue } from './sweep.ts'

/** One of the small pictures: what it shows of a variant, if that is known. */
interface Panel {
  title: string
  of(this: void, figures: Figures): number | undefined
  /** A line across. */
  limit?: number
}

const share = (of: (rates: Rates) => { share: number | undefined } | undefined) => ({ rates }: Figures): number | undefined => {
  const known = rates && of(rates)?.share
  return known === undefined ? undefined : 100 * known
}

/** The curve of a sweep over the values of its longest axis, one line for each combination of the others, as SVG text. */
export function sweepPlot({ axes, points: swept, between = [], today, rules }: SweepReport, kind: 'truth' | 'reviews' | undefined, suggestion?: SuggestionReport): Promise<string> {
  const points = [...swept, ...between]
  const across = axes.reduce((longest, a) => (a.values.length > longest.values.length ? a : longest))
  const others = axes.filter((a) => a !== across)
  const unit = unitOf(across)
  const nameOf = ({ values }: SweepPoint): string => others.map((a) => `${a.param} ${values[nameOfAxis(a)]}`).join(', ')
  const names = [...new Set(points.map(nameOf))]
  const panels = panelsFor(kind, suggestion).filter((p) => points.some((x) => p.of(x) !== undefined))
  const x = across.kind === 'text'
    ? { field: 'x', type: 'ordinal' as const, sort: null, axis: { labelAngle: 0 } }
    : { field: 'x', type: 'quantitative' as const, scale: { zero: false, nice: false, padding: 12 }, axis: { format: '~g' } }
  const range = names.length <= CURVES.length ? { range: CURVES.map((c) => c.colour).slice(0, names.length) } : { scheme: 'viridis' as const }
  const color = { field: 'name', type: 'nominal' as const, sort: null, scale: { domain: names, ...range }, legend: others.length === 0 ? null : { title: null, orient: 'bottom' as const, columns: 3, symbolSize: 100 } }
  const suggested = suggestion?.value === undefined ? [] : [{ x: xOf(across.values.find((v) => v.text === suggestion.value) ?? asValue(suggestion.value), unit) }]
  const picture = ({ title, of, limit }: Panel, i: number): object => {
    const values = points.flatMap((p) => {
      const y = of(p)
      const value = p.values[nameOfAxis(across)] as string
      return y === undefined ? [] : [{ x: xOf(across.values.find((v) => v.text === value) ?? asValue(value), unit), y, name: nameOf(p) }]
    })
    const now = of(today)
    const named = { ...x, title: i === panels.length - 1 ? `${nameOfAxis(across)}${unit.words}` : null }
    const y = { field: 'y', type: 'quantitative' as const, title, scale: { zero: true }, axis: { tickMinStep: title.endsWith('(%)') ? undefined : 1 } }
    return {
      width: WIDTH - 110, height: 150,
      layer: [
        ...(now === undefined ? [] : [{ data: { values: [{ y: now }] }, mark: { type: 'rule', color: GREY, strokeDash: [4, 4] }, encoding: { y } }]),
        ...(limit === undefined ? [] : [{ data: { values: [{ y: limit }] }, mark: { type: 'rule', color: '#000000', strokeDash: [2, 3] }, encoding: { y } }]),
        ...(suggested.length === 0 ? [] : [{ data: { values: suggested }, mark: { type: 'rule', color: '#000000', strokeDash: [5, 4] }, encoding: { x: named } }]),
        {
          data: { values }, mark: { type: 'line', strokeWidth: 2, point: { size: 40, filled: true } },
          encoding: { x: named, y, color },
        },
      ],
    }
  }
  const spec = {
    title: { text: `What ${rules.join(' and ')} would have warned of`, subtitle: subtitle(suggestion) }, spacing: 14,
    vconcat: panels.map(picture), resolve: { scale: { color: 'shared' } },
  }
  return draw(spec as unknown as TopLevelSpec)
}

function panelsFor(kind: 'truth' | 'reviews' | undefined, suggestion: SuggestionReport | undefined): Panel[] {
  const warnings: Panel = { title: 'warnings', of: (f) => f.warnings }
  if (kind === undefined) return [warnings, { title: 'learners warned of', of: (f) => f.learners }]
  if (kind === 'reviews') return [warnings, { title: 'of reviewed, confirmed (%)', of: share((r) => r.precision) }, { title: 'of confirmed, given (%)', of: share((r) => r.recall) }]
  return [
    warnings,
    { title: 'honest warned of (%)', of: share((r) => r.falseAlarms), limit: suggestion === undefined ? undefined : 100 * suggestion.wanted },
    { title: 'cheaters warned of (%)', of: share((r) => r.recall) },
  ]
}

function subtitle(suggestion: SuggestionReport | undefined): string {
  const dashed = 'Grey, dashed: the rules of today.'
  return suggestion?.value === undefined ? dashed : `${dashed} Black: what is wanted, and the value suggested (${suggestion.value}).`
}

function nameOfAxis({ rule, param }: Axis): string {
  return `${rule}.${param}`
}

interface Unit {
  size: number
  words: string
}

function unitOf({ kind, values }: Axis): Unit {
  if (kind !== 'duration') return { size: 1, words: '' }
  const most = Math.max(...values.map((v) => v.at as number))
  if (most < 2 * SECOND) return { size: 1, words: ' (ms)' }
  return most < 10 * MINUTE ? { size: SECOND, words: ' (s)' } : { size: MINUTE, words: ' (min)' }
}

function xOf({ at, text }: Pick<SweepValue, 'at' | 'text'>, { size }: Unit): number | string {
  return at === undefined ? text : at / size
}

function asValue(text: string): Pick<SweepValue, 'at' | 'text'> {
  return { text, at: parseDuration(text) ?? Number(text) }
}
