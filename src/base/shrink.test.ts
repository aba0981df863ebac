import { expect, test } from 'vitest'
import { shrink } from './shrink.ts'

const numbers = Array.from({ length: 1000 }, (_, i) => i)

test('finds the few that matter, in their order', () => {
  const needed = [3, 500, 501, 999]
  expect(shrink(numbers, (some) => needed.every((n) => some.includes(n)))).toEqual(needed)
})

test('no single one can be taken away from what is left', () => {
  const holds = (some: readonly number[]) => some.filter((n) => n % 7 === 0).length >= 5
  const left = shrink(numbers, holds)
  expect(holds(left)).toBe(true)
  expect(left).toHaveLength(5)
})

test('nothing is left where nothing is needed, and an end of asking is kept', () => {
  expect(shrink(numbers, () => true)).toEqual([])
  let asked = 0
  const left = shrink(numbers, (some) => (asked++, some.includes(17)), 4)
  expect(asked).toBe(4)
  expect(left).toContain(17)
})
