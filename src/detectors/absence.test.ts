import { expect, test } from 'vitest'
import { at, drive } from '../testing/drive.ts'
import { absence } from './absence.ts'

const rule = { after: 'action == "completed"', expect: 'action == "answered" && item != null', within: '5m' }
const done = (time: string, learner = 'L1') => at(time, 'completed', learner, 'c1')
const answer = (time: string, learner = 'L1') => at(time, 'answered', learner, undefined, { item: 'q1' })
/** Somebody else on the platform has answered before, so that it is known to send answers. */
const asked = answer('07:00:00', 'L0')
const brief = (d: ReturnType<typeof drive>) => d.warnings().map((w) => `${w.raised.slice(11)} ${w.episode} ${w.begin.slice(11, 19)}-${w.end.slice(11, 19)} ${String(w.facts.times)} ${String(w.facts.silent)}`)

test('the time is up at the watermark, though nothing more comes', () => {
  expect(brief(drive(absence, rule).feed(asked, done('08:00:00')).mark('09:00:00'))).toEqual([
    '08:05:00.001Z ongoing 08:00:00-08:05:00 1 1', '08:35:00.000Z ended 08:00:00-08:05:00 1 1',
  ])
})

test.each([
  ['an answer in time', [done('08:00:00'), answer('08:04:59')]],
  ['an answer at the last moment', [done('08:00:00'), answer('08:05:00')]],
  ['an answer of the same instant, whichever is first', [answer('08:00:00'), done('08:00:00')]],
  ['one answer for all that wait', [done('08:00:00'), done('08:04:00'), answer('08:04:30')]],
])('not after %s', (_, events) => {
  expect(brief(drive(absence, rule).feed(asked, ...events).mark('10:00:00'))).toEqual([])
})

test('each that nothing follows counts, and a sign of life is told', () => {
  const d = drive(absence, { ...rule, says: { en: '{times} times nothing within {within}', zh: '{within} 内 {times} 次没有' } }).feed(asked, done('08:00:00'), done('08:02:00'), at('08:03:00', 'heartbeat', 'L1', 'c2')).mark('10:00:00')
  expect(brief(d)).toEqual(['08:05:00.001Z ongoing 08:00:00-08:05:00 1 undefined', '08:37:00.000Z ended 08:00:00-08:07:00 2 undefined'])
  expect(d.warnings()[1]?.summary).toEqual({ en: '2 times nothing within 5 min', zh: '5 分 内 2 次没有' })
})

test('who falls silent can be left alone', () => {
  const d = drive(absence, { ...rule, silence: 'ignore' }).feed(asked, done('08:00:00')).mark('10:00:00')
  expect(brief(d)).toEqual([])
  expect(d.machine.learners[0]?.context.unjudged).toEqual({ 'absence\u0000p1\u0000nothing at all came after it': 1 })
})

test('a platform that has never sent what is waited for accuses nobody', () => {
  const d = drive(absence, rule).feed(done('08:00:00')).mark('10:00:00')
  expect(brief(d)).toEqual([])
  expect(Object.keys(d.machine.learners[0]?.context.unjudged ?? {})).toEqual(['absence\u0000p1\u0000no event has told `item` so far'])
})

test('of more than a hundred that wait, the others are not judged', () => {
  const many = Array.from({ length: 120 }, (_, i) => done(`08:0${Math.floor(i / 60)}:${String(i % 60).padStart(2, '0')}`))
  const d = drive(absence, rule).feed(asked, ...many).mark('10:00:00')
  expect(d.latest().map((w) => w.facts.times)).toEqual([100])
  expect(d.machine.learners[0]?.context.unjudged['absence\u0000p1\u0000more than 100 waited at a time']).toBe(20)
})
