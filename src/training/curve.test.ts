import { describe, expect, test } from 'vitest'
import { Random } from '../simulate/random.ts'
import { auc, precisionAt, recallAt, rocPoints, shareAbove, thresholdAt, type Scored } from './curve.ts'

test.each<[string, number[], number[], number | undefined]>([
  ['apart', [1, 2], [3, 4], 1],
  ['the wrong way round', [3, 4], [1, 2], 0],
  ['all equal', [5, 5, 5], [5, 5], 0.5],
  ['one pair of four wrong', [1, 3], [2, 4], 0.75],
  ['a tie counts half', [1, 2], [2, 3], 0.875],
  ['infinite scores', [-Infinity, 0], [0, Infinity], 0.875],
  ['nobody cheats', [1], [], undefined],
  ['nobody is honest', [], [1], undefined],
])('area under the curve: %s', (_, honest, cheating, expected) => {
  expect(auc({ honest, cheating })).toBe(expected)
})

const ten = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

test.each<[string, number[], number, number]>([
  ['none may pass', ten, 0, 9 + 2 ** -49],
  ['one in ten', ten, 0.1, 8 + 2 ** -49],
  ['a share between two', ten, 0.19, 8 + 2 ** -49],
  ['all may', ten, 1, -Infinity],
  ['equal scores pass or fail together', [1, 7, 7, 7], 0.5, 7 + 2 ** -50],
  ['0.29 of a hundred are 29', Array.from({ length: 100 }, (_, i) => i), 0.29, 70 + 2 ** -46],
  ['just above zero', [-1, 0], 0, Number.MIN_VALUE],
  ['just above minus zero', [-1, -0], 0, Number.MIN_VALUE],
  ['just above a negative', [-2, -1], 0, -1 + 2 ** -53],
  ['above minus infinity', [-Infinity, 3], 0.5, -Number.MAX_VALUE],
  ['nothing is above infinity', [1, Infinity], 0, NaN],
])('threshold: %s', (_, honest, share, expected) => {
  expect(thresholdAt(honest, share)).toBe(expected)
})

test('recall is that at the threshold', () => {
  const cheating = [8, 8.5, 9, 9.5]
  expect(recallAt({ honest: ten, cheating }, 0.1)).toBe(0.75)
  expect(recallAt({ honest: ten, cheating }, 0)).toBe(0.25)
  expect(recallAt({ honest: ten, cheating }, 1)).toBe(1)
  expect(recallAt({ honest: [1, Infinity], cheating: [Infinity, 2] }, 0)).toBe(0)
  expect(recallAt({ honest: [], cheating }, 0.1)).toBeUndefined()
  expect(recallAt({ honest: ten, cheating: [] }, 0.1)).toBeUndefined()
})

test('precision: of 1,000 learners 20 cheat, 19 of them are caught and 1 of the honest', () => {
  expect(precisionAt(19 / 20, 1 / 980, 20 / 1000)).toBeCloseTo(19 / 20, 12)
  expect(precisionAt(0.5, 0, 0.02)).toBe(1)
  expect(precisionAt(0, 0, 0.02)).toBeUndefined()
})

test('the curve has a corner where it turns', () => {
  expect(rocPoints({ honest: [1, 2, 3, 4], cheating: [3.5, 5, 6, 7] })).toEqual([[0, 0], [0, 0.75], [0.25, 0.75], [0.25, 1], [1, 1]])
  expect(rocPoints({ honest: [1, 1], cheating: [1, 1] })).toEqual([[0, 0], [1, 1]])
  expect(rocPoints({ honest: [-Infinity, 0], cheating: [0, Infinity] })).toEqual([[0, 0], [0, 0.5], [0.5, 1], [1, 1]])
})

test('what is no number is refused', () => {
  expect(() => auc({ honest: [NaN], cheating: [1] })).toThrow('a score is not a number')
  expect(() => thresholdAt([1, NaN, 2], 0)).toThrow('a score is not a number')
})

describe('over random scores', () => {
  const random = new Random(1, 'curve')
  /** Few values, so that many are equal; some are infinite. */
  const draw = (least: number): number[] => Array.from({ length: random.int(least, 30) }, () => (random.chance(0.1) ? random.pick([-Infinity, Infinity]) : random.int(-4, 4) / 3))
  const cases: Scored[] = Array.from({ length: 300 }, () => ({ honest: draw(1), cheating: draw(1) }))

  test('the area is the share of pairs in the right order', () => {
    for (const { honest, cheating } of cases) {
      let sum = 0
      for (const h of Array.from(honest)) for (const c of Array.from(cheating)) sum += c > h ? 1 : c === h ? 0.5 : 0
      expect(auc({ honest, cheating })).toBeCloseTo(sum / honest.length / cheating.length, 12)
    }
  })

  test('the area is that under the corners', () => {
    for (const scored of cases) {
      const corners = rocPoints(scored)
      const area = corners.slice(1).reduce((sum, [x, y], i) => sum + ((x - (corners[i] as [number, number])[0]) * (y + (corners[i] as [number, number])[1])) / 2, 0)
      expect(area).toBeCloseTo(auc(scored) as number, 12)
      expect(corners.at(-1)).toEqual([1, 1])
    }
  })

  test('a threshold lets no more than the share pass, and no lower one would do', () => {
    for (const { honest } of cases) {
      const share = random.uniform()
      const threshold = thresholdAt(honest, share)
      expect(shareAbove(honest, threshold)).toBeLessThanOrEqual(share)
      const lower = Array.from(honest).filter((s) => !(s >= threshold))
      if (lower.length > 0) expect(shareAbove(honest, Math.max(...lower))).toBeGreaterThan(share)
    }
  })

  test('recall at a share is the highest corner within it', () => {
    for (const scored of cases) {
      const share = random.pick([0, 0.1, 0.25, 0.5])
      const thresholds = [...Array.from(scored.honest), ...Array.from(scored.cheating), NaN].filter((t) => (shareAbove(scored.honest, t) as number) <= share)
      expect(recallAt(scored, share)).toBe(Math.max(...thresholds.map((t) => shareAbove(scored.cheating, t) as number)))
    }
  })
})
