import { SECOND, type Ms } from '../../base/time.ts'
import type { KafkaMessage } from './client.ts'

/** One partition of a topic. */
export interface TopicPartition {
  topic: string
  partition: number
}

/** What handles a partition as long as this process has it. */
export interface PartitionHandler {
  /** Offset of the first record to hand over. */
  readonly from: number
  /** Takes the next records, in order and each once; must not take long. */
  take(messages: readonly KafkaMessage[]): void
  /**
   * The partition has been read up to `reached` and its log goes on to `end`, both offsets. Called after `take`, and where all that was read
   * were markers of transactions or aborted records, which nobody is given. INVARIANT: at the end, all there was has been handed over.
   */
  progress?(reached: number, end: number): void
  /** The partition is another's now (`lost`), or this process leaves in good order (`leaving`): finish what can be finished within some seconds. */
  close(why: 'lost' | 'leaving'): Promise<void>
}

const FIRST_RETRY: Ms = 250
const LAST_RETRY: Ms = 10 * SECOND

/** A partition that a member has: its handler, and how far that has been given records. */
export class Slot {
  readonly at: TopicPartition
  state: 'opening' | 'open' | 'waiting' = 'opening'
  opening: Promise<void> = Promise.resolve()
  handler: PartitionHandler | undefined
  position = 0
  paused = false
  closed = false
  /** Somebody was told that something is wrong with it. */
  troubled = false
  private delay = FIRST_RETRY
  private retryAt = 0
  private readonly broken: (e: unknown) => void

  constructor(at: TopicPartition, broken: (e: unknown) => void) {
    this.at = at
    this.broken = broken
  }

  opened(handler: PartitionHandler): void {
    this.handler = handler
    this.position = handler.from
    this.state = 'open'
    this.troubled = false
    this.delay = FIRST_RETRY
  }

  /** It could not be opened, or its handler cannot go on. */
  failed(now: Ms): void {
    this.state = 'waiting'
    this.troubled = !this.closed
    this.retryAt = now + this.delay
    this.delay = Math.min(this.delay * 2, LAST_RETRY)
  }

  isDue(now: Ms): boolean {
    return this.state === 'waiting' && now >= this.retryAt
  }

  /** INVARIANT (once): what was handed over is not handed over again, wherever the consumer has gone back to. */
  take(messages: readonly KafkaMessage[]): void {
    const first = messages.findIndex((m) => Number(m.offset) >= this.position)
    if (first < 0) return
    const news = first === 0 ? messages : messages.slice(first)
    this.position = Number((news.at(-1) as KafkaMessage).offset) + 1
    this.handler?.take(news)
  }

  progress(reached: number, end: number): void {
    try {
      if (this.state === 'open' && reached >= this.position) this.handler?.progress?.(reached, end)
    } catch (e) {
      this.broken(e)
    }
  }

  async close(why: 'lost' | 'leaving'): Promise<void> {
    this.closed = true
    const { handler } = this
    this.handler = undefined
    try {
      await handler?.close(why)
      await this.opening
    } catch (e) {
      this.broken(e)
    }
  }
}
