import { expect, test } from 'vitest'
import { unjudgedKey } from '../engine/runtime.ts'
import { beats } from '../testing/beats.ts'
import { at, drive, type DriveOptions } from '../testing/drive.ts'
import type { Event, Place } from '../telemetry/event.ts'
import { foreignIp } from './foreign-ip.ts'

const places: Record<string, Place> = {
  '1.0.0.1': { kind: 'public', country: 'CN', province: 'Yunnan', provinceCode: 'YN' },
  '1.0.0.2': { kind: 'public', country: 'CN', province: 'Guangdong', provinceCode: 'GD' },
  '1.0.0.3': { kind: 'public', country: 'CN' },
  '1.0.0.4': { kind: 'public', country: 'CN', province: 'Yunnan', asn: 37963, holder: 'Hangzhou Alibaba Advertising Co.,Ltd.' },
  '1.0.0.5': { kind: 'public', country: 'CN', province: 'Yunnan', holder: 'Kunming Dedicated Server Hosting' },
  '2.0.0.1': { kind: 'public', country: 'US', province: 'California' },
  '2.0.0.2': { kind: 'public', country: 'JP' },
  '3.0.0.1': { kind: 'public' },
  '10.0.0.1': { kind: 'private' },
}
const catalogue: DriveOptions['catalogue'] = {
  classes: [
    { id: 'k1', platform: 'p1', region: { country: 'CN', provinces: ['Yunnan'], networks: ['campus'] }, learners: ['L1'] },
    { id: 'k2', platform: 'p1', region: { country: 'CN', provinces: ['CN-YN'] } },
    { id: 'k3', platform: 'p1', region: { country: 'CN', provinces: ['CN-53'] } },
    { id: 'k4', platform: 'p1' },
  ],
  networks: { campus: ['2.0.0.1/32'] },
}
const study = (from: string, to: string, ip: string, more: object = {}) => beats(from, to, 60, 'L1', 'c1', { ip, session: 's1', ...more })
const run = (given: Event[], input = catalogue) => drive(foreignIp, {}, { places, catalogue: input }).feed(...given).mark('2026-03-06T12:00:00')
const campusless = { ...catalogue, networks: {} }

test('another country, with the playback there', () => {
  const d = run([...study('08:00:00', '08:30:00', '1.0.0.1'), ...study('09:00:00', '09:30:00', '2.0.0.2')])
  expect(d.warnings().map((w) => [w.episode, w.raised.slice(8, 19)])).toEqual([['ongoing', '02T09:05:00'], ['ended', '03T09:30:00']])
  expect(d.latest()[0]).toMatchObject({
    severity: 'medium', class: 'k1', begin: '2026-03-02T09:00:00.000Z', end: '2026-03-02T09:30:00.000Z',
    facts: { kind: 'country', places: ['JP'], events: 31, seconds: 1800, limitSeconds: 300 }, disputed: [{ chapter: 'c1', seconds: 1800 }],
    evidence: { count: 31 },
    summary: { en: "31 events in 30 min came from another country than the class's (JP) (limit 5 min)" },
  })
})

test('a trip to another province is one mild warning, however many nights it takes', () => {
  const days = ['2026-03-02', '2026-03-03', '2026-03-04'].flatMap((d) => study(`${d}T20:00:00`, `${d}T20:30:00`, '1.0.0.2'))
  expect(run(days).latest()).toMatchObject([{ severity: 'low', facts: { kind: 'province', places: ['Guangdong'], events: 93 }, disputed: [] }])
})

test.each([['1.0.0.4'], ['1.0.0.5']])('a hosting network within the province: %s', (ip) => {
  expect(run(study('08:00:00', '08:30:00', ip)).latest().map((w) => w.facts.kind)).toEqual(['hosting'])
})

test('a new proxy for every request', () => {
  const given = Array.from({ length: 20 }, (_, i) => at(`08:0${Math.floor(i / 3)}:${(i % 3) * 20 || '00'}`, 'heartbeat', 'L1', 'c1', { ip: i % 2 ? '2.0.0.1' : '2.0.0.2' }))
  expect(run(given, campusless).latest().map((w) => w.facts.places)).toEqual([['JP', 'US']])
})

test('codes are compared with codes', () => {
  const codes = (klass: string, ip: string) => run(study('08:00:00', '08:30:00', ip, { class: klass })).latest().map((w) => w.facts.kind)
  expect(codes('k2', '1.0.0.2')).toEqual(['province'])
  expect(codes('k2', '1.0.0.1')).toEqual([])
  // A number says nothing about letters.
  expect(codes('k3', '1.0.0.2')).toEqual([])
})

test.each([
  ['home', study('08:00:00', '08:30:00', '1.0.0.1')],
  ['a database that knows only the country', study('08:00:00', '08:30:00', '1.0.0.3')],
  ['an address that nobody knows', study('08:00:00', '08:30:00', '3.0.0.1')],
  ['a private address', study('08:00:00', '08:30:00', '10.0.0.1')],
  ['an allowed network abroad', study('08:00:00', '08:30:00', '2.0.0.1')],
  ['four minutes', study('08:00:00', '08:04:00', '2.0.0.2')],
  ['an address that flaps', [...study('08:00:00', '08:59:30', '1.0.0.1'), ...study('08:00:30', '08:50:30', '1.0.0.2').filter((_, i) => i % 3 === 0)]],
  ['four events over an hour', [0, 15, 30, 45].map((m) => at(`08:${m || '00'}:00`, 'heartbeat', 'L1', 'c1', { ip: '2.0.0.2' }))],
])('no warning: %s', (_, given) => {
  expect(run(given).warnings()).toEqual([])
})

test('without a region nothing but hosting can be judged', () => {
  const d = run(study('08:00:00', '08:30:00', '2.0.0.2', { class: 'k4' }))
  expect(d.warnings()).toEqual([])
  expect(d.machine.unjudged()).toEqual({ [unjudgedKey('foreign-ip', 'p1', "the class's region is unknown")]: 1 })
  expect(run(study('08:00:00', '08:30:00', '1.0.0.4', { class: 'k4' })).latest()).toHaveLength(1)
})
