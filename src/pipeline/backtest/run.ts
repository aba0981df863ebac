import { InvigilError } from '../../base/errors.ts'
import { formatTime, type Ms } from '../../base/time.ts'
import { compareText } from '../../base/order.ts'
import { duplicatesOf } from '../../engine/account.ts'
import type { Machine } from '../../engine/machine.ts'
import type { RuleSource } from '../../rules/load.ts'
import type { Format } from '../../telemetry/decode.ts'
import type { Accounts } from '../accounts.ts'
import { contextUnder, type OpenContext, type Surroundings } from '../context.ts'
import { isFile, type FormatDetails } from '../logs.ts'
import { coverageRows, type CoverageRow } from '../summary.ts'
import { judge, type Budget } from './budget.ts'
import { compare, examplesOf, learnersOf, standing, type Change, type Judged } from './compare.ts'
import { overallRates, ratesOf, type Labels, type Rates } from './labels.ts'
import { Ledger } from './ledger.ts'
import { replay, type Replayed } from './replay.ts'
import type { BacktestReport, Figures, VariantRates } from './report.ts'
import { ruleChanges } from './rule-changes.ts'
import { suggestionFor } from './suggestion.ts'
import { gridOf, overlayOf, pointName, pointValues, type Axis, type Point } from './sweep.ts'
import { liveRules, planPasses, versionKey, versionsOf, type Pass, type Variant } from './variant.ts'

export interface BacktestOptions {
  /** Files in NDJSON, compressed or not; `-` is standard input. */
  logs: readonly string[]
  format: Format
  platform?: string
  details?: FormatDetails
  lateness?: Ms
  markEvery?: number
  surroundings: Surroundings
  /** The rules of today, and those that are tried. */
  before: readonly RuleSource[]
  after: readonly RuleSource[]
  /** Parameters to vary over `after`. */
  axes?: readonly Axis[]
  labels?: Labels
  /** The share of honest learners of whom the swept rule may warn. */
  falseAlarms?: number
  budgets?: readonly Budget[]
  progress?(this: void, read: number, size: number, accounts: Accounts): void
}

export interface BacktestResult {
  report: BacktestReport
  /** Every warning that was added, removed or changed; none for a sweep. */
  changes: Change[]
}

const EXAMPLES = 3

/** Runs a log once under today's rules and under others, and tells what would change. Errors: `bad-rules`, `usage`, those of reading. */
export async function backtest(options: BacktestOptions): Promise<BacktestResult> {
  const { surroundings, axes = [], labels } = options
  const before: Variant = { name: 'today', context: await contextUnder(options.before, surroundings) }
  const points = axes.length === 0 ? [] : gridOf(axes)
  const tried: Variant[] = points.length === 0 ? [{ name: 'changed', context: await contextUnder(options.after, surroundings) }] : []
  for (const point of points) tried.push({ name: pointName(axes, point), context: await loadPoint(axes, point, options) })
  const run = await runVariants([before, ...tried], options)
  const [was, ...are] = run.judged as [Judged, ...Judged[]]
  const { accounts, span, problems } = run.replayed
  const { rules: _rules, prompts: _prompts, ...counts } = accounts
  const report: BacktestReport = {
    format: 1,
    log: { files: [...options.logs], ...(Number.isFinite(span.first) ? { first: formatTime(span.first), last: formatTime(span.last) } : {}), ...counts, duplicates: duplicatesOf(run.replayed.machines[0] as Machine) },
    before: { context: before.context.hash, rules: liveRules(before).length },
    rules: [], coverage: [], faults: faultsOf(run.judged), problems,
  }
  if (labels) report.labels = { kind: labels.kind, before: run.rates(was, labels), ...(labels.kind === 'reviews' ? { unknown: [...labels.verdicts.keys()].filter((id) => !run.known().has(id)).length } : {}) }
  let changes: Change[] = []
  if (points.length === 0) changes = tellChange(report, run, was, are[0] as Judged, options)
  else await tellSweep(report, run, was, are, { ...options, axes, points })
  return { report, changes }
}

/** Loads the rules with the values of a point laid over them. What is wrong with the values is wrong with the sweep. */
async function loadPoint(axes: readonly Axis[], point: Point, { after, surroundings }: BacktestOptions): Promise<OpenContext> {
  const overlay = overlayOf(axes, point)
  try {
    return await contextUnder([...after, overlay], surroundings)
  } catch (e) {
    if (!(e instanceof InvigilError) || !e.problems.some((p) => p.file === overlay.dir)) throw e
    const problems = e.problems.map((p) => (p.file === overlay.dir ? { message: `\`--sweep\` with \`${pointName(axes, point)}\`: ${p.message}`, mend: p.mend } : p))
    throw new InvigilError(e.code, problems.length === 1 ? (problems[0] as { message: string }).message : 'these values cannot be swept', { problems, cause: e })
  }
}

function tellChange(report: BacktestReport, run: Run, was: Judged, is: Judged, { labels, budgets = [] }: BacktestOptions): Change[] {
  const { context } = is.variant
  report.after = { context: context.hash, rules: liveRules(is.variant).length }
  report.rules = ruleChanges(was.variant.context.bundle, context.bundle)
  const comparison = compare(was, is)
  const { changes, ...counts } = comparison
  const examples = { added: examplesOf(changes, 'added', EXAMPLES), removed: examplesOf(changes, 'removed', EXAMPLES), changed: examplesOf(changes, 'changed', EXAMPLES) }
  report.comparison = { ...counts, examples }
  if (labels && report.labels) report.labels.after = run.rates(is, labels)
  const coverage = run.coverage(is).filter((row) => report.rules.some((r) => r.rule === row.rule))
  report.coverage = coverage.filter(isTold)
  if (budgets.length > 0) report.budgets = judge(budgets, comparison, report.labels?.after?.overall, unjudged(report, coverage))
  return changes
}

/** Why a log says nothing of a change, if it does not. */
function unjudged({ log, problems, rules }: BacktestReport, coverage: readonly CoverageRow[]): string | undefined {
  if (log.events === 0) return 'there is no event in the log'
  if (problems.length > 0) return 'the log is cut short'
  const nowhere = rules.filter(({ rule, kind }) => kind !== 'removed' && !coverage.some((c) => c.rule === rule && c.state === 'judged')).map((r) => r.rule)
  return nowhere.length === 0 ? undefined : `${nowhere.join(', ')} can be judged on no platform of the log`
}

async function tellSweep(report: BacktestReport, run: Run, was: Judged, are: readonly Judged[], options: BacktestOptions & { axes: readonly Axis[]; points: readonly Point[] }): Promise<void> {
  const { axes, points, labels } = options
  const rules = [...new Set(axes.map((a) => a.rule))].sort(compareText)
  const figures = (of: Judged, by = run): Figures => {
    const own = standing(of).filter((w) => rules.includes(w.rule))
    const { byRule } = compare(was, of)
    const sum = (what: 'added' | 'removed' | 'changed') => rules.reduce((n, r) => n + (byRule[r]?.[what] ?? 0), 0)
    return {
      warnings: own.length, learners: learnersOf(own).size, added: sum('added'), removed: sum('removed'), changed: sum('changed'),
      ...(labels ? { rates: by.ratesOf(of, labels, rules) } : {}),
    }
  }
  report.sweep = {
    axes: [...axes], rules, today: figures(was),
    points: points.map((point, i) => ({ name: pointName(axes, point), values: pointValues(axes, point), ...figures(are[i] as Judged) })),
  }
  report.coverage = run.coverage(are[0] as Judged).filter((row) => isTold(row) && rules.includes(row.rule))
  if (options.falseAlarms === undefined || labels === undefined) return
  report.suggestion = await suggestionFor(report.sweep, options.falseAlarms, {
    load: (source) => contextUnder([...options.after, source], options.surroundings),
    measure: !(await canReadAgain(options.logs)) ? undefined : async (contexts) => {
      const again = await runVariants(contexts.map((context, i) => ({ name: String(i), context })), options)
      return again.judged.map((of) => figures(of, again))
    },
  })
}

/** What came through a pipe is gone. */
async function canReadAgain(logs: readonly string[]): Promise<boolean> {
  return !logs.includes('-') && (await Promise.all(logs.map(isFile))).every(Boolean)
}

function isTold({ state, why }: CoverageRow): boolean {
  return state === 'not evaluable' || why.length > 0
}

/** Conditions that failed; those of a rule that variants share are counted once. */
function faultsOf(judged: readonly Judged[]): unknown[] {
  return [...new Map(judged.flatMap(({ variant }) => variant.context.bundle.faults.list().map((f) => [JSON.stringify(f), f] as const))).values()]
}

/** Variants that have run over the log. */
interface Run {
  judged: readonly Judged[]
  replayed: Replayed
  /** The ids of all warnings that any of them gives, of some rules or of all. */
  known(rules?: readonly string[]): Set<string>
  ratesOf(of: Judged, labels: Labels, rules: readonly string[]): Rates
  rates(of: Judged, labels: Labels): VariantRates
  coverage(of: Judged): CoverageRow[]
}

async function runVariants(variants: readonly Variant[], options: BacktestOptions): Promise<Run> {
  const { catalogue } = options.surroundings
  const passes = planPasses(variants)
  const ledgers = passes.map(() => new Ledger(catalogue))
  const replayed = await replay({ ...options, passes, output: (pass, warning) => (ledgers[pass] as Ledger).take(warning) })
  const passOf = (variant: Variant): number => passes.findIndex((p) => p.variants.includes(variant))
  const judged = variants.map((variant) => ({ variant, ledger: ledgers[passOf(variant)] as Ledger }))
  const rows = new Map(variants.map((v) => [v, rowsOf(v, passes[passOf(v)] as Pass, replayed.machines[passOf(v)] as Machine)]))
  const ids = new Map<string, Set<string>>()
  // Asked again for each variant.
  const known = (rules?: readonly string[]): Set<string> => {
    const key = rules?.join(' ') ?? ''
    let found = ids.get(key)
    if (found === undefined) ids.set(key, (found = new Set(judged.flatMap((j) => standing(j).filter((w) => rules === undefined || rules.includes(w.rule)).map((w) => w.id)))))
    return found
  }
  const coverage = ({ variant }: Judged): CoverageRow[] => rows.get(variant) ?? []
  const rates = (of: Judged, labels: Labels, rules: readonly string[]): Rates => {
    const judgedOn = new Set(coverage(of).filter((r) => r.state === 'judged').map((r) => `${r.rule}\u0000${r.platform}`))
    return ratesOf(labels, rules, standing(of), known(rules), (rule, platform) => judgedOn.has(`${rule}\u0000${platform}`))
  }
  return {
    judged, replayed, known, coverage, ratesOf: rates,
    rates: (of, labels) => ({
      overall: overallRates(labels, standing(of), known()),
      byRule: Object.fromEntries(liveRules(of.variant).map((r) => [r.id, rates(of, labels, [r.id])])),
    }),
  }
}

/** What of a variant's rules could be judged. */
function rowsOf(variant: Variant, pass: Pass, machine: Machine): CoverageRow[] {
  const own = new Set(versionsOf(variant))
  const rules = pass.rules.filter((r) => own.has(versionKey({ rule: r.as ?? r.id, ruleVersion: r.version })))
  const names = new Map(rules.map((r) => [r.id, r.as ?? r.id]))
  return coverageRows(machine, { rules, catalogue: variant.context.catalogue }).map((row) => ({ ...row, rule: names.get(row.rule) as string }))
}
