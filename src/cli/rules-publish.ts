import { Command, Option } from 'commander'
import { pino } from 'pino'
import { InvigilError } from '../base/errors.ts'
import { detectors } from '../detectors/index.ts'
import type { Listen } from '../io/http.ts'
import { KafkaClient } from '../io/kafka/client.ts'
import type { ContextRecord } from '../pipeline/context-record.ts'
import { openContext, type OpenContext } from '../pipeline/context.ts'
import { Contexts, publishContext } from '../pipeline/kafka/contexts.ts'
import { changesBetween } from '../rules/changes.ts'
import { loadRules, type Bundle } from '../rules/load.ts'
import { asProblem, runTests } from '../rules/run-tests.ts'
import { loadConfig } from './config.ts'
import { repeated } from './options.ts'
import { modelsOption, RULES_HELP, rulesDirs } from './rules.ts'
import { findingLine, findingsOf, todayHere } from './rules/findings.ts'
import { publishChanges, readListen } from './rules-watch.ts'
import { settledRules } from './run-reload.ts'
import { configOption } from './topics.ts'
import { VERSION } from './version.ts'

interface Options {
  rules?: string[]
  catalogue?: string
  geo?: string[]
  models?: string
  config?: string
  json?: boolean
  log: string
  watch?: boolean
  http?: Listen
}

interface Surroundings {
  environment?: Readonly<Record<string, string | undefined>>
  write?: (text: string) => void
  /** Ends the watching; without it, SIGTERM and Ctrl-C do. */
  stop?: AbortSignal
}

const EXAMPLES = `
Examples:
  invigil rules publish                               what invigil.yaml names
  invigil rules publish --rules shipped --rules ours  our changes over the shipped rules
  invigil rules publish --watch                       and whatever changes in them, until Ctrl-C

The rules are tested before, and what \`rules check\` doubts is told; every process works under them from the next mark on, without a restart.
Exit codes: 0 they are in force; 1 the system failed; 2 there is something to mend: a rule, a test, the configuration.
`

/** `invigil rules publish`: puts rules into force over Kafka. */
export function publishCommand({ environment = process.env, write = (text) => void process.stdout.write(text), stop }: Surroundings = {}): Command {
  return new Command('publish')
    .description('put rules into force over Kafka, once their tests pass')
    .addOption(configOption())
    .addOption(new Option('--rules <dir>', `${RULES_HELP} (default: what the configuration says)`).argParser(repeated()))
    .option('--catalogue <file>', 'platforms, courses and classes (default: what the configuration says)')
    .option('--geo <file>', 'a GeoIP database (default: what the configuration says); may be given several times', repeated())
    .addOption(modelsOption())
    .option('--watch', 'go on watching the directories, and publish whatever changes in them once it is whole, good and passes its tests')
    .option('--http <address>', 'with `--watch`: serve `/metrics`, `/healthz` and `/readyz` there, as `host:port`', readListen)
    .option('--json', 'print what was done as JSON')
    .addOption(new Option('--log <level>', 'what the program says of itself on standard error, as JSON').choices(['silent', 'error', 'warn', 'info', 'debug']).default('silent'))
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments()
    .action(async (options: Options, command: Command) => {
      const [extra] = command.args
      if (extra !== undefined) throw new InvigilError('usage', `\`rules publish\` takes directories with \`--rules\`: \`--rules ${extra}\``)
      if (options.http && !options.watch) throw new InvigilError('usage', '`--http` is of use only with `--watch`')
      const config = await loadConfig({ file: options.config, environment, needs: ['kafka'] })
      const rules = rulesDirs(options.rules ?? config.rules)
      const context = await openContext({
        rules, sources: options.watch ? await settledRules(rules) : undefined, catalogue: options.catalogue ?? config.catalogue, geo: options.geo ?? config.geo,
        models: options.models ?? config.models, backend: config.backend, version: VERSION,
      })
      test(context)
      const log = pino({ level: options.log, base: { version: VERSION } }, pino.destination({ dest: 2, sync: true }))
      const client = await KafkaClient.open(config.kafka, log)
      const before = await inForce(client, { group: config.group, context, log })
      if (before?.hash !== context.hash) await publishContext(client, context)
      const tell = (now: OpenContext, last: ContextRecord | undefined) => write(options.json ? `${JSON.stringify(asJson(now, last))}\n` : `${doubts(now)}${asText(now, last)}`)
      tell(context, before)
      if (!options.watch) return
      const around = { rules, models: options.models ?? config.models, backend: config.backend, version: VERSION }
      await publishChanges({ client, context, around, http: options.http, log, stop, tell, say: (line) => options.json || write(`${line}\n`) })
    })
}

/** A bundle whose own tests fail never comes into force. */
function test({ bundle, models }: OpenContext): void {
  const results = runTests(bundle, undefined, models)
  const failed = results.filter((r) => r.failure !== undefined)
  if (failed.length === 0) return
  throw new InvigilError('bad-rules', `${failed.length} of ${results.length} tests failed; nothing was published`, { problems: failed.map(asProblem) })
}

async function inForce(client: KafkaClient, options: Parameters<typeof Contexts.open>[1]): Promise<ContextRecord | undefined> {
  const contexts = await Contexts.open(client, { ...options, onlyReads: true })
  try {
    const hash = contexts.current()
    return hash === undefined ? undefined : await contexts.recordOf(hash)
  } finally {
    await contexts.close()
  }
}

/** Ids of rules, in order. */
interface Changes {
  added: string[]
  removed: string[]
  changed: string[]
  /** Of those that changed: whose state begins anew. */
  reset: string[]
}

/** What is different from the rules in force; undefined where this version does not understand those. */
function changesFrom(before: ContextRecord, { rules }: Bundle): Changes | undefined {
  let old: Bundle
  try {
    old = loadRules(before.rules, { detectors, models: Object.keys(before.parts.models ?? {}) })
  } catch (e) {
    if (e instanceof InvigilError && e.code === 'bad-rules') return undefined
    throw e
  }
  const { added, removed, kept, reset } = changesBetween(old.rules, rules)
  return { added, removed, changed: [...kept, ...reset].sort(), reset }
}

function asText(context: OpenContext, before: ContextRecord | undefined): string {
  const { hash, parts, bundle } = context
  const count = bundle.rules.length === 1 ? '1 rule' : `${bundle.rules.length} rules`
  if (before === undefined) return `published ${count}, the first ones\ncontext ${hash}\n`
  if (before.hash === hash) return `nothing to publish: these ${count} are in force already\ncontext ${hash}\n`
  const changes = changesFrom(before, bundle)
  const lines = changes
    ? (['added', 'removed', 'changed'] as const).flatMap((what) => changes[what].map((id) => `${what.padEnd(7)}  ${id}${changes.reset.includes(id) ? ' (its state begins anew)' : ''}`))
    : ['the rules before cannot be read by this version; they are replaced']
  if (changes && lines.length === 0) lines.push('no rule changes')
  if (before.parts.catalogue !== parts.catalogue) lines.push(`another catalogue: a process that has not this one locally needs it as \`${parts.catalogue}.yaml\` in its \`context\` folder`)
  for (const [name, is] of Object.entries(parts.models ?? {})) {
    if (before.parts.models?.[name] !== is) lines.push(`another model \`${name}\`: a process that has not this one locally needs its folder as \`${is}\` in its \`context\` folder`)
  }
  if (before.parts.backend !== parts.backend && parts.backend !== undefined) lines.push(`models run on \`${parts.backend}\``)
  if (before.parts.geo.join() !== parts.geo.join()) lines.push('other GeoIP databases')
  if (before.parts.version !== parts.version) lines.push(`version ${parts.version} of Invigil, before it ${before.parts.version}`)
  return `${[...lines, `published ${count}, in force from the next mark on`, `context ${hash}`, `before  ${before.hash}`].join('\n')}\n`
}

function asJson(context: OpenContext, before: ContextRecord | undefined): object {
  const { hash, parts, bundle } = context
  return {
    context: hash, before: before?.hash ?? null, published: before?.hash !== hash, parts, partsBefore: before?.parts ?? null,
    rules: before === undefined ? null : (changesFrom(before, bundle) ?? null),
  }
}

/** What in rules that go into force nobody can have meant. */
function doubts({ bundle, catalogue, catalogueText }: OpenContext): string {
  return findingsOf(bundle, todayHere(), catalogueText === undefined ? undefined : catalogue).map(findingLine).join('')
}
