import { expect, test } from 'vitest'
import { Random, type Tuning } from './random.ts'

const many = (draw: (r: Random) => number, tuning: Tuning = {}): number[] => {
  const r = new Random(7, 'test', tuning)
  return Array.from({ length: 20_000 }, () => draw(r))
}
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length

test('the same seed and name give the same numbers, another name others', () => {
  const [a, b, c] = [new Random(1, 'x'), new Random(1, 'x'), new Random(1, 'y')]
  const first = [a.bits(), a.bits()]
  expect([b.bits(), b.bits()]).toEqual(first)
  expect([c.bits(), c.bits()]).not.toEqual(first)
})

test.each<[string, (r: Random) => number, number]>([
  ['uniform', (r) => r.uniform(2, 4), 3],
  ['normal', (r) => r.normal(5, 2), 5],
  ['exponential', (r) => r.exponential(10), 10],
  ['gamma above 1', (r) => r.gamma(3), 3],
  ['gamma below 1', (r) => r.gamma(0.5), 0.5],
  ['beta', (r) => r.beta(1.2, 6), 1.2 / 7.2],
  ['poisson', (r) => r.poisson(2.5), 2.5],
  ['lognormal', (r) => Math.log(r.lognormal(15, 1.2)), Math.log(15)],
  ['vary', (r) => r.vary(10), 10],
])('%s has the right mean', (_, draw, expected) => {
  expect(mean(many(draw))).toBeCloseTo(expected, expected < 1 ? 1 : 0)
})

test('whole numbers and ±30 % stay within their limits', () => {
  const ints = many((r) => r.int(1, 3))
  expect([Math.min(...ints), Math.max(...ints)]).toEqual([1, 3])
  const varied = many((r) => r.vary(100))
  expect(Math.min(...varied)).toBeGreaterThanOrEqual(70)
  expect(Math.max(...varied)).toBeLessThan(130)
})

test.each([[0, 0.3], [0.3, 0.5]] as const)('a spread of %d to %d is kept, to both sides', (low, high) => {
  const away = many((r) => r.vary(100), { spread: [low, high] }).map((x) => Math.abs(x - 100) / 100)
  expect(Math.min(...away)).toBeGreaterThanOrEqual(low - 1e-9)
  expect(Math.min(...away)).toBeLessThan(low + 0.001)
  expect(Math.max(...away)).toBeLessThanOrEqual(high)
  expect(Math.max(...away)).toBeGreaterThan(high - 0.001)
  expect(mean(many((r) => r.vary(100), { spread: [low, high] }))).toBeCloseTo(100, -1)
})

test('constants and fixed ranges vary in a varied world, and elsewhere cost no number', () => {
  const [a, b] = [new Random(1, 'x'), new Random(1, 'x')]
  expect([a.about(5), a.limits(1, 3), a.bits()]).toEqual([5, [1, 3], b.bits()])
  const spread = [0.3, 0.5] as const
  for (const x of many((r) => r.about(100), { varied: true, spread })) expect(Math.abs(x - 100)).toBeGreaterThanOrEqual(30 - 1e-9)
  const r = new Random(1, 'x', { varied: true, spread })
  for (let i = 0; i < 1000; i++) {
    const [low, high] = r.limits(10, 12)
    expect(low).toBeLessThan(high)
    expect([low, high].every((x) => x >= 5 - 1e-9 && x <= 18)).toBe(true)
  }
})

test('a program keeps its interval to the jitter: not at all at 0, by up to a half at 0.5; its own noise without one', () => {
  expect(new Set(many((r) => r.paced(10, r.normal()), { jitter: 0 }))).toEqual(new Set([10]))
  const spread = many((r) => r.paced(10, r.normal()), { jitter: 0.5 })
  expect([Math.min(...spread), Math.max(...spread), mean(spread)].map(Math.round)).toEqual([5, 15, 10])
  expect(new Random(1, 'x').paced(10, 0.25)).toBe(10.25)
})
