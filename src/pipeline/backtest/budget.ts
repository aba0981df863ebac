import { InvigilError } from '../../base/errors.ts'
import type { Comparison } from './compare.ts'
import type { Rates } from './labels.ts'
import { percent } from './suggest.ts'

const NAMES = ['added', 'removed', 'changed', 'learners', 'precision', 'recall'] as const
type Name = (typeof NAMES)[number]

const COMPARISONS = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
  '==': (a: number, b: number) => a === b,
} as const

/** What a change must keep to. */
export interface Budget {
  /** As it was written. */
  text: string
  name: Name
  comparison: keyof typeof COMPARISONS
  limit: number
}

/** How a change stands to a budget. */
export interface Verdict {
  budget: string
  kept: boolean
  /** The measured value, or why there is none: what cannot be judged keeps to nothing. */
  is: string
}

/** Whether a budget can be judged only with labels. */
export function needsLabels({ name }: Budget): boolean {
  return name === 'precision' || name === 'recall'
}

/** Reads what `--budget` says, such as `added<50` or `precision>=95%`. Errors: `usage` with the mend. */
export function parseBudget(text: string): Budget {
  const [, name, comparison, number, sign] = /^\s*([a-z-]+)\s*(<=|>=|==|<|>)\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/i.exec(text) ?? []
  if (name === undefined) throw bad(text, 'is no limit; write it like `added<50` or `precision>=95%`')
  if (!isName(name)) throw bad(text, `limits \`${name}\`; there are ${NAMES.map((n) => `\`${n}\``).join(', ')}`)
  const budget = { text: text.trim(), name, comparison: comparison as Budget['comparison'], limit: Number(number) / (sign === '%' ? 100 : 1) }
  if (!needsLabels(budget) && sign === '%') throw bad(text, `limits a count; write it without \`%\``)
  if (needsLabels(budget) && budget.limit > 1) throw bad(text, 'limits a share; write it like `0.95` or `95%`')
  return budget
}

/**
 * How a change stands to each budget. `learners`: those newly warned of and those no longer warned of. `unjudged`: why nothing can be said at all, as of an empty
 * log: that nobody is warned of there is no proof.
 */
export function judge(budgets: readonly Budget[], { added, removed, changed, learners }: Comparison, rates: Rates | undefined, unjudged?: string): Verdict[] {
  if (unjudged !== undefined) return budgets.map(({ text }) => ({ budget: text, kept: false, is: `not evaluable: ${unjudged}` }))
  const counts = { added, removed, changed, learners: learners.newly + learners.noLonger }
  return budgets.map(({ text, name, comparison, limit }) => {
    const value = name === 'precision' || name === 'recall' ? rates?.[name].share : counts[name]
    if (value === undefined) return { budget: text, kept: false, is: 'not evaluable' }
    return { budget: text, kept: COMPARISONS[comparison](value, limit), is: name === 'precision' || name === 'recall' ? percent(value) : String(value) }
  })
}

function isName(name: string): name is Name {
  return (NAMES as readonly string[]).includes(name)
}

function bad(text: string, message: string): InvigilError {
  return new InvigilError('usage', `\`--budget ${text}\` ${message}`)
}
