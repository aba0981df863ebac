import type { Ms } from '../../base/time.ts'
import { invariant } from '../../base/errors.ts'
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
  private readonly scanner = new Scanner('')
  private readonly slow = createDecoder({ format: 'canonical' })
  private readonly tape = new Tape(ROOM_OF_ONE)
  private readonly light = new Light()
  private stamp: Ms = 0
  private readonly sink = {
    event: (held: Held) => {
      held.stamp = this.stamp
      this.keeper.observe(held)
      held.drop()
    },
    reject: () => undefined,
    ignored: () => undefined,
  }

  constructor(keeper: Timekeeper) {
    this.keeper = keeper
  }

  read(records: readonly KafkaMessage[]): void {
    const { light, tape, scanner } = this
    // Those that came together mostly have one stamp.
    let told: string | undefined
    for (const record of records) {
      if (record.timestamp !== told) {
        told = record.timestamp
        this.stamp = Number(told)
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
      this.keeper.observe(light)
    }
  }
}
