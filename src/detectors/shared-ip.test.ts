import { describe, expect, test } from 'vitest'
import { MINUTE } from '../base/time.ts'
import type { Event } from '../telemetry/event.ts'
import { at, drive, instant, type Fields } from '../testing/drive.ts'
import { honestTimetable, inStepWith, randomOf, study } from '../testing/study.ts'
import { sharedIp } from './shared-ip.ts'

const ip = '1.2.3.4'

describe('in step', () => {
  test('a group of five among eight people of an office is found, whole and alone', () => {
    const random = randomOf(1)
    const table = honestTimetable(random, '09:00:00', 7, 12)
    const d = drive(sharedIp)
    for (let i = 0; i < 5; i++) d.feed(...study(`G${i}`, inStepWith(random, table, 3), { ip, device: `g${i}`, class: 'k1' }))
    for (let i = 0; i < 3; i++) d.feed(...study(`H${i}`, honestTimetable(random, '09:00:00', 7, 12), { ip, device: `h${i}`, class: 'k1' }))
    const [warning, ...more] = d.mark('20:00:00').latest()
    expect(more).toEqual([])
    expect(warning).toMatchObject({
      episode: 'ended', subject: { kind: 'ip', platform: 'p1', id: ip }, class: 'k1', severity: 'medium',
      learners: ['G0', 'G1', 'G2', 'G3', 'G4'].map((id) => ({ platform: 'p1', id })),
      facts: { verdict: 'group', reasons: ['in step'], devices: 5, atOnce: 1, onAddress: 8, withinSeconds: 5 },
    })
    expect(warning?.facts.boundaries).toBeGreaterThanOrEqual(8)
    expect(warning?.evidence.events.length).toBe(20)
  })

  test('once as soon as it is sure, once with its totals', () => {
    const random = randomOf(2)
    const table = honestTimetable(random, '09:00:00', 8, 10)
    const d = drive(sharedIp)
    for (let i = 0; i < 4; i++) d.feed(...study(`G${i}`, inStepWith(random, table, 3), { ip }))
    const warnings = d.mark('20:00:00').warnings()
    // Sure of three at first; the fourth joins at the same boundary.
    expect(warnings.map((w) => [w.episode, w.learners.length])).toEqual([['ongoing', 3], ['ongoing', 4], ['ended', 4]])
    expect(warnings[0]?.begin).toBe(warnings[2]?.begin)
    expect(Number(warnings[2]?.facts.boundaries)).toBeGreaterThan(Number(warnings[0]?.facts.boundaries))
    expect(warnings[2]?.summary.en).toMatch(/^4 learners on one IP address \(G0, G1, G2, G3\) passed \d+ lesson boundaries within 5 s/)
  })

  test('a group that waits for each other where the video stops for face checks', () => {
    const random = randomOf(8)
    const table = honestTimetable(random, '09:00:00', 8, 10)
    const d = drive(sharedIp)
    for (let i = 0; i < 4; i++) {
      // Each completes at a time of their own, and all begin the next together.
      const own = inStepWith(random, table, 2).map(([from, to]): [number, number] => [from, to - Math.round(15_000 * i * random())])
      d.feed(...study(`G${i}`, own, { ip }))
    }
    expect(d.latest().map((w) => w.facts.learners)).toEqual([['G0', 'G1', 'G2', 'G3']])
  })

  test('two learners in step are no group: a couple at one table', () => {
    const random = randomOf(3)
    const table = honestTimetable(random, '09:00:00', 8, 10)
    const d = drive(sharedIp).feed(...study('A', inStepWith(random, table, 3), { ip }), ...study('B', inStepWith(random, table, 3), { ip }))
    expect(d.latest()).toEqual([])
  })

  test('two learners called 1001 on two platforms do not pass the same boundary', () => {
    const table = honestTimetable(randomOf(4), '09:00:00', 8, 10)
    const d = drive(sharedIp)
    for (const platform of ['p1', 'p2', 'p3', 'p4']) d.feed(...study('1001', table, { ip, platform }))
    expect(d.latest()).toEqual([])
  })
})

describe('networks are not accused', () => {
  test.each([1, 2, 3, 4, 5])('an office of 40 that is told to begin at 9:00 and at 13:00 (%i)', (seed) => {
    const random = randomOf(seed)
    const d = drive(sharedIp)
    for (let i = 0; i < 40; i++) {
      d.feed(
        ...study(`L${i}`, honestTimetable(random, '09:00:00', 5, 10), { ip, device: `d${i}` }),
        ...study(`L${i}`, honestTimetable(random, '13:00:00', 5, 10), { ip, device: `d${i}` }),
      )
    }
    expect(d.latest()).toEqual([])
  })

  test('an office of 15 that is told to begin at 9:00 every day for two weeks', () => {
    const random = randomOf(9)
    const d = drive(sharedIp)
    for (let i = 0; i < 15; i++) {
      for (let day = 2; day < 14; day++) d.feed(...study(`L${i}`, honestTimetable(random, `2026-03-${String(day).padStart(2, '0')}T09:00:00`, 2, 15), { ip }))
    }
    expect(d.latest()).toEqual([])
  })

  test('a carrier with 200 people; a group of five in it is found alone', () => {
    const random = randomOf(6)
    const d = drive(sharedIp, {}, { places: { [ip]: { kind: 'private' } } })
    for (let i = 0; i < 200; i++) d.feed(...study(`L${i}`, honestTimetable(random, `09:${String(i % 60).padStart(2, '0')}:00`, 10, 10), { ip, device: `d${i}` }))
    const table = honestTimetable(random, '09:00:00', 12, 10)
    for (let i = 0; i < 5; i++) d.feed(...study(`G${i}`, inStepWith(random, table, 2), { ip, device: `g${i}` }))
    expect(d.latest().map((w) => w.facts.learners)).toEqual([['G0', 'G1', 'G2', 'G3', 'G4']])
  })
})

describe('few devices', () => {
  const beat = (learner: string, device: string, from: number, to: number) => {
    const events = []
    for (let m = from; m <= to; m++) events.push(at(`10:${String(m).padStart(2, '0')}:${learner.slice(1)}`, 'heartbeat', learner, `c${learner}`, { ip, device }))
    return events
  }

  test('three accounts on one host at the same time are a farm', () => {
    const d = drive(sharedIp).feed(...beat('L10', 'd1', 0, 40), ...beat('L20', 'd1', 1, 40), ...beat('L30', 'd1', 2, 40)).mark('20:00:00')
    expect(d.latest()).toMatchObject([
      { severity: 'critical', episode: 'ended', subject: { kind: 'ip', id: ip }, facts: { verdict: 'farm', reasons: ['devices at once'], atOnce: 3, devices: 1, learners: ['L10', 'L20', 'L30'] } },
    ])
    expect(d.latest()[0]?.summary.en).toBe('3 learners on one IP address (L10, L20, L30) were up to 3 at once on one device (limit 2)')
  })

  test('one after the other on a family computer is not', () => {
    const d = drive(sharedIp).feed(...beat('L10', 'd1', 0, 15), ...beat('L20', 'd1', 16, 30), ...beat('L30', 'd1', 31, 50))
    expect(d.latest()).toEqual([])
  })

  test('nor two at once', () => {
    expect(drive(sharedIp).feed(...beat('L10', 'd1', 0, 40), ...beat('L20', 'd1', 0, 40)).latest()).toEqual([])
  })
})

test('four in step on two devices are a farm', () => {
  const random = randomOf(7)
  const table = honestTimetable(random, '09:00:00', 8, 10)
  const d = drive(sharedIp, { atOnce: 5 })
  for (let i = 0; i < 4; i++) d.feed(...study(`G${i}`, inStepWith(random, table, 2), { ip, device: `d${i % 2}` }))
  expect(d.latest()).toMatchObject([{ severity: 'critical', facts: { verdict: 'farm', reasons: ['in step', 'shared devices'], devices: 2 } }])
})

describe('no device is named', () => {
  const agent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/104.0.0.0'
  /** Lessons at a beat a minute, each with so many inputs, sound off unless said otherwise. */
  const watch = (learner: string, begin: string, minutes: number, inputs: number, fields: Fields = {}): Event[] => {
    const from = instant(begin)
    const time = (m: number) => new Date(from + m * MINUTE).toISOString()
    return [
      at(time(0), 'logged-in', learner, undefined, { ip, agent, ...fields }),
      ...Array.from({ length: minutes }, (_, m) => at(time(m + 0.1), m === 0 ? 'played' : 'heartbeat', learner, `c-${learner}`, { ip, muted: true, inputs, ...fields })),
      at(time(minutes), 'logged-out', learner, undefined, { ip, ...fields }),
    ]
  }
  const waves = (inputs: number, fields: Fields = {}) => ['A', 'B', 'C', 'D', 'E', 'F'].flatMap((who, i) => watch(who, `${9 + Math.floor(i / 3)}:0${i}:00`.padStart(8, '0'), 50, inputs, fields))

  test('accounts that run with nobody at them, in waves, are a farm to be looked at', () => {
    const d = drive(sharedIp).feed(...waves(0)).mark('20:00:00')
    expect(d.latest()).toMatchObject([
      { severity: 'medium', facts: { verdict: 'farm', reasons: ['unattended at once'], learners: ['A', 'B', 'C', 'D', 'E', 'F'], unattended: 6, devices: 0 } },
    ])
    expect(d.latest()[0]?.summary.en).toBe(
      '6 learners on one IP address (A, B, C, D, E +1) ran 6 accounts in one kind of browser with the sound off and less than 1 input a minute each, some at the same time',
    )
  })

  test.each([
    ['whose sound is on', waves(0, { muted: false })],
    ['who use their hands', waves(2)],
    ['on devices of their own', ['A', 'B', 'C', 'D', 'E', 'F'].flatMap((who) => watch(who, '09:00:00', 50, 0, { device: `d${who}` }))],
    ['in browsers of their own', ['A', 'B', 'C', 'D', 'E', 'F'].flatMap((who) => watch(who, '09:00:00', 50, 0, { agent: `${agent} ${who}` }))],
    ['who are a family of three', ['A', 'B', 'C'].flatMap((who) => watch(who, '09:00:00', 50, 0))],
    ['one after the other', ['A', 'B', 'C', 'D', 'E', 'F'].flatMap((who, i) => watch(who, `${String(9 + i).padStart(2, '0')}:00:00`, 50, 0))],
    ['who are a third of an office', Array.from({ length: 30 }, (_, i) => watch(`L${i}`, `09:${10 + i}:00`, 50, i < 10 ? 0 : 3, { muted: i < 10 })).flat()],
  ])('not people %s', (_, events) => {
    expect(drive(sharedIp).feed(...events).mark('23:00:00').latest()).toEqual([])
  })
})
