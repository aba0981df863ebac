import type { Class } from '../../catalogue/index.ts'
import type { Ms } from '../../base/time.ts'

/** Why a learner's progress in `klass` cannot be judged: it may have begun before the log; undefined if it can. */
export function whyUnjudged(klass: Class | undefined, firstTime: Ms): string | undefined {
  if (klass === undefined) return 'class unknown'
  if (klass.opens === undefined) return 'opening of the class unknown'
  return klass.opens < firstTime ? 'the class opened before the log begins' : undefined
}
