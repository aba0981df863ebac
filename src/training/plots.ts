import { invariant } from '../base/errors.ts'
import { wilson } from '../base/share.ts'
import { BLUE, CURVES, draw, GREY, VERMILION, WIDTH } from '../pipeline/picture.ts'
import type { Bin } from './bins.ts'

/** A curve of alarms, from `rocPoints`: share of false alarms, recall. */
export interface RocCurve {
  name: string
  points: readonly (readonly [number, number])[]
}

/** Each learner's highest score, as a probability, of the honest or of one kind of cheater. */
export interface Scores {
  name: string
  honest: boolean
  scores: readonly number[]
}

/** Recall of one kind of cheater whose intervals are lengthened and shortened by up to so large a share. */
export interface JitterPoint {
  archetype: string
  jitter: number
  recall: number
}

const FURTHEST = 0.02

/** Recall at few false alarms, 0 to 2 %: at most four curves, the model's first. */
export function rocPlot(curves: readonly RocCurve[]): Promise<string> {
  invariant(curves.length <= CURVES.length, 'more curves than can be told apart')
  const names = curves.map((c) => c.name)
  const lines = curves.flatMap(({ name, points }) => nearZero(points).map(([x, y], i) => ({ name, x: 100 * x, y: 100 * y, i })))
  const marks = [{ x: 0.1, text: '0.1 %' }, { x: 1, text: '1 %' }]
  const x = { field: 'x', type: 'quantitative' as const, scale: { type: 'sqrt' as const, domain: [0, 100 * FURTHEST], nice: false }, axis: { values: [0, 0.02, 0.1, 0.25, 0.5, 1, 1.5, 2], format: '~g', labelFlush: false } }
  const stroke = { field: 'name', type: 'nominal' as const, legend: { title: null, orient: 'bottom' as const, columns: 4 }, sort: null }
  return draw({
    width: WIDTH, height: 420, autosize: { type: 'fit', contains: 'padding' },
    title: { text: 'Cheaters caught at few false alarms', subtitle: 'Simulated learners that no judge was trained on. The axis of false alarms is stretched near zero (square root).' },
    layer: [
      { data: { values: marks }, mark: { type: 'rule', color: GREY, strokeDash: [4, 4] }, encoding: { x } },
      {
        data: { values: lines }, mark: { type: 'line', strokeWidth: 2.5, strokeJoin: 'round' },
        encoding: {
          x: { ...x, title: 'honest learners falsely accused (%)' },
          y: { field: 'y', type: 'quantitative', title: 'cheaters caught (%)', scale: { domain: [0, 100] } },
          color: { ...stroke, scale: { domain: names, range: CURVES.map((c) => c.colour).slice(0, names.length) } },
          strokeDash: { ...stroke, scale: { domain: names, range: CURVES.map((c) => [...c.dash]).slice(0, names.length) } },
          order: { field: 'i' },
        },
      },
      { data: { values: marks }, mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 4, dy: -4, fontSize: 12, color: '#555555' }, encoding: { x, y: { datum: 0 }, text: { field: 'text' } } },
    ],
  })
}

/** The curve up to the furthest share shown, with points between its corners: what is straight there is bent by the axis. */
function nearZero(points: readonly (readonly [number, number])[]): [number, number][] {
  const shown: [number, number][] = []
  points.forEach(([x, y], i) => {
    const [x0, y0] = points[i - 1] ?? [x, y]
    if (x0 > FURTHEST) return
    const steps = Math.max(1, Math.ceil((Math.min(x, FURTHEST) - x0) / (FURTHEST / 100)))
    for (let s = 1; s <= steps; s++) {
      const at = x > FURTHEST ? x0 + ((FURTHEST - x0) * s) / steps : x0 + ((x - x0) * s) / steps
      shown.push([at, x === x0 ? y : y0 + ((y - y0) * (at - x0)) / (x - x0)])
    }
  })
  return shown
}

/** What the model promised against what happened, in bins with their sizes (`binsByWidth` spreads them over the picture). */
export function calibrationPlot(bins: readonly Bin[]): Promise<string> {
  const values = bins.map(({ predicted, observed, rows }) => {
    const [low, high] = wilson(observed, rows)
    return { predicted, observed, rows, label: rows.toLocaleString('en-US'), low, high, isAbove: observed > predicted }
  })
  const axis = { values: [0, 0.2, 0.4, 0.6, 0.8, 1], format: '~g' }
  const x = { field: 'predicted', type: 'quantitative' as const, scale: { domain: [-0.06, 1.06], nice: false }, axis, title: 'promised: mean probability of a program' }
  const y = { field: 'observed', type: 'quantitative' as const, scale: { domain: [-0.05, 1.05], nice: false }, axis, title: 'happened: share that cheats' }
  return draw({
    width: WIDTH, height: 520, autosize: { type: 'fit', contains: 'padding' },
    title: { text: 'What the model promises, and what happens', subtitle: ['Simulated learners. On the diagonal, both agree. Numbers say how many judgements lie in a bin;', 'bars are 95 % intervals of that many (Wilson).'] },
    layer: [
      { data: { values: [{ v: 0 }, { v: 1 }] }, mark: { type: 'line', color: GREY, strokeDash: [4, 4] }, encoding: { x: { ...x, field: 'v' }, y: { ...y, field: 'v' } } },
      { data: { values }, mark: { type: 'rule', color: BLUE, strokeWidth: 1.5 }, encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } } },
      {
        data: { values }, mark: { type: 'point', filled: true, color: BLUE, opacity: 1, stroke: 'white' },
        encoding: { x, y, size: { field: 'rows', type: 'quantitative', scale: { type: 'log', range: [40, 400] }, legend: null } },
      },
      // On the side away from the diagonal.
      ...([['right', true, -1], ['left', false, 1]] as const).map(([align, isAbove, side]) => ({
        data: { values: values.filter((v) => v.isAbove === isAbove) }, mark: { type: 'text' as const, align, dx: 11 * side, dy: 11 * side, fontSize: 12, color: '#333333' }, encoding: { x, y, text: { field: 'label' } },
      })),
    ],
  })
}

/** Beyond these, scores are drawn at the edge. */
const EDGE = 0.00005
const TICKS = [0.0001, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999]
const logit = (p: number): number => Math.log(p / (1 - p))
/** Points beyond the bars: as many of the outermost on each side. */
const OUTERMOST = 50
/** Half of what a thick bar is wide at least, in logits: where all of a kind have one score, it must be seen, too. */
const LEAST = 0.05

/** How high learners score at most: for each kind the middle, half and nine tenths of them, and the outermost one by one. */
export function scoresPlot(kinds: readonly Scores[], threshold: number): Promise<string> {
  const at = (p: number): number => logit(Math.min(1 - EDGE, Math.max(EDGE, p)))
  const bars = kinds.filter((k) => k.scores.length > 0).map(({ name, honest, scores }) => {
    const sorted = scores.map(at).sort((a, b) => a - b)
    const quantile = (q: number): number => sorted[Math.round(q * (sorted.length - 1))] as number
    const [p5, p25, p50, p75, p95] = [0.05, 0.25, 0.5, 0.75, 0.95].map(quantile) as [number, number, number, number, number]
    const beyond = [...sorted.filter((s) => s < p5).slice(0, OUTERMOST), ...sorted.filter((s) => s > p95).slice(-OUTERMOST)]
    return { name: `${name} (${scores.length.toLocaleString('en-US')})`, honest: honest ? 'honest' : 'cheating', p5, p25: Math.min(p25, p50 - LEAST), p50, p75: Math.max(p75, p50 + LEAST), p95, beyond }
  })
  const points = bars.flatMap(({ name, honest, beyond }) => beyond.map((score) => ({ name, honest, score })))
  const scale = { domain: [logit(EDGE), logit(1 - EDGE)], nice: false }
  const labels = `{${TICKS.map((p, i) => `'${i}': '${p}'`).join(', ')}}[indexof([${TICKS.map((p) => logit(p).toFixed(6)).join(', ')}], datum.value)]`
  const x = { type: 'quantitative' as const, scale, title: 'highest score of a learner: probability of a program', axis: { values: TICKS.map((p) => Number(logit(p).toFixed(6))), labelExpr: labels, labelFlush: false, labelOverlap: false } }
  const y = { field: 'name', type: 'nominal' as const, sort: null, title: null, axis: { labelLimit: 220, labelPadding: 10, ticks: false, grid: true } }
  const color = { field: 'honest', type: 'nominal' as const, scale: { domain: ['honest', 'cheating'], range: [BLUE, VERMILION] }, legend: { title: null, orient: 'bottom' as const, symbolType: 'square', symbolSize: 120, symbolOpacity: 1 } }
  return draw({
    width: WIDTH, height: 150 + 30 * bars.length, autosize: { type: 'fit', contains: 'padding' }, data: { values: bars },
    title: {
      text: 'How high honest learners and cheaters score',
      subtitle: [`Simulated learners (how many). Thin bars hold nine tenths of them, thick ones half, white ticks are the middle;`, `dots are the outermost. Dashed: the threshold, ${threshold}, from which on it warns. Both ends are stretched (logit).`],
    },
    layer: [
      { mark: { type: 'bar', height: 3 }, encoding: { x: { ...x, field: 'p5' }, x2: { field: 'p95' }, y, color } },
      { mark: { type: 'bar', height: 13 }, encoding: { x: { ...x, field: 'p25' }, x2: { field: 'p75' }, y, color } },
      { data: { values: points }, mark: { type: 'point', filled: true, size: 12, opacity: 0.6 }, encoding: { x: { ...x, field: 'score' }, y, color } },
      { mark: { type: 'tick', color: 'white', thickness: 2, height: 13 }, encoding: { x: { ...x, field: 'p50' }, y } },
      { data: { values: [{ threshold: at(threshold) }] }, mark: { type: 'rule', color: '#000000', strokeDash: [5, 4] }, encoding: { x: { ...x, field: 'threshold' } } },
    ],
  })
}

const COLUMNS = 4
/** At most so much recall may be lost to jitter. */
const LOSABLE = 0.1

/** Recall against jitter, one small picture for each kind of cheater, with the line that it must not fall below. */
export function jitterPlot(points: readonly JitterPoint[]): Promise<string> {
  const archetypes = [...new Set(points.map((p) => p.archetype))]
  const values = archetypes.flatMap((archetype) => {
    const own = points.filter((p) => p.archetype === archetype).sort((a, b) => a.jitter - b.jitter)
    const limit = (own[0] as JitterPoint).recall - LOSABLE
    return own.map((p) => ({ archetype, jitter: 100 * p.jitter, recall: 100 * p.recall, limit: 100 * limit, isLost: p.recall < limit - 1e-9 }))
  })
  const x = { field: 'jitter', type: 'quantitative' as const, title: null, scale: { domain: [0, 50], nice: false }, axis: { values: [0, 10, 20, 30, 40, 50], labelOverlap: false, labelFlush: false } }
  const y = { type: 'quantitative' as const, title: null, scale: { domain: [0, 105], nice: false }, axis: { values: [0, 25, 50, 75, 100] } }
  return draw({
    title: {
      text: 'Cheaters caught (%) though their intervals jitter (by up to ± %)',
      subtitle: ['Simulated learners, at 1 % false alarms. Across: how far each interval of a program is lengthened or shortened;', 'up: cheaters caught. Dashed: 10 points below what is caught without jitter; triangles: more than that lost.'],
    },
    data: { values }, columns: COLUMNS, spacing: { row: 18, column: 18 }, resolve: { axis: { x: 'independent' } },
    facet: { field: 'archetype', type: 'nominal', sort: archetypes, title: null },
    spec: {
      width: Math.floor((WIDTH - 24 - COLUMNS * 28 - (COLUMNS - 1) * 18) / COLUMNS), height: 110,
      layer: [
        { mark: { type: 'line', color: GREY, strokeDash: [4, 3] }, encoding: { x, y: { ...y, field: 'limit' } } },
        { mark: { type: 'line', color: BLUE, strokeWidth: 2 }, encoding: { x, y: { ...y, field: 'recall' } } },
        {
          mark: { type: 'point', filled: true, opacity: 1 },
          encoding: {
            x, y: { ...y, field: 'recall' },
            color: { condition: { test: 'datum.isLost', value: VERMILION }, value: BLUE },
            shape: { condition: { test: 'datum.isLost', value: 'triangle-down' }, value: 'circle' },
            size: { condition: { test: 'datum.isLost', value: 80 }, value: 30 },
          },
        },
      ],
    },
  })
}
