import { formatTime } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { coverageOf, duplicatesOf, exemptedOf, unjudgedOf, type Stages } from '../engine/account.ts'
import { missingFor } from '../engine/coverage.ts'
import type { Rule } from '../engine/rule.ts'
import { bySeverity, totalWarnings, type Accounts } from './accounts.ts'
import type { OpenContext } from './context.ts'
import type { Steering } from './reload/steering.ts'

/** Whether a rule could be judged on a platform. */
export interface CoverageRow {
  platform: string
  rule: string
  state: 'judged' | 'not evaluable'
  /** Why it could not be judged, or what of it could not. */
  why: string[]
}

/** What a run did: `summary.json`. */
export interface Summary {
  format: 1
  context: { hash: string } & OpenContext['parts']
  /** `interrupted`: stopped before the end of the log; it can go on from its state. */
  state: 'finished' | 'interrupted'
  log: { files: string[]; mapping?: { file: string; hash: string }; first?: string; last?: string } & Omit<Accounts, 'rules' | 'shadow' | 'prompts' | 'records'> & { duplicates: number }
  warnings: { total: number; bySeverity: Record<string, number>; byRule: Accounts['rules']; exempted: Record<string, number> }
  /** What rules in the shadow would have warned of, by rule. */
  shadow: Accounts['rules']
  prompts: number
  /** Learning records. */
  records: number
  coverage: CoverageRow[]
  /** Conditions of rules that could not be evaluated, and how often. */
  faults: readonly unknown[]
  /** What cut an input short. */
  problems: string[]
  /** Where rules changed on the way: from which line of the log on each context was in force. */
  contexts?: { hash: string; line: number }[]
  /** Of a run over an archive: its partitions and marks, and from which mark on each context was in force. */
  archive?: { partitions: number; marks: number; contexts: { hash: string; from: number }[] }
}

export function summarise(of: {
  stages: Stages
  context: Omit<OpenContext, 'geo'>
  accounts: Accounts
  files: readonly string[]
  mapping?: { path: string; hash: string }
  finished: boolean
  problems: readonly string[]
  span: { first: number; last: number }
  archive?: Summary['archive']
  steering?: Steering
}): Summary {
  const { stages, context, accounts, steering } = of
  const contexts = steering?.contexts() ?? []
  const { rules, shadow, prompts, records, ...log } = accounts
  return {
    format: 1,
    context: { hash: context.hash, ...context.parts },
    state: of.finished ? 'finished' : 'interrupted',
    log: {
      files: [...of.files],
      ...(of.mapping ? { mapping: { file: of.mapping.path, hash: of.mapping.hash } } : {}),
      ...(Number.isFinite(of.span.first) ? { first: formatTime(of.span.first), last: formatTime(of.span.last) } : {}),
      ...log,
      duplicates: duplicatesOf(stages),
    },
    warnings: { total: totalWarnings(accounts), bySeverity: bySeverity(accounts), byRule: rules, exempted: exemptedOf(stages) },
    shadow,
    prompts,
    records,
    coverage: coverageRows(stages, { rules: context.bundle.rules, catalogue: context.catalogue }),
    faults: steering?.allFaults() ?? context.bundle.faults.list(),
    problems: [...of.problems],
    ...(contexts.length > 1 ? { contexts } : {}),
    ...(of.archive ? { archive: of.archive } : {}),
  }
}

/** Which rules could be judged on each platform of the log, in order of platform. */
export function coverageRows(stages: Stages, { rules, catalogue }: { rules: readonly Rule[]; catalogue: Catalogue }): CoverageRow[] {
  const rows: CoverageRow[] = []
  const unjudged = unjudgedReasons(stages)
  const platforms = [...coverageOf(stages)].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [platform, { seen }] of platforms) {
    for (const rule of rules) {
      const missing = missingFor(rule, platform, seen, catalogue)
      const partly = [...(unjudged.get(`${rule.id}\u0000${platform}`) ?? []), ...(unjudged.get(`${rule.id}\u0000`) ?? [])]
      rows.push({ platform, rule: rule.id, state: missing.length > 0 ? 'not evaluable' : 'judged', why: missing.length > 0 ? missing : partly })
    }
  }
  return rows
}

function unjudgedReasons(stages: Stages): Map<string, string[]> {
  const reasons = new Map<string, string[]>()
  for (const [key, n] of Object.entries(unjudgedOf(stages)).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [rule, platform, reason] = key.split('\u0000') as [string, string, string]
    const at = `${rule}\u0000${platform}`
    reasons.set(at, [...(reasons.get(at) ?? []), `${reason} (${n === 1 ? 'once' : `${n} times`})`])
  }
  return reasons
}

/** Rules that could be judged on no platform of the log. */
export function unjudgedRules(summary: Summary, rules: readonly Rule[]): string[] {
  return rules.map((r) => r.id).filter((id) => summary.coverage.every((c) => c.rule !== id || c.state === 'not evaluable'))
}
