import { SECOND, type Ms } from '../../base/time.ts'

const MOST_SECONDS = 20_000

/** The second in which most events came. */
export class Peak {
  second: Ms = 0
  events = 0
  private readonly seconds = new Map<number, number>()

  take(at: Ms): void {
    const { seconds } = this
    const second = Math.floor(at / SECOND)
    const events = (seconds.get(second) ?? 0) + 1
    seconds.set(second, events)
    if (events > this.events) {
      this.second = second * SECOND
      this.events = events
    }
    // Those that were met first will hardly be met again.
    if (seconds.size > MOST_SECONDS) for (const old of [...seconds.keys()].slice(0, MOST_SECONDS / 2)) seconds.delete(old)
  }
}
