import { far, fieldsOf, number } from '../base/record.ts'
import { DAY, MINUTE, local, type Ms } from '../base/time.ts'
import type { Context } from '../engine/detector.ts'
import type { Event, Field } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { activityFields, observe, readFeatures, SITTING_GAP, type Activity, type Around } from './features/index.ts'

/** State of a detector that follows a learner's activity. */
export const followFields = fieldsOf(activityFields, far({
  /** Minutes east of UTC of the learner's clock when the present sitting began. */
  zone: number(0),
}))
export interface Followed extends Activity {
  zone: number
}

/** What the engine tells a detector that follows activity. */
type Ctx = Pick<Context<unknown, Followed, unknown>, 'catalogue' | 'platform' | 'span' | 'sends' | 'state'>

/** What the features need beside the events, of whatever context is at hand. */
class OfContext implements Around {
  private context!: Ctx

  at(context: Ctx): this {
    this.context = context
    return this
  }

  get cadence(): Ms | undefined {
    const { catalogue, platform } = this.context
    return catalogue.platform(platform)?.heartbeat
  }

  get rate(): number | undefined {
    const { catalogue, platform } = this.context
    const player = catalogue.platform(platform)
    return player && (player.rate ?? 1)
  }

  get checks(): Ms | undefined {
    const { catalogue, platform } = this.context
    return catalogue.platform(platform)?.checks
  }

  get span(): Span | undefined {
    return this.context.span
  }

  readonly sends = (field: Field): boolean => this.context.sends(field)

  readonly lengthOf = (event: Event): number | undefined => {
    const { catalogue } = this.context
    const course = catalogue.courseOf(event)
    return course === undefined || event.chapter === undefined ? undefined : catalogue.chapter(course, event.chapter)?.length
  }

  readonly minutesEast = (): number => this.context.state.zone
}

const around = new OfContext()

/** Takes the learner's next event, in time order. */
export function follow(event: Event, context: Ctx): void {
  const { state, catalogue } = context
  const sitsDown = event.time - state.latest > SITTING_GAP
  observe(state, event, around.at(context))
  // Looked up once a sitting: the class's clock, else the event's own.
  if (sitsDown) state.zone = minutesEast(event.time, catalogue.classOf(event)?.timeZone, event.offset)
}

/** Writes one row of features from `at` on. */
export function readRow(context: Ctx, into: Float64Array, at: number): void {
  readFeatures(context.state, around.at(context), into, at)
}

function minutesEast(at: Ms, zone: string | undefined, offset: number): number {
  const { day, clock } = local(at, zone, offset)
  return (day * DAY + clock - at) / MINUTE
}
