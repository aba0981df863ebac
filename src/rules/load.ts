import { InvigilError, formatProblem, type Problem, type Where } from '../base/errors.ts'
import { contentHash } from '../base/hash.ts'
import { compareText } from '../base/order.ts'
import { Catalogue } from '../catalogue/index.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import type { AnyDetector } from '../engine/detector.ts'
import type { Rule } from '../engine/rule.ts'
import { compileRule, readTests, type CompileOptions } from './compile.ts'
import { readDefinitions } from './definitions.ts'
import { Faults } from './faults.ts'
import { readLayers, type Layer } from './layers.ts'
import type { Names } from './names.ts'
import { loadRegulations, type Regulations } from './regulations.ts'
import type { Exempt, RuleInput, TestInput } from './schema.ts'
import { overlay, partOf, whereAt, whereOf, type Tree } from '../base/tree.ts'

/** The texts of one rules directory, in any order. Those whose path lies in `regulations/` are regulations. */
export interface RuleSource {
  dir: string
  files: readonly { path: string; text: string }[]
}

/** The tests that one file brings for a rule, and the rule as it is up to that file's directory. */
export interface TestedRule {
  rule: Rule
  /** The lists and shared conditions that it may use there. */
  names: Names
  /** As it is written up to there. */
  input: RuleInput
  /** Where the rule, or the change to it, is written. */
  where: Where
  tests: readonly TestInput[]
  /** Where each of them is written. */
  places: readonly Where[]
  /** Its exemptions, whose days depend on the catalogue. */
  exempt: readonly Exempt[]
  /** A change of `params` that brings no test of its own. */
  untested: boolean
}

/** A rule as it is written, for the reference. */
export interface DescribedRule {
  input: RuleInput
  rule: Rule
}

/** Everything that rules files say, checked and compiled. */
export interface Bundle {
  /** In order of id: those that run, live and in the shadow. */
  rules: readonly Rule[]
  /** Those that are off, too. */
  described: readonly DescribedRule[]
  tested: readonly TestedRule[]
  regulations: Regulations
  /** Lists and shared conditions in effect. */
  names: Names
  /** What it was made from, to be stored under `hash` and loaded again. */
  texts: readonly RuleSource[]
  /** Of the live rules. Comments, tests and explanations do not change it. */
  hash: string
  /** Of those in the shadow; undefined where there are none. */
  shadow: string | undefined
  /** Conditions that could not be evaluated while the rules ran. */
  faults: Faults
}

export interface LoadOptions {
  detectors: readonly AnyDetector[]
  /** For the time zones of exemptions. */
  catalogue?: Catalogue
  /** Names of the models at hand; without any, no rule may need one. */
  models?: readonly string[]
}

/** Loads the rules of several directories, later ones over earlier ones. Throws `bad-rules` with every problem there is. */
export function loadRules(sources: readonly RuleSource[], { detectors, catalogue, models = [] }: LoadOptions): Bundle {
  const texts = sources.map(({ dir, files }) => ({ dir, files: [...files].sort((a, b) => compareText(a.path, b.path)) }))
  const problems: Problem[] = []
  const regulations = loadRegulations(texts.map(({ files }) => files.filter(isRegulation)), problems)
  const { rules: layers, definitions } = readLayers(texts.map(({ files }) => files.filter((f) => !isRegulation(f))), problems)
  const names = readDefinitions(definitions, problems)
  const faults = new Faults()
  const options: CompileOptions = {
    detectors, regulations, models, catalogue: catalogue ?? new Catalogue(catalogueSchema.parse({})), onFault: (rule, part, message) => faults.add(rule, part, message),
  }
  const described: DescribedRule[] = []
  const tested: TestedRule[] = []
  for (const [, stack] of [...layers].sort(([a], [b]) => compareText(a, b))) {
    const last = compileStack(stack, names, options, tested, problems)
    if (last) described.push(last)
  }
  if (problems.length === 0 && described.length === 0) {
    problems.push({ message: `no rule in ${sources.map((s) => `\`${s.dir}\``).join(', ') || 'no directory'}` })
  }
  if (problems.length > 0) throw badRules(problems)
  const rules = described.flatMap(({ input, rule }) => (input.mode === 'off' ? [] : [rule]))
  const shadows = rules.filter((r) => r.mode === 'shadow')
  return {
    rules, described, tested, regulations, names: names.at(-1) as Names, texts, faults,
    hash: hashOf(rules.filter((r) => r.mode === 'live')), shadow: shadows.length === 0 ? undefined : hashOf(shadows),
  }
}

function hashOf(rules: readonly Rule[]): string {
  return contentHash(rules.map((r) => [r.id, r.version]))
}

export function isRegulation({ path }: { path: string }): boolean {
  return /(^|\/)regulations\/[^/]+$/.test(path)
}

/** Compiles a rule as shipped, then with each overlay; the last, with the last lists and conditions, is the effective one. */
function compileStack(stack: readonly Layer[], names: readonly Names[], options: CompileOptions, tested: TestedRule[], problems: Problem[]): DescribedRule | undefined {
  let under: Tree | undefined
  let last: DescribedRule | undefined
  for (const layer of stack) {
    under = overlay(under, layer.tree, layer.append)
    const here = names[layer.directory] as Names
    last = compileRule(under, here, options, problems)
    const tests = readTests(layer.tree, problems)
    const untested = layer !== stack[0] && tests.length === 0 && partOf(layer.tree, ['params']) !== undefined
    if (last) tested.push({ rule: last.rule, names: here, input: last.input, where: whereOf(layer.tree), tests, places: tests.map((_, i) => whereAt(layer.tree, ['tests', i])), exempt: last.input.exempt, untested })
  }
  const latest = names.at(-1) as Names
  return under === undefined || latest === names[stack.at(-1)?.directory ?? 0] ? last : compileRule(under, latest, options, problems)
}

function badRules(found: readonly Problem[]): InvigilError {
  // The same mistake is met again under each overlay.
  const byText = new Map(found.map((p) => [formatProblem(p), p]))
  const problems = [...byText.values()].sort(
    (a, b) => compareText(a.file ?? '', b.file ?? '') || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  )
  return new InvigilError('bad-rules', `${problems.length} problem${problems.length === 1 ? '' : 's'} in the rules`, { problems })
}
