import { expect, test } from 'vitest'
import { binomialTail, logChoose } from './chance.ts'

test('ways to choose', () => {
  expect([Math.exp(logChoose(5, 3)), Math.exp(logChoose(500, 1)), Math.exp(logChoose(4, 0))].map(Math.round)).toEqual([10, 500, 1])
})

test.each([
  [4, 4, 0.25, 0.0039], [6, 5, 0.25, 0.0046], [10, 0, 0.25, 1], [8, 8, 0.5, 0.0039], [3, 4, 0.25, 0],
])('of %i trials %i or more at %f', (n, k, p, chance) => {
  expect(binomialTail(n, k, p)).toBeCloseTo(chance, 4)
})
