import { fnv1a, sha256 } from '../../base/hash.ts'
import { compareText } from '../../base/order.ts'
import { parseTime } from '../../base/time.ts'
import type { Catalogue } from '../../catalogue/index.ts'
import type { ScoredWarning } from '../../simulate/score.ts'
import { warningSchema, type Warning } from '../../warnings/warning.ts'
import { versionKey } from './variant.ts'

/** Members that tell under what a warning was written, and nothing of what it says. */
const ABOUT: ReadonlySet<string> = new Set(['context', 'ruleVersion'])
const MEMBERS = Object.keys(warningSchema.shape).filter((k) => !ABOUT.has(k)) as (keyof Warning)[]

/** Where a warning says nothing of a province or an institution. */
export const UNKNOWN = 'not known'

/** What is kept of a warning: of its latest revision what a report tells, and a hash of all that it says. */
export interface Noted extends ScoredWarning {
  /** `raised` is that of the first revision, from which on somebody was warned. */
  readonly begin: string
  readonly summary: string
  readonly institutions: readonly string[]
  readonly provinces: readonly string[]
  /** Of all members but those that tell of the context. */
  readonly hash: string
  /** Of each of these members. */
  readonly members: Uint32Array
}

/** Keeps the latest revision of each warning of each version of a rule. */
export class Ledger {
  private readonly catalogue: Catalogue
  private readonly byVersion = new Map<string, Map<string, Noted>>()

  constructor(catalogue: Catalogue) {
    this.catalogue = catalogue
  }

  take(warning: Warning): void {
    const key = versionKey(warning)
    let of = this.byVersion.get(key)
    if (of === undefined) this.byVersion.set(key, (of = new Map()))
    of.set(warning.id, this.note(warning, of.get(warning.id)))
  }

  /** All warnings of a version of a rule by their id, also those that were taken back. */
  of(version: string): ReadonlyMap<string, Noted> {
    return this.byVersion.get(version) ?? NONE
  }

  private note(w: Warning, before: Noted | undefined): Noted {
    const members = Uint32Array.from(MEMBERS, (m) => fnv1a(JSON.stringify(w[m]) ?? ''))
    return {
      id: w.id, revision: w.revision, episode: w.episode, rule: w.rule, severity: w.severity, subject: w.subject, learners: w.learners,
      raised: before === undefined || (parseTime(w.raised) as number) < (parseTime(before.raised) as number) ? w.raised : before.raised,
      begin: w.begin, summary: w.summary.en, institutions: w.institutions.length > 0 ? w.institutions : [UNKNOWN], provinces: provincesOf(w, this.catalogue),
      hash: sha256(MEMBERS.map((m) => JSON.stringify(w[m]) ?? '').join('\n')).slice(0, 24), members,
    }
  }
}

const NONE: ReadonlyMap<string, Noted> = new Map()

/** Whether a warning stands: its latest revision takes nothing back. */
export function stands({ episode }: Noted): boolean {
  return episode !== 'withdrawn'
}

/** The members in which two warnings of one id differ. */
export function differences(a: Noted, b: Noted): string[] {
  return a.hash === b.hash ? [] : MEMBERS.filter((_, i) => a.members[i] !== b.members[i])
}

/** The provinces of the regions of a warning's classes, as the catalogue tells them. */
function provincesOf({ subject, learners, class: klass, course }: Warning, catalogue: Catalogue): string[] {
  const own = klass ?? (subject.kind === 'class' ? subject.id : undefined)
  const classes = learners.map(({ platform, id }) => catalogue.classOf({ platform, learner: id, class: own, course }))
  if (learners.length === 0 && own !== undefined) classes.push(catalogue.class(subject.platform, own))
  const found = new Set(classes.flatMap((c) => c?.region?.provinces ?? []))
  return found.size === 0 ? [UNKNOWN] : [...found].sort(compareText)
}
