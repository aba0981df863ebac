import type { CoverageRow, Summary } from '../summary.ts'
import type { Verdict } from './budget.ts'
import type { Change, Comparison } from './compare.ts'
import type { Rates } from './labels.ts'
import type { RuleChange } from './rule-changes.ts'
import type { Axis } from './sweep.ts'

/** How right a variant is: over all warnings, and by rule. */
export interface VariantRates {
  overall: Rates
  byRule: Record<string, Rates>
}

/** What a variant of a sweep does, counting the swept rules' warnings alone. */
export interface Figures {
  warnings: number
  learners: number
  /** Against the rules of today. */
  added: number
  removed: number
  changed: number
  rates?: Rates
}

export interface SweepPoint extends Figures {
  name: string
  /** By `rule.param`, as it is written in a rule. */
  values: Record<string, string>
}

export interface SweepReport {
  axes: Axis[]
  /** The swept rules. */
  rules: string[]
  /** What these rules do today. */
  today: Figures
  points: SweepPoint[]
  /** Where a value was sought between two of them: what the log gave when it was run again. */
  between?: SweepPoint[]
}

/** The value that is suggested for a wanted share of false alarms, or why there is none. */
export interface SuggestionReport {
  wanted: number
  /** Honest learners on platforms on which the rule can be judged. */
  honest: number
  why?: string
  value?: string
  /** `run`: the log was run again with this value; `swept`: it was among the values swept; `interpolated`: neither, since the log could be read once only. */
  measured?: 'run' | 'swept' | 'interpolated'
  /** Share of the honest who are warned of, with its 95 % interval. */
  falseAlarms?: number
  interval?: [number, number]
  recall?: number
  note?: string
  /** The overlay file. */
  overlay?: string
}

/** What `invigil backtest` found: `backtest.json`. */
export interface BacktestReport {
  format: 1
  log: Summary['log']
  before: { context: string; rules: number }
  /** Without a sweep. */
  after?: { context: string; rules: number }
  /** Rules that differ. */
  rules: RuleChange[]
  comparison?: Omit<Comparison, 'changes'> & { examples: Record<Change['kind'], Change[]> }
  labels?: { kind: 'truth' | 'reviews'; before: VariantRates; after?: VariantRates; /** Reviews of warnings that no variant gives. */ unknown?: number }
  sweep?: SweepReport
  suggestion?: SuggestionReport
  budgets?: Verdict[]
  /** Where the rules in question could not be judged, or not wholly. */
  coverage: CoverageRow[]
  /** Conditions of rules that could not be evaluated. */
  faults: readonly unknown[]
  problems: string[]
}
