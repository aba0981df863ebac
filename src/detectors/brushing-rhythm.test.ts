import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../base/time.ts'
import { at, drive, instant, type Fields } from '../testing/drive.ts'
import type { Action, Event } from '../telemetry/event.ts'
import type { Warning } from '../warnings/warning.ts'
import { brushingRhythm } from './brushing-rhythm.ts'
import type { Facts } from './rhythm/state.ts'

const LENGTH = 600
const catalogue = {
  platforms: [{ id: 'p1', heartbeat: '15s', autoplay: false as const }],
  courses: [{ id: 'k', chapters: Array.from({ length: 60 }, (_, i) => ({ id: `c${i}`, length: LENGTH })) }],
}

/** A seeded generator of what people and programs do. */
class Dice {
  private x: number

  constructor(seed: number) {
    this.x = (seed * 2_654_435_761) % 4_294_967_296
    for (let i = 0; i < 4; i++) this.next()
  }

  next(): number {
    this.x = (Math.imul(this.x, 1_664_525) + 1_013_904_223) >>> 0
    return this.x / 4_294_967_296
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next()
  }

  lognormal(median: number, spread: number): number {
    return median * Math.exp(spread * Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next()))
  }
}

/** How somebody, or something, plays: seconds, and rates a minute. */
interface Way {
  cadence: number
  /** How much later than asked a beat comes. */
  jitter: number
  rate: number
  pauses: number
  pause(d: Dice): number
  seeks: number
  next(d: Dice): number
  answer(d: Dice): number
  muted: boolean
  /** Whether an input comes with this event; undefined: the platform does not tell. */
  inputs: ((d: Dice) => number) | undefined
}

const honest = (d: Dice): Way => ({
  cadence: 15, jitter: 0.1, rate: 1, pauses: d.between(0.1, 0.4), pause: (d) => d.lognormal(15, 1.2), seeks: d.between(0.05, 0.2),
  next: (d) => d.lognormal(20, 0.8), answer: (d) => d.lognormal(12, 0.6), muted: d.next() < 0.1, inputs: d.next() < 0.5 ? (d) => Math.floor(d.between(0, 3)) : undefined,
})
const slices: Record<string, (d: Dice) => Way> = {
  ordinary: honest,
  passive: (d) => ({ ...honest(d), pauses: 0.02, seeks: 0, inputs: (d) => (d.next() < 0.01 ? 2 : 0) }),
  quick: (d) => ({ ...honest(d), answer: (d) => d.lognormal(4, 0.6) }),
  'auto-advance': (d) => ({ ...honest(d), next: (d) => d.between(0.5, 1.5) }),
  'wrong cadence in the catalogue': (d) => ({ ...honest(d), cadence: 40 }),
}
const programs: Record<string, (d: Dice) => Way> = {
  mimic: (d) => {
    const [pause, answer] = [d.between(42, 78), d.between(1.4, 2.6)]
    return { ...honest(d), cadence: d.between(21, 39), rate: 1.5, pauses: 0.15, pause: () => pause + 0.1 * d.next(), seeks: 0, next: () => 1.5, answer: () => answer + 0.1 * d.next(), inputs: () => 0 }
  },
  watcher: (d) => ({ ...honest(d), pauses: 0, seeks: 0, next: (d) => 1.5 + 0.1 * d.next(), muted: true, inputs: () => 0 }),
  userscript: (d) => ({ ...honest(d), pause: (d) => 1 + 0.05 * d.next(), seeks: 0, next: (d) => 3 + 0.1 * d.next(), answer: (d) => 3 + 0.1 * d.next(), muted: true, inputs: () => 0 }),
  console: (d) => ({ ...honest(d), cadence: 58, pauses: 0, seeks: 0, next: (d) => d.between(10, 60), answer: (d) => 1 + 0.05 * d.next(), inputs: () => 0 }),
}

/** What a player tells of two hours and a half, or so many minutes, by `way`, from 08:00. */
function sitting(way: Way, d: Dice, minutes = 150): Event[] {
  const events: Event[] = []
  let t = instant('08:00:00')
  let chapter = 0
  let position = 0
  const send = (action: Action, fields: Fields = {}): void => {
    events.push(at(new Date(Math.round(t)).toISOString(), action, 'L1', `c${chapter}`, { session: 's1', inputs: way.inputs?.(d), ...fields }))
  }
  const told = (): Fields => ({ position: Math.max(0, Math.round(1000 * (position + d.between(-0.04, 0.04))) / 1000), muted: way.muted, visible: true, rate: way.rate })
  const end = t + minutes * MINUTE
  while (t < end && chapter < 60) {
    position = 0
    send('initialized')
    t += 500
    send('played', told())
    while (position < LENGTH) {
      const gap = Math.min(way.cadence + way.jitter * d.next(), (LENGTH - position) / way.rate)
      t += gap * SECOND
      position = Math.min(LENGTH, position + gap * way.rate)
      if (position < LENGTH - 0.01) send('heartbeat', told())
      if (d.next() < (way.seeks * gap) / 60) {
        send('seeked', { from: position, to: Math.max(0, position - 20) })
        position = Math.max(0, position - 20)
      }
      if (d.next() >= (way.pauses * gap) / 60) continue
      t += 200
      send('paused', told())
      t += way.pause(d) * SECOND
      send('played', told())
    }
    send('completed', { position: LENGTH, length: LENGTH })
    for (let i = 0; i < 3; i++) {
      const elapsed = way.answer(d)
      t += elapsed * SECOND
      events.push(at(new Date(Math.round(t)).toISOString(), 'answered', 'L1', `c${chapter}`, { elapsed, item: `q${i}`, inputs: way.inputs?.(d) }))
    }
    t += way.next(d) * SECOND
    chapter++
  }
  return events
}

/** What a program sends that calls the platform itself: several chapters at once. */
function forged(kind: string, d: Dice): Event[] {
  const events: Event[] = []
  const begin = instant('08:00:00')
  const send = (t: number, action: Action, chapter: string, fields: Fields): void => {
    events.push(at(new Date(begin + Math.round(t * SECOND)).toISOString(), action, 'L1', chapter, { session: 's1', ...fields }))
  }
  for (let c = 0; c < 6; c++) {
    const offset = c * d.between(0.5, 1.5)
    if (kind === 'api-probe') send(offset, 'heartbeat', `c${c}`, { position: LENGTH })
    if (kind === 'api-bundle') send(offset, 'rate-changed', `c${c}`, { rate: 2 })
    const [gap, rate] = kind === 'api-bundle' ? [5, 2] : kind === 'api-minute' ? [59.8, 1] : [d.between(30, 90), 1]
    for (let i = 1; i * gap * rate <= LENGTH; i++) {
      const t = offset + 3 + i * gap + d.between(0, 0.05)
      const received = kind === 'api-bundle' ? offset + Math.ceil(i / 6) * 30 + 4 : t + 0.1
      send(t, 'heartbeat', `c${c}`, { position: kind === 'api-minute' ? 60 * i - 1 : i * gap * rate, rate, received: begin + Math.round(received * SECOND) })
    }
  }
  return events
}

function judge(events: readonly Event[], params: Record<string, unknown> = {}): Warning[] {
  return drive(brushingRhythm, params, { catalogue }).feed(...events).mark('2026-03-03T08:00:00').latest()
}

const facts = (w: Warning | undefined): Facts => w?.facts as unknown as Facts
const found = (w: Warning | undefined): string[] => facts(w).signs.map((s) => s.sign)

test.each(Object.entries(slices))('no honest learner of 40 is warned of: %s', (_, way) => {
  for (let seed = 1; seed <= 40; seed++) {
    const d = new Dice(seed)
    expect(judge(sitting(way(d), d)).map((w) => w.summary.en)).toEqual([])
  }
})

test.each([
  ...Object.entries(programs).map(([name, way]): [string, (d: Dice) => Event[]] => [name, (d) => sitting(way(d), d, 200)]),
  ...['api-probe', 'api-bundle', 'api-minute'].map((name): [string, (d: Dice) => Event[]] => [name, (d) => forged(name, d)]),
])('in one sitting at least 18 of 20 are warned of: %s', (_, make) => {
  let warned = 0
  for (let seed = 1; seed <= 20; seed++) if (judge(make(new Dice(seed))).length === 1) warned++
  expect(warned).toBeGreaterThanOrEqual(18)
})

const watched = (): Event[] => sitting((programs.watcher as (d: Dice) => Way)(new Dice(1)), new Dice(1))

test('a warning names its signs with values and limits, ends with the sitting and disputes what was played since', () => {
  const events = watched()
  const all = drive(brushingRhythm, {}, { catalogue }).feed(...events).mark('2026-03-03T08:00:00').warnings()
  expect(all.map((w) => w.episode)).toEqual(['ongoing', 'ended'])
  const [ongoing, ended] = all as [Warning, Warning]
  expect(ended).toMatchObject({ id: ongoing.id, begin: ongoing.begin, severity: 'medium', response: 'review' })
  expect(found(ended)).toEqual(['untouched', 'next-lesson', 'steady-next'])
  expect(facts(ended).signs[1]).toMatchObject({ family: 'navigation', usual: 4 })
  expect(facts(ended).signs[1]?.value).toBeCloseTo(1.55, 1)
  expect(ended.summary.en).toMatch(/^it plays like a program: nobody touched the player in \d+ min of playback \(limit 65 min\); the next lesson began 1\.\d s after/)
  expect(ended.summary.zh).toMatch(/^播放方式像程序：播放 \d+ 分钟无任何操作（上限 65 分钟）；/)
  expect(ended.evidence.count).toBeGreaterThan(20)
  // The whole sitting is named; disputed is what was played once it was sure.
  expect(ended.begin).toBe('2026-03-02T08:00:00.500Z')
  expect(Date.parse(ended.end)).toBeGreaterThan((events.at(-1) as Event).time - 15 * MINUTE)
  const disputed = ended.disputed.reduce((sum, s) => sum + s.seconds, 0)
  expect(Math.round(disputed)).toBe(facts(ended).seconds)
  expect(disputed).toBeLessThan(90 * 60)
  expect(ended.disputed.every((s) => Date.parse(s.begin) >= Date.parse(ongoing.raised) - MINUTE)).toBe(true)
})

test('signs that a platform gives to everybody are not enough, however many', () => {
  const everybody = (d: Dice): Way => ({ ...honest(d), cadence: 40, next: () => 1 })
  const events = sitting(everybody(new Dice(3)), new Dice(3))
  expect(judge(events)).toEqual([])
  expect(found(judge(events, { personal: 0, habits: 0 })[0])).toEqual(expect.arrayContaining(['next-lesson', 'off-cadence']))
})

const two = (d: Dice): Way => ({ ...honest(d), next: (d) => d.lognormal(2, 0.3), answer: (d) => d.lognormal(1.6, 0.3) })

test('two habits of a hasty learner are not enough, three are', () => {
  expect(judge(sitting(two(new Dice(5)), new Dice(5)))).toEqual([])
  expect(found(judge(sitting(two(new Dice(5)), new Dice(5)), { habits: 2 })[0])).toEqual(expect.arrayContaining(['quick-answers', 'next-lesson']))
  const three = (d: Dice): Way => ({ ...two(d), pauses: 0.4, pause: (d) => d.lognormal(1.2, 0.2) })
  expect(found(judge(sitting(three(new Dice(5)), new Dice(5)))[0])).toEqual(expect.arrayContaining(['quick-answers', 'next-lesson', 'quick-resume']))
})

test('the third may be a cadence that the catalogue declares otherwise, and without one it says nothing', () => {
  const events = sitting({ ...two(new Dice(6)), cadence: 40 }, new Dice(6))
  expect(found(judge(events)[0])).toEqual(expect.arrayContaining(['quick-answers', 'next-lesson', 'off-cadence']))
  expect(drive(brushingRhythm, {}, { catalogue: { ...catalogue, platforms: [{ id: 'p1', autoplay: false }] } }).feed(...events).mark('2026-03-03T08:00:00').latest()).toEqual([])
})

/** Somebody with the sound off who never touches anything, on a platform with such an end of its chapters. */
const silentOn = (autoplay: string | false | undefined, next: (d: Dice) => number): string[] => {
  const way = { ...(programs.watcher as (d: Dice) => Way)(new Dice(7)), next }
  const platforms = [{ id: 'p1', heartbeat: '15s', autoplay }]
  const [w] = drive(brushingRhythm, {}, { catalogue: { ...catalogue, platforms } }).feed(...sitting(way, new Dice(7))).mark('2026-03-03T08:00:00').latest()
  return w === undefined ? [] : found(w)
}

test.each<[string, string | false | undefined, (d: Dice) => number, string[]]>([
  ['that the player begins by itself', '3s', (d) => 3 + 0.3 * d.next(), []],
  ['of a platform that has not told', undefined, (d) => 1.5 + 0.1 * d.next(), []],
  ['begun before the player does', '5s', (d) => 1.5 + 0.1 * d.next(), ['untouched', 'next-lesson', 'steady-next']],
  ['begun by a program where the player waits', false, (d) => 6 + 0.1 * d.next(), ['untouched', 'steady-next']],
])('a muted learner who touches nothing, with a next lesson %s', (_, autoplay, next, expected) => {
  expect(silentOn(autoplay, next)).toEqual(expected)
})

test('two signs of one family are one', () => {
  const steady = (d: Dice): Way => ({ ...honest(d), answer: () => 1 })
  const events = sitting(steady(new Dice(4)), new Dice(4))
  expect(judge(events)).toEqual([])
  expect(found(judge(events, { families: 1, personal: 1, habits: 1 })[0])).toEqual(['quick-answers', 'steady-answers'])
})

test('evidence of one day is completed on the next', () => {
  const days = [0, 1, 2].flatMap((day) => watched().filter((e) => e.time < instant('08:40:00')).map((e) => at(new Date(e.time + day * 86_400_000).toISOString(), e.action, 'L1', e.chapter, {
    session: `s${day}`, position: e.position, length: e.length, muted: e.muted, visible: e.visible, inputs: e.inputs, elapsed: e.elapsed,
  })))
  const [w, ...more] = drive(brushingRhythm, {}, { catalogue }).feed(...days).mark('2026-03-06T08:00:00').latest()
  expect(more).toEqual([])
  expect(found(w)).toEqual(['untouched', 'next-lesson'])
})

test('a learner who comes back is judged anew once the episode is over', () => {
  const [first, second] = [watched(), watched()]
  for (const e of second) e.time += 4 * 60 * MINUTE
  for (const e of second) e.id = `again-${e.id}`
  const warnings = judge([...first, ...second])
  expect(warnings.map((w) => w.episode)).toEqual(['ended', 'ended'])
  expect(new Set(warnings.map((w) => w.id)).size).toBe(2)
})
