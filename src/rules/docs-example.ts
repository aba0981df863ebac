import { canonicalJson } from '../base/hash.ts'
import type { AnyDetector } from '../engine/detector.ts'
import type { Scorer } from '../engine/ports.ts'
import { loadRules, type Bundle, type TestedRule } from './load.ts'
import type { TestInput } from './schema.ts'
import { failureOf, ruleInTest, runTest } from './test-run.ts'

/** A test of a rule that shows what its detector does. */
export interface Example {
  tested: TestedRule
  test: TestInput
}

/**
 * The tests that show a detector: the shortest that warns and the shortest that does not, of the rules of the bundle that use it, else of the
 * rule that the detector brings. So the examples of the reference are tests that run.
 */
export function examplesOf(detector: AnyDetector, { tested }: Pick<Bundle, 'tested'>): Example[] {
  const own = tested.filter((t) => t.rule.detector.name === detector.name)
  const from = own.length > 0 || detector.example === undefined ? own : exampleBundle(detector, detector.example).tested
  const all = from.flatMap((t) => t.tests.map((test) => ({ tested: t, test })))
  const shortest = (examples: Example[]) => examples.sort((a, b) => a.test.given.length - b.test.given.length).slice(0, 1)
  return [...shortest(all.filter((e) => e.test.expect.length > 0)), ...shortest(all.filter((e) => e.test.expect.length === 0))]
}

/** The rule that a detector brings as its example. */
export function exampleBundle(detector: AnyDetector, text: string): Bundle {
  return loadRules([{ dir: detector.name, files: [{ path: `${detector.name}/example.yaml`, text }] }], { detectors: [detector] })
}

/** An example in Markdown, with what it gives: it is run for that. */
export function exampleSection({ tested, test }: Example, models: ReadonlyMap<string, Scorer> | undefined): string {
  const run = runTest(ruleInTest(tested, test), test, models)
  const gives = run.warnings.map((w) => `- ${w.summary.en} (${w.severity})\n- ${w.summary.zh}\n- facts: \`${canonicalJson(w.facts)}\``)
  const failure = failureOf(test, run)
  return [
    `The rule \`${tested.rule.id}\` ${test.it}:`,
    ['```', ...setting(tested, test), ...test.given.trimEnd().split('\n'), '```'].join('\n'),
    failure !== undefined ? `**This test fails:** ${failure}` : gives.length === 0 ? 'No warning.' : gives.join('\n'),
  ].join('\n\n')
}

/** What the events alone do not tell. */
function setting({ input }: TestedRule, { catalogue, places }: TestInput): string[] {
  const known = Object.entries(catalogue).filter(([, v]) => Object.keys(v).length > 0)
  return [
    ...(Object.keys(input.params).length > 0 ? [`# params: ${canonicalJson(input.params)}`] : []),
    ...(known.length > 0 ? [`# catalogue: ${canonicalJson(Object.fromEntries(known))}`] : []),
    ...(Object.keys(places).length > 0 ? [`# places: ${canonicalJson(places)}`] : []),
  ]
}
