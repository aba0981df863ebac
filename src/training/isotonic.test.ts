import { describe, expect, test } from 'vitest'
import { heightAt, readCalibration } from '../models/runtime/scales.ts'
import { Random } from '../simulate/random.ts'
import { isotonic, pooled, simplified } from './isotonic.ts'

const shares = (scores: number[], labels: number[], weights?: number[]): [number, number, number][] => pooled(scores, labels, weights).map((p) => [p.low, p.high, p.hits / p.weight])

test.each<[string, number[], number[], number[] | undefined, [number, number, number][]]>([
  ['rising already', [1, 2], [0, 1], undefined, [[1, 1, 0], [2, 2, 1]]],
  ['falling', [1, 2], [1, 0], undefined, [[1, 2, 0.5]]],
  ['in any order', [3, 1, 2], [1, 0, 0], undefined, [[1, 2, 0], [3, 3, 1]]],
  ['weights', [1, 2], [1, 0], [3, 1], [[1, 2, 0.75]]],
  ['weight 0 is as if it were not there', [0, 1, 2, 3], [1, 0, 1, 0], [0, 1, 1, 0], [[1, 1, 0], [2, 2, 1]]],
  ['a pool falls back on the one before it', [1, 2, 3, 4], [0, 1, 1, 0], undefined, [[1, 1, 0], [2, 4, 2 / 3]]],
  ['equal scores are one point before they are pooled', [1, 1, 2, 2, 2, 2], [0, 1, 0, 1, 1, 1], undefined, [[1, 1, 0.5], [2, 2, 0.75]]],
])('pools: %s', (_, scores, labels, weights, expected) => {
  expect(shares(scores, labels, weights)).toEqual(expected)
})

test('the curve is shrunk by one row of the common kind', () => {
  // Half of all cheat: (0 + 0.5) / (2 + 1) and (2 + 0.5) / (2 + 1).
  expect(isotonic([1, 2, 3, 4], [0, 0, 1, 1])).toEqual({ x: [1, 2, 3, 4], y: [0.5 / 3, 0.5 / 3, 2.5 / 3, 2.5 / 3] })
})

test('a small pool at the low end raises none of those above it', () => {
  const scores = Array.from({ length: 1002 }, (_, i) => i)
  const labels = scores.map((i) => (i === 1 || i > 991 ? 1 : 0))
  // The first row alone would stand at (0 + 0.011) / 2; the thousand after it, of whom one cheats, at about 0.001.
  const curve = isotonic(scores, labels)
  expect(heightAt(curve, 0)).toBeCloseTo(0.001, 4)
  expect(heightAt(curve, 500)).toBeCloseTo(0.001, 4)
})

test('one kind alone, or an infinite score, is refused', () => {
  expect(() => isotonic([1, 2], [0, 0])).toThrow('rows of both kinds')
  expect(() => isotonic([1, 2], [1, 1])).toThrow('rows of both kinds')
  expect(() => isotonic([1, Infinity], [0, 1])).toThrow('no finite number')
})

describe('over random rows', () => {
  const random = new Random(3, 'isotonic')
  const cases = Array.from({ length: 200 }, () => {
    const n = random.int(2, 9)
    return {
      scores: Array.from({ length: n }, () => random.int(0, 6)),
      // Both kinds at least once.
      labels: Array.from({ length: n }, (_, i) => (i < 2 ? i : random.int(0, 1))),
      weights: Array.from({ length: n }, () => random.pick([0.5, 1, 2])),
    }
  })
  const loss = (c: (typeof cases)[number], at: (score: number) => number): number => c.scores.reduce((sum, s, i) => sum + (c.weights[i] as number) * ((c.labels[i] as number) - at(s)) ** 2, 0)

  /** The least squares over all ways to cut the distinct scores into blocks, each at its mean, whose means do not fall. */
  function bruteForce(c: (typeof cases)[number]): number {
    const distinct = [...new Set(c.scores)].sort((a, b) => a - b)
    let least = Infinity
    for (let cuts = 0; cuts < 2 ** (distinct.length - 1); cuts++) {
      let block = 0
      const blockOf = new Map(distinct.map((score, i) => [score, i > 0 && (cuts >> (i - 1)) & 1 ? ++block : block]))
      const means = Array.from({ length: block + 1 }, (_, b) => {
        const rows = c.scores.map((_, i) => i).filter((i) => blockOf.get(c.scores[i] as number) === b)
        return rows.reduce((sum, i) => sum + (c.weights[i] as number) * (c.labels[i] as number), 0) / rows.reduce((sum, i) => sum + (c.weights[i] as number), 0)
      })
      if (means.every((m, i) => i === 0 || m >= (means[i - 1] as number))) least = Math.min(least, loss(c, (s) => means[blockOf.get(s) as number] as number))
    }
    return least
  }

  test('pools are the least squares', () => {
    for (const c of cases) {
      const pools = pooled(c.scores, c.labels, c.weights)
      const at = (score: number): number => {
        const pool = pools.find((p) => p.low <= score && score <= p.high)
        return pool === undefined ? NaN : pool.hits / pool.weight
      }
      expect(loss(c, at)).toBeCloseTo(bruteForce(c), 12)
    }
  })

  test('the order of the rows does not matter', () => {
    for (const c of cases) {
      const order = random.shuffled(c.scores.map((_, i) => i))
      const of = (list: number[]): number[] => order.map((i) => list[i] as number)
      const [a, b] = [pooled(c.scores, c.labels, c.weights), pooled(of(c.scores), of(c.labels), of(c.weights))]
      expect(b).toEqual(a)
    }
  })

  test('curves are no further from their pools than the one row moves them, and the runtime reads them', () => {
    for (const c of cases) {
      const curve = isotonic(c.scores, c.labels, c.weights)
      expect(readCalibration('m', new Map([['calibration.json', Buffer.from(JSON.stringify(curve))]]))).toEqual(curve)
      expect(curve.y[0]).toBeGreaterThan(0)
      expect(curve.y.at(-1)).toBeLessThan(1)
      for (const p of pooled(c.scores, c.labels, c.weights)) {
        const size = c.scores.filter((s) => heightAt(curve, s) === heightAt(curve, p.low)).length
        if (size === c.scores.filter((s) => s >= p.low && s <= p.high).length) expect(Math.abs(heightAt(curve, p.low) - p.hits / p.weight)).toBeLessThanOrEqual(1 / (p.weight + 1))
      }
    }
  })

  test('simplified curves keep their ends, their bounds and their rise, and come near', () => {
    const scores = Array.from({ length: 5000 }, () => random.normal(0, 3))
    const curve = isotonic(scores, scores.map((s) => (random.chance(1 / (1 + Math.exp(-s))) ? 1 : 0)))
    expect(curve.x.length).toBeGreaterThan(40)
    for (const points of [2, 3, 20, 40]) {
      const few = simplified(curve, points)
      expect(few.x).toHaveLength(points)
      expect([few.x[0], few.y[0], few.x.at(-1), few.y.at(-1)]).toEqual([curve.x[0], curve.y[0], curve.x.at(-1), curve.y.at(-1)])
      expect(few.x.every((v, i) => curve.y[curve.x.indexOf(v)] === few.y[i])).toBe(true)
      expect(few.x.every((v, i) => i === 0 || (v > (few.x[i - 1] as number) && (few.y[i] as number) >= (few.y[i - 1] as number)))).toBe(true)
    }
    const away = scores.map((s) => Math.abs(heightAt(simplified(curve, 40), s) - heightAt(curve, s)))
    expect(away.reduce((a, b) => a + b) / away.length).toBeLessThan(0.005)
    expect(simplified(curve, 10_000)).toEqual(curve)
    expect(() => simplified(curve, 1)).toThrow('a curve keeps its ends')
  })

  test('a corner that matters stays', () => {
    expect(simplified({ x: [0, 1, 2, 3, 4], y: [0, 0, 0, 0.9, 1] }, 3)).toEqual({ x: [0, 2, 4], y: [0, 0, 1] })
  })
})
