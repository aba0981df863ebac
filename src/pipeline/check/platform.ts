import { ACTIONS, type Event } from '../../telemetry/event.ts'
import { BeatTally } from './beats.ts'
import { ClockTally } from './clock.ts'
import { Distinct } from './distinct.ts'
import { FieldTally } from './fields.ts'

/** What is counted of a platform, as the fields that name it. */
export const THINGS = ['learner', 'account', 'session', 'device', 'ip', 'class', 'course', 'chapter'] as const
export type Thing = (typeof THINGS)[number]

const PLACES: ReadonlyMap<string, number> = new Map(ACTIONS.map((a, i) => [a, i]))

/** What the events of one platform are like. */
export class PlatformTally {
  late = 0
  /** Ids that came again: at the same time, and at another. */
  readonly ids = { same: 0, other: 0, examples: [] as { learner: string; id: string; times: [number, number] }[] }
  readonly fields = new FieldTally()
  readonly clock = new ClockTally()
  readonly beats = new BeatTally()
  readonly things: Readonly<Record<Thing, Distinct>> = {
    learner: new Distinct(), account: new Distinct(), session: new Distinct(), device: new Distinct(), ip: new Distinct(), class: new Distinct(), course: new Distinct(), chapter: new Distinct(),
  }

  take(event: Event): void {
    this.fields.take(PLACES.get(event.action) as number, event)
    this.clock.take(event)
    this.beats.take(event)
    for (const thing of THINGS) {
      const value = event[thing]
      if (value !== undefined) this.things[thing].add(value)
    }
  }
}
