import type { Sequential } from '@tensorflow/tfjs-layers'
import { heightAt, tailsOf, type Calibration, type Scaler, type Tails } from '../models/runtime/scales.ts'
import { Random } from '../simulate/random.ts'
import type { Matrix } from './baselines.ts'
import { precisionAt, recallAt, shareAbove, thresholdAt } from './curve.ts'
import { fit, logits, type FitOptions } from './fit.ts'
import { isotonic, simplified } from './isotonic.ts'
import { cheats, everyRow, highest, learnersOf, lessonOf, matrixOf, someRows, type Example, type Learner } from './lessons.ts'
import type { Rows } from './rows.ts'
import { scalerOf, tailLines } from './scaling.ts'
import { allWithSlips } from './slips.ts'
import { TOGETHER } from './worlds.ts'

/** A model before it is written. */
export interface Trained {
  network: Sequential
  scaler: Scaler
  tails: Tails
  calibration: Calibration
  /** The calibrated score, in thousandths, from which on the rule is to warn: `thresholdOf` the learners of the calibration. */
  threshold: number
  /** Share of each archetype caught at `MANY` false alarms by models that never saw it, for each weight of the tails that was tried. */
  leftOut: { archetype: string; recall: Record<string, number> }[]
}

export interface TrainOptions {
  seed: number
  epochs: number
  /** Whether cheaters are left out by kind to choose the weight of the tails; else it is the middle one. */
  choose: boolean
  say: (text: string) => void
}

/** So many of the honest may ever be warned of, by the model alone, and so many of the warnings are right where `CHEATERS` cheat: a little more than is asked, since elsewhere learners are less alike. */
const [ALARMS, PRECISION, CAUTION] = [0.001, 0.97, 0.03]
/** Of a platform's learners so many cheat, for what a probability means. */
export const CHEATERS = 0.02
/** Rows of one learner that a network sees, and how often it sees every row unless something else is said. */
export const [ROWS_OF_ONE, EPOCHS] = [8, 14]
const WEIGHTS = [0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1]
/** The tails may cost so much of the recall of what was shown, at few false alarms, that more is caught of what was not, at many. */
const [PRICE, FEW, MANY] = [0.01, 0.001, 0.01]
const POINTS = 60

export const fitOptions = (epochs: number, random: Random): FitOptions => ({ hidden: [32, 16], epochs, batch: 256, rate: 0.004, decay: 1e-4, hide: 0.15, random })

/** Who a model learns from: everybody but those whose cheating is in what they do together. */
export const pupilsOf = (worlds: readonly Rows[]): Learner[] => learnersOf(worlds).filter(({ label }) => !TOGETHER.includes(label.archetype ?? ''))

/** Trains, chooses the weight of the tails, calibrates and sets the threshold. The same rows and seed give the same model. */
export function train(training: readonly Rows[], calibrating: readonly Rows[], { seed, epochs, choose, say }: TrainOptions): Trained {
  const pupils = pupilsOf(allWithSlips(training, 'training'))
  const examples = someRows(pupils, ROWS_OF_ONE, new Random(seed, 'rows'))
  const honest = examples.filter(({ learner }) => !cheats(learner))
  const scaler = scalerOf(honest)
  const lines = tailLines(honest, scaler)
  const judged = everyRow(pupilsOf(allWithSlips(calibrating, 'calibration')))
  const matrix = matrixOf(judged, scaler)
  const tails = tailSums({ weight: 1, lines }, matrix)
  const learn = (name: string, from: readonly Example[]) => {
    say(`training ${name} on ${from.length} rows`)
    return fit(lessonOf(from, scaler), fitOptions(epochs, new Random(seed, name)))
  }
  const network = learn('all', examples)
  const known = logits(network, matrix)
  const kinds = choose ? [...new Set(pupils.flatMap(({ label }) => label.archetype ?? []))].sort() : []
  const leftOut = kinds.map((archetype) => {
    const without = learn(`without ${archetype}`, examples.filter(({ learner }) => learner.label.archetype !== archetype))
    const scores = logits(without, matrix)
    without.dispose()
    const recall = Object.fromEntries(WEIGHTS.map((w) => [w, recallOf(judged, sumOf(scores, tails, w), MANY, archetype)]))
    say(`${archetype}: ${WEIGHTS.map((w) => `${w}: ${(recall[w] as number).toFixed(2)}`).join('  ')}`)
    return { archetype, recall }
  })
  const shown = WEIGHTS.map((w) => recallOf(judged, sumOf(known, tails, w), FEW))
  say(`all shown: ${WEIGHTS.map((w, i) => `${w}: ${(shown[i] as number).toFixed(3)}`).join('  ')}`)
  const weight = choose ? bestWeight(shown, leftOut.map(({ recall }) => recall)) : (WEIGHTS[3] as number)
  const scores = sumOf(known, tails, weight)
  const calibration = calibrate(judged, scores)
  return { network, scaler, tails: { weight, lines }, calibration, threshold: thresholdOf(judged, scores, calibration), leftOut }
}

/** What the tails say of each row of a matrix. */
export function tailSums(tails: Tails, { values, rows, width }: Matrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => tailsOf(tails, values, i * width))
}

const sumOf = (scores: Float32Array, tails: Float64Array, weight: number): Float64Array => tails.map((t, i) => (scores[i] as number) + weight * t)

/** Of the weights that cost little of what was shown, that which catches most of what was not. */
function bestWeight(shown: readonly number[], leftOut: readonly Record<string, number>[]): number {
  const worth = (w: number): number => leftOut.reduce((sum, recall) => sum + (recall[w] as number), 0)
  const affordable = WEIGHTS.filter((_, i) => (shown[i] as number) >= Math.max(...shown) - PRICE)
  return affordable.reduce((best, w) => (worth(w) > worth(best) ? w : best))
}

/** Share of the cheaters, or of those of one archetype, who pass the threshold that so many of the honest pass. */
function recallOf(examples: readonly Example[], scores: Float64Array, alarms: number, archetype?: string): number {
  const honest: number[] = []
  const cheating: number[] = []
  for (const [learner, score] of highest(examples, scores)) {
    if (!cheats(learner)) honest.push(score)
    else if (archetype === undefined || learner.label.archetype === archetype) cheating.push(score)
  }
  return recallAt({ honest, cheating }, alarms) ?? 0
}

/** Each learner counts the same, and all cheaters together as much as `CHEATERS` says. */
export function lifelikeWeights(examples: readonly Example[]): Float64Array {
  const counts = new Map<Learner, number>()
  for (const { learner } of examples) counts.set(learner, (counts.get(learner) ?? 0) + 1)
  const learners = [...counts.keys()]
  const cheating = learners.filter(cheats).length
  const [worthCheater, worthHonest] = [(CHEATERS * learners.length) / Math.max(1, cheating), ((1 - CHEATERS) * learners.length) / Math.max(1, learners.length - cheating)]
  return Float64Array.from(examples, ({ learner }) => (cheats(learner) ? worthCheater : worthHonest) / (counts.get(learner) as number))
}

function calibrate(examples: readonly Example[], scores: Float64Array): Calibration {
  const weights = lifelikeWeights(examples)
  const curve = simplified(rising(isotonic(scores, examples.map(({ learner }) => (cheats(learner) ? 1 : 0)), weights), scores, weights), POINTS)
  const sixth = (v: number) => Number(v.toPrecision(6))
  const points = new Map(curve.x.map((x, i) => [sixth(x), sixth(curve.y[i] as number)]))
  return { x: [...points.keys()], y: [...points.values()] }
}

/** The same curve with each level told by its middle, so that it rises everywhere: else no threshold could part the scores of one level. */
function rising({ x, y }: Calibration, scores: Float64Array, weights: Float64Array): Calibration {
  const levels = [...new Set(y)].map((height) => ({ height, low: x[y.indexOf(height)] as number, high: x[y.lastIndexOf(height)] as number, weight: 0, sum: 0 }))
  const order = Array.from(scores, (_, i) => i).sort((a, b) => (scores[a] as number) - (scores[b] as number))
  let at = 0
  for (const i of order) {
    while (at < levels.length - 1 && (scores[i] as number) > (levels[at] as { high: number }).high) at++
    const level = levels[at] as (typeof levels)[number]
    level.weight += weights[i] as number
    level.sum += (weights[i] as number) * (scores[i] as number)
  }
  return { x: levels.map((l) => l.sum / l.weight), y: levels.map((l) => l.height) }
}

/** The lowest that keeps to `ALARMS` and `PRECISION`, and then as far up as costs at most `CAUTION` of recall: elsewhere learners are less alike, and to be wrong is worse than to miss. */
function thresholdOf(examples: readonly Example[], scores: Float64Array, calibration: Calibration): number {
  const best = { honest: [] as number[], cheating: [] as number[] }
  for (const [learner, score] of highest(examples, scores)) (cheats(learner) ? best.cheating : best.honest).push(Math.round(heightAt(calibration, score) * 1000) / 1000)
  const recall = (thousandths: number): number => shareAbove(best.cheating, thousandths / 1000) ?? 0
  const precision = (thousandths: number): number => precisionAt(recall(thousandths), shareAbove(best.honest, thousandths / 1000) ?? 1, CHEATERS) ?? 1
  let at = Math.ceil(thresholdAt(best.honest, ALARMS) * 1000)
  while (at < 999 && precision(at) < PRECISION) at++
  const least = recall(at) - CAUTION
  while (at < 999 && recall(at + 1) >= least) at++
  return at / 1000
}
