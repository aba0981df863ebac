import { InvigilError, invariant } from '../../base/errors.ts'
import type { KafkaClient, Message, Producer, TopicMessages, Transaction } from './client.ts'
import { isTooLarge, kafkaError } from './errors.ts'
import { lengthOf } from './produce-request.ts'
import { whileNotReady } from './retry.ts'

/** Where a consumer's group has come to in one partition: its offset, and what goes with it (under 4 KB). */
export interface Position {
  consumerGroupId: string
  topic: string
  partition: number
  /** Of the next record to read. */
  offset: number
  metadata: string
}

// A broker takes no more bytes with an offset (`offset.metadata.max.bytes`).
export const MOST_METADATA = 4096
// kafkajs makes one batch of all that one call sends to a partition, and `max.message.bytes` bounds a batch.
export const MOST_AT_ONCE = 1 << 20

/**
 * The one writer of a task's outputs. Whoever opens and fences the same transactional id later takes over: this one can then
 * commit nothing any more. After a failure it is dead, and every later call says so; then take a new one, fence, and read the
 * committed offset, since whether the failed commit went through is not known.
 */
export class TransactionalProducer {
  readonly id: string
  private readonly client: KafkaClient
  private readonly producer: Producer
  private failure: InvigilError | undefined
  private tooLarge: readonly TopicMessages[] | undefined
  private busy = false

  private constructor(client: KafkaClient, id: string, producer: Producer) {
    this.client = client
    this.id = id
    this.producer = producer
  }

  /** Connects a producer. It fences nobody yet. */
  static async open(client: KafkaClient, id: string): Promise<TransactionalProducer> {
    const producer = client.transactionalProducer(id)
    try {
      await producer.connect()
    } catch (e) {
      await producer.disconnect()
      throw kafkaError(e, { producer: id })
    }
    return new TransactionalProducer(client, id, producer)
  }

  /** Why this producer can no longer be used, if it cannot. */
  get dead(): InvigilError | undefined {
    return this.failure
  }

  /** What the broker refused for its size, where that is why the producer is dead: a portion, of which at least one message is too large, or all together. */
  get refused(): readonly TopicMessages[] | undefined {
    return this.tooLarge
  }

  /**
   * Takes over from every earlier producer of this id: what it had begun is aborted, what it tries from now on fails. Returns
   * when that is settled, so that offsets read afterwards are the last ones. Call it before reading them.
   */
  async fence(): Promise<void> {
    // Connecting fences nobody; beginning a transaction does.
    await this.guarded(async (begun) => {
      await begun().then((transaction) => transaction.abort())
    })
  }

  /**
   * Makes `messages` and `position` visible together, or neither; without messages, the position alone. `most` is how many bytes
   * go out at once; a smaller number finds the one message that the broker refuses.
   */
  async commit(messages: readonly TopicMessages[], position: Position, most = MOST_AT_ONCE): Promise<void> {
    await this.transact(messages, position, most)
  }

  /** Makes messages alone visible together, or none of them. */
  async write(messages: readonly TopicMessages[]): Promise<void> {
    await this.transact(messages, undefined, MOST_AT_ONCE)
  }

  /** Disconnects. A dead one must be closed too. */
  async close(): Promise<void> {
    this.failure ??= new InvigilError('invariant', `the producer \`${this.id}\` is closed`)
    await this.producer.disconnect()
  }

  private async send(transaction: Transaction, topicMessages: TopicMessages[]): Promise<void> {
    try {
      await transaction.sendBatch({ topicMessages })
    } catch (e) {
      if (isTooLarge(e)) this.tooLarge = topicMessages
      throw e
    }
  }

  private check(): void {
    if (this.failure) throw new InvigilError(this.failure.code, `the producer \`${this.id}\` cannot be used any more: ${this.failure.message}`, { cause: this.failure.cause ?? this.failure })
    invariant(!this.busy, `the producer \`${this.id}\` is used twice at a time`)
  }

  private async transact(messages: readonly TopicMessages[], position: Position | undefined, most: number): Promise<void> {
    invariant(position === undefined || Buffer.byteLength(position.metadata) < MOST_METADATA, `the metadata of an offset has at least ${MOST_METADATA} bytes`)
    await this.guarded(async (begun) => {
      const transaction = await begun()
      // Messages first: while the broker completes the transaction before, kafkajs itself sends them again, but not offsets.
      for (const portion of inPortions(messages, most)) await this.send(transaction, portion)
      if (position) {
        const { consumerGroupId, topic, partition, offset, metadata } = position
        const offsets = [{ partition, offset: String(offset), metadata }]
        await whileNotReady(() => transaction.sendOffsets({ consumerGroupId, topics: [{ topic, partitions: offsets }] }))
      }
      await transaction.commit()
    }, position?.consumerGroupId)
  }

  private async guarded(work: (begun: () => Promise<Transaction>) => Promise<void>, group?: string): Promise<void> {
    this.check()
    this.busy = true
    let transaction: Transaction | undefined
    try {
      await work(async () => (transaction = await this.producer.transaction()))
    } catch (e) {
      this.failure = kafkaError(e, { producer: this.id, group })
      await this.giveUp(transaction)
      throw this.failure
    } finally {
      this.busy = false
    }
  }

  /** Aborts what is still open, so that readers do not wait for it; where that fails, the next owner's `fence` does it. */
  private async giveUp(transaction: Transaction | undefined): Promise<void> {
    if (!transaction?.isActive()) return
    try {
      await transaction.abort()
    } catch (e) {
      this.client.log.debug({ producer: this.id, error: kafkaError(e, { producer: this.id }).message }, 'a failed transaction could not be aborted')
    }
  }
}

/** The same messages in the same order, in portions of at most `most` bytes; a message that is larger has one of its own. */
export function* inPortions(topics: readonly TopicMessages[], most: number): Generator<TopicMessages[]> {
  let portion: TopicMessages[] = []
  let size = 0
  for (const { topic, messages } of topics) {
    let taken: Message[] = []
    for (const message of messages) {
      const bytes = sizeOf(message)
      if (size > 0 && size + bytes > most) {
        if (taken.length > 0) portion.push({ topic, messages: taken })
        yield portion
        ;[portion, taken, size] = [[], [], 0]
      }
      taken.push(message)
      size += bytes
    }
    if (taken.length > 0) portion.push({ topic, messages: taken })
  }
  if (portion.length > 0) yield portion
}

// Lengths and deltas of a record take up to this many bytes; a header's lengths, up to ten.
const PER_RECORD = 32
const PER_HEADER = 10

function sizeOf({ key, value, headers }: Message): number {
  let size = PER_RECORD + lengthOf(key) + lengthOf(value)
  for (const name in headers) {
    const given = headers[name]
    if (Array.isArray(given)) for (const one of given) size += PER_HEADER + lengthOf(name) + lengthOf(one)
    else size += PER_HEADER + lengthOf(name) + lengthOf(given)
  }
  return size
}
