import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseTime } from '../base/time.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { eventSchema, PLAYBACK, type WireEvent } from '../telemetry/event.ts'
import { slices } from './honest/slices.ts'
import { adversaries, simulate } from './index.ts'
import { rangeOf } from './places.ts'
import { truthSchema, type Labelled } from './truth.ts'

const options = { learners: 180, days: 2, seed: 11, cheaters: 0.35 }
const simulation = simulate(options)
const catalogue = catalogueSchema.parse(simulation.catalogue)
const events = [...simulation.records]
const truth = truthSchema.parse(simulation.truth())

const at = (time: string): number => parseTime(time) as number
const groupBy = (list: readonly WireEvent[], name: (e: WireEvent) => string): Map<string, WireEvent[]> => {
  const groups = new Map<string, WireEvent[]>()
  for (const e of list) {
    const group = groups.get(name(e))
    if (group) group.push(e)
    else groups.set(name(e), [e])
  }
  return groups
}
const byLearner = groupBy(events, (e) => e.learner)
const labelled = (kind: Labelled['kind']) => truth.learners.filter((l) => l.kind === kind)
const eventsOf = (l: Labelled): WireEvent[] => [...(byLearner.get(l.learner) ?? [])].sort((a, b) => at(a.time) - at(b.time))
const of = (name: string): WireEvent[][] => truth.learners.filter((l) => l.archetype === name || l.slice === name).map(eventsOf)

test('the same seed gives the same bytes, another seed others', () => {
  const again = simulate(options)
  expect([...again.records].map((e) => JSON.stringify(e))).toEqual(events.map((e) => JSON.stringify(e)))
  expect(again.truth()).toEqual(simulation.truth())
  expect(again.catalogue).toEqual(simulation.catalogue)
  expect(simulate({ ...options, seed: 12 }).records.next().value).not.toEqual(events[0])
})

test('every event is canonical, and none begins before its class opens', () => {
  const opens = new Set(catalogue.classes.map((c) => c.opens))
  const earliest = Math.min(...[...opens].map((o) => at(o as string)))
  const wrong = events.filter((e) => !eventSchema.safeParse(e).success || at(e.time) < earliest || (PLAYBACK.has(e.action) && e.chapter === undefined))
  expect(wrong).toEqual([])
})

test('events come in order of arrival, each once, and never before they happen', () => {
  const wrong = events.filter((e, i) => (e.received as string) < e.time || (e.received as string) < (events[i - 1]?.received ?? ''))
  expect(wrong).toEqual([])
  expect(new Set(events.map((e) => `${e.platform}/${e.learner}/${e.id}`)).size).toBe(events.length)
})

test('everybody is labelled, enrolled and active; every slice and archetype is there', () => {
  expect(truth.learners).toHaveLength(options.learners)
  expect(truth.counts).toMatchObject({ learners: 180, events: events.length })
  const rosters = new Map(catalogue.classes.map((c) => [c.id, new Set(c.learners)]))
  for (const l of truth.learners) {
    expect(rosters.get(l.class)?.has(l.learner)).toBe(true)
    expect(l.from).toBe(eventsOf(l)[0]?.time)
  }
  expect(Object.keys(truth.counts.byLabel).sort()).toEqual([...slices.map((s) => s.name), ...adversaries.map((a) => a.name)].sort())
  for (const g of truth.groups) expect(g.learners.length).toBeGreaterThanOrEqual(3)
})

test('the honest are the majority by default', () => {
  const counts = simulate({ learners: 300, days: 1, seed: 3 }).truth().counts
  expect(counts.honest / counts.learners).toBeCloseTo(0.88, 2)
})

test('each archetype has a file of its own', () => {
  const files = new Set(readdirSync(join(import.meta.dirname, 'adversaries')))
  for (const { name } of adversaries) expect(files.has(`${name === 'proxy' ? 'console' : name}.ts`), name).toBe(true)
})

test('honest learners play at true speed and in order, and never go past what they have watched', () => {
  const before = new Map(catalogue.courses.flatMap((c) => c.chapters.map((x, i) => [x.id, c.chapters.slice(0, i).map((y) => y.id)])))
  const wrong: string[] = []
  for (const l of labelled('honest')) {
    const furthest = new Map<string, number>()
    const completed = new Set<string>()
    let playing: { chapter: string; at: number; position: number } | undefined
    for (const e of eventsOf(l)) {
      const chapter = e.chapter
      if (chapter === undefined || !PLAYBACK.has(e.action)) continue
      const reached = e.action === 'seeked' ? (e.from as number) : (e.position ?? 0)
      const played = playing?.chapter === chapter ? playing.position + (at(e.time) - playing.at) / 1000 : 0
      const allowed = Math.max(furthest.get(chapter) ?? 0, played) + 1.5
      furthest.set(chapter, Math.max(furthest.get(chapter) ?? 0, reached))
      if (e.rate !== undefined && e.rate !== 1) wrong.push(`${e.id} plays at ${e.rate}`)
      if (reached > allowed) wrong.push(`${e.id} is at ${reached}, not ${allowed}`)
      if (e.action === 'seeked' && (e.to as number) >= (e.from as number)) wrong.push(`${e.id} seeks ahead`)
      if (e.action === 'played' && before.get(chapter)?.some((c) => !completed.has(c))) wrong.push(`${e.id} skips a chapter`)
      if (e.action === 'completed') completed.add(chapter)
      playing = { chapter, at: at(e.time), position: e.action === 'seeked' ? (e.to as number) : reached }
    }
  }
  expect(wrong).toEqual([])
})

test('honest learners play one chapter at a time, on one login', () => {
  const wrong: string[] = []
  for (const l of labelled('honest')) {
    let session: string | undefined
    let chapter: string | undefined
    for (const e of eventsOf(l)) {
      if (e.action === 'logged-in') session = e.session
      if (e.action === 'initialized') chapter = e.chapter
      if (e.session !== session) wrong.push(`${e.id} is of another login`)
      if (PLAYBACK.has(e.action) && e.chapter !== chapter) wrong.push(`${e.id} is of another chapter`)
    }
  }
  expect(wrong).toEqual([])
})

test('honest learners answer their face checks in time, unless the connection was lost, and never fail twice in a row', () => {
  for (const l of labelled('honest')) {
    const list = eventsOf(l)
    let failed = false
    for (const e of list) {
      if (e.action === 'face-requested') {
        const answer = list.find((a) => a.action === 'face-checked' && a.challenge === e.challenge)
        const goesOn = list.some((a) => a.session === e.session && at(a.time) > at(e.time) + 60_000)
        if (answer) expect(at(answer.time) - at(e.time)).toBeLessThan(60_000)
        else expect(goesOn, `${l.learner} ${e.id}`).toBe(false)
      }
      if (e.action !== 'face-checked') continue
      expect(e.outcome).not.toBe('missed')
      expect(failed && e.outcome !== 'passed', `${l.learner} ${e.id}`).toBe(false)
      failed = e.outcome !== 'passed'
    }
    const photos = list.map((e) => e.photo).filter((p) => p !== undefined)
    expect(new Set(photos).size, l.learner).toBe(photos.length)
  }
})

test('honest learners study where their class may, and never travel faster than a train', () => {
  const regions = new Map(catalogue.classes.map((c) => [c.id, c.region?.provinces]))
  for (const l of labelled('honest')) {
    let last: { city: string; at: number } | undefined
    for (const e of eventsOf(l)) {
      const range = rangeOf(e.ip as string)
      if (!range) continue
      const now = at(e.time)
      if (last?.city !== range.city) {
        expect(regions.get(l.class)).toContain(range.province)
        // Kunming and Chengdu are 640 km apart.
        if (last) expect(now - last.at).toBeGreaterThan(6 * 3_600_000)
      }
      last = { city: range.city, at: now }
    }
  }
  expect(of('traveller').some((list) => new Set(list.map((e) => rangeOf(e.ip as string)?.city)).size === 2)).toBe(true)
})

test('honest learners study one to three hours a day, or so', () => {
  const hours = labelled('honest').map((l) => {
    const beats = eventsOf(l).filter((e) => e.action === 'heartbeat').length
    return (beats * (catalogue.platforms.find((p) => p.id === l.platform)?.heartbeat as number)) / 3_600_000 / options.days
  })
  const mean = hours.reduce((a, b) => a + b, 0) / hours.length
  expect(mean).toBeGreaterThan(0.8)
  expect(mean).toBeLessThan(3)
  expect(Math.max(...hours)).toBeLessThan(5)
})

test('slices are what they say', () => {
  for (const list of of('mobile')) expect(new Set(list.map((e) => e.ip)).size).toBeGreaterThan(1)
  for (const list of of('phone-and-pc')) expect(new Set(list.map((e) => e.device)).size).toBe(list[0]?.platform === 'jineng' ? 1 : 2)
  for (const list of of('closed')) expect(list.some((e) => e.action === 'terminated')).toBe(false)
  expect(of('dropped').some((list) => list.filter((e) => e.action === 'logged-in').length > 4)).toBe(true)
  const carriers = new Set(of('carrier').flatMap((list) => list.map((e) => e.ip)))
  expect(carriers.size).toBe(1)
})

test('archetypes keep their quirks', () => {
  for (const list of of('no-face')) expect(list.some((e) => e.action.startsWith('face-'))).toBe(false)
  for (const list of of('watcher')) expect(list.some((e) => e.action === 'seeked' || (e.inputs ?? 0) > 0 || e.muted === false)).toBe(false)
  for (const list of of('userscript')) expect(list.filter((e) => e.action === 'heartbeat').every((e) => e.muted)).toBe(true)
  for (const list of of('api-bundle')) {
    expect(new Set(list.map((e) => e.action))).toEqual(new Set(['heartbeat', 'rate-changed']))
    const bundles = [...groupBy(list, (e) => `${e.chapter}/${(e.received as string).slice(0, 19)}`).values()]
    expect(bundles.some((b) => b.length === 6 && at((b[5] as WireEvent).time) - at((b[0] as WireEvent).time) > 15_000)).toBe(true)
  }
  for (const list of of('api-probe')) {
    const first = list.find((e) => e.action === 'heartbeat')
    expect(first?.position).toBe(catalogue.courses.flatMap((c) => c.chapters).find((c) => c.id === first?.chapter)?.length)
  }
  for (const name of ['console', 'proxy']) {
    for (const list of of(name)) expect(list.slice(0, 3).map((e) => e.action)).toEqual(['logged-in', 'logged-in', 'logged-in'])
  }
  for (const list of of('proxy')) expect(list.some((e) => rangeOf(e.ip as string)?.province !== 'Yunnan')).toBe(true)
  for (const list of of('mimic')) expect(list.filter((e) => e.action === 'answered').every((e) => e.correct)).toBe(true)
  for (const list of of('farm')) expect(list.some((e) => e.time >= '2026-03-03T00:00:00' && e.time < '2026-03-03T00:02:00')).toBe(true)
})

test('groups share what they share', () => {
  for (const g of truth.groups) {
    const members = g.learners.map((l) => byLearner.get(l) ?? [])
    expect(new Set(members.flat().map((e) => e.ip))).toEqual(new Set([g.ip]))
    const devices = new Set(members.flat().map((e) => e.device))
    if (g.platform !== 'jineng') expect(devices.size).toBe(g.archetype === 'group' ? g.learners.length : 1)
    if (g.archetype === 'teacher') expect(byLearner.get(g.teacher as string)?.some((e) => e.ip === g.ip)).toBe(true)
    if (g.archetype !== 'group') continue
    const ends = members.map((list) => list.filter((e) => e.action === 'initialized').map((e) => at(e.time)))
    for (const times of ends.slice(1)) for (const [i, t] of times.entries()) expect(Math.abs(t - (ends[0]?.[i] as number))).toBeLessThan(60_000)
  }
})
