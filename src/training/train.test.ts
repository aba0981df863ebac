import { beforeAll, describe, expect, test } from 'vitest'
import { FEATURES } from '../models/features/index.ts'
import { openScorer, type LayersScorer } from '../models/runtime/scorer.ts'
import { openTensorFlow } from '../models/runtime/tensorflow.ts'
import { Random } from '../simulate/random.ts'
import { auc } from './curve.ts'
import { filesOf } from './files.ts'
import { judge, parted } from './judge.ts'
import { rowsOf, type Rows } from './rows.ts'
import { train, type Trained } from './train.ts'
import { optionsOf } from './worlds.ts'

const world = (seed: number, learners = 120): Rows => rowsOf(optionsOf({ seed, learners, days: 1, cheaters: 0.5, spread: [0, 0.3] }))
const options = { seed: 3, epochs: 6, choose: false, say: () => undefined }
const features = FEATURES.map((f) => f.name)
let [training, calibrating, held]: Rows[][] = [[], [], []]

beforeAll(() => {
  ;[training, calibrating, held] = [[world(1), world(2), world(3)], [world(4)], [world(5), world(6)]]
}, 120_000)

async function opened(trained: Trained): Promise<{ files: Map<string, Uint8Array>; scorer: LayersScorer }> {
  const files = await filesOf(await openTensorFlow('wasm'), trained)
  return { files, scorer: await openScorer('brushing', files, { features, backend: 'wasm' }) }
}

const areaOf = (scorer: LayersScorer) => auc(parted(judge(held ?? [], (rows, count) => scorer.logits(rows, count)))) ?? NaN

/** The same rows, with everybody's label dealt out anew. */
function shuffled(worlds: readonly Rows[], random: Random): Rows[] {
  return worlds.map((w) => {
    const labels = random.shuffled(w.people)
    return { ...w, people: w.people.map((p, i) => ({ ...p, kind: labels[i]?.kind ?? 'honest', archetype: labels[i]?.archetype })) }
  })
}

describe('training', () => {
  test('learns what programs do, and the same again from the same seed', async () => {
    await openTensorFlow('wasm')
    const [one, again] = [train(training ?? [], calibrating ?? [], options), train(training ?? [], calibrating ?? [], options)]
    const [first, second] = [await opened(one), await opened(again)]
    expect([...first.files.keys()].sort()).toEqual(['calibration.json', 'model.json', 'scaler.json', 'tails.json', 'weights.bin'])
    for (const [name, bytes] of first.files) expect(Buffer.from(bytes).equals(second.files.get(name) as Uint8Array), name).toBe(true)
    expect(areaOf(first.scorer)).toBeGreaterThan(0.93)
    expect(one.threshold).toBeGreaterThan(0)
    expect(one.threshold).toBeLessThanOrEqual(1)
  }, 120_000)

  // Of tails alone that is not true: they know honest learners without any label. So the network is asked without them.
  test('learns nothing from labels dealt out by chance: no feature gives them away', async () => {
    await openTensorFlow('wasm')
    const random = new Random(7, 'labels')
    const trained = train(shuffled(training ?? [], random), shuffled(calibrating ?? [], random), options)
    const { scorer } = await opened({ ...trained, tails: { ...trained.tails, weight: 0 } })
    const areas = [1, 2, 3, 4, 5].map((seed) => {
      const dealt = shuffled(held ?? [], new Random(seed, 'held'))
      return auc(parted(judge(dealt, (rows, count) => scorer.logits(rows, count)))) ?? NaN
    })
    const mean = areas.reduce((a, b) => a + b) / areas.length
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.06)
  }, 120_000)
})

test('rows are asked for by the production engine: every learner with enough playback is judged, in order, in its sittings', () => {
  for (const { world: rows } of (training ?? []).map((w) => ({ world: w }))) {
    expect(rows.values.length).toBe(rows.count * rows.width)
    expect(rows.person.every((p) => p >= 0)).toBe(true)
    expect(new Set(rows.person).size).toBeGreaterThan(rows.people.length * 0.85)
    const last = new Map<number, [number, number]>()
    rows.person.forEach((p, i) => {
      const [at, sitting] = last.get(p) ?? [-Infinity, 0]
      expect(rows.at[i] as number).toBeGreaterThan(at)
      expect(rows.sitting[i] as number).toBeGreaterThanOrEqual(sitting)
      last.set(p, [rows.at[i] as number, rows.sitting[i] as number])
    })
  }
})
