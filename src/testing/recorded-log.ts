import { fnv1a } from '../base/hash.ts'
import { packMark, recordOf } from '../engine/mark-record.ts'
import { Timekeeper } from '../engine/timekeeper.ts'
import type { KafkaClient, Producer } from '../io/kafka/client.ts'
import { learnerKey } from '../pipeline/cloud-events.ts'
import type { OpenContext } from '../pipeline/context.ts'
import { publishContext } from '../pipeline/kafka/publish-context.ts'
import { createEnricher } from '../telemetry/enrich.ts'
import { writeEvent } from '../telemetry/wire.ts'
import { eventOf, type Arrival } from './five-platforms.ts'

/** Writes telemetry, marks and contexts into Kafka as the intake and the timekeeper do, at a test's own speed. */
export class RecordedLog {
  readonly client: KafkaClient
  /** Records of the telemetry. */
  records = 0
  private readonly producer: Producer
  private readonly ends: number[]
  private readonly keeper: Timekeeper
  private readonly enrich: ReturnType<typeof createEnricher>
  private context: OpenContext

  private constructor(client: KafkaClient, producer: Producer, context: OpenContext) {
    this.client = client
    this.producer = producer
    this.context = context
    this.ends = Array.from({ length: client.config.topics.partitions.telemetry }, () => 0)
    this.keeper = new Timekeeper(context.catalogue)
    this.enrich = createEnricher({ geo: context.geo.lookups })
  }

  static async open(client: KafkaClient, context: OpenContext): Promise<RecordedLog> {
    const producer = client.plainProducer()
    await producer.connect()
    await publishContext(client, context)
    return new RecordedLog(client, producer, context)
  }

  /** From the next mark on, another context is in force. */
  async change(context: OpenContext): Promise<void> {
    await publishContext(this.client, context)
    this.context = context
  }

  /** Events in the order of their arrival, with a mark after every `markEvery`. */
  async send(arrivals: readonly Arrival[], markEvery: number): Promise<void> {
    for (let i = 0; i < arrivals.length; i += markEvery) {
      const messages = arrivals.slice(i, i + markEvery).map((arrival) => {
        const event = eventOf(arrival, false)
        this.enrich(event)
        const value = writeEvent(event)
        this.keeper.observe(Object.assign(eventOf(arrival, false), { stamp: Date.now() }))
        const key = learnerKey(event.platform, event.learner)
        return { key, value, partition: fnv1a(key) % this.ends.length, headers: { 'source-topic': 'lms', 'source-offset': String(i) } }
      })
      await this.raw(messages)
      await this.mark()
    }
  }

  /** Records as they are, of which no time is told. */
  async raw(messages: readonly { key: string | null; value: Buffer | null; partition: number; headers?: Record<string, string> }[]): Promise<void> {
    await this.producer.send({ topic: this.client.topic('telemetry'), messages: [...messages] })
    for (const { partition } of messages) this.ends[partition] = (this.ends[partition] as number) + 1
    this.records += messages.length
  }

  async mark(): Promise<void> {
    const mark = this.keeper.next(this.context.hash)
    await this.producer.send({ topic: this.client.topic('marks'), messages: [{ value: Buffer.from(packMark(recordOf(this.keeper, mark, this.ends))) }] })
  }

  close(): Promise<void> {
    return this.producer.disconnect()
  }
}
