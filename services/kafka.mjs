// A real Kafka broker of one node (KRaft, broker and controller in one process) on this machine, without Docker.
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

const LOGGING = `appender.out.type=Console
appender.out.name=out
appender.out.target=SYSTEM_ERR
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss.SSS} %-5p %c{1}: %m%n
rootLogger.level=\${sys:level:-INFO}
rootLogger.appenderRefs=out
rootLogger.appenderRef.out.ref=out
logger.config.name=org.apache.kafka.common.config
logger.config.level=WARN
`

/** For JVMs that live briefly: they start faster with less to prepare. */
const BRIEF = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
const TOOL = [...BRIEF, '-Xmx512m', '-Dlevel=WARN']

const INSTEAD = 'point `KAFKA_BROKERS` at a broker that runs'

/** Starts a broker; what the options mean stands in kafka.d.mts. Throws a `ServiceError` that says what to do. */
export async function startKafka(options = {}) {
  const java = options.java ?? (process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java')
  await checkJava(java)
  const libs = join(await fetchLibs(options.mvn), 'libs')
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(java, libs, options)
    } catch (e) {
      // Somebody took the port between our look and the broker's.
      if (tries === 3 || options.port !== undefined || !/address already in use/i.test(e.message)) throw e
    }
  }
}

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
}

function fetchLibs(mvn) {
  return fetchOnce(`kafka-${KAFKA_VERSION}`, {
    what: `Kafka ${KAFKA_VERSION}`, size: 54, goal: 'copy-dependencies', artifacts: ARTIFACTS, mvn, instead: INSTEAD,
    flags: (dir) => [`-DoutputDirectory=${join(dir, 'libs')}`, '-DincludeScope=runtime'],
  })
}

async function startOnce(java, libs, { port: wanted, brief = false, heap = brief ? '512m' : '1g', keep = false, properties = {}, javaOptions = [], startMs, onDeath }) {
  const port = wanted === undefined ? await freePort() : await wantedPort(wanted, 'Kafka')
  const controller = await freePort([port])
  const dir = newFolder('kafka')
  const classes = ['-cp', `${libs}/*`]
  const logging = `-Dlog4j2.configurationFile=${join(dir, 'log4j2.properties')}`
  let server
  try {
    const all = {
      ...KAFKA_SETTINGS,
      'listeners': `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      'log.dirs': join(dir, 'data'),
      ...properties,
    }
    writeFileSync(join(dir, 'server.properties'), Object.entries(all).map(([k, v]) => `${k}=${v}\n`).join(''))
    writeFileSync(join(dir, 'log4j2.properties'), LOGGING)
    // An id that begins with a dash would be taken for an option.
    const cluster = randomBytes(16).toString('base64url').replace(/^-/, '_')
    const formatted = await run(java, [...TOOL, logging, ...classes, 'kafka.tools.StorageTool', 'format', '--cluster-id', cluster, '--config', join(dir, 'server.properties')], { cwd: dir, dir: keep ? '' : dir })
    if (formatted.code !== 0) throw new ServiceError(`Kafka's storage could not be formatted; its last lines:\n${lastLines(formatted.text)}`)
    server = new Server({
      name: 'Kafka', command: java, dir, keep, startMs, onDeath,
      args: [`-Xmx${heap}`, ...(brief ? BRIEF : []), ...javaOptions, logging, ...classes, 'kafka.Kafka', join(dir, 'server.properties')],
      ready: /Kafka Server started/,
      mends: [[/OutOfMemoryError/, 'give it a larger heap']],
    })
    await server.start()
  } catch (e) {
    await server?.stop()
    if (!keep) rmSync(dir, { recursive: true, force: true })
    throw e
  }
  return {
    brokers: `127.0.0.1:${port}`, port, dir, log: server.log,
    get pid() {
      return server.pid
    },
    kill: (signal) => server.kill(signal),
    restart: () => server.restart(),
    stop: () => server.stop(),
    tool: (main, args) => spawnGuarded(java, [...TOOL, logging, ...classes, main, ...args], { stdio: ['pipe', 'pipe', 'pipe'] }),
  }
}
