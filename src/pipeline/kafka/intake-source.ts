import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { InvigilError } from '../../base/errors.ts'
import { SECOND, type Ms } from '../../base/time.ts'
import type { KafkaMessage } from '../../io/kafka/client.ts'
import { kafkaError } from '../../io/kafka/errors.ts'
import type { Flow, PartitionHandler, TopicPartition } from '../../io/kafka/member.ts'
import { committedOffset, logRanges, type LogRange } from '../../io/kafka/offsets.ts'
import { TransactionalProducer } from '../../io/kafka/producer.ts'
import { Batch, Care, type Reading, type Written } from './intake-batch.ts'
import { Lags } from './task-gauges.ts'
import type { Surroundings } from './role.ts'

/** What the partitions of all sources share. */
export interface Intakes {
  around: Surroundings
  /** The consumer group. */
  group: string
  reading: Reading
  written: Written
  /** By topic and partition. */
  cares: Map<string, Care>
}

// Bytes that wait: beyond the first no more are fetched, until they are down to the second.
const MOST_QUEUED = 6 << 20
const ENOUGH_QUEUED = 3 << 20
// What a record takes besides its bytes.
const PER_RECORD = 300
// Records between two looks at what else is to be done, and so many that it is worth decoding them while a transaction is under way.
const SLICE = 256
const WORTH_DECODING = 1024
const LEAVE_WITHIN: Ms = 4 * SECOND

/** Takes over a partition of a platform's topic: whoever had it before commits nothing any more. */
export async function openSource(intakes: Intakes, at: TopicPartition, flow: Flow): Promise<PartitionHandler> {
  const { around: { client, group }, cares } = intakes
  const producer = await TransactionalProducer.open(client, `${group}-intake-${at.topic}-${at.partition}`)
  try {
    await producer.fence()
    const { from, range } = await position(intakes, at)
    const key = `${at.topic}/${at.partition}`
    let care = cares.get(key)
    if (care === undefined) cares.set(key, (care = new Care()))
    return new Source(intakes, at, flow, producer, care, from, range.end)
  } catch (e) {
    await producer.close()
    throw e
  }
}

/** Where to read on, and how far the log reaches. What was deleted before it was read is told, not passed over. */
async function position({ around: { client, log }, group }: Intakes, { topic, partition }: TopicPartition): Promise<{ from: number; range: LogRange }> {
  return client.withAdmin(async (admin) => {
    const committed = await committedOffset(admin, group, topic, partition)
    const range = (await logRanges(admin, topic))[partition]
    if (range === undefined) throw new InvigilError('not-found', `the topic \`${topic}\` has no partition ${partition}`)
    if (committed === undefined) return { from: range.start, range }
    const { offset } = committed
    if (offset < range.start) tellLost(log, { topic, partition }, range.start - offset)
    if (offset <= range.end) return { from: Math.max(offset, range.start), range }
    log.warn({ topic, partition, committed: offset, end: range.end }, 'the topic ends before what was read of it: it was made anew, or has lost records; it is read from its start')
    return { from: range.start, range }
  }, { topic, group })
}

function tellLost(log: Surroundings['log'], { topic, partition }: TopicPartition, lost: number): void {
  log.warn({ topic, partition, lost }, 'records were deleted before they were read, up to as many as `lost` says; keep the topic for longer, or start more processes')
}

/** One partition of a platform's topic, as long as this process has it. */
class Source implements PartitionHandler {
  readonly from: number
  private readonly intakes: Intakes
  private readonly at: TopicPartition
  private readonly flow: Flow
  private readonly producer: TransactionalProducer
  private readonly care: Care
  private readonly lags: Lags
  private queue: KafkaMessage[] = []
  /** How many of the queue have been taken from it, and the bytes of the others. */
  private head = 0
  private queued = 0
  private isPaused = false
  private isStopped = false
  private work: Promise<void> | undefined
  /** Offsets: up to where is committed, was read, and the log goes. */
  private committed: number
  private reached: number
  private end: number

  constructor(intakes: Intakes, at: TopicPartition, flow: Flow, producer: TransactionalProducer, care: Care, from: number, end: number) {
    this.intakes = intakes
    this.at = at
    this.flow = flow
    this.producer = producer
    this.care = care
    this.from = this.committed = this.reached = from
    this.end = end
    this.lags = Lags.of(intakes.around.meter)
    this.showLag()
  }

  take(messages: readonly KafkaMessage[]): void {
    const first = Number(messages[0]?.offset)
    if (first > this.reached) void this.missed(this.reached, first)
    for (const message of messages) {
      this.queue.push(message)
      this.queued += sizeOf(message)
    }
    this.reached = Number(messages.at(-1)?.offset) + 1
    if (this.queued > MOST_QUEUED && !this.isPaused) {
      this.isPaused = true
      this.flow.pause()
    }
    this.begin()
  }

  progress(reached: number, end: number): void {
    this.reached = Math.max(this.reached, reached)
    this.end = end
    this.begin()
    this.showLag()
  }

  async close(why: 'lost' | 'leaving'): Promise<void> {
    if (why === 'leaving') await this.idle(LEAVE_WITHIN)
    this.isStopped = true
    this.lags.drop(this.task)
    // A transaction under way ends by itself; closing its connection would only have it made again. Where another has taken over, it fails.
    await this.idle(why === 'leaving' ? LEAVE_WITHIN : undefined)
    await this.producer.close()
  }

  private get task(): string {
    return `intake-${this.at.topic}-${this.at.partition}`
  }

  /** Returns once nothing is under way any more, or when that takes too long. */
  private async idle(within: Ms | undefined): Promise<void> {
    const abort = new AbortController()
    const done = async (): Promise<void> => {
      while (this.work !== undefined) await this.work
    }
    await (within === undefined ? done() : Promise.race([done(), sleep(within, undefined, { signal: abort.signal }).catch(() => undefined)]))
    abort.abort()
  }

  private begin(): void {
    if (this.work !== undefined || this.isStopped || this.producer.dead || (this.head === this.queue.length && this.reached <= this.committed)) return
    this.work = this.run().finally(() => {
      this.work = undefined
      this.begin()
      this.showLag()
    })
  }

  /**
   * Commits all that is queued. What comes while a transaction is under way goes into the next one. Markers of the platforms' own transactions
   * are committed, too: while something is not, time waits for what it may be.
   */
  private async run(): Promise<void> {
    try {
      for (let batch = await this.decode(); batch !== undefined;) {
        const ahead = this.queue.length - this.head >= WORTH_DECODING ? this.decode() : undefined
        const [next] = await Promise.all([ahead, this.commit(batch)])
        if (this.isStopped) return
        batch = next ?? await this.decode()
      }
      if (this.reached > this.committed && this.head === this.queue.length && !this.isStopped) await this.pass(this.reached)
    } catch (e) {
      if (!(e instanceof InvigilError) || !this.producer.dead || e.domain === 'bug') this.intakes.around.broken(e)
      else if (!this.isStopped) this.flow.renew(e)
    }
  }

  private async decode(): Promise<Batch | undefined> {
    const { topic, partition } = this.at
    const batch = new Batch(this.intakes.reading, this.care, topic, partition)
    while (this.head < this.queue.length && !this.isStopped && !batch.isFull) {
      for (let n = 0; n < SLICE && this.head < this.queue.length && !batch.isFull; n++) {
        const message = this.queue[this.head++] as KafkaMessage
        this.queued -= sizeOf(message)
        batch.add(message)
      }
      await turn()
    }
    // What was taken is let go.
    this.queue = this.queue.slice(this.head)
    this.head = 0
    if (this.isPaused && this.queued <= ENOUGH_QUEUED && !this.isStopped) {
      this.isPaused = false
      this.flow.resume()
    }
    return batch.records === 0 || this.isStopped ? undefined : batch
  }

  private async commit(batch: Batch): Promise<void> {
    const { around: { meter }, group, written } = this.intakes
    const { topic, partition } = this.at
    try {
      await this.producer.commit(batch.messages(written), { consumerGroupId: group, topic, partition, offset: batch.next, metadata: '' }, this.care.portion(this.committed))
    } catch (e) {
      meter.count('commits_total', 1, { outcome: 'failed' })
      if (this.producer.refused) this.care.refused(this.producer.refused, batch.next)
      throw e
    }
    this.committed = batch.next
    this.care.passed(batch.next)
    meter.count('commits_total', 1, { outcome: 'committed' })
    meter.observe('commit_duration_seconds', (performance.now() - batch.begun) / SECOND)
    batch.count(meter)
    this.showLag()
  }

  /** Commits that there is nothing to take before this offset. */
  private async pass(reached: number): Promise<void> {
    const { topic, partition } = this.at
    await this.producer.commit([], { consumerGroupId: this.intakes.group, topic, partition, offset: reached, metadata: '' })
    this.committed = reached
  }

  /** Nothing is handed over between these offsets: it may have been deleted while we were too slow. */
  private async missed(from: number, to: number): Promise<void> {
    const { around: { client, log } } = this.intakes
    const { topic, partition } = this.at
    try {
      const start = (await client.withAdmin((admin) => logRanges(admin, topic)))[partition]?.start ?? 0
      if (start > from) tellLost(log, this.at, Math.min(start, to) - from)
    } catch (e) {
      log.warn({ topic, partition, from, to, error: kafkaError(e).message }, 'there is a gap in the topic, and whether records were deleted before they were read could not be found out')
    }
  }

  private showLag(): void {
    if (this.isStopped) return
    this.lags.set(this.task, Math.max(0, this.end - this.committed))
  }
}

function sizeOf({ key, value }: KafkaMessage): number {
  return PER_RECORD + (key?.length ?? 0) + (value?.length ?? 0)
}
