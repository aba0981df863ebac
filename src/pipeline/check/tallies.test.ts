import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../base/time.ts'
import { Event } from '../../telemetry/event.ts'
import { BeatTally, cadenceOf, nearMedian } from './beats.ts'
import { ClockTally } from './clock.ts'
import { latenessOf, zoneSlip } from './lateness.ts'
import { Peak } from './peak.ts'

const START = Date.UTC(2026, 2, 2)
const event = (fields: Partial<Event>): Event => Object.assign(new Event(), { learner: 'L1', chapter: 'c1', time: START }, fields)

describe('clocks', () => {
  test('the offset of received, and its drift over days', () => {
    const clock = new ClockTally()
    for (let i = 0; i < 3000; i++) {
      const time = START + i * 2 * MINUTE
      // 2 s a day, and a burst of late arrivals that must not bend it.
      clock.take(event({ time, received: time + 500 + Math.round((2 * SECOND * (time - START)) / DAY) + (i % 50 === 0 ? 20 * MINUTE : 0) }))
    }
    expect(clock.drift()?.perSecond).toBeCloseTo(2 / 86_400, 6)
    expect(clock.offset.quantile(0.5)).toBeGreaterThan(2 * SECOND)
  })

  test('without drift there is none, and of a short log it is not told', () => {
    const clock = new ClockTally()
    for (let i = 0; i < 2000; i++) clock.take(event({ time: START + i * MINUTE, received: START + i * MINUTE + (i % 7) * 100 }))
    expect(clock.drift()?.perSecond).toBe(0)
    const short = new ClockTally()
    for (let i = 0; i < 100; i++) short.take(event({ time: START + i * SECOND, received: START + i * SECOND + i }))
    expect(short.drift()).toBeUndefined()
  })

  test('a year in bounded memory', () => {
    const clock = new ClockTally()
    for (let i = 0; i < 60_000; i++) clock.take(event({ time: START + i * 9 * MINUTE, received: START + i * 9 * MINUTE + Math.round(i / 100) }))
    expect(clock.drift()?.stretches).toBeLessThanOrEqual(256)
    expect(clock.drift()?.perSecond).toBeCloseTo(0.01 / (9 * 60_000), 8)
  })

  test('how far behind events come, and the lateness that would do', () => {
    const clock = new ClockTally()
    for (let i = 0; i < 2000; i++) {
      const received = START + i * SECOND
      clock.take(event({ time: i % 20 === 10 ? received - 12 * SECOND : received, received }))
    }
    expect([clock.disordered, clock.behind.quantile(0.999), latenessOf(clock)]).toEqual([100, 11 * SECOND, 15 * SECOND])
  })

  test('one wrong clock moves nothing, with received or without it', () => {
    for (const isTold of [true, false]) {
      const clock = new ClockTally()
      for (let i = 0; i < 2000; i++) {
        const at = START + i * SECOND
        clock.take(event({ time: i === 100 ? at + DAY : at, received: isTold ? at : undefined }))
      }
      expect(clock.behind.most).toBeLessThanOrEqual(SECOND)
    }
  })

  test('a log in the order of time tells no lateness', () => {
    const clock = new ClockTally()
    for (let i = 0; i < 2000; i++) clock.take(event({ time: START + i * SECOND }))
    expect([clock.disordered, latenessOf(clock)]).toEqual([0, undefined])
  })

  test('whole seconds, minutes and midnights, in the zone that was written', () => {
    const clock = new ClockTally()
    for (const [time, offset] of [[START, 0], [START - 8 * HOUR, 480], [START + MINUTE, 0], [START + 1, 0]] as const) clock.take(event({ time, offset }))
    expect([clock.wholeSeconds, clock.wholeMinutes, clock.midnights, clock.days.size, [...clock.zones]]).toEqual([3, 3, 2, 1, [[0, 3], [480, 1]]])
  })

  test.each([[8 * HOUR + 200, 8], [-8 * HOUR, -8], [30 * MINUTE, 0.5], [15 * MINUTE, undefined], [200, undefined], [3 * HOUR + 4 * MINUTE, undefined]])('an offset of %d ms as a time zone: %s', (offset, hours) => {
    expect(zoneSlip(offset)).toBe(hours)
  })
})

describe('heartbeats', () => {
  const beats = (tally: BeatTally, learner: string, every: number, n: number, pace = 1): void => {
    for (let i = 0; i < n; i++) tally.take(event({ learner, action: 'heartbeat', time: START + i * every, position: (i * every * pace) / SECOND }))
  }

  test('the cadence is that of most players, not that of those who beat most', () => {
    const tally = new BeatTally()
    for (const l of ['a', 'b', 'c', 'd']) beats(tally, l, 15_012, 20)
    beats(tally, 'script', 5000, 2000)
    expect([cadenceOf(tally), tally.intervals.quantile(0.5), tally.learners.n]).toEqual([15 * SECOND, 5000, 5])
  })

  test('what comes between two heartbeats is no interval', () => {
    const tally = new BeatTally()
    const at = (s: number, action: Event['action']): void => tally.take(event({ action, time: START + s * SECOND }))
    at(0, 'played'); at(15, 'heartbeat'); at(30, 'heartbeat'); at(31, 'paused'); at(600, 'played'); at(615, 'heartbeat'); at(630, 'heartbeat')
    // One that came late tells nothing.
    at(620, 'heartbeat'); at(645, 'heartbeat')
    expect([tally.intervals.n, tally.intervals.least, tally.intervals.most]).toEqual([3, 15 * SECOND, 15 * SECOND])
  })

  test('positions in milliseconds do not advance with the clock', () => {
    const [seconds, ms] = [new BeatTally(), new BeatTally()]
    beats(seconds, 'a', 15_000, 50)
    beats(ms, 'a', 15_000, 50, 1000)
    expect([seconds.agreeing, seconds.pace.quantile(0.5)]).toEqual([49, 1000])
    expect([ms.agreeing, ms.compared, nearMedian(ms.pace), (ms.pace.quantile(0.5) as number) / 1000]).toEqual([0, 49, 1, 1000])
  })

  test('no cadence where players keep to none', () => {
    const tally = new BeatTally()
    ;[5, 9, 17, 40, 90].forEach((s, i) => beats(tally, `L${i}`, s * SECOND, 12))
    expect(cadenceOf(tally)).toBeUndefined()
  })
})

test('the second in which most events came, of a long log', () => {
  const peak = new Peak()
  for (let i = 0; i < 100_000; i++) peak.take(START + i * SECOND + (i === 50_000 ? SECOND : 0))
  expect([peak.second, peak.events]).toEqual([START + 50_001 * SECOND, 2])
})
