import { expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND, formatTime } from '../../base/time.ts'
import { at, instant, type Fields } from '../../testing/drive.ts'
import { advancePlayback, playback } from '../../telemetry/playback.ts'
import type { Action, Event } from '../../telemetry/event.ts'
import { activity, FEATURES, observe, readFeatures, takeIn, type Around } from './index.ts'

const LENGTH = 600
type Surroundings = Omit<Around, 'span'>
const surroundings: Surroundings = { cadence: 15 * SECOND, rate: 1.25, checks: 5 * MINUTE, sends: () => true, lengthOf: () => LENGTH, minutesEast: () => 480 }

/** What is read after these events, by name; missing features are left out. */
function featuresOf(events: readonly Event[], change: Partial<Surroundings> = {}): Record<string, number> {
  const [state, player] = [activity.make(), playback.make()]
  const around = { ...surroundings, ...change, span: undefined }
  for (const event of events) observe(state, event, { ...around, span: advancePlayback(player, event) })
  const values = new Float64Array(FEATURES.length)
  readFeatures(state, around, values, 0)
  return Object.fromEntries(FEATURES.flatMap((f, i) => (Number.isNaN(values[i]) ? [] : [[f.name, values[i] as number]])))
}

const START = instant('08:00:00')
const event = (seconds: number, action: Action, chapter?: string, fields: Fields = {}): Event =>
  at(formatTime(START + Math.round(seconds * SECOND)), action, 'L', chapter, { session: 's', ...fields })

/** A chapter from its start at `from`: beats after these gaps, with media that follows the clock at `rate`. */
function lesson(from: number, gaps: readonly number[], how: { chapter?: string; rate?: number; fields?: (i: number) => Fields } = {}): Event[] {
  const { chapter = 'c1', rate = 1, fields = () => ({}) } = how
  const events = [event(from, 'initialized', chapter, { position: 0 }), event(from, 'played', chapter, { position: 0, rate })]
  let t = 0
  gaps.forEach((gap, i) => {
    t += gap
    events.push(event(from + t, 'heartbeat', chapter, { position: Math.round(t * rate * 1000) / 1000, rate, ...fields(i) }))
  })
  return events
}

const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i))
const even = (n: number, gap = 15): number[] => times(n, () => gap)
/** An hour and more after the last, one sitting each, of one minute. */
const visits = (...hours: number[]): Event[] => hours.flatMap((h) => [event((h - 8) * 3600, 'logged-in'), event((h - 8) * 3600 + 60, 'logged-out')])
const answers = (...elapsed: number[]): Event[] => elapsed.map((e, i) => event(20 * i, 'answered', 'c1', { elapsed: e, correct: i % 2 === 0, inputs: 1 }))
const pausing = (...lengths: number[]): Event[] => {
  let t = 100
  return lengths.flatMap((l) => {
    t += 100
    return [event(t, 'paused', 'c1'), event((t += l), 'played', 'c1')]
  })
}
const checks = (...given: readonly [wait: number, similarity: number, photo: string][]): Event[] =>
  given.flatMap(([wait, similarity, photo], i) => [event(600 * i, 'face-requested', 'c1'), event(600 * i + wait, 'face-checked', 'c1', { outcome: 'passed', similarity, photo })])
/** Chapters of ten minutes, watched to their end, the next `gaps[i]` seconds later. */
const course = (...gaps: number[]): Event[] => {
  let t = 0
  return [...gaps, 0].flatMap((gap, i) => {
    const chapter = `c${i}`
    const events = [...lesson(t, even(39), { chapter }), event(t + 600, 'completed', chapter, { position: LENGTH })]
    t += 600 + gap
    return events
  })
}
/** Media that follows the clock; positions in milliseconds are never whole. */
const watched = (n: number, fields: (i: number) => Fields = () => ({})): Event[] => lesson(0.5, even(n, 15.003), { fields })

const E = Math.E
const near = (x: number): unknown => expect.closeTo(x, 6) as unknown

test.each<[feature: string, value: unknown, events: readonly Event[]]>([
  // No deviation at all; then ten gaps of 15 s and one of 30 s, which lies 1 off.
  ['gap-variation', near(Math.log(1e-4)), lesson(0, even(10))],
  ['gap-variation', near(Math.log(Math.sqrt(1 / 11))), lesson(0, [15, ...even(10), 30])],
  // All gaps are in the first bin, below 2^-12 of the typical one: half of them are in its lower half.
  ['gap-mad', near(-12.5 * Math.LN2), lesson(0, even(10))],
  ['gap-entropy', 0, lesson(0, even(10))],
  // 12 in the first bin, 3 in the last: 0.722 bits.
  ['gap-entropy', near(0.721928095), lesson(0, [15, ...even(12), 30, 45, 70])],
  ['gap-same', near(9 / 11), lesson(0, [15, ...even(6), 15.5, ...even(5)])],
  ['gap-long', near(1 / 11), lesson(0, [15, ...even(10), 30])],
  ['gap-off-cadence', near(Math.log(2)), lesson(0, even(10, 30))],
  ['gap-off-cadence', near(Math.log(2)), lesson(0, even(10, 7.5))],
  ['delay-spread', near(1), watched(10, (i) => ({ received: START + 500 + (i + 1) * 15_003 + 1000 * E ** (i % 2 === 0 ? 1 : 3) }))],
  ['delay-most', near(3), watched(10, (i) => ({ received: START + 500 + (i + 1) * 15_003 + 1000 * E ** (i % 2 === 0 ? 1 : 3) }))],
  // Five at a time: of ten, four and four arrive with the one before.
  ['beats-together', near(0.8), watched(10, (i) => ({ received: START + 500 + (i < 5 ? 5 : 10) * 15_003 + 10 }))],
  ['rate-effective', near(Math.log(2)), lesson(0, even(10), { rate: 2 })],
  ['rate-untold', 0, lesson(0, even(10), { rate: 2 })],
  ['rate-untold', near(Math.log(2)), lesson(0, even(10), { rate: 2, fields: () => ({ rate: 1 }) })],
  ['rate-stated', near(Math.log(1.5)), lesson(0, [...even(6), ...even(5)], { fields: (i) => ({ rate: i < 6 ? 1 : 2 }) })],
  ['rate-highest', near(Math.log(2)), lesson(0, [...even(6), ...even(5)], { fields: (i) => ({ rate: i < 6 ? 1 : 2 }) })],
  ['residual-size', near(Math.log(0.25)), lesson(0, even(10), { fields: (i) => ({ position: 15 * i + 0.25 * i + 0.1 }) })],
  ['residual-none', near(1), watched(10)],
  ['residual-none', 0, lesson(0, even(10), { fields: (i) => ({ position: 15 * i + 0.25 * i + 0.1 }) })],
  // Steps of 15.5, but for three of ten.
  ['step-fraction', near(0.7), lesson(0, even(11), { fields: (i) => ({ position: 15.5 * i + (i > 7 ? 0.25 * (i - 7) : 0) }) })],
  ['step-equal', near(1), lesson(0, even(11), { fields: (i) => ({ position: 15.003 * i + 0.1 }) })],
  // Two chapters play at once for 300 s.
  ['credit-overlap', near(Math.log(2)), [...lesson(0, even(24)), ...lesson(0, even(24), { chapter: 'c2' })].sort((a, b) => a.time - b.time)],
  ['chapters-most', 2, [...lesson(0, even(24)), ...lesson(1, even(24), { chapter: 'c2' })].sort((a, b) => a.time - b.time)],
  ['chapters-most', 5, times(7, (i) => lesson(i, even(24), { chapter: `c${i}` })).flat().sort((a, b) => a.time - b.time)],
  ['chapters-in-turn', near(1), [...lesson(0, even(24)), ...lesson(1, even(24), { chapter: 'c2' })].sort((a, b) => a.time - b.time)],
  ['chapters-in-turn', 0, [...lesson(0, even(24)), ...lesson(400, even(24), { chapter: 'c2' })]],
  ['beats-unstarted', near(0.5), [...lesson(0, even(10)), ...lesson(400, even(10), { chapter: 'c2' }).slice(2)]],
  ['probes', near(0.5), [
    event(0, 'heartbeat', 'c1', { position: LENGTH }), ...lesson(1, even(39)), event(601, 'completed', 'c1', { position: LENGTH }),
    ...lesson(700, even(39), { chapter: 'c2' }), event(1300, 'completed', 'c2', { position: LENGTH }),
  ]],
  // A seek to the end is no probe, nor is a page that opens where it was left.
  ['probes', 0, times(2, (i) => [
    ...even(8).map((g, n) => event(1000 + 200 * i + g * n, 'heartbeat', 'other')), ...lesson(100 * i, [15], { chapter: `c${i}` }).slice(0, 2), event(100 * i + 1, 'seeked', `c${i}`, { from: 0, to: LENGTH }), event(100 * i + 2, 'completed', `c${i}`, { position: LENGTH }),
  ]).flat()],
  // Completed out of nothing, in a course of two others.
  ['probes', near(1 / 3), [...course(20), event(1300, 'completed', 'c7', { position: LENGTH })]],
  ['coverage', near(2 / 3), [...course(20), event(1300, 'completed', 'c7', { position: LENGTH })]],
  ['coverage', near(1), course(20)],
  // Left for another and come back to: by a page that says where it stood, or by one that is still open.
  ['coverage', near(1), [
    ...course(20), ...lesson(1300, even(20), { chapter: 'c8' }).slice(0, 1).map((e) => Object.assign(e, { position: 300 })),
    ...even(21).map((g, i) => event(1300 + g * i, 'heartbeat', 'c8', { position: 300 + g * i })), event(1600, 'completed', 'c8', { position: LENGTH }),
  ]],
  ['coverage', near(1), [...lesson(0, even(20)), ...course(20).map((e) => Object.assign(e, { time: e.time + 301_000 })), ...even(21).map((g, i) => event(2000 + g * i, i === 0 ? 'played' : 'heartbeat', 'c1', { position: 300 + g * i, session: 't' })), event(2301, 'completed', 'c1', { position: LENGTH, session: 't' })]],
  ['coverage', near((1 + 300 / (0.98 * LENGTH)) / 2), [
    ...course(), ...lesson(1000, even(20), { chapter: 'c9' }), event(1301, 'seeked', 'c9', { from: 300, to: LENGTH }), event(1301, 'completed', 'c9', { position: LENGTH }),
  ]],
  // 20 and 25 minutes played, and half a pause more than there was.
  ['pauses', near(Math.log(0.25)), lesson(0, even(80))],
  ['pauses', near(Math.log(1.5 / 2.5)), [...lesson(0, even(80)), event(1200, 'paused', 'c1', { position: 1200 }), event(1210, 'played', 'c1', { position: 1200 }), ...even(20).map((g, i) => event(1210 + g * (i + 1), 'heartbeat', 'c1', { position: 1200 + g * (i + 1) }))]],
  ['seeks', near(Math.log(2.5 / 2)), [...lesson(0, even(80)), event(1200, 'seeked', 'c1', { from: 1200, to: 900 }), event(1200, 'seeked', 'c1', { from: 900, to: 1100 })]],
  ['seeks-back', near(0.5), [...lesson(0, even(80)), event(1200, 'seeked', 'c1', { from: 1200, to: 900 }), event(1200, 'seeked', 'c1', { from: 900, to: 1100 })]],
  ['rate-changes', near(Math.log(1.5 / 2)), [...lesson(0, even(80)), event(1200, 'rate-changed', 'c1', { rate: 2 })]],
  ['pause-length', near(Math.log(4)), pausing(2, 8, 2, 8)],
  ['pause-spread', near(Math.log(2)), pausing(2, 8, 2, 8)],
  ['pause-same', near(0.5), pausing(60, 60.1, 20, 20)],
  ['pause-quick', near(0.75), pausing(1, 1.4, 1.2, 60)],
  ['next-length', near(Math.log(4)), course(2, 8, 2, 8)],
  ['next-spread', near(Math.log(2)), course(2, 8, 2, 8)],
  ['next-least', near(Math.log(2)), course(8, 2, 8)],
  // 160 inputs in 20 minutes, a quarter of them with the page hidden.
  ['inputs', near(Math.log(160.5 / 20)), lesson(0, even(80), { fields: (i) => ({ inputs: 1 + 2 * (i % 2) }) })],
  ['inputs', near(Math.log(160.5 / 15)), lesson(0, even(80), { fields: (i) => ({ inputs: 2, visible: i >= 20 }) })],
  ['inputs-uneven', near(Math.log(1.01 / 2.01)), lesson(0, even(80), { fields: (i) => ({ inputs: 1 + 2 * (i % 2) }) })],
  ['inputs-none', near(0.25), lesson(0, even(80), { fields: (i) => ({ inputs: i % 4 }) })],
  ['untouched', near(Math.log(60 + 1200)), lesson(0, even(80), { fields: () => ({ inputs: 0 }) })],
  ['untouched', near(Math.log(60 + 900)), lesson(0, even(80), { fields: (i) => ({ inputs: i === 59 ? 1 : 0 }) })],
  ['muted', near(0.25), lesson(0, even(80), { fields: (i) => ({ muted: i < 20 }) })],
  ['hidden', near(0.25), lesson(0, even(80), { fields: (i) => ({ visible: i >= 20 }) })],
  ['answer-length', near(Math.log(4)), answers(2, 8, 2, 8, 4)],
  ['answer-spread', near(Math.log(2) * Math.sqrt(4 / 5)), answers(2, 8, 2, 8, 4)],
  ['answer-quick', near(0.4), answers(2, 8, 2, 8, 4)],
  ['answer-right', near(0.6), answers(2, 8, 2, 8, 4)],
  ['answer-length', near(Math.log(20)), times(6, (i) => event(20 * i, 'answered', 'c1', { item: `q${i}` }))],
  ['face-length', near(Math.log(8)), checks([4, 0.9, 'aa'], [16, 0.8, 'ab'], [8, 0.7, 'ac'])],
  ['face-spread', near(Math.log(2) * Math.sqrt(2 / 3)), checks([4, 0.9, 'aa'], [16, 0.8, 'ab'], [8, 0.7, 'ac'])],
  ['face-likeness', near(Math.log(0.1 * Math.sqrt(2 / 3))), checks([4, 0.9, 'aa'], [16, 0.8, 'ab'], [8, 0.7, 'ac'])],
  // 3 bits, 4 bits, none apart.
  ['photos-near', near(2 / 3), checks([4, 0.9, '0123456789abcdef'], [4, 0.9, '0123456789abcde8'], [4, 0.9, 'f123456789abcde8'], [4, 0.9, 'f123456789abcde8'])],
  ['face-missed', near(0.25), [...checks([4, 0.9, 'aa'], [4, 0.9, 'aa'], [4, 0.9, 'aa']), event(1800, 'face-requested'), event(1860, 'face-checked', undefined, { outcome: 'missed' })]],
  // A second try a few seconds later is the same request: 1 in a third of an hour.
  ['rate-over', near(Math.log(1.6)), lesson(0, [...even(6), ...even(5)], { fields: (i) => ({ rate: i < 6 ? 1 : 2 }) })],
  ['face-owed', near(Math.log(0.5 / 4.5)), lesson(0, even(80))],
  ['face-owed', near(Math.log(2.5 / 4.5)), [...lesson(0, even(80)), event(300, 'face-requested', 'c1'), event(900, 'face-requested', 'c1')]],
  ['face-owed', near(Math.log(2.5 / 4.5)), [...lesson(0, even(80)), event(300, 'face-checked', 'c1', { outcome: 'passed' }), event(900, 'face-checked', 'c1', { outcome: 'missed' })]],
  ['face-requests', near(Math.log(4.5)), [...lesson(0, even(80)), event(1200, 'face-requested', 'c1'), event(1203, 'face-checked', 'c1', { outcome: 'failed' }), event(1210, 'face-requested', 'c1')]],
  ['logins-again', near(0.5), [0, 1, 100, 104].map((t) => event(t, 'logged-in'))],
  // 16:05 UTC is five past midnight. Weights of the three before it: 0.5625, 0.75 and 1.
  ['midnight', near((0.75 + 1) / 3.3125), visits(10, 16.05, 20, 39.95)],
  ['hour-unusual', near(6), visits(8, 32, 56, 86)],
  ['hour-unusual', near(2), visits(15.5, 39.5, 63.5, 89.5)],
  ['hour-spread', near(Math.log(1 / 60)), visits(8, 32, 56, 80)],
  // Four begins, two and two 6 h apart, the weights of which are 0.5625 + 1 and 0.75 + 1: the latest is the present one.
  ['hour-spread', near(Math.log((24 / (2 * Math.PI)) * Math.sqrt(-2 * Math.log(Math.hypot(1.5625, 1.75) / 3.3125)))), visits(8, 38, 56, 86)],
  ['sitting-length', near(Math.log(60)), visits(8, 12)],
  ['sitting-spread', 0, visits(8, 12, 16)],
  ['sitting-played', near(0.5), [...lesson(0, even(80)), event(2400, 'logged-out')]],
])('%s (%#)', (feature, value, events) => {
  expect(featuresOf(events)[feature]).toEqual(value)
})

test('gaps remember those before them', () => {
  const waves = lesson(0, [15, ...times(8, () => 15), ...times(40, (i) => (i % 8 < 4 ? 14 : 16))])
  const teeth = lesson(0, [15, ...times(8, () => 15), ...times(40, (i) => (i % 2 === 0 ? 14 : 16))])
  expect(featuresOf(waves)['gap-memory']).toBeGreaterThan(0.35)
  expect(featuresOf(teeth)['gap-memory']).toBeLessThan(-0.9)
})

test('another player is known by two gaps, odd ones do not make one', () => {
  const off = (...gaps: number[]): number => featuresOf(lesson(0, [15, ...even(20), ...gaps]))['gap-off-cadence'] as number
  expect(off(30, 30.1)).toBeCloseTo(Math.log(30.1 / 15))
  expect(off(30, 60, 30, 15)).toBeLessThan(0.02)
})

test('half of the gaps are within the median distance', () => {
  // Distances evenly on both sides, 0.01 of the gap: between 2^-7 and 2^-6.
  const { 'gap-mad': mad = 0 } = featuresOf(lesson(0, [15, ...times(60, (i) => 15 * (i % 2 === 0 ? 1.01 : 0.99))]))
  expect(mad).toBeGreaterThan(-7 * Math.LN2)
  expect(mad).toBeLessThan(-6 * Math.LN2)
})

/** All names of features that begin so. */
const named = (...starts: string[]): string[] => FEATURES.map((f) => f.name).filter((n) => starts.some((s) => n.startsWith(s)))

test.each<[why: string, missing: string[], events: readonly Event[], change?: Partial<Surroundings>]>([
  ['seven gaps', named('gap-', 'rate-effective', 'rate-stated', 'step-', 'residual'), lesson(0, even(8))],
  ['no positions', ['rate-effective', 'rate-untold', 'rate-stated', 'rate-highest', 'rate-over', 'residual-size', 'residual-none', 'step-fraction', 'step-equal'], watched(20, () => ({ position: undefined }))],
  ['whole seconds', ['residual-size', 'residual-none', 'step-equal'], lesson(0, even(20))],
  ['a hidden page', named('gap-'), watched(20, () => ({ visible: false }))],
  ['no arrival', named('delay', 'beats-together'), watched(20)],
  ['no cadence', ['gap-off-cadence'], watched(20), { cadence: undefined }],
  ['a platform that the catalogue does not know', ['rate-over', 'face-owed'], watched(20), { rate: undefined, checks: undefined }],
  ['checks that are not due yet', ['face-owed'], watched(20), { checks: 15 * MINUTE }],
  ['a platform that tells of no start', ['beats-unstarted'], lesson(0, even(40)).slice(2)],
  ['no lengths', ['probes', 'coverage'], course(5, 5, 5), { lengthOf: () => undefined }],
  ['no beats', ['probes', 'coverage'], times(9, (i) => event(600 * i, 'completed', `c${i}`, { position: LENGTH }))],
  ['no inputs', ['inputs', 'inputs-uneven', 'inputs-none'], course(5, 5, 5)],
  ['no sound or page', ['muted', 'hidden'], course(5, 5, 5)],
  ['no face checks', named('face', 'photos'), course(5, 5, 5), { sends: (f) => f !== 'outcome' && f !== 'challenge' }],
  ['seeks that do not say where to', ['seeks-back'], [...watched(20), ...times(3, (i) => event(400 + i, 'seeked', 'c1'))]],
  ['hashes that serve for equality', ['photos-near'], checks([4, 0.9, 'aa'], [4, 0.9, 'aa'], [4, 0.9, 'aa'], [4, 0.9, 'aa'])],
  ['no similarity', ['face-likeness'], checks([4, 0.9, 'aa'], [4, 0.9, 'aa'], [4, 0.9, 'aa']).map((e) => Object.assign(e, { similarity: undefined }))],
  ['two sittings', ['midnight', 'hour-unusual', 'hour-spread', 'sitting-spread'], visits(8, 12)],
])('%s: missing, not zero', (_, missing, events, change) => {
  const there = featuresOf(events, change)
  expect(missing.filter((name) => there[name] !== undefined)).toEqual([])
  expect(missing.length).toBeGreaterThan(0)
})

test('without inputs a hand shows itself in what is done, with them only there', () => {
  const events = (fields: Fields): Event[] => [
    ...lesson(0, even(80), { fields: () => fields }), event(1200, 'seeked', 'c1', { from: 1200, to: 0 }),
    ...even(80).map((g, i) => event(1200 + g * (i + 1), 'heartbeat', 'c1', { position: g * (i + 1), ...fields })),
  ]
  expect(featuresOf(events({})).untouched).toBeCloseTo(Math.log(60 + 1200))
  expect(featuresOf(events({ inputs: 0 })).untouched).toBeCloseTo(Math.log(60 + 2400))
})

test('a stop for a face check is no pause, whichever is told first', () => {
  const stops = (order: readonly Action[]): Event[] => times(6, (i) => order.map((a, n) => event(600 * i + 0.1 * n, a, 'c1'))).flat()
  expect(featuresOf(stops(['paused', 'face-requested', 'face-checked', 'played']))['pause-length']).toBeUndefined()
  expect(featuresOf(stops(['face-requested', 'paused', 'face-checked', 'played']))['pause-length']).toBeUndefined()
})

test('what is done takes its time from the quiz after the chapter, and a chapter opened again is not the next', () => {
  const quizzed = times(4, (i) => [
    ...lesson(1000 * i, even(39), { chapter: `c${i}` }), event(1000 * i + 600, 'completed', `c${i}`), event(1000 * i + 980, 'answered', `c${i}`),
  ]).flat()
  expect(featuresOf(quizzed)['next-length']).toBeCloseTo(Math.log(20))
  const again = times(4, (i) => [...lesson(1000 * i, even(39)), event(1000 * i + 600, 'completed', 'c1')]).flat()
  expect(featuresOf(again)['next-length']).toBeUndefined()
})

test('sittings fade: a program that takes over outweighs its owner after three', () => {
  const sitting = (day: number, muted: boolean): Event[] => lesson(day * 86_400, even(80), { chapter: `c${day}`, fields: () => ({ muted, inputs: muted ? 0 : 1 }) })
  const shares = [0, 1, 2, 3].map((n) => featuresOf([...times(8, (d) => sitting(d, false)), ...times(n, (d) => sitting(8 + d, true))].flat()).muted as number)
  expect(shares[0]).toBe(0)
  expect(shares[3]).toBeGreaterThan(0.5)
  expect([...shares].sort((a, b) => a - b)).toEqual(shares)
})

test('equal sittings come to the evidence of four', () => {
  const [state, player] = [activity.make(), playback.make()]
  for (const event of times(30, (d) => lesson(d * 86_400, even(80), { chapter: `c${d}` })).flat()) observe(state, event, { ...surroundings, span: advancePlayback(player, event) })
  takeIn(state)
  expect(state.played / 60).toBeCloseTo(4 * 20, 0)
})

test('the largest fade, too', () => {
  const late = watched(20, (i) => ({ received: START + 500 + (i + 1) * 15_003 + (i === 5 ? 10_000 : 100) }))
  const later = times(3, (d) => watched(20).map((e) => Object.assign(e, { time: e.time + (d + 1) * 24 * HOUR, received: e.time + (d + 1) * 24 * HOUR + 100, chapter: `d${d}` }))).flat()
  expect(featuresOf([...late, ...later])['delay-most']).toBeCloseTo(Math.log(10 * 0.75 ** 3))
})

test('of many chapters at once four are followed all along', () => {
  const events = times(8, (i) => lesson(i, even(40), { chapter: `c${i}`, fields: (n) => ({ position: 15 * n }) })).flat().sort((a, b) => a.time - b.time)
  const { 'gap-off-cadence': off, 'beats-unstarted': unstarted } = featuresOf(events)
  expect([off, unstarted]).toEqual([near(0), near(0.5)])
})

test('a learner takes at most 1,024 bytes and two texts, and more while several chapters are at hand', () => {
  expect(activity.numbers.length * Float64Array.BYTES_PER_ELEMENT).toBeLessThanOrEqual(1024)
  expect([activity.refs, activity.rares]).toEqual([['chapter', 'session'], ['others']])
})

test('of a learner who has done nothing all is missing', () => {
  const into = new Float64Array(FEATURES.length + 2).fill(7)
  readFeatures(activity.make(), { ...surroundings, span: undefined }, into, 1)
  expect([...into]).toEqual([7, ...FEATURES.map(() => NaN), 7])
})

test('every feature is told in both languages, with its value and what is usual', () => {
  for (const { name, tell } of FEATURES) {
    const { en, zh } = tell(0.5, [-1, 1])
    expect(en, name).toMatch(/^.*\d.* \(usual: \S.* to \S.*\)$/)
    expect(zh, name).toMatch(/^.*\d.*（正常：\S.* 至 \S.*）$/)
    expect(`${en}${zh}`, name).not.toMatch(/[{}]|NaN|undefined|Infinity/)
  }
  const tell = (name: string, value: number, usual: [number, number]) => FEATURES.find((f) => f.name === name)?.tell(value, usual)
  expect(tell('gap-variation', Math.log(0.002), [Math.log(0.015), Math.log(0.2)])).toEqual({
    en: 'the gaps between beats vary by 0.2 % (usual: 1.5 % to 20 %)', zh: '心跳间隔的波动为 0.2%（正常：1.5% 至 20%）',
  })
  expect(tell('untouched', Math.log(60 + 7200), [Math.log(60 + 90), Math.log(60 + 900)])?.en).toBe('playback goes on for 2 h without a touch (usual: 90 s to 15 min)')
  expect(tell('gap-off-cadence', Math.log(2), [0, Math.log(1.012)])?.en).toBe('the usual gap between beats differs from the cadence of the player by a factor of 2 (usual: a factor of 1 to a factor of 1.01)')
  expect(tell('next-length', Math.log(1.5), [Math.log(9), Math.log(240)])?.en).toBe('the next lesson begins after 1.5 s (usual: 9 s to 4 min)')
})
