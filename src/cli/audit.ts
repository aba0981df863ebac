import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { InvigilError } from '../base/errors.ts'
import { isTimeZone, SECOND, type Ms } from '../base/time.ts'
import { Catalogue } from '../catalogue/index.ts'
import { loadCatalogue } from '../catalogue/load.ts'
import { readText } from '../io/texts.ts'
import { makeAudit, type MakeSink } from '../pipeline/audit/make.ts'
import type { BadLine } from '../pipeline/audit/read.ts'
import type { Audit } from '../pipeline/audit/report.ts'
import { AUDIT_FILES, AuditFolder } from '../pipeline/audit/write.ts'
import { auditText } from './audit-text.ts'
import { EXIT } from './exit.ts'
import { duration, repeated } from './options.ts'
import { columnsOf, printable } from './text.ts'

const LANGUAGES = ['both', 'en', 'zh'] as const

interface Options {
  records: string[]
  claims: string
  warnings?: string[]
  reviews?: string
  catalogue?: string
  encoding?: string
  platform?: string
  hour: Ms
  tolerance: Ms
  timeZone?: string
  language: (typeof LANGUAGES)[number]
  output?: string
  json?: boolean
}

const EXAMPLES = `
Examples:
  invigil audit --records out/records.ndjson --claims claims.csv --warnings out/warnings.ndjson --catalogue catalogue.yaml --output audit
  invigil audit --records out/records.ndjson.gz --claims 学时.csv --encoding gb18030 --hour 45m --output audit --language zh

Claims are a row for each learner and chapter (or course, or class): the columns
platform, learner, class, course, chapter, date, and hours (class hours) or
seconds; also in JSON. No evidence is no guilt: what a platform does not send is
not evaluable. How to read the result is told in docs/audit.md.
Exit codes: 0 all was read; 1 the system failed; 2 there is something to mend,
such as rows of claims that are none (listed in ${AUDIT_FILES.rejects}).
`

/** So many bad lines are told in the terminal. */
const TOLD = 5

/** `invigil audit`: what a platform claims, against what its log proves. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('compare the hours that platforms claim with those that their log proves')
    .addOption(new Option('--records <file>', 'learning records, records.ndjson of a run (`.gz` or plain); may be given several times').argParser(repeated()).makeOptionMandatory())
    .requiredOption('--claims <file>', 'what the platforms say that each learner studied: CSV, a JSON array or one JSON object a line')
    .addOption(new Option('--warnings <file>', 'warnings, which dispute hours; may be given several times').argParser(repeated()))
    .option('--reviews <file>', 'reviews of these warnings: what was dismissed disputes nothing')
    .option('--catalogue <file>', 'classes, courses and what an hour costs')
    .option('--encoding <name>', 'the encoding of the claims, such as `gb18030`; default UTF-8')
    .option('--platform <id>', 'the platform of claims that name none')
    .addOption(new Option('--hour <duration>', 'the length of a class hour').argParser(positive).default(45 * 60 * SECOND, '45m'))
    .addOption(new Option('--tolerance <duration>', 'up to what difference a claim agrees').argParser(duration).default(60 * SECOND, '60s'))
    .addOption(new Option('--time-zone <zone>', 'the time zone of classes that have none in the catalogue, such as `Asia/Shanghai`; default UTC').argParser(zone))
    .addOption(new Option('--language <language>', 'the language that the page begins with').choices(LANGUAGES).default('both'))
    .option('--output <dir>', `folder for ${AUDIT_FILES.html}, ${AUDIT_FILES.json} and the lists as CSV`)
    .option('--json', 'print the report as JSON, and nothing else')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(options: Options): Promise<void> {
  const { records, claims, warnings, reviews, catalogue: file, encoding, platform, timeZone, output } = options
  if (reviews !== undefined && warnings === undefined) throw new InvigilError('usage', '`--reviews` are of warnings; name these with `--warnings`')
  for (const input of [...records, claims, ...(warnings ?? []), reviews, file]) if (input !== undefined) spare(input, output)
  const catalogue = file === undefined ? new Catalogue({ platforms: [], courses: [], classes: [], networks: {} }) : loadCatalogue(await readText(file), file)
  const hour = options.hour / SECOND
  const folder = output === undefined ? undefined : new AuditFolder(output, hour)
  const told: BadLine[] = []
  let bad = 0
  const sink: MakeSink = {
    differing: (row) => folder?.differing(row),
    learner: (learner) => folder?.learner(learner),
    reject: (line) => {
      bad++
      if (told.length < TOLD) told.push(line)
      folder?.reject(line)
    },
  }
  let files: string[] = []
  let report: Audit
  try {
    report = await makeAudit({ records, claims, encoding, platform, warnings, reviews, catalogue, hour, tolerance: options.tolerance / SECOND, timeZone }, sink)
    if (folder !== undefined) {
      // Drawing is loaded only where something is drawn.
      const { auditPage } = await import('../pipeline/audit/page.ts')
      files = folder.finish(report, await auditPage(report, options.language))
    }
  } catch (e) {
    folder?.abandon()
    throw e
  }
  for (const { file: of, line, message } of told) process.stderr.write(`invigil: ${printable(`${of}:${line}: ${message}`)}\n`)
  if (bad > told.length) process.stderr.write(`invigil: ${bad - told.length} more lines were not taken${output === undefined ? '; `--output` lists them' : ''}\n`)
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : auditText(report, files, columnsOf(process.stdout)))
  if (bad > 0) process.exitCode = EXIT.user
}

/** Throws where a file of the audit would take the place of one that it reads. */
function spare(input: string, output: string | undefined): void {
  if (output === undefined || input === '-' || !existsSync(input)) return
  const names: string[] = [...Object.values(AUDIT_FILES), ...[AUDIT_FILES.learners, AUDIT_FILES.differing].flatMap((name) => [`${name}.csv`, `${name}.ndjson`])]
  const path = realpathSync(input)
  const dir = existsSync(output) ? realpathSync(output) : resolve(output)
  if (dirname(path) === dir && names.includes(basename(path))) throw new InvigilError('usage', `the audit would overwrite \`${join(output, basename(path))}\`, which it reads; name another folder with \`--output\``)
}

function positive(text: string): Ms {
  const ms = duration(text)
  if (ms < SECOND) throw new InvalidArgumentError('a class hour is at least a second long')
  return ms
}

function zone(text: string): string {
  if (!isTimeZone(text)) throw new InvalidArgumentError('name a time zone such as `Asia/Shanghai`')
  return text
}
