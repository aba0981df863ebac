import { parse, serialize, type ASTNode } from '@marcbachmann/cel-js'

/** What a part of a condition may be: a value of a field, or what comes of looking at one that is not there. */
const FAULT: unique symbol = Symbol('fault')
type Value = string | number | boolean | null | typeof FAULT

/** What a path such as `subject.kind` may be. */
export interface Domain {
  /** All that there is; undefined: anything. */
  values?: readonly (string | boolean)[]
  nullable?: boolean
  /** Whether it may be missing, so that looking at it fails. */
  missing?: boolean
}

/** What may come of a condition. Of what cannot be proven, both are true. */
export interface Outcomes {
  met: boolean
  unmet: boolean
}

const UNKNOWN: Outcomes = { met: true, unmet: true }
/** More combinations are not tried. */
const MOST = 20_000

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>='])

/**
 * Whether a condition can be met, and whether it can be unmet. Paths that are only compared with literals take every value that tells
 * them apart (each literal, one between each two, one that is none of them); whatever else depends on a path may be true, false or
 * fail, each by itself. So no outcome that there is goes missing: what is impossible here is impossible.
 */
export function outcomesOf(text: string, domainOf: (path: string) => Domain): Outcomes {
  const root = parse(text).ast
  const literals = new Map<string, Set<string | number | boolean>>()
  const opaque = new Set<string>()
  collect(root, literals, opaque)
  const names = [...literals.keys(), ...opaque]
  const choices = [...[...literals].map(([path, of]) => valuesOf(of, domainOf(path))), ...[...opaque].map((): Value[] => [true, false, FAULT])]
  if (choices.reduce((n, c) => n * c.length, 1) > MOST) return UNKNOWN
  const outcomes: Outcomes = { met: false, unmet: false }
  for (const values of product(choices)) {
    const is = truth(root, new Map(names.map((n, i) => [n, values[i] as Value])))
    if (is === true) outcomes.met = true
    else outcomes.unmet = true
    if (outcomes.met && outcomes.unmet) break
  }
  return outcomes
}

/** `subject.kind` of a node that is a path; undefined of any other. */
export function pathOf(node: ASTNode): string | undefined {
  if (node.op === 'id') return node.args
  if (node.op === '.') {
    const under = pathOf(node.args[0])
    return under === undefined ? undefined : `${under}.${node.args[1]}`
  }
  if (node.op === '[]') {
    const [of, key] = node.args
    const under = pathOf(of)
    return under !== undefined && key.op === 'value' && typeof key.args === 'string' ? `${under}.${key.args}` : undefined
  }
  return undefined
}

/** Literal of a node; undefined of any other. */
export function literalOf(node: ASTNode): string | number | boolean | null | undefined {
  if (node.op === '-_') {
    const inner = literalOf(node.args)
    return typeof inner === 'number' ? -inner : undefined
  }
  if (node.op !== 'value') return undefined
  const { args } = node
  if (typeof args === 'bigint') return Number(args)
  return typeof args === 'object' && args !== null ? undefined : args
}

function collect(node: ASTNode, literals: Map<string, Set<string | number | boolean>>, opaque: Set<string>): void {
  const { op } = node
  if (op === '&&' || op === '||' || op === '?:') return node.args.forEach((n) => collect(n, literals, opaque))
  if (op === '!_') return collect(node.args, literals, opaque)
  const compared = comparedOf(node)
  if (compared === undefined) {
    if (literalOf(node) === undefined) opaque.add(serialize(node))
    return
  }
  if (compared.path === undefined) return
  const known = literals.get(compared.path) ?? new Set()
  literals.set(compared.path, known)
  for (const l of compared.literals) if (l !== null) known.add(l)
}

/** A comparison of a path, or of nothing but literals. */
function comparedOf(node: ASTNode): { path: string | undefined; literals: (string | number | boolean | null)[] } | undefined {
  if (node.op === 'in') {
    const [of, list] = node.args
    if (list.op !== 'list') return undefined
    const literals = list.args.map(literalOf)
    const path = pathOf(of)
    return path === undefined || literals.includes(undefined) ? undefined : { path, literals: literals as string[] }
  }
  if (!COMPARISONS.has(node.op)) return undefined
  const sides = (node.args as [ASTNode, ASTNode]).map((n) => ({ path: pathOf(n), literal: literalOf(n) }))
  if (sides.some((s) => s.path === undefined && s.literal === undefined) || sides.every((s) => s.path !== undefined)) return undefined
  return { path: sides.find((s) => s.path !== undefined)?.path, literals: sides.flatMap((s) => (s.literal === undefined ? [] : [s.literal])) }
}

/** All that tells the literals apart: each, what lies between two, and what is none of them. */
function valuesOf(literals: ReadonlySet<string | number | boolean>, { values, nullable, missing }: Domain): Value[] {
  const more: Value[] = []
  if (nullable) more.push(null)
  if (missing) more.push(FAULT)
  if (values) return [...values, ...more]
  const numbers = [...literals].filter((l) => typeof l === 'number').sort((a, b) => a - b)
  const texts = [...literals].filter((l) => typeof l === 'string').sort()
  const [low, high] = [(numbers[0] ?? 0) - 1, (numbers.at(-1) ?? 0) + 1]
  // A text with a NUL after it is the next one there is in order; no platform sends one.
  const between = [...numbers.slice(1).map((n, i) => (n + (numbers[i] as number)) / 2), ...texts.map((t) => `${t}\u0000`)]
  return [...numbers, low, high, ...texts, '', ...between, true, false, ...more]
}

function* product(choices: readonly (readonly Value[])[], from = 0): Generator<Value[]> {
  const first = choices[from]
  if (first === undefined) yield []
  else for (const value of first) for (const rest of product(choices, from + 1)) yield [value, ...rest]
}

function truth(node: ASTNode, values: ReadonlyMap<string, Value>): Value {
  if (node.op === '&&' || node.op === '||') {
    // As CEL has it: whichever side decides does, though the other fails.
    const deciding = node.op === '||'
    const sides = node.args.map((n) => truth(n, values))
    if (sides.includes(deciding)) return deciding
    return sides.every((s) => s === !deciding) ? !deciding : FAULT
  }
  if (node.op === '!_') {
    const is = truth(node.args, values)
    return typeof is === 'boolean' ? !is : FAULT
  }
  if (node.op === '?:') {
    const is = truth(node.args[0], values)
    return typeof is === 'boolean' ? truth(node.args[is ? 1 : 2], values) : FAULT
  }
  if (comparedOf(node) !== undefined) return comparison(node, values)
  const literal = literalOf(node)
  return literal === undefined ? (values.get(serialize(node)) as Value) : literal
}

function comparison(node: ASTNode, values: ReadonlyMap<string, Value>): Value {
  const valueOf = (n: ASTNode): Value => {
    const path = pathOf(n)
    return path === undefined ? (literalOf(n) as Value) : (values.get(path) as Value)
  }
  const [left, right] = node.args as [ASTNode, ASTNode]
  const a = valueOf(left)
  if (a === FAULT) return FAULT
  if (node.op === 'in') return (right.args as ASTNode[]).some((n) => literalOf(n) === a)
  const b = valueOf(right)
  if (b === FAULT) return FAULT
  if (node.op === '==') return a === b
  if (node.op === '!=') return a !== b
  if (a === null || b === null || typeof a !== typeof b) return FAULT
  if (node.op === '<') return a < b
  if (node.op === '<=') return a <= b
  return node.op === '>' ? a > b : a >= b
}
