import { canonicalJson } from '../base/hash.ts'
import { compareText } from '../base/order.ts'
import type { Problem, Where } from '../base/errors.ts'
import { Catalogue } from '../catalogue/index.ts'
import { Machine } from '../engine/machine.ts'
import type { Output } from '../engine/output.ts'
import type { Scorer } from '../engine/ports.ts'
import type { Rule } from '../engine/rule.ts'
import type { Warning } from '../warnings/warning.ts'
import { compileExempt } from './exempt.ts'
import { parseGiven } from './given.ts'
import type { Bundle, TestedRule } from './load.ts'
import type { TestInput } from './schema.ts'

/** What became of one test. */
export interface TestResult {
  rule: string
  it: string
  /** Where the rule, or the change that brought the test, is written. */
  where: Where
  /** Why it failed; undefined: it passed. */
  failure: string | undefined
}

/** Runs the tests of a bundle (of one rule, if `only` is given; `models`: those that its detectors ask) through the production engine, in order of rule and layer. */
export function runTests(bundle: Bundle, only?: string, models?: ReadonlyMap<string, Scorer>): TestResult[] {
  return bundle.tested
    .filter(({ rule }) => only === undefined || rule.id === only)
    .flatMap((tested) => tested.tests.map((test) => ({ rule: tested.rule.id, it: test.it, where: tested.where, failure: failureOf(tested, test, models) })))
}

/** A test that failed, as it is told among the problems. */
export function asProblem({ rule, it, where, failure }: TestResult): Problem {
  return { ...where, message: `\`${rule}\` it ${it}: ${(failure ?? '').split('\n', 1)[0]}` }
}

function failureOf({ rule, exempt }: TestedRule, test: TestInput, models: ReadonlyMap<string, Scorer> | undefined): string | undefined {
  const catalogue = new Catalogue(test.catalogue)
  // Days of exemptions are those of the test's own classes.
  const { warnings, refused } = runTest({ ...rule, mode: 'live', exempt: compileExempt(exempt, catalogue) }, catalogue, test, models)
  if (refused.length > 0) return `rejected, since over 5 minutes ahead of \`received\`: ${refused.join(', ')}`
  const different = compare(test.expect, warnings)
  return different && `${different}\nexpected:${list(test.expect)}\nactual:${list(warnings.map((w) => shown(w, test.expect)))}`
}

function runTest(rule: Rule, catalogue: Catalogue, test: TestInput, models: ReadonlyMap<string, Scorer> | undefined): { warnings: Warning[]; refused: string[] } {
  const latest = new Map<string, Warning>()
  const output = (o: Output) => {
    if (o.kind === 'warning' && o.value.rule === rule.id) latest.set(o.value.id, o.value)
  }
  const machine = new Machine({ rules: [rule], catalogue, models, context: 'test', output })
  const refused: string[] = []
  for (const step of parseGiven(test.given, test).steps) {
    if (step.kind === 'mark') machine.passTo(step.time)
    else if (machine.observe(step.event) === 'future') refused.push(`\`${step.event.id}\``)
  }
  machine.end()
  const warnings = [...latest.values()].filter((w) => w.episode !== 'withdrawn')
  return { warnings: warnings.sort((a, b) => compareText(a.begin, b.begin) || compareText(a.id, b.id)), refused }
}

function compare(expected: readonly unknown[], actual: readonly Warning[]): string | undefined {
  if (expected.length !== actual.length) return `${expected.length} warning${expected.length === 1 ? '' : 's'} expected, ${actual.length} raised`
  for (const [i, part] of expected.entries()) {
    const at = mismatch(part, actual[i], `warning ${i + 1}`)
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

/** Of a warning, what says which it is, and whatever the test speaks of. */
function shown(warning: Warning, expected: readonly Record<string, unknown>[]): Record<string, unknown> {
  const keys = new Set(['subject', 'begin', 'end', 'summary', 'facts', ...expected.flatMap((e) => Object.keys(e))])
  const all = warning as unknown as Record<string, unknown>
  return Object.fromEntries([...keys].filter((k) => all[k] !== undefined).map((k) => [k, all[k]]))
}

function list(items: readonly unknown[]): string {
  return items.length === 0 ? ' nothing' : items.map((item) => `\n  - ${canonicalJson(item)}`).join('')
}
