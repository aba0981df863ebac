import { hash } from 'node:crypto'
import type { Decoder, DecodeSink } from '../telemetry/decode.ts'
import type { Event } from '../telemetry/event.ts'
import type { Fault, RejectReason } from '../telemetry/rejects.ts'
import { writeEvent } from '../telemetry/wire.ts'
import { learnerKey } from './cloud-events.ts'
import { rejectOf, type KafkaReject, type SourceRecord } from './kafka-rejects.ts'

/** A record to produce. Its partition is left to the producer, by the key. */
export interface OutMessage {
  key: Buffer
  value: Buffer
  headers: Record<string, string>
}

/** What records of platforms became. */
export interface Taken {
  telemetry: OutMessage[]
  rejects: OutMessage[]
}

/** Where every record went. An event of a list counts for itself. */
export interface IntakeCounts {
  records: number
  events: number
  rejected: Map<RejectReason, number>
  /** By verb; beyond 1,000 verbs as `other`. */
  ignored: Map<string, number>
}

/** What `Intake` needs to know. */
export interface IntakeOptions {
  /** For each topic of a platform, what reads its format. */
  decoders: ReadonlyMap<string, Decoder>
  /** Looks up where an event's address is. */
  enrich: (event: Event) => void
}

// Verbs are a platform's words: one that writes nonsense must not fill the memory or the metrics.
const MOST_VERBS = 1000
const LONGEST_VERB = 100

/** Turns records of the platforms' topics into records of `telemetry` and `rejects`: decode and enrich over Kafka. */
export class Intake {
  readonly counts: IntakeCounts = { records: 0, events: 0, rejected: new Map(), ignored: new Map() }
  private readonly decoders: ReadonlyMap<string, Decoder>
  private readonly enrich: (event: Event) => void
  // The record at hand, what came of it, and what was wrong with it first.
  private record: SourceRecord | undefined
  private taken: Taken | undefined
  private headers: Record<string, string> | undefined
  private first: Fault | undefined
  private faults = 0
  private told = 0
  private readonly sink: DecodeSink = {
    event: (held) => this.event(held.read()),
    reject: (reason, message) => this.fault(reason, message),
    ignored: (verb) => this.ignored(verb),
  }

  constructor({ decoders, enrich }: IntakeOptions) {
    this.decoders = decoders
    this.enrich = enrich
  }

  /**
   * Takes one record and adds what it became to `taken`, in the record's order: its events, and at most one reject with the
   * original bytes however much is wrong, so that no record can multiply itself. Whatever the bytes are, it does not throw;
   * it does where a GeoIP database is corrupt, since then no event is at fault.
   */
  take(record: SourceRecord, taken: Taken = { telemetry: [], rejects: [] }): Taken {
    this.record = record
    this.taken = taken
    this.headers = undefined
    this.first = undefined
    this.faults = 0
    this.told = 0
    this.counts.records++
    this.read(record)
    if (this.first !== undefined) taken.rejects.push(rejectMessage(record, rejectOf(record, this.first, this.faults)))
    return taken
  }

  /**
   * The reject of a record, in place of all that it became: Kafka refused that for its size. At most `kept` bytes of it stay, for the reject
   * may be what was too large.
   */
  refuse(record: SourceRecord, kept: number): OutMessage {
    const { value } = record
    this.counts.records++
    count(this.counts.rejected, 'too-long')
    const fault: Fault = { reason: 'too-long', message: 'Kafka refused for its size what the record became; raise `max.message.bytes` of the topic' }
    const clipped = value !== null && value.length > kept ? { ...record, value: value.subarray(0, kept) } : record
    return rejectMessage(record, { ...rejectOf(clipped, fault, 1), length: value?.length ?? 0 })
  }

  private read({ topic, value }: SourceRecord): void {
    const decoder = this.decoders.get(topic)
    if (decoder === undefined) return this.fault('unknown-format', `no format is known for the topic \`${topic}\``)
    if (value === null) return this.fault('bad-json', 'the record has no value')
    decoder.decode(this.sink, value)
    // A blank line of a file is nothing; a record that somebody sent is something.
    if (this.told === 0) this.fault('bad-json', value.length === 0 ? 'the record is empty' : 'the record is blank')
  }

  private event(event: Event): void {
    this.told++
    this.counts.events++
    this.enrich(event)
    // Events of one record have the same origin.
    this.headers ??= originHeaders(this.record as SourceRecord)
    ;(this.taken as Taken).telemetry.push({ key: Buffer.from(learnerKey(event.platform, event.learner)), value: writeEvent(event), headers: this.headers })
  }

  private fault(reason: RejectReason, message: string): void {
    this.told++
    this.faults++
    this.first ??= { reason, message }
    count(this.counts.rejected, reason)
  }

  private ignored(verb: string): void {
    this.told++
    const { ignored } = this.counts
    const clipped = verb.slice(0, LONGEST_VERB)
    const name = ignored.has(clipped) || ignored.size < MOST_VERBS ? clipped : 'other'
    ignored.set(name, (ignored.get(name) ?? 0) + 1)
  }
}

function count(counts: Map<RejectReason, number>, reason: RejectReason): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1)
}

function rejectMessage({ topic, partition }: SourceRecord, reject: KafkaReject): OutMessage {
  // Rejects of one partition stay in its order.
  return { key: Buffer.from(`${topic}/${partition}`), value: Buffer.from(JSON.stringify(reject)), headers: { 'content-type': 'application/json', reason: reject.reason } }
}

function originHeaders({ topic, partition, offset, timestamp, value }: SourceRecord): Record<string, string> {
  return { 'source-topic': topic, 'source-partition': String(partition), 'source-offset': offset, 'source-time': timestamp, 'source-sha256': hash('sha256', value as Buffer, 'hex') }
}
