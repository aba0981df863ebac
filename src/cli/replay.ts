import { Command, Option } from 'commander'
import { pino } from 'pino'
import { InvigilError, formatProblem } from '../base/errors.ts'
import { KafkaClient } from '../io/kafka/client.ts'
import { readText } from '../io/texts.ts'
import type { KafkaReject } from '../pipeline/kafka-rejects.ts'
import { replayLines, replayTopic, type RejectLine, type ReplayOptions, type ReplayReport } from '../pipeline/kafka/replay.ts'
import { REJECT_REASONS, type RejectReason } from '../telemetry/rejects.ts'
import { loadConfig, type Config } from './config.ts'
import { repeated } from './options.ts'
import { clip, printable } from './text.ts'
import { configOption } from './topics.ts'
import { VERSION } from './version.ts'

interface Options {
  topic: string
  reason: string[]
  source: string[]
  dryRun?: boolean
  config?: string
  json?: boolean
  log: string
}

const REASONS = Object.keys(REJECT_REASONS) as RejectReason[]
/** So many problems are told on the terminal. */
const TOLD = 20
const LINE = 160

const EXAMPLES = `
Examples:
  invigil replay --dry-run                      what would be sent back
  invigil replay --reason bad-date --source lms.statements
  invigil replay --dry-run --json > bad.ndjson  the rejects themselves, to mend by hand,
  invigil replay bad.ndjson                     and to send back mended

A reject is sent to the topic that it came from, once; what is still wrong with it
makes it a reject again. Mend its cause first: the platform's settings, or \`sources\`
in the configuration. Events that are older by then than their platform's lateness
allows count as late.

Exit codes: 0 all that was chosen was sent; 1 the system failed; 2 there is
something to mend, as a reject that cannot be sent.
`

/** `invigil replay`: feeds rejects back. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('send rejects back to the topics that they came from')
    .argument('[file...]', 'rejects that were mended by hand, a line each, in place of the topic')
    .option('--topic <kind>', 'the topic that is read', 'rejects')
    .addOption(new Option('--reason <reason>', 'only rejects of this reason; may be given several times').argParser(repeated()).default([], 'all'))
    .addOption(new Option('--source <topic>', 'only rejects that came from this topic; may be given several times').argParser(repeated()).default([], 'all'))
    .option('--dry-run', 'send nothing; print what would be sent')
    .addOption(configOption())
    .option('--json', 'print the account as JSON; with `--dry-run` the rejects, one a line')
    .addOption(new Option('--log <level>', 'what the program says of itself on standard error, as JSON').choices(['silent', 'error', 'warn', 'info', 'debug']).default('silent'))
    .addHelpText('after', EXAMPLES)
    .action(replay)
}

async function replay(files: string[], options: Options): Promise<void> {
  check(files, options)
  const config = await loadConfig({ file: options.config, environment: process.env, needs: ['kafka'] })
  const topics = config.sources.map((s) => s.topic)
  const lines = await linesOf(files)
  const log = pino({ level: options.log, base: { version: VERSION } }, pino.destination({ dest: 2, sync: true }))
  const client = await KafkaClient.open(config.kafka, log)
  const how: ReplayOptions = { group: config.group, sources: topics, dryRun: options.dryRun, show: options.dryRun ? (reject, at) => show(reject, at, options.json) : undefined }
  const choice = { reasons: options.reason as RejectReason[], sources: checkSources(options.source, config) }
  const report = files.length > 0 ? await replayLines(client, lines, how) : await replayTopic(client, choice, how)
  tell(report, options)
  if (report.unsent > 0) process.exitCode = 2
}

function check(files: readonly string[], { topic, reason, source }: Options): void {
  if (topic === 'late') throw new InvigilError('usage', 'late events cannot be replayed: they were taken, and would come later still')
  if (topic !== 'rejects') throw new InvigilError('usage', `\`--topic\` cannot be \`${topic}\`; only \`rejects\` can be replayed`)
  const unknown = reason.find((r) => !REASONS.includes(r as RejectReason))
  if (unknown !== undefined) throw new InvigilError('usage', `there is no reason \`${unknown}\`; one of ${REASONS.map((r) => `\`${r}\``).join(', ')}`)
  if (files.length > 0 && reason.length + source.length > 0) throw new InvigilError('usage', '`--reason` and `--source` choose from the topic; a file is sent whole')
}

/** A choice that can match nothing is a slip of the pen. */
function checkSources(given: string[], { kafka, sources }: Config): string[] {
  const known = [...sources.map((s) => s.topic), kafka.topics.names.telemetry ?? `${kafka.prefix}telemetry`]
  const unknown = given.find((s) => !known.includes(s))
  if (unknown !== undefined) throw new InvigilError('usage', `\`${unknown}\` is none of the \`sources\` in the configuration, so that nothing can be sent to it`)
  return given
}

async function linesOf(files: readonly string[]): Promise<RejectLine[]> {
  const lines: RejectLine[] = []
  for (const file of files) {
    for (const [n, text] of (await readText(file)).replace(/^\uFEFF/, '').split('\n').entries()) if (text.trim() !== '') lines.push({ file, line: n + 1, bytes: Buffer.from(text) })
  }
  return lines
}

function show(reject: KafkaReject, at: string, json: boolean | undefined): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(reject)}\n`)
    return
  }
  const { reason, topic, text, base64 } = reject
  const value = text ?? (base64 === undefined ? 'no value' : `${base64} (base64)`)
  // Of a text of megabytes only what can be seen is looked at.
  process.stdout.write(`${clip(printable(`${at}  ${reason}  to ${topic}  ${value.slice(0, LINE)}`), process.stdout.isTTY ? process.stdout.columns || 80 : LINE)}\n`)
}

function tell(report: ReplayReport, { dryRun, json }: Options): void {
  if (json && !dryRun) {
    process.stdout.write(`${JSON.stringify({ ...report, records: total(report) })}\n`)
    return
  }
  for (const problem of report.problems.slice(0, TOLD)) process.stderr.write(`invigil: ${printable(formatProblem(problem))}\n`)
  if (report.unsent > TOLD) process.stderr.write(`invigil: and ${report.unsent - TOLD} more that cannot be sent\n`)
  if (!json) process.stdout.write(account(report, dryRun))
}

function account(report: ReplayReport, dryRun: boolean | undefined): string {
  const { sent, left, unsent } = report
  const digits = Math.max(1, ...sent.map((s) => String(s.records).length))
  const longest = Math.max(1, ...sent.map((s) => s.reason.length))
  const rows = sent.map((s) => `${String(s.records).padStart(digits)}  ${s.reason.padEnd(longest)}  to ${s.topic}`)
  const rest = [left > 0 ? `${left} left, which ${left === 1 ? 'was' : 'were'} not chosen` : '', unsent > 0 ? `${unsent} cannot be sent` : ''].filter((t) => t !== '')
  const all = total(report)
  const first = all === 0 && rest.length === 0 ? 'there is nothing to send back' : `${all} ${all === 1 ? 'reject' : 'rejects'} ${dryRun ? 'would be ' : ''}sent back`
  return `${[...rows, [first, ...rest].join(', ')].join('\n')}\n`
}

function total({ sent }: ReplayReport): number {
  return sent.reduce((sum, s) => sum + s.records, 0)
}
