import type { Ms } from '../../base/time.ts'
import { invariant } from '../../base/errors.ts'
import type { Origin, Sources } from '../../engine/sources.ts'
import type { Timekeeper } from '../../engine/timekeeper.ts'
import type { IHeaders, KafkaMessage } from '../../io/kafka/client.ts'
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
  // Records of one partition come many at a time.
  private lastTopic = Buffer.alloc(0)
  private lastPartition = Buffer.alloc(0)
  private lastSource = -1
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
    for (const { value, timestamp, headers } of records) {
      if (value === null) continue
      tape.clear()
      this.stamp = Number(timestamp)
      this.note(headers, now)
      // A longer one is a reject of the task's, and must move no time.
      const seen = value.length > MOST_BYTES ? undefined : scanner.look(value, 0, value.length, tape)
      if (seen === undefined) {
        this.slow.decode(this.sink, value)
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

  /** Where a record came from: a platform that writes into the telemetry itself says nothing of it. */
  private note(headers: IHeaders | undefined, now: Ms): void {
    const { origin } = this
    origin.topic = -1
    origin.arrival = this.stamp
    const topic = headers?.['source-topic']
    const partition = headers?.['source-partition']
    const offset = digits(headers?.['source-offset'])
    const arrival = digits(headers?.['source-time'])
    if (!Buffer.isBuffer(topic) || !Buffer.isBuffer(partition) || offset < 0 || arrival < 0) return
    if (!partition.equals(this.lastPartition) || !topic.equals(this.lastTopic)) {
      const number = digits(partition)
      if (number < 0) return
      this.lastTopic = Buffer.from(topic)
      this.lastPartition = Buffer.from(partition)
      this.lastSource = this.sources.index(topic.toString(), number)
    }
    origin.topic = this.sources.topicOf(this.lastSource)
    // A clock that is ahead must not carry time ahead of others.
    if (arrival < origin.arrival) origin.arrival = arrival
    this.sources.note(this.lastSource, offset, origin.arrival, now)
  }
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
