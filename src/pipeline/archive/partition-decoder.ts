import type { RecordParser } from '../../io/archive/record.ts'
import type { Event } from '../../telemetry/event.ts'
import { Chunk, type Held } from '../../telemetry/held.ts'
import type { Fault, RejectReason } from '../../telemetry/rejects.ts'
import { ROOM_OF_ONE, Tape } from '../../telemetry/tape.ts'
import { createTelemetryDecoder } from '../../telemetry/wire.ts'
import { BLANK, NO_VALUE, type KafkaReject } from '../kafka-rejects.ts'

export interface PartitionDecoderOptions {
  /** Looks up addresses of records that do not say where they are. */
  locate: (event: Event) => void
  event: (offset: number, held: Held) => void
  rejectOf: (record: { offset: number; stamp: number; value: Buffer | null }, fault: Fault) => KafkaReject
}

/** Bytes of records for each number on their tape. */
const BYTES_PER_NUMBER = 8

/** Makes events of the records of one partition, as its task over Kafka does. */
export class PartitionDecoder {
  /** Records that were not taken since these were taken out. */
  readonly rejects: KafkaReject[] = []
  private readonly options: PartitionDecoderOptions
  private readonly decoder
  private chunk: Chunk | undefined
  // The record at hand.
  private at!: RecordParser
  private isTold = false
  private readonly sink = {
    event: (held: Held) => {
      this.isTold = true
      held.stamp = this.at.stamp
      this.options.event(this.at.offset, held)
    },
    reject: (reason: RejectReason, message: string) => this.reject({ reason, message }),
    // Canonical telemetry has no verbs that are not used.
    ignored: () => undefined,
  }

  constructor(options: PartitionDecoderOptions) {
    this.options = options
    this.decoder = createTelemetryDecoder(options.locate)
  }

  take(at: RecordParser): void {
    this.at = at
    this.isTold = false
    if (at.isNull) return this.reject(NO_VALUE)
    const chunk = this.chunkOf(at.bytes)
    this.decoder.decode(this.sink, chunk.bytes, at.start, at.end, chunk)
    if (!this.isTold) this.reject(BLANK)
  }

  /** Records that came in one piece share a chunk, as long as its tape has room. */
  private chunkOf(bytes: Buffer): Chunk {
    if (this.chunk?.bytes !== bytes || !this.chunk.tape.hasRoom) this.chunk = new Chunk(bytes, new Tape(ROOM_OF_ONE + Math.ceil(bytes.length / BYTES_PER_NUMBER)))
    return this.chunk
  }

  private reject(fault: Fault): void {
    this.isTold = true
    const { bytes, start, end, offset, stamp, isNull } = this.at
    // A copy: a slice would keep the whole piece in memory.
    this.rejects.push(this.options.rejectOf({ offset, stamp, value: isNull ? null : Buffer.from(bytes.subarray(start, end)) }, fault))
  }
}
