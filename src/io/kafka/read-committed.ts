import { replaceModule } from './replace.ts'

/** What kafkajs hands to its filter, of the messages of one fetch from one partition. */
export interface Fetched<M extends FetchedMessage = FetchedMessage> {
  messages: M[]
  /** In no particular order: the broker lists a transaction when it is aborted, so one that began early may stand last. */
  abortedTransactions?: readonly { producerId: string; firstOffset: string }[] | null
}

export interface FetchedMessage {
  offset: string
  key?: Uint8Array | null
  isControlRecord?: boolean
  batchContext: { producerId: string; inTransaction: boolean }
}

const FILTER = 'kafkajs/src/consumer/filterAbortedMessages'
const ABORT_MARKER = Buffer.from([0, 0, 0, 0])

/**
 * The messages that are in no aborted transaction. kafkajs's own filter takes the list of aborted transactions for sorted, and
 * at most one entry of it for each message: where transactions of several producers interleave, it lets aborted messages
 * through, and not the same ones on every read.
 */
export function withoutAborted<M extends FetchedMessage>({ messages, abortedTransactions }: Fetched<M>): M[] {
  if (!abortedTransactions || abortedTransactions.length === 0) return messages
  const waiting = abortedTransactions.map(({ producerId, firstOffset }) => ({ producerId, first: BigInt(firstOffset) })).sort((a, b) => Number(a.first - b.first))
  const aborting = new Set<string>()
  let next = 0
  return messages.filter((message) => {
    for (let t = waiting[next]; t && t.first <= BigInt(message.offset); t = waiting[++next]) aborting.add(t.producerId)
    const { producerId, inTransaction } = message.batchContext
    // A record of a platform may have the key of a marker: the number 0.
    if (message.isControlRecord && message.key && ABORT_MARKER.equals(message.key)) {
      aborting.delete(producerId)
      return true
    }
    return !(inTransaction && aborting.has(producerId))
  })
}

/** Puts `withoutAborted` in the place of kafkajs's filter, for everything that `require` loads from now on. Must come before kafkajs. */
export function replaceFilter(require: NodeJS.Require): void {
  replaceModule(require, FILTER, withoutAborted, 'its filter of aborted messages')
}
