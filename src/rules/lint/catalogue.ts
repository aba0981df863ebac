import { parse, type ASTNode } from '@marcbachmann/cel-js'
import { didYouMean } from '../../base/problems.ts'
import { partOf, whereAt, whereInside } from '../../base/tree.ts'
import { missingInCatalogue } from '../../engine/coverage.ts'
import { readsOf } from '../../engine/rule.ts'
import type { Notice } from './notice.ts'
import { literalOf, pathOf } from './outcomes.ts'
import type { LintOptions, Linted } from './subject.ts'

/** What a rule needs or names and the catalogue does not have. Without a catalogue nothing is known. */
export function checkCatalogue(rule: Linted, { catalogue }: LintOptions): Notice[] {
  if (!catalogue) return []
  const { platforms, classes } = catalogue.data
  const known = { platform: new Set([...platforms.map((p) => p.id), ...classes.map((c) => c.platform)]), class: new Set(classes.map((c) => c.id)) }
  const notices: Notice[] = []
  const lacking = [...known.platform].map((p) => missingInCatalogue(readsOf(rule.rule).needsCatalogue, p, catalogue))
  if (lacking.length > 0 && lacking.every((l) => l.length > 0)) {
    notices.push({
      kind: 'never-fires', message: `\`${rule.rule.detector.name}\` is evaluable on no platform of the catalogue: it has no ${(lacking[0] as string[]).join(' and no ')}`,
      mend: 'add it to the catalogue, or leave the rule out', ...whereAt(rule.tree, ['detector']),
    })
  }
  const unknown = (kind: 'platform' | 'class', id: string) =>
    known[kind].has(id) || known[kind].size === 0
      ? undefined
      : { kind: 'not-in-catalogue' as const, message: `the catalogue has no ${kind} \`${id}\``, mend: didYouMean(id, known[kind]) ?? `declare it, or write the id of one that it has` }
  rule.input.exempt.forEach((entry, i) => {
    for (const kind of ['platform', 'class'] as const) {
      const notice = entry[kind] === undefined ? undefined : unknown(kind, entry[kind])
      if (notice) notices.push({ ...notice, ...whereAt(rule.tree, ['exempt', i, kind]) })
    }
  })
  const part = partOf(rule.tree, ['scope'])
  if (rule.input.scope === undefined || !part) return notices
  for (const { kind, id, node } of namedIn(parse(rule.input.scope).ast)) {
    const notice = unknown(kind, id)
    if (notice) notices.push({ ...notice, ...whereInside(part, node.range.start) })
  }
  return notices
}

interface Named {
  kind: 'platform' | 'class'
  id: string
  node: ASTNode
}

/** The platforms and classes that a scope compares with. */
function namedIn(node: ASTNode): Named[] {
  if (node.op === '&&' || node.op === '||' || node.op === '?:') return node.args.flatMap(namedIn)
  if (node.op === '!_') return namedIn(node.args)
  if (node.op !== '==' && node.op !== '!=' && node.op !== 'in') return []
  const [left, right] = node.args
  const kind = pathOf(left) ?? pathOf(right)
  if (kind !== 'platform' && kind !== 'class') return []
  return [left, ...(right.op === 'list' ? right.args : [right])].flatMap((n) => {
    const id = literalOf(n)
    return typeof id === 'string' ? [{ kind, id, node: n }] : []
  })
}
