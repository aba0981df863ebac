import { expect, test } from 'vitest'
import { FEATURES } from '../models/features/index.ts'
import { Random } from '../simulate/random.ts'
import type { Rows } from './rows.ts'
import { withSlips } from './slips.ts'

const WIDTH = FEATURES.length
const LEARNERS = 600
const MISSING = FEATURES.findIndex((f) => f.name === 'gap-memory')

/** Two rows of each learner, of which one feature that slips change is missing. */
function plain(): Rows {
  const values = new Float32Array(2 * LEARNERS * WIDTH).fill(0.5)
  for (let row = 0; row < 2 * LEARNERS; row++) values[row * WIDTH + MISSING] = NaN
  return {
    width: WIDTH, count: 2 * LEARNERS, values, person: Int32Array.from({ length: 2 * LEARNERS }, (_, i) => i >> 1), at: new Float64Array(2 * LEARNERS), sitting: new Int32Array(2 * LEARNERS),
    people: Array.from({ length: LEARNERS }, (_, i) => ({ platform: 'p', learner: `L${i}`, class: 'c', institution: 'i', kind: i % 2 === 0 ? ('honest' as const) : ('cheater' as const) })),
  }
}

/** For each learner the features that a slip has changed, by the first and by the second row. */
function changed(before: Rows, after: Rows): string[][][] {
  return before.people.map((_, p) => [2 * p, 2 * p + 1].map((row) => FEATURES.flatMap(({ name }, f) => (Object.is(before.values[row * WIDTH + f], after.values[row * WIDTH + f]) ? [] : [name]))))
}

test('some learners, honest or not, have one or two slips, in all their rows', () => {
  const before = plain()
  const slips = changed(before, withSlips(before, new Random(3, 'slips')))
  const slipped = slips.map(([first = []], i) => ({ isHonest: i % 2 === 0, first })).filter(({ first }) => first.length > 0)
  expect(slipped.length / LEARNERS).toBeGreaterThan(0.1)
  expect(slipped.length / LEARNERS).toBeLessThan(0.2)
  expect(Math.abs(slipped.filter((w) => w.isHonest).length / slipped.length - 0.5)).toBeLessThan(0.15)
  for (const [first, second] of slips) expect(second).toEqual(first)
  expect(slips.flat(2)).not.toContain('gap-memory')
  // Between them all kinds are met.
  expect(new Set(slipped.flatMap((w) => w.first)).size).toBeGreaterThan(15)
})

test('the same seed gives the same slips, and the rows given stay as they are', () => {
  const before = plain()
  const values = before.values.slice()
  const [one, again, other] = [3, 3, 4].map((seed) => withSlips(before, new Random(seed, 'slips')).values)
  expect(one).toEqual(again)
  expect(other).not.toEqual(one)
  expect(before.values).toEqual(values)
})
