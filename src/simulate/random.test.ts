import { expect, test } from 'vitest'
import { Random } from './random.ts'

const many = (draw: (r: Random) => number): number[] => {
  const r = new Random(7, 'test')
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
