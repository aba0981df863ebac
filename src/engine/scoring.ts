import { invariant } from '../base/errors.ts'
import type { Ms } from '../base/time.ts'
import type { Reason } from '../warnings/warning.ts'
import type { Entry } from './entry.ts'
import type { Scorer } from './ports.ts'
import type { RuleSet } from './runtime.ts'

/** What a model says of the row that a rule asked it about. */
export interface Score {
  readonly probability: number
  /** What speaks most for it, the largest first. Dearer than the score itself. */
  reasons(this: void): Reason[]
}

/** Fills one row of features, from `at` on. */
export type Fill = (into: Float64Array, at: number) => void

/** More rows are not scored at once, so that nobody waits for long. */
const MOST = 512

class Batch {
  readonly scorer: Scorer
  readonly rows: Float64Array
  count = 0
  scores: Float64Array = new Float64Array()

  constructor(scorer: Scorer) {
    this.scorer = scorer
    this.rows = new Float64Array(MOST * scorer.width)
  }
}

/**
 * What rules ask models when their timers fire, gathered over all keys whose timers are due at one instant. INVARIANT (instants): no
 * event is handled and no later timer fires between a question and its answer, so that batches depend on nothing that results may
 * not depend on, and answers on the row alone (`Scorer`).
 */
export class Scoring {
  /** The instant at hand; NaN: nobody may ask. */
  at: Ms = NaN
  private readonly slots: readonly (Batch | undefined)[]
  private readonly batches: readonly Batch[]
  private asked: { entry: Entry; slot: number; batch: Batch; row: number }[] = []

  /** Undefined where no rule asks a model: then nothing is spent on it. */
  static of({ rules, models }: RuleSet): Scoring | undefined {
    return rules.some((r) => r.detector.model) ? new Scoring({ rules, models }) : undefined
  }

  private constructor({ rules, models }: Pick<RuleSet, 'rules' | 'models'>) {
    const batches = new Map<string, Batch>()
    this.slots = rules.map(({ id, detector: { model } }) => {
      if (model === undefined) return undefined
      const scorer = models.get(model.name)
      invariant(scorer !== undefined && scorer.width === model.features.length, `the model \`${model.name}\` of the rule \`${id}\` was not opened`)
      const batch = batches.get(model.name) ?? new Batch(scorer)
      batches.set(model.name, batch)
      return batch
    })
    this.batches = [...batches.values()]
  }

  /** Takes the question of the rule in `slot` about a key. */
  ask(entry: Entry, slot: number, fill: Fill): void {
    const batch = this.slots[slot]
    invariant(batch !== undefined && !Number.isNaN(this.at), 'a model is asked by a rule that names none, or not by a timer')
    fill(batch.rows, batch.count * batch.scorer.width)
    this.asked.push({ entry, slot, batch, row: batch.count++ })
  }

  /** Whether what was asked must be answered before a timer due at `at` fires. */
  isDue(at: Ms): boolean {
    return this.asked.length > 0 && (at !== this.at || this.asked.length === MOST)
  }

  /** Hands out the answers in the order of the questions: that of the timers. */
  answer(take: (entry: Entry, slot: number, at: Ms, score: Score) => void): void {
    const { at, asked } = this
    this.at = NaN
    if (asked.length === 0) return
    this.asked = []
    for (const batch of this.batches) {
      if (batch.count > 0) batch.scores = batch.scorer.score(batch.rows, batch.count)
      batch.count = 0
    }
    for (const { entry, slot, batch, row } of asked) {
      const { scorer, rows, scores } = batch
      take(entry, slot, at, { probability: scores[row] as number, reasons: () => scorer.reasons(rows.subarray(row * scorer.width, (row + 1) * scorer.width)) })
    }
  }
}
