import { expect, test } from 'vitest'
import { Event } from '../../telemetry/event.ts'
import { RatesTally } from './rates.ts'

const tallyOf = (named: Readonly<Record<string, number>>, learners = 50): RatesTally => {
  const tally = new RatesTally()
  for (let l = 0; l < learners; l++) tally.take(Object.assign(new Event(), { learner: `L${l}`, action: 'played' }))
  for (const [learner, rate] of Object.entries(named)) tally.take(Object.assign(new Event(), { learner, action: 'rate-changed', rate }))
  return tally
}

test.each([
  ['a quarter that anybody names', { L1: 1.5, L2: 1.25 }, 500, [1.25, 1.5]],
  ['a rate of its own, by two', { L1: 2.3, L2: 2.3 }, 50, []],
  ['the same by three', { L1: 2.3, L2: 2.3, L3: 2.3 }, 50, [2.3]],
  ['three of very many', { L1: 3, L2: 3, L3: 3 }, 500, []],
  ['nobody above 1', { L1: 1, L2: 0.75, L3: 0.75 }, 50, []],
])('%s', (_, named, learners, rates) => {
  expect(tallyOf(named, learners).offered().map((o) => o.rate)).toEqual(rates)
})

test('a rate that no event names is told by how the media advance, if they do so often', () => {
  const tally = tallyOf({})
  for (const learner of ['L1', 'L2', 'L3']) for (let i = 0; i < 12; i++) tally.pair(learner, 15_000, 22.6)
  for (let i = 0; i < 12; i++) tally.pair('L4', 15_000, 15.02)
  for (const learner of ['L5', 'L6', 'L7']) for (let i = 0; i < 5; i++) tally.pair(learner, 15_000, 30)
  for (const learner of ['L5', 'L6', 'L7']) for (let i = 0; i < 12; i++) tally.pair(learner, 15_000, 17 + i)
  expect(tally.offered()).toEqual([{ rate: 1.5, learners: 3, of: 50 }])
})
