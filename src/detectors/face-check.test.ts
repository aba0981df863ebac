import { expect, test } from 'vitest'
import { MINUTE, SECOND, formatTime } from '../base/time.ts'
import { beats } from '../testing/beats.ts'
import { at, drive, instant, type Fields } from '../testing/drive.ts'
import { faceCheck } from './face-check.ts'

const s = { session: 's1' }
const asked = (time: string, challenge: string, more: Fields = {}) => at(time, 'face-requested', 'L1', undefined, { ...s, challenge, ...more })
const outcome = (time: string, challenge: string, result: Fields['outcome']) => at(time, 'face-checked', 'L1', undefined, { ...s, challenge, outcome: result })
/** Checks that pass, `minutes` apart. */
const passing = (from: string, minutes: readonly number[]) => {
  let t = instant(from)
  return minutes.flatMap((m, i) => {
    t += m * MINUTE
    return [asked(formatTime(t), `ok${i}`), outcome(formatTime(t + 20 * SECOND), `ok${i}`, 'passed')]
  })
}
const kinds = (given: Parameters<ReturnType<typeof drive>['feed']>) =>
  drive(faceCheck).feed(...given).mark('2026-03-03T00:00:00').latest().map((w) => w.facts.kind)

test('a check that nobody answers while the session goes on', () => {
  const given = [...beats('08:00:00', '08:15:00', 15, 'L1', 'c1', s), asked('08:05:00', 'f1'), ...passing('08:00:00', [12])]
  const d = drive(faceCheck).feed(...given).mark('12:00:00')
  expect(d.warnings().map((w) => [w.episode, w.raised.slice(11, 19)])).toEqual([['ongoing', '08:06:15'], ['ended', '09:12:00']])
  expect(d.latest()[0]).toMatchObject({
    begin: '2026-03-02T08:05:00.000Z', facts: { kind: 'missed', count: 1, limit: 60 }, chapters: ['c1'],
    disputed: [{ begin: '2026-03-02T08:05:00.000Z', end: '2026-03-02T08:12:00.000Z', seconds: 420 }],
    summary: { en: 'a face check was not answered within 1 min' },
  })
})

test('the platform says so, before and after it is known; several are one warning', () => {
  const given = [
    ...beats('08:00:00', '08:40:00', 15, 'L1', 'c1', s), asked('08:05:00', 'f1'), outcome('08:06:00', 'f1', 'missed'),
    asked('08:16:00', 'f2'), outcome('08:17:05', 'f2', 'missed'), asked('08:29:00', 'f3'), outcome('08:29:40', 'f3', 'passed'),
  ]
  expect(drive(faceCheck).feed(...given).mark('12:00:00').latest().map((w) => [w.facts.kind, w.facts.count])).toEqual([['missed', 2]])
})

test('two failures in a row, whatever is unusable between them', () => {
  const given = [
    ...beats('08:00:00', '08:30:00', 15, 'L1', 'c1', s), asked('08:05:00', 'f1'), outcome('08:05:20', 'f1', 'failed'), asked('08:05:30', 'f2'),
    outcome('08:05:50', 'f2', 'unusable'), asked('08:06:10', 'f3'), outcome('08:06:30', 'f3', 'failed'), ...passing('08:10:00', [6]),
  ]
  expect(drive(faceCheck).feed(...given).mark('12:00:00').latest()).toMatchObject([{
    begin: '2026-03-02T08:05:20.000Z', facts: { kind: 'failed', count: 2, limit: 2 }, disputed: [{ begin: '2026-03-02T08:05:20.000Z' }],
    summary: { en: '2 face checks in a row failed (limit: fewer than 2)' },
  }])
})

const other = at('07:59:00', 'face-requested', 'L2', undefined, { challenge: 'f1' })
const asking = (checks: string | undefined) => ({ catalogue: { platforms: [{ id: 'p1', checks }] } })

test('watching without any check', () => {
  const d = drive(faceCheck, {}, asking('15m')).feed(other, ...beats('08:00:00', '09:00:00', 15, 'L1', 'c1', s)).mark('12:00:00')
  expect(d.warnings().map((w) => [w.episode, w.raised.slice(11, 19)])).toEqual([['ongoing', '08:20:00'], ['ended', '10:00:00']])
  expect(d.latest()[0]).toMatchObject({
    facts: { kind: 'none', seconds: 3600, limit: 1200 }, disputed: [{ seconds: 3600 }],
    summary: { en: '1 h were watched without any face check (limit 20 min)' },
  })
})

test.each([
  ['a platform that asks once in 50 minutes: 54 minutes', '50m', '08:54:00', []],
  ['a platform that asks once in 50 minutes: an hour', '50m', '09:00:00', [[3600, 3300]]],
  ['a platform that does not tell how often it asks', undefined, '11:00:00', []],
])('never asked on %s', (_, checks, until, expected) => {
  const d = drive(faceCheck, {}, asking(checks)).feed(other, ...beats('08:00:00', until, 15, 'L1', 'c1', s)).mark('2026-03-03T00:00:00')
  expect(d.latest().map((w) => [w.facts.seconds, w.facts.limit])).toEqual(expected)
  expect(Object.keys(d.machine.unjudged()).some((r) => r.includes('`checks`'))).toBe(checks === undefined)
})

test.each([
  ['twice as long as ever before', '10:15:00', [2740]],
  ['less than that', '09:47:00', []],
])('a learner whom the platform asked every 12 to 17 minutes, and then no more: %s', (_, until, expected) => {
  const given = [...beats('08:00:00', until, 15, 'L1', 'c1', s), ...passing('08:00:00', [12, 17, 14, 13, 16, 17])]
  expect(drive(faceCheck).feed(...given).mark('2026-03-03T00:00:00').latest().map((w) => w.facts.seconds)).toEqual(expected)
})

/** Six checks 7 minutes apart of which some are missed. */
const some = (missed: readonly number[]) => [
  ...beats('08:00:00', '08:50:00', 15, 'L1', 'c1', s),
  ...[1, 2, 3, 4, 5, 6].flatMap((i) => {
    const t = instant('08:00:00') + 7 * i * MINUTE
    return [asked(formatTime(t), `f${i}`), outcome(formatTime(t + (missed.includes(i) ? 60 : 20) * SECOND), `f${i}`, missed.includes(i) ? 'missed' : 'passed')]
  }),
]

test.each([
  ['one', [3], ['low', 'low']],
  ['half of them, never three in a row', [1, 2, 4], ['low', 'low']],
  ['three in a row', [2, 3, 4], ['low', 'medium', 'medium']],
])('missed checks are a hint until there are three in a row: %s', (_, missed, severities) => {
  const d = drive(faceCheck, { kinds: ['missed'] }).feed(...some(missed)).mark('2026-03-03T00:00:00')
  expect(d.warnings().map((w) => w.severity)).toEqual(severities)
  expect(d.latest()).toMatchObject([{ facts: { kind: 'missed', count: missed.length } }])
})

test('requests at fixed intervals', () => {
  const d = drive(faceCheck).feed(...beats('08:00:00', '09:30:00', 15, 'L1', 'c1', s), ...passing('08:00:00', [10, 10, 10, 10, 10, 10, 10]))
  expect(d.mark('12:00:00').latest()).toMatchObject([{
    severity: 'low', begin: '2026-03-02T08:10:00.000Z', facts: { kind: 'fixed', count: 7, seconds: 600, limit: 5 },
  }])
})

test('a miss and a fixed interval that begin together have an id each', () => {
  const given = [...beats('08:00:00', '09:15:00', 15, 'L1', 'c1', s), ...passing('08:00:00', [10, 10, 10, 10, 10, 10]).filter((_, i) => i !== 1)]
  expect(new Set(kinds(given))).toEqual(new Set(['fixed', 'missed']))
})

const lively = [...beats('08:00:00', '09:00:00', 15, 'L1', 'c1', s)]

test.each([
  ['checks at random times, all answered', [...lively, ...passing('08:00:00', [12, 9, 17, 11])]],
  ['an answer at the last moment', [...lively, ...passing('08:00:00', [12, 17, 14]), asked('08:05:00', 'f1'), outcome('08:06:00', 'f1', 'passed')]],
  ['an answer from another device', [...lively, ...passing('08:00:00', [12, 17, 14]), asked('08:05:00', 'f1'),
    at('08:05:40', 'face-checked', 'L1', undefined, { session: 'phone', challenge: 'f1', outcome: 'passed' })]],
  ['a connection that was down at the deadline', [
    ...beats('08:00:00', '08:05:30', 15, 'L1', 'c1', s), asked('08:05:10', 'f1'), ...beats('08:09:00', '08:15:00', 15, 'L1', 'c1', s),
  ]],
  ['a connection that was down from the request on', [
    ...beats('08:00:00', '08:05:00', 15, 'L1', 'c1', s), asked('08:05:10', 'f1'), ...beats('08:06:20', '08:15:00', 15, 'L1', 'c1', s),
  ]],
  ['another session that goes on', [
    ...beats('08:00:00', '08:05:30', 15, 'L1', 'c1', s), asked('08:05:10', 'f1'), ...beats('08:06:20', '08:15:00', 15, 'L1', 'c1', { session: 's2' }),
  ]],
  ['a learner who logged out', [
    ...beats('08:00:00', '08:05:30', 15, 'L1', 'c1', s), asked('08:05:10', 'f1'), at('08:05:40', 'logged-out', 'L1', undefined, s),
    ...beats('08:06:20', '08:15:00', 15, 'L1', 'c1', s),
  ]],
  ['one failure, then a pass, then a failure', [
    ...lively, outcome('08:10:00', 'f1', 'failed'), outcome('08:10:30', 'f2', 'passed'), outcome('08:25:00', 'f3', 'failed'), outcome('08:25:30', 'f4', 'passed'),
    outcome('08:40:00', 'f5', 'passed'), outcome('08:55:00', 'f6', 'passed'),
  ]],
  ['18 minutes, a new session, 18 minutes', [
    ...beats('08:00:00', '08:18:00', 15, 'L1', 'c1', s), ...beats('08:19:00', '08:37:00', 15, 'L1', 'c1', { session: 's2' }),
  ]],
  ['an hour in which nothing was played', [at('08:00:00', 'played', 'L1', 'c1', s), at('09:00:00', 'heartbeat', 'L1', 'c1', s)]],
  ['quick second tries are no fixed interval', [
    ...beats('08:00:00', '08:10:00', 15, 'L1', 'c1', s), ...[0, 10, 20, 30, 40, 50].map((t) => asked(`08:05:${t || '00'}`, `f${t}`)),
    ...[0, 10, 20, 30, 40, 50].map((t) => outcome(`08:05:${t + 5 < 10 ? '05' : t + 5}`, `f${t}`, 'unusable')),
  ]],
])('no warning: %s', (_, given) => {
  expect(kinds(given)).toEqual([])
})

test('a platform that asks nobody has no face checks', () => {
  expect(drive(faceCheck).feed(...lively).warnings()).toEqual([])
})

test('kinds that are not asked for are not judged', () => {
  expect(drive(faceCheck, { kinds: ['missed'] }).feed(...lively).warnings()).toEqual([])
})
