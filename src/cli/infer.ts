import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { InvigilError } from '../base/errors.ts'
import { makeFolder, replaceDurably } from '../io/durable-file.ts'
import { openGeo } from '../io/geo.ts'
import { inferCatalogue, type Inferred } from '../pipeline/infer/run.ts'
import { refuseArchives } from './check.ts'
import { withProgress } from './evidence-feed.ts'
import { EXIT } from './exit.ts'
import { addFormOptions, readForm, type FormOptions } from './log-options.ts'
import { repeated } from './options.ts'
import { n } from './report.ts'

interface Options extends FormOptions {
  geo?: string[]
  output: string
  force?: boolean
}

const CATALOGUE = 'catalogue.yaml'

const EXAMPLES = `
Examples:
  invigil infer telemetry.ndjson.gz --output draft
  invigil check telemetry.ndjson.gz --catalogue draft/catalogue.yaml

A draft is to be read: each line says from what it was told and how sure it is.
What could accuse somebody and is not sure is commented out.
`

/** `invigil infer`: drafts a catalogue from logs. */
export function inferCommand(): Command {
  return addFormOptions(new Command('infer').description('draft the catalogue from a log: chapters in order, lengths, rosters, the cadence of players; to be read and kept')
    .argument('<log...>', 'NDJSON files, compressed with gzip or not; `-`: standard input'))
    .option('--geo <file>', 'a GeoIP database (.mmdb) instead of the one that comes with Invigil; may be given several times', repeated())
    .requiredOption('--output <dir>', `folder for ${CATALOGUE}; made if it is not there`)
    .option('--force', 'write over an earlier draft')
    .addHelpText('after', EXAMPLES)
    .action(infer)
}

async function infer(logs: string[], { geo, output, force = false, ...options }: Options): Promise<void> {
  refuseArchives(logs, 'infer')
  const file = join(output, CATALOGUE)
  if (!force && existsSync(file)) throw new InvigilError('usage', `\`${file}\` is there already, and somebody may have worked on it; name another folder, or write over it with \`--force\``)
  const form = await readForm(options)
  const databases = await openGeo(geo)
  const inferred = await withProgress((progress) => inferCatalogue({ logs, ...form, geo: databases, progress }))
  for (const problem of inferred.problems) process.stderr.write(`invigil: ${problem}\n`)
  if (inferred.events === 0) throw new InvigilError('bad-input', 'there is no event to draft a catalogue from; `invigil check` tells what became of the records')
  await makeFolder(output)
  await replaceDurably(file, Buffer.from(inferred.text))
  process.stdout.write(`${file}: ${told(inferred)}\n`)
  const rejected = Object.values(inferred.rejected).reduce((a, b) => a + b, 0)
  if (rejected > 0) process.stderr.write(`invigil: ${n(rejected, 'record')} rejected; \`invigil check\` tells why\n`)
  if (rejected > 0 || inferred.problems.length > 0) process.exitCode = EXIT.user
}

function told({ catalogue: { data }, events }: Inferred): string {
  const chapters = data.courses.reduce((sum, c) => sum + c.chapters.length, 0)
  const learners = data.classes.reduce((sum, c) => sum + c.learners.length, 0)
  return `${n(data.platforms.length, 'platform')}, ${n(data.courses.length, 'course')} with ${n(chapters, 'sure chapter')}, ${data.classes.length} class${data.classes.length === 1 ? '' : 'es'} with ${n(learners, 'learner')}, from ${n(events, 'event')}`
}
