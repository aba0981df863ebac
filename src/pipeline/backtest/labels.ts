import { score } from '../../simulate/score.ts'
import type { Truth } from '../../simulate/truth.ts'
import type { Verdict } from '../../warnings/review.ts'
import { learnerKey, learnersOf } from './compare.ts'
import type { Noted } from './ledger.ts'

/** What is known of who did cheat: the truth of a simulation, or what reviewers decided of warnings. */
export type Labels =
  | { kind: 'truth'; truth: Truth }
  | { kind: 'reviews'; verdicts: ReadonlyMap<string, Verdict> }

/** A share of something counted; undefined where there is nothing to count, which is not 0. */
export interface Rate {
  part: number
  of: number
  share: number | undefined
}

/** How right warnings are. */
export interface Rates {
  /**
   * Truth: of the learners warned of, those who cheat. Reviews: of the warnings reviewed, those that were confirmed.
   */
  precision: Rate
  /** Truth: of those who cheat, those warned of. Reviews: of the warnings that were confirmed, those that are given. */
  recall: Rate
  /** Of the honest, those warned of; undefined with reviews, which say nothing of learners who were never warned of. */
  falseAlarms: Rate | undefined
}

/** Whether a rule can be judged on a platform. */
export type CanJudge = (rule: string, platform: string) => boolean

export function rate(part: number, of: number): Rate {
  return { part, of, share: of === 0 ? undefined : part / of }
}

/**
 * How right the warnings of some rules are, whatever their severity. Where none of the rules can be judged on a platform, its learners are counted
 * neither as caught nor as spared. `known`: the warnings that any variant gives under these rules.
 */
export function ratesOf(labels: Labels, rules: readonly string[], warnings: readonly Noted[], known: ReadonlySet<string>, canJudge: CanJudge): Rates {
  const of = warnings.filter((w) => rules.includes(w.rule))
  if (labels.kind === 'reviews') return ratesByReviews(labels.verdicts, of, known)
  const judged = new Map<string, boolean>()
  const learners = labels.truth.learners.filter(({ platform, from }) => {
    let is = judged.get(platform)
    if (is === undefined) judged.set(platform, (is = rules.some((r) => canJudge(r, platform))))
    // Who sent no event can be neither caught nor accused.
    return is && from !== undefined
  })
  const warned = learnersOf(of)
  const isWarned = ({ platform, learner }: Truth['learners'][number]): boolean => warned.has(learnerKey(platform, learner))
  const [cheaters, honest] = [learners.filter((l) => l.kind === 'cheater'), learners.filter((l) => l.kind === 'honest')]
  const [caught, accused] = [cheaters.filter(isWarned).length, honest.filter(isWarned).length]
  return { precision: rate(caught, caught + accused), recall: rate(caught, cheaters.length), falseAlarms: rate(accused, honest.length) }
}

function ratesByReviews(verdicts: ReadonlyMap<string, Verdict>, warnings: readonly Noted[], known: ReadonlySet<string>): Rates {
  let [confirmed, reviewed] = [0, 0]
  for (const { id } of warnings) {
    const verdict = verdicts.get(id)
    if (verdict !== undefined) reviewed++
    if (verdict === 'confirmed') confirmed++
  }
  const all = [...known].filter((id) => verdicts.get(id) === 'confirmed').length
  return { precision: rate(confirmed, reviewed), recall: rate(confirmed, all), falseAlarms: undefined }
}

/** How right all warnings are together: by the truth as `invigil score` has it, which counts those of severity medium or higher. */
export function overallRates(labels: Labels, warnings: readonly Noted[], known: ReadonlySet<string>): Rates {
  if (labels.kind === 'reviews') return ratesByReviews(labels.verdicts, warnings, known)
  const { cheaters, honest, precision } = score(labels.truth, warnings)
  return {
    precision: { part: cheaters.warned, of: cheaters.warned + honest.warned, share: precision },
    recall: rate(cheaters.warned, cheaters.learners), falseAlarms: rate(honest.warned, honest.learners),
  }
}
