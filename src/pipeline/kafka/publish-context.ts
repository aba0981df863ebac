import type { KafkaClient } from '../../io/kafka/client.ts'
import { kafkaError } from '../../io/kafka/errors.ts'
import type { OpenContext } from '../context.ts'
import { contextRecordOf } from '../context-record.ts'

/** The key under which the topic `contexts` says which one is in force; the others are hashes. */
export const CURRENT = 'current'

/** The key under which it says which group works on these topics. */
export const GROUP = 'group'

/** What stands under `CURRENT`. */
export interface Current {
  format: 1
  hash: string
}

/**
 * Puts a context into force: writes its record, and that it is the current one. Both go out as one batch, so that no reader finds
 * one without the other; without a transaction, so that the log ends with a record, and a reader knows when it has them all.
 */
export async function publishContext(client: KafkaClient, context: OpenContext): Promise<void> {
  const current: Current = { format: 1, hash: context.hash }
  await write(client, [{ key: context.hash, value: JSON.stringify(contextRecordOf(context)) }, { key: CURRENT, value: JSON.stringify(current) }])
}

/** Says that this group works on the topics. */
export async function publishGroup(client: KafkaClient, group: string): Promise<void> {
  await write(client, [{ key: GROUP, value: JSON.stringify({ format: 1, group }) }])
}

async function write(client: KafkaClient, messages: readonly { key: string; value: string }[]): Promise<void> {
  const topic = client.topic('contexts')
  const producer = client.plainProducer()
  try {
    await producer.connect()
    await producer.send({ topic, messages: messages.map((m) => ({ ...m, partition: 0 })) })
  } catch (e) {
    throw kafkaError(e, { topic })
  } finally {
    await producer.disconnect()
  }
}
