import { expect, test } from 'vitest'
import { formatTime } from '../base/time.ts'
import type { Event } from '../telemetry/event.ts'
import { at, drive, instant, type Fields } from '../testing/drive.ts'
import { parallelChapters } from './parallel-chapters.ts'

/** Beats every 15 s of playback at the clock's pace. */
function play(from: string, seconds: number, chapter: string, fields: Fields = {}, position: number | undefined = 0): Event[] {
  const begin = instant(from)
  const events = [at(from, 'played', 'L1', chapter, { ...fields, position })]
  for (let s = 15; s <= seconds; s += 15) {
    events.push(at(formatTime(begin + s * 1000), 'heartbeat', 'L1', chapter, { ...fields, position: position === undefined ? undefined : position + s }))
  }
  return events
}
/** In the order in which a platform would send them. */
function byTime(events: Event[]): Event[] {
  return events.sort((a, b) => a.time - b.time)
}
const s1 = { session: 's1' }
const s2 = { session: 's2' }

test('two chapters at once are one warning, with exactly the overlap disputed', () => {
  const [w, ...more] = drive(parallelChapters).feed(...byTime([...play('08:00:00', 300, 'c1', s1), ...play('08:01:00', 120, 'c2', s2)])).mark('09:00:00').latest()
  expect(more).toEqual([])
  expect(w).toMatchObject({
    episode: 'ended', chapters: ['c1', 'c2'], begin: '2026-03-02T08:01:00.000Z', end: '2026-03-02T08:03:00.000Z',
    facts: { chapters: 2, seconds: 120, limitSeconds: 30 },
    disputed: [{ chapter: 'c2', begin: '2026-03-02T08:01:00.000Z', end: '2026-03-02T08:03:00.000Z', seconds: 120 }],
  })
})

test('it is raised once as soon as it is sure, and once with its totals', () => {
  const all = drive(parallelChapters).feed(...byTime([...play('08:00:00', 1200, 'c1', s1), ...play('08:01:00', 900, 'c2', s2)])).mark('09:00:00').warnings()
  expect(all.map((w) => [w.episode, w.raised.slice(11, 19), w.facts.seconds])).toEqual([['ongoing', '08:01:30', 30], ['ended', '08:26:00', 900]])
})

test('a pause that proves what came before it proves the overlap, too', () => {
  const [w] = drive(parallelChapters).feed(
    at('08:00:00', 'played', 'L1', 'c1', { ...s1, position: 0 }), at('08:02:00', 'played', 'L1', 'c2', { ...s2, position: 50 }),
    at('08:03:00', 'paused', 'L1', 'c2', { ...s2, position: 110 }), at('08:10:00', 'paused', 'L1', 'c1', { ...s1, position: 599.5 }),
  ).latest()
  expect(w).toMatchObject({ begin: '2026-03-02T08:02:00.000Z', facts: { seconds: 60 }, disputed: [{ chapter: 'c2', seconds: 60 }] })
})

test('of three chapters at once two are disputed', () => {
  const [w] = drive(parallelChapters).feed(...byTime([...play('08:00:00', 60, 'c1', s1), ...play('08:00:00', 60, 'c2', s1), ...play('08:00:00', 60, 'c3', s1)])).mark('09:00:00').latest()
  expect(w).toMatchObject({ facts: { chapters: 3, seconds: 120, concurrency: 3 } })
  expect(w?.disputed.reduce((sum, d) => sum + d.seconds, 0)).toBe(120)
})

test('brief pauses do not split the episode', () => {
  const events = [0, 3, 6].flatMap((m) => [...play(`08:0${m}:00`, 120, 'c1', s1, m * 60), ...play(`08:0${m}:05`, 120, 'c2', s2, m * 60)])
  expect(drive(parallelChapters).feed(...byTime(events)).mark('09:00:00').latest()).toHaveLength(1)
})

test('in one session half of the overlap is enough, if much of the time is credited twice', () => {
  const [w] = drive(parallelChapters).feed(
    at('08:00:00', 'played', 'L1', 'c1', { position: 0 }), at('08:00:10', 'played', 'L1', 'c2', { position: 0 }),
    at('08:00:25', 'heartbeat', 'L1', 'c1', { position: 25 }), at('08:00:45', 'heartbeat', 'L1', 'c2', { position: 35 }),
  ).latest()
  expect(w).toMatchObject({ severity: 'medium', chapters: ['c1', 'c2'], facts: { seconds: 15, concurrency: 1.429 } })
})

test.each<[string, Event[]]>([
  ['one after the other', [...play('08:00:00', 300, 'c1', s1), ...play('08:05:10', 300, 'c2', s1)]],
  ['a browser closed without a word', [...play('08:00:00', 60, 'c1', s1), ...play('08:01:10', 600, 'c2', s2)]],
  ['a browser closed without a word and its late end', [
    at('08:00:00', 'played', 'L1', 'c1', { ...s1, position: 0 }), ...play('08:01:10', 600, 'c2', s2), at('08:20:00', 'terminated', 'L1', 'c1', { ...s1, position: 60 }),
  ]],
  ['the same chapter in two sessions', [...play('08:00:00', 300, 'c1', s1), ...play('08:01:00', 300, 'c1', s2)]],
  ['clocks of two devices 20 s apart', [...play('08:00:00', 300, 'c1', s1), ...play('08:04:40', 300, 'c2', s2)]],
  ['two seconds at each of many switches', Array.from({ length: 40 }, (_, i) => play(formatTime(instant('08:00:00') + i * 58_000), 60, `c${i}`, s1)).flat()],
  ['quick switching without a pause between', Array.from({ length: 30 }, (_, i) =>
    at(formatTime(instant('08:00:00') + i * 10_000), 'played', 'L1', `c${i % 2}`, { ...s1, position: Math.floor(i / 2) * 10 }))],
  ['quick switching without positions', Array.from({ length: 30 }, (_, i) => at(formatTime(instant('08:00:00') + i * 10_000), 'played', 'L1', `c${i % 2}`, s1))],
  ['a paused player that goes on beating every second', [
    ...play('08:00:00', 300, 'c1', s1),
    ...Array.from({ length: 200 }, (_, i) => at(formatTime(instant('08:01:00') + i * 1000), 'heartbeat', 'L1', 'c2', { ...s2, position: 40 })),
  ]],
  ['a stalled chapter beside a played one', [
    ...play('08:00:00', 300, 'c1', s1), at('08:01:00', 'played', 'L1', 'c2', { ...s2, position: 0 }), at('08:03:00', 'heartbeat', 'L1', 'c2', { ...s2, position: 20 }),
  ]],
  ['long silence without positions', [
    at('08:00:00', 'played', 'L1', 'c1', s1), at('08:00:30', 'played', 'L1', 'c2', s2), at('08:01:30', 'paused', 'L1', 'c1', s1), at('08:01:40', 'paused', 'L1', 'c2', s2),
  ]],
])('does not accuse: %s', (_, events) => {
  expect(drive(parallelChapters).feed(...byTime(events)).warnings()).toEqual([])
})

test('without positions the cadence is the proof', () => {
  const events = [...play('08:00:00', 120, 'c1', s1, undefined), ...play('08:00:05', 120, 'c2', s2, undefined)].map((e) => Object.assign(e, { position: undefined }))
  expect(drive(parallelChapters).feed(...byTime(events)).mark('09:00:00').latest()).toMatchObject([{ facts: { seconds: 115 } }])
})
