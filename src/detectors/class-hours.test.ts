import { expect, test } from 'vitest'
import { classCatalogue, judged, studies } from '../testing/class-study.ts'
import { classHours } from './class-hours.ts'

// Three chapters of 45 minutes.
const facts = (hours: number, params = {}) => judged(classHours, classCatalogue({ hours }), [studies('08:00:00', 'L1')], params).warnings.map((w) => [w.facts.kind, w.facts.planned, w.facts.limitDifference])

test.each<[number, unknown[]]>([
  [3, []], [2, []], [4, []], [1.9, [['more', 3, 1]]], [4.1, [['less', 3, 1]]],
])('%d hours approved', (hours, expected) => {
  expect(facts(hours)).toEqual(expected)
})

test('a share of many hours, and hours of another length', () => {
  expect(facts(3, { hour: '1h', least: 0.5, tolerance: 0.3 })).toEqual([])
  expect(facts(3, { hour: '1h', least: 0.5, tolerance: 0.2 })).toEqual([['less', 2.3, 0.6]])
})

test.each([
  ['no approved hours', { ...classCatalogue() }, 'the class has no approved hours'],
  ['a chapter without a length', { ...classCatalogue({ hours: 30 }), courses: [{ id: 'law', chapters: [{ id: 'c1', length: 2700 }, { id: 'p1', kind: 'practice' as const }] }] }, 'a chapter of the class has no length'],
  ['a course without chapters', { ...classCatalogue({ hours: 30 }), courses: [{ id: 'law', chapters: [] }] }, 'a course of the class is unknown, or its chapters are'],
])('%s is not evaluable', (_, catalogue, reason) => {
  expect(judged(classHours, catalogue, [studies('08:00:00', 'L1')])).toEqual({ warnings: [], unjudged: [`p1: ${reason} (1)`] })
})

test('what is unknown can only add to what is too much', () => {
  const catalogue = { ...classCatalogue({ hours: 2 }), courses: [{ id: 'law', chapters: [{ id: 'c1', length: 27_000 }, { id: 'c2' }] }] }
  expect(judged(classHours, catalogue, [studies('08:00:00', 'L1')]).warnings).toMatchObject([{ facts: { kind: 'more', hours: 2, planned: 10 } }])
})
