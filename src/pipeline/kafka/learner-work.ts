import { LearnerTask, type LearnerTaskState } from '../../engine/learner-task.ts'
import type { TaskMark } from '../../engine/mark-record.ts'
import type { Setup } from '../../engine/runtime.ts'
import type { KafkaClient, KafkaMessage, Message, TopicMessages } from '../../io/kafka/client.ts'
import type { Meter } from '../../io/metrics.ts'
import type { Event } from '../../telemetry/event.ts'
import { Chunk, type Held } from '../../telemetry/held.ts'
import type { RejectReason } from '../../telemetry/rejects.ts'
import { ROOM_OF_ONE, Tape } from '../../telemetry/tape.ts'
import { createTelemetryDecoder } from '../../telemetry/wire.ts'
import { lateMessage } from '../cloud-events.ts'
import { BLANK, FUTURE_SAID, NO_VALUE, rejectOf } from '../kafka-rejects.ts'
import { HandOvers } from './hand-over.ts'
import { Outbox } from './outbox.ts'
import type { Work } from './work.ts'

export interface LearnerWorkOptions {
  client: KafkaClient
  meter: Meter
  setup: Setup
  partition: number
  /** Offset of the first record that will be taken. */
  from: number
  /** Looks up addresses of records that do not say where they are. */
  locate: (event: Event) => void
}

/** Numbers on a chunk's tape for each record; one that needs more lets the next one begin another chunk. */
const TAPE_PER_RECORD = 48

/** The learner stage of one partition of the telemetry. */
export class LearnerWork implements Work<LearnerTaskState> {
  readonly task: LearnerTask
  private readonly client: KafkaClient
  private readonly meter: Meter
  private readonly topic: string
  private readonly partition: number
  private readonly decoder
  private readonly outbox: Outbox
  private readonly tasks: number
  private readonly sightingPartitions: number
  private handOvers: HandOvers
  /** Records that were not taken and that no mark handled covers. */
  private rejects: { offset: number; message: Message; reason: RejectReason }[] = []
  private taken: number
  private chunk: Chunk | undefined
  // The record at hand.
  private message: KafkaMessage | undefined
  private isTold = false
  private readonly sink = {
    event: (held: Held) => {
      this.isTold = true
      held.stamp = Number((this.message as KafkaMessage).timestamp)
      this.task.take(Number((this.message as KafkaMessage).offset), held)
    },
    reject: (reason: RejectReason, message: string) => {
      this.isTold = true
      this.reject(this.message as KafkaMessage, reason, message)
    },
    // Canonical telemetry has no verbs that are not used.
    ignored: () => undefined,
  }

  constructor({ client, meter, setup, partition, from, locate }: LearnerWorkOptions) {
    this.client = client
    this.meter = meter
    this.topic = client.topic('telemetry')
    this.partition = partition
    this.taken = from
    this.task = new LearnerTask(setup, partition, { records: true })
    this.decoder = createTelemetryDecoder(locate)
    this.outbox = new Outbox(client, meter)
    this.tasks = client.config.topics.partitions.telemetry
    this.sightingPartitions = client.config.topics.partitions.sightings
    this.handOvers = this.newHandOvers()
  }

  get oldest(): number {
    return this.task.oldest
  }

  get waiting(): number {
    return Math.max(0, this.taken - this.task.covered)
  }

  take(messages: readonly KafkaMessage[]): void {
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i] as KafkaMessage
      const { value } = message
      this.message = message
      this.isTold = false
      if (value === null) this.reject(message, NO_VALUE.reason, NO_VALUE.message)
      else {
        const chunk = this.chunkOf(value, messages.length - i)
        this.decoder.decode(this.sink, chunk.bytes, value.byteOffset, value.byteOffset + value.length, chunk)
        if (!this.isTold) this.reject(message, BLANK.reason, BLANK.message)
      }
    }
    const last = messages.at(-1)
    if (last) this.taken = Number(last.offset) + 1
  }

  /** Values that lie in one piece of memory, as those of one fetch do, share a chunk; `records` are still to come. */
  private chunkOf(value: Buffer, records: number): Chunk {
    if (this.chunk === undefined || this.chunk.bytes.buffer !== value.buffer || !this.chunk.tape.hasRoom) {
      this.chunk = new Chunk(Buffer.from(value.buffer), new Tape(ROOM_OF_ONE + records * TAPE_PER_RECORD))
    }
    return this.chunk
  }

  private reject(message: KafkaMessage, reason: RejectReason, said: string): void {
    const offset = Number(message.offset)
    if (offset >= this.task.covered) this.rejects.push({ offset, reason, message: this.rejectMessage(message, reason, said) })
  }

  private rejectMessage({ offset, value, timestamp }: Pick<KafkaMessage, 'offset' | 'value' | 'timestamp'>, reason: RejectReason, message: string): Message {
    const { topic, partition } = this
    const reject = rejectOf({ topic, partition, offset, value, timestamp }, { reason, message }, 1)
    return { key: `${topic}/${partition}`, value: JSON.stringify(reject), headers: { 'content-type': 'application/json', reason } }
  }

  /** INVARIANT (refilled): also a mark that covers nothing new waits until a new owner has read again what was held, or it would be passed over. */
  isReady({ offsets }: TaskMark): boolean {
    return this.taken >= Math.max(offsets[this.partition] ?? 0, this.task.covered)
  }

  handle(mark: TaskMark, isOut: boolean): void {
    const duplicates = this.task.duplicates
    const { outputs, sightings, late, future, events } = this.task.handle(mark)
    const covered = this.rejects.findIndex((r) => r.offset >= this.task.covered)
    const rejects = this.rejects.splice(0, covered < 0 ? this.rejects.length : covered)
    if (isOut) return
    this.handOvers.add(mark.mark.number, sightings)
    this.outbox.add(outputs)
    for (const l of late) this.outbox.put('late', lateMessage(l, { topic: this.topic, partition: this.partition, offset: l.offset as number }))
    for (const { offset, event } of future) {
      this.outbox.put('rejects', this.rejectMessage({ offset: String(offset), value: Buffer.from(event.raw), timestamp: String(event.stamp ?? '') }, 'future', FUTURE_SAID))
      this.meter.count('records_rejected_total', 1, { reason: 'future' })
    }
    for (const { message, reason } of rejects) {
      this.outbox.put('rejects', message)
      this.meter.count('records_rejected_total', 1, { reason })
    }
    this.meter.count('events_handled_total', events - future.length)
    this.meter.count('events_duplicate_total', this.task.duplicates - duplicates)
    for (const { event } of late) this.meter.count('events_late_total', 1, { platform: event.platform })
  }

  drain(): TopicMessages[] {
    const sightings = this.handOvers.messages()
    this.handOvers = this.newHandOvers()
    return [{ topic: this.client.topic('sightings'), messages: sightings }, ...this.outbox.drain()]
  }

  private newHandOvers(): HandOvers {
    return new HandOvers(this.partition, this.tasks, this.sightingPartitions)
  }
}
