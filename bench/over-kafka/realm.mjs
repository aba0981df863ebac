// Invigil over a real broker for the benches: topics of its own, a configuration, and processes of the command as a user starts them.
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, cpSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { parseAllDocuments, stringify } from 'yaml'
import { startKafka } from '../../services/kafka.mjs'
import { startRedis } from '../../services/redis.mjs'
import { freePort, spawnGuarded } from '../../services/server.mjs'
import { KafkaClient } from '../../dist/io/kafka/client.js'
import { kafkaConfig } from '../../dist/io/kafka/config.js'
import { createTopics } from '../../dist/io/kafka/topics.js'
import { parseMetrics } from './metrics.mjs'

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const MAIN = join(ROOT, 'dist', 'cli', 'main.js')
/** How a service is started. */
export const FLAGS = '--max-semi-space-size=64'
const JOIN_WITHIN = 60_000
const LEAVE_WITHIN = 30_000

/** The rules that most platforms would begin with. */
export const FIVE = ['parallel-chapters', 'chapter-skip', 'brushing-rhythm', 'foreign-ip', 'shared-ip']

/** A Kafka, a Redis and a folder of one's own. `stop` ends and removes them. */
export async function openStage({ heap = '1g', redisArgs = [] } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'invigil-bench-'))
  const started = await Promise.allSettled([startKafka({ heap }), startRedis({ args: redisArgs })])
  const stop = async () => {
    await Promise.all(started.flatMap((s) => (s.status === 'fulfilled' ? [s.value.stop()] : [])))
    // For those who look for the cause of something: configurations and logs of the processes.
    if (process.env.BENCH_KEEP) process.stderr.write(`kept: ${dir}\n`)
    else rmSync(dir, { recursive: true, force: true })
  }
  const failed = started.find((s) => s.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  const [kafka, redis] = started.map((s) => s.value)
  return { dir, kafka, redis, stop }
}

function readRules() {
  return ['supervision-1', 'supervision-2', 'investigation-3'].flatMap((file) => parseAllDocuments(readFileSync(join(ROOT, 'rules', `${file}.yaml`), 'utf8')).flatMap((d) => d.toJS()))
}

/** The names of the shipped rules. */
export const shippedRules = () => readRules().map((r) => r.rule)

/** A folder with the shipped rules, or with some of them. */
export function rulesFolder(stage, names) {
  if (names === undefined) return join(ROOT, 'rules')
  const folder = join(stage.dir, `rules-${names.length}`)
  if (existsSync(folder)) return folder
  mkdirSync(folder)
  cpSync(join(ROOT, 'rules', 'regulations'), join(folder, 'regulations'), { recursive: true })
  const kept = readRules().filter((r) => names.includes(r.rule))
  if (kept.length !== names.length) throw new Error(`of ${names.join(', ')} only ${kept.map((r) => r.rule).join(', ')} are shipped`)
  writeFileSync(join(folder, 'rules.yaml'), stringify(kept))
  return folder
}

/**
 * Topics of a prefix, and processes that work on them. `telemetry`: the name of a topic that several realms read in turn.
 * `more`: what the configuration says besides.
 */
export async function openRealm(stage, name, { partitions, telemetry, rules, catalogue, snapshotEvery = '60s', more = {} }) {
  const prefix = `${name}.`
  const topics = { replication: 1, partitions: { telemetry: partitions, sightings: partitions, warnings: 1, late: 1, rejects: 1, prompts: 1 }, ...(telemetry ? { names: { telemetry } } : {}) }
  const dir = join(stage.dir, name)
  mkdirSync(dir)
  const catalogueFile = join(dir, 'catalogue.json')
  writeFileSync(catalogueFile, JSON.stringify(catalogue))
  const config = join(dir, 'invigil.yaml')
  writeFileSync(config, JSON.stringify({
    group: name, kafka: { brokers: [stage.kafka.brokers], prefix, topics }, redis: { url: stage.redis.url, prefix }, rules: [rulesFolder(stage, rules)], catalogue: catalogueFile, snapshotEvery, ...more,
  }))
  const client = await KafkaClient.open(kafkaConfig.parse({ brokers: [stage.kafka.brokers], prefix, topics }), pino({ level: 'error' }, pino.destination(2)))
  await createTopics(client)
  return { name, group: name, dir, config, catalogueFile, client, rules: rulesFolder(stage, rules), start: (options) => startProcess(dir, config, options) }
}

/** What is counted by `rate` for each second, as text. */
export const seconds = (ms) => (ms / 1000).toFixed(1)

/** `command` on one core where that can be had. */
export function pinned(core, command) {
  return core === undefined || !existsSync('/usr/bin/taskset') ? command : ['taskset', '-c', String(core % cpus().length), ...command]
}

/** One process of `invigil run --kafka`; resolves once it has joined its groups. */
async function startProcess(dir, config, { roles = 'time,learner,resource', core, flags = [], log = 'warn', memory, extra = [] } = {}) {
  const port = await freePort()
  const begun = Date.now()
  const command = pinned(core, [process.execPath, ...flags, MAIN, 'run', '--kafka', '--config', config, '--roles', roles, '--log', log, ...extra])
  // Guarded: it does not outlive this process, however that ends.
  const child = spawnGuarded(command[0], command.slice(1), { cwd: dir, env: environment({ INVIGIL_HTTP: `127.0.0.1:${port}`, ...(memory ? { BENCH_MEMORY: memory } : {}) }), stdio: ['ignore', 'pipe', 'pipe'] })
  const file = join(dir, `process-${child.pid}.log`)
  child.stderr.pipe(createWriteStream(file))
  let said = ''
  let isAsked = false
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
  const about = () => readFileSync(file, 'utf8').split('\n').slice(-20).join('\n')
  const one = {
    port, begun, child, log: file, roles,
    pid: child.pid,
    /** The metrics as they are now. */
    scrape: async () => parseMetrics(await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } })).text()),
    kill: async () => {
      isAsked = true
      const at = Date.now()
      child.kill('SIGKILL')
      await ended
      return at
    },
    stop: async () => {
      isAsked = true
      const at = Date.now()
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), LEAVE_WITHIN)
      const { code, signal } = await ended
      clearTimeout(late)
      if (code !== 0) throw new Error(`a process ended with ${code ?? signal}:\n${about()}`)
      return Date.now() - at
    },
    /** Throws when it has ended though nobody asked for that. */
    check: () => {
      if (!isAsked && (child.exitCode !== null || child.signalCode !== null)) throw new Error(`a process ended by itself (${child.exitCode ?? child.signalCode}):\n${about()}`)
    },
  }
  await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`a process did not join within ${JOIN_WITHIN / 1000} s:\n${about()}`)), JOIN_WITHIN)
    child.stdout.on('data', (text) => {
      said += text
      if (!said.includes('takes part in the group')) return
      clearTimeout(late)
      resolve()
    })
    void ended.then(({ code, signal }) => {
      clearTimeout(late)
      reject(new Error(`a process ended with ${code ?? signal} before it joined:\n${about()}`))
    })
  })
  return one
}

/** The environment without what would take the place of the configuration. */
function environment(more) {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('INVIGIL_') && name !== 'KAFKA_BROKERS' && name !== 'REDIS_URL')
  return { ...Object.fromEntries(kept), ...more }
}
