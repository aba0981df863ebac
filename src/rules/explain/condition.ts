import { parse, serialize, type ASTNode } from '@marcbachmann/cel-js'
import { pathOf } from '../lint/outcomes.ts'

/** What comes of a condition. `fails`: it could not be evaluated, and counts as not met; `unknown`: what it looks at is not known, so that it is not judged. */
export type Outcome = boolean | 'fails' | 'unknown'

/** A condition, or a part of it, with what came of it. */
export interface ConditionTree {
  text: string
  is: Outcome
  /** Of a part that has none itself: what it looks at. */
  values: { path: string; value: unknown }[]
  parts: ConditionTree[]
}

export interface ConditionView {
  /** Evaluates a condition by itself. */
  evaluate: (text: string) => Outcome
  /** What `facts.seconds` is; undefined where there is no such thing. */
  valueOf: (path: readonly string[]) => unknown
}

/** What each part of a condition gives, down to the values that it looks at. */
export function explainCondition(text: string, view: ConditionView): ConditionTree {
  return explainNode(parse(text).ast, view)
}

function explainNode(node: ASTNode, view: ConditionView): ConditionTree {
  const text = serialize(node)
  const parts = logicalParts(node).map((part) => explainNode(part, view))
  const values = parts.length > 0 ? [] : [...new Set(pathsIn(node))].map((path) => ({ path, value: view.valueOf(path.split('.')) }))
  return { text, is: view.evaluate(text), values, parts }
}

/** What a condition joins; of a chain of one operator all of its links. */
function logicalParts(node: ASTNode): ASTNode[] {
  if (node.op === '&&' || node.op === '||') return node.args.flatMap((n) => (n.op === node.op ? logicalParts(n) : [n]))
  if (node.op === '!_') return logicalParts(node.args).length > 0 ? [node.args] : []
  return node.op === '?:' ? [...node.args] : []
}

function pathsIn(node: ASTNode): string[] {
  const path = pathOf(node)
  if (path !== undefined) return [path]
  const nodes = (value: unknown): string[] =>
    Array.isArray(value) ? value.flatMap(nodes) : typeof value === 'object' && value !== null && 'op' in value ? pathsIn(value as ASTNode) : []
  return nodes(node.args)
}
