import { expect, test } from 'vitest'
import { SECOND } from '../../base/time.ts'
import { at, drive, instant, type Fields } from '../../testing/drive.ts'
import type { Action, Event } from '../../telemetry/event.ts'
import { brushingRhythm } from '../brushing-rhythm.ts'
import { INFO, SIGNS, signNumber } from './signs.ts'
import type { Facts } from './state.ts'

const catalogue = {
  platforms: [{ id: 'p1', heartbeat: '15s', autoplay: false as const }],
  courses: [{ id: 'k', chapters: Array.from({ length: 40 }, (_, i) => ({ id: `c${i}`, length: 600 })) }],
}

/** `seconds` after 08:00. */
function after(seconds: number, action: Action, chapter: string | undefined, fields: Fields = {}): Event {
  return at(new Date(instant('08:00:00') + Math.round(seconds * SECOND)).toISOString(), action, 'L1', chapter, fields)
}

/** Signs shown at the end where one is enough, with value, usual, count, of. */
function signs(events: readonly Event[], params: Record<string, unknown> = {}): Record<string, number[]> {
  const warnings = drive(brushingRhythm, { families: 1, personal: 0, habits: 0, ...params }, { catalogue }).feed(...events).mark('2026-03-03T08:00:00').latest()
  const facts = warnings.flatMap((w) => (w.facts as unknown as Facts).signs)
  return Object.fromEntries(facts.map((s) => [s.sign, [s.value, s.usual, s.count, s.of]]))
}

const many = (n: number, make: (i: number) => Event | Event[]): Event[] => Array.from({ length: n }, (_, i) => make(i)).flat()
/** 0.37, 0.11, …: numbers that look random and are the same everywhere. */
const odd = (i: number): number => ((i * 0.618_034 + 0.37) % 1)
/** Beats of one chapter that has been started, every `gap` seconds; jitter of 0 to 0.3 s. */
const beats = (n: number, gap: number, more: (i: number, t: number) => Fields = () => ({})): Event[] => [
  after(0, 'played', 'c0', { position: 0 }),
  ...many(n, (i) => {
    const t = (i + 1) * gap + 0.3 * odd(i)
    return after(t, 'heartbeat', 'c0', { position: t + 0.05 * odd(i + 9), ...more(i, t) })
  }),
]
const lessons = (n: number, gap: (i: number) => number): Event[] => {
  let t = 0
  return many(n, (i) => {
    const begin = t
    t += 300 + gap(i)
    return [after(begin, 'initialized', `c${i}`), after(begin + 0.5, 'played', `c${i}`), after(begin + 300, 'completed', `c${i}`, { position: 600, length: 600 })]
  })
}
const answers = (elapsed: readonly number[]): Event[] => elapsed.map((s, i) => after(20 * i, 'answered', undefined, { elapsed: s }))
const pauses = (lengths: readonly number[], seek = false): Event[] => {
  let t = 0
  return [after(0, 'played', 'c0'), ...lengths.flatMap((s, i) => {
    const begin = (t += 100 + 50 * odd(i))
    t += s
    return [after(begin, 'paused', 'c0'), ...(seek ? [after(begin + s / 2, 'seeked', 'c0')] : []), after(t, 'played', 'c0')]
  })]
}

test.each<[string, Event[], Record<string, number[]>]>([
  ['beats off the cadence', beats(30, 45), { 'off-cadence': [45, 15, 29, 29] }],
  ['beats on the cadence', beats(100, 15), {}],
  ['a cadence that the media keeps at 1.5 times', beats(100, 10, (i, t) => ({ position: 1.5 * t + 0.1 * odd(i), rate: 1.5 })), {}],
  ['beats that a hidden page slows down', beats(60, 60, () => ({ visible: false })), {}],
  ['one lost beat in three', beats(100, 15).filter((_, i) => i < 2 || i % 3 !== 0), {}],
  ['media and clock in step to the millisecond', beats(60, 15, (_, t) => ({ position: Math.round(t * 1000) / 1000 + 0.000_1 })), { clockwork: [1, 0.7, 59, 59] }],
  ['positions in whole seconds', beats(60, 15, (i) => ({ position: 15 * (i + 1) })), {}],
  ['equal steps of media, however late the beat', beats(60, 15, (i) => ({ position: 15.5 * (i + 1) + 0.25 })), { 'equal-steps': [1, 0.7, 58, 58] }],
  ['media at 16 times', beats(20, 15, (_, t) => ({ position: 16 * t + 0.4 * odd(t) })), { 'too-fast': [16, 3, 19, 19] }],
  ['media at twice', beats(40, 15, (_, t) => ({ position: 2 * t + 0.4 * odd(t), rate: 2 })), {}],
])('%s', (_, events, expected) => {
  const found = signs(events)
  expect(Object.keys(found)).toEqual(Object.keys(expected))
  for (const [sign, [value, ...rest]] of Object.entries(expected)) {
    expect(found[sign]?.slice(1)).toEqual(rest)
    expect(found[sign]?.[0]).toBeCloseTo(value as number, 1)
  }
})

const sixes = (_: number, t: number): Fields => ({ received: instant('08:00:00') + Math.ceil(t / 90) * 90 * SECOND })

test('beats that arrive six at a time', () => {
  expect(signs(beats(120, 15, sixes)).bundles?.slice(0, 2)).toEqual([6, 1])
})

test('a bundle after a lost connection, every now and then, is honest', () => {
  expect(signs(beats(120, 15, (i, t) => (i % 30 < 6 ? sixes(i, t) : { received: instant('08:00:00') + t * SECOND + 120 })))).toEqual({})
})

const interleaved = (chapters: number): Event[] => many(30, (i) => many(chapters, (c) => after(15 * i + 2 * c + 0.3 * odd(i + c), 'heartbeat', `c${c}`)))

test.each([
  ['three chapters beat in turn', interleaved(3), ['many-chapters']],
  ['two do: another rule judges that', interleaved(2), []],
  ['the next lesson after 1.5 s', lessons(8, (i) => 1.2 + 0.6 * odd(i)), ['next-lesson']],
  ['the next lesson after 3.5 s', lessons(12, (i) => 2.5 + 1.4 * odd(i)), ['next-lesson']],
  ['the next lesson always after 7 s', lessons(12, (i) => 7 + 0.2 * odd(i)), ['steady-next']],
  ['the next lesson after some 7 s, as a hand does it', lessons(30, (i) => 7 * Math.exp(0.6 * (odd(i) - 0.5))), []],
  ['the next lesson after 2 to 40 s', lessons(30, (i) => 2 + 38 * odd(i)), []],
  ['the same lesson again at once', many(20, (i) => [after(400 * i, 'played', 'c0'), after(400 * i + 399, 'completed', 'c0', { position: 600 })]), []],
  ['answers in 1 s', answers([1, 1.1, 0.9, 1, 1.2, 1]), ['quick-answers']],
  ['answers always after 6 s', answers(Array.from({ length: 14 }, (_, i) => 6 + 0.4 * odd(i))), ['steady-answers']],
  ['a few fast answers among others', answers([1, 9, 1.2, 14, 6, 2, 22, 1.4, 8, 11, 1, 17]), []],
  ['answers of a form, sent together', many(12, (i) => after(0.01 * i, 'answered', undefined)), []],
  ['pauses of 1 s', pauses(Array.from({ length: 9 }, () => 1)), ['quick-resume', 'steady-pauses']],
  ['pauses of a minute', pauses(Array.from({ length: 9 }, (_, i) => 60 + odd(i))), ['steady-pauses']],
  ['pauses of 2 to 90 s', pauses([4, 31, 2, 90, 12, 15, 40, 3, 22, 8, 61, 17]), []],
  ['steps back: pause, seek, play', pauses(Array.from({ length: 20 }, () => 1), true), []],
  ['chapters reported at their end first', many(5, (i) => [after(400 * i, 'heartbeat', `c${i}`, { position: 600 }), after(400 * i + 20, 'heartbeat', `c${i}`, { position: 0 })]), ['completion-probe']],
  ['completed chapters opened again at their end', many(9, (i) => [after(400 * i, 'initialized', `c${i}`, { position: 600 }), after(400 * i + 9, 'completed', `c${i}`, { position: 600 })]), []],
  ['a seek to the end', many(9, (i) => [after(400 * i, 'played', `c${i}`, { position: 0 }), after(400 * i + 2, 'seeked', `c${i}`, { from: 2, to: 599 }), after(400 * i + 3, 'completed', `c${i}`, { position: 600 })]), []],
  ['beats that nothing started', many(6, (i) => many(4, (k) => after(100 * i + 15 * k, 'heartbeat', `c${i}`))), ['no-start']],
])('%s', (_, events, expected) => {
  expect(Object.keys(signs(events))).toEqual(expected)
})

test.each([
  ['75 minutes muted', 300, { muted: true }, ['untouched']],
  ['50 minutes muted', 200, { muted: true }, []],
  ['75 minutes with sound', 300, { muted: false }, []],
  ['3 hours with sound', 720, { muted: false }, ['unmoved']],
  ['75 minutes muted, with inputs', 300, { muted: true, inputs: 1 }, []],
])('nobody touches the player: %s', (_, n, fields, expected) => {
  expect(Object.keys(signs(beats(n, 15, () => fields)))).toEqual(expected)
})

test('a player that stops for a face check has not been paused by a hand', () => {
  const events = beats(300, 15, () => ({ muted: true })).flatMap((e, i) =>
    i % 50 === 49
      ? [e, after(15 * i + 2, 'paused', 'c0', { position: 15 * i + 2 }), after(15 * i + 2, 'face-requested', 'c0'), after(15 * i + 9, 'played', 'c0', { position: 15 * i + 2 })]
      : [e],
  )
  expect(Object.keys(signs(events))).toEqual(['untouched'])
})

test('every sign has its number, family and words', () => {
  for (const sign of SIGNS) {
    expect(SIGNS[signNumber(sign)]).toBe(sign)
    const facts: Facts = { signs: [{ sign, family: INFO[sign].family, value: 1, usual: 2, count: 3, of: 4 }], seconds: 0 }
    const { en, zh } = brushingRhythm.explain(facts, brushingRhythm.params.parse({}), [])
    expect(en).toMatch(/^it plays like a program: .+\d.*[^.]$/)
    expect(zh).toMatch(/^播放方式像程序：.+\d.*[^。]$/)
  }
})
