import { expect, test } from 'vitest'
import { rate } from './labels.ts'
import { roundTowards, suggest } from './suggest.ts'

const honest = 2000
/** Values with how many of 2,000 honest learners were warned of. */
const points = (of: Readonly<Record<number, number>>) => Object.entries(of).map(([at, part]) => ({ at: Number(at), falseAlarms: rate(part, honest) }))
const floor = (at: number, towards: number) => roundTowards(at, towards, 0)

test('lies on the straight line between the two values around it, rounded towards the stricter one', () => {
  // More is stricter.
  expect(suggest(points({ 10: 400, 20: 200, 30: 100, 40: 20 }), 0.06, floor)).toMatchObject({ at: 28, by: 'interpolated', between: [30, 20], honest, expected: expect.closeTo(0.06) })
  expect(suggest(points({ 10: 400, 20: 200, 30: 100, 40: 20 }), 0.058, floor)).toMatchObject({ at: 29, expected: expect.closeTo(0.055) })
  // Less is stricter.
  expect(suggest(points({ 1: 0, 2: 10, 3: 110 }), 0.03, (at, to) => roundTowards(at, to, 1))).toMatchObject({ at: 2.5, by: 'interpolated', between: [2, 3] })
})

test('a value that rounding leaves at one that was measured is that one', () => {
  expect(suggest(points({ 10: 400, 11: 100 }), 0.06, floor)).toMatchObject({ at: 11, by: 'measured', expected: 0.05 })
})

test('never goes beyond what was measured', () => {
  expect(suggest(points({ 10: 400, 20: 200 }), 0.05, floor)).toMatchObject({ at: undefined, why: 'even at the strictest value that was tried 10 % of the honest are warned of; sweep further' })
  expect(suggest(points({ 10: 40, 20: 20 }), 0.05, floor)).toMatchObject({ at: 10, by: 'measured', expected: 0.02, note: expect.stringContaining('most lenient') })
  expect(suggest(points({ 10: 0, 20: 0 }), 0.05, floor)).toMatchObject({ at: undefined, why: expect.stringContaining('every value that was tried warns of 0 % of the honest') })
})

test('where the share goes up and down, the highest of the stricter values counts', () => {
  // At 20 by chance fewer than at 30: nothing more lenient than 30 is believed until its share is above that.
  expect(suggest(points({ 10: 300, 20: 40, 30: 100, 40: 20 }), 0.04, floor)).toMatchObject({ at: 33, between: [40, 30] })
  expect(suggest(points({ 10: 300, 20: 40, 30: 100, 40: 20 }), 0.05, floor)).toMatchObject({ at: 20, by: 'measured' })
})

test('too few honest learners show nothing', () => {
  const few = [{ at: 1, falseAlarms: rate(0, 100) }, { at: 2, falseAlarms: rate(3, 100) }]
  expect(suggest(few, 0.005, floor)).toMatchObject({ at: undefined, why: '100 honest learners cannot show a share of 0.5 %: 200 at least are needed' })
  expect(suggest(few, 0.02, floor)).toMatchObject({ at: 1, by: 'measured', interval: [0, expect.closeTo(0.037, 3)] })
  expect(suggest([{ at: 1, falseAlarms: rate(0, 0) }], 0.005, floor)).toMatchObject({ at: undefined, why: expect.stringContaining('no honest learner') })
})

test.each([[43_217, 40_000, -3, 43_000], [43_217, 50_000, -3, 44_000], [0.1234, 0, 2, 0.12], [0.3, 0, 1, 0.3], [0.1 + 0.2, 1, 1, 0.3], [7, 9, 0, 7]])('%d towards %d with %i decimals is %d', (at, towards, decimals, expected) => {
  expect(roundTowards(at, towards, decimals)).toBe(expected)
})
