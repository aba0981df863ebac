import { Command, Option } from 'commander'
import { pino } from 'pino'
import { InvigilError } from '../base/errors.ts'
import { KafkaClient } from '../io/kafka/client.ts'
import { readRecords } from '../io/record-file.ts'
import { readReviewed } from '../pipeline/kafka/reviews.ts'
import { readReviews, reviewedSchema, type Reviewed } from '../pipeline/reviews.ts'
import { rulesRecord, type Review, type RuleRecord } from '../warnings/review.ts'
import { loadConfig } from './config.ts'
import { REVIEWS_FILE, WARNINGS_FILE } from './review.ts'
import { table } from './table.ts'
import { configOption } from './topics.ts'
import { VERSION } from './version.ts'

interface Options {
  warnings: string
  reviews: string
  kafka?: boolean
  config?: string
  json?: boolean
}

/** `invigil rules report`: how the warnings of each rule were judged. */
export function reportCommand(): Command {
  return new Command('report')
    .description('show how often the warnings of each rule were right, by their reviews')
    .option('--warnings <file>', 'the warnings', WARNINGS_FILE)
    .option('--reviews <file>', 'what `invigil review` has written', REVIEWS_FILE)
    .addOption(new Option('--kafka', 'read both from their topics').conflicts(['warnings', 'reviews']))
    .addOption(configOption())
    .option('--json', 'print JSON instead of a table')
    .action(report)
}

async function report({ kafka, config, json, ...files }: Options): Promise<void> {
  if (config !== undefined && !kafka) throw new InvigilError('usage', '`--config` is of use only with `--kafka`')
  const { warnings, reviews } = kafka ? await readTopics(config) : await readFiles(files)
  const rules = rulesRecord(warnings, reviews)
  process.stdout.write(json ? `${JSON.stringify(rules, undefined, 2)}\n` : formatRecord(rules))
}

async function readFiles({ warnings, reviews }: Pick<Options, 'warnings' | 'reviews'>): Promise<{ warnings: Reviewed[]; reviews: Review[] }> {
  return { warnings: await readRecords(warnings, reviewedSchema, 'warnings'), reviews: await readReviews(reviews) }
}

async function readTopics(file: string | undefined): Promise<{ warnings: Reviewed[]; reviews: Review[] }> {
  const config = await loadConfig({ file, environment: process.env, needs: ['kafka'] })
  const client = await KafkaClient.open(config.kafka, pino({ level: 'silent', base: { version: VERSION } }))
  return readReviewed(client, config.group)
}

function formatRecord(rules: readonly RuleRecord[]): string {
  const percent = (share: number | undefined): string => (share === undefined ? '-' : `${(share * 100).toFixed(1)} %`)
  const rows = rules.map((r) => [
    r.rule, String(r.warnings), String(r.confirmed), String(r.dismissed), percent(r.precision), r.between === undefined ? '-' : `${percent(r.between[0])} to ${percent(r.between[1])}`,
  ])
  const note = rules.some((r) => r.confirmed + r.dismissed > 0) ? 'precision: confirmed of those reviewed, and where it lies in 95 of 100 cases\n' : 'no review yet: `invigil review`\n'
  return `${table(['rule', 'warnings', 'confirmed', 'dismissed', 'precision', 'between'], rows).join('\n')}\n${note}`
}
