import { randomUUID } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { clientOf, makeTopicsFor } from '../../testing/kafka.ts'
import { useKafka } from '../../testing/services.ts'
import { logRanges, openEnds } from './offsets.ts'

const brokers = useKafka()

test('a transaction that is still open ends what readers get to, but not the log', async () => {
  const client = await clientOf(brokers())
  const topic = `ends-${randomUUID()}`
  await makeTopicsFor(client, { [topic]: 2 })
  const producer = client.transactionalProducer(topic)
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ value: 'a', partition: 1 }, { value: 'b', partition: 1 }] })
  await client.withAdmin(async (admin) => {
    expect(await openEnds(admin, topic)).toEqual([0, 2])
    expect(await logRanges(admin, topic)).toEqual([{ start: 0, end: 0 }, { start: 0, end: 0 }])
    await transaction.commit()
    // The marker of the transaction comes a little later.
    await vi.waitFor(async () => expect(await logRanges(admin, topic)).toEqual([{ start: 0, end: 0 }, { start: 0, end: 3 }]))
  })
  await producer.disconnect()
})
