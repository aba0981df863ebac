import { SingleBar } from 'cli-progress'
import type { Command } from 'commander'
import { InvigilError } from '../base/errors.ts'
import { readText } from '../io/texts.ts'
import { openContext } from '../pipeline/context.ts'
import { ArchiveFeed } from '../pipeline/evidence/archive-feed.ts'
import type { Evidence } from '../pipeline/evidence/evidence.ts'
import type { Feed } from '../pipeline/evidence/feed.ts'
import { LogFeed } from '../pipeline/evidence/log-feed.ts'
import { differencesOf } from '../pipeline/evidence/verify.ts'
import { SHIPPED_MODELS } from '../pipeline/models.ts'
import type { Warning } from '../warnings/warning.ts'
import { addLogOptions, FORM_OPTIONS, readForm, type LogOptions } from './log-options.ts'
import { repeated } from './options.ts'
import { localCatalogue } from './run-archive.ts'
import { rulesDirs, rulesOption } from './rules.ts'
import { VERSION } from './version.ts'

/** What says which log a warning is looked for in, and under what. */
export interface FeedOptions extends LogOptions {
  input?: string[]
  archive?: string
  rules: string[]
  acceptVersion?: boolean
  replayOf?: string
  warnings?: string
}

const OF_LOGS = [...FORM_OPTIONS, 'rules', 'backend', 'lateness', 'markEvery', 'replayOf']
const OF_PRESENT = ['rules', 'backend', 'lateness', 'markEvery']

/** Adds the options that name a log and its context, as those of the run that raised the warning. */
export function addFeedOptions(command: Command): Command {
  return addLogOptions(command)
    .option('--input <log>', 'the NDJSON file that was run over, compressed with gzip or not; given once for each, where there were several', repeated())
    .option('--archive <dir>', 'what `invigil archive` wrote, in place of logs: for warnings that were given over Kafka')
    .addOption(rulesOption())
    .option('--warnings <file>', 'the warnings.ndjson that it was published in: it must come out as it stands there')
    .option('--replay-of <state>', 'the state folder of the run: its marks, and the rules that were in force when, as where they changed on the way')
    .option('--accept-version', 'with `--archive` or `--replay-of`: also under contexts of another version')
}

/** Opens the log or archive that the options name. */
export async function openFeed(options: FeedOptions, command: Command): Promise<Feed> {
  const { input: logs, archive, geo, models = SHIPPED_MODELS } = options
  if (archive !== undefined) {
    if (logs !== undefined) throw new InvigilError('usage', 'with `--archive` no logs are read; name one or the other')
    refuse(command, OF_LOGS, '`--archive`: its rules, marks and formats are those that were recorded')
    return ArchiveFeed.open({ archive, geo, models, local: await localCatalogue(options.catalogue), version: VERSION, acceptVersion: options.acceptVersion })
  }
  if (logs === undefined) throw new InvigilError('usage', 'name the log that the warning comes from with `--input LOG`, or its archive with `--archive DIR`')
  const { replayOf: replay, acceptVersion } = options
  if (replay !== undefined) refuse(command, OF_PRESENT, '`--replay-of`: its rules and marks are those of then')
  else if (acceptVersion) throw new InvigilError('usage', '`--accept-version` is of use only with `--archive` or `--replay-of`')
  const context = await openContext({ rules: rulesDirs(options.rules), catalogue: options.catalogue, geo, models, backend: options.backend, version: VERSION })
  return LogFeed.open({ logs, ...(await readForm(options)), context, models, lateness: options.lateness, markEvery: options.markEvery, replay, acceptVersion })
}

/** An option that would be passed over in silence is a mistake of the one who gave it. */
function refuse(command: Command, useless: readonly string[], reason: string): void {
  const other = command.options.find((o) => useless.includes(o.attributeName()) && command.getOptionValueSource(o.attributeName()) === 'cli')
  if (other) throw new InvigilError('usage', `\`${other.long}\` is of no use with ${reason}`)
}

/** Makes sure that a warning comes out as it was published, if the options name where. Revisions that were not published yet may follow. */
export async function expectPublished({ revisions, about }: Evidence, { warnings: file }: FeedOptions): Promise<void> {
  if (file === undefined) return
  const published = (await readText(file)).split('\n').filter((line) => line.includes(about.warning) && idOf(line, file) === about.warning)
  const found = revisions.map((line) => JSON.parse(line) as Warning)
  const problems = differencesOf(published, found, `\`${file}\``)
  if (published.length === 0) problems.push('it is not there')
  if (published.length > found.length) problems.push(`${found.length} revisions come out, and \`${file}\` has ${published.length}`)
  if (problems.length === 0) return
  throw new InvigilError('bad-input', `the warning \`${about.warning}\` does not come out as it stands in \`${file}\`; give the log, rules, catalogue, models and options of the run that raised it`, { problems: problems.map((message) => ({ message })) })
}

function idOf(line: string, file: string): unknown {
  try {
    return (JSON.parse(line) as { id?: unknown }).id
  } catch (cause) {
    throw new InvigilError('bad-file', `\`${file}\` is no file of warnings: a line of it is not JSON`, { cause })
  }
}

const BAR = 24
const STEPS = 1000

/** Shows on a terminal how far the reading of a log has come: `work` is told with what. Nothing of it is left. */
export async function withProgress<T>(work: (progress: (read: number, size: number) => void) => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return work(() => undefined)
  const bar = new SingleBar({ format: '{bar} {percentage}%  {duration_formatted}', barsize: BAR, stream: process.stderr, hideCursor: true, clearOnComplete: true, gracefulExit: false })
  bar.start(STEPS, 0)
  try {
    return await work((read, size) => bar.update(size > 0 ? Math.min(STEPS, Math.round((read / size) * STEPS)) : 0))
  } finally {
    bar.stop()
  }
}
