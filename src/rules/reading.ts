import { didYouMean } from '../base/problems.ts'
import { ACTIONS, type Action } from '../telemetry/event.ts'
import { childrenOf, walk, type ConditionProblem, type Node } from './cel.ts'
import type { Vocabulary, Word } from './vocabulary.ts'

/** What an expression that names shared conditions and lists is read with. */
export interface Shared {
  condition(name: string): Node | undefined
  list(name: string): readonly string[] | undefined
}

/** The words that an expression names, each once: also those that only a shared condition's name stands for. */
export function namesIn(ast: Node): string[] {
  const names = new Set<string>()
  walk(ast, (node) => {
    if (node.op === 'id') names.add(node.args)
  })
  return [...names]
}

/** Any one of these must be known: fields, or members of `place` as `place.country`. */
export type Clause = readonly string[]

// More alternatives than anybody writes; beyond it each is asked for, which judges less.
const MOST_CLAUSES = 32

/**
 * What must be known for an expression to be met: every clause. Of `a || b` either side will do, of `a && b` both are needed,
 * and of a negation the other way round.
 */
export function clausesOf(ast: Node, vocabulary: Vocabulary, shared: Shared, isMet = true): Clause[] {
  const of = (node: Node, met = isMet) => clausesOf(node, vocabulary, shared, met)
  const condition = ast.op === 'id' ? shared.condition(ast.args) : undefined
  if (condition !== undefined) return of(condition)
  if (ast.op === '!_') return of(ast.args, !isMet)
  if (ast.op === '?:') {
    const [test, then, otherwise] = ast.args
    return all([leavesOf(test, vocabulary, shared), any(of(then), of(otherwise))])
  }
  if (ast.op === (isMet ? '||' : '&&')) return any(of(ast.args[0]), of(ast.args[1]))
  if (ast.op === '&&' || ast.op === '||') return all(ast.args.map((node) => of(node)))
  return leavesOf(ast, vocabulary, shared)
}

/** All that is read, each as a clause of its own. */
function leavesOf(ast: Node, vocabulary: Vocabulary, shared: Shared): Clause[] {
  const found: Clause[] = []
  const visit = (node: Node): void => {
    // `has(place.city)` asks whether it is known.
    if (node.op === 'call' && node.args[0] === 'has') return
    if (node.op === '.' && node.args[0].op === 'id' && node.args[0].args === 'place') found.push([`place.${node.args[1]}`])
    else if (node.op === 'id') {
      const condition = shared.condition(node.args)
      const field = vocabulary.words.get(node.args)?.field
      if (condition !== undefined) visit(condition)
      else if (field !== undefined) found.push([field])
    } else for (const child of childrenOf(node)) visit(child)
  }
  visit(ast)
  return all([found])
}

function all(parts: readonly (readonly Clause[])[]): Clause[] {
  const byText = new Map(parts.flat().map((clause) => [clause.join(), clause]))
  return [...byText.values()]
}

function any(left: readonly Clause[], right: readonly Clause[]): Clause[] {
  if (left.length * right.length > MOST_CLAUSES) return all([[...left], [...right]])
  return all([left.flatMap((l) => right.map((r) => [...new Set([...l, ...r])].sort()))])
}

/** The actions whose events may meet an expression over events. */
export function actionsOf(ast: Node, shared: Shared): Action[] {
  return ACTIONS.filter((action) => truth(ast, action, shared) !== false)
}

/** Whether an expression is met by every event of an action, by none, or by some. */
function truth(ast: Node, action: Action, shared: Shared): boolean | undefined {
  const of = (node: Node) => truth(node, action, shared)
  if (ast.op === 'value') return typeof ast.args === 'boolean' ? ast.args : undefined
  if (ast.op === 'id') {
    const condition = shared.condition(ast.args)
    return condition && of(condition)
  }
  if (ast.op === '==' || ast.op === '!=') {
    const word = comparedWith(ast.args)
    return word?.[0] !== 'action' || typeof word[1] !== 'string' ? undefined : (word[1] === action) === (ast.op === '==')
  }
  if (ast.op === 'in') {
    const [left, right] = ast.args
    return left.op === 'id' && left.args === 'action' ? literalsOf(right, shared)?.includes(action) : undefined
  }
  if (ast.op === '!_') {
    const inner = of(ast.args)
    return inner === undefined ? undefined : !inner
  }
  if (ast.op !== '&&' && ast.op !== '||') return undefined
  const decides = ast.op === '||'
  const sides = ast.args.map(of)
  return sides.includes(decides) ? decides : sides.includes(undefined) ? undefined : !decides
}

function literalsOf(node: Node, shared: Shared): readonly unknown[] | undefined {
  if (node.op === 'id') return shared.list(node.args)
  return node.op === 'list' && node.args.every((n) => n.op === 'value') ? node.args.map((n) => n.args) : undefined
}

/** The word and the literal of a comparison between such. */
function comparedWith([left, right]: readonly [Node, Node]): [word: string, literal: unknown, node: Node] | undefined {
  if (left.op === 'id' && right.op === 'value') return [left.args, right.args, right]
  if (right.op === 'id' && left.op === 'value') return [right.args, left.args, left]
  return undefined
}

const EQUALITY: readonly string[] = ['==', '!=']
const ORDER: readonly string[] = ['<', '<=', '>', '>=']

/** A literal that a word is compared with and never equals, which CEL lets pass: a slip of the pen that would keep a rule silent. */
export function literalProblem(ast: Node, { words }: Vocabulary): ConditionProblem | undefined {
  let problem: ConditionProblem | undefined
  const check = (name: string, literal: unknown, node: Node, isOrder = false) => {
    const word = words.get(name)
    if (word !== undefined) problem ??= misfit(name, isOrder ? { ...word, values: undefined } : word, literal, node)
  }
  walk(ast, (node) => {
    const isOrder = ORDER.includes(node.op)
    if (isOrder || EQUALITY.includes(node.op)) {
      const compared = comparedWith(node.args as [Node, Node])
      if (compared) check(...compared, isOrder)
    } else if (node.op === 'in') {
      const [left, right] = node.args
      if (left.op === 'id' && right.op === 'list') for (const item of right.args) if (item.op === 'value') check(left.args, item.args, item)
    }
  })
  return problem
}

const KINDS = { text: 'text', number: 'a number', boolean: '`true` or `false`' } as const

function misfit(name: string, { is, values }: Word, literal: unknown, node: Node): ConditionProblem | undefined {
  if (is === 'other' || literal === null) return undefined
  const kind = typeof literal === 'string' ? 'text' : typeof literal === 'boolean' ? 'boolean' : 'number'
  const { start: offset } = node
  if (kind !== is) return { message: `\`${name}\` is ${KINDS[is]}, and never ${KINDS[kind]}`, mend: is === 'text' ? 'write the value in quotes' : 'write the value without quotes', offset }
  if (values === undefined || typeof literal !== 'string' || values.includes(literal)) return undefined
  return { message: `\`${name}\` is never \`${literal}\``, mend: didYouMean(literal, values) ?? `one of ${values.map((v) => `\`${v}\``).join(', ')}`, offset }
}
