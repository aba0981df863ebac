import { extendModule } from './replace.ts'

const BATCH = 'kafkajs/src/consumer/batch'

interface Message {
  offset: string
  isControlRecord?: boolean
}

/** What a response says of one partition. */
interface PartitionData<M> {
  partition: number
  highWatermark: string
  messages: M[]
  abortedTransactions?: readonly { producerId: string; firstOffset: string }[] | null
}

/** kafkajs's class of what one fetch has brought of a partition, as far as it is done otherwise here. */
interface Fetch<M extends Message> {
  rawMessages: M[]
  messagesWithinOffset: M[]
  messages: M[]
}
export type FetchClass<M extends Message> = new (topic: string, fetchedOffset: string, data: PartitionData<M>) => Fetch<M>

/**
 * kafkajs's class with its beginning written anew: it makes a big integer of every offset to find those before the one that was asked for,
 * though offsets ascend. `withoutAborted` is the filter of aborted messages.
 */
export function fetchedBatch<M extends Message>(Shipped: FetchClass<M>, withoutAborted: (of: Pick<PartitionData<M>, 'messages' | 'abortedTransactions'>) => M[]): FetchClass<M> {
  return class extends Shipped {
    constructor(topic: string, fetchedOffset: string, data: PartitionData<M>) {
      super(topic, fetchedOffset, { ...data, messages: [] })
      const { messages: all, abortedTransactions } = data
      const from = BigInt(fetchedOffset)
      const first = all.findIndex((m) => BigInt(m.offset) >= from)
      this.rawMessages = all
      this.messagesWithinOffset = first === 0 ? all : all.slice(first < 0 ? all.length : first)
      this.messages = withoutAborted({ messages: this.messagesWithinOffset, abortedTransactions }).filter((m) => !m.isControlRecord)
    }
  }
}

/** Puts this in the place of kafkajs's own. Must come before kafkajs, and after its filter was replaced. */
export function replaceBatch<M extends Message>(require: NodeJS.Require, withoutAborted: (of: Pick<PartitionData<M>, 'messages' | 'abortedTransactions'>) => M[]): void {
  extendModule(require, BATCH, (shipped: FetchClass<M>) => fetchedBatch(shipped, withoutAborted), 'its list of fetched records')
}
