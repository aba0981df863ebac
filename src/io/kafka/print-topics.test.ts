import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf, kafkaTool, startGuardedBroker, USERS, type GuardedBroker } from '../../testing/kafka.ts'
import { START_MS } from '../../testing/services.ts'
import { topicsConfig } from './config.ts'
import { committedOffset, logRanges } from './offsets.ts'
import { printTopics, principalOf } from './print-topics.ts'
import { TransactionalProducer } from './producer.ts'
import { checkTopics, createTopics } from './topics.ts'

let broker: GuardedBroker
beforeAll(async () => {
  broker = await startGuardedBroker()
}, START_MS)
afterAll(() => broker.stop())

test('the printed rights are enough for who had none', async () => {
  const topics = { replication: 1, partitions: { telemetry: 1, sightings: 1 } }
  await createTopics(await clientOf(broker.brokers, { topics }))
  const client = await clientOf(broker.login, { topics, sasl: { mechanism: 'plain', username: 'nobody', password: USERS.nobody } })
  const [telemetry, sightings, warnings] = [client.topic('telemetry'), client.topic('sightings'), client.topic('warnings')]
  expect((await checkTopics(client)).missing).toHaveLength(11)
  // Names without spaces, so that the words of a line are what stands between them.
  const commands = printTopics(client.config, { principal: principalOf(client.config), group: 'invigil' }).split('\n').filter((line) => line.startsWith('kafka-acls.sh'))
  for (const line of commands) await kafkaTool('org.apache.kafka.tools.AclCommand', ['--bootstrap-server', broker.brokers[0] as string, ...line.split(' ').slice(5)])

  expect(await checkTopics(client)).toEqual({ missing: [], differing: [] })
  const producer = await TransactionalProducer.open(client, 'invigil-learner-0')
  await producer.fence()
  const messages = [sightings, warnings].map((topic) => ({ topic, messages: [{ key: 'k', value: 'x' }] }))
  await producer.commit(messages, { consumerGroupId: 'invigil-learner', topic: telemetry, partition: 0, offset: 1, metadata: 'm' })
  await producer.close()
  await client.withAdmin(async (admin) => {
    expect(await committedOffset(admin, 'invigil-learner', telemetry, 0)).toEqual({ offset: 1, metadata: 'm' })
    // The record and the marker of its transaction.
    expect(await logRanges(admin, sightings)).toEqual([{ start: 0, end: 2 }])
  })
  const consumer = client.consumer({ groupId: 'invigil-of-one-process', maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic: sightings, fromBeginning: true })
  const read = await new Promise<string>((resolve, reject) => {
    consumer.run({ autoCommit: false, eachMessage: async ({ message }) => resolve(String(message.value)) }).catch(reject)
  })
  await consumer.disconnect()
  expect(read).toBe('x')
  await client.withAdmin((admin) => admin.deleteGroups(['invigil-of-one-process']))
}, 120_000)

test('writing to the topics of platforms is a right of its own, which can be left out', () => {
  const lines = printTopics({ prefix: '', topics: topicsConfig.parse({}) }, { principal: 'User:i', group: 'i', sources: ['lms', 'two'] }).split('\n')
  const at = lines.findIndex((line) => line.startsWith('# Only for `invigil replay`'))
  expect(lines.slice(at + 1, at + 3).map((line) => line.slice(line.indexOf('--add')))).toEqual(['lms', 'two'].map((name) => `--add --allow-principal User:i --operation Write --topic ${name}`))
  expect(printTopics({ prefix: '', topics: topicsConfig.parse({}) }, { principal: 'User:i', group: 'i' })).not.toContain('replay')
})
