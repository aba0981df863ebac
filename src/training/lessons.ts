import { standardise, type Scaler } from '../models/runtime/scales.ts'
import type { Random } from '../simulate/random.ts'
import type { Labelled } from '../simulate/truth.ts'
import type { Matrix } from './baselines.ts'
import type { Lesson } from './fit.ts'
import type { Rows } from './rows.ts'

/** A learner that was judged at least once: which rows of its world are its own, in the order of time. */
export interface Learner {
  label: Labelled
  world: Rows
  rows: number[]
}

export function learnersOf(worlds: readonly Rows[]): Learner[] {
  return worlds.flatMap((world) => {
    const all = world.people.map((label): Learner => ({ label, world, rows: [] }))
    world.person.forEach((p, row) => all[p]?.rows.push(row))
    return all.filter((l) => l.rows.length > 0)
  })
}

export const cheats = ({ label }: Learner): boolean => label.kind === 'cheater'

/** One row of one learner. */
export interface Example {
  learner: Learner
  row: number
}

/** Every row of everybody. */
export function everyRow(learners: readonly Learner[]): Example[] {
  return learners.flatMap((learner) => learner.rows.map((row) => ({ learner, row })))
}

/** At most so many rows of each, spread over its time. */
export function someRows(learners: readonly Learner[], most: number, random: Random): Example[] {
  return learners.flatMap((learner) => {
    const { rows } = learner
    const count = Math.min(most, rows.length)
    return Array.from({ length: count }, (_, i) => ({ learner, row: rows[Math.floor(((i + random.uniform()) * rows.length) / count)] as number }))
  })
}

/** Rows as the network sees them. */
export function matrixOf(examples: readonly Example[], scaler: Scaler): Matrix {
  const width = scaler.features.length
  const values = new Float32Array(examples.length * width)
  examples.forEach(({ learner: { world }, row }, i) => standardise(scaler, world.values, row * width, values, i * width))
  return { values, rows: examples.length, width }
}

/** Who looks honest may be a program of a kind that nobody has shown. A network that is not certain of it leaves the tails something to say. */
const UNKNOWN = 0.1

/** Honest learners of these slices count so much more: they look most like a program, and few of them are simulated. */
const HARD: Readonly<Record<string, number>> = { passive: 3 }

/** What is to be learnt: each learner counts the same, however long it was watched. */
export function lessonOf(examples: readonly Example[], scaler: Scaler): Lesson {
  const counts = new Map<Learner, number>()
  for (const { learner } of examples) counts.set(learner, (counts.get(learner) ?? 0) + 1)
  const mean = counts.size / examples.length
  return {
    matrix: matrixOf(examples, scaler),
    labels: Float32Array.from(examples, ({ learner }) => (cheats(learner) ? 1 : UNKNOWN)),
    weights: Float32Array.from(examples, ({ learner }) => (HARD[learner.label.slice ?? ''] ?? 1) / (counts.get(learner) as number) / mean),
  }
}

/** The highest score that each learner ever had: who is warned of is who once passes the threshold. */
export function highest(examples: readonly Example[], scores: ArrayLike<number>): Map<Learner, number> {
  const found = new Map<Learner, number>()
  examples.forEach(({ learner }, i) => {
    const score = scores[i] as number
    if (score > (found.get(learner) ?? -Infinity)) found.set(learner, score)
  })
  return found
}
