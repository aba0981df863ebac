import { canonicalJson } from '../../base/hash.ts'
import { compareText } from '../../base/order.ts'
import { formatDuration, parseDuration } from '../../base/time.ts'
import type { Bundle, DescribedRule } from '../../rules/load.ts'

/** How a rule differs from what it was; `from` and `to` are as in a rules file, absent where the rule has no such part. */
export interface RuleChange {
  rule: string
  kind: 'added' | 'removed' | 'changed'
  /** Of a changed one: what of it is different, such as `params.overlap`. */
  parts: { name: string; from: unknown; to: unknown }[]
}

/** What explains a rule, and changes none of its warnings. */
const WORDS: ReadonlySet<string> = new Set(['rule', 'title', 'description', 'falsePositives', 'next', 'tests', 'prompt'])

/** The rules that warn otherwise under `after` than under `before`, in order of id. */
export function ruleChanges(before: Bundle, after: Bundle): RuleChange[] {
  const [was, is] = [before, after].map((b) => new Map(b.described.map((d) => [d.rule.id, d]))) as [Map<string, DescribedRule>, Map<string, DescribedRule>]
  const changes: RuleChange[] = []
  for (const id of [...new Set([...was.keys(), ...is.keys()])].sort(compareText)) {
    const [old, now] = [was.get(id), is.get(id)]
    if (old === undefined) changes.push({ rule: id, kind: 'added', parts: [] })
    else if (now === undefined) changes.push({ rule: id, kind: 'removed', parts: [] })
    else if (old.rule.version !== now.rule.version || old.input.mode !== now.input.mode) changes.push({ rule: id, kind: 'changed', parts: partsOf(old, now) })
  }
  return changes
}

function partsOf(old: DescribedRule, now: DescribedRule): RuleChange['parts'] {
  const [a, b] = [flat(old), flat(now)]
  return [...new Set([...a.keys(), ...b.keys()])].sort(compareText).filter((k) => canonicalJson(a.get(k)) !== canonicalJson(b.get(k))).map((name) => ({
    name, from: a.has(name) ? a.get(name) : defaultOf(old, name, b.get(name)), to: b.has(name) ? b.get(name) : defaultOf(now, name, a.get(name)),
  }))
}

/** Each part of a rule as it is written, parameters one by one. */
function flat({ input }: DescribedRule): Map<string, unknown> {
  const { params, ...rest } = input
  const named = [...Object.entries(rest), ...Object.entries(params).map(([k, v]) => [`${PARAMS}${k}`, v] as const)]
  return new Map(named.filter(([k, v]) => v !== undefined && !WORDS.has(k)))
}

const PARAMS = 'params.'

/** What a parameter is where it is not written, in the form of `like`: a duration is kept as milliseconds. */
function defaultOf({ rule }: DescribedRule, name: string, like: unknown): unknown {
  const value = name.startsWith(PARAMS) ? rule.params[name.slice(PARAMS.length)] : undefined
  return typeof value === 'number' && typeof like === 'string' && parseDuration(like) !== undefined ? formatDuration(value) : value
}
