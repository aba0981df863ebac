import { parse, type ASTNode } from '@marcbachmann/cel-js'
import type { Where } from '../../base/errors.ts'
import { didYouMean } from '../../base/problems.ts'
import { partOf, whereInside, type Tree } from '../../base/tree.ts'
import { RESPONSES, SEVERITIES, SUBJECT_KINDS } from '../../warnings/warning.ts'
import type { Notice } from './notice.ts'
import { literalOf, outcomesOf, pathOf, type Domain } from './outcomes.ts'
import type { Linted } from './subject.ts'

const EPISODES = ['ongoing', 'ended', 'withdrawn']

/** Members of a warning that are one of a few words. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  severity: SEVERITIES, response: RESPONSES, episode: EPISODES, 'subject.kind': SUBJECT_KINDS, 'coverage.state': ['full', 'partial'],
}

/** Conditions that cannot be met or cannot be unmet, and facts and words in them that there are not. */
export function checkConditions(rule: Linted): Notice[] {
  return [...checkScope(rule), ...checkUnless(rule)]
}

function checkScope({ tree, input }: Linted): Notice[] {
  const { scope } = input
  const part = partOf(tree, ['scope'])
  if (scope === undefined || !part) return []
  const { met, unmet } = outcomesOf(scope, (path) => ({ nullable: path === 'class' || path === 'course' || path === 'ip' }))
  const where = whereInside(part, 0)
  if (!met) return [{ kind: 'never-fires', message: '`scope` is never true, so that the rule sees nothing', mend: 'mend the condition; `mode: off` takes a rule out of use', ...where }]
  if (!unmet) return [{ kind: 'no-effect', message: '`scope` is always true', mend: 'take it out, or mend it', ...where }]
  return []
}

function checkUnless(rule: Linted): Notice[] {
  const { tree, input } = rule
  const { unless } = input
  const part = partOf(tree, ['unless'])
  if (unless === undefined || !part) return []
  const { met, unmet } = outcomesOf(unless, domainsOf(rule))
  const where = whereInside(part, 0)
  const always: Notice[] = unmet ? [] : [{ kind: 'never-fires', message: '`unless` is always true, so that no warning is ever sent', mend: 'mend the condition', ...where }]
  const slips = slipsIn(parse(unless).ast, rule, part)
  // What is wrong in it says why it is never true.
  const never: Notice[] = met || slips.length > 0 ? [] : [{ kind: 'no-effect', message: '`unless` is never true, so that it holds nothing back', mend: 'mend the condition, or take it out', ...where }]
  return [...always, ...slips, ...never]
}

/** What the members of this rule's warnings can be. */
function domainsOf({ id, rule }: Linted): (path: string) => Domain {
  const fixed: Record<string, readonly string[]> = { ...WORDS, rule: [id], detector: [rule.detector.name], response: [rule.response] }
  return (path) => {
    const values = fixed[path]
    if (values) return { values }
    const [member, ...rest] = path.split('.')
    return { nullable: ['why', 'class', 'course', 'reasons'].includes(path), missing: rest.length > 0 && (member === 'facts' || member === 'coverage') }
  }
}

/** Facts that the rule's warnings do not have, and words that a member cannot be. */
function slipsIn(node: ASTNode, rule: Linted, part: Tree): Notice[] {
  const found: Notice[] = []
  visit(node, (n) => {
    const fact = factOf(n)
    const where = (at: ASTNode): Where => whereInside(part, at.range.start)
    if (fact !== undefined) found.push(...unknownFact(fact, rule, where(n)))
    if (n.op !== '==' && n.op !== '!=' && n.op !== 'in') return
    const [left, right] = n.args
    const path = pathOf(left) ?? pathOf(right)
    const words = path === undefined ? undefined : WORDS[path]
    if (!words) return
    for (const side of [left, ...(right.op === 'list' ? right.args : [right])]) {
      const literal = literalOf(side)
      if (typeof literal !== 'string' || words.includes(literal)) continue
      found.push({ kind: 'unknown-fact', message: `\`${path}\` is never \`${literal}\``, mend: didYouMean(literal, words) ?? oneOf(words), ...where(side) })
    }
  })
  return found
}

/** A notice if the rule's detector states no fact of that name. */
export function unknownFact(fact: string, { rule }: Linted, where: Where): Notice[] {
  const known = Object.keys(rule.detector.facts ?? {})
  if (known.length === 0 || known.includes(fact)) return []
  return [{ kind: 'unknown-fact', message: `\`${rule.detector.name}\` states no fact \`${fact}\``, mend: didYouMean(fact, known) ?? oneOf(known), ...where }]
}

function oneOf(known: readonly string[]): string {
  return `one of ${known.map((k) => `\`${k}\``).join(', ')}`
}

/** `seconds` of `facts.seconds`. */
function factOf(node: ASTNode): string | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined
  const [member, name, more] = pathOf(node)?.split('.') ?? []
  return member === 'facts' && more === undefined ? name : undefined
}

export function visit(node: ASTNode, see: (node: ASTNode) => void): void {
  see(node)
  for (const child of childrenOf(node)) visit(child, see)
}

function childrenOf(node: ASTNode): ASTNode[] {
  const nodes = (value: unknown): ASTNode[] => (Array.isArray(value) ? value.flatMap(nodes) : isNode(value) ? [value] : [])
  return nodes(node.args)
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}
