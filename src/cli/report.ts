import { join } from 'node:path'
import type { Rule } from '../engine/rule.ts'
import { unjudgedRules, type Summary } from '../pipeline/summary.ts'
import { REJECT_REASONS, type RejectReason } from '../telemetry/rejects.ts'
import { SEVERITIES } from '../warnings/warning.ts'

/** The summary of a run as text: where every line went, warnings by rule and severity, what could not be judged. */
export function writeSummary(summary: Summary, rules: readonly Rule[], { output, state }: { output: string; state?: string }): string {
  return [
    logLines(summary),
    '',
    ...warningTable(summary, rules),
    '',
    ...coverageLines(summary, rules),
    ...endLines(summary, output, state),
    '',
  ].join('\n')
}

function logLines({ log }: Summary): string {
  const lines = [`${n(log.lines, 'line')}: ${n(log.events, 'event')}, ${sum(log.ignored)} ignored, ${sum(log.rejected)} rejected, ${log.blank} blank`]
  if (log.duplicates > 0 || log.late > 0) lines.push(`  of the events ${n(log.duplicates, 'duplicate')}, ${log.late} late (see late.ndjson)`)
  const ignored = Object.entries(log.ignored).map(([verb, count]) => `${verb} ${count}`)
  if (ignored.length > 0) lines.push(`  ignored: ${ignored.join(', ')}`)
  for (const [reason, count] of Object.entries(log.rejected)) {
    const { means, mend } = REJECT_REASONS[reason as RejectReason]
    lines.push(`  rejected \`${reason}\` ${count}: ${means}; ${mend} (see rejects.ndjson)`)
  }
  if (log.first !== undefined) lines.push(`  from ${log.first} to ${log.last}`)
  return lines.join('\n')
}

function warningTable({ warnings }: Summary, rules: readonly Rule[]): string[] {
  const width = Math.max(4, ...rules.map((r) => r.id.length))
  const row = (name: string, cells: readonly (string | number)[]) => `${name.padEnd(width)}  ${cells.map((c) => String(c).padStart(8)).join('  ')}`
  const named = Object.entries(warnings.byRule).sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    row('rule', SEVERITIES),
    ...named.map(([rule, count]) => row(rule, SEVERITIES.map((s) => count.severities[s] ?? '·'))),
    row('all', SEVERITIES.map((s) => warnings.bySeverity[s] ?? 0)),
  ]
}

function coverageLines(summary: Summary, rules: readonly Rule[]): string[] {
  const lines: string[] = []
  const unjudged = summary.coverage.filter((c) => c.state === 'not evaluable')
  const partly = summary.coverage.filter((c) => c.state === 'judged' && c.why.length > 0)
  const nowhere = unjudgedRules(summary, rules)
  if (unjudged.length > 0) {
    lines.push(`not evaluable (${n(nowhere.length, 'rule')} on no platform at all):`)
    lines.push(...grouped(unjudged), '')
  }
  if (partly.length > 0) lines.push('judged in part:', ...grouped(partly), '')
  return lines
}

/** One line a rule and reason, with the platforms that it holds for. */
function grouped(rows: Summary['coverage']): string[] {
  const platforms = new Map<string, string[]>()
  for (const row of rows) {
    const line = `${row.rule}: ${row.why.join('; ')}`
    platforms.set(line, [...(platforms.get(line) ?? []), row.platform])
  }
  return [...platforms].map(([line, on]) => `  ${line} (${on.length > 6 ? `${on.slice(0, 6).join(', ')} and ${on.length - 6} more` : on.join(', ')})`)
}

function endLines(summary: Summary, output: string, state: string | undefined): string[] {
  const lines = summary.problems.map((p) => `PROBLEM: ${p}`)
  lines.push(`${n(summary.warnings.total, 'warning')} in ${join(output, 'warnings.ndjson')}, the whole account in ${join(output, 'summary.json')}`)
  if (summary.state === 'interrupted') {
    lines.push(state === undefined ? 'interrupted before the end of the log; with `--state DIR` a run can go on from here' : 'interrupted before the end of the log; the same command goes on from here')
  }
  return lines
}

function n(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((a, b) => a + b, 0)
}
