import { InvigilError } from '../base/errors.ts'
import type { KafkaClient, Message, Producer, TopicMessages } from '../io/kafka/client.ts'
import { isTooLarge, kafkaError } from '../io/kafka/errors.ts'
import { inPortions, MOST_AT_ONCE } from '../io/kafka/producer.ts'
import { GroupCommit } from './group-commit.ts'
import { Refusal } from './refusal.ts'
import type { Store } from './store.ts'
import type { Original, Taken } from './take.ts'

interface Batch {
  topic: string
  records: readonly Original[]
}

const PER_RECORD = 64

/**
 * Writes records as they came into their platform's own topic, acknowledged by all brokers that must have them. From there they go the way of all
 * others: the intake over Kafka reads them, keeps what is rejected with its bytes, and names where each event came from.
 */
export class TopicStore {
  private readonly producer: Producer
  private readonly commits: GroupCommit<Batch>

  private constructor(producer: Producer) {
    this.producer = producer
    this.commits = new GroupCommit((batches) => this.write(batches))
  }

  /** Connects. Errors: those of `kafkaError`. */
  static async open(client: KafkaClient): Promise<TopicStore> {
    const producer = client.plainProducer()
    try {
      await producer.connect()
    } catch (e) {
      await producer.disconnect()
      throw kafkaError(e)
    }
    return new TopicStore(producer)
  }

  /** What a topic has room for; records are given to it by `put`. */
  into(topic: string): Store {
    const { commits } = this
    return {
      get backlog() { return commits.backlog },
      broken: undefined,
      put: ({ originals }: Taken) => commits.add({ topic, records: originals }, originals.reduce((n, { value }) => n + value.length + PER_RECORD, 0)),
      close: () => Promise.resolve(),
    }
  }

  async close(): Promise<void> {
    await this.commits.settle()
    await this.producer.disconnect()
  }

  private async write(batches: readonly Batch[]): Promise<void> {
    const topics = new Map<string, Message[]>()
    for (const { topic, records } of batches) {
      const messages = topics.get(topic) ?? []
      topics.set(topic, messages)
      for (const { key, value } of records) messages.push({ key, value })
    }
    const all: TopicMessages[] = [...topics].map(([topic, messages]) => ({ topic, messages }))
    try {
      for (const portion of inPortions(all, MOST_AT_ONCE)) await this.producer.sendBatch({ acks: -1, topicMessages: portion })
    } catch (e) {
      throw isTooLarge(e) ? new InvigilError('bad-input', 'Kafka takes no record so large', { cause: e }) : kafkaError(e)
    }
  }
}

/** What a client is told whose record is larger than its topic takes. */
export function tooLargeForTopic(): Refusal {
  return new Refusal(413, 'too-large', 'a record is larger than its topic takes; nothing of it was kept, and of the others not all may be')
}
