import { compareText } from '../base/order.ts'

/** A condition that could not be evaluated, how often, and what went wrong the first time. */
export interface Fault {
  rule: string
  /** The condition's place in the rule, as `scope` or `params.where`. */
  part: string
  message: string
  count: number
}

/** Counts the conditions that failed: each counts as not met, and none goes unseen. */
export class Faults {
  /** Is told of each. */
  told: ((fault: Readonly<Fault>) => void) | undefined
  private readonly byPart = new Map<string, Fault>()

  add(rule: string, part: Fault['part'], message: string): void {
    const key = `${rule}/${part}`
    let fault = this.byPart.get(key)
    if (fault === undefined) this.byPart.set(key, (fault = { rule, part, message, count: 0 }))
    fault.count++
    this.told?.(fault)
  }

  /** In order of rule and part. */
  list(): Fault[] {
    return [...this.byPart].sort(([a], [b]) => compareText(a, b)).map(([, fault]) => fault)
  }
}
