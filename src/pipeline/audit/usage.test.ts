import { expect, test } from 'vitest'
import { loadCatalogue } from '../../catalogue/load.ts'
import type { LearnerSittings, Sitting } from './sittings.ts'
import { UsageCounter } from './usage.ts'

const catalogue = loadCatalogue(`
platforms: [{ id: p }]
courses: [{ id: a, title: Safety, chapters: [{ id: c1 }, { id: c2 }, { id: c3 }, { id: c4 }] }]
classes: [{ id: k, platform: p, courses: [a], timeZone: Asia/Shanghai, learners: [L1, L2] }]
`, 'catalogue.yaml')

const sitting = (begin: string, minutes: number, more: Partial<Sitting> = {}): Sitting => ({
  practice: false, completed: false, class: undefined, institution: undefined, course: undefined, begin: Date.parse(begin), end: Date.parse(begin) + minutes * 60_000, watched: [0, minutes * 60], length: undefined, credited: minutes * 60, missing: undefined, ...more,
})
const learner = (id: string, chapters: Record<string, Sitting[]>): LearnerSittings => ({ platform: 'p', learner: id, chapters: new Map(Object.entries(chapters)) })

test('hours and days are those of the class, each learner counts once in each', () => {
  const counter = new UsageCounter(catalogue, undefined)
  counter.add(learner('L1', { c1: [sitting('2026-03-01T15:50:00Z', 30), sitting('2026-03-01T16:05:00Z', 5)] }))
  counter.add(learner('L2', { c1: [sitting('2026-03-02T16:10:00Z', 5)] }))
  counter.add(learner('L3', { c1: [sitting('2026-03-02T16:10:00Z', 5)] }))
  const usage = counter.usage().get('p')
  const active = Object.fromEntries((usage?.hours ?? []).flatMap((n, hour) => (n > 0 ? [[hour, n]] : [])))
  // 15:50 to 16:20 in UTC is 23:50 to 00:20 in Shanghai; L3 is in no class.
  expect(active).toEqual({ 0: 2, 16: 1, 23: 1 })
  expect(usage?.days).toEqual([{ day: '2026-03-01', learners: 1 }, { day: '2026-03-02', learners: 2 }, { day: '2026-03-03', learners: 1 }])
})

test('without a class the time zone is the one that is named', () => {
  const counter = new UsageCounter(catalogue, 'America/New_York')
  counter.add(learner('L3', { c1: [sitting('2026-03-02T16:10:00Z', 5)] }))
  expect(counter.usage().get('p')?.hours[11]).toBe(1)
})

test('a clock that is wrong by years is no endless sitting', () => {
  const counter = new UsageCounter(catalogue, undefined)
  counter.add(learner('L1', { c1: [sitting('2026-03-02T00:00:00Z', 60 * 24 * 365 * 20)] }))
  expect(counter.usage().get('p')?.days).toHaveLength(8)
})

test('medians leave out who only looked in, and practice', () => {
  const counter = new UsageCounter(catalogue, undefined)
  counter.add(learner('L1', { c1: [sitting('2026-03-02T00:00:00Z', 10), sitting('2026-03-02T01:00:00Z', 20, { watched: [0, 600] }), sitting('2026-03-02T02:00:00Z', 0.5), sitting('2026-03-02T03:00:00Z', 90, { practice: true, watched: [] }), sitting('2026-03-02T04:00:00Z', 30, { watched: [] })] }))
  expect(counter.usage().get('p')).toMatchObject({ sitting: 1200, rate: 0.75 })
})

test('completion is of those who began the course', () => {
  const counter = new UsageCounter(catalogue, undefined)
  const done = { completed: true }
  counter.add(learner('L1', Object.fromEntries(['c1', 'c2', 'c3', 'c4'].map((c) => [c, [sitting('2026-03-02T00:00:00Z', 5, done)]]))))
  counter.add(learner('L2', { c1: [sitting('2026-03-02T00:00:00Z', 5), sitting('2026-03-02T01:00:00Z', 5, done)], c2: [sitting('2026-03-02T00:00:00Z', 5)], other: [sitting('2026-03-02T00:00:00Z', 5, done)] }))
  expect(counter.completion()).toEqual([{ course: 'a', title: 'Safety', chapters: 4, learners: 2, share: 0.625, all: 1 }])
})
