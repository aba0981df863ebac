import { expect, test } from 'vitest'
import { MINUTE, formatTime } from '../base/time.ts'
import { at, drive, instant, type Drive } from '../testing/drive.ts'
import { lateTelemetry } from './late-telemetry.ts'

/** A platform whose other learners send `count` events in time from 08:00 on. */
function crowd(count = 600): Drive {
  const d = drive(lateTelemetry)
  for (let i = 0; i < count; i++) d.feed(at('08:00:00', 'navigated', `X${i % 50}`))
  return d
}

const beat = (time: string, minutes = 0) => at(formatTime(instant(time) + minutes * MINUTE), 'heartbeat', 'L1', 'c1')
const several = (count: number, time: string) => Array.from({ length: count }, () => beat(time))

test('more than a tenth of an hour comes late', () => {
  const d = crowd().feed(...several(20, '08:01:00')).mark('09:00:00').feed(...several(25, '08:30:00'))
  expect(d.mark('11:00:00').warnings().map((w) => [w.episode, w.facts])).toEqual([
    ['ongoing', { late: 20, events: 20, share: 1, limit: 0.1 }],
    ['ended', { late: 25, events: 25, share: 1, limit: 0.1 }],
  ])
  expect(d.latest()[0]).toMatchObject({
    begin: '2026-03-02T09:00:00.000Z', evidence: { count: 25 },
    summary: { en: '25 of 25 events (100 %) came too late to be judged (limit 10 % in an hour)' },
  })
})

test('taken back when the hour after it shows that little came late', () => {
  const d = crowd().feed(...several(30, '08:01:00')).mark('08:05:00').feed(...several(21, '08:01:00')).mark('08:06:00')
  for (let i = 0; i < 54; i++) d.feed(...several(8, '08:06:00').map((_, k) => beat(`08:06:0${k}`, i)))
  expect(d.mark('12:00:00').latest().map((w) => [w.episode, w.facts.late, w.facts.events])).toEqual([['withdrawn', 21, 453]])
})

test.each([
  ['19 late events', crowd().mark('09:00:00').feed(...several(19, '08:30:00'))],
  ['20 of 200', crowd().feed(...several(180, '08:55:00')).mark('09:00:00').feed(...several(20, '08:30:00'))],
  ['late events spread over hours', ['09', '11', '13'].reduce((d, h) => d.mark(`${h}:00:00`).feed(...several(12, '08:30:00')), crowd())],
  ['a platform that is in trouble itself', crowd(100).mark('09:00:00').feed(...several(60, '08:30:00'))],
])('no warning: %s', (_, d) => {
  expect(d.mark('16:00:00').warnings()).toEqual([])
})
