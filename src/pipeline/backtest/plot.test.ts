import { expect, test } from 'vitest'
import { rate } from './labels.ts'
import { sweepPlot } from './plot.ts'
import type { SuggestionReport, SweepReport } from './report.ts'
import { gridOf, parseAxis, pointName } from './sweep.ts'

function sweepOf(texts: readonly string[], labelled: boolean): SweepReport {
  const axes = texts.map(parseAxis)
  const figures = (i: number) => ({
    warnings: 40 - i, learners: 20 - i, added: 0, removed: i, changed: 1,
    ...(labelled ? { rates: { precision: rate(5, 6), recall: rate(10 - i, 10), falseAlarms: rate(9 - i, 500) } } : {}),
  })
  const points = gridOf(axes).map((point, i) => ({
    name: pointName(axes, point), values: Object.fromEntries(axes.map((a, n) => [`${a.rule}.${a.param}`, point[n]?.text ?? ''])), ...figures(i),
  }))
  return { axes, rules: [...new Set(axes.map((a) => a.rule))], today: figures(2), points }
}

const texts = (svg: string): string => [...svg.matchAll(/>([^<>]+)<\/(?:text|tspan)>/g)].map(([, t]) => t).join('\n')
const suggestion: SuggestionReport = { wanted: 0.01, honest: 500, value: '33s', measured: 'run', falseAlarms: 0.008, interval: [0, 0.02] }

test.each<[string, SweepReport, 'truth' | 'reviews' | undefined, SuggestionReport | undefined, string[]]>([
  ['one parameter', sweepOf(['parallel-chapters.overlap=10s..60s:10s'], false), undefined, undefined, ['parallel-chapters.overlap (s)', 'warnings', 'learners warned of', '60']],
  ['with the truth', sweepOf(['hang-up.idle=10m..60m:10m'], true), 'truth', undefined, ['hang-up.idle (min)', 'honest warned of (%)', 'cheaters warned of (%)']],
  ['with a suggestion', sweepOf(['parallel-chapters.overlap=10s..60s:10s'], true), 'truth', suggestion, ['the value suggested (33s)', 'parallel-chapters.overlap (s)']],
  ['with reviews', sweepOf(['face-check.misses=1,2,3'], true), 'reviews', undefined, ['face-check.misses', 'of reviewed, confirmed (%)', 'of confirmed, given (%)']],
  ['words', sweepOf(['over-credit.everywhere=true,false'], false), undefined, undefined, ['true', 'false']],
  ['a grid', sweepOf(['a.x=1,2', 'a.y=1..5:1'], false), undefined, undefined, ['x 1', 'x 2', 'a.y']],
  ['a large grid', sweepOf(['a.x=1..6:1', 'a.y=1..7:1'], false), undefined, undefined, ['x 6', 'a.y']],
])('%s: one SVG no wider than 700, with its words', async (_, sweep, kind, suggested, words) => {
  const svg = await sweepPlot(sweep, kind, suggested)
  const [, width = ''] = /^<svg[^>]* width="([\d.]+)"/.exec(svg) ?? []
  expect(Number(width)).toBeGreaterThan(500)
  expect(Number(width)).toBeLessThanOrEqual(700)
  for (const word of words) expect(texts(svg)).toContain(word)
  expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  expect(await sweepPlot(sweep, kind, suggested)).toBe(svg)
})
