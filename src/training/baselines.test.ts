import { expect, test } from 'vitest'
import { Random } from '../simulate/random.ts'
import { IsolationForest, zScores, type Matrix } from './baselines.ts'

const matrix = (rows: readonly (readonly number[])[]): Matrix => ({ values: Float32Array.from(rows.flat()), rows: rows.length, width: rows[0]?.length ?? 0 })

test('the sum of sizes of z-scores, of which a missing one is none', () => {
  expect([...zScores(matrix([[0, 0, 0], [1, -2, 0], [-0.5, 0.25, 8]]))]).toEqual([0, 3, 8.75])
})

const cloud = (seed: number, rows: number): number[][] => {
  const random = new Random(seed, 'cloud')
  return Array.from({ length: rows }, () => [random.normal(), random.normal(), random.normal(), 0])
}

test('a forest finds the rows outside a cloud, also those that it has not seen', () => {
  const forest = new IsolationForest(matrix([...cloud(1, 1000), [6, 6, -6, 0]]), new Random(1, 'forest'))
  const inside = forest.scores(matrix(cloud(2, 500)))
  const outside = forest.scores(matrix([[6, 6, -6, 0], [-5, 5, 5, 0], [7, -7, -7, 0]]))
  const ascending = [...inside].sort((a, b) => a - b)
  expect(ascending[250]).toBeLessThan(0.5)
  expect(Math.min(...outside)).toBeGreaterThan(ascending[498] as number)
  expect(Math.max(...outside)).toBeLessThan(1)
})

test('the same seed gives the same scores, another one others', () => {
  const rows = matrix(cloud(3, 300))
  const scores = (seed: number): number[] => [...new IsolationForest(rows, new Random(seed, 'forest')).scores(rows)]
  expect(scores(1)).toEqual(scores(1))
  expect(scores(1)).not.toEqual(scores(2))
})

test('rows that are all the same are all as usual as can be', () => {
  const same = matrix(Array.from({ length: 300 }, () => [1, 2]))
  // Each tree is one leaf, as deep as a search among the sample.
  for (const score of new IsolationForest(same, new Random(1, 'same')).scores(same)) expect(score).toBeCloseTo(0.5, 12)
})

test('of two rows each lies one cut deep', () => {
  const two = matrix([[0], [1]])
  expect([...new IsolationForest(two, new Random(1, 'two')).scores(two)]).toEqual([0.5, 0.5])
  expect(() => new IsolationForest(matrix([[0]]), new Random(1, 'one'))).toThrow('two rows or more')
})
