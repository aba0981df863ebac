import type { Ms } from '../base/time.ts'

const FINEST: Ms = 100
const MOST = 4096

/**
 * How far a line would come, by when its records arrived: what arrived in one step of time together. A long backlog makes the steps coarser, and
 * a line that is taken later, never sooner.
 */
export class Steps {
  private width = FINEST
  private readonly steps = new Map<number, Ms>()
  private last = Number.NaN
  private lastReach: Ms = -Infinity

  /** What `whole` gave of others. */
  static of(whole: { arrival: Ms; reach: Ms } | undefined): Steps {
    const steps = new Steps()
    if (whole) steps.add(whole.arrival, whole.reach)
    return steps
  }

  /** A record that arrived then would carry the line so far. */
  add(arrival: Ms, reach: Ms): void {
    const step = Math.floor(arrival / this.width)
    if (step === this.last && reach <= this.lastReach) return
    const before = this.steps.get(step)
    this.last = step
    this.lastReach = before === undefined || reach > before ? reach : before
    this.steps.set(step, this.lastReach)
    if (this.steps.size > MOST) this.coarsen()
  }

  /** Whether something arrived before then. */
  has(before: Ms): boolean {
    for (const step of this.steps.keys()) if ((step + 1) * this.width <= before) return true
    return false
  }

  /** Takes out what arrived before then; returns how far it carries the line, or -Infinity. */
  take(before: Ms): Ms {
    let reach = -Infinity
    for (const [step, r] of this.steps) {
      if ((step + 1) * this.width > before) continue
      if (r > reach) reach = r
      this.steps.delete(step)
    }
    this.last = Number.NaN
    if (this.steps.size === 0) this.width = FINEST
    return reach
  }

  /** All that is left as one step, for who goes on elsewhere: not one of them is taken before the last would be. */
  get whole(): { arrival: Ms; reach: Ms } | undefined {
    if (this.steps.size === 0) return undefined
    return { arrival: (Math.max(...this.steps.keys()) + 1) * this.width - 1, reach: Math.max(...this.steps.values()) }
  }

  private coarsen(): void {
    const all = [...this.steps]
    const before = this.width
    this.width *= 2
    this.steps.clear()
    for (const [step, reach] of all) this.add(step * before, reach)
  }
}
