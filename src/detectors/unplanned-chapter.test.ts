import { expect, test } from 'vitest'
import { classCatalogue, judged, studies } from '../testing/class-study.ts'
import { unplannedChapter } from './unplanned-chapter.ts'

test('chapters of no course of the class, told once two learners have studied them', () => {
  const events = [
    studies('08:00:00', 'L1'), studies('08:20:00', 'L1', 'x1'), studies('08:40:00', 'L1', 'x2'), studies('09:00:00', 'L2', 'x2'), studies('2026-03-12T09:00:00', 'L1'),
  ]
  const { warnings, unjudged } = judged(unplannedChapter, classCatalogue(), events)
  expect(warnings).toMatchObject([{
    episode: 'ended', subject: { kind: 'class', id: 'k1' }, institutions: ['i1'], learners: [], chapters: ['x1', 'x2'], begin: '2026-03-02T08:20:00.000Z', end: '2026-03-02T09:00:00.000Z',
    facts: { chapters: 2, first: 'x1', learners: 2, limitLearners: 2 }, summary: { en: '2 learners studied 2 chapters (the first: x1) that are in no course of the class (limit 2 learners)' },
  }])
  expect(unjudged).toEqual([])
})

test('strays that were seen before the first chapter of the plan count once that is seen', () => {
  const { warnings, unjudged } = judged(unplannedChapter, classCatalogue(), [studies('08:00:00', 'L1', 'x1'), studies('08:10:00', 'L2', 'x1'), studies('08:20:00', 'L3')])
  expect(warnings).toMatchObject([{ begin: '2026-03-02T08:00:00.000Z', raised: '2026-03-02T08:20:00.000Z', facts: { learners: 2 } }])
  expect(unjudged).toEqual(['p1: no chapter of the plan was seen in the class so far (1)'])
})

test.each([
  ['other names for all chapters', classCatalogue(), ['p1: no chapter of the plan was seen in the class so far (1)']],
  ['a course without chapters', { ...classCatalogue(), courses: [{ id: 'law' }] }, ['p1: a course of the class is unknown, or its chapters are (1)']],
  ['a class without courses', classCatalogue({ courses: [] }), ['p1: a course of the class is unknown, or its chapters are (1)']],
])('%s: not evaluable', (_, catalogue, unjudged) => {
  const events = ['L1', 'L2', 'L3'].map((l, i) => studies(`08:1${i}:00`, l, 'video-1'))
  expect(judged(unplannedChapter, catalogue, events)).toEqual({ warnings: [], unjudged })
})

test('one learner, as often as may be, is none of it', () => {
  const events = ['02', '03', '04'].flatMap((day) => [studies(`2026-03-${day}T08:00:00`, 'L1'), studies(`2026-03-${day}T09:00:00`, 'L1', 'x1')])
  expect(judged(unplannedChapter, classCatalogue(), events).warnings).toEqual([])
  expect(judged(unplannedChapter, classCatalogue(), events, { learners: 1 }).warnings).toMatchObject([{ facts: { learners: 1 } }])
})
