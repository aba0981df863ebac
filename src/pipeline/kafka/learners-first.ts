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
  private readonly hasLearners: boolean

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

  /** Waits until it is the turn of a resource task. */
  async resource(): Promise<void> {
    if (!this.hasLearners) return
    await after(TOLD_WITHIN)
    if (this.loading.size === 0) return
    const begun = Date.now()
    const late = after(LONGEST)
    const isLate = late.then(() => true)
    while (this.loading.size > 0) if (await Promise.race([Promise.all(this.loading).then(() => false), isLate])) return
    late.cancel()
    await after(Math.min(CATCH_UP, Date.now() - begun))
  }
}

function after(ms: Ms): Promise<void> & { cancel: () => void } {
  let timer: NodeJS.Timeout
  const promise = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  return Object.assign(promise, { cancel: () => clearTimeout(timer) })
}
