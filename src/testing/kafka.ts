import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { kafkaConfig } from '../io/kafka/config.ts'
import { KafkaClient } from '../io/kafka/client.ts'
import { makeTopics } from '../io/kafka/topics.ts'
import { ROOT } from './runs.ts'

const run = promisify(execFile)
const SERVICES = join(ROOT, '.cache', 'services')
const LIBS = join(SERVICES, 'libs')
const START_WITHIN = 60_000

export const USERS = { admin: 'admin-password', nobody: 'nobody-password' } as const
export const SCRAM_USER = { username: 'scrammy', password: 'scram-password' }
const TLS_PASSWORD = 'of-a-test'

/** A broker for tests. */
export interface Broker {
  /** Where anybody may do anything. */
  brokers: string[]
  stop(): Promise<void>
}

/** A broker of one's own that also asks for names: `admin` may do all, the others nothing. */
export interface GuardedBroker extends Broker {
  /** Wants a login by `plain` or `scram-sha-256`. */
  login: string[]
  /** Speaks TLS. */
  tls: string[]
  /** The certificate to trust it by. */
  ca: string
}

/** The broker of `KAFKA_BROKERS`, else one that is started for the caller, who must stop it. */
export async function openBroker(): Promise<Broker> {
  const given = process.env.KAFKA_BROKERS
  return given ? { brokers: given.split(','), stop: async () => {} } : startBroker()
}

/** A client with short names and a silent log. */
export function clientOf(brokers: string[], more: object = {}): Promise<KafkaClient> {
  return KafkaClient.open(kafkaConfig.parse({ brokers, ...more }), pino({ level: 'silent' }))
}

/** Makes topics with the broker's own settings, ready for use. */
export async function makeTopicsFor(client: KafkaClient, partitions: Readonly<Record<string, number>>): Promise<void> {
  await client.withAdmin((admin) => makeTopics(admin, Object.entries(partitions).map(([name, n]) => ({ name, partitions: n, replication: 1, configs: {} }))))
}

/** Kafka's own command-line tools, as `kafka-topics.sh` and others would run them. */
export async function kafkaTool(main: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run('java', ['-XX:TieredStopAtLevel=1', '-cp', `${await libs()}/*`, main, ...args])
  return stdout
}

// Other tests may want the same at the same time; the one who links the finished folder first wins.
async function libs(): Promise<string> {
  if (existsSync(LIBS)) return LIBS
  mkdirSync(SERVICES, { recursive: true })
  const dir = mkdtempSync(join(SERVICES, 'getting-'))
  const dependency = (name: string) => `<dependency><groupId>org.apache.kafka</groupId><artifactId>${name}</artifactId><version>4.1.0</version></dependency>`
  writeFileSync(join(dir, 'pom.xml'), `<project><modelVersion>4.0.0</modelVersion><groupId>invigil</groupId><artifactId>services</artifactId><version>1</version><packaging>pom</packaging>
    <dependencies>${dependency('kafka_2.13')}${dependency('kafka-tools')}</dependencies></project>`)
  await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=libs'], { cwd: dir })
  try {
    renameSync(join(dir, 'libs'), LIBS)
  } catch (e) {
    if (!existsSync(LIBS) || readdirSync(LIBS).length === 0) throw e
  }
  rmSync(dir, { recursive: true })
  return LIBS
}

/** Starts a broker in a new folder, on free ports. */
export async function startBroker(): Promise<GuardedBroker> {
  const dir = mkdtempSync(join(tmpdir(), 'invigil-kafka-'))
  const [open, login, tls, controller] = await freePorts(4)
  await run('keytool', ['-genkeypair', '-alias', 'broker', '-keyalg', 'EC', '-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost', '-validity', '2', '-storetype', 'PKCS12', '-keystore', join(dir, 'broker.p12'), '-storepass', TLS_PASSWORD])
  await run('keytool', ['-exportcert', '-rfc', '-alias', 'broker', '-keystore', join(dir, 'broker.p12'), '-storepass', TLS_PASSWORD, '-file', join(dir, 'ca.pem')])
  const plain = Object.entries(USERS).map(([name, password]) => ` user_${name}="${password}"`).join('')
  writeFileSync(join(dir, 'server.properties'), Object.entries({
    'process.roles': 'broker,controller', 'node.id': 1, 'controller.quorum.voters': `1@127.0.0.1:${controller}`, 'log.dirs': join(dir, 'data'),
    listeners: `OPEN://127.0.0.1:${open},LOGIN://127.0.0.1:${login},TLS://127.0.0.1:${tls},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `OPEN://127.0.0.1:${open},LOGIN://127.0.0.1:${login},TLS://localhost:${tls}`,
    'listener.security.protocol.map': 'OPEN:PLAINTEXT,LOGIN:SASL_PLAINTEXT,TLS:SSL,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER', 'inter.broker.listener.name': 'OPEN', 'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256',
    'listener.name.login.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required${plain};`,
    'listener.name.login.scram-sha-256.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'listener.name.tls.ssl.keystore.location': join(dir, 'broker.p12'), 'listener.name.tls.ssl.keystore.password': TLS_PASSWORD, 'listener.name.tls.ssl.keystore.type': 'PKCS12',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer', 'super.users': `User:ANONYMOUS;User:admin;User:${SCRAM_USER.username};User:CN=localhost`,
    'offsets.topic.replication.factor': 1, 'offsets.topic.num.partitions': 4, 'transaction.state.log.replication.factor': 1, 'transaction.state.log.min.isr': 1, 'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1, 'share.coordinator.state.topic.min.isr': 1, 'group.initial.rebalance.delay.ms': 0, 'auto.create.topics.enable': false,
  }).map(([key, value]) => `${key}=${String(value)}\n`).join(''))
  const properties = join(dir, 'server.properties')
  await kafkaTool('kafka.tools.StorageTool', ['format', '-t', 'aW52aWdpbC1pbi1hLXRlcw', '-c', properties, '--add-scram', `SCRAM-SHA-256=[name=${SCRAM_USER.username},password=${SCRAM_USER.password}]`])
  const child = spawn('java', ['-Xmx384m', '-XX:TieredStopAtLevel=1', '-cp', `${await libs()}/*`, 'kafka.Kafka', properties], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d: Buffer) => void (said = (said + d.toString()).slice(-20_000)))
  try {
    await listening(child, [open, login, tls] as number[])
  } catch (e) {
    await stop(child, dir)
    throw new Error(`the broker did not start: ${said}`, { cause: e })
  }
  return { brokers: [`127.0.0.1:${open}`], login: [`127.0.0.1:${login}`], tls: [`localhost:${tls}`], ca: join(dir, 'ca.pem'), stop: () => stop(child, dir) }
}

async function stop(child: ChildProcess, dir: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await exited
  }
  rmSync(dir, { recursive: true, force: true })
}

async function freePorts(n: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: n }, () => new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })))
  const ports = servers.map((s) => (s.address() as AddressInfo).port)
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))))
  return ports
}

/** Kafka opens its ports when it is ready; nothing tells of it but trying. */
async function listening(child: ChildProcess, ports: readonly number[]): Promise<void> {
  const deadline = Date.now() + START_WITHIN
  for (const port of ports) {
    while (!(await accepts(port))) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended')
      if (Date.now() > deadline) throw new Error('it took too long')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
