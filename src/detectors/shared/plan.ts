import { SECOND, type Ms } from '../../base/time.ts'
import type { ChapterInfo, CourseInfo } from '../../catalogue/catalogue.ts'
import type { Catalogue, Class } from '../../catalogue/index.ts'

/** What a class is approved to teach: the chapters of all its courses. */
export interface Plan {
  courses: readonly CourseInfo[]
  chapters: ReadonlyMap<string, ChapterInfo>
  theory: readonly ChapterInfo[]
  /** Whether every course of the class, and at least one, is known with its chapters. */
  isWhole: boolean
  /** Media length of the chapters whose length is known. */
  length: Ms
  /** Whether that is every chapter. */
  hasLengths: boolean
}

// A class is an object of one catalogue, which never changes.
const plans = new WeakMap<Class, Plan>()

/** The plan of a class, as far as the catalogue knows it. */
export function planOf(klass: Class, catalogue: Catalogue): Plan {
  let plan = plans.get(klass)
  if (plan === undefined) plans.set(klass, (plan = makePlan(klass, catalogue)))
  return plan
}

function makePlan(klass: Class, catalogue: Catalogue): Plan {
  const courses = klass.courses.map((id) => catalogue.course(id)).filter((c) => c !== undefined)
  const chapters = new Map<string, ChapterInfo>()
  for (const course of courses) for (const c of course.chapters) if (!chapters.has(c.id)) chapters.set(c.id, c)
  const all = [...chapters.values()]
  return {
    courses, chapters,
    theory: all.filter((c) => c.kind === 'theory'),
    isWhole: klass.courses.length > 0 && courses.length === klass.courses.length && courses.every((c) => c.chapters.length > 0),
    length: all.reduce((sum, c) => sum + (c.length ?? 0) * SECOND, 0),
    hasLengths: all.every((c) => c.length !== undefined),
  }
}
