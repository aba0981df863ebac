import { styleText } from 'node:util'
import { Command, Option } from 'commander'
import { pino } from 'pino'
import { InvigilError } from '../base/errors.ts'
import { KafkaClient } from '../io/kafka/client.ts'
import { principalOf, printTopics } from '../io/kafka/print-topics.ts'
import { createTopics, topicsOf, type Topic, type TopicsFound } from '../io/kafka/topics.ts'
import { CONFIG_FILE, loadConfig } from './config.ts'
import { VERSION } from './version.ts'

interface Options {
  config?: string
  print?: boolean
  principal?: string
  json?: boolean
  log: string
}

const EXAMPLES = `
Examples:
  invigil topics                       make what is missing, check the rest
  invigil topics --print > topics.sh   for those who make topics themselves

Exit codes: 0 all topics are there and as they should be; 1 the system failed;
2 there is something to mend: the configuration, the login, a topic.
`

/** `--config`, alike in every command. */
export function configOption(): Option {
  return new Option('--config <file>', `the configuration (default: ${CONFIG_FILE}, if there is one); the environment goes before it`)
}

/** `invigil topics`: the topics of Invigil in Kafka. */
export function topicsCommand(): Command {
  return new Command('topics')
    .description('make the topics in Kafka and check those that are there')
    .addOption(configOption())
    .addOption(new Option('--print', 'only print the commands that make topics and give rights; no broker is needed').conflicts('json'))
    .option('--principal <name>', 'with `--print`: who gets the rights, such as `User:CN=invigil` (default: the user that logs in)')
    .option('--json', 'print what was done as JSON')
    .addOption(new Option('--log <level>', 'what the program says of itself on standard error, as JSON').choices(['silent', 'error', 'warn', 'info', 'debug']).default('silent'))
    .addHelpText('after', EXAMPLES)
    .action(topics)
}

async function topics({ config: file, print, principal, json, log: level }: Options): Promise<void> {
  if (principal !== undefined && !print) throw new InvigilError('usage', '`--principal` is of use only with `--print`')
  const config = await loadConfig({ file, environment: process.env, needs: print ? [] : ['kafka'] })
  if (print) {
    const rights = { principal: principal ?? principalOf(config.kafka), group: config.group, sources: config.sources.map((s) => s.topic) }
    process.stdout.write(printTopics(config.kafka, rights))
    return
  }
  const log = pino({ level, base: { version: VERSION } }, pino.destination({ dest: 2, sync: true }))
  const client = await KafkaClient.open(config.kafka, log)
  await reach(client)
  const found = await createTopics(client)
  const wanted = topicsOf(config.kafka)
  const absent = await absentOf(client, config.sources.map((s) => s.topic))
  process.stdout.write(json ? `${JSON.stringify({ ...asJson(wanted, found), absentSources: absent })}\n` : `${asText(wanted, found)}${absent.map(asAbsent).join('')}`)
  const { differing } = found
  if (differing.length > 0) throw new InvigilError('usage', `${differing.length === 1 ? '1 setting differs' : `${differing.length} settings differ`} from what is wanted; nothing was changed`, { problems: differing })
}

/** The platforms' own topics that are not there yet. Who makes them decides of their partitions: the platforms do. */
async function absentOf(client: KafkaClient, sources: readonly string[]): Promise<string[]> {
  if (sources.length === 0) return []
  const { topics } = await client.withAdmin((admin) => admin.fetchTopicMetadata())
  return sources.filter((s) => !topics.some((t) => t.name === s))
}

function asAbsent(source: string): string {
  return `the platforms' topic \`${source}\` is not there yet; \`invigil run --kafka\` needs it, and who writes to it makes it\n`
}

/** Who sets topics up mends the address: a broker that cannot be reached at the very first is no failure of the system. */
async function reach(client: KafkaClient): Promise<void> {
  try {
    await client.withAdmin(async () => {})
  } catch (e) {
    if (e instanceof InvigilError && e.code === 'io') throw new InvigilError('usage', e.message, { cause: e })
    throw e
  }
}

function stateOf({ name }: Topic, { missing }: TopicsFound): 'made' | 'there' {
  return missing.includes(name) ? 'made' : 'there'
}

function asText(wanted: readonly Topic[], found: TopicsFound): string {
  const colours = process.stdout.isTTY && process.stdout.hasColors()
  const longest = Math.max(...wanted.map((t) => t.name.length))
  const lines = wanted.map((topic) => {
    const state = stateOf(topic, found)
    const word = state.padEnd(5)
    return `${colours && state === 'made' ? styleText('green', word) : word}  ${topic.name.padEnd(longest)}  ${topic.partitions} partition${topic.partitions === 1 ? '' : 's'}`
  })
  const made = found.missing.length
  return `${[...lines, `${wanted.length} topics: ${made} made, ${wanted.length - made} there already`].join('\n')}\n`
}

function asJson(wanted: readonly Topic[], found: TopicsFound): object {
  return {
    topics: wanted.map((topic) => ({ kind: topic.kind, name: topic.name, partitions: topic.partitions, configs: topic.configs, state: stateOf(topic, found) })),
    differing: found.differing,
  }
}
