import { expect, test } from 'vitest'
import { classCatalogue, judged, studies } from '../testing/class-study.ts'
import { classDates } from './class-dates.ts'

const march = { opens: '2026-03-02', closes: '2026-03-31', timeZone: 'Asia/Shanghai' }

test.each<[string, string, [string, string] | undefined]>([
  ['the last moment before', '2026-03-01T15:59:59.999', ['before', '2026-03-02 00:00']],
  ['the first moment', '2026-03-01T16:00:00', undefined],
  ['the last day', '2026-03-31T15:59:59', undefined],
  ['soon after it closed', '2026-03-31T17:59:59', undefined],
  ['later', '2026-03-31T18:00:00', ['after', '2026-04-01 00:00']],
])('%s', (_, time, expected) => {
  const { warnings } = judged(classDates, classCatalogue(march), [studies(time, 'L1')])
  expect(warnings.map((w) => [w.facts.kind, w.facts.limit])).toEqual(expected === undefined ? [] : [expected])
})

test('before and after are two warnings, and both name the zone by whose clock', () => {
  const { warnings } = judged(classDates, classCatalogue({ opens: '2026-03-02', closes: '2026-03-02' }), [studies('2026-03-01T09:00:00', 'L1'), studies('2026-03-02T12:00:00', 'L1'), studies('2026-03-03T15:00:00', 'L1')])
  expect(warnings.map((w) => [w.episode, w.facts.kind, w.summary.en])).toEqual([
    ['ended', 'before', '1 learner studied in the class before it opens at 2026-03-02 00:00 (UTC)'],
    ['ongoing', 'after', '1 learner studied in the class after it closed at 2026-03-03 00:00 (UTC)'],
  ])
})

test.each([['the day before in UTC, in the morning of the first day in the east', '2026-03-01T23:30:00'], ['the day after in UTC, in the evening of the last day in the west', '2026-03-04T01:00:00']])('of a class without a time zone nothing is told of %s', (_, time) => {
  const { warnings, unjudged } = judged(classDates, classCatalogue({ opens: '2026-03-02', closes: '2026-03-03' }), [studies(time, 'L1')])
  expect([warnings, unjudged]).toEqual([[], time.startsWith('2026-03-01') ? ['p1: the class has no time zone, in which its first and last day could be told to the hour (1)'] : []])
  const later = judged(classDates, classCatalogue({ opens: '2026-03-02', closes: '2026-03-03' }), [studies('2026-03-04T04:00:00', 'L1')])
  expect([later.warnings, later.unjudged.length]).toEqual([[], 1])
})

test('one date is enough for what it says, none is not evaluable', () => {
  const early = [studies('2026-03-01T08:00:00', 'L1')]
  expect(judged(classDates, classCatalogue({ closes: '2026-03-31' }), early).warnings).toEqual([])
  expect(judged(classDates, classCatalogue({ opens: '2026-03-02T08:00:00+08:00' }), early).warnings).toMatchObject([{ facts: { kind: 'before', limit: '2026-03-02 00:00', zone: 'UTC' } }])
  expect(judged(classDates, classCatalogue(), early)).toEqual({ warnings: [], unjudged: ['p1: opening and closing of the class unknown (1)'] })
})
