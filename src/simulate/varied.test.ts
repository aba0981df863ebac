import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, parseTime, SECOND } from '../base/time.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { createDecoder } from '../telemetry/decode.ts'
import { eventSchema, type WireEvent } from '../telemetry/event.ts'
import { apiBundle } from './adversaries/api-bundle.ts'
import { apiMinute } from './adversaries/api-minute.ts'
import { consoleScript } from './adversaries/console.ts'
import { adversaries, simulate, unlisted, type SimulateOptions } from './index.ts'
import { drawPlatforms, type PlatformSpec, type Variant } from './platforms.ts'
import { onPhone, traits, untilNext } from './play/traits.ts'
import type { Habits } from './play/habits.ts'
import { rangeOf } from './places.ts'
import { Random } from './random.ts'
import { truthSchema, type Truth } from './truth.ts'

interface World {
  events: WireEvent[]
  truth: Truth
  byLearner: Map<string, WireEvent[]>
}

const at = (e: WireEvent): number => parseTime(e.time) as number

function world(options: Partial<SimulateOptions>): World {
  const simulation = simulate({ learners: 90, days: 1, seed: 21, cheaters: 0.4, variety: true, ...options })
  const events = [...simulation.records]
  const byLearner = new Map<string, WireEvent[]>()
  for (const e of events) {
    const list = byLearner.get(`${e.platform}/${e.learner}`)
    if (list) list.push(e)
    else byLearner.set(`${e.platform}/${e.learner}`, [e])
  }
  for (const list of byLearner.values()) list.sort((a, b) => at(a) - at(b))
  return { events, truth: truthSchema.parse(simulation.truth()), byLearner }
}

const eventsOf = ({ truth, byLearner }: World, of: (l: Truth['learners'][number]) => boolean): WireEvent[][] =>
  truth.learners.filter(of).map((l) => byLearner.get(`${l.platform}/${l.learner}`) ?? [])
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length
const variation = (xs: readonly number[]): number => Math.sqrt(mean(xs.map((x) => (x - mean(xs)) ** 2))) / mean(xs)
const gaps = (list: readonly WireEvent[]): number[] => list.slice(1).map((e, i) => (at(e) - at(list[i] as WireEvent)) / SECOND)
const keysOf = (e: WireEvent): string => Object.entries(e).filter(([, v]) => v !== undefined).map(([k]) => k).join(' ')

const worlds = [21, 22, 23].map((seed) => world({ seed, cheaters: 0.6, adversaries: [...adversaries, ...unlisted] }))

test('the same options give the same records, each other option others', () => {
  const options = { learners: 30, days: 1, seed: 3, cheaters: 0.4 }
  const bytes = (more: Partial<SimulateOptions>) => [...simulate({ ...options, ...more }).records].map((e) => JSON.stringify(e)).join('\n')
  const varied: Partial<SimulateOptions> = { variety: true, spread: [0.3, 0.5], jitter: 0.2 }
  expect(bytes(varied) === bytes(varied)).toBe(true)
  const others = [{}, { variety: true }, { spread: [0.3, 0.5] as const }, { jitter: 0.2 }, varied].map(bytes)
  expect(new Set(others).size).toBe(others.length)
})

test('every event is canonical and is decoded, in order of arrival, and none before its class opens', () => {
  // What the decoder takes, the schema takes; it is slow, so that a part must do.
  for (const { events } of worlds) expect(events.filter((e, i) => i % 10 === 0 && !eventSchema.safeParse(e).success)).toEqual([])
  for (const { events } of worlds) {
    let decoded = 0
    const rejects: unknown[] = []
    const decoder = createDecoder({ format: 'canonical' })
    const sink = { event: () => decoded++, reject: (...why: unknown[]) => rejects.push(why), ignored: () => rejects.push('ignored') }
    for (const e of events) decoder.decode(sink, Buffer.from(JSON.stringify(e)))
    expect([rejects, decoded]).toEqual([[], events.length])
    const arrived = events.filter((e) => e.received !== undefined)
    expect(arrived.filter((e, i) => (e.received as string) < e.time || (e.received as string) < (arrived[i - 1]?.received as string))).toEqual([])
    expect(new Set(events.map((e) => `${e.platform}/${e.learner}/${e.id}`)).size).toBe(events.length)
  }
  const { catalogue } = simulate({ learners: 90, days: 1, seed: 21, variety: true })
  const opens = Math.min(...catalogueSchema.parse(catalogue).classes.map((c) => parseTime(c.opens as string) as number))
  expect((worlds[0] as World).events.filter((e) => at(e) < opens)).toEqual([])
})

test('a platform writes the same fields for everybody, whoever sends', () => {
  for (const { events } of worlds) {
    const forms = new Map<string, Set<string>>()
    for (const e of events) {
      // A photo that nobody could use has no hash and no similarity.
      const action = e.action === 'face-checked' ? `${e.action} ${e.outcome === 'passed' || e.outcome === 'failed'}` : e.action
      const forms1 = forms.get(`${e.platform} ${action}`)
      if (forms1) forms1.add(keysOf(e))
      else forms.set(`${e.platform} ${action}`, new Set([keysOf(e)]))
    }
    expect([...forms].filter(([, sets]) => sets.size > 1)).toEqual([])
    expect(forms.size).toBeGreaterThan(20)
  }
})

test('neither ids nor the order of enrolment tell who cheats', () => {
  const shape = (id: string | undefined) => id?.replace(/[0-9a-f]/g, 'x')
  for (const w of worlds) {
    for (const field of ['session', 'device', 'challenge'] as const) expect(new Set(w.events.map((e) => shape(e[field])).filter(Boolean)).size).toBeLessThanOrEqual(1)
    expect(w.events.filter((e) => !e.id.startsWith(`${e.learner}.`) || !/\.\d+$/.test(e.id))).toEqual([])
  }
  const rank = (kind: string) => mean(worlds.flatMap((w) => w.truth.learners.flatMap((l, i) => (l.kind === kind ? [i / w.truth.learners.length] : []))))
  // Groups are of one class, so the ranks of cheaters are no independent draws.
  expect(Math.abs(rank('honest') - rank('cheater'))).toBeLessThan(0.12)
})

test('platforms differ widely, and each seed has its own', () => {
  const drawn = Array.from({ length: 60 }, (_, seed) => drawPlatforms(new Random(seed, 'world', { varied: true })))
  const all = drawn.flat()
  expect(new Set(drawn.map((p) => p.length))).toEqual(new Set([3, 4, 5]))
  expect(new Set(all.map((p) => p.id)).size).toBe(all.length)
  for (const platforms of drawn) expect(new Set(platforms.map((p) => p.prefix)).size).toBe(platforms.length)
  const beats = all.map((p) => p.heartbeat / SECOND)
  expect([Math.min(...beats), Math.max(...beats)]).toEqual([5, 60])
  expect(new Set(all.map((p) => p.decimals))).toEqual(new Set([0, 1, 2, 3]))
  const traitsOf: ((p: PlatformSpec, v: Variant) => boolean)[] = [
    (p) => p.inputs, (p) => p.devices, (p) => p.classes, (p) => p.pausesForFace, (_, v) => v.form.received, (_, v) => v.form.visible, (_, v) => v.form.muted,
    (_, v) => v.form.rate, (_, v) => v.form.omits.has('initialized'), (_, v) => v.faces === undefined, (_, v) => v.countdown !== undefined,
    (_, v) => v.upload !== undefined, (_, v) => v.rates.length > 0, (_, v) => v.declares,
  ]
  for (const has of traitsOf) {
    const share = all.filter((p) => has(p, p.variant as Variant)).length / all.length
    expect(share, has.toString()).toBeGreaterThan(0.1)
    expect(share, has.toString()).toBeLessThan(0.9)
  }
})

test('the catalogue tells what a platform offers and does to everybody', () => {
  for (const seed of [21, 22, 23, 24]) {
    const { platforms } = catalogueSchema.parse(simulate({ learners: 30, days: 1, seed, variety: true }).catalogue)
    const drawn = drawPlatforms(new Random(seed, 'world', { varied: true }))
    expect(platforms.map((p) => p.id)).toEqual(drawn.map((p) => p.id))
    platforms.forEach((p, i) => {
      const { faces, rates, countdown } = (drawn[i] as PlatformSpec).variant as Variant
      expect(p.rate).toBe(rates.length > 0 ? Math.max(...rates) : undefined)
      expect(p.checks === undefined).toBe(faces === undefined)
      if (faces !== undefined) expect(p.checks).toBeGreaterThanOrEqual(faces[1] * MINUTE)
      if (countdown === undefined) expect(p.autoplay).toBe(false)
      else expect(Math.abs((p.autoplay as number) - countdown * SECOND)).toBeLessThanOrEqual(SECOND / 2)
    })
  }
})

test('honest people with one habit of a program, or two, are the majority; with muted players 5 to 25 %', () => {
  const honest = worlds.flatMap((w) => w.truth.learners).filter((l) => l.kind === 'honest')
  expect(honest.filter((l) => (l.traits?.length ?? 0) > 0).length / honest.length).toBeGreaterThan(0.6)
  expect(honest.filter((l) => (l.traits?.length ?? 0) > 2).length / honest.length).toBeLessThan(0.3)
  const named = new Set(honest.flatMap((l) => l.traits ?? []))
  expect([...named].filter((n) => !traits.some((t) => t.name === n))).toEqual([])
  expect(named.size).toBeGreaterThan(traits.length - 3)
  const told = worlds.flatMap((w) => eventsOf(w, (l) => l.kind === 'honest')).map((list) => list.filter((e) => e.muted !== undefined)).filter((l) => l.length > 20)
  const muted = told.filter((list) => list.every((e) => e.muted)).length / told.length
  expect(muted).toBeGreaterThan(0.05)
  expect(muted).toBeLessThan(0.25)
})

test('the next chapter starts by the platform\'s countdown, for everybody who does not stop it', () => {
  const r = new Random(1, 'x')
  const variant = { countdown: 5 } as Variant
  const slow = { nextLesson: () => 20 } as unknown as Habits
  expect(untilNext(slow, undefined, r)).toBe(20)
  for (let i = 0; i < 100; i++) expect(untilNext(slow, variant, r)).toBeCloseTo(5.2, 0)
  expect(untilNext({ ...slow, waits: true }, variant, r)).toBe(20)
  expect(untilNext({ ...slow, nextLesson: () => 2 }, variant, r)).toBe(2)
})

test('a phone\'s app uploads together what it has gathered, and counts taps only where the platform does', () => {
  const habits = { inputs: 3 } as Habits
  expect(onPhone(habits, { upload: MINUTE, taps: false } as Variant)).toMatchObject({ buffers: true, upload: MINUTE, inputs: 0 })
  expect(onPhone(habits, { taps: true } as Variant)).toMatchObject({ buffers: true, upload: undefined, inputs: 3 })
  const held = worlds.flatMap((w) => eventsOf(w, (l) => l.kind === 'honest')).flat().filter((e) => e.received !== undefined && (parseTime(e.received) as number) - at(e) > 10 * SECOND)
  expect(held.length).toBeGreaterThan(100)
})

// A bundle of forged beats is one of the few things of which only the program decides the times.
const bundles = (jitter: number | undefined): number[] =>
  eventsOf(world({ learners: 12, cheaters: 0.5, adversaries: [apiBundle], jitter }), (l) => l.archetype === 'api-bundle').map((list) => {
    const first = list.find((e) => e.action === 'heartbeat')?.chapter
    return variation(gaps(list.filter((e) => e.chapter === first && e.action === 'heartbeat')).slice(0, 4))
  })
const beats = (jitter: number): number[] =>
  eventsOf(world({ learners: 16, cheaters: 0.5, adversaries: [consoleScript], jitter }), (l) => l.archetype === 'console')
    .map((list) => variation(gaps(list.filter((e) => e.action === 'heartbeat' && e.chapter === list.find((x) => x.action === 'heartbeat')?.chapter)).slice(0, 8)))
    .filter((v) => !Number.isNaN(v))

test('jitter 0 leaves a program\'s intervals as they are, 0.5 spreads them by up to a half', () => {
  expect(Math.max(...bundles(0))).toBeLessThan(0.001)
  expect(mean(bundles(0.5))).toBeGreaterThan(0.15)
  expect(mean(bundles(undefined))).toBeGreaterThan(0.001)
  expect(mean(beats(0.5))).toBeGreaterThan(mean(beats(0)) + 0.1)
})

test.each([[0, 0.3], [0.3, 0.5]] as const)('each copy of a script has its own constants, %d to %d from the documented ones', (low, high) => {
  const sleeps = eventsOf(world({ learners: 50, cheaters: 0.6, adversaries: [apiMinute], jitter: 0, spread: [low, high] }), (l) => l.archetype === 'api-minute')
    .flatMap((list) => {
      const first = list.find((e) => e.action === 'heartbeat')?.chapter
      const waits = gaps(list.filter((e) => e.chapter === first && e.action === 'heartbeat'))
      // Beats of one request are backdated by whole sleeps; others come after the reply, too.
      return waits.length > 1 ? [Math.min(...waits)] : []
    })
  expect(sleeps.length).toBeGreaterThan(10)
  const away = sleeps.map((s) => Math.abs(s - 59.8) / 59.8)
  expect(new Set(sleeps.map((s) => Math.round(s * 10))).size).toBeGreaterThan(sleeps.length / 2)
  for (const a of away) expect([a, a > low - 0.02 && a < high + 0.02]).toEqual([a, true])
})

test('unlisted kinds take part only if they are asked for', () => {
  expect(adversaries.filter((a) => unlisted.includes(a))).toEqual([])
  const names = Object.keys(simulate({ learners: 300, days: 1, seed: 4, cheaters: 0.5, variety: true }).truth().counts.byLabel)
  expect(unlisted.filter((a) => names.includes(a.name))).toEqual([])
  for (const { truth } of worlds) for (const { name, describe } of unlisted) expect(truth.archetypes[name]).toBe(describe)
})

test('unlisted kinds do what they say', () => {
  const w = world({ learners: 60, days: 2, seed: 8, cheaters: 0.8, adversaries: unlisted })
  const of = (name: string) => eventsOf(w, (l) => l.archetype === name)
  for (const list of of('marathon')) {
    const [from, to] = [at(list[0] as WireEvent), at(list.findLast((e) => at(e) < at(list[0] as WireEvent) + 20 * HOUR) as WireEvent)]
    expect((to - from) / HOUR).toBeGreaterThan(9)
    expect(at(list.at(-1) as WireEvent) - from).toBeGreaterThan(DAY)
  }
  for (const list of of('replay')) {
    const playback = list.filter((e) => ['heartbeat', 'paused', 'played', 'seeked'].includes(e.action))
    const [last, one] = [...new Set(playback.map((e) => e.chapter))].reverse().map((c) => playback.filter((e) => e.chapter === c).map((e) => `${e.action} ${e.position} ${e.inputs}`))
    const common = Math.min(last?.length ?? 0, one?.length ?? 0)
    expect(common).toBeGreaterThan(1)
    expect(last?.slice(0, common)).toEqual(one?.slice(0, common))
  }
  for (const list of of('two-tabs')) {
    const changes = list.filter((e) => e.action === 'heartbeat').map((e) => e.course)
    expect(changes.filter((c, i) => i > 0 && c !== changes[i - 1]).length).toBeGreaterThan(20)
    expect(new Set(list.map((e) => e.device)).size).toBe(1)
  }
  for (const g of w.truth.groups.filter((x) => x.archetype === 'phone-rack')) {
    expect(new Set(g.learners.flatMap((l) => w.byLearner.get(`${g.platform}/${l}`) ?? []).map((e) => e.ip))).toEqual(new Set([g.ip]))
  }
  expect(unlisted.every((a) => of(a.name).length > 0)).toBe(true)
})

test('honest people of varied worlds are never in two cities within hours', () => {
  for (const seed of [7, 8]) {
    for (const list of eventsOf(world({ seed, learners: 200, cheaters: 0 }), (l) => l.kind === 'honest')) {
      let last: { city: string; at: number } | undefined
      for (const e of list) {
        const range = rangeOf(e.ip as string)
        if (!range) continue
        if (last && last.city !== range.city) expect(at(e) - last.at, `${e.learner} ${e.id}`).toBeGreaterThan(6 * HOUR)
        last = { city: range.city, at: at(e) }
      }
    }
  }
})
