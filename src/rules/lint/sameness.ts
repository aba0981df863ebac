import { canonicalJson } from '../../base/hash.ts'
import { formatProblem } from '../../base/errors.ts'
import { valueOf, whereAt, whereOf, type Tree } from '../../base/tree.ts'
import type { Notice } from './notice.ts'
import type { Linted } from './subject.ts'

/** Rules that find the same as one before them. */
export function checkSameRules(rules: readonly Linted[]): Notice[] {
  const seen = new Map<string, Linted>()
  return rules.flatMap((r): Notice[] => {
    const key = canonicalJson([r.rule.detector.name, r.rule.params, r.input.scope?.trim() ?? null])
    const before = seen.get(key)
    if (!before) {
      seen.set(key, r)
      return []
    }
    const there = formatProblem({ ...whereOf(before.tree), message: '' }).replace(/: $/, '')
    return [{
      kind: 'same-rule', message: `\`${r.id}\` finds the same as \`${before.id}\` (${there}): detector, params and scope are alike`,
      mend: 'take one out, or change what it looks for', ...whereAt(r.tree, ['rule']),
    }]
  })
}

/** Overlays after which the rule is what it was before. */
export function checkOverlays({ id, layers }: Linted): Notice[] {
  return layers.flatMap(({ own, effective, tested }, i): Notice[] => {
    const below = layers[i - 1]
    const keys = own.kind === 'map' ? [...own.entries.keys()].filter((k) => k !== 'rule' && k !== 'tests') : []
    if (!below || (keys.length === 0 && tested.tests.length > 0)) return []
    // A duration may be written in another way.
    const isSame = below.tested.rule.version === tested.rule.version && told(below.effective) === told(effective)
    if (!isSame) return []
    const what = keys.length === 0 ? 'it says nothing' : `${keys.map((k) => `\`${k}\``).join(', ')} ${keys.length === 1 ? 'is' : 'are'} so already`
    return [{ kind: 'no-effect', message: `this changes nothing of \`${id}\`: ${what}`, mend: 'take it out, or write what is to change', ...whereOf(own) }]
  })
}

/** Entries that name another detector than the rule below has: somebody may have meant a new rule. */
export function checkReplacements({ id, layers }: Linted): Notice[] {
  return layers.flatMap(({ own, tested }, i): Notice[] => {
    const below = layers[i - 1]
    if (!below || below.tested.rule.detector.name === tested.rule.detector.name) return []
    return [{
      kind: 'replaced-rule', message: `this replaces the rule \`${id}\` below it (${formatProblem({ ...whereOf(below.own), message: '' }).replace(/: $/, '')}), which no longer warns`,
      mend: 'give yours another name, unless that is meant', ...whereAt(own, ['rule']),
    }]
  })
}

const EXPLAINS = ['title', 'description', 'falsePositives', 'next']

/** What a rule says of itself without an effect on what it finds. */
function told(tree: Tree): string {
  const all = valueOf(tree) as Record<string, unknown>
  return canonicalJson(EXPLAINS.map((k) => all[k] ?? null))
}
