import { z } from 'zod'
import { parseTime, SECOND, type Ms } from '../../base/time.ts'
import type { Verdict } from '../../warnings/review.ts'
import { warningSchema, type Severity } from '../../warnings/warning.ts'
import type { Against, Stretch } from './prove.ts'
import { learnerKey } from './sittings.ts'

const { id, revision, episode, rule, detector, severity, response, learners, class: klass } = warningSchema.shape
const time = z.string().refine((s) => parseTime(s) !== undefined, { error: 'not a date-time with offset' })

/** What an audit needs of a warning. */
export const auditedWarning = z.object({
  id, revision, episode, rule, detector, severity, response, learners, class: klass, begin: time, end: time,
  disputed: z.array(z.object({ platform: z.string(), learner: z.string(), chapter: z.string(), begin: time, end: time, seconds: z.number().min(0) })),
  facts: z.object({ kind: z.unknown() }).partial(),
})
export type AuditedWarning = z.infer<typeof auditedWarning>

/** A warning that stands, as it concerns one learner. */
export interface Standing {
  rule: string
  severity: Severity
  class: string | undefined
}

interface Of {
  warnings: Standing[]
  chapters: Map<string, { -readonly [K in keyof Omit<Against, 'named'>]: Stretch[] } & { rules: Set<string> }>
  named: Stretch[]
}

/** Warnings below this severity accuse nobody. */
const ACCUSES: ReadonlySet<Severity> = new Set(['medium', 'high', 'critical'])

/**
 * Whether a warning disputes credit for what was never played. A record credits nothing of that kind in the first place: each media
 * second once, none faster than the clock, and each second of the clock for one chapter only.
 */
export function disputesBeyond({ detector, facts }: Pick<AuditedWarning, 'detector' | 'facts'>): boolean {
  return detector === 'seek-ahead' || detector === 'parallel-chapters' || (detector === 'over-credit' && facts.kind === 'pace')
}

/** The warnings that stand, by whom and what they concern. Of each id the latest revision counts. */
export class Disputes {
  private readonly latest = new Map<string, AuditedWarning>()
  private readonly verdicts: ReadonlyMap<string, Verdict>
  private readonly of = new Map<string, Of>()
  /** Revisions read; and of the warnings, how many stand and why others do not. */
  readonly counts = { revisions: 0, standing: 0, withdrawn: 0, dismissed: 0, disputing: 0 }

  constructor(verdicts: ReadonlyMap<string, Verdict> = new Map()) {
    this.verdicts = verdicts
  }

  add(warning: AuditedWarning): void {
    this.counts.revisions++
    if ((this.latest.get(warning.id)?.revision ?? 0) < warning.revision) this.latest.set(warning.id, warning)
  }

  /** To be called once, after the last `add`. */
  settle(): this {
    for (const w of this.latest.values()) {
      if (w.episode === 'withdrawn') this.counts.withdrawn++
      else if (this.verdicts.get(w.id) === 'dismissed') this.counts.dismissed++
      else this.take(w)
    }
    this.latest.clear()
    return this
  }

  /** The warnings that name a learner. */
  warnings(key: string): readonly Standing[] {
    return this.of.get(key)?.warnings ?? []
  }

  /** What speaks against a learner's time in a chapter, and the rules that do. */
  against(key: string, chapter: string): { against: Against; rules: ReadonlySet<string> } | undefined {
    const of = this.of.get(key)
    if (of === undefined) return undefined
    const own = of.chapters.get(chapter)
    if (own === undefined && of.named.length === 0) return undefined
    const { rules, ...stretches } = own ?? { ...none(), rules: new Set<string>() }
    return { against: { ...stretches, named: of.named }, rules }
  }

  private take(w: AuditedWarning): void {
    this.counts.standing++
    if (w.disputed.length > 0) this.counts.disputing++
    for (const l of w.learners) this.entry(learnerKey(l.platform, l.id)).warnings.push({ rule: w.rule, severity: w.severity, class: w.class })
    const beyond = disputesBeyond(w)
    for (const d of w.disputed) {
      const { chapters } = this.entry(learnerKey(d.platform, d.learner))
      let against = chapters.get(d.chapter)
      if (against === undefined) chapters.set(d.chapter, (against = { ...none(), rules: new Set() }))
      const stretch = { ...stretchOf(d), seconds: d.seconds }
      against[beyond ? 'beyond' : 'played'].push(stretch)
      if (w.response === 'withhold') against[beyond ? 'beyondWithhold' : 'playedWithhold'].push(stretch)
      if (ACCUSES.has(w.severity)) against[beyond ? 'beyondGrave' : 'playedGrave'].push(stretch)
      against.rules.add(w.rule)
    }
    if (w.disputed.length > 0 || !ACCUSES.has(w.severity)) return
    const { begin, end } = stretchOf(w)
    for (const l of w.learners) this.entry(learnerKey(l.platform, l.id)).named.push({ begin, end, seconds: (end - begin) / SECOND })
  }

  private entry(key: string): Of {
    let of = this.of.get(key)
    if (of === undefined) this.of.set(key, (of = { warnings: [], chapters: new Map(), named: [] }))
    return of
  }
}

function none(): Record<Exclude<keyof Against, 'named'>, Stretch[]> {
  return { played: [], beyond: [], playedWithhold: [], beyondWithhold: [], playedGrave: [], beyondGrave: [] }
}

function stretchOf({ begin, end }: { begin: string; end: string }): { begin: Ms; end: Ms } {
  return { begin: parseTime(begin) as Ms, end: parseTime(end) as Ms }
}
