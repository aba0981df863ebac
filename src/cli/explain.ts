import { existsSync } from 'node:fs'
import { styleText } from 'node:util'
import { Command } from 'commander'
import { invariant } from '../base/errors.ts'
import { formatTime } from '../base/time.ts'
import { readBundle } from '../pipeline/evidence/open.ts'
import { makeEvidence } from '../pipeline/evidence/make.ts'
import { storyOf, type Story } from '../pipeline/evidence/story.ts'
import { verifyBundle } from '../pipeline/evidence/verify.ts'
import { addFeedOptions, expectPublished, openFeed, withProgress, type FeedOptions } from './evidence-feed.ts'
import { writeStory } from './story-text.ts'
import { readBytes } from './verify.ts'
import { VERSION } from './version.ts'

const EXAMPLES = `
Examples:
  invigil explain 3f2a90c41b7d --input telemetry.ndjson.gz --catalogue catalogue.yaml
  invigil explain 3f2a90c41b7d --archive /srv/archive --json
  invigil explain bundle.zip

Give the same log, rules, catalogue, models and options as in the run that
raised the warning: they are what it depends on.
`

interface Options extends FeedOptions {
  json?: boolean
}

/** `invigil explain`: the story of one warning. */
export function explainCommand(): Command {
  return addFeedOptions(new Command('explain').description('tell how one warning came about: its events, its numbers and their limits, its rule')
    .argument('<warning>', 'its `id`, or at least the first 8 digits of it; or a bundle of `invigil evidence`'))
    .option('--json', 'print it as JSON')
    .addHelpText('after', EXAMPLES)
    .action(explain)
}

async function explain(warning: string, options: Options, command: Command): Promise<void> {
  const story = existsSync(warning) ? await ofBundle(warning) : await ofLog(warning, options, command)
  process.stdout.write(options.json ? `${JSON.stringify(jsonOf(story))}\n` : writeStory(story, { columns: process.stdout.isTTY ? process.stdout.columns : undefined, bold: process.stdout.isTTY && process.stdout.hasColors() ? (text) => styleText('bold', text) : (text) => text }))
}

async function ofLog(warning: string, options: Options, command: Command): Promise<Story> {
  const feed = await openFeed(options, command)
  const made = await withProgress((progress) => makeEvidence(feed, [warning], { version: VERSION, progress }))
  for (const problem of feed.problems) process.stderr.write(`invigil: ${problem}\n`)
  const [first] = made
  invariant(first !== undefined, 'a warning was asked for, and none was made')
  await expectPublished(first.evidence, options)
  return storyOf(first.evidence)
}

async function ofBundle(file: string): Promise<Story> {
  const bytes = await readBytes(file)
  const { differences } = await verifyBundle(bytes, { version: VERSION })
  const evidence = readBundle(bytes, file)
  if (differences.length > 0) process.stderr.write(`invigil: the bundle does not verify, and what follows may be untrue; \`invigil verify ${file}\` says why\n`)
  return storyOf(evidence)
}

function jsonOf({ about, warning, revisions, rule, params, articles, measures, events }: Story): unknown {
  return {
    format: 1, id: warning.id, version: about.version, inputs: about.inputs, rule: { id: warning.rule, ...rule, params, articles }, measures,
    revisions: revisions.map((r) => r.warning), events: events.map((e) => ({ ...e, time: formatTime(e.time) })),
  }
}
