import type { KafkaClient } from '../../io/kafka/client.ts'
import { kafkaError } from '../../io/kafka/errors.ts'
import type { OpenContext } from '../context.ts'
import { contextRecordOf } from '../context-record.ts'

/** The key under which the topic `contexts` says which one is in force; the others are hashes. */
export const CURRENT = 'current'

/** What stands under it. */
export interface Current {
  format: 1
  hash: string
}

/**
 * Puts a context into force: writes its record, and that it is the current one. Both go out as one batch, so that no reader finds
 * one without the other; without a transaction, so that the log ends with a record, and a reader knows when it has them all.
 */
export async function publishContext(client: KafkaClient, context: OpenContext): Promise<void> {
  const topic = client.topic('contexts')
  const producer = client.plainProducer()
  const current: Current = { format: 1, hash: context.hash }
  const messages = [{ key: context.hash, value: JSON.stringify(contextRecordOf(context)) }, { key: CURRENT, value: JSON.stringify(current) }]
  try {
    await producer.connect()
    await producer.send({ topic, messages: messages.map((m) => ({ ...m, partition: 0 })) })
  } catch (e) {
    throw kafkaError(e, { topic })
  } finally {
    await producer.disconnect()
  }
}
