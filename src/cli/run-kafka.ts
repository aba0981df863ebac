import { InvalidArgumentError, Option } from 'commander'
import { pino } from 'pino'
import { InvigilError } from '../base/errors.ts'
import { SECOND, type Ms } from '../base/time.ts'
import { KafkaClient } from '../io/kafka/client.ts'
import { openContext } from '../pipeline/context.ts'
import type { SourceTopic } from '../pipeline/kafka/intake-role.ts'
import { ROLES, type RoleName } from '../pipeline/kafka/role.ts'
import { runKafka } from '../pipeline/kafka/run.ts'
import { openMapping } from '../pipeline/mapping.ts'
import { loadConfig, redisOptions } from './config.ts'
import type { Config } from './config-schema.ts'
import { EXIT } from './exit.ts'
import { rulesDirs } from './rules.ts'
import { VERSION } from './version.ts'

/** What `invigil run --kafka` is told besides the configuration. */
export interface KafkaOptions {
  config?: string
  roles: RoleName[]
  acceptVersion?: boolean
  log: string
  quiet?: boolean
}

export function rolesOption(): Option {
  return new Option('--roles <names>', 'with `--kafka`: what this process takes on').argParser(readRoles).default([...ROLES], 'all: intake,time,learner,resource')
}

function readRoles(text: string): RoleName[] {
  const names = text.split(',').map((n) => n.trim()).filter((n) => n !== '')
  const unknown = names.find((n) => !(ROLES as readonly string[]).includes(n))
  if (unknown !== undefined || names.length === 0) throw new InvalidArgumentError(`name some of \`${ROLES.join(',')}\``)
  return names as RoleName[]
}

/** Longer must nobody wait for a process that is told to leave. */
const LEAVE_WITHIN: Ms = 9.5 * SECOND

function leaveLate(): void {
  process.stderr.write('invigil: not everything could be finished within 10 seconds, as where Kafka or Redis does not answer; nothing is lost: who takes over goes on from what was committed\n')
  process.exit(EXIT.outside)
}

/** Opens the mappings of the platforms' topics. Errors: `usage` for one that is for files only, those of `openMapping`. */
export function openSources(sources: Config['sources']): Promise<SourceTopic[]> {
  return Promise.all(sources.map(async ({ mapping: file, ...source }): Promise<SourceTopic> => {
    if (file === undefined) return source
    if (source.format !== 'canonical') throw new InvigilError('usage', `the source \`${source.topic}\` has both a \`mapping\` and the format \`${source.format}\`; keep one`)
    const { mapping } = await openMapping(file)
    if (mapping.file.format !== 'json') throw new InvigilError('usage', `\`${file}\` is a mapping of tables, and a record of the topic \`${source.topic}\` has no row with the names of columns; say \`format: json\` in a mapping for topics`)
    // It would be as old as the process, and not the same in two of them.
    if (Object.keys(mapping.file.joins).length > 0) throw new InvigilError('usage', `\`${file}\` joins files, which works for logs only; have the platform of the topic \`${source.topic}\` send the fields with each event, or send logins as events`)
    return { ...source, encoding: source.encoding ?? mapping.file.encoding, format: 'mapping', mapping }
  }))
}

/** Runs this process's share of the work over Kafka until SIGTERM or Ctrl-C. */
export async function runOverKafka(options: KafkaOptions): Promise<void> {
  const config = await loadConfig({ file: options.config, environment: process.env, needs: options.roles.some((r) => r === 'learner' || r === 'resource') ? ['kafka', 'redis'] : ['kafka'] })
  const log = pino({ level: options.log, base: { version: VERSION, pid: process.pid } }, pino.destination({ dest: 2, sync: true }))
  const sources = options.roles.includes('intake') ? await openSources(config.sources) : config.sources.map((source) => ({ ...source, mapping: undefined }))
  const context = await openContext({ rules: rulesDirs(config.rules), catalogue: config.catalogue, geo: config.geo, models: config.models, backend: config.backend, version: VERSION })
  const stop = new AbortController()
  let isLeft = false
  const onSignal = () => {
    // Whoever asks twice does not want to wait.
    if (stop.signal.aborted) process.exit(143)
    stop.abort()
    // A connection that does not close keeps nobody either.
    setTimeout(() => (isLeft ? process.exit() : leaveLate()), LEAVE_WITHIN).unref()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  const client = await KafkaClient.open(config.kafka, log)
  const say = (text: string) => {
    if (!options.quiet) process.stdout.write(`${text}\n`)
  }
  await runKafka({
    client, group: config.group, redis: config.redis && redisOptions(config.redis), context, contextFolder: config.context, models: config.models,
    sources, roles: options.roles, version: VERSION, snapshotEvery: config.snapshotEvery, acceptVersion: options.acceptVersion,
    http: config.http, log, stop: stop.signal,
    joined: (address) => {
      const sources = options.roles.includes('intake') ? `; ${config.sources.length === 0 ? 'no topics of platforms' : `platforms' topics: ${config.sources.map((s) => s.topic).join(', ')}`}` : ''
      say(`this process takes part in the group ${config.group} (${options.roles.join(', ')})${sources}${address === undefined ? '' : `; http://${address}/metrics`}`)
    },
  })
  isLeft = true
  say('left in good order')
}
