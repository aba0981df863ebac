import { expect, test } from 'vitest'
import { record } from '../../base/record.ts'
import { addInterval, covered, type Intervals } from '../../base/intervals.ts'
import { cover, latelyFields } from './lately.ts'

function of(...pairs: [number, number][]): number[] {
  const lately = record(latelyFields).make()
  return pairs.map(([from, to]) => cover(lately, from, to))
}

test.each<[string, [number, number][], number[]]>([
  ['one after the other', [[0, 10], [10, 20], [30, 40]], [0, 0, 0]],
  ['the same again', [[0, 10], [0, 10]], [0, 10]],
  ['over a gap', [[0, 10], [20, 30], [5, 25]], [0, 0, 10]],
  ['before the others', [[20, 30], [0, 10], [0, 30]], [0, 0, 20]],
  ['empty ones', [[5, 5], [9, 3], [0, 10]], [0, 0, 0]],
  ['what lies four stretches back', [[0, 1], [2, 3], [4, 5], [6, 7], [0, 1]], [0, 0, 0, 0, 1]],
  ['what lies five back is forgotten', [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [0, 1]], [0, 0, 0, 0, 0, 0]],
])('%s', (_, pairs, expected) => {
  expect(of(...pairs)).toEqual(expected)
})

test('covers what a list of the last four stretches does', () => {
  const lately = record(latelyFields).make()
  const list: Intervals = []
  let seed = 1
  const below = (n: number): number => (seed = (seed * 48271) % 2147483647) % n
  for (let i = 0; i < 5000; i++) {
    const from = i + below(60) - 30
    const to = from + below(12)
    const already = covered(list, from, to)
    addInterval(list, from, to, 5)
    if (list.length > 8) list.splice(0, 2)
    expect(cover(lately, from, to)).toBe(already)
  }
})
