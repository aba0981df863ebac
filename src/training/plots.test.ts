import { expect, test } from 'vitest'
import { Random } from '../simulate/random.ts'
import { binsByWidth } from './bins.ts'
import { rocPoints } from './curve.ts'
import { calibrationPlot, jitterPlot, rocPlot, scoresPlot } from './plots.ts'

const random = new Random(1, 'plots')
const draw = (n: number, mean: number): number[] => Array.from({ length: n }, () => random.normal(mean))
const curves = ['model', 'logistic regression', 'z-score sum', 'isolation forest'].map((name, i) => ({ name, points: rocPoints({ honest: draw(2000, 0), cheating: draw(200, 4 - i) }) }))
const probabilities = Array.from({ length: 3000 }, () => random.uniform())
const bins = binsByWidth({ probabilities, labels: probabilities.map((p) => (random.chance(p) ? 1 : 0)) }, 10)
const kinds = [{ name: 'honest', honest: true, scores: Array.from({ length: 1234 }, () => random.beta(1, 50)) }, { name: 'mimic', honest: false, scores: [0, 0.2, 0.999, 1] }]
const jitter = ['mimic', 'console'].flatMap((archetype, i) => [0, 0.25, 0.5].map((j) => ({ archetype, jitter: j, recall: 0.9 - i * j })))

const pictures: [string, () => Promise<string>, string[]][] = [
  ['alarms near zero', () => rocPlot(curves), ['honest learners falsely accused (%)', 'cheaters caught (%)', '0.1 %', 'isolation forest']],
  ['calibration', () => calibrationPlot(bins), ['promised: mean probability of a program', 'happened: share that cheats', ...bins.map((b) => String(b.rows))]],
  ['scores', () => scoresPlot(kinds, 0.99), ['honest (1,234)', 'mimic (4)', '0.0001', '0.9999', 'highest score of a learner: probability of a program']],
  ['jitter', () => jitterPlot(jitter), ['mimic', 'console', 'up to ± %']],
]

const texts = (svg: string): string => [...svg.matchAll(/>([^<>]+)<\/(?:text|tspan)>/g)].map(([, t]) => t).join('\n')

test.each(pictures)('%s: one SVG no wider than 700, with its words, that says it is of simulated learners', async (_, draw, words) => {
  const svg = await draw()
  const [, width = ''] = /^<svg[^>]* width="([\d.]+)"/.exec(svg) ?? []
  expect(Number(width)).toBeGreaterThan(500)
  expect(Number(width)).toBeLessThanOrEqual(700)
  expect(texts(svg)).toContain('Simulated learners')
  for (const word of words) expect(texts(svg)).toContain(word)
  expect(svg).not.toMatch(/NaN|Infinity|undefined/)
})

test('the same data give the same bytes, also of pictures drawn at once', async () => {
  const one = await Promise.all(pictures.map(([, draw]) => draw()))
  const again: string[] = []
  for (const [, draw] of pictures.toReversed()) again.unshift(await draw())
  expect(again).toEqual(one)
})

test('a curve is cut where the picture ends, between its corners', async () => {
  const straight = await rocPlot([{ name: 'chance', points: [[0, 0], [1, 1]] }])
  const line = /<path aria-label="[^"]*"[^>]* role="graphics-symbol" aria-roledescription="line mark" d="([^"]+)"/.exec(straight)?.[1] ?? ''
  const points = line.slice(1).split('L').map((p) => p.split(',').map(Number) as [number, number])
  const [[left, bottom], [right, end]] = [points[0], points.at(-1)] as [[number, number], [number, number]]
  // A hundred pieces up to 2 %, where chance catches 2 %; a quarter of the way there lies half-way across.
  expect(points).toHaveLength(101)
  expect(left).toBe(0)
  expect(end / bottom).toBeCloseTo(0.98, 3)
  expect((points[25] as [number, number])[0] / right).toBeCloseTo(0.5, 3)
  await expect(async () => rocPlot([...curves, ...curves])).rejects.toThrow('more curves than can be told apart')
})

test('recall more than 10 points below that without jitter is marked, and no other', async () => {
  expect((await jitterPlot(jitter)).match(/fill="#D55E00"/g)).toHaveLength(2)
  expect(await jitterPlot(jitter.filter((p) => p.archetype === 'mimic'))).not.toContain('#D55E00')
})
