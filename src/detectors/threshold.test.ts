import { expect, test } from 'vitest'
import { at, drive, type Fields } from '../testing/drive.ts'
import { threshold } from './threshold.ts'

const beat = (time: string, fields: Fields = {}) => at(time, 'heartbeat', 'L1', 'c1', fields)
const clock = (seconds: number) => new Date(Date.UTC(2026, 2, 2, 8) + seconds * 1000).toISOString().slice(0, 19)

test.each([
  ['as many as are allowed', ['08:00:00', '08:01:00', '08:02:00'], []],
  ['one more', ['08:00:00', '08:01:00', '08:02:00', '08:03:00'], ['08:03:00 08:00:00 4']],
  ['what is exactly as old as the window', ['08:00:00', '08:01:00', '08:02:00', '08:10:00'], ['08:10:00 08:00:00 4']],
  ['what is older', ['08:00:00', '08:01:00', '08:02:00', '08:10:01'], []],
])('%s', (_, times, expected) => {
  const warnings = drive(threshold, { window: '10m', most: 3 }).feed(...times.map((t) => beat(t))).warnings()
  expect(warnings.map((w) => `${w.raised.slice(11, 19)} ${w.begin.slice(11, 19)} ${String(w.facts.value)}`)).toEqual(expected)
})

test('an episode tells the highest value, and what it was raised for is not counted again', () => {
  const times = ['08:00:00', '08:01:00', '08:02:00', '08:03:00', '08:20:00', '08:21:00']
  const warnings = drive(threshold, { window: '1h', most: 2, end: '5m' }).feed(...times.map((t) => beat(t))).mark('10:00:00').warnings()
  expect(warnings.map((w) => `${w.raised.slice(11, 19)} ${w.episode} ${String(w.facts.value)} ${w.evidence.count}`)).toEqual(['08:02:00 ongoing 3 3', '08:08:00 ended 4 4'])
  expect(warnings[1]?.summary).toEqual({ en: 'what the rule counts happened 4 times within 1 h (limit 2)', zh: '1 小时 之内规则所计情形出现 4 次（限值 2 次）' })
})

test('different values count once each, and absent ones not at all', () => {
  const start = (time: string, course?: string) => at(time, 'initialized', 'L1', 'c1', { course })
  const rule = { where: 'action == "initialized"', distinct: 'course', window: '10m', most: 2 }
  const [w] = drive(threshold, rule).feed(start('08:00:00', 'a'), start('08:01:00', 'b'), start('08:02:00', 'a'), start('08:03:00'), start('08:04:00', 'c')).latest()
  expect(w).toMatchObject({ begin: '2026-03-02T08:01:00.000Z', facts: { value: 3, values: ['b', 'a', 'c'] }, summary: { en: '3 different courses within 10 min (limit 2)' } })
})

test('learners of two platforms are different ones', () => {
  const seen = (time: string, learner: string, platform: string) => at(time, 'logged-in', learner, undefined, { ip: '203.0.113.9', platform })
  const [w] = drive(threshold, { over: 'ip', distinct: 'learner', window: '1h', most: 1 }).feed(seen('08:00:00', '1001', 'p1'), seen('08:01:00', '1001', 'p2')).mark('09:00:00').latest()
  expect(w).toMatchObject({ facts: { value: 2, values: ['1001', '1001'] }, learners: [{ platform: 'p1' }, { platform: 'p2' }] })
})

test('decimals add up to what a person would say', () => {
  const answer = (time: string, elapsed: number) => at(time, 'answered', 'L1', undefined, { elapsed })
  const of = (most: number) => drive(threshold, { sum: 'elapsed', window: '1m', most }).feed(answer('08:00:00', 0.1), answer('08:00:01', 0.2)).latest()
  expect(of(0.3)).toEqual([])
  expect(of(0.29)).toMatchObject([{ facts: { value: 0.3, limit: 0.29 }, summary: { en: 'seconds taken to answer: 0.3 in all within 1 min (limit 0.29)' } }])
})

test.each([[999, 1000, 501], [3, 100, 1497]])('far above a limit of %i it counts to %i, and says `at least`', (most, value, times) => {
  const events = Array.from({ length: 1500 }, (_, i) => beat(clock(i)))
  const [w] = drive(threshold, { window: '1h', most, end: '10m' }).feed(...events).mark('10:00:00').latest()
  expect(w).toMatchObject({ begin: '2026-03-02T08:00:00.000Z', facts: { value, times, atLeast: true }, evidence: { count: 1500 } })
  expect(w?.summary.en).toContain(`at least ${value} times`)
})

test.each([
  [{ window: '10m', most: 1, sum: 'elapsed', distinct: 'course' }, 'either `sum` or `distinct`, not both'],
  [{ window: '10m', most: 1000 }, 'what is counted is a whole number below 1000'],
  [{ window: '10m', most: 1.5, distinct: 'course' }, 'what is counted is a whole number below 1000'],
  [{ window: '31d', most: 1 }, 'must be from 1s to 30d'],
  [{ window: '10m', most: 1, over: 'ip', sum: 'elapsed' }, 'a sighting has no `elapsed`, which `over: ip` looks at'],
  [{ window: '10m', most: 1, over: 'ip', distinct: 'item' }, 'a sighting has no `item`, which `over: ip` looks at'],
  [{ window: '10m', most: 1, by: ['learner'] }, 'an event has no `learner`'],
  [{ window: '10m', most: 1, by: ['course', 'course'] }, '`course` is there twice'],
  [{ window: '10m', most: 1, says: { en: 'x', zh: '{cours}' } }, '`{cours}` is nothing that can be filled in; known are `{value}`, `{limit}`, `{times}`, `{within}`'],
])('%j is refused', (params, message) => {
  expect(threshold.params.safeParse(params).error?.issues.map((i: { message: string }) => i.message)).toEqual([message])
})
