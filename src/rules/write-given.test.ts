import { expect, test } from 'vitest'
import { at } from '../testing/drive.ts'
import { eventOf, fivePlatforms } from '../testing/five-platforms.ts'
import { Event } from '../telemetry/event.ts'
import { parseGiven } from './given.ts'
import { isWritable, writeGiven } from './write-given.ts'

/** As far as it is said in a line. */
const told = (e: Event) => Object.assign(new Event(), e, { place: undefined, raw: '', stamp: undefined })

test('what is written is read as the same events', () => {
  const odd = at('08:00:00.250', 'played', 'a "b" c', '# 1', { position: 0.1, agent: 'Mozilla/5.0 (X11; "x") \\', ip: '203.0.113.7', muted: false, received: '08:00:01' })
  const local: Event = Object.assign(at('16:30:00', 'heartbeat', 'L=1', 'c1', { position: 1e-7 }), { offset: 480 })
  const events = [odd, local, ...fivePlatforms(3, 2).slice(0, 300).map((a) => eventOf(a, false))]
  const options = { date: '2026-03-02', platform: 'p1', places: {} }
  const text = writeGiven(events, { ...options, ids: true })
  const { steps, problems } = parseGiven(text, options)
  expect(problems).toEqual([])
  expect(steps.map((s) => (s.kind === 'event' ? told(s.event) : s))).toEqual(events.map(told))
})

test('a text of several lines is no part of a line', () => {
  expect(isWritable(at('08:00:00', 'played', 'L1', 'c\n1'))).toBe(false)
  expect(isWritable(at('08:00:00', 'played', 'L1', 'c 1'))).toBe(true)
})
