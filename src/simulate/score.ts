import { MINUTE, parseTime, type Ms } from '../base/time.ts'
import { SEVERITIES, type Warning } from '../warnings/warning.ts'
import type { Labelled, Truth } from './truth.ts'

/** What of a warning the score needs. */
export type ScoredWarning = Pick<Warning, 'id' | 'revision' | 'episode' | 'rule' | 'severity' | 'subject' | 'learners' | 'raised'>

/** How many of some learners were warned of. `share` is undefined where there were none. */
export interface Share {
  learners: number
  warned: number
  share: number | undefined
}

export interface Score {
  cheaters: Share
  honest: Share
  /** Share of the learners warned of who do cheat. */
  precision: number | undefined
  /** Median minutes from a caught cheater's first event to the first warning. */
  minutes: number | undefined
  archetypes: (Share & { archetype: string; minutes: number | undefined; groups: number; groupsCaught: number })[]
  /** `ratio`: false alarms against those of all honest learners. */
  slices: (Share & { slice: string; ratio: number | undefined })[]
  rules: { rule: string; warnings: number; cheaters: number; honest: number; honestShare: number | undefined; precision: number | undefined }[]
}

/** From this severity up a warning accuses; what lies below is a hint. */
const ACCUSES = SEVERITIES.indexOf('medium')

/** Measures warnings against the truth. Only the latest revision of each id counts, and none that was withdrawn. */
export function score(truth: Truth, warnings: Iterable<ScoredWarning>): Score {
  const known = new Map(truth.learners.map((l) => [key(l.platform, l.learner), l]))
  const standing = accusing(warnings)
  const first = firstWarnings(standing, known)
  const cheaters = truth.learners.filter((l) => l.kind === 'cheater')
  const honest = truth.learners.filter((l) => l.kind === 'honest')
  const overall = share(honest, first)
  return {
    cheaters: share(cheaters, first),
    honest: overall,
    precision: ratio([...first.keys()].filter((l) => l.kind === 'cheater').length, first.size),
    minutes: medianMinutes(cheaters, first),
    archetypes: Object.keys(truth.archetypes).filter((a) => cheaters.some((l) => l.archetype === a)).map((archetype) => {
      const of = cheaters.filter((l) => l.archetype === archetype)
      const groups = truth.groups.filter((g) => g.archetype === archetype)
      return {
        archetype, ...share(of, first), minutes: medianMinutes(of, first), groups: groups.length,
        groupsCaught: groups.filter((g) => standing.some(({ warning }) => namesGroup(warning, g))).length,
      }
    }),
    slices: names(honest.map((l) => l.slice)).sort().map((slice) => {
      const of = share(honest.filter((l) => l.slice === slice), first)
      return { slice, ...of, ratio: overall.share ? (of.share ?? 0) / overall.share : undefined }
    }),
    rules: perRule(standing, known, honest.length),
  }
}

interface Standing {
  warning: ScoredWarning
  /** When the first revision of it was raised. */
  raised: Ms
}

function accusing(warnings: Iterable<ScoredWarning>): Standing[] {
  const byId = new Map<string, Standing>()
  for (const warning of warnings) {
    const raised = parseTime(warning.raised) ?? Number.NaN
    const before = byId.get(warning.id)
    if (!before) byId.set(warning.id, { warning, raised })
    else {
      before.raised = Math.min(before.raised, raised)
      if (warning.revision > before.warning.revision) before.warning = warning
    }
  }
  return [...byId.values()].filter(({ warning }) => warning.episode !== 'withdrawn' && SEVERITIES.indexOf(warning.severity) >= ACCUSES)
}

function firstWarnings(standing: readonly Standing[], known: ReadonlyMap<string, Labelled>): Map<Labelled, Ms> {
  const first = new Map<Labelled, Ms>()
  for (const { warning, raised } of standing) {
    for (const { platform, id } of warning.learners) {
      const learner = known.get(key(platform, id))
      if (learner) first.set(learner, Math.min(first.get(learner) ?? raised, raised))
    }
  }
  return first
}

/** A warning catches a group when it names its teacher, or two or more of its learners at once. */
function namesGroup(w: ScoredWarning, group: Truth['groups'][number]): boolean {
  if (w.subject.kind === 'teacher' && w.subject.platform === group.platform && w.subject.id === group.teacher) return true
  return w.learners.filter((l) => l.platform === group.platform && group.learners.includes(l.id)).length >= 2
}

function perRule(standing: readonly Standing[], known: ReadonlyMap<string, Labelled>, honest: number): Score['rules'] {
  return names(standing.map((s) => s.warning.rule)).sort().map((rule) => {
    const of = standing.filter((s) => s.warning.rule === rule)
    const named = new Set(of.flatMap((s) => s.warning.learners.map((l) => known.get(key(l.platform, l.id))).filter((l) => l !== undefined)))
    const cheating = [...named].filter((l) => l.kind === 'cheater').length
    const innocent = named.size - cheating
    return { rule, warnings: of.length, cheaters: cheating, honest: innocent, honestShare: ratio(innocent, honest), precision: ratio(cheating, named.size) }
  })
}

function share(of: readonly Labelled[], first: ReadonlyMap<Labelled, Ms>): Share {
  const warned = of.filter((l) => first.has(l)).length
  return { learners: of.length, warned, share: ratio(warned, of.length) }
}

function medianMinutes(of: readonly Labelled[], first: ReadonlyMap<Labelled, Ms>): number | undefined {
  const minutes: number[] = []
  for (const l of of) {
    const raised = first.get(l)
    const from = l.from === undefined ? undefined : parseTime(l.from)
    if (raised !== undefined && from !== undefined) minutes.push((raised - from) / MINUTE)
  }
  minutes.sort((a, b) => a - b)
  if (minutes.length === 0) return undefined
  const middle = (minutes.length - 1) / 2
  return ((minutes[Math.floor(middle)] as number) + (minutes[Math.ceil(middle)] as number)) / 2
}

function names(list: readonly (string | undefined)[]): string[] {
  return [...new Set(list)].filter((x) => x !== undefined)
}

function ratio(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole
}

function key(platform: string, learner: string): string {
  return `${platform}\u0000${learner}`
}
