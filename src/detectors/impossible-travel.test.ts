import { expect, test } from 'vitest'
import { beats } from '../testing/beats.ts'
import { at, drive, type Fields } from '../testing/drive.ts'
import type { Event, Place } from '../telemetry/event.ts'
import { impossibleTravel, kilometres } from './impossible-travel.ts'

const city = (name: string, latitude: number, longitude: number, asn?: number): Place => ({ kind: 'public', country: 'CN', city: name, latitude, longitude, asn })
const places: Record<string, Place> = {
  '1.0.0.1': city('Kunming', 25.04, 102.71, 4134), '1.0.0.2': city('Dali', 25.61, 100.27, 4134), '1.0.0.3': city('Beijing', 39.9, 116.4, 4134),
  '1.0.0.4': city('Shanghai', 31.23, 121.47, 4837), '1.0.0.5': city('Urumqi', 43.83, 87.62, 4837), '1.0.0.6': city('Guiyang', 26.65, 106.63, 4134),
  '1.0.0.7': city('Changsha', 28.23, 112.94, 4134), '1.0.0.8': city('Wuhan', 30.59, 114.31, 4134), '1.0.0.9': { kind: 'public', country: 'CN' }, '10.0.0.1': { kind: 'private' },
}
const use = (time: string, last: number, session = 's1', more: Fields = {}) => at(time, 'heartbeat', 'L1', 'c1', { ip: `1.0.0.${last}`, session, ...more })
const run = (given: Event[]) => drive(impossibleTravel, {}, { places }).feed(...given).mark('2026-03-03T12:00:00')

test('the haversine formula', () => {
  expect(kilometres(25.04, 102.71, 39.9, 116.4)).toBeCloseTo(2090, -2)
  expect(kilometres(0, 0, 0, 180)).toBeCloseTo(Math.PI * 6371, 3)
  expect(kilometres(10, 20, 10, 20)).toBe(0)
})

test('two sessions in two cities', () => {
  const d = run([use('08:00:00', 1), use('08:10:00', 1), use('08:30:00', 3, 's2'), use('08:31:00', 3, 's2'), use('08:32:00', 3, 's2')])
  expect(d.warnings().map((w) => [w.episode, w.raised.slice(11, 19)])).toEqual([['ongoing', '08:31:00'], ['ended', '14:31:00']])
  const [w] = d.latest()
  expect(w).toMatchObject({
    begin: '2026-03-02T08:10:00.000Z', end: '2026-03-02T08:31:00.000Z', evidence: { count: 2 },
    facts: { from: 'Kunming', to: 'Beijing', minutes: 20, limitKmh: 800, journeys: 1 },
  })
  expect(w?.facts.km).toBeGreaterThan(2000)
  expect(w?.summary.en).toMatch(/^seen in Kunming and 20 min later in Beijing, 2\d\d\d km away: 6\d\d\d km\/h \(limit 800 km\/h\)$/)
})

test('two people in two cities at once are one warning', () => {
  const given = [...beats('08:00:00', '09:00:00', 60, 'L1', 'c1', { ip: '1.0.0.1', session: 's1' }), ...beats('08:00:30', '09:00:30', 60, 'L1', 'c2', { ip: '1.0.0.3', session: 's2' })]
  expect(run(given).latest().map((w) => [w.episode, w.evidence.events.length])).toEqual([['ended', 20]])
})

test('one session that stays in another network', () => {
  expect(run([...[0, 2].map((m) => use(`08:0${m}:00`, 1)), ...[4, 6].map((m) => use(`08:0${m}:00`, 4))]).latest()).toHaveLength(1)
})

test('a new proxy for every request', () => {
  expect(run([use('08:00:00', 1), use('08:01:00', 3, 's1'), use('08:02:00', 4, 's1'), use('08:03:00', 5, 's1')]).latest()).toHaveLength(1)
})

const flaps = [1, 1, 3, 1, 3, 3, 3, 1, 3, 1].map((ip, i) => use(`08:${i}0:00`.replace(/:(\d)0:/, (_, d: string) => `:0${d}:`), ip))

test.each([
  ['a trip that an aeroplane makes', [use('08:00:00', 1), use('08:10:00', 1), use('13:00:00', 3, 's2'), use('13:10:00', 3, 's2')]],
  ['a phone whose carrier leads it through distant gateways', flaps],
  ['one wrong look-up', [use('08:00:00', 1), use('08:01:00', 1), use('08:02:00', 3, 's2'), use('08:03:00', 1), use('08:04:00', 1)]],
  ['places within 500 km', [use('08:00:00', 1), use('08:01:00', 1), use('08:02:00', 2, 's2'), use('08:03:00', 2, 's2')]],
  ['a train that is followed step by step', [use('08:00:00', 1), use('08:01:00', 1), use('10:00:00', 6), use('10:01:00', 6), use('13:00:00', 7), use('13:01:00', 7), use('14:20:00', 8), use('14:21:00', 8)]],
  ['a city that is not known', [use('08:00:00', 1), use('08:01:00', 1), use('08:02:00', 9, 's2'), use('08:03:00', 9, 's2')]],
  ['a private address between', [use('08:00:00', 1), use('08:01:00', 1), use('08:02:00', 1, 's2', { ip: '10.0.0.1' }), use('08:03:00', 1, 's2', { ip: '10.0.0.1' })]],
])('no warning: %s', (_, given) => {
  expect(run(given).warnings()).toEqual([])
})
