import { join } from 'node:path'
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { pino } from 'pino'
import { InvigilError } from '../base/errors.ts'
import { KafkaClient } from '../io/kafka/client.ts'
import { findWarningInTopic, publishReview } from '../pipeline/kafka/reviews.ts'
import { appendReview, findWarning, type Reviewed } from '../pipeline/reviews.ts'
import { formatTime } from '../base/time.ts'
import type { Review, Verdict } from '../warnings/review.ts'
import { loadConfig } from './config.ts'
import { printable } from './text.ts'
import { configOption } from './topics.ts'
import { VERSION } from './version.ts'

interface Options {
  why: string
  by: string
  warnings: string
  reviews?: string
  kafka?: boolean
  config?: string
}

/** As they are said on the command line. */
const SAID: Readonly<Record<string, Verdict>> = { confirm: 'confirmed', dismiss: 'dismissed' }

export const WARNINGS_FILE = join('invigil-output', 'warnings.ndjson')
export const REVIEWS_FILE = 'reviews.ndjson'

const EXAMPLES = `
Examples:
  invigil review 4f1c… dismiss --why "two players in one household" --by audit-office
  invigil review 4f1c… confirm --why "admitted by the learner" --by audit-office --kafka

A later review of the same warning takes the place of the one before. Reviews are
labels: see \`invigil rules report\` and \`invigil backtest --labels\`.
`

/** `invigil review`: what somebody who looked into a warning says of it. */
export function reviewCommand(): Command {
  return new Command('review')
    .description('say whether a warning was right')
    .argument('<warning>', 'id of the warning')
    .addArgument(new Argument('<verdict>', '`confirm`: it was right; `dismiss`: it accused wrongly').choices(Object.keys(SAID)))
    .requiredOption('--why <text>', 'the reason, for whoever asks later', said)
    .requiredOption('--by <name>', 'who looked into it', said)
    .option('--warnings <file>', 'where the warning stands', WARNINGS_FILE)
    .addOption(new Option('--reviews <file>', 'where the review is written').default(undefined, REVIEWS_FILE))
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
  refuse(options, command)
  const of = ({ revision, rule }: Reviewed): Review => (
    { format: 1, warning: id, revision, rule, verdict: SAID[verdict] as Verdict, why: options.why, by: options.by, at: formatTime(Date.now()) }
  )
  if (!options.kafka) {
    const file = options.reviews ?? REVIEWS_FILE
    const warning = await findWarning(options.warnings, id)
    await appendReview(file, of(warning))
    return tell(warning, verdict, file)
  }
  const config = await loadConfig({ file: options.config, environment: process.env, needs: ['kafka'] })
  const client = await KafkaClient.open(config.kafka, pino({ level: 'silent', base: { version: VERSION } }))
  const warning = await findWarningInTopic(client, config.group, id)
  await publishReview(client, of(warning))
  tell(warning, verdict, `the topic ${client.topic('reviews')}`)
}

function refuse({ kafka }: Options, command: Command): void {
  const given = (name: string) => command.getOptionValueSource(name) === 'cli'
  const idle = kafka ? ['warnings', 'reviews'].find(given) : ['config'].find(given)
  if (idle !== undefined) throw new InvigilError('usage', `\`--${idle}\` is of ${kafka ? 'no use with' : 'use only with'} \`--kafka\``)
}

function tell({ rule, revision, episode, summary }: Reviewed, verdict: string, where: string): void {
  const withdrawn = episode === 'withdrawn' ? ', which was withdrawn' : ''
  process.stdout.write(`${SAID[verdict] ?? ''}: revision ${revision} of \`${rule}\`${withdrawn} (${printable(summary.en)}), in ${where}\n`)
}
