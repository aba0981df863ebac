import { SECOND, type Ms } from '../base/time.ts'

/** Lets through `rate` a second on average and `burst` at once. What it is asked to give it gives, and then waits until that is paid back. */
export class Bucket {
  private readonly rate: number
  private readonly burst: number
  private level: number
  private at: Ms

  /** `now`: a clock that never goes back. */
  constructor(rate: number, burst: number, now: Ms) {
    this.rate = rate
    this.burst = burst
    this.level = burst
    this.at = now
  }

  /** How long until something can be taken: 0 if it can now. */
  wait(now: Ms): Ms {
    this.fill(now)
    return this.level >= 1 ? 0 : ((1 - this.level) / this.rate) * SECOND
  }

  /** Takes `n`, though it be more than there is: what a request holds is known only when it has been read. */
  take(n: number, now: Ms): void {
    this.fill(now)
    this.level -= n
  }

  private fill(now: Ms): void {
    this.level = Math.min(this.burst, this.level + ((now - this.at) / SECOND) * this.rate)
    this.at = now
  }
}
