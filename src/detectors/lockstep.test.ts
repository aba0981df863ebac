import { expect, test } from 'vitest'
import { drive } from '../testing/drive.ts'
import { honestTimetable, inStepWith, randomOf, study } from '../testing/study.ts'
import { lockstep } from './lockstep.ts'

test('four of a class in step, each at an address of their own', () => {
  const random = randomOf(1)
  const table = honestTimetable(random, '09:00:00', 8, 10)
  const d = drive(lockstep)
  for (let i = 0; i < 4; i++) d.feed(...study(`G${i}`, inStepWith(random, table, 3), { ip: `1.2.3.${i}`, class: 'k1' }))
  for (let i = 0; i < 20; i++) d.feed(...study(`H${i}`, honestTimetable(random, '09:00:00', 8, 10), { ip: `1.2.4.${i}`, class: 'k1' }))
  const [warning, ...more] = d.mark('20:00:00').latest()
  expect(more).toEqual([])
  expect(warning).toMatchObject({
    episode: 'ended', subject: { kind: 'class', platform: 'p1', id: 'k1' }, class: 'k1',
    facts: { learners: ['G0', 'G1', 'G2', 'G3'], withinSeconds: 5, seen: 24 },
  })
  expect(warning?.chapters).toContain('c5')
  expect(warning?.facts.share).toBeGreaterThanOrEqual(0.6)
})

test.each([1, 2, 3])('a class of 60 that is told to begin at 9:00 and at 13:00 is not (%i)', (seed) => {
  const random = randomOf(seed)
  const d = drive(lockstep)
  for (let i = 0; i < 60; i++) {
    for (const begin of ['09:00:00', '13:00:00']) d.feed(...study(`L${i}`, honestTimetable(random, begin, 4, 10), { class: 'k1' }))
  }
  expect(d.latest()).toEqual([])
})

test('a class taught live, one lesson a sitting: its learners come and go together every day', () => {
  const d = drive(lockstep)
  for (let day = 2; day < 10; day++) {
    const begin = Date.UTC(2026, 2, day, 9)
    for (let i = 0; i < 30; i++) d.feed(...study(`L${i}`, [[begin + i * 100, begin + 45 * 60_000 + i * 20_000]], { class: 'k1' }))
  }
  expect(d.latest()).toEqual([])
})

test('learners of two classes are not compared', () => {
  const table = honestTimetable(randomOf(5), '09:00:00', 8, 10)
  const d = drive(lockstep)
  for (let i = 0; i < 4; i++) d.feed(...study(`G${i}`, table, { class: `k${i}` }))
  expect(d.latest()).toEqual([])
})

test('a second stretch on another day is a second warning', () => {
  const random = randomOf(6)
  const d = drive(lockstep)
  for (const day of ['2026-03-02', '2026-03-03']) {
    const table = honestTimetable(random, `${day}T09:00:00`, 8, 10)
    for (let i = 0; i < 4; i++) d.feed(...study(`G${i}`, inStepWith(random, table, 2), { class: 'k1' }))
  }
  expect(d.mark('2026-03-04T00:00:00').latest().map((w) => [w.episode, w.begin.slice(0, 10), w.learners.length])).toEqual([
    ['ended', '2026-03-02', 4], ['ended', '2026-03-03', 4],
  ])
})
