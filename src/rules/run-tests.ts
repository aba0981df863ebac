import type { Problem, Where } from '../base/errors.ts'
import { canonicalJson } from '../base/hash.ts'
import type { Scorer } from '../engine/ports.ts'
import type { Warning } from '../warnings/warning.ts'
import { explainTest, type Explanation } from './explain/index.ts'
import type { Bundle, TestedRule } from './load.ts'
import type { TestInput } from './schema.ts'
import { failureOf, ruleInTest, runTest } from './test-run.ts'

/** What became of one test. */
export interface TestResult {
  rule: string
  it: string
  /** Where it is written. */
  where: Where
  /** Why it failed; undefined: it passed. */
  failure: string | undefined
  /** What the rule saw and why it did what it did; runs the test again. */
  explain: () => Explanation
}

/** Runs the tests of a bundle (of one rule, if `only` is given; `models`: those that its detectors ask) through the production engine, in order of rule and layer. */
export function runTests(bundle: Bundle, only?: string, models?: ReadonlyMap<string, Scorer>): TestResult[] {
  return bundle.tested
    .filter(({ rule }) => only === undefined || rule.id === only)
    .flatMap((tested) =>
      tested.tests.map((test, i) => ({
        rule: tested.rule.id, it: test.it, where: tested.places[i] ?? tested.where, failure: failureText(tested, test, models), explain: () => explainTest(tested, test, models),
      })),
    )
}

/** A test that failed, as it is told among the problems. */
export function asProblem({ rule, it, where, failure }: TestResult): Problem {
  return { ...where, message: `\`${rule}\` it ${it}: ${(failure ?? '').split('\n', 1)[0]}` }
}

function failureText(tested: TestedRule, test: TestInput, models: ReadonlyMap<string, Scorer> | undefined): string | undefined {
  const run = runTest(ruleInTest(tested, test), test, models)
  const failure = failureOf(test, run)
  if (failure === undefined || failure.startsWith('rejected')) return failure
  return `${failure}\nexpected:${list(test.expect)}\nactual:${list(run.warnings.map((w) => shown(w, test.expect)))}`
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

/** The tests that a rule lacks to show what it does: one that warns, and one that must not. */
export interface Lack {
  rule: string
  where: Where
  lacks: ('a test that warns' | 'a test that must not warn')[]
}

/** The rules of a bundle that lack a test, in order of id. A test of any layer counts. */
export function lackingTests({ rules, tested }: Bundle): Lack[] {
  return rules.flatMap(({ id }) => {
    const own = tested.filter((t) => t.rule.id === id)
    const tests = own.flatMap((t) => t.tests)
    const lacks: Lack['lacks'] = []
    if (!tests.some((t) => t.expect.length > 0)) lacks.push('a test that warns')
    if (!tests.some((t) => t.expect.length === 0)) lacks.push('a test that must not warn')
    return lacks.length === 0 ? [] : [{ rule: id, where: own[0]?.where ?? {}, lacks }]
  })
}
