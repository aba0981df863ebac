import { expect, test } from 'vitest'
import { Random } from '../simulate/random.ts'
import { binsBySize, binsByWidth, calibrationError, type Predicted } from './bins.ts'

const four: Predicted = { probabilities: [0.9, 0.1, 0.7, 0.3], labels: [1, 0, 0, 0] }

test('bins of the same size', () => {
  const [low, high] = binsBySize(four, 2)
  expect(low).toEqual({ predicted: 0.2, observed: 0, rows: 2, weight: 2 })
  expect(high).toEqual({ predicted: 0.8, observed: 0.5, rows: 2, weight: 2 })
  expect(binsBySize(four, 100).map((b) => b.predicted)).toEqual([0.1, 0.3, 0.7, 0.9])
})

test('bins of the same width leave out empty ones, and 1 is in the last', () => {
  expect(binsByWidth({ probabilities: [0, 0.05, 0.5, 1], labels: [0, 1, 1, 1] }, 10)).toEqual([
    { predicted: 0.025, observed: 0.5, rows: 2, weight: 2 },
    { predicted: 0.5, observed: 1, rows: 1, weight: 1 },
    { predicted: 1, observed: 1, rows: 1, weight: 1 },
  ])
})

test('weights count as that many rows', () => {
  const weighted: Predicted = { probabilities: [0.2, 0.4, 0.9], labels: [0, 1, 1], weights: [3, 1, 2] }
  const [bin] = binsByWidth(weighted, 1)
  expect(bin?.predicted).toBeCloseTo((0.6 + 0.4 + 1.8) / 6, 12)
  expect(bin).toMatchObject({ observed: 0.5, rows: 3, weight: 6 })
  const repeated: Predicted = { probabilities: [0.2, 0.2, 0.2, 0.4, 0.9, 0.9], labels: [0, 0, 0, 1, 1, 1] }
  expect(calibrationError(weighted, 3)).toBeCloseTo(calibrationError(repeated, 3), 12)
})

test.each<[string, Predicted, number, number]>([
  ['promised 0.2 and 0.8, happened 0 and 0.5', four, 2, 0.25],
  ['one bin hides what its halves show', { probabilities: [0.25, 0.75], labels: [1, 0] }, 1, 0],
  ['a bin for each', { probabilities: [0.25, 0.75], labels: [1, 0] }, 2, 0.75],
  ['right', { probabilities: [0, 0, 1], labels: [0, 0, 1] }, 3, 0],
])('calibration error: %s', (_, predicted, bins, expected) => {
  expect(calibrationError(predicted, bins)).toBeCloseTo(expected, 12)
})

test('equal probabilities are right or wrong together, in whatever order the rows stand', () => {
  const probabilities = Array.from({ length: 100 }, () => 0.1)
  const labels = probabilities.map((_, i) => (i < 90 ? 0 : 1))
  expect(calibrationError({ probabilities, labels })).toBeCloseTo(0, 12)
})

test('what happens as promised has an error near zero, and no order of the rows changes it', () => {
  const random = new Random(2, 'bins')
  const rows = Array.from({ length: 20_000 }, () => {
    const p = Math.round(random.uniform() * 200) / 200
    return { p, label: random.chance(p) ? 1 : 0 }
  })
  const error = (of: typeof rows): number => calibrationError({ probabilities: of.map((r) => r.p), labels: of.map((r) => r.label) })
  expect(error(rows)).toBeLessThan(0.02)
  expect(error(random.shuffled(rows))).toBeCloseTo(error(rows), 10)
  expect(error(rows.map((r) => ({ ...r, p: r.p / 2 })))).toBeCloseTo(0.25, 1)
})
