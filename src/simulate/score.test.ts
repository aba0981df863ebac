import { expect, test } from 'vitest'
import { score, type ScoredWarning } from './score.ts'
import type { Labelled, Truth } from './truth.ts'

const learner = (id: string, rest: Partial<Labelled>): Labelled => ({
  platform: 'p', learner: id, kind: rest.archetype === undefined ? 'honest' : 'cheater', class: 'c', institution: 'i', from: '2026-03-02T08:00:00Z', ...rest,
})
const learners = [
  learner('m1', { archetype: 'mimic' }), learner('m2', { archetype: 'mimic' }),
  learner('t1', { archetype: 'teacher', group: 0 }), learner('t2', { archetype: 'teacher', group: 0 }),
  learner('h1', { slice: 'ordinary' }), learner('h2', { slice: 'ordinary' }), learner('h3', { slice: 'mobile' }), learner('h4', { slice: 'mobile' }),
]
const truth: Truth = {
  format: 1, seed: 1, start: '2026-03-02', days: 1, learners,
  groups: [{ archetype: 'teacher', platform: 'p', class: 'c', teacher: 'T', learners: ['t1', 't2'] }],
  archetypes: { mimic: '', teacher: '', farm: '' },
  counts: { learners: 8, honest: 4, cheaters: 4, events: 0, byLabel: {} },
}
const warning = (id: string, names: string[], rest: Partial<ScoredWarning> = {}): ScoredWarning => ({
  id, revision: 1, episode: 'ended', rule: 'r', severity: 'high', subject: { kind: 'learner', platform: 'p', id: names[0] ?? '' },
  learners: names.map((n) => ({ platform: 'p', id: n })), raised: '2026-03-02T08:10:00Z', ...rest,
})

test('counts who was caught and who was accused wrongly', () => {
  const s = score(truth, [warning('a', ['m1']), warning('b', ['h3'], { rule: 'q' }), warning('c', ['nobody'])])
  expect(s.cheaters).toEqual({ learners: 4, warned: 1, share: 0.25 })
  expect(s.honest).toEqual({ learners: 4, warned: 1, share: 0.25 })
  expect(s.precision).toBe(0.5)
  expect(s.minutes).toBe(10)
  expect(s.archetypes.map((a) => [a.archetype, a.share, a.minutes])).toEqual([['mimic', 0.5, 10], ['teacher', 0, undefined]])
  expect(s.slices.map((x) => [x.slice, x.share, x.ratio])).toEqual([['mobile', 0.5, 2], ['ordinary', 0, 0]])
  expect(s.rules.map((r) => [r.rule, r.warnings, r.cheaters, r.honest, r.honestShare])).toEqual([['q', 1, 0, 1, 0.25], ['r', 2, 1, 0, 0]])
})

test.each<[string, ScoredWarning[], number]>([
  ['a withdrawn warning does not count', [warning('a', ['m1']), warning('a', ['m1'], { revision: 2, episode: 'withdrawn' })], 0],
  ['nor does a low one', [warning('a', ['m1'], { severity: 'low' })], 0],
  ['the latest revision counts, in whatever order they come', [warning('a', ['m1', 'm2'], { revision: 2 }), warning('a', ['m1'])], 2],
])('%s', (_, warnings, caught) => {
  expect(score(truth, warnings).cheaters.warned).toBe(caught)
})

test('the time is that of the first revision', () => {
  const later = warning('a', ['m1'], { revision: 2, raised: '2026-03-02T09:00:00Z' })
  expect(score(truth, [warning('a', ['m1']), later, warning('b', ['m2'], { raised: '2026-03-02T08:20:00Z' })]).minutes).toBe(15)
})

test.each<[string, ScoredWarning[], number]>([
  ['by its teacher', [warning('a', ['t1'], { subject: { kind: 'teacher', platform: 'p', id: 'T' } })], 1],
  ['by two learners at once', [warning('a', ['t1', 't2'])], 1],
  ['not by one at a time', [warning('a', ['t1']), warning('b', ['t2'])], 0],
])('a group is caught %s', (_, warnings, caught) => {
  expect(score(truth, warnings).archetypes.find((a) => a.archetype === 'teacher')).toMatchObject({ groups: 1, groupsCaught: caught })
})
