import { compareText } from '../../base/order.ts'
import type { CourseInfo } from '../../catalogue/catalogue.ts'
import type { Catalogue } from '../../catalogue/index.ts'
import type { Unit } from './claims.ts'
import type { Disputes } from './disputes.ts'
import { noFigures, type Figures } from './figures.ts'
import { prove, type Chapter, type Proof } from './prove.ts'
import type { LearnerSittings, Sitting } from './sittings.ts'

export const WHY_NOT = ['no-records', 'other-ids', 'unknown-name', 'outside-period', 'practice', 'partial'] as const
/** Why what is claimed cannot be judged by the log. */
export type WhyNot = (typeof WHY_NOT)[number]

export const ROW_VERDICTS = ['agrees', 'differs', 'unclaimed', 'not-evaluable'] as const
export type RowVerdict = (typeof ROW_VERDICTS)[number]

/** What is claimed of one learner at one level, against what the log proves. */
export interface Row {
  figures: Figures
  platform: string
  learner: string
  institution: string | undefined
  class: string | undefined
  course: string | undefined
  chapter: string | undefined
  sittings: number
  /** Rules whose warnings dispute time of it. */
  rules: readonly string[]
  verdict: RowVerdict
  why: WhyNot | undefined
  /** What the log lacks, where it was kept only in part. */
  missing: string | undefined
}

/** What is known of a platform before its learners are looked at. */
export interface PlatformState {
  /** Why nothing that is claimed on it without a record can be judged. */
  why: WhyNot | undefined
}

export interface Comparing {
  catalogue: Catalogue
  disputes: Disputes
  platform(this: void, id: string): PlatformState
  /** Whether the records of the platform, or the catalogue, know the class, course and chapter that a claim names. */
  knows(this: void, platform: string, unit: Unit): boolean
  /** Seconds up to which a row agrees: claims are rounded. */
  tolerance: number
}

const NO_RULES: readonly string[] = []

/** The sittings of a learner over one chapter of one course in one class. */
interface Cell {
  class: string | undefined
  institution: string | undefined
  course: string | undefined
  chapter: string
  sittings: Sitting[]
}

/** The rows of one learner: one for each level that claims were made at, and one for each chapter that nobody claimed. */
export function compareLearner(key: string, { platform, learner }: { platform: string; learner: string }, studied: LearnerSittings | undefined, units: readonly Unit[], c: Comparing): Row[] {
  const cells = studied === undefined ? [] : cellsOf(studied, c.catalogue)
  const claimed = new Map<Unit, Cell[]>(units.map((u) => [u, []]))
  const rows: Row[] = []
  for (const cell of cells) {
    const unit = bestUnit(units, cell)
    if (unit === undefined) rows.push(rowOf(key, { platform, learner }, undefined, [cell], c))
    else (claimed.get(unit) as Cell[]).push(cell)
  }
  for (const [unit, its] of claimed) rows.push(rowOf(key, { platform, learner }, unit, its, c))
  return rows.length < 2 ? rows : rows.sort(byPlace)
}

function byPlace(a: Row, b: Row): number {
  return compareText(a.class ?? '', b.class ?? '') || compareText(a.course ?? '', b.course ?? '') || compareText(a.chapter ?? '', b.chapter ?? '')
}

function cellsOf({ platform, learner, chapters }: LearnerSittings, catalogue: Catalogue): Cell[] {
  const cells: Cell[] = []
  for (const [chapter, sittings] of chapters) {
    const byClass = new Map<string, Cell>()
    for (const s of sittings) {
      const course = s.course ?? catalogue.courseOf({ platform, learner, class: s.class, course: undefined, chapter })?.id
      const klass = catalogue.classOf({ platform, learner, class: s.class, course })
      const id = s.class ?? klass?.id
      // A chapter of the same name in another course is another one.
      const at = `${id ?? ''}\u0000${course ?? ''}`
      let cell = byClass.get(at)
      if (cell === undefined) byClass.set(at, (cell = { class: id, institution: s.institution ?? klass?.institution, course, chapter, sittings: [] }))
      cell.sittings.push(s)
    }
    cells.push(...byClass.values())
  }
  return cells
}

/**
 * The claim that a chapter belongs to: the one that says most of it and contradicts none of it; of equals the first. Only a claim for
 * that very chapter may name another class: it was studied all the same.
 */
function bestUnit(units: readonly Unit[], cell: Cell): Unit | undefined {
  let best: Unit | undefined
  let most = -1
  for (const u of units) {
    if (u.chapter !== undefined && u.chapter !== cell.chapter) continue
    if (u.course !== undefined && cell.course !== undefined && u.course !== cell.course) continue
    const elsewhere = u.class !== undefined && cell.class !== undefined && u.class !== cell.class
    if (elsewhere && u.chapter === undefined) continue
    const says = elsewhere ? 0.5 : (u.chapter === undefined ? 0 : 4) + (u.course !== undefined && u.course === cell.course ? 2 : 0) + (u.class !== undefined && u.class === cell.class ? 1 : 0)
    if (says > most) [best, most] = [u, says]
  }
  return best
}

function rowOf(key: string, who: { platform: string; learner: string }, unit: Unit | undefined, cells: readonly Cell[], c: Comparing): Row {
  const sum = noFigures()
  sum.claimed = unit?.seconds ?? 0
  const rules = new Set<string>()
  let beyond = 0
  let beyondWithhold = 0
  let playedWithhold = 0
  let playedGrave = 0
  let beyondGrave = 0
  for (const cell of cells) {
    const speaks = c.disputes.against(key, cell.chapter)
    const proof: Proof = prove(cell.sittings, chapterOf(who.platform, cell, c.catalogue), speaks?.against)
    for (const rule of speaks?.rules ?? []) rules.add(rule)
    sum.played += proof.played
    sum.proven += proof.proven
    sum.questioned += proof.questioned
    playedWithhold += proof.playedWithhold
    beyond += proof.beyond
    beyondWithhold += proof.beyondWithhold
    playedGrave += proof.playedGrave
    beyondGrave += proof.beyondGrave
  }
  // Who was never seen to play a chapter may still have been warned of completing it.
  const played = new Set(cells.map((cell) => cell.chapter))
  if (unit?.chapter !== undefined && !played.has(unit.chapter)) {
    const speaks = c.disputes.against(key, unit.chapter)
    if (speaks !== undefined) {
      const proof = prove([], { length: undefined, rate: 1 }, speaks.against)
      beyond += proof.beyond
      beyondWithhold += proof.beyondWithhold
      beyondGrave += proof.beyondGrave
      for (const rule of speaks.rules) rules.add(rule)
    }
  }
  // What the log shows not to have been played is in dispute only as far as it is claimed.
  const over = Math.max(0, sum.claimed - sum.played)
  const disputable = sum.played - sum.proven + Math.min(beyond, over)
  const open = Math.max(0, sum.claimed - sum.proven)
  sum.disputed = Math.min(disputable, open)
  sum.withhold = Math.min(sum.disputed, playedWithhold + Math.min(beyondWithhold, over))
  sum.grave = Math.min(disputable, playedGrave + Math.min(beyondGrave, over))
  sum.spared = disputable - sum.disputed
  sum.unclaimed = Math.max(0, sum.proven - sum.claimed)
  const short = open - sum.disputed
  const named = namesOf(who, unit, cells, c.catalogue)
  const { why, part, missing } = short <= 0 ? { why: undefined, part: 0, missing: undefined } : cannotJudge(who, unit, cells, short, c)
  sum.notEvaluable = part
  sum.unproven = short - part
  const sittings = cells.reduce((n, cell) => n + cell.sittings.length, 0)
  return {
    figures: sum, platform: who.platform, learner: who.learner, institution: named.institution, class: named.class, course: named.course, chapter: unit === undefined ? cells[0]?.chapter : unit.chapter,
    sittings, rules: rules.size === 0 ? NO_RULES : [...rules].sort(), verdict: verdictOf(sum, c.tolerance), why, missing,
  }
}

/** The class, course and institution of a row, where there is but one. */
function namesOf({ platform, learner }: { platform: string; learner: string }, unit: Unit | undefined, cells: readonly Cell[], catalogue: Catalogue): Pick<Row, 'class' | 'course' | 'institution'> {
  const only = <T>(values: readonly (T | undefined)[]): T | undefined => (values.every((v) => v === values[0]) ? values[0] : undefined)
  const course = unit?.course ?? only(cells.map((cell) => cell.course)) ?? (unit?.chapter === undefined ? undefined : catalogue.courseOf({ platform, learner, class: unit.class, course: undefined, chapter: unit.chapter })?.id)
  const klass = unit?.class ?? only(cells.map((cell) => cell.class)) ?? catalogue.classOf({ platform, learner, class: undefined, course })?.id
  const institution = (klass === undefined ? undefined : catalogue.class(platform, klass)?.institution) ?? only(cells.map((cell) => cell.institution))
  return { class: klass, course, institution }
}

function chapterOf(platform: string, cell: Cell, catalogue: Catalogue): Chapter {
  return { length: lengthOf(cell, catalogue), rate: catalogue.platform(platform)?.rate ?? 1 }
}

function lengthOf({ course, chapter, sittings }: Cell, catalogue: Catalogue): number | undefined {
  const info = course === undefined ? undefined : catalogue.course(course)
  const known = info === undefined ? undefined : catalogue.chapter(info, chapter)?.length
  if (known !== undefined) return known
  // The longest that was told: a platform may tell it late, or round it.
  return sittings.reduce<number | undefined>((most, s) => (s.length === undefined || (most ?? 0) > s.length ? most : s.length), undefined)
}

/** Of the `short` seconds that are claimed without evidence, the part that the log could not show anyway, and why most of it. */
function cannotJudge(who: { platform: string; learner: string }, unit: Unit | undefined, cells: readonly Cell[], short: number, { catalogue, platform, knows }: Comparing): { why: WhyNot | undefined; part: number; missing: string | undefined } {
  const { why } = platform(who.platform)
  if (why === 'no-records' || why === 'other-ids') return { why, part: short, missing: undefined }
  if (cells.length === 0 && unit !== undefined && !knows(who.platform, unit)) return { why: 'unknown-name', part: short, missing: undefined }
  const partial = cells.filter((cell) => cell.sittings.some((s) => s.missing !== undefined))
  const hidden: [WhyNot, number][] = [
    ['partial', cells.length === 0 && why === 'partial' ? Infinity : partial.reduce((sum, cell) => sum + couldHide(who.platform, cell, catalogue), 0)],
    ['practice', practiceOf(who, unit, cells, catalogue)],
    ['outside-period', unit?.outside ?? 0],
  ]
  const part = Math.min(short, hidden.reduce((sum, [, seconds]) => sum + seconds, 0))
  const [first] = hidden.filter(([, seconds]) => seconds > 0).sort((a, b) => b[1] - a[1])
  const missing = partial.flatMap((cell) => cell.sittings).find((s) => s.missing !== undefined)?.missing
  return { why: first?.[0], part, missing: first?.[0] === 'partial' ? missing : undefined }
}

/** How much more of a chapter may have been played than a log that was kept in part shows: what is left of its length. */
function couldHide(platform: string, cell: Cell, catalogue: Catalogue): number {
  const chapter = chapterOf(platform, cell, catalogue)
  return chapter.length === undefined ? Infinity : Math.max(0, chapter.length - prove(cell.sittings, chapter, undefined).played)
}

/** How much of a claim may be of offline practice, which is not played: no log shows how long it was. */
function practiceOf({ platform, learner }: { platform: string; learner: string }, unit: Unit | undefined, cells: readonly Cell[], catalogue: Catalogue): number {
  if (cells.some((cell) => cell.sittings.some((s) => s.practice))) return Infinity
  if (unit === undefined) return 0
  const course = (id: string | undefined): CourseInfo | undefined => catalogue.courseOf({ platform, learner, class: unit.class, course: id, chapter: unit.chapter })
  if (unit.chapter !== undefined) {
    const known = course(unit.course)
    return known !== undefined && catalogue.chapter(known, unit.chapter)?.kind === 'practice' ? Infinity : 0
  }
  const courses = unit.course === undefined ? (catalogue.classOf({ platform, learner, class: unit.class, course: undefined })?.courses ?? []) : [unit.course]
  const practice = courses.flatMap((id) => catalogue.course(id)?.chapters.filter((x) => x.kind === 'practice') ?? [])
  return practice.reduce((sum, x) => sum + (x.length ?? Infinity), 0)
}

function verdictOf(f: Figures, tolerance: number): RowVerdict {
  if (f.disputed > tolerance || f.unproven > tolerance) return 'differs'
  if (f.notEvaluable > tolerance) return 'not-evaluable'
  return f.unclaimed > tolerance ? 'unclaimed' : 'agrees'
}
