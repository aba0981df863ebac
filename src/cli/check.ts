import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { InvigilError } from '../base/errors.ts'
import { MANIFEST } from '../io/archive/manifest.ts'
import { replaceDurably } from '../io/durable-file.ts'
import { writeCheckPage } from '../pipeline/check/page.ts'
import { checkSchema, type CheckReport } from '../pipeline/check/report.ts'
import { checkLogs } from '../pipeline/check/run.ts'
import { openContext } from '../pipeline/context.ts'
import { writeCheck } from './check-report.ts'
import { withProgress } from './evidence-feed.ts'
import { EXIT } from './exit.ts'
import { addLogOptions, formatOption, readForm, type LogOptions } from './log-options.ts'
import { rulesDirs, rulesOption } from './rules.ts'
import { VERSION } from './version.ts'

interface Options extends LogOptions {
  rules: string[]
  json?: string
  html?: string
}

const EXAMPLES = `
Examples:
  invigil check telemetry.ndjson.gz --catalogue catalogue.yaml
  invigil check tracking.log --html check.html
  invigil check telemetry.ndjson --json - | jq '.lacks[].says.en'

Nothing is written but what is asked for, and nobody is warned. The page needs
nothing else and can be sent to the platform; it holds a few values of the log
as examples. The same logs and options give the same report.
Exit codes: 0 every record was taken; 1 the system failed; 2 there is something
to mend: a record that was rejected, a log cut short or without any event.
`

/** The columns of a report as text, where no terminal says otherwise. */
const COLUMNS = 100

/** `invigil check`: what a log holds, what is wrong with it, and what rules can judge by it. */
export function checkCommand(): Command {
  return addLogOptions(new Command('check').description('tell what a log holds, what is wrong with it, which rules it lets judge and what to add')
    .argument('<log...>', 'files, compressed with gzip or not; `-`: standard input'), formatOption().default('auto', 'each record for what it looks like'))
    .addOption(rulesOption())
    .option('--json <file>', 'write the report as JSON; `-`: to standard output, in place of the text')
    .option('--html <file>', 'write it as a page, in English and Chinese, that needs nothing else')
    .addHelpText('after', EXAMPLES)
    .action(check)
}

/** Logs that a command reads once, to look at: throws `usage` for what it cannot. */
export function refuseArchives(logs: readonly string[], command: string): void {
  const folder = logs.find((log) => log !== '-' && existsSync(join(log, MANIFEST)))
  if (folder !== undefined) throw new InvigilError('usage', `\`${folder}\` is an archive, whose records were taken already; \`invigil ${command}\` looks at a platform's own logs`)
  if (logs.filter((log) => log === '-').length > 1) throw new InvigilError('usage', 'standard input (`-`) can be named once')
}

async function check(logs: string[], options: Options): Promise<void> {
  refuseArchives(logs, 'check')
  const written = [options.json, options.html].filter((f) => f !== undefined && f !== '-')
  const over = written.find((file, i) => logs.includes(file as string) || file === options.catalogue || written.indexOf(file) < i)
  if (over !== undefined) throw new InvigilError('usage', `\`${over}\` would be written over; name another file`)
  const form = await readForm(options)
  const { catalogue, geo, models, backend, lateness, markEvery } = options
  const context = await openContext({ rules: rulesDirs(options.rules), catalogue, geo, models, backend, version: VERSION })
  const report = await withProgress((progress) => checkLogs({ logs, ...form, context, lateness, markEvery, progress }))
  const json = `${JSON.stringify(checkSchema.parse(report), undefined, 2)}\n`
  if (options.json !== undefined && options.json !== '-') await replaceDurably(options.json, Buffer.from(json))
  if (options.html !== undefined) await replaceDurably(options.html, Buffer.from(writeCheckPage(report)))
  process.stdout.write(options.json === '-' ? json : writeCheck(report, { columns: process.stdout.isTTY ? Math.min(COLUMNS, process.stdout.columns || COLUMNS) : COLUMNS, written: written as string[] }))
  if (isBad(report)) process.exitCode = EXIT.user
}

function isBad({ log, problems }: CheckReport): boolean {
  return log.rejected.length > 0 || problems.length > 0 || log.events === 0
}
