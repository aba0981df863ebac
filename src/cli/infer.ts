import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { InvigilError } from '../base/errors.ts'
import { makeFolder, replaceDurably } from '../io/durable-file.ts'
import { openGeo } from '../io/geo.ts'
import { isKnownFormat } from '../pipeline/infer/mapping/known.ts'
import { inferMapping, type InferredMapping } from '../pipeline/infer/mapping/run.ts'
import { inferCatalogue, type Inferred } from '../pipeline/infer/run.ts'
import { isFile } from '../pipeline/logs.ts'
import { refuseArchives } from './check.ts'
import { withProgress } from './evidence-feed.ts'
import { EXIT } from './exit.ts'
import { addFormOptions, formatOption, readForm, type FormOptions } from './log-options.ts'
import { repeated } from './options.ts'
import { n } from './report.ts'
import { columnsOf, printable, wrap } from './text.ts'

interface Options extends Partial<FormOptions> {
  geo?: string[]
  output: string
  force?: boolean
}

const CATALOGUE = 'catalogue.yaml'
const MAPPING = 'invigil.mapping.yaml'

const EXAMPLES = `
Examples:
  invigil infer telemetry.ndjson.gz --output draft
  invigil check telemetry.ndjson.gz --catalogue draft/catalogue.yaml
  invigil infer export.csv --platform p1 --output draft
  invigil infer export.csv --mapping draft/invigil.mapping.yaml --output draft

A draft is to be read: each line says from what it was told and how sure it is.
What could accuse somebody and is not sure is commented out. Of a table, and of
JSON that is of no known format, the mapping is drafted first (docs/mapping.md).
`

/** `invigil infer`: drafts a catalogue from logs, and a mapping for those that need one. */
export function inferCommand(): Command {
  return addFormOptions(new Command('infer').description('draft the catalogue from a log (chapters in order, lengths, rosters, the cadence of players), and the mapping of one in a format of its own; to be read and kept')
    .argument('<log...>', 'files, compressed with gzip or not; `-`: standard input'), formatOption().default(undefined, 'what the first records are of; of none: a mapping is drafted'))
    .option('--geo <file>', 'a GeoIP database (.mmdb) instead of the one that comes with Invigil; may be given several times', repeated())
    .requiredOption('--output <dir>', `folder for ${CATALOGUE} or ${MAPPING}; made if it is not there`)
    .option('--force', 'write over an earlier draft')
    .addHelpText('after', EXAMPLES)
    .action(infer)
}

async function infer(logs: string[], options: Options): Promise<void> {
  refuseArchives(logs, 'infer')
  const [log] = logs as [string]
  // What comes through a pipe can be read once: it is taken for telemetry.
  const isKnown = options.format !== undefined || options.mapping !== undefined || log === '-' || !(await isReadTwice(log)) || (await isKnownFormat(log))
  if (isKnown) await draftCatalogue(logs, options)
  else await draftMapping(log, options)
}

/** A pipe gives what it has once; a file that is not there is told of by who opens it. */
async function isReadTwice(log: string): Promise<boolean> {
  return (await isFile(log)) || !existsSync(log)
}

async function draftCatalogue(logs: string[], { geo, output, force, ...options }: Options): Promise<void> {
  const file = place(output, CATALOGUE, force)
  const form = await readForm({ ...options, format: options.format ?? (options.mapping === undefined ? 'auto' : 'canonical') })
  const databases = await openGeo(geo)
  const inferred = await withProgress((progress) => inferCatalogue({ logs, ...form, geo: databases, progress }))
  for (const problem of inferred.problems) process.stderr.write(`invigil: ${problem}\n`)
  if (inferred.events === 0) throw new InvigilError('bad-input', 'there is no event to draft a catalogue from; `invigil check` tells what became of the records')
  await makeFolder(output)
  await replaceDurably(file, Buffer.from(inferred.text))
  process.stdout.write(`${file}: ${catalogueTold(inferred)}\n`)
  const rejected = Object.values(inferred.rejected).reduce((a, b) => a + b, 0)
  if (rejected > 0) process.stderr.write(`invigil: ${n(rejected, 'record')} rejected; \`invigil check\` tells why\n`)
  if (rejected > 0 || inferred.problems.length > 0) process.exitCode = EXIT.user
}

async function draftMapping(log: string, { platform, output, force }: Options): Promise<void> {
  const file = place(output, MAPPING, force)
  const inferred = await inferMapping(log, platform)
  await makeFolder(output)
  await replaceDurably(file, Buffer.from(inferred.text))
  const next = inferred.events === 0 ? [] : [`read it, then: invigil check ${log} --mapping ${file}, and invigil infer ${log} --mapping ${file} --output ${output}`]
  process.stdout.write(`${file}: ${[...mappingTold(inferred), ...next].map((line) => `${wrap(printable(line), columnsOf(process.stdout))}\n`).join('')}`)
  if (inferred.events === 0) process.exitCode = EXIT.user
}

function place(output: string, name: string, force = false): string {
  const file = join(output, name)
  if (!force && existsSync(file)) throw new InvigilError('usage', `\`${file}\` is there already, and somebody may have worked on it; name another folder, or write over it with \`--force\``)
  return file
}

function catalogueTold({ catalogue: { data }, events }: Inferred): string {
  const chapters = data.courses.reduce((sum, c) => sum + c.chapters.length, 0)
  const learners = data.classes.reduce((sum, c) => sum + c.learners.length, 0)
  return `${n(data.platforms.length, 'platform')}, ${n(data.courses.length, 'course')} with ${n(chapters, 'sure chapter')}, ${data.classes.length} class${data.classes.length === 1 ? '' : 'es'} with ${n(learners, 'learner')}, from ${n(events, 'event')}`
}

function mappingTold({ left, problems, records, events, ignored, rejected }: InferredMapping): string[] {
  const head = problems.length > 0 ? `it cannot be used yet` : `of the first ${n(records, 'record')} it makes ${n(events, 'event')}${ignored > 0 ? `, ${ignored} ignored` : ''}`
  return [
    `a draft from a log of no known format; ${head}`,
    ...problems.map((p) => `  ${p.message}${p.mend === undefined ? '' : ` (${p.mend})`}`),
    ...rejected.map(({ fault, count }) => `  ${n(count, 'record')} rejected as \`${fault.reason}\`: ${fault.message}`),
    ...(left.length > 0 ? ['left to say:', ...left.map((l) => `  ${l}`)] : []),
  ]
}
