import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../base/time.ts'
import { Event } from './event.ts'
import { advancePlayback, agrees, playback as shape, TRACK_HORIZON, type Span } from './playback.ts'

const NOON = Date.UTC(2026, 2, 2, 12)

/** An event `at` seconds after noon. */
function ev(at: number, action: Event['action'], more: Partial<Event> = {}): Event {
  return Object.assign(new Event(), { time: NOON + at * SECOND, action, chapter: 'c1', session: 's1', ...more })
}

/** The stretches that the events prove, in seconds after noon. */
function spans(...events: Event[]): (Omit<Span, 'from' | 'to'> & { from: number; to: number })[] {
  const playback = shape.make()
  return events.flatMap((e) => {
    const span = advancePlayback(playback, e)
    return span ? [{ ...span, from: (span.from - NOON) / SECOND, to: (span.to - NOON) / SECOND }] : []
  })
}

test('a beat proves what lies between it and the evidence before', () => {
  expect(spans(ev(0, 'played', { position: 0 }), ev(15, 'heartbeat', { position: 15 }), ev(20, 'paused', { position: 20 }))).toEqual([
    { chapter: 'c1', session: 's1', from: 0, to: 15, mediaFrom: 0, mediaTo: 15, rate: 1, agrees: true, visible: undefined, muted: undefined },
    { chapter: 'c1', session: 's1', from: 15, to: 20, mediaFrom: 15, mediaTo: 20, rate: 1, agrees: true, visible: undefined, muted: undefined },
  ])
})

test.each<[string, Event[], [number, number][]]>([
  ['nothing is assumed after the last evidence', [ev(0, 'played'), ev(15, 'heartbeat')], [[0, 15]]],
  ['nothing was played while paused', [ev(0, 'played'), ev(10, 'paused'), ev(60, 'played'), ev(70, 'paused')], [[0, 10], [60, 70]]],
  ['nothing before the first beat', [ev(15, 'heartbeat')], []],
  ['a player that starts anew proves nothing of the one before', [ev(0, 'played'), ev(15, 'heartbeat'), ev(1500, 'initialized'), ev(1505, 'played'), ev(1515, 'heartbeat')], [[0, 15], [1505, 1515]]],
  ['a log-out stops its session', [ev(0, 'played'), ev(5, 'logged-out', { chapter: undefined }), ev(30, 'paused')], []],
  ['a log-out of another session stops nothing', [ev(0, 'played'), ev(5, 'logged-out', { chapter: undefined, session: 's2' }), ev(30, 'paused')], [[0, 30]]],
  ['two events of one time prove nothing', [ev(0, 'played'), ev(0, 'heartbeat')], []],
  ['a face check is no playback', [ev(0, 'played'), ev(5, 'face-checked'), ev(10, 'heartbeat')], [[0, 10]]],
  ['sessions are apart', [ev(0, 'played'), ev(5, 'played', { session: 's2' }), ev(10, 'heartbeat'), ev(20, 'heartbeat', { session: 's2' })], [[0, 10], [5, 20]]],
  ['a track behind the horizon is forgotten', [ev(0, 'played'), ev(TRACK_HORIZON / SECOND + 1, 'heartbeat')], []],
  ['at the horizon it is not', [ev(0, 'played'), ev(TRACK_HORIZON / SECOND, 'heartbeat')], [[0, TRACK_HORIZON / SECOND]]],
])('%s', (_, events, expected) => {
  expect(spans(...events).map((s) => [s.from, s.to])).toEqual(expected)
})

describe('media against the clock', () => {
  test.each<[string, Event[], (boolean | undefined)[]]>([
    ['a seek closes where it left and goes on where it went', [ev(0, 'played', { position: 0 }), ev(10, 'seeked', { from: 10, to: 100 }), ev(20, 'heartbeat', { position: 110 })], [true, true]],
    ['an unsaid jump does not agree', [ev(0, 'played', { position: 0 }), ev(10, 'heartbeat', { position: 100 })], [false]],
    ['standing still does not agree', [ev(0, 'played', { position: 0 }), ev(30, 'heartbeat', { position: 0 })], [false]],
    ['without positions nothing is known', [ev(0, 'played'), ev(10, 'heartbeat', { position: 100 }), ev(20, 'heartbeat')], [undefined, undefined]],
    ['double speed agrees with a rate of 2', [ev(0, 'played', { position: 0, rate: 2 }), ev(10, 'heartbeat', { position: 20 })], [true]],
    ['a new rate holds from the change on', [ev(0, 'played', { position: 0 }), ev(10, 'rate-changed', { position: 10, rate: 2 }), ev(20, 'heartbeat', { position: 30 })], [true, true]],
    ['a change that does not say where leaves the position unknown', [ev(0, 'played', { position: 0 }), ev(10, 'rate-changed', { rate: 2 }), ev(20, 'heartbeat', { position: 30 })], [undefined, undefined]],
    ["the rate is the session's and outlives the chapter", [ev(0, 'rate-changed', { rate: 2 }), ev(1, 'played', { chapter: 'c2', position: 0 }), ev(11, 'heartbeat', { chapter: 'c2', position: 20 })], [true]],
    ["another session's rate does not count", [ev(0, 'rate-changed', { rate: 2 }), ev(1, 'played', { session: 's2', position: 0 }), ev(11, 'heartbeat', { session: 's2', position: 10 })], [true]],
  ])('%s', (_, events, expected) => {
    expect(spans(...events).map((s) => s.agrees)).toEqual(expected)
  })

  test('two seconds or 5 % are tolerated', () => {
    expect([agrees(8, 10 * SECOND, 1), agrees(7.9, 10 * SECOND, 1), agrees(12, 10 * SECOND, 1), agrees(12.1, 10 * SECOND, 1)]).toEqual([true, false, true, false])
    expect([agrees(630, 10 * MINUTE, 1), agrees(631, 10 * MINUTE, 1)]).toEqual([true, false])
  })
})

test('visible and muted hold until told otherwise', () => {
  const told = spans(ev(0, 'played', { visible: false, muted: true }), ev(10, 'heartbeat'), ev(20, 'heartbeat', { visible: true }), ev(30, 'paused'))
  expect(told.map((s) => [s.visible, s.muted])).toEqual([[false, true], [true, true], [true, true]])
})

test('a learner has at most 32 tracks, and old ones are dropped', () => {
  const playback = shape.make()
  const others = () => playback.others?.map((t) => t.chapter)
  for (let i = 0; i < 100; i++) advancePlayback(playback, ev(i, 'played', { chapter: `c${i}` }))
  expect(others()?.sort()).toEqual(Array.from({ length: 31 }, (_, i) => `c${68 + i}`))
  expect(playback.chapter).toBe('c99')
  advancePlayback(playback, ev(99 + TRACK_HORIZON / SECOND, 'played', { chapter: 'x' }))
  expect([playback.chapter, others()]).toEqual(['x', ['c99']])
})
