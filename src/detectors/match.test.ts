import { expect, test } from 'vitest'
import { at, drive } from '../testing/drive.ts'
import { match } from './match.ts'

const answer = (time: string, elapsed?: number, fields = {}) => at(time, 'answered', 'L1', undefined, { elapsed, ...fields })
const fast = { where: 'action == "answered" && elapsed != null && elapsed < 0.5' }

test('what comes again within `end` is one episode, told when it begins and when it is over', () => {
  const warnings = drive(match, { ...fast, end: '10m' }).feed(answer('08:00:00', 0.2), answer('08:09:59', 0.3), answer('08:20:00', 0.1)).mark('09:00:00').warnings()
  expect(warnings.map((w) => `${w.raised.slice(11, 19)} ${w.begin.slice(11, 19)} ${w.end.slice(11, 19)} ${w.episode} ${String(w.facts.times)}`)).toEqual([
    '08:00:00 08:00:00 08:00:00 ongoing 1', '08:19:59 08:00:00 08:09:59 ended 2', '08:20:00 08:20:00 08:20:00 ongoing 1', '08:30:00 08:20:00 08:20:00 ended 1',
  ])
  expect(warnings[1]).toMatchObject({ facts: { value: 2, limit: 0, seconds: 599 }, evidence: { count: 2 }, disputed: [], summary: { en: 'what the rule looks for happened 2 times (limit 0)' } })
})

test('each value of `by` has episodes of its own, and no two have one id', () => {
  const latest = drive(match, { ...fast, by: ['course', 'item'] }).feed(answer('08:00:00', 0.2, { course: 'k1', item: 'q1' }), answer('08:00:00', 0.2, { course: 'k2', item: 'q1' })).latest()
  expect(latest.map((w) => [w.course, w.facts.by])).toEqual([['k1', { course: 'k1', item: 'q1' }], ['k2', { course: 'k2', item: 'q1' }]])
  expect(new Set(latest.map((w) => w.id)).size).toBe(2)
})

test('an event without a field of `by` is not judged, and that is counted', () => {
  const d = drive(match, { ...fast, by: ['course'] }).feed(answer('08:00:00', 0.2))
  expect(d.warnings()).toEqual([])
  expect(Object.keys(d.machine.learners[0]?.context.unjudged ?? {})).toEqual(['match\u0000p1\u0000there was no `course`'])
})

test('of more than 64 values the one that is longest silent gives way, its episode told to its end', () => {
  const events = Array.from({ length: 66 }, (_, i) => answer(`08:${String(Math.floor(i / 60)).padStart(2, '0')}:${String(i % 60).padStart(2, '0')}`, 0.1, { course: `k${i}` }))
  const warnings = drive(match, { ...fast, by: ['course'] }).feed(...events).warnings()
  expect(warnings.filter((w) => w.episode === 'ended').map((w) => `${w.course} ${w.raised.slice(11, 19)}`)).toEqual(['k0 08:01:04', 'k1 08:01:05'])
})

test('over a resource it names who was there, also where the resource belongs to no platform', () => {
  const seen = (time: string, learner: string, platform: string) => at(time, 'logged-in', learner, undefined, { ip: '203.0.113.9', platform })
  const [last] = drive(match, { over: 'ip', where: 'kind == "first"' }).feed(seen('08:00:00', 'B', 'p2'), seen('08:00:01', 'A', 'p1')).mark('10:00:00').latest()
  expect(last).toMatchObject({ subject: { kind: 'ip', platform: 'p2', id: '203.0.113.9' }, learners: [{ platform: 'p1', id: 'A' }, { platform: 'p2', id: 'B' }], facts: { times: 2 } })
})

test('what a platform has never sent says nothing; once it has, its absence does', () => {
  const rule = { where: 'device != "d1"', end: '1s' }
  const login = (time: string, device?: string, platform = 'p1') => at(time, 'logged-in', 'L1', undefined, { device, platform })
  const d = drive(match, rule).feed(login('08:00:00'), login('08:01:00', 'd1'), login('08:02:00'), login('08:03:00', undefined, 'p2'))
  expect(d.latest().map((w) => w.begin.slice(11, 19))).toEqual(['08:02:00'])
  expect(d.machine.learners[0]?.context.unjudged).toEqual({ 'match\u0000p1\u0000no event has told `device` so far': 1, 'match\u0000p2\u0000no event has told `device` so far': 1 })
})

test('a place that is not known is not another place', () => {
  const places = { '1.1.1.1': { kind: 'public', country: 'CN' }, '2.2.2.2': { kind: 'public', country: 'FR' }, '3.3.3.3': { kind: 'public' }, '10.0.0.1': { kind: 'private' } } as const
  const seen = (time: string, ip?: string) => at(time, 'logged-in', 'L1', undefined, { ip })
  const d = drive(match, { where: 'place.country != "CN"', end: '1s' }, { places })
  const begins = d.feed(seen('08:00:00', '1.1.1.1'), seen('08:01:00', '2.2.2.2'), seen('08:02:00', '3.3.3.3'), seen('08:03:00', '10.0.0.1'), seen('08:04:00')).latest().map((w) => w.begin.slice(11, 19))
  expect(begins).toEqual(['08:01:00'])
  expect(d.machine.learners[0]?.context.unjudged).toEqual({ 'match\u0000p1\u0000`place.country` of an address is not known': 3 })
})

test('hour and weekday are those of the class, else of the time as it was written', () => {
  const catalogue = { platforms: [{ id: 'p1' }], classes: [{ id: 'k', platform: 'p1', timeZone: 'Asia/Shanghai' }] }
  const night = { where: 'hour < 6 && weekday == 2', end: '1s' }
  const login = (time: string, fields: object) => at(time, 'logged-in', 'L1', undefined, fields)
  // 2026-03-02 is a Monday; 18:30 in UTC is 02:30 on Tuesday in Shanghai.
  const d = drive(match, night, { catalogue }).feed(login('18:30:00', { class: 'k' }), login('18:31:00', {}), login('18:32:00', { offset: 480 }))
  expect(d.latest().map((w) => w.begin.slice(11, 19))).toEqual(['18:30:00', '18:32:00'])
})

test('only events that can meet the condition reach the rule', () => {
  const d = drive(match, { where: 'action in ["paused", "played"] && !(action == "paused")' })
  expect(d.machine.learners[0]?.set.rules[0]?.reads?.actions).toEqual(['played'])
})
