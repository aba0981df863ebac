import { compareText } from '../../base/order.ts'
import { disputable, disputedShare, unprovenShare, type Figures } from './figures.ts'
import type { Groups } from './groups.ts'
import { accusing, noWarnings, rateAtLeast, scoreOf, shareAtLeast, Usual, type BySeverity, type Measured } from './rank.ts'
import type { AuditClass, AuditLearner } from './report.ts'
import { tidy, tidyLearner, tidyMoney, tidyReason } from './tidy.ts'
import { Top } from './top.ts'
import { hoursText, reasonWords, severityWords, type Measure } from './words.ts'

/** What is kept of a learner until all are known. */
export interface Kept {
  platform: string
  learner: string
  class: string | undefined
  institution: string | undefined
  figures: Figures
  warnings: BySeverity
}

export interface ClassName {
  platform: string
  class: string
  institution: string | undefined
}

/** Judges every learner against the others of the platform and hands all of them on; the first of the ranking and how many there are. */
export function rankLearners(learners: readonly Kept[], hour: number, first: number, all: (learner: AuditLearner) => void): { ranked: AuditLearner[]; abnormal: number } {
  const measured = (k: Kept): Measured[] => {
    const { figures: f, warnings } = k
    const judged = (f.claimed - f.notEvaluable) / hour
    const hours = f.played / hour
    const n = accusing(warnings)
    return [
      ...(judged > 0 ? [{ metric: 'unproven' as const, value: unprovenShare(f), atLeast: shareAtLeast(unprovenShare(f), judged) }] : []),
      ...(hours > 0 ? [
        { metric: 'disputed' as const, value: disputedShare(f), atLeast: shareAtLeast(disputedShare(f), disputable(f) / hour) },
        { metric: 'questioned' as const, value: f.questioned / f.played, atLeast: shareAtLeast(f.questioned / f.played, hours) },
        { metric: 'warnings' as const, value: n / hours, atLeast: rateAtLeast(n, hours) },
      ] : []),
    ]
  }
  const usual = new Usual(lazily(learners, (k) => ({ platform: k.platform, measured: measured(k) })))
  const top = new Top<{ learner: AuditLearner; score: number }>(first, (a, b) => b.score - a.score || compareText(a.learner.platform, b.learner.platform) || compareText(a.learner.learner, b.learner.learner))
  let abnormal = 0
  for (const k of learners) {
    const reasons = usual.reasons(k.platform, measured(k))
    const learner = tidyLearner(k, reasons.map((r) => ({ ...tidyReason(r), words: reasonWords(r, measureOf(r.metric, k, hour)) })))
    all(learner)
    if (reasons.length === 0) continue
    abnormal++
    top.add({ learner, score: scoreOf(reasons) })
  }
  return { ranked: top.sorted().map(({ learner }) => learner), abnormal }
}

function measureOf(metric: Measured['metric'], { figures: f, warnings }: Pick<Kept, 'figures' | 'warnings'>, hour: number): Measure {
  if (metric === 'unproven') return { part: hoursText(f.unproven, hour), whole: hoursText(f.claimed - f.notEvaluable, hour) }
  if (metric === 'disputed') return { part: hoursText(f.grave, hour), whole: hoursText(disputable(f), hour) }
  if (metric === 'questioned') return { part: hoursText(f.questioned, hour), whole: hoursText(f.played, hour) }
  return { part: severityWords(warnings), whole: hoursText(f.played, hour) }
}

/** Judges every class against the others, in their order. */
export function rankClasses(classes: Groups<ClassName>, warned: ReadonlyMap<string, number>, rated: boolean, hour: number): AuditClass[] {
  const all = classes.sorted().map((g) => {
    const { figures: f, learners } = g
    const named = warned.get(`${g.key.platform}\u0000${g.key.class}`) ?? 0
    // Hours of one learner are much alike: a class is as many observations as it has learners.
    const measured: Measured[] = [
      ...(f.claimed > f.notEvaluable ? [{ metric: 'unproven' as const, value: unprovenShare(f), atLeast: shareAtLeast(unprovenShare(f), learners) }] : []),
      ...(f.played > 0 ? [{ metric: 'disputed' as const, value: disputedShare(f), atLeast: shareAtLeast(disputedShare(f), learners) }] : []),
      { metric: 'warned', value: named / learners, atLeast: shareAtLeast(named / learners, learners) },
    ]
    return { ...g, platform: g.key.platform, named, measured }
  })
  const usual = new Usual(all)
  return all.map(({ key, figures, learners, money, named, measured }) => {
    const kept = { figures, warnings: noWarnings() }
    const reasons = usual.reasons(key.platform, measured).map((r) => ({
      ...tidyReason(r), words: reasonWords(r, r.metric === 'warned' ? { part: String(named), whole: String(learners) } : measureOf(r.metric, kept, hour)),
    }))
    const { institution, ...name } = key
    return { ...name, ...(institution === undefined ? {} : { institution }), learners, warned: named, ...tidy(figures), ...(rated ? { money: tidyMoney(money) } : {}), reasons }
  })
}

/** Those that are abnormal, the gravest first. */
export function abnormalClasses(classes: readonly AuditClass[]): AuditClass[] {
  return classes.filter((c) => c.reasons.length > 0).sort((a, b) => scoreOf(b.reasons) - scoreOf(a.reasons) || compareText(a.platform, b.platform) || compareText(a.class, b.class))
}

function* lazily<T, U>(all: Iterable<T>, of: (one: T) => U): Generator<U> {
  for (const one of all) yield of(one)
}
