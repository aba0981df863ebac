import { expect, test } from 'vitest'
import { seeded } from '../../testing/five-platforms.ts'
import { Distinct } from './distinct.ts'
import { hash53 } from './hash.ts'
import { REMEMBERED, Repeats } from './repeats.ts'
import { Sample } from './sample.ts'

const sampleOf = (values: Iterable<number>): Sample => {
  const sample = new Sample()
  for (const v of values) sample.add(v)
  return sample
}

test('quantiles, spread, share and mode of a few values', () => {
  const sample = sampleOf([5, 1, 3, 3, 9, -2, 3])
  expect([0, 0.5, 0.9, 1].map((q) => sample.quantile(q))).toEqual([-2, 3, 9, 9])
  expect([sample.least, sample.most, sample.spread(), sample.share(1, 5), sample.mode()]).toEqual([-2, 9, 2, 5 / 7, { value: 3, share: 3 / 7 }])
  expect([new Sample().quantile(0.5), new Sample().spread(), new Sample().mode()]).toEqual([undefined, undefined, undefined])
})

test('of very many different values quantiles are right to within 1 %, in any order, and it says so', () => {
  const values = Array.from({ length: 60_000 }, (_, i) => i * 37 - 200_000)
  const random = seeded(4)
  const shuffled = values.map((v) => ({ v, at: random() })).sort((a, b) => a.at - b.at).map((x) => x.v)
  const [one, other] = [sampleOf(values), sampleOf(shuffled)]
  expect([one.isExact, other.isExact]).toEqual([false, false])
  for (const q of [0.01, 0.05, 0.5, 0.95, 0.999]) {
    const exact = values[Math.ceil(q * values.length) - 1] as number
    expect(Math.abs((one.quantile(q) as number) - exact)).toBeLessThanOrEqual(Math.max(40, 0.006 * Math.abs(exact)))
    expect(other.quantile(q)).toBe(one.quantile(q))
  }
})

test('how many different texts: exact up to a limit, then to within 1 %, in any order and however often', () => {
  const few = new Distinct()
  for (let i = 0; i < 200_000; i++) few.add(`L${i % 60_000}`)
  expect([few.count(), few.isExact]).toEqual([60_000, true])
  const [many, turned] = [new Distinct(), new Distinct()]
  for (let i = 0; i < 400_000; i++) {
    many.add(`L${i}`)
    turned.add(`L${399_999 - i}`)
  }
  expect(many.isExact).toBe(false)
  expect(Math.abs(many.count() - 400_000)).toBeLessThan(4000)
  expect(turned.count()).toBe(many.count())
})

test('hashes are spread evenly', () => {
  const tenths = Array.from({ length: 10 }, () => 0)
  for (let i = 0; i < 10_000; i++) {
    const at = Math.floor((hash53(`u-${i}`) / 2 ** 53) * 10)
    tenths[at] = (tenths[at] as number) + 1
  }
  expect(Math.min(...tenths)).toBeGreaterThan(850)
  expect(Math.max(...tenths)).toBeLessThan(1150)
})

test('ids that come again are found among the last million, however long the log is', () => {
  const repeats = new Repeats()
  expect([repeats.take('p', 'L', 'e', 5), repeats.take('p', 'L', 'e', 5), repeats.take('p', 'L', 'e', 6), repeats.take('q', 'L', 'e', 6)]).toEqual(['new', 'same', { before: 5 }, 'new'])
  for (let i = 0; i < REMEMBERED + 10; i++) repeats.take('p', 'M', String(i), i)
  expect(repeats.take('p', 'M', '3', 3)).toBe('same')
  expect(repeats.take('p', 'L', 'e', 5)).toBe('same')
  for (let i = 0; i < 2 * REMEMBERED; i++) repeats.take('p', 'N', String(i), i)
  expect(repeats.take('p', 'L', 'e', 5)).toBe('new')
})
