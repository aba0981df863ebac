import { compareText } from '../../base/order.ts'
import { DAY, formatTime } from '../../base/time.ts'
import { instant, type Catalogue } from '../../catalogue/index.ts'
import type { Claim, Claims, Unit } from './claims.ts'
import { compareLearner, ROW_VERDICTS, type PlatformState, type Row, type RowVerdict, type WhyNot } from './compare.ts'
import type { Disputes, Standing } from './disputes.ts'
import { addFigures, noFigures, noMoney, type Figures, type Money } from './figures.ts'
import { Groups, type Group } from './groups.ts'
import { accusing, noWarnings, type BySeverity } from './rank.ts'
import { abnormalClasses, rankClasses, rankLearners, type ClassName, type Kept } from './ranking.ts'
import type { Audit, AuditLearner, AuditRow } from './report.ts'
import type { Cover, Sittings } from './sittings.ts'
import { round3, tidy, tidyMoney, tidyRow } from './tidy.ts'
import { Top } from './top.ts'
import { UsageCounter } from './usage.ts'

/** What an audit compares. */
export interface Audited {
  sittings: Sittings
  covers: ReadonlyMap<string, Cover>
  claims: Claims
  disputes: Disputes
  catalogue: Catalogue
  /** Seconds of a class hour, and up to how many seconds a row agrees. */
  hour: number
  tolerance: number
  /** Of classes without a time zone; without it, UTC. */
  timeZone: string | undefined
}

/** Where lists go that an audit does not keep. */
export interface AuditSink {
  differing(row: AuditRow): void
  learner(learner: AuditLearner): void
  /** A claim in this line says what one before says, and does not count. */
  repeated(line: number): void
}

/** So many of each list stand in the report itself. */
export const FIRST = 50

/** A class may be open for so long before anybody on the platform studies. A day is wide enough for any time zone of a date. */
const UNUSED = 3 * DAY

/** Whether the records reach to the day of a claim; or, of one without a day, back to when its class opened. */
export function coversDay(covers: ReadonlyMap<string, Cover>, catalogue: Catalogue, timeZone: string | undefined): (claim: Claim) => boolean {
  return ({ platform, learner, class: klass, course, date }) => {
    const cover = covers.get(platform)
    if (cover === undefined) return true
    const since = catalogue.since(platform)
    const of = catalogue.classOf({ platform, learner, class: klass, course })
    if (date === undefined) return of?.opens === undefined || of.opens >= (since === undefined ? cover.begin - UNUSED : since - DAY)
    const zone = of?.timeZone ?? timeZone
    return (instant(date, zone, 1) as number) > (since ?? cover.begin) && (instant(date, zone, 0) as number) <= cover.end
  }
}

/** Compares what is claimed with what the log proves, learner by learner in the order of platform and id. */
export function audit(of: Audited, sink: AuditSink): Omit<Audit, 'sources'> {
  const { sittings, claims, disputes, catalogue, hour } = of
  const rated = catalogue.data.classes.some((c) => c.hourRate !== undefined)
  const states = platformStates(of)
  const comparing = { catalogue, disputes, tolerance: of.tolerance, platform: (id: string): PlatformState => states.get(id) ?? { why: 'no-records' as const }, knows: namesKnown(of) }
  const total = new Groups<undefined>(hour)
  const platforms = new Groups<string>(hour)
  const institutions = new Groups<string | undefined>(hour)
  const classes = new Groups<ClassName>(hour)
  const warned = new Map<string, number>()
  const verdicts = Object.fromEntries(ROW_VERDICTS.map((v) => [v, 0])) as Record<RowVerdict, number>
  const blind = new Map<string, { platform: string; why: WhyNot; missing: string | undefined; rows: number; seconds: number }>()
  const differing = new Top<Row>(FIRST, (a, b) => b.figures.disputed + b.figures.unproven - a.figures.disputed - a.figures.unproven || compareText(a.learner, b.learner) || compareText(a.chapter ?? '', b.chapter ?? ''))
  const usage = new UsageCounter(catalogue, of.timeZone)
  const learners: Kept[] = []
  for (const key of [...new Set([...sittings.keys(), ...claims.learners.keys()])].sort(compareText)) {
    const studied = sittings.of(key)
    const { platform, learner } = (studied ?? claims.learners.get(key)) as { platform: string; learner: string }
    const who = { platform, learner }
    const rows = compareLearner(key, who, studied, claims.units(key, (line) => sink.repeated(line)), comparing)
    const sum = noFigures()
    const warnings = bySeverity(disputes.warnings(key))
    const its = new Set<string>()
    for (const row of rows) {
      const klass = row.class === undefined ? undefined : catalogue.class(row.platform, row.class)
      const rate = klass?.hourRate
      addFigures(sum, row.figures)
      total.add('', undefined, row, rate)
      platforms.add(row.platform, row.platform, row, rate)
      institutions.add(row.institution ?? '', row.institution, row, rate)
      if (row.class !== undefined) {
        const id = `${row.platform}\u0000${row.class}`
        classes.add(id, { platform: row.platform, class: row.class, institution: row.institution }, row, rate)
        its.add(id)
      }
      verdicts[row.verdict]++
      if (row.figures.notEvaluable > 0) countBlind(blind, row)
      if (row.verdict === 'agrees') continue
      sink.differing(tidyRow(row))
      if (row.verdict === 'differs') differing.add(row)
    }
    for (const groups of [total, platforms, institutions, classes]) groups.endLearner()
    if (accusing(warnings) > 0) for (const id of its) warned.set(id, (warned.get(id) ?? 0) + 1)
    if (studied !== undefined) usage.add(studied)
    const main = rows.reduce<Row | undefined>((most, r) => (most === undefined || r.figures.claimed + r.figures.played > most.figures.claimed + most.figures.played ? r : most), undefined)
    learners.push({ ...who, class: main?.class, institution: main?.institution, figures: sum, warnings })
  }
  const { ranked, abnormal } = rankLearners(learners, hour, FIRST, (l) => sink.learner(l))
  const allClasses = rankClasses(classes, warned, rated, hour)
  const odd = abnormalClasses(allClasses)
  const money = (m: Money): { money?: Money } => (rated ? { money: tidyMoney(m) } : {})
  const all = total.sorted()[0] ?? { figures: noFigures(), money: noMoney(), learners: 0 }
  const told = ({ learners: n, figures, money: m }: Group): { learners: number } & Figures & { money?: Money } => ({ learners: n, ...tidy(figures), ...money(m) })
  const bounds = [...of.covers.values()]
  return {
    format: 1, hour, tolerance: of.tolerance,
    ...(of.timeZone === undefined ? {} : { timeZone: of.timeZone }),
    ...(bounds.length === 0 ? {} : { period: { begin: formatTime(Math.min(...bounds.map((b) => b.begin))), end: formatTime(Math.max(...bounds.map((b) => b.end))) } }),
    totals: { ...told(all), rows: verdicts },
    platforms: platforms.sorted().map((g) => ({ platform: g.key, ...told(g), sittings: of.covers.get(g.key)?.sittings ?? 0, partial: of.covers.get(g.key)?.partial ?? 0 })),
    institutions: institutions.sorted().map((g) => ({ ...(g.key === undefined ? {} : { institution: g.key }), ...told(g) })),
    classes: allClasses,
    notEvaluable: [...blind.values()].map(({ missing, ...b }) => ({ ...b, ...(missing === undefined ? {} : { missing }), seconds: round3(b.seconds) })).sort((a, b) => b.seconds - a.seconds),
    abnormal: { classes: { total: odd.length, first: odd.slice(0, FIRST) }, learners: { total: abnormal, first: ranked } },
    differing: { total: verdicts.differs, first: differing.sorted().map(tidyRow) },
    usage: [...usage.usage()].sort(([a], [b]) => compareText(a, b)).map(([platform, { hours, days, sitting, rate }]) => ({
      platform, hours, days, ...(sitting === undefined ? {} : { sitting: round3(sitting) }), ...(rate === undefined ? {} : { rate: round3(rate) }),
    })),
    completion: usage.completion().map(({ title, share, ...c }) => ({ ...c, ...(title === undefined ? {} : { title }), share: round3(share) })),
  }
}

/** Why claims on a platform cannot be judged, where no record answers them. */
function platformStates({ covers, claims, sittings }: Audited): Map<string, PlatformState> {
  const found = new Map<string, boolean>()
  for (const [key, { platform }] of claims.learners) found.set(platform, (found.get(platform) ?? false) || sittings.has(key))
  return new Map([...covers].map(([platform, { sittings, partial }]) => [platform, { why: found.get(platform) === false ? 'other-ids' : 2 * partial > sittings ? 'partial' : undefined }]))
}

/** Whether the class, course and chapter of a claim are names that anybody uses. */
function namesKnown({ sittings, catalogue }: Audited): (platform: string, unit: Unit) => boolean {
  const names = sittings.names()
  const chapters = new Set(catalogue.data.courses.flatMap((c) => c.chapters.map((x) => x.id)))
  return (platform, { class: klass, course, chapter }) => {
    const of = names.get(platform)
    return (klass === undefined || of?.class.has(klass) === true || catalogue.class(platform, klass) !== undefined)
      && (course === undefined || of?.course.has(course) === true || catalogue.course(course) !== undefined)
      && (chapter === undefined || of?.chapter.has(chapter) === true || chapters.has(chapter))
  }
}

function countBlind(blind: Map<string, { platform: string; why: WhyNot; missing: string | undefined; rows: number; seconds: number }>, row: Row): void {
  const why = row.why as WhyNot
  // Numbers in it are those of one learner.
  const missing = row.missing?.replaceAll(/\d+/g, '…')
  const id = `${row.platform}\u0000${why}\u0000${missing ?? ''}`
  let b = blind.get(id)
  if (b === undefined) blind.set(id, (b = { platform: row.platform, why, missing, rows: 0, seconds: 0 }))
  b.rows++
  b.seconds += row.figures.notEvaluable
}

function bySeverity(warnings: readonly Standing[]): BySeverity {
  const by = noWarnings()
  for (const { severity } of warnings) by[severity]++
  return by
}
