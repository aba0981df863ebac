import { adversaries } from '../simulate/adversaries/index.ts'
import type { SimulateOptions } from '../simulate/index.ts'
import { unlisted } from '../simulate/unlisted/index.ts'

/** A simulated world as data, so that it can be sent to another thread. */
export interface WorldSpec {
  seed: number
  learners: number
  days: number
  /** Share of the learners who cheat. */
  cheaters: number
  spread: readonly [number, number]
  jitter?: number
  /** Names of the kinds of cheating; all that are listed by default. */
  kinds?: readonly string[]
}

/** Kinds of which one learner's own behaviour tells nothing: what they do together is for the resource stage's detectors. */
export const TOGETHER: readonly string[] = ['group', 'teacher']

const KINDS = [...adversaries, ...unlisted]

export function optionsOf({ kinds, ...world }: WorldSpec): SimulateOptions {
  return { ...world, variety: true, ...(kinds ? { adversaries: KINDS.filter((a) => kinds.includes(a.name)) } : {}) }
}

const worlds = (count: number, from: number, world: Omit<WorldSpec, 'seed'>): WorldSpec[] => Array.from({ length: count }, (_, i) => ({ ...world, seed: from + i }))

/** How far parameters stray from the documented values where a model is trained, and where it is judged: no value of the one is one of the other. */
export const TRAINED_SPREAD: readonly [number, number] = [0, 0.3]
export const HELD_OUT_SPREAD: readonly [number, number] = [0.3, 0.5]

/** What a model learns from. Few cheat in life; here so many that each kind is met, and the rows are weighed. */
export const trainingWorlds = (count: number): WorldSpec[] => worlds(count, 10_000, { learners: 400, days: 2, cheaters: 0.4, spread: TRAINED_SPREAD })
/** What its curve and threshold are set by. */
export const calibrationWorlds = (count: number): WorldSpec[] => worlds(count, 20_000, { learners: 500, days: 2, cheaters: 0.2, spread: TRAINED_SPREAD })
/** What it is judged on, and nothing was chosen by: other seeds, other courses and platforms, and parameters outside the range that it was trained on. */
export const heldOutWorlds = (count: number): WorldSpec[] => worlds(count, 70_000, { learners: 500, days: 2, cheaters: 0.2, spread: HELD_OUT_SPREAD })
/** The same for a week, for what several sittings tell. */
export const weekWorlds = (count: number): WorldSpec[] => worlds(count, 40_000, { learners: 200, days: 5, cheaters: 0.3, spread: HELD_OUT_SPREAD })
/** Kinds of cheating that nothing was trained on and no document lists. */
export const unlistedWorlds = (count: number): WorldSpec[] => worlds(count, 50_000, { learners: 200, days: 3, cheaters: 0.5, spread: HELD_OUT_SPREAD, kinds: unlisted.map((a) => a.name) })
/** Programs whose every interval is jittered by so much; nobody else. */
export const jitterWorlds = (jitter: number, count: number): WorldSpec[] => (
  worlds(count, 60_000, { learners: 150, days: 1, cheaters: 1, spread: TRAINED_SPREAD, jitter, kinds: adversaries.map((a) => a.name).filter((n) => !TOGETHER.includes(n)) })
)
