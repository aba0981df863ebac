// A real Kafka broker of one node (KRaft, broker and controller in one process) on this machine, without Docker.
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchOnce } from './fetch.mjs'
import { freePort, lastLines, newFolder, run, Server, ServiceError, spawnGuarded, wantedPort } from './server.mjs'

export const KAFKA_VERSION = '4.1.0'

const ARTIFACTS = [
  `org.apache.kafka:kafka_2.13:${KAFKA_VERSION}`,
  `org.apache.kafka:kafka-tools:${KAFKA_VERSION}`,
  // Kafka's jars bring no logging with them, and a broker that dies must say why.
  'org.apache.logging.log4j:log4j-slf4j-impl:2.24.3',
]

/** What is set otherwise than Kafka does; compose.yaml says the same. */
export const KAFKA_SETTINGS = {
  'node.id': '1',
  'process.roles': 'broker,controller',
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
  // Topics have partitions and settings that matter: a misspelt name must fail.
  'auto.create.topics.enable': 'false',
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '4',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '4',
  // A killed broker may register again only when its last session has run out: after 9 s, if Kafka has its way.
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
}

const LOGGING = `-Dlog4j2.configurationFile=${join(dirname(fileURLToPath(import.meta.url)), 'log4j2.properties')}`

/** For JVMs that live briefly: they start faster with less to prepare. */
const BRIEF = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
const TOOL = [...BRIEF, '-Xmx512m', '-Dlevel=WARN', LOGGING]

/** Java's exit code after SIGTERM. */
const ENDED = 128 + 15

const INSTEAD = 'point `KAFKA_BROKERS` at a broker that runs'

/** Starts a broker; what the options mean stands in kafka.d.mts. Throws a `ServiceError` that says what to do. */
export async function startKafka(options = {}) {
  const { java, classes } = await prepare(options)
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(java, classes, options)
    } catch (e) {
      // Somebody took the port between our look and the broker's.
      if (tries === 3 || options.port !== undefined || !/address already in use/i.test(e.message)) throw e
    }
  }
}

/** Starts a command-line tool of Kafka, for a broker that may be anywhere. Throws as `startKafka` does. */
export async function startKafkaTool(main, args, options = {}) {
  const { java, classes } = await prepare(options)
  return spawnTool(java, classes, main, args)
}

function spawnTool(java, classes, main, args) {
  return spawnGuarded(java, [...TOOL, ...classes.path, main, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
}

async function prepare({ java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java', mvn }) {
  const version = await checkJava(java)
  return { java, classes: new Classes(await fetchLibs(mvn), version) }
}

/** What Java says of its version. */
async function checkJava(java) {
  let text
  try {
    ;({ text } = await run(java, ['-version']))
  } catch (e) {
    if (e.code !== 'ENOENT') throw e
    throw new ServiceError(`Kafka ${KAFKA_VERSION} needs Java 17 or later, and there is no command \`${java}\`: install one (\`JAVA_HOME\` may name it), or ${INSTEAD}`, { cause: e })
  }
  const version = /version "(\d+)/.exec(text)?.[1]
  if (version !== undefined && Number(version) < 17) throw new ServiceError(`Kafka ${KAFKA_VERSION} needs Java 17 or later, and \`${java}\` is Java ${version}: install a newer one (\`JAVA_HOME\` may name it), or ${INSTEAD}`)
  return text
}

/** Kafka's classes; and, from the first broker that ends in order, an archive of them as Java wants them, which halves the work of a start. */
class Classes {
  path
  #archive

  constructor(home, version) {
    this.path = ['-cp', `${join(home, 'libs')}/*`]
    this.#archive = join(home, `classes-${createHash('sha256').update(version).digest('hex').slice(0, 12)}.jsa`)
  }

  /** Arguments that use the archive, or else write one when Java ends. */
  flags(dir) {
    return ['-Xlog:cds=off', existsSync(this.#archive) ? `-XX:SharedArchiveFile=${this.#archive}` : `-XX:ArchiveClassesAtExit=${join(dir, 'classes.jsa')}`]
  }

  /** Takes the archive of a broker that has ended: whole only if it ended in order. */
  take(dir, exitCode) {
    if (exitCode === ENDED && existsSync(join(dir, 'classes.jsa'))) renameSync(join(dir, 'classes.jsa'), this.#archive)
  }
}

function fetchLibs(mvn) {
  return fetchOnce(`kafka-${KAFKA_VERSION}`, {
    what: `Kafka ${KAFKA_VERSION}`, size: 54, goal: 'copy-dependencies', artifacts: ARTIFACTS, mvn, instead: INSTEAD,
    flags: (dir) => [`-DoutputDirectory=${join(dir, 'libs')}`, '-DincludeScope=runtime'],
  })
}

async function startOnce(java, classes, { port: wanted, brief = false, heap = brief ? '512m' : '1g', keep = false, listeners = {}, properties = {}, formatArgs = [], javaOptions = [], startMs, onDeath }) {
  const port = wanted === undefined ? await freePort() : await wantedPort(wanted, 'Kafka')
  const controller = await freePort([port])
  const further = await placed(listeners, [port, controller])
  const each = (text) => further.map((l) => `,${text(l)}`).join('')
  const dir = newFolder('kafka')
  let server
  try {
    const all = {
      ...KAFKA_SETTINGS,
      'listeners': `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}${each((l) => `${l.name}://127.0.0.1:${l.port}`)}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}${each((l) => `${l.name}://${l.address}`)}`,
      'listener.security.protocol.map': `${KAFKA_SETTINGS['listener.security.protocol.map']}${each((l) => `${l.name}:${l.protocol}`)}`,
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      'log.dirs': join(dir, 'data'),
      ...(typeof properties === 'function' ? await properties(dir) : properties),
    }
    writeFileSync(join(dir, 'server.properties'), Object.entries(all).map(([k, v]) => `${k}=${v}\n`).join(''))
    // An id that begins with a dash would be taken for an option.
    const cluster = randomBytes(16).toString('base64url').replace(/^-/, '_')
    const formatted = await run(java, [...TOOL, ...classes.path, 'kafka.tools.StorageTool', 'format', '--cluster-id', cluster, '--config', join(dir, 'server.properties'), ...formatArgs], { cwd: dir, dir: keep ? '' : dir })
    if (formatted.code !== 0) throw new ServiceError(`Kafka's storage could not be formatted; its last lines:\n${lastLines(formatted.text)}`)
    server = new Server({
      name: 'Kafka', command: java, dir, keep, startMs, onDeath,
      args: () => [`-Xmx${heap}`, ...(brief ? BRIEF : []), ...classes.flags(dir), ...javaOptions, LOGGING, ...classes.path, 'kafka.Kafka', join(dir, 'server.properties')],
      ready: /Kafka Server started/,
      mends: [[/OutOfMemoryError/, 'give it a larger heap']],
    })
    await server.start()
  } catch (e) {
    await server?.stop()
    if (!keep) rmSync(dir, { recursive: true, force: true })
    throw e
  }
  const leave = async () => {
    if (!server.isRunning) return
    await server.leave()
    classes.take(dir, server.exitCode)
  }
  return {
    brokers: `127.0.0.1:${port}`, port, dir, log: server.log,
    listeners: Object.fromEntries(further.map((l) => [l.name, l.address])),
    get pid() {
      return server.pid
    },
    kill: (signal) => server.kill(signal),
    restart: async () => {
      await leave()
      await server.restart()
    },
    stop: async () => {
      await leave()
      await server.stop()
    },
    tool: (main, args) => spawnTool(java, classes, main, args),
  }
}

/** Further listeners, each with a port of its own. */
async function placed(listeners, taken) {
  const all = []
  for (const [name, protocol] of Object.entries(listeners)) {
    const port = await freePort([...taken, ...all.map((l) => l.port)])
    // Certificates are made out to names.
    all.push({ name, protocol, port, address: `${protocol.endsWith('SSL') ? 'localhost' : '127.0.0.1'}:${port}` })
  }
  return all
}
