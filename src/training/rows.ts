import type { Ms } from '../base/time.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { brushingModel } from '../detectors/brushing-model.ts'
import { Machine } from '../engine/machine.ts'
import type { Scorer } from '../engine/ports.ts'
import type { Rule } from '../engine/rule.ts'
import { FEATURES, SITTING_GAP } from '../models/features/index.ts'
import { simulate, type SimulateOptions } from '../simulate/index.ts'
import type { Labelled } from '../simulate/truth.ts'
import { runWorld } from './run-world.ts'

/** What the detector asked the model about a world's learners: each time one is judged, a row of its features. */
export interface Rows {
  width: number
  count: number
  /** `width` numbers for each row, NaN where one is missing. */
  values: Float32Array
  /** Index into `people`. */
  person: Int32Array
  /** Event time of the question, and the learner's sitting then, from 0. */
  at: Float64Array
  sitting: Int32Array
  people: Labelled[]
}

const LATENESS: Ms = 60_000

/** Simulates a world and lets the detector that asks the model follow it in the production engine, but for what the model says. */
export function rowsOf(world: SimulateOptions): Rows {
  const width = FEATURES.length
  const values = new Numbers(width)
  const [keys, times, over]: [string[], Ms[], boolean[]] = [[], [], []]
  const recorder: Scorer = {
    width,
    score(rows, count) {
      values.add(rows.subarray(0, count * width))
      return new Float64Array(count)
    },
    reasons: () => [],
  }
  // Answers come in the order of the rows.
  const detector = {
    ...brushingModel,
    onScore: (_: unknown, { platform, id, now, state }: { platform: string; id: string; now: Ms; state: { latest: Ms } }) => {
      keys.push(keyOf(platform, id))
      times.push(now)
      over.push(now - state.latest >= SITTING_GAP)
    },
  }
  const rule: Rule = {
    id: detector.name, detector, mode: 'live', params: detector.params.parse({}), severity: 'medium', response: 'review', basis: [], version: '', prompt: undefined, scope: undefined, unless: undefined, exempt: undefined,
  }
  const simulation = simulate(world)
  const machine = new Machine({
    rules: [rule], catalogue: new Catalogue(catalogueSchema.parse(simulation.catalogue)), context: '', models: new Map([['brushing', recorder]]), lateness: LATENESS, output: () => undefined,
  })
  runWorld(simulation, machine)
  const { learners: people } = simulation.truth()
  const index = new Map(people.map((p, i) => [keyOf(p.platform, p.learner), i]))
  const person = Int32Array.from(keys, (k) => index.get(k) ?? -1)
  const sittings = new Map<string, number>()
  const sitting = Int32Array.from(keys, (k, i) => {
    const now = sittings.get(k) ?? 0
    if (over[i]) sittings.set(k, now + 1)
    return now
  })
  return { width, count: keys.length, values: values.all(), person, at: Float64Array.from(times), sitting, people }
}

const keyOf = (platform: string, learner: string): string => `${platform}\u0000${learner}`

/** Grows as numbers come. */
class Numbers {
  private values: Float32Array
  private used = 0

  constructor(width: number) {
    this.values = new Float32Array(1024 * width)
  }

  add(more: Float64Array): void {
    if (this.used + more.length > this.values.length) {
      const larger = new Float32Array(2 * this.values.length + more.length)
      larger.set(this.values)
      this.values = larger
    }
    this.values.set(more, this.used)
    this.used += more.length
  }

  all(): Float32Array {
    return this.values.slice(0, this.used)
  }
}
