import { array, assert, double, integer, property } from '../../testing/fuzz.ts'
import { expect, test } from 'vitest'
import { median, rateAtLeast, scoreOf, shareAtLeast, Usual, type Measured } from './rank.ts'

const one = (value: number, n: number): Measured => ({ metric: 'unproven', value, atLeast: shareAtLeast(value, n) })
const many = (n: number, value: number, platform = 'p'): { platform: string; measured: Measured[] }[] => Array.from({ length: n }, () => ({ platform, measured: [one(value, 20)] }))

test.each<[number[], number]>([[[], 0], [[3], 3], [[3, 1], 2], [[5, 1, 3], 3], [[10, 9, 1, 2], 5.5]])('the median of %j is %d', (values, is) => expect(median(values)).toBe(is))

test('little evidence is little: the lower bound grows with what was seen', () => {
  expect(shareAtLeast(1, 0.5)).toBeLessThan(0.15)
  expect(shareAtLeast(1, 1)).toBeCloseTo(0.207, 3)
  expect(shareAtLeast(1, 40)).toBeGreaterThan(0.9)
  expect([shareAtLeast(1, 0), rateAtLeast(0, 5), rateAtLeast(3, 0)]).toEqual([0, 0, 0])
  // Exact limits of a Poisson count (Garwood, 1936): 1 is at least 0.025, 3 at least 0.619, 10 at least 4.795.
  expect(rateAtLeast(1, 1)).toBeLessThan(0.025)
  expect(rateAtLeast(3, 1)).toBeCloseTo(0.619, 1)
  expect(rateAtLeast(10, 1)).toBeCloseTo(4.795, 1)
  assert(property(double({ min: 0, max: 1, noNaN: true }), integer({ min: 1, max: 500 }), (share, n) => {
    expect(shareAtLeast(share, n)).toBeLessThanOrEqual(share + 1e-9)
    expect(shareAtLeast(share, n)).toBeLessThanOrEqual(shareAtLeast(share, n + 1) + 1e-9)
  }))
})

test('who is far from others of the platform stands out, and who is as they are does not', () => {
  const usual = new Usual([...many(30, 0.02), ...many(5, 0.5)])
  expect(usual.reasons('p', [one(0.02, 20)])).toEqual([])
  const [reason] = usual.reasons('p', [one(0.5, 20)])
  expect(reason).toMatchObject({ metric: 'unproven', value: 0.5, usual: 0.02 })
  expect(reason?.z).toBeGreaterThan(3.5)
})

test('one lesson without evidence makes nobody stand out, however clean the others are', () => {
  expect(new Usual(many(50, 0)).reasons('p', [one(1, 0.4)])).toEqual([])
  expect(new Usual(many(50, 0)).reasons('p', [one(0.1, 10)])).toEqual([])
})

test('where most are bad, they stand out all the same', () => {
  expect(new Usual(many(50, 0.9)).reasons('p', [one(0.9, 20)])).toHaveLength(1)
})

test('too few are compared with all platforms, and too few of those with nobody', () => {
  const usual = new Usual([...many(30, 0.02, 'large'), ...many(3, 0.3, 'small')])
  expect(usual.reasons('small', [one(0.3, 50)])[0]).toMatchObject({ usual: 0.02 })
  expect(new Usual(many(4, 0.02)).reasons('p', [one(0.2, 50)])).toEqual([])
  expect(new Usual(many(4, 0.02)).reasons('p', [one(0.9, 50)])[0]).toMatchObject({ usual: undefined, z: undefined })
})

test('nobody of a platform on which all are alike is abnormal by comparison', () => {
  assert(property(array(double({ min: 0, max: 0.2, noNaN: true }), { minLength: 10, maxLength: 60 }), (values) => {
    const middle = median(values)
    const usual = new Usual(values.map((v) => ({ platform: 'p', measured: [one(v, 20)] })))
    expect(usual.reasons('p', [one(middle, 20)])).toEqual([])
  }))
})

test('more and graver reasons rank higher', () => {
  const usual = new Usual(many(30, 0))
  const [bad, worse] = [usual.reasons('p', [one(0.5, 20)]), usual.reasons('p', [one(0.9, 20)])]
  expect(scoreOf(worse)).toBeGreaterThan(scoreOf(bad))
  expect(scoreOf([])).toBe(0)
})
