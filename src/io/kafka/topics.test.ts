import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { InvigilError } from '../../base/errors.ts'
import { clientOf, kafkaTool, makeTopicsFor } from '../../testing/kafka.ts'
import { useKafka } from '../../testing/services.ts'
import type { KafkaClient } from './client.ts'
import { kafkaConfig, TOPICS } from './config.ts'
import { printTopics } from './print-topics.ts'
import { checkTopics, createTopics, makeTopics, topicsOf } from './topics.ts'

const brokers = useKafka()
let prefix = ''
const clients: KafkaClient[] = []

beforeEach(() => {
  prefix = `${randomUUID()}.`
})
afterAll(async () => {
  for (const client of clients) {
    await client.withAdmin(async (admin) => {
      const there = await admin.listTopics()
      await admin.deleteTopics({ topics: topicsOf(client.config).map((t) => t.name).filter((name) => there.includes(name)) })
    })
  }
})

async function clientWith(topics: object): Promise<KafkaClient> {
  const client = await clientOf(brokers(), { prefix, topics: { replication: 1, ...topics } })
  clients.push(client)
  return client
}

const clientless = kafkaConfig.parse({ brokers: ['b:9092'] })
const names = () => TOPICS.map((kind) => `${prefix}${kind}`)

test('every topic of the design is declared', () => {
  const topics = topicsOf(clientless)
  expect(topics.map((t) => [t.name, t.partitions, t.configs['cleanup.policy'], t.configs['message.timestamp.type'] ?? ''].join(' '))).toEqual([
    'invigil.telemetry 12 delete LogAppendTime', 'invigil.marks 1 delete LogAppendTime', 'invigil.sightings 12 delete ', 'invigil.contexts 1 compact ',
    'invigil.warnings 6 compact,delete ', 'invigil.shadow 1 compact,delete ', 'invigil.records 6 compact,delete ', 'invigil.prompts 6 delete ', 'invigil.reviews 1 delete ', 'invigil.rejects 3 delete ', 'invigil.late 3 delete ',
  ])
  expect(topics.every((t) => t.configs['max.message.bytes'] === '2097152')).toBe(true)
})

test('what is missing is made, with its partitions and settings, and made once', async () => {
  const client = await clientWith({ partitions: { telemetry: 3 }, names: { late: `${prefix}too-late` } })
  const wanted = names().map((n) => (n === `${prefix}late` ? `${prefix}too-late` : n))
  expect(await createTopics(client)).toEqual({ missing: wanted, differing: [] })
  expect(await createTopics(client)).toEqual({ missing: [], differing: [] })
  await client.withAdmin(async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [`${prefix}telemetry`, `${prefix}marks`] })
    expect(Object.fromEntries(topics.map((t) => [t.name, t.partitions.length]))).toEqual({ [`${prefix}marks`]: 1, [`${prefix}telemetry`]: 3 })
    await admin.deleteTopics({ topics: [`${prefix}prompts`] })
  })
  expect((await createTopics(client)).missing).toEqual([`${prefix}prompts`])
})

test('another number of partitions is refused with the way to migrate, and nothing is made', async () => {
  const client = await clientWith({})
  await makeTopicsFor(client, { [`${prefix}telemetry`]: 5, [`${prefix}marks`]: 2 })
  const e = await createTopics(client).then(() => undefined, (e: unknown) => e)
  expect(e).toBeInstanceOf(InvigilError)
  const { code, message, problems } = e as InvigilError
  expect([code, message]).toEqual(['usage', '2 topics have another number of partitions than is wanted'])
  expect(problems.map((p) => p.message)).toEqual([
    `the topic \`${prefix}telemetry\` has 5 partitions, not 12; the number is fixed while there is state`, `the topic \`${prefix}marks\` has 2 partitions, not 1; the number is fixed while there is state`,
  ])
  expect(problems[0]?.mend).toMatch(/^set `topics.partitions.telemetry` to 5; or choose another `prefix` and make its topics with `invigil topics`: the platforms' topics are then read again/)
  expect(problems[1]?.mend).toMatch(/^it must be made anew with one; or choose another `prefix`/)
  expect((await client.withAdmin((admin) => admin.listTopics())).filter((t) => t.startsWith(prefix)).sort()).toEqual([`${prefix}marks`, `${prefix}telemetry`])
})

test('settings that differ are told with a command that mends them; more room is no fault', async () => {
  const client = await clientWith({})
  const make = (kind: string, partitions: number, configs: Record<string, string>) => ({ name: `${prefix}${kind}`, partitions, replication: 1, configs })
  await client.withAdmin((admin) => makeTopics(admin, [
    make('telemetry', 12, { 'retention.ms': '-1', 'max.message.bytes': '9000000' }),
    make('warnings', 6, { 'cleanup.policy': 'delete,compact', 'retention.ms': '1000', 'max.message.bytes': '2097152' }),
    make('records', 6, { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'max.message.bytes': '2097152' }),
  ]))
  const { missing, differing } = await checkTopics(client)
  expect(missing).toEqual(names().filter((n) => !/telemetry|warnings|records/.test(n)))
  expect(differing.map((p) => p.message)).toEqual([
    `the topic \`${prefix}telemetry\` has \`message.timestamp.type=CreateTime\`, not \`LogAppendTime\`, so that senders set the stamps which time is told by`,
    `the topic \`${prefix}warnings\` has \`retention.ms=1000\`, not \`94608000000\``,
    `the topic \`${prefix}records\` has \`cleanup.policy=delete\`, not \`compact,delete\``,
  ])
  const commands = await wordsOf(differing.map((p) => `${p.mend}\n`).join(''))
  // The last one has a comma in its value.
  for (const [, ...args] of [commands[0], commands[2]] as string[][]) await kafkaTool('kafka.admin.ConfigCommand', [...atBroker(), ...args])
  expect((await checkTopics(client)).differing).toEqual([differing[1]])
})

test('more copies than brokers is told', async () => {
  const client = await clientWith({ replication: 30 })
  await expect(createTopics(client)).rejects.toThrow('fewer brokers than `topics.replication` asks')
})

test('the printed commands make the same topics, and give rights', async () => {
  const client = await clientWith({ partitions: { telemetry: 2, sightings: 2 } })
  const text = printTopics(client.config, { principal: "User:O'Hara", group: `${prefix}g`, sources: ['lms events'] })
  const commands = await wordsOf(text)
  const creating = commands.filter(([tool]) => tool === 'kafka-topics.sh')
  expect(creating.length).toBe(TOPICS.length)
  // Each is a start of Java: two show that the tool takes them, and the check would see what it did not set.
  for (const [, , , , , ...args] of [creating[0], creating[4]] as string[][]) await kafkaTool('org.apache.kafka.tools.TopicCommand', [...atBroker(), ...args])
  expect((await createTopics(client)).missing).toEqual(names().filter((n) => !/telemetry|warnings/.test(n)))
  expect((await checkTopics(client)).differing).toEqual([])
  const rights = commands.filter(([tool]) => tool === 'kafka-acls.sh').map(([, , , , , ...args]) => args.join(' '))
  expect(rights).toEqual([
    ...[
      ['telemetry', 'Read Write'], ['marks', 'Read Write'], ['sightings', 'Read Write'], ['contexts', 'Read Write'], ['warnings', 'Write'], ['shadow', 'Write'], ['records', 'Write'], ['prompts', 'Write'], ['reviews', ''], ['rejects', 'Read Write'], ['late', 'Write'],
    ].map(([kind, operations]) => `--add --allow-principal User:O'Hara ${`${operations} Describe DescribeConfigs`.trim().split(' ').map((o) => `--operation ${o}`).join(' ')} --topic ${prefix}${kind}`),
    "--add --allow-principal User:O'Hara --operation Read --operation Describe --topic lms events",
    "--add --allow-principal User:O'Hara --operation Write --topic lms events",
    `--add --allow-principal User:O'Hara --operation Read --operation Describe --operation Delete --resource-pattern-type prefixed --group ${prefix}g`,
    `--add --allow-principal User:O'Hara --operation Write --operation Describe --resource-pattern-type prefixed --transactional-id ${prefix}g`,
    "--add --allow-principal User:O'Hara --operation IdempotentWrite --cluster",
  ])
})

const atBroker = () => ['--bootstrap-server', brokers().join(',')]

/** The words of each command in a text, as a shell takes them apart. */
async function wordsOf(text: string): Promise<string[][]> {
  const tools = ['kafka-topics.sh', 'kafka-acls.sh', 'kafka-configs.sh'].map((tool) => `${tool}() { printf '%s\\0' ${tool} "$@"; printf '\\n'; }\n`)
  const { stdout } = await promisify(execFile)('bash', ['-euc', `${tools.join('')}${text}`], { env: { ...process.env, BROKER: 'b:9092', ADMIN: '/dev/null' } })
  return stdout.split('\n').filter((line) => line !== '').map((line) => line.split('\0').slice(0, -1))
}
