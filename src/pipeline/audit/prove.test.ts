import { array, assert, double, integer, property, tuple } from '../../testing/fuzz.ts'
import { expect, test } from 'vitest'
import { prove, unionOf, within, type Against, type Stretch } from './prove.ts'
import type { Sitting } from './sittings.ts'

const sitting = (begin: number, end: number, watched: number[], credited: number): Sitting => ({
  practice: false, class: undefined, institution: undefined, course: undefined, begin: begin * 1000, end: end * 1000, watched, length: undefined, completed: false, credited, missing: undefined,
})
const stretch = (begin: number, end: number, seconds = end - begin): Stretch => ({ begin: begin * 1000, end: end * 1000, seconds })
const against = (more: Partial<Against>): Against => ({ played: [], beyond: [], playedWithhold: [], beyondWithhold: [], playedGrave: [], beyondGrave: [], named: [], ...more })

test.each<[string, number[][], number]>([
  ['apart', [[0, 10, 20, 30]], 20], ['over each other', [[0, 10], [5, 15]], 15], ['one in the other', [[0, 100], [5, 15]], 100], ['touching', [[0, 5], [5, 9]], 9], ['nothing', [[]], 0],
])('intervals that lie %s', (_, lists, sum) => expect(unionOf(lists)).toBe(sum))

test.each<[string, Sitting[], number | undefined, number]>([
  ['what was credited', [sitting(0, 100, [0, 90], 80)], undefined, 80],
  ['a media second once', [sitting(0, 100, [0, 90], 90), sitting(200, 300, [0, 90], 90)], undefined, 90],
  ['the chapter, and no more', [sitting(0, 100, [0, 95], 95)], 90, 90],
  ['the clock, where there are no positions', [sitting(0, 100, [], 70), sitting(200, 300, [], 70)], undefined, 140],
  ['nothing', [], 100, 0],
])('%s counts as played', (_, sittings, length, played) => {
  expect(prove(sittings, { length, rate: 1 }, undefined)).toMatchObject({ played, proven: played })
})

test('what was played faster counts as far as the platform credits it', () => {
  const fast = [sitting(0, 50, [0, 100], 50)]
  expect([1, 1.5, 2, 4].map((rate) => prove(fast, { length: 100, rate }, undefined).played)).toEqual([50, 75, 100, 100])
  expect(prove([sitting(0, 100, [0, 100], 100), sitting(200, 250, [], 50)], { length: undefined, rate: 2 }, undefined).played).toBe(150)
  expect(prove(fast, { length: 100, rate: 2 }, against({ played: [stretch(0, 25)] }))).toMatchObject({ played: 100, proven: 50 })
})

test('disputed time of a sitting is not proven, and only of that sitting', () => {
  const two = [sitting(0, 100, [0, 100], 100), sitting(1000, 1100, [100, 200], 100)]
  expect(prove(two, { length: 200, rate: 1 }, against({ played: [stretch(50, 1050)] }))).toMatchObject({ played: 200, proven: 100 })
  expect(prove(two, { length: 200, rate: 1 }, against({ played: [stretch(0, 100)] }))).toMatchObject({ played: 200, proven: 100 })
  expect(prove(two, { length: 200, rate: 1 }, against({ played: [stretch(200, 900)] }))).toMatchObject({ proven: 200 })
})

test('what an undisputed sitting proves, a disputed one of the same media does not take away', () => {
  const twice = [sitting(0, 100, [0, 100], 100), sitting(1000, 1100, [0, 100], 100)]
  expect(prove(twice, { length: 100, rate: 1 }, against({ played: [stretch(1000, 1100)] }))).toMatchObject({ played: 100, proven: 100 })
})

test('a sitting disputed as a whole proves nothing of what only it has watched', () => {
  const half = [sitting(0, 100, [0, 50], 50), sitting(1000, 1100, [50, 150], 100)]
  expect(prove(half, { length: 200, rate: 1 }, against({ played: [stretch(1000, 1100)] }))).toMatchObject({ played: 150, proven: 50 })
})

test('what rules that withhold dispute, and when somebody is named, are told apart', () => {
  const one = [sitting(0, 100, [0, 100], 100)]
  expect(prove(one, { length: 100, rate: 1 }, against({ played: [stretch(0, 30), stretch(20, 60)], playedWithhold: [stretch(20, 60)], playedGrave: [stretch(0, 30)], named: [stretch(50, 100)], beyond: [stretch(-500, 0)], beyondWithhold: [] }))).toEqual({
    played: 100, proven: 40, playedWithhold: 40, questioned: 40, beyond: 500, beyondWithhold: 0, playedGrave: 30, beyondGrave: 0,
  })
})

test.each<[string, Stretch[], number, number, number]>([
  ['one', [stretch(0, 10)], 0, 10, 10],
  ['cut at both ends', [stretch(0, 100)], 20, 30, 10],
  ['thinly spread', [stretch(0, 100, 10)], 0, 50, 5],
  ['the same twice', [stretch(0, 10), stretch(0, 10)], 0, 100, 10],
  ['thin under dense', [stretch(0, 100, 50), stretch(0, 10)], 0, 100, 55],
  ['more seconds than time', [stretch(0, 10, 50)], 0, 100, 10],
  ['elsewhere', [stretch(0, 10)], 20, 30, 0],
])('stretches: %s', (_, list, from, to, seconds) => expect(within(list, from * 1000, to * 1000)).toBeCloseTo(seconds, 9))

test('disputes that mean the same time count once: never more than their sum or the time there is, never less than the largest', () => {
  const stretches = array(tuple(integer({ min: 0, max: 500 }), integer({ min: 1, max: 100 }), double({ min: 0, max: 1, noNaN: true })), { minLength: 1, maxLength: 12 })
  assert(property(stretches, (list) => {
    const all = list.map(([begin, length, share]) => stretch(begin, begin + length, length * share))
    const seconds = within(all, -Infinity, Infinity)
    expect(seconds).toBeLessThanOrEqual(Math.min(all.reduce((sum, s) => sum + s.seconds, 0), unionOf([all.flatMap((s) => [s.begin / 1000, s.end / 1000])])) + 1e-6)
    expect(seconds).toBeGreaterThanOrEqual(Math.max(...all.map((s) => s.seconds)) - 1e-6)
    expect(within([...all].reverse(), -Infinity, Infinity)).toBeCloseTo(seconds, 9)
  }))
})
