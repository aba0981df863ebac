import { expect, test } from 'vitest'
import { MINUTE, parseDuration, type Ms } from '../../base/time.ts'
import { ZONE_OFFSET } from '../../simulate/person.ts'
import { simulate } from '../../simulate/index.ts'
import { buildEvent } from '../../telemetry/build.ts'
import { Event, type Field } from '../../telemetry/event.ts'
import { advancePlayback, playback } from '../../telemetry/playback.ts'
import { activity, FEATURES, observe, readFeatures } from './index.ts'

const simulation = simulate({ learners: 72, days: 4, seed: 3, cheaters: 0.4 })
const { catalogue, records } = simulation
const players = new Map(catalogue.platforms?.map((p) => [p.id, { cadence: parseDuration(p.heartbeat ?? '') as Ms, rate: p.rate ?? 1, checks: parseDuration(p.checks ?? '') as Ms }]))
const lengths = new Map(catalogue.courses?.flatMap((c) => c.chapters?.map((x) => [x.id, x.length] as const) ?? []))
const events = new Map<string, Event[]>()
for (const record of records) {
  const event = buildEvent(record, '') as Event
  const list = events.get(event.learner)
  if (list) list.push(event)
  else events.set(event.learner, [event])
}
/** Fields that each platform sends. */
const sent = new Map<string, Set<string>>()
for (const list of events.values()) {
  for (const e of list) {
    const fields = sent.get(e.platform) ?? new Set()
    sent.set(e.platform, fields)
    for (const [name, value] of Object.entries(e)) if (value !== undefined) fields.add(name)
  }
}

function featuresOf(list: readonly Event[]): Float64Array {
  const platform = list[0]?.platform ?? ''
  const [state, player] = [activity.make(), playback.make()]
  const around = {
    cadence: players.get(platform)?.cadence, rate: players.get(platform)?.rate, checks: players.get(platform)?.checks, sends: (field: Field) => sent.get(platform)?.has(field) ?? false, lengthOf: (e: Event) => lengths.get(e.chapter ?? ''),
    minutesEast: () => ZONE_OFFSET / MINUTE,
  }
  let span: ReturnType<typeof advancePlayback>
  for (const event of [...list].sort((a, b) => a.time - b.time)) {
    span = advancePlayback(player, event)
    observe(state, event, { ...around, span })
  }
  const values = new Float64Array(FEATURES.length)
  readFeatures(state, { ...around, span }, values, 0)
  return values
}

const rows = simulation.truth().learners.map(({ learner, kind }) => ({ kind, values: featuresOf(events.get(learner) ?? []) }))

test('every feature is known of somebody, is a finite number, and is not the same for all', () => {
  const seen = FEATURES.map(({ name }, i) => {
    const known = rows.map((r) => r.values[i] as number).filter((v) => !Number.isNaN(v))
    return { name, known: known.length > 5, finite: known.every(Number.isFinite), differs: Math.min(...known) < Math.max(...known) }
  })
  // Nobody who is simulated seeks ahead, or starts some chapters and not others.
  expect(seen.filter((s) => !s.known || !s.finite || !s.differs).map((s) => s.name)).toEqual(['beats-unstarted', 'seeks-back'])
})

test('of honest learners nearly everything is known that their platform tells', () => {
  const honest = rows.filter((r) => r.kind === 'honest')
  const known = FEATURES.map((_, i) => honest.filter((r) => !Number.isNaN(r.values[i])).length / honest.length)
  // One platform of three counts no inputs and knows positions in whole seconds.
  expect(FEATURES.filter((_, i) => (known[i] as number) < 0.5).map((f) => f.name)).toEqual([])
})

test('honest learners play one chapter at a time, at the cadence of their player, and watch what they complete', () => {
  const of = (name: string): number[] => {
    const i = FEATURES.findIndex((f) => f.name === name)
    return rows.filter((r) => r.kind === 'honest').map((r) => r.values[i] as number).filter((v) => !Number.isNaN(v)).sort((a, b) => a - b)
  }
  const middle = (list: number[]): number => list[list.length >> 1] as number
  expect([of('chapters-most').at(-1), of('beats-unstarted').at(-1), of('probes').at(-1), of('credit-overlap').at(-1)]).toEqual([1, 0, 0, 0])
  expect(of('gap-off-cadence').at(-1)).toBeLessThan(0.1)
  expect(of('rate-over').at(-1)).toBe(0)
  expect(Math.exp(of('face-owed')[0] as number)).toBeGreaterThan(0.7)
  expect(middle(of('coverage'))).toBe(1)
  expect(middle(of('rate-effective'))).toBeCloseTo(0, 2)
})
