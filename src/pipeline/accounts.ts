import type { Output } from '../engine/output.ts'
import type { RejectReason } from '../telemetry/rejects.ts'
import { SEVERITIES, type Severity } from '../warnings/warning.ts'

export interface RuleCount {
  /** Warnings by the severity of their first revision. */
  severities: Partial<Record<Severity, number>>
  /** Warnings whose episode is still open, and those taken back. */
  ongoing: number
  withdrawn: number
}

/** Where every line of the log went, and what came of it. Plain data: it travels with the snapshots. */
export interface Accounts {
  lines: number
  blank: number
  events: number
  late: number
  rejected: Partial<Record<RejectReason, number>>
  ignored: Record<string, number>
  rules: Record<string, RuleCount>
  /** The same for rules in the shadow. */
  shadow: Record<string, RuleCount>
  prompts: number
  /** Learning records, each counted once however often it was revised. */
  records: number
}

export function newAccounts(): Accounts {
  return { lines: 0, blank: 0, events: 0, late: 0, rejected: {}, ignored: {}, rules: {}, shadow: {}, prompts: 0, records: 0 }
}

const MOST_VERBS = 1000
const OTHER = 'other'

/** Counts a verb that is not used. Verbs are whatever the records say: they neither pile up nor touch what objects have by nature. */
export function countIgnored({ ignored }: Accounts, verb: string): void {
  const isKnown = Object.hasOwn(ignored, verb)
  const name = isKnown || (!(verb in Object.prototype) && Object.keys(ignored).length < MOST_VERBS) ? verb : OTHER
  ignored[name] = (ignored[name] ?? 0) + 1
}

export function countOutput(accounts: Accounts, output: Output): void {
  if (output.kind === 'prompt') {
    accounts.prompts++
    return
  }
  if (output.kind === 'record') {
    if (output.value.revision === 1) accounts.records++
    return
  }
  const { rule, revision, severity, episode } = output.value
  const counts = output.kind === 'shadow' ? accounts.shadow : accounts.rules
  const count = (counts[rule] ??= { severities: {}, ongoing: 0, withdrawn: 0 })
  // A later revision keeps its warning's place: only what it changed is counted anew.
  if (revision === 1) count.severities[severity] = (count.severities[severity] ?? 0) + 1
  if (episode === 'ongoing') count.ongoing += revision === 1 ? 1 : 0
  else if (revision > 1) count.ongoing--
  if (episode === 'withdrawn') count.withdrawn++
}

/** Warnings raised, over all live rules. */
export function totalWarnings(accounts: Accounts): number {
  return Object.values(accounts.rules).reduce((n, r) => n + Object.values(r.severities).reduce((a, b) => a + b, 0), 0)
}

export function bySeverity(accounts: Accounts): Record<Severity, number> {
  return Object.fromEntries(SEVERITIES.map((s) => [s, Object.values(accounts.rules).reduce((n, r) => n + (r.severities[s] ?? 0), 0)])) as Record<Severity, number>
}
