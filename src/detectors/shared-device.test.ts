import { describe, expect, test } from 'vitest'
import type { Event } from '../telemetry/event.ts'
import { at, drive, type Fields } from '../testing/drive.ts'
import { sharedDevice } from './shared-device.ts'

const catalogue = { classes: [{ id: 'k1', platform: 'p1', teachers: ['T', 'acc-t'], institution: 'school', learners: ['A', 'B', 'C'] }] }

/** A learner's beats, one a minute, from and to a minute past 10:00. */
function use(learner: string, from: number, to: number, fields: Fields = {}): Event[] {
  const events: Event[] = []
  for (let m = from; m <= to; m++) {
    const time = `${10 + Math.floor(m / 60)}:${String(m % 60).padStart(2, '0')}:${String(learner.charCodeAt(0) % 60).padStart(2, '0')}`
    events.push(at(time, 'heartbeat', learner, 'c1', { device: 'd1', ip: '1.2.3.4', class: 'k1', ...fields }))
  }
  return events
}

describe('the device', () => {
  test('three learners in turn are a hint alone', () => {
    const d = drive(sharedDevice).feed(...use('A', 0, 5), ...use('B', 20, 25), ...use('C', 40, 45)).mark('20:00:00')
    expect(d.warnings().map((w) => w.episode)).toEqual(['ongoing', 'ended'])
    expect(d.latest()).toMatchObject([
      { subject: { kind: 'device', platform: 'p1', id: 'd1' }, severity: 'low', facts: { learners: ['A', 'B', 'C'], atOnce: 1, returns: 0, windowHours: 24 } },
    ])
    expect(d.latest()[0]?.summary.en).toBe('one device served 3 learners (A, B, C) within 24 h, up to 1 of them at once (limit 2)')
  })

  test('at once', () => {
    const d = drive(sharedDevice).feed(...use('A', 0, 40), ...use('B', 1, 40), ...use('C', 2, 40))
    expect(d.mark('20:00:00').latest()).toMatchObject([{ severity: 'medium', facts: { atOnce: 3 } }])
  })

  test('to and fro in a hurry, each with a login and a logout of its own', () => {
    const turns = ['A', 'B', 'C', 'A', 'B', 'C', 'A', 'B', 'C'].flatMap((who, i) => {
      const turn = use(who, 18 * i, 18 * i + 16)
      return [...turn, at(new Date((turn.at(-1) as Event).time + 5000).toISOString(), 'logged-out', who, undefined, { device: 'd1' })]
    })
    const d = drive(sharedDevice).feed(...turns).mark('20:00:00')
    expect(d.latest()).toMatchObject([{ severity: 'medium', facts: { learners: ['A', 'B', 'C'], atOnce: 1, returns: 6 } }])
    expect(d.latest()[0]?.summary.en).toContain('was handed back 6 times within 5 min (limit 5)')
    // Half as often, as siblings do.
    expect(drive(sharedDevice).feed(...turns.slice(0, 18 * 6)).mark('20:00:00').latest()).toMatchObject([{ severity: 'low', facts: { returns: 3 } }])
  })

  test('a queue at the only computer, each once, is a hint alone', () => {
    const d = drive(sharedDevice).feed(...['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'].flatMap((who, i) => use(who, 40 * i, 40 * i + 38))).mark('20:00:00')
    expect(d.latest()).toMatchObject([{ severity: 'low', facts: { returns: 0, atOnce: 1 } }])
  })

  test('who logs the others in and lets them go on elsewhere is a hint alone', () => {
    const help = (who: string, from: number) => [...use(who, from, from + 3), ...use(who, from + 4, from + 50, { device: `d-${who}` })]
    const d = drive(sharedDevice).feed(...use('A', 0, 40), ...help('B', 5), ...help('C', 15)).mark('20:00:00')
    expect(d.latest().map((w) => w.severity)).toEqual(['low'])
  })

  test.each([
    ['a family of two', [...use('A', 0, 5), ...use('B', 20, 25)]],
    ['a classroom computer on three days', [
      at('2026-03-02T10:00:00', 'played', 'A', 'c1', { device: 'd1' }), at('2026-03-03T10:30:00', 'played', 'B', 'c1', { device: 'd1' }),
      at('2026-03-04T11:00:00', 'played', 'C', 'c1', { device: 'd1' }),
    ]],
    ['devices of the same name on three platforms', [...use('A', 0, 5), ...use('B', 10, 15, { platform: 'p2' }), ...use('C', 20, 25, { platform: 'p3' })]],
    ['three devices', [...use('A', 0, 5), ...use('B', 0, 5, { device: 'd2' }), ...use('C', 0, 5, { device: 'd3' })]],
  ])('not %s', (_, events) => {
    expect(drive(sharedDevice, {}, { catalogue }).feed(...events).latest()).toEqual([])
  })
})

describe('the teacher', () => {
  const all = () => [...use('A', 0, 40), ...use('B', 1, 40), ...use('C', 2, 40)]

  test('who was on the device before is the subject', () => {
    const d = drive(sharedDevice, {}, { catalogue }).feed(...use('T', 0, 1, { account: 'acc-t' }), ...all()).mark('20:00:00')
    expect(d.latest()).toMatchObject([
      { subject: { kind: 'teacher', platform: 'p1', id: 'T' }, severity: 'critical', institutions: ['school'], learners: [{ id: 'A' }, { id: 'B' }, { id: 'C' }], facts: { teacher: 'T' } },
    ])
    expect(d.latest()[0]?.summary.en).toContain('teacher T of their class was seen with it')
  })

  test('who comes later takes the place of the device', () => {
    const d = drive(sharedDevice, {}, { catalogue }).feed(...all(), ...use('T', 30, 31)).mark('20:00:00')
    expect(d.latest().map((w) => [w.subject.kind, w.episode])).toEqual([['device', 'withdrawn'], ['teacher', 'ended']])
  })

  test('on another device of the same address, when the device serves several at once', () => {
    const d = drive(sharedDevice, {}, { catalogue }).feed(...use('T', 0, 5, { device: 'd9' }), ...all()).mark('20:00:00')
    expect(d.latest().map((w) => [w.subject.kind, w.subject.id, w.facts.device])).toEqual([['device', 'd1', 'd1'], ['teacher', 'T', 'd1']])
  })

  test('not one who logged in at a classroom computer that serves one after the other', () => {
    const d = drive(sharedDevice, {}, { catalogue }).feed(...use('T', 0, 1), ...use('A', 10, 25), ...use('B', 40, 55), ...use('C', 70, 85))
    expect(d.latest()).toMatchObject([{ subject: { kind: 'device' }, severity: 'low' }])
  })

  test('not on the address of a classroom computer that serves one after the other', () => {
    const d = drive(sharedDevice, {}, { catalogue }).feed(...use('T', 0, 60, { device: 'd9' }), ...use('A', 0, 5), ...use('B', 20, 25), ...use('C', 40, 45))
    expect(d.latest().map((w) => w.subject.kind)).toEqual(['device'])
  })

  test('not on a carrier address, nor one of another class', () => {
    const events = () => [...use('T', 0, 5, { device: 'd9' }), ...all()]
    expect(drive(sharedDevice, {}, { catalogue, places: { '1.2.3.4': { kind: 'private' } } }).feed(...events()).latest().map((w) => w.subject.kind)).toEqual(['device'])
    const other = { classes: [{ id: 'k1', platform: 'p1', learners: ['A', 'B', 'C'] }, { id: 'k2', platform: 'p1', teachers: ['T'] }] }
    expect(drive(sharedDevice, {}, { catalogue: other }).feed(...events()).latest().map((w) => w.subject.kind)).toEqual(['device'])
  })
})
