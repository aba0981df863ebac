import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InvigilError } from '../../base/errors.ts'
import { makeTopicsFor, SCRAM_USER, startGuardedBroker, USERS, type GuardedBroker } from '../../testing/kafka.ts'
import { ROOT } from '../../testing/runs.ts'
import { START_MS } from '../../testing/services.ts'
import { KafkaClient } from './client.ts'
import { brokerList, kafkaConfig, topicOf, TOPICS } from './config.ts'
import { logTo } from './log.ts'
import { committedOffset, logRanges } from './offsets.ts'
import { TransactionalProducer } from './producer.ts'
import { checkTopics } from './topics.ts'

const lines: string[] = []
const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
const open = (config: object) => KafkaClient.open(kafkaConfig.parse(config), log)

async function failure(promise: Promise<unknown>): Promise<string> {
  const e = await promise.then(() => undefined, (e: unknown) => e)
  expect(e).toBeInstanceOf(InvigilError)
  return `${(e as InvigilError).code}: ${(e as InvigilError).message}`
}

test('kafkajs is loaded in one place, where its filter is replaced first', () => {
  const src = join(ROOT, 'src')
  const loading = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts'))
    .filter((f) => /(?<!type [^\n]*)from 'kafkajs|(?:import|require)\('kafkajs|^import 'kafkajs/m.test(readFileSync(join(src, f), 'utf8')))
  expect(loading).toEqual([join('io', 'kafka', 'client.ts')])
})

describe('settings', () => {
  const minimal = { brokers: ['a:9092'] }

  test('defaults, and names of topics', () => {
    const config = kafkaConfig.parse({ ...minimal, topics: { names: { late: 'too-late' }, partitions: { telemetry: 4 } } })
    expect([config.prefix, config.clientId, config.topics.partitions.telemetry, config.topics.partitions.sightings]).toEqual(['invigil.', 'invigil', 4, 12])
    expect([topicOf(config, 'marks'), topicOf(config, 'late')]).toEqual(['invigil.marks', 'too-late'])
    expect(brokerList(' a:9092, b:9093,')).toEqual(['a:9092', 'b:9093'])
  })

  test.each<[object, string]>([
    [{ brokers: [] }, 'brokers'], [{ brokers: ['a'] }, 'brokers.0'], [{ brokers: ['a:70000'] }, 'brokers.0'], [{ brokers: ['PLAINTEXT://a:9092'] }, 'brokers.0'],
    [{ ...minimal, prefix: 'a b' }, 'prefix'], [{ ...minimal, tls: { cert: 'c.pem' } }, 'tls'], [{ ...minimal, sasl: { mechanism: 'gssapi', username: 'u', password: 'p' } }, 'sasl.mechanism'],
    [{ ...minimal, sasl: { mechanism: 'plain', username: 'u' } }, 'sasl.password'], [{ ...minimal, sasl: { mechanism: 'plain', username: 'u', password: 271828 } }, 'sasl.password'],
    [{ ...minimal, topics: { partitions: { marks: 2 } } }, 'topics.partitions'], [{ ...minimal, topics: { retention: 'long' } }, 'topics.retention'],
  ])('%j is refused at %s', (config, at) => {
    const { error } = kafkaConfig.safeParse(config)
    expect(error?.issues.map((i) => i.path.join('.'))).toEqual([at])
    expect(JSON.stringify(error)).not.toContain('271828')
  })

  test('a password shows nowhere but where it is revealed', () => {
    const { sasl } = kafkaConfig.parse({ ...minimal, sasl: { mechanism: 'plain', username: 'u', password: 'hunter2' } })
    expect(sasl?.password.reveal()).toBe('hunter2')
    expect([JSON.stringify(sasl), inspect(sasl, { depth: 9, showHidden: true }), String(sasl?.password), JSON.stringify(Object.entries(sasl?.password ?? {}))].join()).not.toContain('hunter2')
  })
})

test('what kafkajs logs is an error only where somebody must act, and has no stacks', () => {
  const said: { level: number; msg: string }[] = []
  const entry = logTo(pino({ level: 'trace' }, { write: (line: string) => void said.push(JSON.parse(line) as never) }))
  const say = (label: string, message: string) => entry({ namespace: 'Connection', label, log: { timestamp: '', message, stack: 'Error: at x', broker: 'b:1', payload: 'secret', error: new Error('why') } })
  say('ERROR', 'Connection error: connect ECONNREFUSED')
  say('ERROR', 'SASL PLAIN authentication failed: no')
  say('ERROR', 'Not authorized to access topics: [Topic authorization failed]')
  say('ERROR', 'Failed to send messages: The producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing')
  say('WARN', 'Limiting retries for the idempotent producer may invalidate EoS guarantees')
  say('WARN', 'Response without match')
  say('INFO', 'Consumer has joined the group')
  say('DEBUG', 'Request')
  expect(said.map((s) => pino().levels.labels[s.level])).toEqual(['warn', 'error', 'error', 'debug', 'debug', 'warn', 'info', 'debug'])
  expect(said[0]).toMatchObject({ part: 'kafkajs Connection', broker: 'b:1', error: 'why', msg: 'Connection error: connect ECONNREFUSED' })
  expect(JSON.stringify(said)).not.toMatch(/stack|secret/)
})

test('a broker that is not there is named', async () => {
  const client = await open({ brokers: ['127.0.0.1:1'] })
  expect(await failure(client.withAdmin((admin) => admin.listTopics()))).toBe('io: cannot reach the Kafka broker `127.0.0.1:1`: nothing listens there; check `brokers`, and that the broker runs')
  expect(await failure(open({ brokers: ['a:1'], tls: { ca: '/no/such/file' } }))).toMatch(/^not-found: .*`\/no\/such\/file`/)
})

describe('a broker that asks who one is', () => {
  let broker: GuardedBroker
  beforeAll(async () => {
    broker = await startGuardedBroker()
    const client = await open({ brokers: broker.brokers })
    await makeTopicsFor(client, { closed: 1 })
  }, START_MS)
  afterAll(() => broker.stop())

  const as = (username: string, password: string, mechanism = 'plain') => open({ brokers: broker.login, sasl: { mechanism, username, password } })
  const list = (client: KafkaClient) => client.withAdmin((admin) => admin.listTopics())

  test('lets in who has the password, by plain and by scram', async () => {
    expect(await list(await as('admin', USERS.admin))).toContain('closed')
    expect(await list(await as(SCRAM_USER.username, SCRAM_USER.password, 'scram-sha-256'))).toContain('closed')
  })

  test('refuses who has not, who comes another way, and who does not log in; no password is logged', async () => {
    lines.length = 0
    const refused = 'usage: the Kafka broker refused to log in; check `sasl.mechanism`, `sasl.username` and `sasl.password`'
    expect(await failure(list(await as('admin', 'wrong-password')))).toBe(refused)
    expect(await failure(list(await as(SCRAM_USER.username, 'wrong-password', 'scram-sha-256')))).toBe(refused)
    expect(await failure(list(await as('admin', USERS.admin, 'scram-sha-512')))).toMatch(/^usage: the Kafka broker does not offer this way to log in/)
    expect(await failure(list(await open({ brokers: broker.login })))).toMatch(/^(io|usage): the Kafka broker .*`sasl`/)
    const errors = lines.map((line) => JSON.parse(line) as { level: number; msg: string }).filter((l) => l.level >= 50)
    expect(errors.length).toBeGreaterThan(0)
    expect(lines.join('')).not.toMatch(/wrong-password|admin-password/)
  })

  test('who may do nothing is told what is lacking', async () => {
    const client = await as('nobody', USERS.nobody)
    expect((await checkTopics(client)).missing).toHaveLength(TOPICS.length)
    const lacking = (what: string) => `usage: not authorized for the ${what}; the commands that \`invigil topics --print\` writes give Invigil the rights that it needs`
    await client.withAdmin(async (admin) => {
      expect(await failure(logRanges(admin, 'closed'))).toBe(lacking('topic `closed`'))
      expect(await failure(committedOffset(admin, 'some-group', 'closed', 0))).toMatch(/^io: Kafka names no coordinator for the group `some-group`: .* the right to it is lacking; the commands that/)
    })
    const opened = TransactionalProducer.open(client, 'some-id').then(async (producer) => {
      try {
        await producer.fence()
      } finally {
        await producer.close()
      }
    })
    expect(await failure(opened)).toMatch(/^usage: not authorized (for the transactional id `some-id`|to do this in the cluster)/)
  })

  test('speaks TLS with whom trusts it, and tells the others why not', async () => {
    expect(await list(await open({ brokers: broker.tls, tls: { ca: broker.ca } }))).toContain('closed')
    expect(await failure(list(await open({ brokers: broker.tls, tls: {} })))).toMatch(/^usage: the certificate of the Kafka broker `localhost:\d+` cannot be trusted \(.*\); name the authority's certificate in `tls.ca`$/)
    expect(await failure(list(await open({ brokers: broker.brokers, tls: {} })))).toMatch(/^(io|usage): the Kafka broker `.*` (does not speak TLS|closed the connection).*`tls`/)
  })
})
