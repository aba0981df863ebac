import { parse } from '@marcbachmann/cel-js'
import type { Problem } from '../../base/errors.ts'
import { partOf, whereInside, whereOf, type Tree } from '../../base/tree.ts'
import { readLayers } from '../layers.ts'
import { isRegulation, type Bundle } from '../load.ts'
import { events, sightings, type Word } from '../vocabulary.ts'
import { visit } from './conditions.ts'
import type { Notice } from './notice.ts'
import { outcomesOf, pathOf } from './outcomes.ts'
import type { Linted } from './subject.ts'

/** Conditions in the params of a rule that cannot be met, so that it never warns of them, or that say nothing. */
export function checkParamConditions({ tree, rule }: Linted): Notice[] {
  const params = partOf(tree, ['params'])
  const { words } = rule.detector.stage === 'learner' ? events : sightings
  return params === undefined || rule.conditions === undefined ? [] : textsIn(params, 'params').flatMap(({ part, name, text }): Notice[] => {
    if (!rule.conditions?.has(text)) return []
    const { met, unmet } = outcomesOf(text, (path) => ({ values: words.get(path)?.values, nullable: true, missing: true }))
    const where = whereInside(part, 0)
    const unordered = orderedWords(text, part, words)
    if (unordered.length > 0) return unordered
    if (!met) return [{ kind: 'never-fires', message: `\`${name}\` is never true`, mend: 'mend the condition', ...where }]
    return unmet ? [] : [{ kind: 'no-effect', message: `\`${name}\` is always true`, mend: 'take it out, or mend it', ...where }]
  })
}

/** Words that are compared as if they had an order. */
function orderedWords(text: string, part: Tree, words: ReadonlyMap<string, Word>): Notice[] {
  const found: Notice[] = []
  visit(parse(text).ast, (node) => {
    if (node.op !== '<' && node.op !== '<=' && node.op !== '>' && node.op !== '>=') return
    const path = node.args.map(pathOf).find((p) => p !== undefined && words.get(p)?.values !== undefined)
    if (path !== undefined) found.push({ kind: 'unknown-fact', message: `\`${path}\` is one of a few words, which have no order`, mend: 'compare with `==`, `!=` or `in`', ...whereInside(part, node.range.start) })
  })
  return found
}

/** The texts in a tree, each with its place and its name. */
function textsIn(part: Tree, name: string): { part: Tree; name: string; text: string }[] {
  if (part.kind === 'scalar') return typeof part.value === 'string' ? [{ part, name, text: part.value }] : []
  if (part.kind === 'list') return part.items.flatMap((item, i) => textsIn(item, `${name}[${i}]`))
  return [...part.entries].flatMap(([key, { value }]) => textsIn(value, `${name}.${key}`))
}

/** Lists and shared conditions that no condition names. */
export function checkNames(bundle: Bundle, rules: readonly Linted[]): Notice[] {
  const { names } = bundle
  const shared = names.conditionNames()
  const texts = [
    ...rules.flatMap(({ input, rule }) => [input.scope, input.unless, ...(rule.conditions?.keys() ?? [])]),
    ...shared.map((name) => names.text(name)),
  ].filter((t) => t !== undefined)
  const isUsed = (name: string) => texts.some((t) => new RegExp(String.raw`\b${name}\b`).test(t))
  const problems: Problem[] = []
  const { definitions } = readLayers(bundle.texts.map(({ files }) => files.filter((f) => !isRegulation(f))), problems)
  return definitions.flat().flatMap(({ tree }) =>
    (['lists', 'conditions'] as const).flatMap((kind) => {
      const part = partOf(tree, [kind])
      return part?.kind !== 'map' ? [] : [...part.entries].flatMap(([name, { key }]): Notice[] =>
        isUsed(name) ? [] : [{ kind: 'no-effect', message: `no condition names \`${name}\``, mend: 'take it out, or use it', ...whereOf(key) }])
    }),
  )
}
