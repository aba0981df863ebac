import type { Bin } from './bins.ts'

/** What a trained model was measured to do, on simulated learners that it was not trained on: all that its card tells. Shares are 0 to 1. */
export interface Evaluation {
  model: Model
  data: Part[]
  calibration: { method: string; error: number; bins: Bin[] }
  thresholds: Threshold[]
  /** Each target and what was measured, in the order of the table. */
  rows: Row[]
  baselines: Judge[]
  leftOut: Recalls[]
  archetypes: Recalls[]
  slices: Slice[]
  jitter: { archetype: string; jitter: number; recall: number }[]
  reasons: Cause[]
  groups: Group[]
  /** What is known to be weak, a sentence each. */
  limits: string[]
  /** Commands, in order. */
  repeat: string[]
}

export interface Model {
  name: string
  /** Begins the hash of the model's files. */
  hash: string
  /** What kind of network, a sentence. */
  network: string
  parameters: number
  features: number
  /** How it was fitted, a sentence each. */
  training: string[]
}

/** One part of the data, simulated apart from the others. */
export interface Part {
  /** What it serves: training, calibration, thresholds, test. */
  name: string
  seeds: number[]
  honest: number
  cheating: number
  /** Judgements: rows of features. */
  rows: number
  /** How far constants stray to either side, as shares of their value. */
  spread: readonly [number, number]
}

export interface Threshold {
  falseAlarms: number
  probability: number
}

/** At least or at most so much. */
export type Target = { least: number } | { most: number }

/** One row of the table of results. Made by `measuredRow`, so that `met` is what the numbers say. */
export interface Row {
  test: string
  target: Target
  /** Undefined: not measured, and so not met. */
  measured: number | undefined
  met: boolean
  /** Stands in the first table: archetypes left out of training, and what is measured at 0.1 % false alarms. */
  headline: boolean
  /** What simpler judges reach, by the name of the judge. */
  beside: Readonly<Record<string, number>>
  /** How many learners or warnings it rests on. */
  of?: number
  note?: string
}

/** A judge on the known archetypes. */
export interface Judge extends Alarms {
  name: string
  about: string
  auc: number
}

interface Alarms {
  /** Recall at 1 % false alarms. */
  recall1: number
  /** Recall at 0.1 %. */
  recall01: number
}

/** One kind of cheater. */
export interface Recalls extends Alarms {
  archetype: string
  learners: number
  auc: number
}

/** One kind of honest learner: its false alarms, and that over the rate of all. */
export interface Slice {
  slice: string
  learners: number
  falseAlarms: number
  ratio: number
}

/** How often the true cause of a warning is among its first three reasons. */
export interface Cause {
  archetype: string
  warnings: number
  named: number
}

/** Learners who study together, found by the detectors of shared resources. */
export interface Group {
  kind: string
  groups: number
  /** Of pairs said to study together. */
  precision: number
  recall: number
}

export const reaches = (target: Target, measured: number): boolean => ('least' in target ? measured >= target.least : measured <= target.most)

/** A row whose target is met or missed by what was measured. */
export function measuredRow(test: string, target: Target, measured: number | undefined, more: Partial<Pick<Row, 'headline' | 'beside' | 'of' | 'note'>> = {}): Row {
  return { test, target, measured, met: measured !== undefined && reaches(target, measured), headline: false, beside: {}, ...more }
}
