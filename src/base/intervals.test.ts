import { expect, test } from 'vitest'
import { addInterval, covered, furthest, type Intervals } from './intervals.ts'

function of(most: number, ...pairs: [number, number][]): Intervals {
  const list: Intervals = []
  for (const [from, to] of pairs) addInterval(list, from, to, most)
  return list
}

test.each<[string, [number, number][], number[]]>([
  ['one after the other', [[0, 10], [10, 20], [20, 30]], [0, 30]],
  ['apart', [[0, 10], [20, 30]], [0, 10, 20, 30]],
  ['before the others', [[20, 30], [0, 10]], [0, 10, 20, 30]],
  ['over a gap', [[0, 10], [20, 30], [5, 25]], [0, 30]],
  ['within', [[0, 100], [20, 30]], [0, 100]],
  ['around several', [[10, 20], [30, 40], [50, 60], [0, 45]], [0, 45, 50, 60]],
  ['between two, touching both', [[0, 10], [20, 30], [10, 20]], [0, 30]],
  ['empty ones', [[5, 5], [9, 3]], []],
])('intervals %s', (_, pairs, expected) => {
  expect(of(8, ...pairs)).toEqual(expected)
})

test('of too many, the two that are closest become one', () => {
  expect(of(3, [0, 10], [20, 30], [35, 40], [90, 99])).toEqual([0, 10, 20, 40, 90, 99])
})

test('covers what was added, once', () => {
  const list = of(8, [0, 10], [5, 20], [40, 50])
  expect([covered(list, 0, 100), covered(list, 15, 45), covered(list, 20, 40), furthest(list), furthest([])]).toEqual([30, 10, 0, 50, 0])
})
