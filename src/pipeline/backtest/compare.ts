import { compareText } from '../../base/order.ts'
import { SEVERITIES, type Severity } from '../../warnings/warning.ts'
import { differences, stands, type Ledger, type Noted } from './ledger.ts'
import { versionsOf, type Variant } from './variant.ts'

/** A variant with the ledger of the machine that it ran in. */
export interface Judged {
  variant: Variant
  ledger: Ledger
}

/** Warnings that stand under the one and the other rules: only there after, only there before, and there with other content. */
export interface Counts {
  before: number
  after: number
  added: number
  removed: number
  changed: number
}

/** A warning to look at. */
export interface Example {
  id: string
  rule: string
  severity: Severity
  subject: Noted['subject']
  begin: string
  summary: string
  /** Of a changed one: the members that differ. */
  differs?: string[]
}

export interface Change extends Example {
  kind: 'added' | 'removed' | 'changed'
}

/** What other rules would have changed. */
export interface Comparison extends Counts {
  /** Learners named by a warning that stands; `newly`: named by one after and by none before. */
  learners: { before: number; after: number; newly: number; noLonger: number }
  byRule: Record<string, Counts>
  byInstitution: Record<string, Counts>
  byProvince: Record<string, Counts>
  byPlatform: Record<string, Counts>
  /** In how many changed warnings each member differs. */
  differs: Record<string, number>
  /** Every warning that was added, removed or changed, by rule, begin and id. */
  changes: Change[]
}

/** The warnings that stand under a variant's rules, by rule. */
export function standing({ variant, ledger }: Judged): Noted[] {
  return versionsOf(variant).flatMap((v) => [...ledger.of(v).values()].filter(stands))
}

/** Compares what stands before with what stands after. */
export function compare(before: Judged, after: Judged): Comparison {
  const [was, is] = [standing(before), standing(after)]
  const old = new Map(was.map((w) => [w.id, w]))
  const totals = newCounts()
  const [byRule, byInstitution, byProvince, byPlatform] = [new Tally(), new Tally(), new Tally(), new Tally()]
  const count = (w: Noted, what: keyof Counts): void => {
    totals[what]++
    byRule.add([w.rule], what)
    byInstitution.add(w.institutions, what)
    byProvince.add(w.provinces, what)
    byPlatform.add(platformsOf(w), what)
  }
  const differs: Record<string, number> = {}
  const changes: Change[] = []
  const note = (kind: Change['kind'], w: Noted, members?: string[]): void => {
    count(w, kind)
    const { id, rule, severity, subject, begin, summary } = w
    changes.push({ kind, id, rule, severity, subject, begin, summary, ...(members ? { differs: members } : {}) })
  }
  for (const w of is) {
    count(w, 'after')
    const same = old.get(w.id)
    old.delete(w.id)
    if (same === undefined) {
      note('added', w)
      continue
    }
    count(same, 'before')
    if (same.hash === w.hash) continue
    const members = differences(same, w)
    for (const m of members) differs[m] = (differs[m] ?? 0) + 1
    note('changed', w, members)
  }
  for (const w of old.values()) {
    count(w, 'before')
    note('removed', w)
  }
  changes.sort((a, b) => compareText(a.rule, b.rule) || compareText(a.begin, b.begin) || compareText(a.id, b.id) || compareText(a.kind, b.kind))
  const [named, names] = [learnersOf(was), learnersOf(is)]
  return {
    ...totals,
    learners: { before: named.size, after: names.size, newly: [...names].filter((l) => !named.has(l)).length, noLonger: [...named].filter((l) => !names.has(l)).length },
    byRule: byRule.sorted(), byInstitution: byInstitution.sorted(), byProvince: byProvince.sorted(), byPlatform: byPlatform.sorted(), differs, changes,
  }
}

/** Some changes of one kind to look at: the gravest, of as many rules as there are. */
export function examplesOf(changes: readonly Change[], kind: Change['kind'], most: number): Change[] {
  const ofRule = new Map<string, Change[]>()
  for (const c of changes) {
    if (c.kind !== kind) continue
    const same = ofRule.get(c.rule)
    if (same) same.push(c)
    else ofRule.set(c.rule, [c])
  }
  const grave = (c: Change): number => SEVERITIES.indexOf(c.severity)
  const queues = [...ofRule.values()].map((of) => of.sort((a, b) => grave(b) - grave(a) || compareText(a.begin, b.begin) || compareText(a.id, b.id)))
  const examples: Change[] = []
  for (let i = 0; examples.length < most && queues.some((q) => i < q.length); i++) {
    for (const queue of queues) if (i < queue.length && examples.length < most) examples.push(queue[i] as Change)
  }
  return examples
}

/** The learners that warnings name, as `platform` and id. */
export function learnersOf(warnings: Iterable<Noted>): Set<string> {
  const found = new Set<string>()
  for (const { learners } of warnings) for (const { platform, id } of learners) found.add(learnerKey(platform, id))
  return found
}

export function learnerKey(platform: string, id: string): string {
  return `${platform}\u0000${id}`
}

function platformsOf({ subject, learners }: Noted): string[] {
  return subject.platform === '' ? [...new Set(learners.map((l) => l.platform))] : [subject.platform]
}

function newCounts(): Counts {
  return { before: 0, after: 0, added: 0, removed: 0, changed: 0 }
}

class Tally {
  private readonly byName = new Map<string, Counts>()

  add(names: readonly string[], what: keyof Counts): void {
    for (const name of names) {
      let counts = this.byName.get(name)
      if (counts === undefined) this.byName.set(name, (counts = newCounts()))
      counts[what]++
    }
  }

  sorted(): Record<string, Counts> {
    return Object.fromEntries([...this.byName].sort(([a], [b]) => compareText(a, b)))
  }
}
