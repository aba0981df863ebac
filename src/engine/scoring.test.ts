import { beforeAll, describe, expect, test } from 'vitest'
import { SECOND } from '../base/time.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { openScorer } from '../models/runtime/scorer.ts'
import { at, instant, ruleOf } from '../testing/drive.ts'
import { duplicated, eventOf, fivePlatforms, seeded, shuffled, type Arrival } from '../testing/five-platforms.ts'
import { Fleet, stamped } from '../testing/fleet.ts'
import { Restarting } from '../testing/restarting.ts'
import { beats, judged } from '../testing/tiny-detectors.ts'
import { tinyModel } from '../testing/tiny-model.ts'
import type { Warning } from '../warnings/warning.ts'
import { defineDetector, type LearnerDetector } from './detector.ts'
import { Machine, type MachineOptions } from './machine.ts'
import type { Output } from './output.ts'
import type { Scorer } from './ports.ts'

const { features } = judged.model as { features: readonly string[] }
const tiny = await openScorer('tiny', await tinyModel({ features, weights: [1, 0.4], bias: 2 }), { features, backend: 'wasm' })
const models = new Map<string, Scorer>([['tiny', tiny]])
const catalogue = new Catalogue(catalogueSchema.parse({}))

/** The real model, and how many rows it was given at once. */
function counting(): { models: Map<string, Scorer>; sizes: number[] } {
  const sizes: number[] = []
  const scorer: Scorer = { width: tiny.width, reasons: (row) => tiny.reasons(row), score: (rows, count) => (sizes.push(count), tiny.score(rows, count)) }
  return { sizes, models: new Map([['tiny', scorer]]) }
}

function machineOf(detector: LearnerDetector<never, never, never> | typeof judged, outputs: Output[], more: Partial<MachineOptions> = {}): Machine {
  return new Machine({ rules: [ruleOf(detector)], catalogue, context: 'test', models, output: (o) => outputs.push(o), ...more })
}

const warningsOf = (outputs: readonly Output[]) => outputs.map((o) => o.value as Warning)

describe('what rules ask at one instant', () => {
  test('is scored in one call, at every instant in another, and answered in the order of the keys', () => {
    const told: string[] = []
    const telling = defineDetector({ ...judged, name: 'telling', onScore: (_, { id, now }) => void told.push(`${id} ${now % 100_000}`) } satisfies typeof judged)
    const { models, sizes } = counting()
    const machine = machineOf(telling, [], { models })
    for (const learner of ['L3', 'L1', 'L2']) machine.observe(at('08:00:01', 'heartbeat', learner))
    machine.observe(at('08:00:12', 'heartbeat', 'L0'))
    machine.passTo(instant('08:02:00'))
    // The first three ask at 10, 20, 30 and 40 s, the last one at 20 to 50 s.
    expect(sizes).toEqual([3, 4, 4, 4, 1])
    expect(told.slice(0, 7)).toEqual(['L1 10000', 'L2 10000', 'L3 10000', 'L0 20000', 'L1 20000', 'L2 20000', 'L3 20000'])
  })

  test('goes to the model in pieces where there is much of it, with the same result', () => {
    const some = (learners: number) => {
      const outputs: Output[] = []
      const { models, sizes } = counting()
      const machine = machineOf(judged, outputs, { models })
      for (let l = 0; l < learners; l++) machine.observe(at('08:00:01', 'heartbeat', `L${String(l).padStart(4, '0')}`, undefined, { id: `e${l}` }))
      machine.passTo(instant('08:02:00'))
      machine.end()
      return { sizes, texts: outputs.map((o) => JSON.stringify(o.value)) }
    }
    const [few, many] = [some(100), some(1100)]
    expect(few.sizes).toEqual([100, 100, 100, 100])
    expect(many.sizes.slice(0, 3)).toEqual([512, 512, 76])
    expect(many.texts.length).toBe(11 * few.texts.length)
    expect(many.texts).toEqual(expect.arrayContaining(few.texts))
  })

  test('is told with its reasons, which the warning carries and its sentence names', () => {
    const outputs: Output[] = []
    const machine = machineOf(judged, outputs)
    for (let beat = 1; beat <= 5; beat++) machine.observe(at(`08:00:0${beat}`, 'heartbeat', 'L1'))
    machine.passTo(instant('08:02:00'))
    machine.end()
    const [first] = warningsOf(outputs)
    expect(first).toMatchObject({
      facts: { n: 5, score: 0.982 }, summary: { en: '5 beats score 0.982, since beats' },
      reasons: [{ feature: 'beats', value: 2, usual: [-1, 1], weight: 2 }],
    })
    expect(Object.keys(first as Warning).indexOf('reasons')).toBe(Object.keys(first as Warning).indexOf('facts') + 1)
  })

  test('is answered before an event of the same time', () => {
    const heard: string[] = []
    const listening = defineDetector({
      ...judged, name: 'listening',
      onEvent(event, context) {
        heard.push(`event ${event.time % 100_000}`)
        judged.onEvent(event, context)
      },
      onScore: (_, { now, state }) => void heard.push(`score ${now % 100_000} of ${state.n}`),
    } satisfies typeof judged)
    const machine = machineOf(listening, [])
    for (const time of ['08:00:01', '08:00:10', '08:00:11']) machine.observe(at(time, 'heartbeat', 'L1'))
    machine.passTo(instant('08:00:25'))
    expect(heard).toEqual(['event 1000', 'score 10000 of 1', 'event 10000', 'event 11000', 'score 20000 of 3'])
  })
})

test('only a timer may ask, and only a model that there is', () => {
  const early = defineDetector({ ...judged, name: 'early', onEvent: (_, { ask }) => ask(() => undefined) } satisfies typeof judged)
  const machine = machineOf(early, [])
  machine.observe(at('08:00:01', 'heartbeat', 'L1'))
  expect(() => machine.end()).toThrow('a model is asked by a rule that names none, or not by a timer')
  expect(() => machineOf(judged, [], { models: undefined })).toThrow('the model `tiny` of the rule `judged` was not opened')
  expect(() => defineDetector({ ...judged, onScore: undefined })).toThrow('detector judged needs both `model` and `onScore`')
})

describe('five platforms: the same outputs in the same order', () => {
  const rules = [ruleOf(judged, { every: '1m' }), ruleOf(judged, { every: '5m' }, { id: 'again' }), ruleOf(beats, { quiet: '20s', every: 40 })]
  const arrivals = fivePlatforms(11, 2)
  let golden: string[]

  interface How {
    partitions?: number
    markEvery?: number
    restartEvery?: number
  }
  const run = async (log: readonly Arrival[], { partitions, markEvery = 1000, restartEvery }: How = {}) => {
    const random = seeded(3)
    const r = new Restarting({ rules, catalogue, models, context: 'test', partitions })
    for (const [i, a] of log.entries()) {
      r.observe(eventOf(a, true))
      if ((i + 1) % markEvery !== 0) continue
      r.machine.mark()
      if (restartEvery !== undefined && random() * restartEvery < 1) await r.restart({ partitions: 1 + Math.floor(random() * 4) })
    }
    return r.end()
  }

  beforeAll(async () => {
    golden = await run(arrivals)
    expect(golden.filter((t) => t.includes('"judged"')).length).toBeGreaterThan(50)
  })

  test.each<[string, How]>([
    ['over 2 partitions', { partitions: 2 }], ['over 4', { partitions: 4 }], ['over 7', { partitions: 7 }],
    ['marks every 7 records', { markEvery: 7 }], ['every 100', { markEvery: 100 }], ['every 10,000', { markEvery: 10_000 }],
    ['stopped and started', { markEvery: 100, restartEvery: 6 }],
  ])('%s', async (_, how) => expect(await run(arrivals, how)).toEqual(golden))

  test('shuffled and doubled', async () => expect(await run(duplicated(shuffled(arrivals, 2, 50 * SECOND), 2), { markEvery: 100 })).toEqual(golden))

  test('over tasks that are taken over', async () => {
    const outputs = async (learners: number, resources: number, every: number) => {
      const fleet = new Fleet({ rules, catalogue, models, context: 'test' }, learners, resources)
      for (const [i, a] of arrivals.entries()) {
        fleet.observe(stamped(a))
        if (i % 500 !== 499) continue
        fleet.mark()
        if (every > 0 && i % (500 * every) === 499) await fleet.restart()
      }
      return fleet.end()
    }
    expect(await outputs(3, 2, 2)).toEqual(await outputs(1, 1, 0))
  })
})
