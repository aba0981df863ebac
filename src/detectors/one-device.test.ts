import { expect, test } from 'vitest'
import { beats } from '../testing/beats.ts'
import { at, drive } from '../testing/drive.ts'
import { oneDevice } from './one-device.ts'

const pc = { device: 'pc', session: 's1' }
const phone = { device: 'phone', session: 's2' }

test('two devices that beat in turn are one warning; the second loses its credit', () => {
  const first = beats('08:00:00', '08:10:00', 30, 'L1', 'c1', pc)
  const second = beats('08:00:10', '08:10:10', 30, 'L1', 'c2', phone)
  const d = drive(oneDevice).feed(...first, ...second).mark('08:30:00')
  expect(d.warnings().map((w) => w.episode)).toEqual(['ongoing', 'ended'])
  const [w] = d.latest()
  expect(w).toMatchObject({
    begin: '2026-03-02T08:00:00.000Z', end: '2026-03-02T08:10:10.000Z', chapters: ['c2'],
    facts: { devices: ['pc', 'phone'], changes: 41, seconds: 610, gapSeconds: 60 },
    disputed: [{ chapter: 'c2', begin: '2026-03-02T08:00:10.000Z', end: '2026-03-02T08:10:10.000Z', seconds: 600 }],
  })
  expect(w?.summary.en).toBe('2 devices were in use at the same time: 41 changes between them in 10 min 10 s, each within 1 min (limit: one device at a time)')
})

test('the second turn of both devices decides', () => {
  const turns = [
    at('08:00:00', 'played', 'L1', 'c1', pc), at('08:00:20', 'played', 'L1', 'c2', phone),
    at('08:00:40', 'heartbeat', 'L1', 'c1', pc), at('08:01:00', 'heartbeat', 'L1', 'c2', phone),
  ]
  expect(drive(oneDevice).feed(...turns.slice(0, 3)).warnings()).toEqual([])
  expect(drive(oneDevice).feed(...turns).warnings().map((w) => w.facts.changes)).toEqual([3])
})

test('a pause of the alternation does not split it', () => {
  const d = drive(oneDevice)
    .feed(...beats('08:00:00', '08:30:00', 30, 'L1', 'c1', pc))
    .feed(...beats('08:00:10', '08:05:10', 30, 'L1', 'c2', phone), ...beats('08:13:10', '08:18:10', 30, 'L1', 'c2', phone))
  expect(d.mark('09:00:00').latest().map((w) => [w.episode, w.end])).toEqual([['ended', '2026-03-02T08:18:30.000Z']])
})

test.each([
  ['a phone in the morning and a PC at night', [...beats('08:00:00', '08:30:00', 30, 'L1', 'c1', phone), ...beats('20:00:00', '20:30:00', 30, 'L1', 'c2', pc)]],
  ['a dropped connection: a new session on the same device', [
    ...beats('08:00:00', '08:05:00', 15, 'L1', 'c1', pc), ...beats('08:05:10', '08:10:00', 15, 'L1', 'c1', { ...pc, session: 's9' }),
    at('08:05:20', 'terminated', 'L1', 'c1', pc),
  ]],
  ['a change from phone to PC while the phone still closes', [
    ...beats('08:00:00', '08:05:00', 15, 'L1', 'c1', phone), at('08:05:05', 'logged-in', 'L1', undefined, pc),
    ...beats('08:05:10', '08:10:00', 15, 'L1', 'c1', pc), at('08:05:20', 'paused', 'L1', 'c1', phone), at('08:05:40', 'terminated', 'L1', 'c1', phone),
    at('08:06:10', 'logged-out', 'L1', undefined, phone),
  ]],
  ['face checks answered with the phone', [
    ...beats('08:00:00', '09:00:00', 15, 'L1', 'c1', pc), at('08:10:01', 'face-checked', 'L1', undefined, phone), at('08:10:31', 'face-checked', 'L1', undefined, phone),
  ]],
  ['from room to room: three changes in an hour', [
    ...beats('08:00:00', '08:20:00', 15, 'L1', 'c1', pc), ...beats('08:20:30', '08:40:00', 15, 'L1', 'c1', phone),
    ...beats('08:40:30', '08:59:00', 15, 'L1', 'c1', pc), ...beats('08:59:30', '09:20:00', 15, 'L1', 'c1', phone),
  ]],
  ['device ids that change with every page', [0, 1, 2, 3, 4, 5].map((i) => at(`08:00:${i}0`, 'played', 'L1', 'c1', { device: `d${i}` }))],
  ['no device ids', beats('08:00:00', '08:10:00', 15, 'L1', 'c1')],
])('no warning: %s', (_, given) => {
  expect(drive(oneDevice).feed(...given).mark('22:00:00').warnings()).toEqual([])
})
