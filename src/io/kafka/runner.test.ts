import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { clientOf, makeTopicsFor } from '../../testing/kafka.ts'
import { START_MS, useKafka } from '../../testing/services.ts'
import type { KafkaClient } from './client.ts'
import { describeGroup } from './groups.ts'
import { endingRunner, type Runner } from './runner.ts'

const brokers = useKafka()
const topic = `runner-${randomUUID()}`
let client: KafkaClient

beforeAll(async () => {
  client = await clientOf(brokers())
  await makeTopicsFor(client, { [topic]: 1 })
}, START_MS)

test.concurrent.each([0, 20, 50, 100])('a consumer that is disconnected %i ms after it began to join comes back never', { timeout: 40_000 }, async (after) => {
  const group = `runner-${randomUUID()}`
  const consumer = client.consumer({ groupId: group, sessionTimeout: 6000 })
  await consumer.connect()
  await consumer.subscribe({ topic })
  const running = consumer.run({ eachBatch: () => Promise.resolve() })
  await sleep(after)
  await consumer.disconnect()
  await running
  // What was on its way arrives; a session that was begun and never heard of again ends.
  await sleep(8000)
  const { members } = await client.withAdmin((admin) => describeGroup(admin, group))
  expect(members).toEqual([])
})

/** As kafkajs's: joins when it is told so. */
class Fake implements Runner {
  running = false
  readonly said: string[] = []
  join: () => void = () => undefined
  onCrash = (e: unknown): void => void this.said.push(`restarts: ${String(e)}`)
  readonly consumerGroup = { cluster: { disconnect: () => Promise.resolve(void this.said.push('disconnects')) } }

  async start(): Promise<void> {
    await new Promise<void>((done) => (this.join = done))
    this.running = true
  }

  stop(): Promise<void> {
    if (this.running) this.said.push('leaves the group')
    this.running = false
    return Promise.resolve()
  }
}

test('one that is told to end while it joins leaves as soon as it has joined', async () => {
  const runner = new (endingRunner(Fake))() as Fake
  const starting = runner.start()
  await runner.stop()
  runner.join()
  await starting
  expect([runner.running, runner.said]).toEqual([false, ['leaves the group', 'disconnects']])
})

test('one that fails is restarted, unless it was told to end', () => {
  const [wanted, ended] = [new (endingRunner(Fake))() as Fake, new (endingRunner(Fake))() as Fake]
  void ended.stop()
  for (const runner of [wanted, ended]) runner.onCrash('closed')
  expect([wanted.said, ended.said]).toEqual([['restarts: closed'], ['disconnects']])
})
