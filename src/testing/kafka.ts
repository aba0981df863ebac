import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { startKafka, startKafkaTool, type KafkaProperties } from '../../services/kafka.mjs'
import { kafkaConfig } from '../io/kafka/config.ts'
import { KafkaClient } from '../io/kafka/client.ts'
import { makeTopics } from '../io/kafka/topics.ts'

const run = promisify(execFile)

export const USERS = { admin: 'admin-password', nobody: 'nobody-password' } as const
export const SCRAM_USER = { username: 'scrammy', password: 'scram-password' }

/** A broker of one's own that asks for names: `admin` may do all, the others nothing. */
export interface GuardedBroker {
  /** Where anybody may do anything. */
  brokers: string[]
  /** Wants a login by `plain` or `scram-sha-256`. */
  login: string[]
  /** Speaks TLS. */
  tls: string[]
  /** The certificate to trust it by. */
  ca: string
  stop(): Promise<void>
}

/** A client with short names and a silent log. */
export function clientOf(brokers: string[], more: object = {}): Promise<KafkaClient> {
  return KafkaClient.open(kafkaConfig.parse({ brokers, ...more }), pino({ level: 'silent' }))
}

/** Makes topics with the broker's own settings, ready for use. */
export async function makeTopicsFor(client: KafkaClient, partitions: Readonly<Record<string, number>>): Promise<void> {
  await client.withAdmin((admin) => makeTopics(admin, Object.entries(partitions).map(([name, n]) => ({ name, partitions: n, replication: 1, configs: {} }))))
}

/** Runs one of Kafka's own command-line tools to its end, as `kafka-topics.sh` and others would; returns what it printed. */
export async function kafkaTool(main: string, args: readonly string[]): Promise<string> {
  const tool = await startKafkaTool(main, args)
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) tool[stream].setEncoding('utf8').on('data', (text: string) => void (said[stream] += text))
  const [code] = (await once(tool, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${main} ${args.join(' ')} failed (${code ?? tool.signalCode}): ${said.stdout}${said.stderr}`)
  return said.stdout
}

/** Starts a broker of the caller's, who must stop it. The first time ever takes `START_MS`. */
export async function startGuardedBroker(): Promise<GuardedBroker> {
  const kafka = await startKafka({
    brief: true,
    listeners: { LOGIN: 'SASL_PLAINTEXT', TLS: 'SSL' },
    properties: guards,
    formatArgs: ['--add-scram', `SCRAM-SHA-256=[name=${SCRAM_USER.username},password=${SCRAM_USER.password}]`],
  })
  const { LOGIN, TLS } = kafka.listeners as { LOGIN: string; TLS: string }
  return { brokers: [kafka.brokers], login: [LOGIN], tls: [TLS], ca: join(kafka.dir, 'ca.pem'), stop: () => kafka.stop() }
}

async function guards(dir: string): Promise<KafkaProperties> {
  const [key, cert, store] = ['key.pem', 'ca.pem', 'broker.pem'].map((name) => join(dir, name)) as [string, string, string]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2', ...names])
  writeFileSync(store, `${readFileSync(key, 'utf8')}${readFileSync(cert, 'utf8')}`)
  const plain = Object.entries(USERS).map(([name, password]) => ` user_${name}="${password}"`).join('')
  return {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256',
    'listener.name.login.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required${plain};`,
    'listener.name.login.scram-sha-256.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'listener.name.tls.ssl.keystore.type': 'PEM',
    'listener.name.tls.ssl.keystore.location': store,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // Whoever does not log in is nobody by name, and that includes the broker itself.
    'super.users': `User:ANONYMOUS;User:admin;User:${SCRAM_USER.username};User:CN=localhost`,
  }
}
