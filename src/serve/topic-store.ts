import type { KafkaClient, Message, Producer } from '../io/kafka/client.ts'
import { kafkaError } from '../io/kafka/errors.ts'
import { inPortions, MOST_AT_ONCE } from '../io/kafka/producer.ts'
import { GroupCommit } from './group-commit.ts'
import { Refusal } from './refusal.ts'
import type { Store } from './store.ts'
import type { Original, Taken } from './take.ts'

const PER_RECORD = 64
/** A topic takes a megabyte at once by Kafka's own default. */
const MOST_OF_ONE = 1_000_000

/**
 * Writes records as they came into their platform's own topic, acknowledged by all brokers that must have them. From there they go the way of all
 * others: the intake over Kafka reads them, keeps what is rejected with its bytes, and names where each event came from. Each topic has a store of
 * its own, so that what one refuses holds up nobody else.
 */
export class TopicStore implements Store {
  readonly broken = undefined
  private readonly client: KafkaClient
  private readonly topic: string
  private readonly commits: GroupCommit<readonly Original[]>
  private producer: Producer | undefined

  private constructor(client: KafkaClient, topic: string) {
    this.client = client
    this.topic = topic
    this.commits = new GroupCommit((batch) => this.write(batch.flat()))
  }

  /** Connects. Errors: those of `kafkaError`. */
  static async open(client: KafkaClient, topic: string): Promise<TopicStore> {
    const store = new TopicStore(client, topic)
    await store.connected()
    return store
  }

  get backlog(): number {
    return this.commits.backlog
  }

  put({ originals }: Taken): Promise<void> {
    const large = originals.findIndex(({ value }) => value.length > MOST_OF_ONE)
    if (large >= 0) return Promise.reject(new Refusal(413, 'too-large', `record ${large + 1} has more than ${MOST_OF_ONE} bytes; nothing of the request was kept`))
    return this.commits.add(originals, originals.reduce((n, { value }) => n + value.length + PER_RECORD, 0))
  }

  async close(): Promise<void> {
    await this.commits.settle()
    await this.producer?.disconnect()
  }

  private async write(records: readonly Original[]): Promise<void> {
    const messages: Message[] = records.map(({ key, value }) => ({ key, value }))
    try {
      const producer = await this.connected()
      for (const portion of inPortions([{ topic: this.topic, messages }], MOST_AT_ONCE)) await producer.sendBatch({ acks: -1, topicMessages: portion })
    } catch (e) {
      // Whether the brokers have what failed is not known, nor what number the next record has for them: a new producer counts anew.
      const failed = this.producer
      this.producer = undefined
      await failed?.disconnect()
      throw kafkaError(e, { topic: this.topic })
    }
  }

  private async connected(): Promise<Producer> {
    if (this.producer) return this.producer
    const producer = this.client.plainProducer()
    try {
      await producer.connect()
    } catch (e) {
      await producer.disconnect()
      throw kafkaError(e, { topic: this.topic })
    }
    return (this.producer = producer)
  }
}
