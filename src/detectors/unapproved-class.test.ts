import { expect, test } from 'vitest'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { at, drive, ruleOf } from '../testing/drive.ts'
import { classCatalogue, judged, studies } from '../testing/class-study.ts'
import { unapprovedClass } from './unapproved-class.ts'

test('a class is one warning, whoever studies in it and for how long', () => {
  const days = ['02', '03', '04', '09'].flatMap((day) => ['L1', 'L2', 'L3', 'L4', 'L5'].map((learner) => studies(`2026-03-${day}T08:00:00`, learner)))
  const d = drive(unapprovedClass, {}, { catalogue: classCatalogue({ status: 'submitted' }) }).feed(...days)
  const revisions = d.mark('2026-03-20T00:00:00').warnings()
  // Told at the first learner, the second, the fourth, and at the end.
  expect(revisions.map((w) => [w.revision, w.episode, w.facts.learners])).toEqual([[1, 'ongoing', 1], [2, 'ongoing', 2], [3, 'ongoing', 4], [4, 'ended', 5]])
  expect(revisions.at(-1)).toMatchObject({
    subject: { kind: 'class', platform: 'p1', id: 'k1' }, class: 'k1', institutions: ['i1'], learners: [], disputed: [],
    begin: '2026-03-02T08:00:00.000Z', end: '2026-03-09T08:00:00.000Z', facts: { status: 'submitted', approved: ['approved'] },
    summary: { en: '5 learners studied in the class while its status is `submitted` (lets it open: approved)' },
  })
  expect(new Set(revisions.map((w) => w.id)).size).toBe(1)
})

test('after a week without study another begins', () => {
  const { warnings } = judged(unapprovedClass, classCatalogue({ status: 'submitted' }), ['2026-03-02T08:00:00', '2026-03-09T07:59:59', '2026-03-16T08:00:00'].map((t) => studies(t, 'L1')))
  expect(warnings.map((w) => [w.begin.slice(0, 10), w.end.slice(0, 10), w.episode])).toEqual([['2026-03-02', '2026-03-09', 'ended'], ['2026-03-16', '2026-03-16', 'ongoing']])
})

test.each(['0s', '61d'])('an episode cannot end after %s', (end) => {
  expect(() => drive(unapprovedClass, { end })).toThrow('must be from 1s to 60d')
})

test('once the class is approved the episode ends with the next study', () => {
  const d = drive(unapprovedClass, {}, { catalogue: classCatalogue({ status: 'submitted' }) }).feed(studies('08:00:00', 'L1')).mark('09:00:00')
  d.machine.renew({ rules: [ruleOf(unapprovedClass)], catalogue: new Catalogue(catalogueSchema.parse(classCatalogue({ status: 'approved' }))), context: 'approved' })
  const [warning, ...more] = d.feed(studies('10:00:00', 'L2')).mark('11:00:00').latest()
  expect(more).toEqual([])
  expect(warning).toMatchObject({ episode: 'ended', end: '2026-03-02T08:00:00.000Z', raised: '2026-03-02T10:00:00.000Z', facts: { learners: 1 } })
})

test.each([
  ['approved', [], true],
  [' APPROVED ', [], true],
  ['已批准', ['approved', '已批准'], true],
  ['not approved', [], false],
  ['rejected', [], false],
])('status `%s`', (status, approved, isFine) => {
  const { warnings } = judged(unapprovedClass, classCatalogue({ status }), [studies('08:00:00', 'L1')], approved.length > 0 ? { approved } : {})
  expect(warnings.length === 0).toBe(isFine)
})

test('a class without a status, or that the catalogue does not have, is not evaluable and not clean', () => {
  const events = [studies('08:00:00', 'L1'), studies('08:30:00', 'L2'), studies('08:40:00', 'L3', 'c1', { class: 'k9' })]
  expect(judged(unapprovedClass, classCatalogue(), events)).toEqual({ warnings: [], unjudged: ['p1: the class has no status (1)', 'p1: the class is not in the catalogue (1)'] })
})

test('whoever logs in, teaches, or has left does not study', () => {
  const catalogue = classCatalogue({ status: 'submitted', teachers: ['T1', 'teacher-login'] })
  const events = [
    at('08:00:00', 'logged-in', 'L1', undefined, { class: 'k1' }), at('08:01:00', 'logged-out', 'L1', undefined, { class: 'k1' }),
    studies('08:00:00', 'T1'), studies('08:00:00', 'x', 'c1', { account: 'teacher-login' }),
  ]
  expect(judged(unapprovedClass, catalogue, events).warnings).toEqual([])
})

test('a class that only the roster knows', () => {
  const [warning] = judged(unapprovedClass, classCatalogue({ status: 'submitted', learners: ['L1'] }), [at('08:00:00', 'played', 'L1', 'c1', { position: 0 })]).warnings
  expect(warning?.subject).toEqual({ kind: 'class', platform: 'p1', id: 'k1' })
})
