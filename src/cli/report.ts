import { join } from 'node:path'
import type { Rule } from '../engine/rule.ts'
import { unjudgedRules, type Summary } from '../pipeline/summary.ts'
import { REJECT_REASONS, type RejectReason } from '../telemetry/rejects.ts'
import { SEVERITIES } from '../warnings/warning.ts'
import { printable, wrap } from './text.ts'

/** Of all events: above it, a platform counts as troubled over Kafka, too. */
const MUCH_LATE = 0.05

interface Surroundings {
  output: string
  state?: string
  /** Columns of the terminal; without it lines are as long as they are. */
  columns?: number
}

/** The summary of a run as text: where every line went, warnings by rule and severity, what could not be judged. */
export function writeSummary(summary: Summary, rules: readonly Rule[], { output, state, columns = Infinity }: Surroundings): string {
  const lines = [
    ...logLines(summary.log), '', ...warningTable(summary, rules), '', ...shadowLines(summary), ...coverageLines(summary.coverage, unjudgedRules(summary, rules).length),
    ...endLines(summary, output, state),
  ]
  return lines.map((line) => `${wrap(printable(line), columns)}\n`).join('')
}

/** Where every line of the logs went. `isWritten`: rejects and late events are in the output folder. */
export function logLines(log: Summary['log'], isWritten = true): string[] {
  const see = (file: string): string => (isWritten ? ` (see ${file})` : '')
  const lines = [`${n(log.lines, 'line')}: ${n(log.events, 'event')}, ${sum(log.ignored)} ignored, ${sum(log.rejected)} rejected, ${log.blank} blank`]
  if (log.duplicates > 0 || log.late > 0) lines.push(`  of the events ${n(log.duplicates, 'duplicate')}, ${log.late} late${see('late.ndjson')}`)
  if (log.late > MUCH_LATE * log.events) lines.push('  that is much: rules that miss late events may warn wrongly; is the log in the order in which its events were stored? (several files can be named one by one, and are merged by time)')
  const ignored = Object.entries(log.ignored).map(([verb, count]) => `${verb} ${count}`)
  if (ignored.length > 0) lines.push(`  ignored: ${ignored.join(', ')}`)
  for (const [reason, count] of Object.entries(log.rejected)) {
    const { means, mend } = REJECT_REASONS[reason as RejectReason]
    lines.push(`  rejected \`${reason}\` ${count}: ${means}; ${mend}${see('rejects.ndjson')}`)
  }
  if (log.first !== undefined) lines.push(`  from ${log.first} to ${log.last}`)
  else lines.push(log.lines === 0 ? '  the log is empty' : '  there is no event in it: is it another file, or another `--format`? `invigil check` tells what it looks like')
  return lines
}

function warningTable({ warnings }: Summary, rules: readonly Rule[]): string[] {
  if (Object.keys(warnings.byRule).length === 0) return ['no warnings']
  const width = Math.max(4, ...rules.map((r) => r.id.length))
  const row = (name: string, cells: readonly (string | number)[]) => `${name.padEnd(width)}  ${cells.map((c) => String(c).padStart(8)).join('  ')}`
  const named = Object.entries(warnings.byRule).sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    row('rule', SEVERITIES),
    ...named.map(([rule, count]) => row(rule, SEVERITIES.map((s) => count.severities[s] ?? '·'))),
    row('all', SEVERITIES.map((s) => warnings.bySeverity[s] ?? 0)),
  ]
}

/** What rules in the shadow would have warned of. */
function shadowLines({ shadow }: Summary): string[] {
  const rows = Object.entries(shadow).sort(([a], [b]) => (a < b ? -1 : 1)).map(([rule, { severities }]) => `  ${rule}: ${n(sum(severities), 'warning')}`)
  return rows.length === 0 ? [] : ['in the shadow (see shadow.ndjson):', ...rows, '']
}

/** What could not be judged, or not wholly; `nowhere`: how many rules could be judged on no platform. */
export function coverageLines(coverage: Summary['coverage'], nowhere: number): string[] {
  const lines: string[] = []
  const unjudged = coverage.filter((c) => c.state === 'not evaluable')
  const partly = coverage.filter((c) => c.state === 'judged' && c.why.length > 0)
  if (unjudged.length > 0) {
    lines.push(`not evaluable (${n(nowhere, 'rule')} on no platform at all):`)
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
  const lines = summary.problems.map((p) => `problem: ${p}`)
  lines.push(`${n(summary.warnings.total, 'warning')} in ${join(output, 'warnings.ndjson')}, the whole account in ${join(output, 'summary.json')}`)
  if (summary.state === 'interrupted') {
    lines.push(state === undefined ? 'interrupted before the end of the log; a run with `--state DIR` can go on where it stopped' : 'interrupted before the end of the log; the same command goes on from here')
  }
  return lines
}

/** A number of things, as they are said. */
export function n(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((a, b) => a + b, 0)
}
