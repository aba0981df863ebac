import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { pino } from 'pino'
import { InvigilError } from '../base/errors.ts'
import { formatDuration, type Ms } from '../base/time.ts'
import type { Rule } from '../engine/rule.ts'
import { MANIFEST } from '../io/archive/manifest.ts'
import { openContext } from '../pipeline/context.ts'
import type { RoleName } from '../pipeline/kafka/role.ts'
import { runLocal } from '../pipeline/local.ts'
import { SNAPSHOT_EVERY } from '../pipeline/options.ts'
import type { Summary } from '../pipeline/summary.ts'
import { addLogOptions, FORM_OPTIONS, readForm, type LogOptions } from './log-options.ts'
import { duration, wholeNumber } from './options.ts'
import { writeSummary } from './report.ts'
import { runOverArchive } from './run-archive.ts'
import { rolesOption, runOverKafka } from './run-kafka.ts'
import { settledRules, tellReloads } from './run-reload.ts'
import { rulesDirs, rulesOption } from './rules.ts'
import { Screen } from './screen.ts'
import { configOption } from './topics.ts'
import { VERSION } from './version.ts'

interface Options extends LogOptions {
  rules: string[]
  output: string
  state?: string
  follow?: boolean
  quiet?: boolean
  json?: boolean
  partitions: number
  snapshotEvery: Ms
  log: string
  kafka?: boolean
  config?: string
  roles: RoleName[]
  acceptVersion?: boolean
  archive?: string
  watchRules?: boolean
  replayOf?: string
}

const REPLAY_OPTIONS = ['replayOf', ...FORM_OPTIONS, 'output', 'catalogue', 'geo', 'models', 'partitions', 'acceptVersion', 'quiet', 'json', 'log']
const ARCHIVE_OPTIONS = ['archive', 'output', 'catalogue', 'geo', 'models', 'partitions', 'acceptVersion', 'quiet', 'json']
const KAFKA_OPTIONS = ['kafka', 'config', 'roles', 'acceptVersion', 'log', 'quiet']
const MOST_PARTITIONS = 1024
/** What the shell is told of a run that a signal ended. */
const STOPPED = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
type Signal = keyof typeof STOPPED

const EXAMPLES = `
Examples:
  invigil run telemetry.ndjson.gz --catalogue catalogue.yaml
  invigil run telemetry.ndjson --follow --state state --rules shipped --rules ours --watch-rules
  invigil run telemetry.ndjson --replay-of state --output again
  invigil run --archive /srv/archive --output again
  zstdcat telemetry.ndjson.zst | invigil run --quiet --output monday

Exit codes: 0 all is well; 1 the system failed, as on a full disk; 2 there is
something to mend, as a line that was rejected; 130 ended by Ctrl-C. Over Kafka
a process that is stopped by Ctrl-C or SIGTERM leaves in good order with 0.
`

/** `invigil run`: from logs to warnings, in one process. */
export function runCommand(): Command {
  return addLogOptions(new Command('run').description('read telemetry logs and write warnings')
    .argument('[log...]', 'NDJSON files, compressed with gzip or not; `-` or none: standard input'))
    .addOption(rulesOption())
    .option('--output <dir>', 'folder for warnings.ndjson, summary.json and the like', 'invigil-output')
    .option('--state <dir>', 'folder for snapshots: the same command goes on after a crash or Ctrl-C')
    .option('--follow', 'read on as the log grows, until Ctrl-C')
    .option('--watch-rules', 'when files in the `--rules` directories change, go on under the new rules without a restart, once they are whole, good and pass their tests')
    .option('--replay-of <state>', 'the state folder of an earlier run over the same log: repeat it under the rules of then, line by line where it changed them')
    .option('--quiet', 'print no warnings and no progress, only the summary')
    .option('--json', 'print the summary as JSON, and nothing else')
    .option('--partitions <n>', 'split each stage into so many tasks; the warnings are the same', wholeNumber(MOST_PARTITIONS), 1)
    .addOption(new Option('--snapshot-every <duration>', 'time between snapshots').argParser(duration).default(SNAPSHOT_EVERY, formatDuration(SNAPSHOT_EVERY)))
    .addOption(new Option('--log <level>', 'what the program says of itself on standard error, as JSON').choices(['silent', 'error', 'warn', 'info', 'debug']).default('warn'))
    .option('--kafka', 'read and write topics in Kafka, with state in Redis, together with other processes: see docs/config.md')
    .addOption(configOption())
    .addOption(rolesOption())
    .option('--accept-version', 'with `--kafka`: take over tasks that another version has not left in good order; with `--archive` or `--replay-of`: run also under contexts of another version')
    .option('--archive <dir>', 'what `invigil archive` wrote, in place of logs: the warnings are those that were given over Kafka, under the rules of then')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(named: string[], options: Options, command: Command): Promise<void> {
  if (options.kafka) {
    if (options.watchRules) throw new InvigilError('usage', 'over Kafka rules are published: `invigil rules publish --watch` does that whenever they change')
    refuseOthers(command, KAFKA_OPTIONS, (flag) => `\`${flag}\` is of no use with \`--kafka\`; what can be said of a run over Kafka is in the configuration (docs/config.md)`)
    if (named.length > 0) throw new InvigilError('usage', 'with `--kafka` topics are read, no logs; name them under `sources` in the configuration')
    return runOverKafka(options)
  }
  if (options.archive !== undefined) {
    refuseOthers(command, ARCHIVE_OPTIONS, (flag) => `\`${flag}\` is of no use with \`--archive\`: its rules, marks and formats are those that were recorded`)
    if (named.length > 0) throw new InvigilError('usage', 'with `--archive` no logs are read; name one or the other')
    const { summary, rules } = await runOverArchive({ ...options, archive: options.archive })
    tell(summary, rules, options)
    return
  }
  if (options.replayOf !== undefined) refuseOthers(command, REPLAY_OPTIONS, (flag) => `\`${flag}\` is of no use with \`--replay-of\`: its rules and marks are those of then`)
  const alone = ['config', 'roles', ...(options.replayOf === undefined ? ['acceptVersion'] : [])].find((name) => command.getOptionValueSource(name) === 'cli')
  if (alone) throw new InvigilError('usage', `\`${command.options.find((o) => o.attributeName() === alone)?.long ?? alone}\` is of use only with \`--kafka\`${alone === 'acceptVersion' ? ', `--archive` or `--replay-of`' : ''}`)
  const logs = named.length > 0 ? named : ['-']
  if (named.length === 0 && process.stdin.isTTY) throw new InvigilError('usage', 'name a log, or send one to standard input: `invigil run telemetry.ndjson`')
  const folder = named.find((n) => existsSync(join(n, MANIFEST)))
  if (folder !== undefined) throw new InvigilError('usage', `\`${folder}\` is an archive; run over it with \`--archive ${folder}\``)
  if (options.follow && logs.length > 1) throw new InvigilError('usage', '`--follow` reads one file; start a run for each')
  if (options.follow && logs[0] === '-') throw new InvigilError('usage', 'standard input is read as it comes; leave `--follow` out, or name a file')
  if (logs.filter((l) => l === '-').length > 1) throw new InvigilError('usage', 'standard input (`-`) can be named once')
  const log = pino({ level: options.log, base: { version: VERSION } }, pino.destination({ dest: 2, sync: true }))
  const dirs = rulesDirs(options.rules)
  const { models, backend } = options
  const form = await readForm(options)
  const context = await openContext({
    rules: dirs, sources: options.watchRules ? await settledRules(dirs) : undefined, catalogue: options.catalogue, geo: options.geo, models, backend, version: VERSION,
  })
  const { rules, catalogue } = context.parts
  log.info({ context: context.hash, rules, catalogue, databases: context.geo.databases.map((d) => d.description) }, 'context opened')
  const stop = new AbortController()
  const screen = new Screen({ quiet: options.quiet || options.json || false, follow: options.follow })
  let inForce = context
  let stopped: Signal | undefined
  const onSignal = (signal: Signal) => {
    if (stopped) {
      screen.close()
      process.exit(STOPPED[signal])
    }
    stopped = signal
    log.info({ signal }, 'stopping')
    stop.abort()
  }
  for (const signal of Object.keys(STOPPED) as Signal[]) process.on(signal, onSignal)
  try {
    const summary = await runLocal({
      logs, ...form, context, output: options.output, state: options.state, lateness: options.lateness,
      follow: options.follow, partitions: options.partitions, markEvery: options.markEvery, snapshotEvery: options.snapshotEvery, stop: stop.signal,
      models, acceptVersion: options.acceptVersion, replay: options.replayOf, reload: options.watchRules ? { rules: dirs, models, backend, version: VERSION } : undefined,
      watch: {
        ...tellReloads(log, (line) => screen.note(line)),
        entered: (entered) => (inForce = entered),
        progress: (read, size, accounts) => screen.progress(read, size, accounts),
        warning: (output) => screen.output(output),
        resumed: (from) => {
          log.info(from, 'resumed from a snapshot')
          screen.note(`going on after ${from.records} lines (${from.again} of them are read again for what was held)`)
        },
        saved: (of) => log.debug(of, 'snapshot saved'),
        caughtUp: (records) => log.debug({ records }, 'caught up'),
      },
    })
    screen.close()
    tell(summary, inForce.bundle.rules, options, stopped)
  } finally {
    screen.close()
    for (const signal of Object.keys(STOPPED) as Signal[]) process.off(signal, onSignal)
  }
}

/** An option that would be passed over in silence is a mistake of the one who gave it. */
function refuseOthers(command: Command, known: readonly string[], message: (flag: string) => string): void {
  const other = command.options.map((o) => o.attributeName()).find((name) => !known.includes(name) && command.getOptionValueSource(name) === 'cli')
  const flag = command.options.find((o) => o.attributeName() === other)?.long
  if (flag) throw new InvigilError('usage', message(flag))
}

function tell(summary: Summary, rules: readonly Rule[], options: Options, stopped?: Signal): void {
  process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : writeSummary(summary, rules, { ...options, columns: process.stdout.isTTY ? process.stdout.columns : undefined }))
  process.exitCode = exitCode(summary, stopped)
}

/** 130, as after any Ctrl-C, when interrupted; 2 where the user has something to mend in the log. */
function exitCode(summary: Summary, stopped: Signal | undefined): number {
  if (summary.state === 'interrupted' && stopped) return STOPPED[stopped]
  return summary.problems.length > 0 || Object.keys(summary.log.rejected).length > 0 ? 2 : 0
}
