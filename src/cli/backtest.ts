import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { InvigilError } from '../base/errors.ts'
import { MANIFEST } from '../io/archive/manifest.ts'
import { fileError } from '../io/file-error.ts'
import { readRuleSources } from '../io/texts.ts'
import { needsLabels, parseBudget, type Budget } from '../pipeline/backtest/budget.ts'
import type { Labels } from '../pipeline/backtest/labels.ts'
import type { BacktestReport } from '../pipeline/backtest/report.ts'
import { backtest, type BacktestResult } from '../pipeline/backtest/run.ts'
import { parseAxis, type Axis } from '../pipeline/backtest/sweep.ts'
import { openSurroundings } from '../pipeline/context.ts'
import { writeBacktest } from './backtest-report.ts'
import { EXIT } from './exit.ts'
import { readLabels } from './labels.ts'
import { addLogOptions, readForm, type LogOptions } from './log-options.ts'
import { repeated } from './options.ts'
import { RULES_HELP, rulesDirs } from './rules.ts'
import { Screen } from './screen.ts'
import { VERSION } from './version.ts'

interface Options extends LogOptions {
  input?: string[]
  rules?: string[]
  against: string[]
  labels?: string
  sweep?: string[]
  falseAlarms?: number
  overlayOut?: string
  budget?: string[]
  output?: string
  quiet?: boolean
  json?: boolean
}

const EXAMPLES = `
Examples:
  invigil backtest may.ndjson.gz --catalogue catalogue.yaml --rules shipped --rules ours
  invigil backtest may.ndjson.gz --rules shipped --rules ours --budget 'added<50' --budget 'learners<=20'
  invigil backtest may.ndjson.gz --sweep parallel-chapters.overlap=10s..60s:10s --output sweep
  invigil backtest world/telemetry.ndjson.gz --catalogue world/catalogue.yaml --labels world/truth.json \\
    --sweep hang-up.idle=10m..60m:5m --false-alarms 0.5% --overlay-out ours/hang-up.yaml

The log is read once for all variants of the rules. A sweep tries at most 50.
A budget limits \`added\`, \`removed\`, \`changed\`, \`learners\` (newly and no longer
warned of) or, with labels, \`precision\` and \`recall\` under the changed rules.
Exit codes: 0 all is well; 1 the system failed; 2 there is something to mend: a
budget that is not kept, no value for the wanted false alarms, a log cut short.
`

/** `invigil backtest`: what other rules would have changed, before anybody is accused. */
export function backtestCommand(): Command {
  return addLogOptions(new Command('backtest').description('show what other rules would have warned of in a log')
    .argument('[log...]', 'NDJSON files, compressed with gzip or not; `-`: standard input'))
    .option('--input <log>', 'a log, as if it were named without `--input`; may be given several times', repeated())
    .addOption(new Option('--rules <dir>', `the changed rules: ${RULES_HELP} (default with \`--sweep\`: those of \`--against\`)`).argParser(repeated()))
    .addOption(new Option('--against <dir>', 'the rules of today, in the same way').argParser(repeated()).default(['shipped'], '`shipped`'))
    .option('--labels <file>', 'who did cheat: truth.json of `invigil simulate`, or reviews of warnings, one a line')
    .option('--sweep <rule.param=values>', 'try a parameter at several values, such as `parallel-chapters.overlap=10s..60s:10s` or `…=15s,30s`; given several times, every combination', repeated())
    .option('--false-alarms <share>', 'suggest the value of the swept parameter at which its rule warns of at most this share of the honest, such as `0.5%`', share)
    .option('--overlay-out <file>', 'write that value as a rules file, to be laid over the others with `--rules`')
    .option('--budget <limit>', 'fail where the change does not keep to it, such as `added<50` or `precision>=95%`; may be given several times', repeated())
    .option('--output <dir>', 'folder for backtest.json, changes.ndjson and the curve of a sweep, sweep.svg')
    .option('--quiet', 'show no progress')
    .option('--json', 'print the report as JSON, and nothing else')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

/** What was asked, once it is checked. */
interface Asked {
  logs: string[]
  axes: Axis[]
  budgets: Budget[]
}

async function run(named: string[], options: Options): Promise<void> {
  const { logs, axes, budgets } = check(named, options)
  const labels = options.labels === undefined ? undefined : await readLabels(options.labels)
  checkLabels(options, labels)
  const form = await readForm(options)
  const { catalogue, geo, models, backend, lateness, markEvery, falseAlarms } = options
  const [before, after] = await Promise.all([options.against, options.rules ?? options.against].map((dirs) => readRuleSources(rulesDirs(dirs))))
  const surroundings = await openSurroundings({ catalogue, geo, models, backend, version: VERSION })
  await makeFolders(options)
  const screen = new Screen({ quiet: options.quiet || options.json || false, counts: false })
  // Nothing is written before the end: whoever ends it earlier leaves nothing behind but a cursor.
  const onInterrupt = (): void => {
    screen.close()
    process.exit(130)
  }
  process.once('SIGINT', onInterrupt)
  let result: BacktestResult
  try {
    result = await backtest({
      logs, ...form, lateness, markEvery, surroundings, before: before ?? [], after: after ?? [], axes, labels, falseAlarms, budgets,
      progress: (read, size, accounts) => screen.progress(read, size, accounts),
    })
  } finally {
    screen.close()
    process.off('SIGINT', onInterrupt)
  }
  const { report } = result
  const written = await write(result, options)
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : writeBacktest(report, { written, against: options.against, rules: options.rules ?? options.against, columns: process.stdout.isTTY ? process.stdout.columns : undefined }))
  process.exitCode = exitCode(report)
}

/** Checks what was asked; all that is wrong is told at once. Errors: `usage`. */
function check(named: readonly string[], options: Options): Asked {
  const problems: string[] = []
  const each = <T>(texts: readonly string[] | undefined, parse: (text: string) => T): T[] => (texts ?? []).flatMap((text) => {
    try {
      return [parse(text)]
    } catch (e) {
      if (!(e instanceof InvigilError) || e.code !== 'usage') throw e
      problems.push(e.message)
      return []
    }
  })
  const logs = [...named, ...(options.input ?? [])]
  const axes = each(options.sweep, parseAxis)
  const budgets = each(options.budget, parseBudget)
  const { sweep = [], falseAlarms, overlayOut, labels } = options
  const folder = logs.find((l) => existsSync(join(l, MANIFEST)))
  if (logs.length === 0) problems.push('name a log: `invigil backtest telemetry.ndjson --rules shipped --rules ours`')
  if (folder !== undefined) problems.push(`\`${folder}\` is an archive; name logs`)
  if (logs.filter((l) => l === '-').length > 1) problems.push('standard input (`-`) can be named once')
  if (options.rules === undefined && sweep.length === 0) problems.push('say what is changed: the changed rules with `--rules`, such as `--rules shipped --rules ours`, or a parameter with `--sweep`')
  if (falseAlarms !== undefined) {
    if (labels === undefined) problems.push('`--false-alarms` needs to know who is honest; name the truth of a simulation with `--labels`')
    if (sweep.length !== 1) problems.push('`--false-alarms` suggests a value of one parameter; name it, and the values to try, with one `--sweep`')
    else if (axes[0]?.kind === 'text') problems.push(`\`--false-alarms\` seeks a number or a duration, and \`${axes[0].rule}.${axes[0].param}\` is swept over words`)
  }
  if (overlayOut !== undefined && falseAlarms === undefined) problems.push('`--overlay-out` writes the value that is suggested; say for which share of false alarms with `--false-alarms`')
  if (overlayOut !== undefined && !/\.ya?ml$/.test(overlayOut)) problems.push(`\`--overlay-out ${overlayOut}\` would not be read as rules; let its name end in \`.yaml\``)
  if (budgets.length > 0 && sweep.length > 0) problems.push('`--budget` limits one change; leave `--sweep` out')
  const unlabelled = budgets.find(needsLabels)
  if (unlabelled && labels === undefined) problems.push(`\`--budget ${unlabelled.text}\` needs to know who did cheat; say so with \`--labels\``)
  if (problems.length > 1) throw new InvigilError('usage', `${problems.length} things are wrong with the command`, { problems: problems.map((message) => ({ message })) })
  if (problems.length > 0) throw new InvigilError('usage', problems[0] as string)
  return { logs, axes, budgets }
}

function checkLabels({ falseAlarms, labels: file }: Options, labels: Labels | undefined): void {
  if (falseAlarms === undefined || labels?.kind !== 'reviews') return
  throw new InvigilError('usage', `\`${file}\` holds reviews, which say nothing of honest learners who were never warned of; \`--false-alarms\` needs the truth of a simulation`)
}

/** Makes the folders that are written to: better to fail before the log is read than after. Errors: `io`, `usage`. */
async function makeFolders({ output, overlayOut }: Options): Promise<void> {
  for (const dir of [output, overlayOut === undefined ? undefined : dirname(overlayOut)]) {
    if (dir === undefined) continue
    await mkdir(dir, { recursive: true }).catch((e: NodeJS.ErrnoException) => {
      throw fileError(dir, e)
    })
  }
}

/** Writes the files that were asked for; returns their names. Errors: `io`, `disk-full`, `usage` where they cannot be written. */
async function write({ report, changes }: BacktestResult, { output, overlayOut, falseAlarms }: Options): Promise<string[]> {
  const files = new Map<string, string>()
  if (output !== undefined) {
    files.set(join(output, 'backtest.json'), `${JSON.stringify(report, null, 2)}\n`)
    if (report.comparison) files.set(join(output, 'changes.ndjson'), changes.map((c) => `${JSON.stringify(c)}\n`).join(''))
    if (report.sweep) {
      // Drawing is loaded only where something is drawn.
      const { sweepPlot } = await import('../pipeline/backtest/plot.ts')
      files.set(join(output, 'sweep.svg'), await sweepPlot(report.sweep, report.labels?.kind, report.suggestion))
    }
  }
  const { suggestion } = report
  if (overlayOut !== undefined && suggestion?.overlay !== undefined) files.set(overlayOut, `# Suggested by \`invigil backtest\` for ${100 * (falseAlarms as number)} % of false alarms, by ${suggestion.honest} honest learners.\n${suggestion.overlay}`)
  for (const [file, text] of files) {
    await writeFile(file, text).catch((e: NodeJS.ErrnoException) => {
      throw fileError(file, e)
    })
  }
  return [...files.keys()]
}

/** 2 where there is something to mend. */
function exitCode({ budgets = [], suggestion, problems }: BacktestReport): number {
  return budgets.some((b) => !b.kept) || (suggestion !== undefined && suggestion.value === undefined) || problems.length > 0 ? EXIT.user : 0
}

/** A share such as `0.5%`. */
function share(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text) ?? []
  const value = Number(number) / 100
  if (number === undefined || value <= 0 || value >= 1) throw new InvalidArgumentError('write it like `0.5%`')
  return value
}
