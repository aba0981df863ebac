import { SECOND, type Ms } from '../../base/time.ts'

/** Both groups notice at about the same time that a process is gone, and tell who goes on within some tenths of a second. */
const TOLD_WITHIN: Ms = SECOND
/** What was loaded has then to catch up with what came meanwhile: for as long again, at most. */
const CATCH_UP: Ms = 5 * SECOND
/** Whatever keeps learner tasks from being loaded, the others wait no longer. */
const LONGEST: Ms = 60 * SECOND

/**
 * Where tasks of both stages come to a process at once, those of the learner stage are loaded first. The resource stage trails by ten minutes anyhow, and
 * begins by reading again all that waits in it: with a million learners that kept processes so busy that learner tasks were loaded in 15 s in place of 6.
 */
export class LearnersFirst {
  private readonly loading = new Set<Promise<void>>()
  private readonly waiting = new Set<() => void>()
  private readonly hasLearners: boolean
  private isLeaving = false

  /** `hasLearners`: whether this process takes learner tasks at all. */
  constructor(hasLearners: boolean) {
    this.hasLearners = hasLearners
  }

  /** Tells of the loading of a learner task. */
  learner<T>(loading: Promise<T>): Promise<T> {
    const over = loading.then(() => undefined, () => undefined)
    this.loading.add(over)
    void over.then(() => this.loading.delete(over))
    return loading
  }

  /** Waits until it is the turn of a resource task; no longer once this process leaves. */
  async resource(): Promise<void> {
    if (!this.hasLearners) return
    await this.pass(TOLD_WITHIN)
    if (this.loading.size === 0) return
    const begun = Date.now()
    while (this.loading.size > 0 && Date.now() - begun < LONGEST && !this.isLeaving) await this.pass(LONGEST - (Date.now() - begun), Promise.all(this.loading))
    await this.pass(Math.min(CATCH_UP, Date.now() - begun))
  }

  /** Nobody waits any more. */
  leave(): void {
    this.isLeaving = true
    for (const wake of this.waiting) wake()
  }

  /** Until so much time has passed, something has happened, or this process leaves. */
  private async pass(ms: Ms, what?: Promise<unknown>): Promise<void> {
    if (this.isLeaving) return
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.waiting.add(wake)
      void what?.then(wake)
    })
  }
}
