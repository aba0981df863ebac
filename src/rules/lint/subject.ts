import { invariant, type Problem } from '../../base/errors.ts'
import { compareText } from '../../base/order.ts'
import { overlay, type Tree } from '../../base/tree.ts'
import type { Catalogue } from '../../catalogue/index.ts'
import { readLayers } from '../layers.ts'
import { isRegulation, type Bundle, type DescribedRule, type TestedRule } from '../load.ts'
import type { Notice } from './notice.ts'

/** What one directory says of a rule, and the rule as it is up to there. */
export interface LintedLayer {
  /** As written. */
  own: Tree
  effective: Tree
  tested: TestedRule
}

/** A rule that is looked at. */
export interface Linted extends DescribedRule {
  id: string
  /** The effective rule, with the place of each of its parts. */
  tree: Tree
  /** The lowest first. */
  layers: readonly LintedLayer[]
}

/** What the checks know besides the rules. */
export interface LintOptions {
  /** `2026-03-02`. */
  today: string
  /** The one that the rules will run with, where it is known. */
  catalogue?: Catalogue
}

export type Check = (rule: Linted, options: LintOptions) => Notice[]

/** The rules of a bundle with the places of their parts, in order of id. */
export function lintedRules(bundle: Bundle): Linted[] {
  const problems: Problem[] = []
  const layers = readLayers(bundle.texts.map(({ files }) => files.filter((f) => !isRegulation(f))), problems)
  invariant(problems.length === 0, 'a bundle that was loaded cannot be read again')
  return bundle.described.map(({ input, rule }) => {
    let effective: Tree | undefined
    const tested = bundle.tested.filter((t) => t.rule.id === rule.id)
    const stack = (layers.rules.get(rule.id) ?? []).map((layer, i): LintedLayer => {
      effective = overlay(effective, layer.tree, layer.append)
      return { own: layer.tree, effective, tested: tested[i] as TestedRule }
    })
    return { id: rule.id, input, rule, tree: effective as Tree, layers: stack }
  })
}

/** In order of place. */
export function byPlace(a: Problem, b: Problem): number {
  return compareText(a.file ?? '', b.file ?? '') || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0) || compareText(a.message, b.message)
}
