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
  switch (ast.op) {
    case 'id': {
      const condition = shared.condition(ast.args)
      if (condition !== undefined) return of(condition)
      const field = vocabulary.words.get(ast.args)?.field
      return field === undefined ? [] : [[field]]
    }
    case '.':
      if (ast.args[0].op === 'id' && ast.args[0].args === 'place') return [[`place.${ast.args[1]}`]]
      return of(ast.args[0])
    case 'call':
      // `has(place.city)` asks whether it is known.
      return ast.args[0] === 'has' ? [] : all(ast.args[1].map((node) => of(node)))
    case '!_':
      return of(ast.args, !isMet)
    case '&&':
    case '||':
      return (ast.op === '&&') === isMet ? all(ast.args.map((node) => of(node))) : any(of(ast.args[0]), of(ast.args[1]))
    case '?:': {
      const [test, then, otherwise] = ast.args
      return all([of(test), any(of(then), of(otherwise))])
    }
    default:
      return all(childrenOf(ast).map((node) => of(node)))
  }
}

function all(parts: readonly Clause[][]): Clause[] {
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
  switch (ast.op) {
    case 'value':
      return typeof ast.args === 'boolean' ? ast.args : undefined
    case 'id': {
      const condition = shared.condition(ast.args)
      return condition && of(condition)
    }
    case '==':
    case '!=': {
      const word = comparedWith(ast.args)
      return word?.[0] !== 'action' || typeof word[1] !== 'string' ? undefined : (word[1] === action) === (ast.op === '==')
    }
    case 'in': {
      const [left, right] = ast.args
      if (left.op !== 'id' || left.args !== 'action') return undefined
      return literalsOf(right, shared)?.includes(action)
    }
    case '!_': {
      const inner = of(ast.args)
      return inner === undefined ? undefined : !inner
    }
    case '&&':
    case '||': {
      const decides = ast.op === '||'
      const sides = ast.args.map(of)
      return sides.includes(decides) ? decides : sides.includes(undefined) ? undefined : !decides
    }
    default:
      return undefined
  }
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

const COMPARISONS: readonly string[] = ['==', '!=', '<', '<=', '>', '>=']

/** A literal that a word is compared with and never equals, which CEL lets pass: a slip of the pen that would keep a rule silent. */
export function literalProblem(ast: Node, { words }: Vocabulary): ConditionProblem | undefined {
  let problem: ConditionProblem | undefined
  const check = (name: string, literal: unknown, node: Node) => {
    const word = words.get(name)
    if (word !== undefined) problem ??= misfit(name, word, literal, node)
  }
  walk(ast, (node) => {
    if (COMPARISONS.includes(node.op)) {
      const compared = comparedWith(node.args as [Node, Node])
      if (compared) check(...compared)
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
  if (kind !== is) return { message: `\`${name}\` is ${KINDS[is]}, and never ${KINDS[kind]}`, mend: is === 'text' ? 'write the value in quotes' : 'write the value without quotes', offset: node.start }
  if (values === undefined || values.includes(literal as string)) return undefined
  return { message: `\`${name}\` is never \`${String(literal)}\``, mend: didYouMean(String(literal), values) ?? `one of ${values.map((v) => `\`${v}\``).join(', ')}`, offset: node.start }
}
