import { expect, test } from 'vitest'
import { activity, FEATURES, readFeatures, type Around } from './index.ts'

const around: Around = { cadence: 15_000, span: undefined, sends: () => true, lengthOf: () => undefined, minutesEast: () => 480 }

test('a learner takes at most 1,024 bytes and two texts', () => {
  expect(activity.numbers.length * Float64Array.BYTES_PER_ELEMENT).toBeLessThanOrEqual(1024)
  expect([activity.refs, activity.rares]).toEqual([['chapter', 'session'], []])
})

test('of a learner who has done nothing all is missing but that there is no evidence', () => {
  const into = new Float64Array(FEATURES.length + 2).fill(7)
  readFeatures(activity.make(), around, into, 1)
  expect([...into].flatMap((v, i) => (Number.isNaN(v) ? [] : [[FEATURES[i - 1]?.name, v]]))).toEqual([
    [undefined, 7], ['evidence-minutes', 0], ['evidence-beats', 0], ['evidence-sittings', 0], [undefined, 7],
  ])
})
