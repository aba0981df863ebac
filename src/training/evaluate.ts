import type { LayersScorer } from '../models/runtime/scorer.ts'
import type { Calibration, Scaler, Tails } from '../models/runtime/scales.ts'
import { Random } from '../simulate/random.ts'
import { IsolationForest, zScores } from './baselines.ts'
import { CAUSES } from './causes.ts'
import { auc, precisionAt, rocPoints, thresholdAt } from './curve.ts'
import { fit, logits } from './fit.ts'
import { judge, kindsIn, parted, probabilities, reach, recallOf, slicesOf, type Judged, type ScoreRows } from './judge.ts'
import { cheats, lessonOf, matrixOf, someRows, type Learner } from './lessons.ts'
import type { Rows } from './rows.ts'
import { allWithSlips } from './slips.ts'
import { CHEATERS, EPOCHS, fitOptions, lifelikeWeights, pupilsOf, ROWS_OF_ONE, tailSums } from './train.ts'

/** A model to be judged, and the threshold of the rule that asks it. */
export interface Candidate {
  scorer: LayersScorer
  scaler: Scaler
  tails: Tails
  calibration: Calibration
  threshold: number
}

/** What it is judged by. */
export interface Worlds {
  training: readonly Rows[]
  heldOut: readonly Rows[]
  week: readonly Rows[]
  unlisted: readonly Rows[]
  jitter: readonly { jitter: number; worlds: readonly Rows[] }[]
}

/** Detection at two shares of false alarms. */
export interface AtAlarms {
  auc: number
  at1: number
  at01: number
}

export interface Measured {
  known: AtAlarms
  archetypes: ({ archetype: string; learners: number } & AtAlarms)[]
  baselines: ({ name: string; roc: [number, number][] } & AtAlarms)[]
  roc: [number, number][]
  /** Of each kind, by a model trained without it: AUC, recall at 1 % and, rarer, at 0.1 % false alarms. */
  leftOut: { archetype: string; auc: number; recall: number; rare: number }[]
  /** Recall at 1 % false alarms after one sitting, and after five. */
  sittings: { archetype: string; one: number; five: number }[]
  unlisted: { kind: string; at1: number; at01: number }[]
  jitter: { archetype: string; jitter: number; recall: number }[]
  /** At the rule's threshold: share of the cheaters whom the model can know and of the honest warned of, and precision at 2 % cheaters. */
  warned: { recall: number; falseAlarms: number; precision: number }
  slices: ReturnType<typeof slicesOf>
  /** The same with slips that happen to some learners: of the honest who are warned of. */
  slips: { honest: number; falseAlarms: number }
  /** Calibrated probabilities of all rows, what is true, and what each row counts. */
  predicted: { probabilities: Float64Array; labels: Float64Array; weights: Float64Array }
  /** The highest probability of each learner. */
  scores: { name: string; honest: boolean; scores: number[] }[]
  /** Share of the warned-of cheaters whose true cause is among the three reasons. */
  reasons: { archetype: string; warned: number; share: number }[]
}

const TALKED_ABOUT = ['mimic', 'watcher']
const FIVE = 5

const atAlarms = (judged: Judged, archetype?: string): AtAlarms => ({
  auc: auc(parted(judged, archetype)) ?? NaN, at1: recallOf(judged, 0.01, archetype), at01: recallOf(judged, 0.001, archetype),
})

/** Everything that a model is judged by, on worlds that it was not trained on. */
export function measure({ scorer, scaler, tails, calibration, threshold }: Candidate, worlds: Worlds, say: (text: string) => void): Measured {
  const score: ScoreRows = (rows, count) => scorer.logits(rows, count)
  const held = judge(worlds.heldOut, score)
  const kinds = kindsIn(held)
  say(`held out: ${held.best.size} learners, ${held.examples.length} rows`)
  const limit = thresholdAt(parted(held).honest, 0.01)
  const probable = probabilities(calibration, held.scores)
  const warned = { ...held, scores: probable, best: new Map([...held.best].map(([l, s]) => [l, probabilities(calibration, Float64Array.of(s))[0] as number])) }
  const parts = parted(warned)
  const recall = parts.cheating.filter((p) => p >= threshold).length / parts.cheating.length
  const falseAlarms = parts.honest.filter((p) => p >= threshold).length / parts.honest.length
  return {
    known: atAlarms(held),
    archetypes: kinds.map((archetype) => ({ archetype, learners: [...held.best.keys()].filter((l) => l.label.archetype === archetype).length, ...atAlarms(held, archetype) })),
    roc: rocPoints(parted(held)),
    ...against(worlds, { scaler, tails }, held, say),
    sittings: sittingsOf(worlds, score),
    unlisted: unlistedOf(worlds, score, held),
    jitter: worlds.jitter.flatMap(({ jitter, worlds: jittered }) => {
      const judged = judge(jittered, score)
      return kindsIn(judged).map((archetype) => ({ archetype, jitter, recall: reach(judged, limit, (l) => l.label.archetype === archetype) }))
    }),
    warned: { recall, falseAlarms, precision: precisionAt(recall, falseAlarms, CHEATERS) ?? NaN },
    slices: slicesOf(held),
    slips: slipsOf(worlds, score, calibration, threshold),
    predicted: { probabilities: probable, labels: Float64Array.from(held.examples, ({ learner }) => (cheats(learner) ? 1 : 0)), weights: lifelikeWeights(held.examples) },
    scores: [
      { name: 'honest', honest: true, scores: parts.honest },
      ...kinds.map((name) => ({ name, honest: false, scores: parted(warned, name).cheating })),
    ],
    reasons: reasonsOf(warned, scorer, threshold, kinds),
  }
}

/** The three baselines, fitted on the same features of the same rows, and the model itself trained anew without each kind. */
function against(worlds: Worlds, { scaler, tails }: Pick<Candidate, 'scaler' | 'tails'>, held: Judged, say: (text: string) => void): Pick<Measured, 'baselines' | 'leftOut'> {
  const examples = someRows(pupilsOf(allWithSlips(worlds.training, 'training')), ROWS_OF_ONE, new Random(1, 'rows'))
  const seen = matrixOf(held.examples, scaler)
  const judged = (scores: ArrayLike<number>): Judged => judge(worlds.heldOut, given(scores))
  const regression = fit(lessonOf(examples, scaler), { ...fitOptions(EPOCHS, new Random(1, 'regression')), hidden: [] })
  const honest = examples.filter(({ learner }) => !cheats(learner))
  const baselines = [
    { name: 'logistic regression', scores: logits(regression, seen) },
    { name: 'robust z-score sum', scores: zScores(seen) },
    { name: 'isolation forest', scores: new IsolationForest(matrixOf(honest, scaler), new Random(1, 'forest')).scores(seen) },
  ].map(({ name, scores }) => {
    const by = judged(scores)
    return { name, ...atAlarms(by), roc: rocPoints(parted(by)) }
  })
  regression.dispose()
  const sums = tailSums(tails, seen)
  const leftOut = kindsIn(held).map((archetype) => {
    const without = fit(lessonOf(examples.filter(({ learner }) => learner.label.archetype !== archetype), scaler), fitOptions(EPOCHS, new Random(1, `without ${archetype}`)))
    const scores = logits(without, seen)
    without.dispose()
    const { auc: area, at1: recall, at01: rare } = atAlarms(judged(sums.map((t, i) => t + (scores[i] as number))), archetype)
    say(`without ${archetype}: ${recall.toFixed(3)}`)
    return { archetype, auc: area, recall, rare }
  })
  return { baselines, leftOut }
}

/** Scores that are there already, in the order of the rows. */
function given(scores: ArrayLike<number>): ScoreRows {
  let from = 0
  return (_, count) => Float64Array.from({ length: count }, () => scores[from++] as number)
}

function sittingsOf({ heldOut, week }: Worlds, score: ScoreRows): Measured['sittings'] {
  const one = judge([...heldOut, ...week], score, ({ learner: { world }, row }) => world.sitting[row] === 0)
  const sat = (l: Learner) => (l.world.sitting[l.rows.at(-1) as number] as number) >= FIVE - 1
  const five = judge(week, score, ({ learner, row }) => sat(learner) && (learner.world.sitting[row] as number) < FIVE)
  return TALKED_ABOUT.map((archetype) => ({ archetype, one: recallOf(one, 0.01, archetype), five: recallOf(five, 0.01, archetype) }))
}

function slipsOf({ heldOut }: Worlds, score: ScoreRows, calibration: Calibration, threshold: number): Measured['slips'] {
  const honest = probabilities(calibration, Float64Array.from(parted(judge(allWithSlips(heldOut, 'judging'), score)).honest))
  return { honest: honest.length, falseAlarms: honest.filter((p) => p >= threshold).length / honest.length }
}

/** Kinds that no document lists, at the thresholds of the listed ones. */
function unlistedOf({ unlisted }: Worlds, score: ScoreRows, held: Judged): Measured['unlisted'] {
  const judged = judge(unlisted, score)
  const [t1, t01] = [0.01, 0.001].map((share) => thresholdAt(parted(held).honest, share)) as [number, number]
  return kindsIn(judged).map((kind) => ({ kind, at1: reach(judged, t1, (l) => l.label.archetype === kind), at01: reach(judged, t01, (l) => l.label.archetype === kind) }))
}

function reasonsOf({ examples, scores, best }: Judged, scorer: LayersScorer, threshold: number, kinds: readonly string[]): Measured['reasons'] {
  const told = new Map<Learner, boolean>()
  examples.forEach(({ learner, row }, i) => {
    const kind = learner.label.archetype ?? ''
    const { world } = learner
    if (told.has(learner) || !kinds.includes(kind) || (scores[i] as number) < threshold || scores[i] !== best.get(learner)) return
    const reasons = scorer.reasons(Float64Array.from(world.values.subarray(row * world.width, (row + 1) * world.width)))
    told.set(learner, reasons.some((r) => CAUSES[kind]?.includes(r.feature)))
  })
  return kinds.map((archetype) => {
    const own = [...told].filter(([l]) => l.label.archetype === archetype)
    return { archetype, warned: own.length, share: own.filter(([, right]) => right).length / own.length }
  })
}
