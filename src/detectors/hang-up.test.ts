import { expect, test } from 'vitest'
import { unjudgedKey } from '../engine/runtime.ts'
import { beats } from '../testing/beats.ts'
import { at, drive } from '../testing/drive.ts'
import { hangUp } from './hang-up.ts'

const s = { session: 's1' }
const hidden = { ...s, visible: false, inputs: 1 }
const shown = { ...s, visible: true, inputs: 1 }
const idle = { ...s, visible: true, inputs: 0 }

test('five minutes with the page hidden, disputed exactly', () => {
  const given = beats('08:00:00', '08:10:00', 15, 'L1', 'c1', shown)
  for (const e of given) if (e.time >= given[4]!.time && e.time < given[33]!.time) e.visible = false
  const d = drive(hangUp).feed(...given).mark('09:00:00')
  expect(d.warnings().map((w) => [w.episode, w.raised.slice(11, 19)])).toEqual([['ongoing', '08:06:00'], ['ended', '08:18:00']])
  expect(d.latest()[0]).toMatchObject({
    begin: '2026-03-02T08:01:00.000Z', end: '2026-03-02T08:08:00.000Z', facts: { kind: 'hidden', seconds: 420, limitSeconds: 300 },
    disputed: [{ chapter: 'c1', begin: '2026-03-02T08:01:00.000Z', end: '2026-03-02T08:08:00.000Z', seconds: 420 }],
    summary: { en: 'the video ran for 7 min with its page hidden (limit 5 min)' },
  })
})

test('two hidden stretches that are close together are one warning', () => {
  const given = [
    ...beats('08:00:00', '08:06:00', 15, 'L1', 'c1', hidden), at('08:06:05', 'paused', 'L1', 'c1', shown), ...beats('08:08:00', '08:14:00', 15, 'L1', 'c1', hidden),
  ]
  expect(drive(hangUp).feed(...given).mark('09:00:00').latest().map((w) => [w.facts.seconds, w.disputed.length])).toEqual([[720, 2]])
})

test('after an input, a short idle while is not added to the warning that is still open', () => {
  const given = [
    ...beats('08:00:00', '08:40:00', 15, 'L1', 'c1', idle), at('08:40:15', 'heartbeat', 'L1', 'c1', { ...idle, inputs: 3 }),
    ...beats('08:40:30', '08:45:30', 15, 'L1', 'c1', idle),
  ]
  expect(drive(hangUp).feed(...given).mark('09:30:00').latest().map((w) => w.facts.seconds)).toEqual([2400])
})

test('half an hour without input over two chapters, with a short pause', () => {
  const given = [
    ...beats('08:00:00', '08:15:00', 15, 'L1', 'c1', idle), at('08:15:05', 'paused', 'L1', 'c1', idle), ...beats('08:18:05', '08:23:05', 15, 'L1', 'c1', idle),
    at('08:23:05', 'completed', 'L1', 'c1', idle), ...beats('08:23:10', '08:38:10', 15, 'L1', 'c2', idle),
  ]
  const [w] = drive(hangUp).feed(...given).mark('09:30:00').latest()
  expect([w?.facts.seconds, w?.disputed.map((d) => [d.chapter, d.seconds])]).toEqual([2105, [['c1', 905], ['c1', 300], ['c2', 900]]])
})

test('half an hour without input', () => {
  const d = drive(hangUp).feed(...beats('08:00:00', '08:40:00', 15, 'L1', 'c1', idle)).mark('09:00:00')
  expect(d.latest()).toMatchObject([{
    begin: '2026-03-02T08:00:00.000Z', end: '2026-03-02T08:40:00.000Z', facts: { kind: 'idle', seconds: 2400, limitSeconds: 1800 },
    disputed: [{ seconds: 2400 }],
    summary: { en: 'the video ran for 40 min without any input and without an answered face check (limit 30 min)' },
  }])
})

test('both at once are two warnings with an id each', () => {
  const d = drive(hangUp).feed(...beats('08:00:00', '08:40:00', 15, 'L1', 'c1', { ...s, visible: false, inputs: 0 })).mark('09:00:00')
  expect(d.latest().map((w) => w.facts.kind)).toEqual(['hidden', 'idle'])
})

test('playback of which inputs are told only every minute', () => {
  const given = beats('08:00:00', '08:40:00', 15, 'L1', 'c1', idle)
  given.forEach((e, i) => {
    if (i % 4 !== 0) e.inputs = undefined
  })
  expect(drive(hangUp).feed(...given).mark('09:00:00').latest().map((w) => w.facts.seconds)).toEqual([2400])
})

const passive = beats('08:00:00', '09:30:00', 15, 'L1', 'c1', idle)
const mixed = beats('08:00:00', '08:30:00', 15, 'L1', 'c1', shown)
mixed.forEach((e, i) => {
  e.visible = i % 19 === 0
})

test.each([
  ['a passive learner who answers face checks', [...passive, at('08:12:07', 'face-checked', 'L1', undefined, { ...s, outcome: 'passed' }),
    at('08:29:07', 'face-checked', 'L1', undefined, { ...s, outcome: 'unusable' }), at('08:58:07', 'answered', 'L1', 'c1', s),
    at('09:20:07', 'face-checked', 'L1', undefined, { outcome: 'passed' })]],
  ['hidden again and again for less than five minutes', mixed],
  ['hidden while paused', [
    ...beats('08:00:00', '08:04:00', 15, 'L1', 'c1', hidden), at('08:04:10', 'paused', 'L1', 'c1', hidden), at('08:20:00', 'navigated', 'L1', undefined, hidden),
    ...beats('08:20:00', '08:24:00', 15, 'L1', 'c1', hidden),
  ]],
  ['an hour in which nothing was played', [at('08:00:00', 'played', 'L1', 'c1', idle), at('09:00:00', 'heartbeat', 'L1', 'c1', idle)]],
  ['20 minutes twice, with a break', [...beats('08:00:00', '08:20:00', 15, 'L1', 'c1', idle), ...beats('08:35:00', '08:55:00', 15, 'L1', 'c1', idle)]],
  ['neither is sent', beats('08:00:00', '09:30:00', 15, 'L1', 'c1', s)],
])('no warning: %s', (_, given) => {
  expect(drive(hangUp).feed(...given).mark('12:00:00').warnings()).toEqual([])
})

test('what is not sent is not evaluable', () => {
  const d = drive(hangUp).feed(...beats('08:00:00', '09:30:00', 15, 'L1', 'c1', s))
  d.warnings()
  expect(d.machine.unjudged()).toEqual({
    [unjudgedKey('hang-up', 'p1', '`visible` is not sent')]: 1, [unjudgedKey('hang-up', 'p1', '`inputs` is not sent')]: 1,
  })
})
