import { Command, Option } from 'commander'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { InvigilError } from '../base/errors.ts'
import { fileError } from '../io/file-error.ts'
import { EXPORT_FORMATS, EXPORTS, exportFile, type ExportFormat } from '../pipeline/export.ts'

interface Options {
  format: ExportFormat
  warnings?: string
  records?: string
  prompts?: string
  output?: string
  everyRevision?: boolean
}

const EXAMPLES = `
Examples:
  invigil export --format csv --warnings out/warnings.ndjson --output warnings.csv
  invigil export --format csv --records out/records.ndjson --output records.csv

Of each warning and record the last revision is written, which is the whole truth of
it. The CSV opens in a spreadsheet: UTF-8 with its mark, and an apostrophe before a
text that would be taken for a formula, or for a number or day that it is not.
`

/** `invigil export`: outputs as a spreadsheet reads them. */
export function exportCommand(): Command {
  return new Command('export')
    .description('write warnings, records or prompts as CSV, or with their last revisions only')
    .addOption(new Option('--format <format>', 'what to write').choices(EXPORT_FORMATS).default('csv'))
    .option('--warnings <file>', 'warnings.ndjson of a run, compressed with gzip or not')
    .option('--records <file>', 'records.ndjson of a run')
    .option('--prompts <file>', 'prompts.ndjson of a run')
    .option('--output <file>', 'where to write (default: standard output)')
    .option('--every-revision', 'also revisions that a later one has replaced')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(options: Options): Promise<void> {
  const [kind, second] = EXPORTS.filter((k) => options[k] !== undefined)
  if (kind === undefined || second !== undefined) throw new InvigilError('usage', `name one file: ${EXPORTS.map((k) => `\`--${k}\``).join(', ')}`)
  const pieces = exportFile(options[kind] as string, { kind, format: options.format, everyRevision: options.everyRevision })
  if (options.output === undefined) {
    for await (const piece of pieces) if (!process.stdout.write(piece)) await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')])
    return
  }
  // What is wrong with the first line leaves a file of before as it is.
  const first = await pieces.next()
  const file = createWriteStream(options.output)
  const done = finished(file)
  done.catch(() => undefined)
  try {
    for (let next = first; !next.done; next = await pieces.next()) if (!file.write(next.value)) await Promise.race([once(file, 'drain'), done])
    file.end()
    await done
  } catch (e) {
    file.destroy()
    throw e instanceof InvigilError ? e : fileError(options.output, e as NodeJS.ErrnoException)
  }
}
