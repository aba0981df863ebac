import { ACTIONS, type Action } from '../telemetry/event.ts'
import type { AnyLearnerDetector } from './detector.ts'
import { readsOf, type Rule } from './rule.ts'

/** One rule as the hot path calls it. A class that has its function at hand, so that all have one shape, however their detectors were written. */
export class Call {
  readonly slot: number
  readonly params: unknown
  readonly scope: Rule['scope']
  readonly onEvent: AnyLearnerDetector['onEvent']
  readonly actions: readonly Action[]

  constructor(rule: Rule, slot: number) {
    this.slot = slot
    this.params = rule.params
    this.scope = rule.scope
    this.onEvent = (rule.detector as AnyLearnerDetector).onEvent
    this.actions = readsOf(rule).actions
  }
}

/** What an action leads to: the rules that see it. */
export interface Plan {
  /** The action's place in ACTIONS. */
  index: number
  calls: readonly Call[]
}

/** What every action leads to, for learner rules in the order of their slots. */
export function planOf(rules: readonly Rule[]): ReadonlyMap<Action, Plan> {
  const calls = rules.map((rule, slot) => new Call(rule, slot))
  return new Map(ACTIONS.map((action, index) => [action, { index, calls: calls.filter((c) => c.actions.includes(action)) }]))
}
