import { describe, expect, test } from 'vitest'
import { Cursor } from '../../base/record.ts'
import { HOUR, MINUTE, SECOND, type Ms } from '../../base/time.ts'
import { simulate } from '../../simulate/index.ts'
import { buildEvent } from '../../telemetry/build.ts'
import { Event } from '../../telemetry/event.ts'
import { advancePlayback, playback } from '../../telemetry/playback.ts'
import { seeded } from '../../testing/five-platforms.ts'
import { activity, FEATURES, observe, readFeatures, takeIn, type Activity, type Around } from './index.ts'
import { WAITING } from './state.ts'

const START = Date.UTC(2026, 2, 2)
const surroundings: Omit<Around, 'span'> = { cadence: 15 * SECOND, rate: 1.25, checks: 5 * MINUTE, sends: () => true, lengthOf: () => 600, minutesEast: () => 480 }

/** An activity, and where its numbers lie. */
function follower(): { state: Activity; number: (i: number) => number | undefined } {
  const cursor = new Cursor()
  cursor.numbers = Float64Array.from(activity.initial.slice(0, activity.near))
  cursor.far.numbers = Float64Array.from(activity.initial.slice(activity.near))
  cursor.width = activity.rares.length
  const state = activity.view(cursor, { numbersFrom: 0, farFrom: 0, refsFrom: 0, raresFrom: 0 })
  return { state, number: (i) => (i < activity.near ? cursor.numbers[i] : cursor.far.numbers[i - activity.near]) }
}

const NUMBERS = activity.numbers.flatMap((name, i) => (name === 'waiting' ? [] : [{ name, i }]))

/** Follows the same events twice, letting beats wait and not; returns how many waited. Fails where a feature, or any sum, differs by a bit. */
function compare(events: readonly Event[], random: () => number): number {
  const [waits, atOnce, player] = [follower(), follower(), playback.make()]
  const rows = [new Float64Array(FEATURES.length), new Float64Array(FEATURES.length)] as const
  let waited = 0
  events.forEach((event, n) => {
    const around = { ...surroundings, span: advancePlayback(player, event) }
    observe(waits.state, event, around)
    observe(atOnce.state, event, around)
    if (waits.state.waiting > 0) waited++
    atOnce.state.waiting = -1
    expect(waits.state.latest).toBe(event.time)
    if (random() > 0.05 && n < events.length - 1) return
    // Now what is read takes in what waits, now something else has.
    if (random() < 0.5) takeIn(waits.state)
    readFeatures(waits.state, around, rows[0], 0)
    readFeatures(atOnce.state, around, rows[1], 0)
    const unlike = FEATURES.filter((_, i) => !Object.is(rows[0][i], rows[1][i])).map((f) => f.name)
    const others = NUMBERS.filter(({ i }) => !Object.is(waits.number(i), atOnce.number(i))).map(({ name }) => name)
    expect([unlike, others, waits.state.others], `after event ${n}`).toEqual([[], [], atOnce.state.others])
  })
  return waited
}

/** What a learner does, drawn so that beats are ordinary most of the time, and every reason why one is not comes now and then. */
function drawn(seed: number, count: number): Event[] {
  const random = seeded(seed)
  const oneIn = (n: number): boolean => random() * n < 1
  const pick = <T>(...of: T[]): T => of[Math.floor(random() * of.length)] as T
  const tells = { position: !oneIn(5), received: !oneIn(5), inputs: !oneIn(3), visible: !oneIn(3), muted: !oneIn(3), rate: oneIn(3) }
  const players = [{ chapter: 'c1', session: pick('s', undefined), position: 0, rate: 1 }]
  let [time, visible, muted] = [START, true, false]
  const events: Event[] = []
  for (let n = 0; n < count; n++) {
    time += oneIn(300) ? pick(6 * MINUTE, 40 * MINUTE, 3 * HOUR) : oneIn(40) ? pick(0, 1, 30 * SECOND, 4 * MINUTE, 5 * MINUTE) : 15 * SECOND + Math.round((random() - 0.5) * pick(0, 8, 4000))
    if (oneIn(60)) players.unshift({ chapter: `c${Math.ceil(random() * 9)}`, session: pick('s', 't', undefined), position: 0, rate: 1 })
    if (oneIn(30)) players.length = 1
    if (oneIn(50)) visible = !visible
    if (oneIn(50)) muted = !muted
    const player = pick(...players)
    const action = oneIn(12) ? pick('initialized', 'played', 'paused', 'seeked', 'rate-changed', 'completed', 'terminated', 'answered', 'face-requested', 'face-checked', 'logged-in') : 'heartbeat'
    if (oneIn(80)) player.rate = pick(1, 1.25, 2)
    player.position = oneIn(60) ? pick(0, 600, player.position) : Math.round((player.position + 15 * player.rate + (random() - 0.5) * pick(0, 0.1, 3)) * pick(1, 1000)) / 1000
    const event = Object.assign(new Event(), { id: `e${n}`, learner: 'L', platform: 'p', time, action, chapter: player.chapter, session: player.session })
    const from = player.position
    if (tells.position && !oneIn(30)) event.position = Math.max(0, player.position)
    if (action === 'seeked' && !oneIn(3)) Object.assign(event, { from, to: (player.position = pick(0, 300, 590)) })
    if (tells.received && !oneIn(30)) event.received = oneIn(20) ? time + pick(-300, 10 * MINUTE, 2 ** 18 - 2, 2 ** 18 - 1) : time + Math.round(random() * 900)
    if (tells.inputs && !oneIn(30)) event.inputs = oneIn(20) ? pick(1022, 1023, 9999) : Math.floor(random() * 4)
    if (tells.visible && !oneIn(4)) event.visible = visible
    if (tells.muted && !oneIn(4)) event.muted = muted
    if (tells.rate || action === 'rate-changed') event.rate = player.rate
    if (action === 'answered') Object.assign(event, { elapsed: 3 + 9 * random(), correct: oneIn(2) })
    if (action === 'face-checked') Object.assign(event, { outcome: pick('passed', 'missed'), similarity: random(), photo: '0123456789abcdef' })
    events.push(event)
  }
  return events
}

describe('beats that wait leave every feature, and every sum, as it is without', () => {
  test.each(Array.from({ length: 24 }, (_, i) => i + 1))('chance %i', (seed) => {
    const events = drawn(seed, 2500)
    const waited = compare(events, seeded(seed + 1000))
    expect(waited / events.length).toBeGreaterThan(0.05)
  })

  test('simulated learners, honest and not', () => {
    const byLearner = new Map<string, Event[]>()
    for (const record of simulate({ learners: 40, days: 3, seed: 11, cheaters: 0.5 }).records) {
      const event = buildEvent(record, '') as Event
      const list = byLearner.get(event.learner)
      if (list) list.push(event)
      else byLearner.set(event.learner, [event])
    }
    const random = seeded(4)
    let [all, waited] = [0, 0]
    for (const events of byLearner.values()) {
      events.sort((a, b) => a.time - b.time)
      all += events.length
      waited += compare(events, random)
    }
    expect(waited / all).toBeGreaterThan(0.4)
  })
})

/** A beat every 15 s of a chapter that began, each as `change` would have it. */
function beats(count: number, change: (event: Event, i: number) => void = () => undefined): Event[] {
  return Array.from({ length: count + 1 }, (_, i) => {
    const event = Object.assign(new Event(), {
      id: `e${i}`, learner: 'L', platform: 'p', time: START + 15 * SECOND * i, action: i === 0 ? 'played' : 'heartbeat', chapter: 'c1', session: 's', position: 15 * i, inputs: 1, visible: true,
      received: START + 15 * SECOND * i + 80,
    })
    if (i > 0) change(event, i)
    return event
  })
}

/** How many wait after each. */
function waiting(events: readonly Event[]): number[] {
  const [{ state }, player] = [follower(), playback.make()]
  return events.map((event) => {
    observe(state, event, { ...surroundings, span: advancePlayback(player, event) })
    return state.waiting
  })
}

test('the second beat of a chapter waits, and those that wait are taken in together', () => {
  const counts = waiting(beats(2 * WAITING + 2))
  expect(counts.slice(0, 4)).toEqual([-1, 0, 1, 2])
  expect(Math.max(...counts)).toBe(WAITING - 1)
  expect(counts.filter((n) => n === 0)).toHaveLength(3)
})

const LATE: Ms = 5 * MINUTE
test.each<[why: string, change: Partial<Event>]>([
  ['arrived before it was sent', { received: START }],
  ['arrived long after', { received: START + 60 * SECOND + LATE }],
  ['told more inputs than there is room for', { inputs: 1023 }],
  ['told another rate', { rate: 2 }],
  ['came at the same time', { time: START + 45 * SECOND }],
  ['came long after', { time: START + 45 * SECOND + LATE + 1 }],
  ['is of another chapter', { chapter: 'c2' }],
  ['is of another session', { session: 't' }],
])('a beat that %s is taken in at once', (_, change) => {
  const fourth = (change: Partial<Event>) => waiting(beats(5, (event, i) => i === 4 && Object.assign(event, change)))[4]
  expect([fourth({}), fourth(change)]).toEqual([3, change.chapter === 'c2' || change.session === 't' ? -1 : 0])
})
