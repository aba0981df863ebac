import { expect, test } from 'vitest'
import { forgetTallies, note, ROOM, shownTallies, steadiness, steadyWeight, weights, type Tallies } from './tally.ts'

const CHANCE = 1e-4

const newTallies = (): Tallies => ({ tallies: undefined, active: 0, shown: 0, ids: undefined })

function shownAfter(outcomes: readonly boolean[], honest: number, program: number): boolean {
  const w = weights(honest, program)
  const tallies = newTallies()
  return outcomes.some((hit, i) => note(tallies, 0, hit ? w.hit : w.miss, 1, i, `e${i}`, CHANCE, false))
}

/** A small linear congruential generator: the same numbers everywhere. */
function random(seed: number): () => number {
  let x = seed
  return () => (x = (x * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648
}

test.each([
  ['5 hits of one in ten show a sign', 5, 0.1, 0.9, true],
  ['4 do not', 4, 0.1, 0.9, false],
  ['16 hits of one in two do', 16, 0.5, 0.9, true],
  ['15 do not', 15, 0.5, 0.9, false],
])('%s', (_, hits, honest, program, expected) => {
  expect(shownAfter(Array<boolean>(hits).fill(true), honest, program)).toBe(expected)
})

test('one odd outcome costs some evidence, not all', () => {
  const outcomes = [true, true, true, false, true, true, true]
  expect(shownAfter(outcomes, 0.1, 0.9)).toBe(true)
  expect(shownAfter(outcomes.slice(0, 5), 0.1, 0.9)).toBe(false)
})

test('evidence begins anew when the score has fallen to 0', () => {
  const w = weights(0.1, 0.9)
  const tallies = newTallies()
  note(tallies, 3, w.hit, 7, 100, 'a', CHANCE, false)
  note(tallies, 3, w.miss, 9, 200, 'b', CHANCE, false)
  for (let i = 0; i < 5; i++) note(tallies, 3, w.hit, 5, 300 + i, `c${i}`, CHANCE, false)
  expect(shownTallies(tallies)).toEqual([{ sign: 3, trials: 5, hits: 5, sum: 25, begin: 300, id: 'c4' }])
})

test('a learner without evidence has no tally', () => {
  const tallies = newTallies()
  expect(note(tallies, 0, -1, 1, 1, 'a', CHANCE, false)).toBe(false)
  expect(tallies).toEqual(newTallies())
})

test('an open episode keeps the counts of a sign that was shown', () => {
  const w = weights(0.1, 0.9)
  const tallies = newTallies()
  for (let i = 0; i < 6; i++) note(tallies, 0, w.hit, 2, i, `e${i}`, CHANCE, true)
  for (let i = 0; i < 6; i++) note(tallies, 0, w.miss, 9, i, `m${i}`, CHANCE, true)
  expect(shownTallies(tallies)).toMatchObject([{ trials: 12, hits: 6, sum: 12 }])
})

test('signs do not mix, and a third one takes memory only while it has evidence', () => {
  const w = weights(0.1, 0.9)
  const tallies = newTallies()
  const all = (weight: number, signs: readonly number[]): void => signs.forEach((s) => note(tallies, s, weight, s, s, `e${s}`, CHANCE, false))
  for (let i = 0; i < 5; i++) all(w.hit, [9, 2, 7, 4])
  for (let i = 0; i < 9; i++) all(w.miss, [2])
  for (let i = 0; i < 5; i++) all(w.hit, [0])
  expect(shownTallies(tallies).map((t) => [t.sign, t.hits, t.sum, t.begin, t.id])).toEqual([9, 7, 4, 0].map((s) => [s, 5, 5 * s, s, `e${s}`]))
  for (let i = 0; i < 9; i++) all(w.miss, [9, 7, 4, 0])
  expect(shownTallies(tallies)).toEqual([])
  expect(tallies).toMatchObject({ active: 0, shown: 0 })
  expect(tallies.tallies).toHaveLength(ROOM)
})

test('after an episode nothing is left', () => {
  const w = weights(0.1, 0.9)
  const tallies = newTallies()
  for (let i = 0; i < 20; i++) note(tallies, i % 4, w.hit, 1, i, `e${i}`, CHANCE, false)
  forgetTallies(tallies)
  expect(tallies).toEqual(newTallies())
})

test('an honest learner whose outcomes are as likely as assumed hardly ever shows a sign', () => {
  const r = random(7)
  let shown = 0
  for (let i = 0; i < 2000; i++) if (shownAfter(Array.from({ length: 200 }, () => r() < 0.1), 0.1, 0.9)) shown++
  // Page's sums begin anew again and again: up to 200 times the chance of one.
  expect(shown / 2000).toBeLessThanOrEqual(0.005)
})

test.each([
  ['equal lengths speak for a program', 1, true],
  ['a tenth more still does', 1.1, true],
  ['half as long again does not', 1.5, false],
  ['twice as long does not', 2, false],
])('%s', (_, ratio, speaks) => {
  expect(steadyWeight(steadiness(0.45, 0.15), Math.log(ratio)) > 0).toBe(speaks)
})

test('no single pair of lengths undoes much evidence', () => {
  expect(steadyWeight(steadiness(0.9, 0.15), Math.log(100))).toBe(-2.5)
})
