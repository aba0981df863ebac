import { expect, test } from 'vitest'
import { HOUR, SECOND, formatTime } from '../base/time.ts'
import type { Event } from '../telemetry/event.ts'
import { at, drive, instant, type DriveOptions, type Fields } from '../testing/drive.ts'
import { overCredit } from './over-credit.ts'

/** Plays for `seconds` of the clock with media `speed` times as fast, a beat every `step` seconds. */
function play(time: string, seconds: number, speed = 1, chapter = 'c1', fields: Fields = {}, step = 15): Event[] {
  const begin = instant(time)
  const events = [at(time, 'played', 'L1', chapter, { position: 0, ...fields })]
  for (let s = step; s <= seconds; s += step) events.push(at(formatTime(begin + s * SECOND), 'heartbeat', 'L1', chapter, { position: Math.floor(s * speed), ...fields }))
  return events
}
function warned(events: Event[], options: DriveOptions = {}) {
  return drive(overCredit, {}, options).feed(...events.sort((a, b) => a.time - b.time)).mark('2026-03-20T00:00:00').latest()
}

test.each<[string, Event[], number]>([
  ['twice the clock, as declared', play('08:00:00', 1200, 2, 'c1', { rate: 2 }), 2],
  ['twice the clock, undeclared', play('08:00:00', 1200, 2), 2],
  ['sixteen times the clock for three minutes', play('08:00:00', 165, 16), 16],
  ['a fifth too fast', play('08:00:00', 1800, 1.2), 1.2],
  ['a minute of media every second', play('08:00:00', 60, 60, 'c1', {}, 1), 60],
])('media %s', (_, events, ratio) => {
  const [w, ...more] = warned(events)
  expect(more).toEqual([])
  expect(w).toMatchObject({ episode: 'ended', chapters: ['c1'], facts: { kind: 'pace', limitRatio: 1.1 }, begin: '2026-03-02T08:00:00.000Z' })
  expect(w?.facts.ratio).toBeCloseTo(ratio, 1)
})

const offering = (rate: number | undefined): DriveOptions => ({ catalogue: { platforms: [{ id: 'p1', rate }] } })

test.each([
  ['as fast as the player offers', 1.5, 1.5, []],
  ['faster than it offers', 2, 1.5, [1.65]],
  ['where it offers nothing', 1.5, undefined, [1.1]],
])('a platform whose player is fast: %s', (_, speed, rate, limits) => {
  expect(warned(play('08:00:00', 1200, speed, 'c1', { rate: speed }), offering(rate)).map((w) => w.facts.limitRatio)).toEqual(limits)
})

test('a rule may forbid fast playback everywhere', () => {
  const d = drive(overCredit, { everywhere: true }, offering(2)).feed(...play('08:00:00', 1200, 1.5, 'c1', { rate: 1.5 })).mark('2026-03-20T00:00:00')
  expect(d.latest().map((w) => w.facts.limitRatio)).toEqual([1.1])
})

test('what the media was ahead of the clock is disputed', () => {
  const [w] = warned(play('08:00:00', 600, 1.5, 'c1', { rate: 1.5 }))
  const { mediaSeconds, clockSeconds } = w!.facts as { mediaSeconds: number; clockSeconds: number }
  expect(w?.disputed).toMatchObject([{ chapter: 'c1', begin: '2026-03-02T08:00:00.000Z', seconds: mediaSeconds - clockSeconds }])
})

test('three chapters at once credit three times the clock', () => {
  const [w] = warned([...play('08:00:00', 600, 1, 'c1'), ...play('08:00:01', 600, 1, 'c2'), ...play('08:00:02', 600, 1, 'c3')])
  expect(w).toMatchObject({ chapters: ['c1', 'c2', 'c3'], facts: { kind: 'pace' } })
  expect(w?.facts.ratio as number).toBeGreaterThan(2.5)
})

test('more than eight hours in a day', () => {
  const [w, ...more] = warned(play('00:30:00', 9 * 3600))
  expect(more).toEqual([])
  expect(w).toMatchObject({
    episode: 'ended', begin: '2026-03-02T08:30:00.000Z', end: '2026-03-02T09:30:00.000Z', facts: { kind: 'day', clockSeconds: 9 * 3600, limitSeconds: 8 * 3600 },
    disputed: [{ chapter: 'c1', begin: '2026-03-02T08:30:00.000Z', end: '2026-03-02T09:30:00.000Z', seconds: 3600 }],
  })
})

const shanghai: DriveOptions = {
  catalogue: { classes: [{ id: 'a', platform: 'p1', timeZone: 'Asia/Shanghai', learners: ['L1'] }] },
}

test.each<[string, Event[], DriveOptions?]>([
  ['nine hours over a midnight of the class', play('11:00:00', 9 * 3600), shanghai],
  ['nine hours over a midnight of the event', play('11:00:00', 9 * 3600).map((e) => Object.assign(e, { offset: 480 }))],
  ['real time', play('08:00:00', 3000)],
  ['seeks that are told', Array.from({ length: 10 }, (_, i) => [
    at(formatTime(instant('08:00:00') + i * 20_000), i === 0 ? 'played' : 'heartbeat', 'L1', 'c1', { position: i * 120 }),
    at(formatTime(instant('08:00:10') + i * 20_000), 'seeked', 'L1', 'c1', { from: i * 120 + 10, to: i * 120 + 110 }),
  ]).flat()],
  ['a beat that shows the seek before it is told', [0, 60, 120, 180, 240].flatMap((s, i) => [
    at(formatTime(instant('08:00:00') + s * SECOND), i === 0 ? 'played' : 'heartbeat', 'L1', 'c1', { position: i * 200 }),
    at(formatTime(instant('08:00:50') + s * SECOND), 'heartbeat', 'L1', 'c1', { position: i * 200 + 190 }),
    at(formatTime(instant('08:00:50.500') + s * SECOND), 'seeked', 'L1', 'c1', { from: i * 200 + 50, to: i * 200 + 190 }),
  ])],
  ['an untold seek', [...play('08:00:00', 120), ...play('08:02:00', 300).slice(1).map((e) => Object.assign(e, { position: (e.position as number) + 900 }))]],
  ['starts at chosen positions', Array.from({ length: 20 }, (_, i) => at(formatTime(instant('08:00:00') + i * 20_000), 'played', 'L1', 'c1', { position: i * 100 }))],
  ['bundles of beats that come at once', Array.from({ length: 120 }, (_, i) =>
    at(formatTime(instant('08:00:00') + Math.floor(i / 6) * 90_000 + (i % 6) * 20), i === 0 ? 'played' : 'heartbeat', 'L1', 'c1', { position: i * 15 }))],
  ['buffering', play('08:00:00', 1200, 0.6)],
])('does not accuse: %s', (_, events, options) => {
  expect(warned(events, options)).toEqual([])
})

test('without positions the pace is not evaluable, but the day is', () => {
  const d = drive(overCredit).feed(...play('00:10:00', 8 * 3600 + 600).map((e) => Object.assign(e, { position: undefined })))
  expect(d.warnings()).toMatchObject([{ facts: { kind: 'day' } }])
  expect(Object.values(d.machine.unjudged())).toEqual([1])
})

test('a day counts the clock, not the sum of two devices', () => {
  const events = [...play('00:30:00', 5 * 3600, 1, 'c1', { session: 's1' }), ...play('00:30:07', 5 * 3600, 1, 'c1', { session: 's2' })]
  expect(warned(events).map((w) => w.facts.kind)).toEqual(['pace'])
})

test('the day begins anew at midnight', () => {
  const events = [...play('2026-03-02T14:30:00', 9 * 3600), ...play('2026-03-03T00:00:05', 9 * 3600)]
  expect(warned(events).map((w) => [w.begin.slice(0, 16), w.facts.clockSeconds])).toEqual([
    ['2026-03-02T22:30', 9 * 3600], ['2026-03-03T08:00', 9 * HOUR / SECOND],
  ])
})
