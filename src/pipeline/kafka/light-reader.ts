import type { Ms } from '../../base/time.ts'
import { invariant } from '../../base/errors.ts'
import type { Origin, Sources } from '../../engine/sources.ts'
import type { Timekeeper } from '../../engine/timekeeper.ts'
import type { KafkaMessage } from '../../io/kafka/client.ts'
import { FetchedRecord } from '../../io/kafka/record-decoding.ts'
import { createDecoder, MOST_BYTES } from '../../telemetry/decode.ts'
import type { Event } from '../../telemetry/event.ts'
import { Reused, type Held } from '../../telemetry/held.ts'
import { Scanner } from '../../telemetry/scan.ts'
import { ROOM_OF_ONE, Tape } from '../../telemetry/tape.ts'

/** What time needs of a record; used again for each. */
class Light extends Reused {
  read(): Event {
    invariant(false, 'the timekeeper reads no event')
  }

  drop(): void {
    // Nothing was held.
  }
}

/** Tells a timekeeper of records without making events of them. What is no event is passed over: the tasks make rejects of it. */
export class LightReader {
  private readonly keeper: Timekeeper
  private readonly sources: Sources
  private readonly origin: Origin = { topic: -1, arrival: 0.5 }
  private readonly scanner = new Scanner('')
  private readonly slow = createDecoder({ format: 'canonical' })
  private readonly tape = new Tape(ROOM_OF_ONE)
  private readonly light = new Light()
  private stamp: Ms = 0
  private readonly sink = {
    event: (held: Held) => {
      held.stamp = this.stamp
      this.keeper.observe(held, this.origin)
      held.drop()
    },
    reject: () => undefined,
    ignored: () => undefined,
  }

  constructor(keeper: Timekeeper, sources: Sources) {
    this.keeper = keeper
    this.sources = sources
  }

  /** `now`: wall clock. */
  read(records: readonly KafkaMessage[], now: Ms): void {
    const { light, tape, scanner, origin } = this
    // Those that came together mostly have one stamp.
    let told: string | undefined
    let runEnd = 0
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as KafkaMessage
      if (record.timestamp !== told) {
        told = record.timestamp
        this.stamp = Number(told)
      }
      if (i >= runEnd) {
        runEnd = endOfRun(records, i)
        this.note(records[runEnd - 1] as KafkaMessage, now)
      }
      tape.clear()
      // A longer one is a reject of the task's, and must move no time: the slow way says so.
      const isScanned = record instanceof FetchedRecord && record.valueEnd - record.valueAt <= MOST_BYTES
      const seen = isScanned ? scanner.look(record.bytes, record.valueAt, record.valueEnd, tape) : undefined
      if (seen === undefined) {
        if (record.value !== null) this.slow.decode(this.sink, record.value)
        continue
      }
      light.time = seen.time
      light.received = seen.received
      light.stamp = this.stamp
      light.platform = seen.platform
      light.present = seen.present
      this.keeper.observe(light, origin)
    }
  }

  /** Where a run of records came from, by the last of them: a platform that writes into the telemetry itself says nothing of it. */
  private note({ headers, timestamp }: KafkaMessage, now: Ms): void {
    const { origin } = this
    origin.topic = -1
    origin.arrival = Number(timestamp)
    const topic = headers?.['source-topic']
    const partition = digits(headers?.['source-partition'])
    const offset = digits(headers?.['source-offset'])
    const arrival = digits(headers?.['source-time'])
    if (!Buffer.isBuffer(topic) || partition < 0 || offset < 0 || arrival < 0) return
    const source = this.sources.index(topic.toString(), partition)
    origin.topic = this.sources.topicOf(source)
    // A clock that is ahead must not carry time ahead of others.
    if (arrival < origin.arrival) origin.arrival = arrival
    this.sources.note(source, offset, origin.arrival, now)
  }
}

/**
 * Where the run ends that a record begins: records of one batch, which the intake wrote in one transaction for one partition of a platform. All of
 * them count as having arrived with the last, which makes time a little slower and never too fast.
 */
function endOfRun(records: readonly KafkaMessage[], from: number): number {
  const first = records[from]
  if (!(first instanceof FetchedRecord)) return from + 1
  let end = from + 1
  for (let next = records[end]; next instanceof FetchedRecord && next.batchContext === first.batchContext; next = records[end]) end++
  // What a mirror wrote may mix them.
  const last = records[end - 1] as KafkaMessage
  const isMixed = ['source-topic', 'source-partition'].some((name) => String(first.headers[name]) !== String(last.headers?.[name]))
  return isMixed ? from + 1 : end
}

const [ZERO, NINE] = [0x30, 0x39]
const MOST_DIGITS = 15

/** A number without sign; -1 where it is none. */
function digits(text: unknown): number {
  if (!Buffer.isBuffer(text) || text.length === 0 || text.length > MOST_DIGITS) return -1
  let n = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as number
    if (c < ZERO || c > NINE) return -1
    n = n * 10 + c - ZERO
  }
  return n
}
