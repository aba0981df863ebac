import type { z } from 'zod'
import { SECOND, formatDuration } from '../../base/time.ts'
import type { Rule } from '../../engine/rule.ts'
import { paramFacts, type ParamFacts } from '../lint/params.ts'
import type { TestInput } from '../schema.ts'
import { failureOf, runTest } from '../test-run.ts'

/** A parameter with which the test would pass, as near to the present value as could be found. */
export interface NearMiss {
  param: string
  is: string
  /** It would pass with this value; between it and the present one somewhere is the limit. */
  would: string
}

const FACTORS = [0.5, 0.1, 0.01, 2, 10, 100]
const HALVINGS = 8
/** Tests of more events are not run again and again. */
const MOST_EVENTS = 2000
const MOST_TOLD = 3

/** Looks for each number among the parameters whether another one would make the test pass. */
export function nearMisses(rule: Rule, test: TestInput, events: number): NearMiss[] {
  // A model takes too long to be asked hundreds of times.
  if (events > MOST_EVENTS || (rule.detector.stage === 'learner' && rule.detector.model !== undefined)) return []
  const found: (NearMiss & { far: number })[] = []
  for (const [param, facts] of paramFacts(rule.detector.params as z.ZodObject)) {
    const now = rule.params[param]
    if (typeof now !== 'number' || now <= 0) continue
    const search = new Search(rule, test, param, facts)
    const best = FACTORS.map((f) => search.nearest(now, now * f)).filter((v) => v !== undefined).sort((a, b) => far(a, now) - far(b, now))[0]
    if (best !== undefined) found.push({ param, is: search.show(now), would: search.show(best), far: far(best, now) })
  }
  return found.sort((a, b) => a.far - b.far).slice(0, MOST_TOLD).map(({ param, is, would }) => ({ param, is, would }))
}

function far(value: number, now: number): number {
  return Math.abs(Math.log(value / now))
}

class Search {
  private readonly rule: Rule
  private readonly test: TestInput
  private readonly param: string
  private readonly facts: ParamFacts
  private readonly tried = new Map<number, boolean>()

  constructor(rule: Rule, test: TestInput, param: string, facts: ParamFacts) {
    this.rule = rule
    this.test = test
    this.param = param
    this.facts = facts
  }

  /** The value nearest to `now` that passes, on the way from there to `end`, if `end` passes. */
  nearest(now: number, end: number): number | undefined {
    let good = this.round(end)
    if (good === now || !this.passes(good)) return undefined
    let bad = now
    for (let i = 0; i < HALVINGS; i++) {
      const middle = this.round(Math.sqrt(good * bad))
      if (middle === good || middle === bad) break
      if (this.passes(middle)) good = middle
      else bad = middle
    }
    return good
  }

  show(value: number): string {
    return this.facts.isDuration ? formatDuration(value) : String(value)
  }

  private round(value: number): number {
    if (this.facts.isDuration) return value >= 10 * SECOND ? Math.round(value / SECOND) * SECOND : Math.round(value)
    return this.facts.isWhole ? Math.round(value) : Number(value.toPrecision(3))
  }

  private passes(value: number): boolean {
    let is = this.tried.get(value)
    if (is === undefined) this.tried.set(value, (is = this.try(value)))
    return is
  }

  private try(value: number): boolean {
    const schema = (this.rule.detector.params as z.ZodObject).shape[this.param] as z.ZodType
    const parsed = schema.safeParse(this.facts.isDuration ? formatDuration(value) : value)
    if (!parsed.success) return false
    const rule = { ...this.rule, params: { ...this.rule.params, [this.param]: parsed.data } }
    return failureOf(this.test, runTest(rule, this.test, undefined)) === undefined
  }
}
