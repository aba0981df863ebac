import { z } from 'zod'
import type { Problem } from '../base/errors.ts'
import { contentHash } from '../base/hash.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { AnyDetector } from '../engine/detector.ts'
import type { Rule } from '../engine/rule.ts'
import { compileScope, compileUnless, type Condition, type OnFault, type Uses } from './condition.ts'
import { compileExempt } from './exempt.ts'
import { fitRule, partName, type FitOptions, type Fitted } from './fit.ts'
import { parseGiven } from './given.ts'
import { didYouMean, schemaProblems } from '../base/problems.ts'
import type { Names } from './names.ts'
import { findArticle, type Regulations } from './regulations.ts'
import { ruleSchema, testSchema, type RuleInput, type TestInput } from './schema.ts'
import { partOf, valueOf, whereAt, whereInside, type Tree } from '../base/tree.ts'

export interface CompileOptions {
  detectors: readonly AnyDetector[]
  regulations: Regulations
  catalogue: Catalogue
  /** Names of those at hand. */
  models: readonly string[]
  /** `part`: the condition's place in the rule, as `scope` or `params.where`. */
  onFault: (rule: string, part: string, message: string) => void
}

/** A rule after its overlays: as it was written, and as the engine runs it. */
export interface Compiled {
  input: RuleInput
  rule: Rule
}

/** Turns the effective rule into what the engine runs; adds all that is wrong with it to `problems`. */
export function compileRule(tree: Tree, names: Names, options: CompileOptions, problems: Problem[]): Compiled | undefined {
  const before = problems.length
  const parsed = ruleSchema.safeParse(valueOf(tree))
  if (!parsed.success) problems.push(...schemaProblems(parsed.error.issues, tree, ruleSchema))
  const id = textAt(tree, 'rule') ?? ''
  // Each part is checked even where another is bad, so that everything is reported at once.
  const named = findDetector(tree, options, problems)
  const params = named && readParams(tree, named, problems)
  const basis = readBasis(tree, options.regulations, problems)
  const scope = readCondition(tree, 'scope', (text) => compileScope(text, fault(options, id, 'scope'), names), problems)
  const fitted = params && fit(tree, named, params, { names, namesPlatform: scope?.uses.words.has('platform') ?? false, onFault: (part, message) => options.onFault(id, part, message) }, problems)
  const unless = readCondition(tree, 'unless', (text) => compileUnless(text, fault(options, id, 'unless'), names), problems)
  if (textAt(tree, 'response') === 'prompt' && !partOf(tree, ['prompt'])) {
    problems.push({ message: `\`${id}\` prompts without a text`, mend: 'add `prompt: { en: …, zh: … }`', ...whereAt(tree, ['response']) })
  }
  const refused = named?.refuses?.[textAt(tree, 'response') as keyof typeof named.refuses]
  if (refused !== undefined) {
    problems.push({ message: `\`${named?.name}\` cannot ${textAt(tree, 'response')}: ${refused}`, mend: 'let it `review`', ...whereAt(tree, ['response']) })
  }
  if (problems.length > before || !parsed.success || !fitted || !params) return undefined
  const input = parsed.data
  const { severity, response, prompt, exempt, mode, onEdit } = input
  const { detector, reads, conditions } = fitted
  const uses = written([...fitted.uses, ...[scope, unless].flatMap((c) => c?.uses ?? [])], names)
  // All that can change a warning, so that one is the same in the shadow and live; the order of keys does not matter to the hash.
  const version = contentHash({ id, detector: detector.name, params, severity, response, basis, scope: input.scope, unless: input.unless, exempt, prompt, uses, onEdit: onEdit === 'keep' ? undefined : onEdit })
  const rule: Rule = {
    id, detector, mode: mode === 'off' ? 'live' : mode, params, severity, response, basis, version: version.slice(0, 32), prompt, scope: scope?.test, unless: unless?.test,
    exempt: compileExempt(exempt, options.catalogue), onEdit, reads, conditions,
  }
  return { input, rule }
}

/** What the lists and conditions say that a rule names: it is another rule when they change. */
function written(uses: readonly Uses[], names: Names): object | undefined {
  const lists = new Set(uses.flatMap((u) => [...u.lists.keys()]))
  const conditions = new Set(uses.flatMap((u) => [...u.conditions.keys()]))
  if (lists.size + conditions.size === 0) return undefined
  const all = (of: ReadonlySet<string>, read: (name: string) => unknown) => Object.fromEntries([...of].map((name) => [name, read(name)]))
  return { lists: all(lists, (name) => names.list(name)), conditions: all(conditions, (name) => names.text(name)) }
}

function fit(tree: Tree, detector: AnyDetector, params: Record<string, unknown>, options: FitOptions, problems: Problem[]): Fitted | undefined {
  const found = fitRule(detector, params, options)
  if (!('problems' in found)) return found
  for (const { path, message, mend, offset } of found.problems) {
    const part = partOf(tree, ['params', ...path])
    problems.push({ message: `\`${partName(path)}\`: ${message}`, mend, ...(part ? whereInside(part, offset) : whereAt(tree, ['params', ...path])) })
  }
  return undefined
}

function fault({ onFault }: CompileOptions, id: string, part: string): OnFault {
  return (message) => onFault(id, part, message)
}

function textAt(tree: Tree, key: string): string | undefined {
  const part = partOf(tree, [key])
  return part?.kind === 'scalar' && typeof part.value === 'string' ? part.value : undefined
}

function findDetector(tree: Tree, { detectors, models }: CompileOptions, problems: Problem[]): AnyDetector | undefined {
  const name = textAt(tree, 'detector')
  if (name === undefined) return undefined
  const found = detectors.find((d) => d.name === name)
  if (!found) problems.push({ message: `unknown detector \`${name}\``, mend: didYouMean(name, detectors.map((d) => d.name)), ...whereAt(tree, ['detector']) })
  else if (found.model !== undefined && !models.includes(found.model.name)) {
    problems.push({
      message: `the detector \`${name}\` needs the model \`${found.model.name}\`, which is not at hand`,
      mend: `name the folder that \`${found.model.name}\` lies in with \`--models\`, or take the rule out`, ...whereAt(tree, ['detector']),
    })
  }
  return found
}

function readParams(tree: Tree, detector: AnyDetector, problems: Problem[]): Record<string, unknown> | undefined {
  const part = partOf(tree, ['params'])
  if (part && part.kind !== 'map') return undefined
  const schema = detector.params as z.ZodObject
  const parsed = schema.safeParse(part ? valueOf(part) : {})
  if (parsed.success) return parsed.data
  problems.push(...schemaProblems(parsed.error.issues, part ?? tree, schema, 'params'))
  return undefined
}

function readBasis(tree: Tree, regulations: Regulations, problems: Problem[]): Rule['basis'] {
  const part = partOf(tree, ['basis'])
  if (part?.kind !== 'list') return []
  return part.items.flatMap((item, i) => {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') return []
    const found = findArticle(item.value, regulations)
    if ('article' in found) return [found]
    problems.push({ ...found, ...whereAt(tree, ['basis', i]) })
    return []
  })
}

function readCondition<T>(tree: Tree, key: string, compile: (text: string) => Condition<T>, problems: Problem[]): { test: T; uses: Uses } | undefined {
  const part = partOf(tree, [key])
  const text = textAt(tree, key)
  if (!part || text === undefined || text === '') return undefined
  const found = compile(text)
  if (!found.problem) return found
  const { message, mend, offset } = found.problem
  problems.push({ message: `\`${key}\`: ${message}`, mend, ...whereInside(part, offset) })
  return undefined
}

/** The tests written in one layer of a rule, each checked down to its lines. */
export function readTests(tree: Tree, problems: Problem[]): TestInput[] {
  const part = partOf(tree, ['tests'])
  if (part?.kind !== 'list') return []
  return part.items.flatMap((item) => {
    readGiven(item, problems)
    const parsed = testSchema.safeParse(valueOf(item))
    return parsed.success ? [parsed.data] : []
  })
}

function readGiven(test: Tree, problems: Problem[]): void {
  const given = partOf(test, ['given'])
  const text = textAt(test, 'given')
  if (!given || text === undefined) return
  // The lines are read even where the test has other faults; the schema reports a bad date.
  const date = testSchema.shape.date.safeParse(textAt(test, 'date'))
  const options = { date: date.data ?? testSchema.shape.date.parse(undefined), platform: 'any', places: {} }
  for (const { message, mend, offset } of parseGiven(text, options).problems) {
    problems.push({ message: `given: ${message}`, mend, ...whereInside(given, offset) })
  }
}
