import type { KafkaMessage, Message, TopicMessages } from '../../io/kafka/client.ts'
import { MOST_AT_ONCE } from '../../io/kafka/producer.ts'
import { KEPT_OF_LONG } from '../../io/lines.ts'
import type { Meter } from '../../io/metrics.ts'
import type { Decoder } from '../../telemetry/decode.ts'
import type { Event } from '../../telemetry/event.ts'
import { Intake, type Taken } from '../intake.ts'
import type { KafkaReject } from '../kafka-rejects.ts'

/** How records of the platforms are read. */
export interface Reading {
  decoders: ReadonlyMap<string, Decoder>
  enrich: (event: Event) => void
}

/** Where what they became is written. */
export interface Written {
  telemetry: string
  rejects: string
}

const MOST_RECORDS = 8192
const MOST_BYTES = 4 << 20
const MOST_IN_CARE = 512
// Smaller portions would help no broker.
const LEAST_AT_ONCE = 16 << 10
// Of a record that was refused, and of its reject when that is refused, too.
const KEPT = [Infinity, KEPT_OF_LONG, 0]

/** What some records of one partition became, to be committed together. */
export class Batch {
  readonly begun = performance.now()
  /** Offset of the next record to read. */
  next = 0
  /** How much went in. */
  bytes = 0
  private readonly taken: Taken = { telemetry: [], rejects: [] }
  private readonly platforms = new Map<string, number>()
  private readonly intake: Intake
  private readonly care: Care
  private readonly topic: string
  private readonly partition: number

  constructor({ decoders, enrich }: Reading, care: Care, topic: string, partition: number) {
    this.care = care
    this.topic = topic
    this.partition = partition
    this.intake = new Intake({
      decoders,
      enrich: (event) => {
        this.platforms.set(event.platform, (this.platforms.get(event.platform) ?? 0) + 1)
        enrich(event)
      },
    })
  }

  get records(): number {
    return this.intake.counts.records
  }

  get isFull(): boolean {
    return this.records >= (this.next < this.care.until ? MOST_IN_CARE : MOST_RECORDS) || this.bytes >= MOST_BYTES
  }

  add(message: KafkaMessage): void {
    const { offset, key, value, timestamp } = message
    const record = { topic: this.topic, partition: this.partition, offset, key, value, timestamp }
    this.next = Number(offset) + 1
    this.bytes += value?.length ?? 0
    const kept = this.care.keptOf(Number(offset))
    if (kept === undefined) this.intake.take(record, this.taken)
    else this.taken.rejects.push(this.intake.refuse(record, kept))
  }

  messages({ telemetry, rejects }: Written): TopicMessages[] {
    return [{ topic: telemetry, messages: this.taken.telemetry }, { topic: rejects, messages: this.taken.rejects }]
  }

  /** Tells what has been committed. */
  count(meter: Meter): void {
    const { rejected, ignored } = this.intake.counts
    for (const [platform, n] of this.platforms) meter.count('events_read_total', n, { platform })
    for (const [reason, n] of rejected) meter.count('records_rejected_total', n, { reason })
    for (const [verb, n] of ignored) meter.count('events_ignored_total', n, { verb })
  }
}

/**
 * What the broker has refused for its size from one partition. It lives longer than a handler, whose producer is dead after a refusal:
 * the next one first finds out which message it was, by sending each alone, and then makes its record a reject.
 */
export class Care {
  /** Bytes to send at once: fewer than usual where it is all together that is refused. */
  most = MOST_AT_ONCE
  /** Messages of records before this offset are sent alone. */
  until = 0
  private found = false
  private readonly refusals = new Map<number, number>()

  /** How much to send at once of a batch that begins at `from`. */
  portion(from: number): number {
    return from < this.until ? 1 : this.most
  }

  /** How many bytes to keep of a record whose outcome was refused; undefined for others. */
  keptOf(offset: number): number | undefined {
    const times = this.refusals.size === 0 ? undefined : this.refusals.get(offset)
    return times === undefined ? undefined : KEPT[Math.min(times, KEPT.length) - 1]
  }

  /** `refused` is what the broker did not take of a batch that ends before `next`. */
  refused(refused: readonly TopicMessages[], next: number): void {
    const messages = refused.flatMap((t) => t.messages)
    const [message] = messages
    if (message !== undefined && messages.length === 1) {
      const offset = originOf(message)
      this.refusals.set(offset, (this.refusals.get(offset) ?? 0) + 1)
      this.found = true
    } else this.until = next
  }

  /** All before `next` is committed. */
  passed(next: number): void {
    if (this.refusals.size > 0) for (const offset of this.refusals.keys()) if (offset < next) this.refusals.delete(offset)
    if (this.until === 0 || next < this.until) return
    // Each was taken alone: together they were too large.
    if (!this.found) this.most = Math.max(LEAST_AT_ONCE, this.most >> 2)
    this.until = 0
    this.found = false
  }
}

/** The offset of the record that a message was made of. */
function originOf({ headers, value }: Message): number {
  const written = headers?.['source-offset']
  return written === undefined ? (JSON.parse(String(value)) as KafkaReject).offset : Number(written)
}
