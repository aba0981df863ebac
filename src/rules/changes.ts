import type { Rule } from '../engine/rule.ts'
import { isReset } from '../engine/reset.ts'

/** What is different between two bundles: ids of rules, each in order. */
export interface Changes {
  added: string[]
  removed: string[]
  /** Edited: the state goes on under the new rule. */
  kept: string[]
  /** Edited: the state begins anew, by `onEdit: reset` or since the detector is another. */
  reset: string[]
  unchanged: string[]
}

export function changesBetween(before: readonly Rule[], after: readonly Rule[]): Changes {
  const [was, is] = [before, after].map((rules) => new Map(rules.map((r) => [r.id, r]))) as [Map<string, Rule>, Map<string, Rule>]
  const changes: Changes = { added: [], removed: [...was.keys()].filter((id) => !is.has(id)), kept: [], reset: [], unchanged: [] }
  for (const [id, rule] of is) {
    const old = was.get(id)
    if (old === undefined) changes.added.push(id)
    else if (old.version === rule.version && old.mode === rule.mode) changes.unchanged.push(id)
    else if (old.detector.name !== rule.detector.name || isReset(rule, { rules: before })) changes.reset.push(id)
    else changes.kept.push(id)
  }
  for (const ids of Object.values(changes) as string[][]) ids.sort()
  return changes
}

/** In one line: `added a; changed b (state kept), c (state begins anew); 18 unchanged`. */
export function writeChanges({ added, removed, kept, reset, unchanged }: Changes): string {
  const changed = [...kept.map((id) => `${id} (state kept)`), ...reset.map((id) => `${id} (state begins anew)`)].sort()
  const parts = [['added', added], ['removed', removed], ['changed', changed]] as const
  return [...parts.flatMap(([what, ids]) => (ids.length === 0 ? [] : [`${what} ${ids.join(', ')}`])), `${unchanged.length} unchanged`].join('; ')
}
