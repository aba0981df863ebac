import { SECOND, DAY, local, parseTime, type Ms } from '../base/time.ts'
import type { CatalogueData, ChapterInfo, ClassInfo, CourseInfo, PlatformInfo } from './catalogue.ts'

/** A class with its days as instants: `opens` is the first moment of the class, `closes` the first moment after it. */
export interface Class extends Omit<ClassInfo, 'opens' | 'closes'> {
  opens: Ms | undefined
  closes: Ms | undefined
}

/** Look-ups over the catalogue. Built once for a context; everything it returns is read only. */
export class Catalogue {
  readonly data: CatalogueData
  private readonly platforms = new Map<string, PlatformInfo>()
  private readonly courses = new Map<string, CourseInfo>()
  private readonly chapterIndex = new Map<CourseInfo, Map<string, number>>()
  private readonly classes = new Map<string, Class>()
  private readonly withClasses = new Set<string>()
  private readonly rosters = new Map<string, Class[]>()
  private readonly teachers = new Map<string, Set<string>>()
  private readonly chapterCourse = new Map<string, CourseInfo[]>()

  constructor(data: CatalogueData) {
    this.data = data
    for (const p of data.platforms) this.platforms.set(p.id, p)
    for (const c of data.courses) {
      this.courses.set(c.id, c)
      this.chapterIndex.set(c, new Map(c.chapters.map((x, i) => [x.id, i])))
      for (const x of c.chapters) {
        const same = this.chapterCourse.get(x.id)
        if (same) same.push(c)
        else this.chapterCourse.set(x.id, [c])
      }
    }
    for (const c of data.classes) this.addClass(c)
  }

  private addClass(c: ClassInfo): void {
    const klass: Class = { ...c, opens: instant(c.opens, c.timeZone, 0), closes: instant(c.closes, c.timeZone, 1) }
    this.classes.set(key(c.platform, c.id), klass)
    this.withClasses.add(c.platform)
    for (const l of c.learners) {
      const k = key(c.platform, l)
      const same = this.rosters.get(k)
      if (same) same.push(klass)
      else this.rosters.set(k, [klass])
    }
    for (const t of c.teachers) {
      const k = key(c.platform, t)
      const of = this.teachers.get(k)
      if (of) of.add(c.id)
      else this.teachers.set(k, new Set([c.id]))
    }
  }

  platform(id: string): PlatformInfo | undefined {
    return this.platforms.get(id)
  }

  course(id: string): CourseInfo | undefined {
    return this.courses.get(id)
  }

  class(platform: string, id: string): Class | undefined {
    return this.classes.get(key(platform, id))
  }

  /** Whether any class of the platform is known. */
  hasClasses(platform: string): boolean {
    return this.withClasses.has(platform)
  }

  /** The class of an event or sighting: the one it names, else the only one whose roster has the learner (and whose courses the course). */
  classOf(of: { platform: string; learner: string; class: string | undefined; course: string | undefined }): Class | undefined {
    if (of.class !== undefined) return this.class(of.platform, of.class)
    const rolls = this.rosters.get(key(of.platform, of.learner))
    if (!rolls) return undefined
    const [only] = rolls
    if (only && rolls.length === 1) return of.course === undefined || only.courses.includes(of.course) ? only : undefined
    const fitting = of.course === undefined ? rolls : rolls.filter((c) => c.courses.includes(of.course as string))
    return fitting.length === 1 ? fitting[0] : undefined
  }

  /** The course of a chapter: the one named, else the class's or the only one that has the chapter. */
  courseOf(of: { platform: string; learner: string; class: string | undefined; course: string | undefined; chapter: string | undefined }): CourseInfo | undefined {
    if (of.course !== undefined) return this.courses.get(of.course)
    if (of.chapter === undefined) return undefined
    const having = this.chapterCourse.get(of.chapter)
    if (!having || having.length === 1) return having?.[0]
    const klass = this.classOf(of)
    const fitting = having.filter((c) => klass?.courses.includes(c.id))
    return fitting.length === 1 ? fitting[0] : undefined
  }

  /** The course of several chapters: the one named if it has them all, or if none is known; else the only one that has them all. */
  courseOfAll(chapters: readonly string[], named: string | undefined): string | undefined {
    const known = chapters.filter((c) => this.chapterCourse.has(c))
    const hasAll = (course: CourseInfo | undefined): boolean => course !== undefined && known.every((c) => this.chapterOrder(course, c) >= 0)
    if (known.length === 0 || (named !== undefined && hasAll(this.courses.get(named)))) return named
    const having = [...this.courses.values()].filter(hasAll)
    return having.length === 1 ? having[0]?.id : undefined
  }

  /** Position of a chapter in its course's order, from 0; -1 if the course does not list it. */
  chapterOrder(course: CourseInfo, chapter: string): number {
    return this.chapterIndex.get(course)?.get(chapter) ?? -1
  }

  chapter(course: CourseInfo, chapter: string): ChapterInfo | undefined {
    return course.chapters[this.chapterOrder(course, chapter)]
  }

  /** Whether a learner id or account is a teacher of `klass` (of any class where it is undefined). */
  isTeacher(platform: string, id: string, klass?: string): boolean {
    const of = this.teachers.get(key(platform, id))
    return of !== undefined && (klass === undefined || of.has(klass))
  }

  /** Whether learner ids of the platform name the same person everywhere. */
  isGlobal(platform: string): boolean {
    return this.platforms.get(platform)?.global.includes('learner') ?? false
  }

  /** When the platform's log is declared complete from, if it is. */
  since(platform: string): Ms | undefined {
    const since = this.platforms.get(platform)?.since
    return since === undefined ? undefined : instant(since, undefined, 0)
  }
}

function key(platform: string, id: string): string {
  return `${platform}\u0000${id}`
}

/** A date or date-time as an instant; a date means the first moment of that day (`days` later) in the zone, else in UTC. */
export function instant(text: string | undefined, zone: string | undefined, days: number): Ms | undefined {
  if (text === undefined) return undefined
  if (text.length > 10) return parseTime(text)
  const midnight = parseTime(`${text}T00:00:00Z`) as Ms
  return startOfDay(midnight / DAY + days, zone)
}

/** The first moment of local day number `day` in `zone`. */
function startOfDay(day: number, zone: string | undefined): Ms {
  const guess = day * DAY
  if (zone === undefined) return guess
  // A zone is at most 14 h off, and a change of its offset moves midnight by an hour: two steps settle it.
  let at = guess
  for (let i = 0; i < 3; i++) {
    const l = local(at, zone)
    at -= (l.day - day) * DAY + l.clock
  }
  // Where summer time begins at midnight, the day has none: it begins an hour later.
  const l = local(at, zone)
  if (l.day < day) at += DAY - l.clock
  return Math.round(at / SECOND) * SECOND
}
