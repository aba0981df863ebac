import { heightAt, type Calibration } from '../models/runtime/scales.ts'
import { recallAt, shareAbove, thresholdAt } from './curve.ts'
import { cheats, everyRow, highest, learnersOf, type Example, type Learner } from './lessons.ts'
import type { Rows } from './rows.ts'
import { TOGETHER } from './worlds.ts'

/** Learners with all their rows, each with a score; a learner counts by its highest. */
export interface Judged {
  examples: Example[]
  scores: Float64Array
  best: Map<Learner, number>
}

/** `score` gives one number for each of some rows of features, one behind the other. */
export type ScoreRows = (rows: Float64Array, count: number) => Float64Array

const PORTION = 8192

/** Scores every row of some worlds that `which` takes. */
export function judge(worlds: readonly Rows[], score: ScoreRows, which: (example: Example) => boolean = () => true): Judged {
  const examples = everyRow(learnersOf(worlds)).filter(which)
  const scores = new Float64Array(examples.length)
  for (let from = 0; from < examples.length; from += PORTION) {
    const some = examples.slice(from, from + PORTION)
    const width = (some[0] as Example).learner.world.width
    const rows = new Float64Array(some.length * width)
    some.forEach(({ learner: { world }, row }, i) => rows.set(world.values.subarray(row * width, (row + 1) * width), i * width))
    scores.set(score(rows, some.length), from)
  }
  return { examples, scores, best: highest(examples, scores) }
}

/** The highest scores of the honest, and of the cheating whom one learner's own behaviour can give away: all, or of one kind. */
export function parted({ best }: Judged, archetype?: string): { honest: number[]; cheating: number[] } {
  const honest: number[] = []
  const cheating: number[] = []
  for (const [learner, score] of best) {
    const kind = learner.label.archetype ?? ''
    if (!cheats(learner)) honest.push(score)
    else if (archetype === undefined ? !TOGETHER.includes(kind) : kind === archetype) cheating.push(score)
  }
  return { honest, cheating }
}

/** Recall at a share of false alarms. */
export function recallOf(judged: Judged, share: number, archetype?: string): number {
  return recallAt(parted(judged, archetype), share) ?? NaN
}

export function kindsIn({ best }: Judged): string[] {
  return [...new Set([...best.keys()].flatMap(({ label }) => label.archetype ?? []))].filter((k) => !TOGETHER.includes(k)).sort()
}

/** Share of some learners who once reach a threshold. */
export function reach({ best }: Judged, threshold: number, which: (learner: Learner) => boolean): number {
  return shareAbove([...best].flatMap(([l, s]) => (which(l) ? [s] : [])), threshold) ?? NaN
}

/** False alarms of each slice of the honest at the threshold that 1 % of all honest reach, as a share and beside the overall rate. */
export function slicesOf(judged: Judged): { slice: string; learners: number; falseAlarms: number; ratio: number }[] {
  const threshold = thresholdAt(parted(judged).honest, 0.01)
  const honest = [...judged.best.keys()].filter((l) => !cheats(l))
  const overall = reach(judged, threshold, (l) => !cheats(l))
  return [...new Set(honest.map((l) => l.label.slice ?? ''))].sort().map((slice) => {
    const falseAlarms = reach(judged, threshold, (l) => !cheats(l) && l.label.slice === slice)
    return { slice, learners: honest.filter((l) => l.label.slice === slice).length, falseAlarms, ratio: falseAlarms / overall }
  })
}

/** Calibrated, and rounded as the engine does before it compares. */
export function probabilities(calibration: Calibration, logits: Float64Array): Float64Array {
  return logits.map((l) => Math.round(heightAt(calibration, l) * 1000) / 1000)
}
