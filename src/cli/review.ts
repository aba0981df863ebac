import { existsSync } from 'node:fs'
import { open, readdir, realpath, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { pino } from 'pino'
import { InvigilError } from '../base/errors.ts'
import { formatTime, SECOND, type Ms } from '../base/time.ts'
import { makeFolder, replaceDurably } from '../io/durable-file.ts'
import { fileError } from '../io/file-error.ts'
import { KafkaClient } from '../io/kafka/client.ts'
import { readText } from '../io/texts.ts'
import { asTest } from '../pipeline/evidence/as-test.ts'
import { readBundle } from '../pipeline/evidence/open.ts'
import { findWarningInTopic, publishReview } from '../pipeline/kafka/reviews.ts'
import { appendReview, findWarning, type Reviewed } from '../pipeline/reviews.ts'
import { verifyBundle } from '../pipeline/evidence/verify.ts'
import { appendTest, saysOf } from '../rules/append-test.ts'
import type { Review, Verdict } from '../warnings/review.ts'
import { loadConfig } from './config.ts'
import { printable } from './text.ts'
import { configOption } from './topics.ts'
import { readBytes } from './verify.ts'
import { VERSION } from './version.ts'

interface Options {
  why: string
  by: string
  warnings: string
  reviews?: string
  kafka?: boolean
  config?: string
  asTest?: string
  evidence?: string
}

/** As they are said on the command line. */
const SAID: Readonly<Record<string, Verdict>> = { confirm: 'confirmed', dismiss: 'dismissed' }

export const WARNINGS_FILE = join('invigil-output', 'warnings.ndjson')
export const REVIEWS_FILE = 'reviews.ndjson'

const EXAMPLES = `
Examples:
  invigil review 4f1c… dismiss --why "two players in one household" --by audit-office
  invigil review 4f1c… dismiss --why "a shared screen" --by audit-office --evidence 4f1c.zip --as-test my-rules/near-misses.yaml
  invigil review 4f1c… confirm --why "admitted by the learner" --by audit-office --kafka

A later review of the same warning takes the place of the one before. Reviews are
labels: see \`invigil rules report\` and \`invigil backtest --labels\`.
`

/** `invigil review`: what somebody who looked into a warning says of it. */
export function reviewCommand(): Command {
  return new Command('review')
    .description('say whether a warning was right')
    .argument('<warning>', 'its `id`; in a file, the first 8 digits of it will do')
    .addArgument(new Argument('<verdict>', '`confirm`: it was right; `dismiss`: it accused wrongly').choices(Object.keys(SAID)))
    .requiredOption('--why <text>', 'the reason, for whoever asks later', said)
    .requiredOption('--by <name>', 'who looked into it', said)
    .option('--warnings <file>', 'where the warning stands', WARNINGS_FILE)
    .addOption(new Option('--reviews <file>', 'where the review is written').default(undefined, REVIEWS_FILE))
    .option('--as-test <file>', 'also add the fewest of its events that raise it to a rules file, as a test that expects no warning: it fails until the rule is mended; needs `--evidence`')
    .option('--evidence <bundle>', 'with `--as-test`: what `invigil evidence` wrote of the warning')
    .option('--kafka', 'read the warning from the topic `warnings`, and write to the topic `reviews`')
    .addOption(configOption())
    .addHelpText('after', EXAMPLES)
    .action(review)
}

function said(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('say it in words')
  return text
}

async function review(id: string, verdict: string, options: Options, command: Command): Promise<void> {
  refuse(verdict, options, command)
  const test = options.asTest === undefined ? undefined : await nearMiss(id, options)
  const of = ({ id: warning, revision, rule }: Reviewed): Review => (
    { format: 1, warning, revision, rule, verdict: SAID[verdict] as Verdict, why: options.why, by: options.by, at: formatTime(Date.now()) }
  )
  if (!options.kafka) {
    const file = options.reviews ?? REVIEWS_FILE
    const warning = await findWarning(options.warnings, id)
    await appendReview(file, of(warning))
    tell(warning, verdict, file)
    return test?.()
  }
  const config = await loadConfig({ file: options.config, environment: process.env, needs: ['kafka'] })
  const client = await KafkaClient.open(config.kafka, pino({ level: 'silent', base: { version: VERSION } }))
  const warning = await findWarningInTopic(client, config.group, id)
  await publishReview(client, of(warning))
  tell(warning, verdict, `the topic ${client.topic('reviews')}`)
  await test?.()
}

/** Throws where another file of the directory says something of the rule: it may stand once in a directory. */
async function onlyIn(path: string, rule: string): Promise<void> {
  if (!existsSync(dirname(path))) return
  const names = (await readdir(dirname(path))).filter((name) => /\.ya?ml$/.test(name) && name !== basename(path))
  for (const name of names) {
    const file = join(dirname(path), name)
    if (saysOf(await readText(file), rule)) throw new InvigilError('usage', `\`${file}\` says something of \`${rule}\` already, and a rule may stand once in a directory; give \`--as-test ${file}\``)
  }
}

/** Makes the test, and writes it when it is called: what is wrong with either is told before anything is written. */
async function nearMiss(id: string, { asTest: file, evidence: bundle, why, by }: Options): Promise<() => Promise<void>> {
  const path = file as string
  const bytes = await readBytes(bundle as string)
  const evidence = readBundle(bytes, bundle as string)
  if (!evidence.about.warning.startsWith(id)) throw new InvigilError('usage', `\`${bundle}\` is evidence of another warning, \`${evidence.about.warning}\``)
  const verdict = await verifyBundle(bytes, { version: VERSION })
  if (!verdict.verified) throw new InvigilError('usage', `\`${bundle}\` is no evidence of the warning: \`invigil verify\` says what differs`, { problems: verdict.differences.map((d) => ({ message: `${d.part}: ${d.message}` })) })
  await onlyIn(path, evidence.about.rule)
  const { rule, test, events, keepsNames } = await asTest(evidence, `does not warn of what ${by} dismissed: ${why}`)
  const made = async () => appendTest(existsSync(path) ? await readText(path) : '', path, rule, test)
  await makeFolder(dirname(path))
  await made()
  return async () => {
    // Somebody else may be adding one.
    await alone(path, async () => replaceDurably(existsSync(path) ? await realpath(path) : path, Buffer.from(await made())))
    if (keepsNames) process.stderr.write(`invigil: the warning hangs on the names or ids that people and events have: they stand in \`${path}\`\n`)
    process.stdout.write(`${path}: a test of \`${rule}\` with ${events.after} of ${events.before} events; it fails until the rule no longer warns of them (\`invigil rules test\`)\n`)
  }
}

const PATIENCE: Ms = 10 * SECOND
const AGAIN: Ms = 50

/** Does something while no other process does so for the same file. */
async function alone(path: string, act: () => Promise<void>): Promise<void> {
  const lock = `${path}.lock`
  for (const until = Date.now() + PATIENCE; ; ) {
    try {
      await (await open(lock, 'wx')).close()
      break
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(lock, e as NodeJS.ErrnoException)
      if (Date.now() > until) throw new InvigilError('usage', `\`${lock}\` is there: another process adds a test, or was killed while it did; take the file away if none is running`)
      await sleep(AGAIN)
    }
  }
  try {
    await act()
  } finally {
    await rm(lock, { force: true })
  }
}

function refuse(verdict: string, { kafka, asTest: test, evidence }: Options, command: Command): void {
  if ((test === undefined) !== (evidence === undefined)) throw new InvigilError('usage', `\`--as-test\` and \`--evidence\` go together: \`invigil evidence\` writes the bundle`)
  if (test !== undefined && verdict !== 'dismiss') throw new InvigilError('usage', '`--as-test` is for warnings that are dismissed')
  const given = (name: string) => command.getOptionValueSource(name) === 'cli'
  const idle = kafka ? ['warnings', 'reviews'].find(given) : ['config'].find(given)
  if (idle !== undefined) throw new InvigilError('usage', `\`--${idle}\` is of ${kafka ? 'no use with' : 'use only with'} \`--kafka\``)
}

function tell({ rule, revision, episode, summary }: Reviewed, verdict: string, where: string): void {
  const withdrawn = episode === 'withdrawn' ? ', which was withdrawn' : ''
  process.stdout.write(`${SAID[verdict] ?? ''}: revision ${revision} of \`${rule}\`${withdrawn} (${printable(summary.en)}), in ${where}\n`)
}
