import { DAY, MINUTE, type Ms } from '../base/time.ts'

/** Event time between two sweeps, where there is much to do and where there is little. */
const LEAST: Ms = 10 * MINUTE
const MOST: Ms = DAY
/** Keys that may be looked at for each event or sighting handled: a log of years, read at once, is not spent on sweeping. */
const KEYS_FOR_ONE = 16

/** Says when keys that are past every horizon are to be looked for, which walks over all of them. What it says changes no result. */
export class Sweeping {
  private sweptAt: Ms = -Infinity
  private handled = 0

  /** `time`: the resource stage's watermark; `handled`: events or sightings since it was asked last; `keys`: how many there are. */
  isDue(time: Ms, handled: number, keys: () => number): boolean {
    this.handled += handled
    const since = time - this.sweptAt
    if (!(since >= LEAST) || (since < MOST && this.handled * KEYS_FOR_ONE < keys())) return false
    this.sweptAt = time
    this.handled = 0
    return true
  }
}
