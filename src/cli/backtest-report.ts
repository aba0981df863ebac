import { parseDuration } from '../base/time.ts'
import type { Change, Counts } from '../pipeline/backtest/compare.ts'
import type { Rate, Rates } from '../pipeline/backtest/labels.ts'
import type { BacktestReport, Figures, SuggestionReport, SweepPoint, SweepReport, VariantRates } from '../pipeline/backtest/report.ts'
import type { RuleChange } from '../pipeline/backtest/rule-changes.ts'
import { percent } from '../pipeline/backtest/suggest.ts'
import { coverageLines, logLines, n } from './report.ts'
import { clip, printable, width, wrap } from './text.ts'

/** More institutions and provinces are in `backtest.json` only. */
const MOST_ROWS = 20
const LONGEST_SUMMARY = 160
const LONGEST_VALUE = 60

interface Surroundings {
  /** Files that were written. */
  written: readonly string[]
  /** Directories of the rules of today, and of the others. */
  against: readonly string[]
  rules: readonly string[]
  /** Columns of the terminal; without it lines are as long as they are. */
  columns?: number
}

/** What a back-test found, as text. */
export function writeBacktest(report: BacktestReport, { written, against, rules, columns = Infinity }: Surroundings): string {
  const lines = [
    ...logLines(report.log, false), '',
    `today:   ${against.join(', ')} (${n(report.before.rules, 'rule')})`,
    ...(report.sweep ? [`swept:   ${report.sweep.axes.map((a) => `${a.rule}.${a.param}`).join(' and ')}, ${n(report.sweep.points.length, 'variant')} over ${rules.join(', ')}`] : [`changed: ${rules.join(', ')} (${n(report.after?.rules ?? 0, 'rule')})`]),
    ...changedRules(report), '',
    ...changeLines(report), ...sweepLines(report), ...suggestionLines(report.suggestion), ...budgetLines(report),
    ...coverageLines(report.coverage, nowhere(report)),
    ...report.faults.map((f) => faultLine(f as { rule: string; part: string; message: string; count: number })),
    ...report.problems.map((p) => `problem: ${p}`),
    ...written.map((file) => `written: ${file}`),
    ...(report.sweep && !written.some((f) => f.endsWith('.svg')) ? ['the curve as a picture: with `--output DIR`'] : []),
  ]
  while (lines.at(-1) === '') lines.pop()
  return lines.map((line) => `${wrap(printable(line), columns)}\n`).join('')
}

function nowhere({ coverage }: BacktestReport): number {
  return new Set(coverage.map((c) => c.rule).filter((rule) => coverage.every((c) => c.rule !== rule || c.state === 'not evaluable'))).size
}

function changedRules({ rules, sweep }: BacktestReport): string[] {
  if (sweep) return []
  return rules.length === 0 ? ['  the rules are the same'] : rules.map((r) => `  ${ruleLine(r)}`)
}

function ruleLine({ rule, kind, parts }: RuleChange): string {
  if (kind !== 'changed') return `${rule}: ${kind}`
  return `${rule}: ${parts.length === 0 ? 'changed' : parts.map(({ name, from, to }) => `${name} ${valueText(from)} → ${valueText(to)}`).join(', ')}`
}

function valueText(value: unknown): string {
  return value === undefined ? '(none)' : clip(typeof value === 'string' ? value : JSON.stringify(value), LONGEST_VALUE)
}

function changeLines({ comparison: c, labels, rules }: BacktestReport): string[] {
  if (c === undefined) return []
  const differs = Object.entries(c.differs).sort(([, a], [, b]) => b - a).map(([member, count]) => `${member} ${count}`)
  return [
    `${n(c.before, 'warning')} today, ${c.after} under the changed rules: ${c.added} added, ${c.removed} removed, ${c.changed} changed`,
    ...(differs.length > 0 ? [`  what differs in the changed ones: ${differs.join(', ')}`] : []),
    `${n(c.learners.before, 'learner')} warned of today, ${c.learners.after} under the changed rules: ${c.learners.newly} newly, ${c.learners.noLonger} no longer`, '',
    ...countsTable('rule', c.byRule), ...countsTable('institution', c.byInstitution), ...countsTable('province', c.byProvince), ...countsTable('platform', c.byPlatform),
    ...exampleLines(c.examples),
    ...(labels?.after ? ratesLines(rules.map((r) => r.rule), labels.kind, labels.before, labels.after, labels.unknown) : []),
  ]
}

/** The rows in which something changes. */
function countsTable(head: string, byName: Readonly<Record<string, Counts>>): string[] {
  const all = Object.entries(byName).filter(([, c]) => c.added + c.removed + c.changed > 0)
  if (all.length === 0) return []
  const most = all.sort(([, a], [, b]) => b.added + b.removed + b.changed - (a.added + a.removed + a.changed)).slice(0, MOST_ROWS)
  const rest = all.length - most.length
  return [
    ...table([head, 'today', 'changed to', 'added', 'removed', 'changed'], most.map(([name, c]) => [name, ...[c.before, c.after, c.added, c.removed, c.changed].map(String)])),
    ...(rest > 0 ? [`and ${rest} more`] : []), '',
  ]
}

function exampleLines(examples: Readonly<Record<Change['kind'], readonly Change[]>>): string[] {
  return (['added', 'removed', 'changed'] as const).flatMap((kind) => (examples[kind].length === 0 ? [] : [`${kind}, for example:`, ...examples[kind].map(exampleLine), '']))
}

function exampleLine({ id, rule, severity, subject, begin, summary, differs }: Change): string {
  const who = `${subject.kind} ${subject.platform === '' ? subject.id : `${subject.platform}/${subject.id}`}`
  return `  ${id}  ${begin.slice(0, 19)}Z  ${severity}  ${rule}  ${who}: ${clip(summary, LONGEST_SUMMARY)}${differs ? ` [${differs.join(', ')}]` : ''}`
}

/** What the rates are shares of. */
function headOf(kind: 'truth' | 'reviews'): string {
  return kind === 'truth'
    ? 'against the truth (of a rule: learners warned of, whatever the severity; `all`: at medium or higher, as in `invigil score`):'
    : 'against reviews (precision: of the warnings reviewed, those confirmed; recall: of those confirmed, those given):'
}

function ratesLines(rules: readonly string[], kind: 'truth' | 'reviews', before: VariantRates, after: VariantRates, unknown: number | undefined): string[] {
  const row = (name: string, a: Rates | undefined, b: Rates | undefined): string[] => [
    name, rateText(a?.precision), rateText(b?.precision), rateText(a?.recall), rateText(b?.recall), ...(kind === 'truth' ? [rateText(a?.falseAlarms), rateText(b?.falseAlarms)] : []),
  ]
  const head = ['rule', 'precision', 'changed to', 'recall', 'changed to', ...(kind === 'truth' ? ['false alarms', 'changed to'] : [])]
  return [
    headOf(kind), ...table(head, [...rules.map((r) => row(r, before.byRule[r], after.byRule[r])), row('all', before.overall, after.overall)]),
    ...(unknown ? [`${n(unknown, 'review')} of warnings that neither gives`] : []), '',
  ]
}

function rateText(rate: Rate | undefined): string {
  return rate?.share === undefined ? '-' : `${rate.part}/${rate.of} ${percent(rate.share)}`
}

function sweepLines({ sweep, labels }: BacktestReport): string[] {
  if (sweep === undefined) return []
  const cells = ({ warnings, learners, added, removed, changed, rates }: Figures): string[] => [
    ...[warnings, learners, added, removed, changed].map(String),
    ...(labels ? [rateText(rates?.precision), rateText(rates?.recall)] : []), ...(labels?.kind === 'truth' ? [rateText(rates?.falseAlarms)] : []),
  ]
  const names = sweep.axes.map((a) => `${a.rule}.${a.param}`)
  const head = [...names, 'warnings', 'learners', 'added', 'removed', 'changed', ...(labels ? ['precision', 'recall'] : []), ...(labels?.kind === 'truth' ? ['false alarms'] : [])]
  const today = ['today', ...names.slice(1).map(() => ''), ...cells(sweep.today)]
  return [
    `of ${sweep.rules.join(' and ')}:`,
    ...table(head, [today, ...rowsOf(sweep).map((p) => [...names.map((name) => p.values[name] as string), ...cells(p)])]),
    ...(labels?.unknown ? [`${n(labels.unknown, 'review')} of warnings that no variant gives`] : []), '',
  ]
}

/** The variants as they were swept; where values between them were tried, in order of the value. */
function rowsOf({ axes, points, between = [] }: SweepReport): SweepPoint[] {
  const [axis] = axes
  if (axis === undefined || between.length === 0) return points
  const at = ({ values }: SweepPoint): number => {
    const text = values[`${axis.rule}.${axis.param}`] as string
    return parseDuration(text) ?? Number(text)
  }
  return [...points, ...between].sort((a, b) => at(a) - at(b))
}

function suggestionLines(s: SuggestionReport | undefined): string[] {
  if (s === undefined) return []
  const wanted = `at most ${percent(s.wanted)} of the honest warned of`
  if (s.value === undefined) return [`${wanted}: no value can be suggested: ${s.why}`, '']
  const [low, high] = (s.interval as [number, number]).map(percent)
  const how = { run: 'measured by running the log again with it', swept: 'one of the values swept', interpolated: 'reckoned between two values swept' }[s.measured as 'run']
  return [
    `${wanted}: ${s.value} (${how})`,
    `  ${percent(s.falseAlarms as number)} of ${n(s.honest, 'honest learner')}; others like them: ${low} to ${high} (95 % interval)${s.recall === undefined ? '' : `; recall ${percent(s.recall)}`}`,
    ...(s.note === undefined ? [] : [`  ${s.note}`]), '',
  ]
}

function budgetLines({ budgets = [] }: BacktestReport): string[] {
  if (budgets.length === 0) return []
  return [...budgets.map((b) => `${b.kept ? 'kept' : 'NOT KEPT'}  ${b.budget}: ${b.is}`), '']
}

function faultLine({ rule, part, message, count }: { rule: string; part: string; message: string; count: number }): string {
  return `\`${part}\` of ${rule} could not be evaluated ${n(count, 'time')}: ${message}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((h, i) => Math.max(width(h), ...rows.map((r) => width(r[i] as string))))
  const pad = (text: string, i: number): string => ' '.repeat((widths[i] as number) - width(text))
  return [head, ...rows].map((cells) => cells.map((c, i) => (i === 0 ? c + pad(c, i) : pad(c, i) + c)).join('  ').trimEnd())
}
