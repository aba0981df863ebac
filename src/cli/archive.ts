import { Command, Option } from 'commander'
import { pino } from 'pino'
import { InvigilError } from '../base/errors.ts'
import { KafkaClient } from '../io/kafka/client.ts'
import { archive, type ArchiveReport } from '../pipeline/kafka/archive.ts'
import { loadConfig } from './config.ts'
import { printable } from './text.ts'
import { configOption } from './topics.ts'
import { VERSION } from './version.ts'

interface Options {
  to: string
  config?: string
  acceptGap?: boolean
  json?: boolean
  log: string
}

const EXAMPLES = `
Examples:
  invigil archive --to /srv/archive              from cron, well before the topics' retention ends
  invigil run --archive /srv/archive --output out

It goes on where it stopped the last time, and stops at what the topics held when it began.

Exit codes: 0 all is archived; 1 the system failed; 2 there is something to mend,
as records that Kafka deleted before they were archived, or a catalogue or model that is not at hand.
`

/** `invigil archive`: keeps what warnings can be repeated from. */
export function archiveCommand(): Command {
  return new Command('archive')
    .description('write telemetry, marks and contexts from Kafka to files, from which warnings can be repeated')
    .requiredOption('--to <dir>', 'the archive: a folder that is made, or added to')
    .addOption(configOption())
    .option('--accept-gap', 'archive also where Kafka has deleted records that the archive lacks; warnings cannot be repeated from it then')
    .option('--json', 'print what was done as JSON')
    .addOption(new Option('--log <level>', 'what the program says of itself on standard error, as JSON').choices(['silent', 'error', 'warn', 'info', 'debug']).default('silent'))
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run({ to, config: file, acceptGap, json, log: level }: Options): Promise<void> {
  const config = await loadConfig({ file, environment: process.env, needs: ['kafka'] })
  const log = pino({ level, base: { version: VERSION } }, pino.destination({ dest: 2, sync: true }))
  const client = await KafkaClient.open(config.kafka, log)
  const report = await archive({ client, group: config.group, to, acceptGap, sources: { catalogue: config.catalogue, models: config.models, folder: config.context } })
  process.stdout.write(json ? `${JSON.stringify(asJson(report))}\n` : asText(report, to))
  if (report.lacking.length === 0) return
  const problems = report.lacking.map((part) => {
    const [what, file] = 'catalogue' in part ? [`catalogue \`${part.catalogue}\``, `${part.catalogue}.yaml`] : [`model \`${part.name}\` of hash \`${part.model}\``, part.model]
    return { message: `the context \`${part.context}\` needs the ${what}, which is not at hand`, mend: `put it into the \`context\` folder of the configuration as \`${file}\`, and archive again` }
  })
  const kind = report.lacking.some((part) => 'catalogue' in part) ? 'catalogues' : 'models'
  throw new InvigilError('not-found', `all else is archived, but not all ${kind} are`, { problems })
}

function asText({ telemetry, marks, manifest }: ArchiveReport, to: string): string {
  const { mark, files, contexts, gaps } = manifest
  const bytes = [...files, ...contexts].reduce((n, f) => n + f.bytes, 0)
  const lines = [
    `archived ${count(telemetry, 'record')} of telemetry and ${count(marks, 'mark')}`,
    `${to} holds ${count(files.reduce((n, f) => n + (f.topic === 'telemetry' ? f.records : 0), 0), 'record')}, the marks up to ${mark} and ${count(contexts.filter((c) => c.kind === 'context').length, 'context')}, in ${count(bytes, 'byte')}`,
    ...gaps.map((g) => `it lacks the offsets ${g.from} to ${g.to - 1} of partition ${g.partition} of \`${manifest.topics[g.topic]}\``),
  ]
  return lines.map((l) => `${printable(l)}\n`).join('')
}

function asJson({ telemetry, marks, manifest, lacking }: ArchiveReport): object {
  const { mark, reached, gaps, files, contexts } = manifest
  return { telemetry, marks, mark, reached, gaps, lacking, files: files.length, contexts: contexts.filter((c) => c.kind === 'context').map((c) => c.hash), bytes: [...files, ...contexts].reduce((n, f) => n + f.bytes, 0) }
}

function count(n: number, word: string): string {
  return `${n.toLocaleString('en-US')} ${word}${n === 1 ? '' : 's'}`
}
