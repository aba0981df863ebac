import { canonicalJson } from '../base/hash.ts'
import { compareText } from '../base/order.ts'
import { Catalogue } from '../catalogue/index.ts'
import { Machine } from '../engine/machine.ts'
import type { Output } from '../engine/output.ts'
import type { Scorer } from '../engine/ports.ts'
import type { Rule } from '../engine/rule.ts'
import type { Event } from '../telemetry/event.ts'
import type { Warning } from '../warnings/warning.ts'
import { compileExempt } from './exempt.ts'
import { parseGiven } from './given.ts'
import type { TestedRule } from './load.ts'
import type { TestInput } from './schema.ts'

/** What the engine did with an event as it came. */
export type Fate = ReturnType<Machine['observe']>

export interface TestRun {
  /** The latest revision of each that stands, in the order of begin and id. */
  warnings: Warning[]
  /** Each event with its fate, in the order of the lines. */
  events: readonly { event: Event; fate: Fate }[]
  machine: Machine
}

/** The rule as a test runs it, whatever its mode: days of exemptions are those of the test's own classes. */
export function ruleInTest({ rule, exempt }: TestedRule, test: TestInput): Rule {
  return { ...rule, mode: 'live', exempt: compileExempt(exempt, new Catalogue(test.catalogue)) }
}

/** Runs a test of a rule through the production engine. `models`: those that its detector asks. */
export function runTest(rule: Rule, test: TestInput, models: ReadonlyMap<string, Scorer> | undefined): TestRun {
  const latest = new Map<string, Warning>()
  const output = (o: Output) => {
    if (o.kind === 'warning' && o.value.rule === rule.id) latest.set(o.value.id, o.value)
  }
  const machine = new Machine({ rules: [rule], catalogue: new Catalogue(test.catalogue), models, context: 'test', output })
  const events: { event: Event; fate: Fate }[] = []
  for (const step of parseGiven(test.given, test).steps) {
    if (step.kind === 'mark') machine.passTo(step.time)
    else events.push({ event: step.event, fate: machine.observe(step.event) })
  }
  machine.end()
  const warnings = [...latest.values()].filter((w) => w.episode !== 'withdrawn')
  return { warnings: warnings.sort((a, b) => compareText(a.begin, b.begin) || compareText(a.id, b.id)), events, machine }
}

/** Why a run is not what its test expects; undefined where it is. */
export function failureOf({ expect }: TestInput, { warnings, events }: TestRun): string | undefined {
  const refused = events.filter((e) => e.fate === 'future').map((e) => `\`${e.event.id}\``)
  if (refused.length > 0) return `rejected, since over 5 minutes ahead of \`received\`: ${refused.join(', ')}`
  if (expect.length !== warnings.length) return `${expect.length} warning${expect.length === 1 ? '' : 's'} expected, ${warnings.length} raised`
  for (const [i, part] of expect.entries()) {
    const at = mismatch(part, warnings[i], `warning ${i + 1}`)
    if (at !== undefined) return at
  }
  return undefined
}

/** The first place where `actual` lacks what `part` asks for. Maps may have more keys than asked for; lists have equal lengths. */
export function mismatch(part: unknown, actual: unknown, path: string): string | undefined {
  if (Array.isArray(part) && Array.isArray(actual) && part.length === actual.length) {
    return part.map((p, i) => mismatch(p, actual[i], `${path}[${i}]`)).find((m) => m !== undefined)
  }
  if (isMap(part) && isMap(actual)) {
    return Object.entries(part).map(([k, p]) => mismatch(p, actual[k], `${path}.${k}`)).find((m) => m !== undefined)
  }
  // Null asks for absence.
  if (Object.is(part, actual) || (part === null && actual === undefined)) return undefined
  return `${path} is ${actual === undefined ? 'absent' : canonicalJson(actual)}, not ${canonicalJson(part)}`
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
