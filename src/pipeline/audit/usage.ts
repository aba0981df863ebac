import { DAY, formatTime, HOUR, local, MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Catalogue } from '../../catalogue/index.ts'
import { unionOf } from './prove.ts'
import { median } from './rank.ts'
import type { LearnerSittings, Sitting } from './sittings.ts'

/** How a platform is used. */
export interface Usage {
  /** Learners with a sitting in each hour of the day, over all days. */
  hours: number[]
  /** Learners with a sitting on each day that had any. */
  days: { day: string; learners: number }[]
  /** Of sittings of a minute and longer: the median length. Seconds. */
  sitting: number | undefined
  /** Of those with positions: the median of media seconds played over seconds of the clock, pauses included. */
  rate: number | undefined
}

export interface Completion {
  course: string
  title: string | undefined
  chapters: number
  learners: number
  /** Chapters completed, as the platform reports it, over those of the course, for those who began it: the mean. */
  share: number
  /** Learners who completed all. */
  all: number
}

/** A sitting that lasted longer than this is looked at as so long: an end may be days away by a wrong clock. */
const LONGEST = 7 * DAY
/** Shorter ones are somebody looking in. */
const LEAST: Ms = MINUTE

class Numbers {
  private all = new Float64Array(1024)
  length = 0

  push(value: number): void {
    if (this.length === this.all.length) {
      const more = new Float64Array(2 * this.length)
      more.set(this.all)
      this.all = more
    }
    this.all[this.length++] = value
  }

  median(): number | undefined {
    return this.length === 0 ? undefined : median(this.all.subarray(0, this.length))
  }
}

interface Counting {
  hours: number[]
  days: Map<number, number>
  lengths: Numbers
  rates: Numbers
}

/** Counts the use of each platform, learner by learner. */
export class UsageCounter {
  private readonly platforms = new Map<string, Counting>()
  private readonly courses = new Map<string, { learners: number; share: number; all: number }>()
  private readonly catalogue: Catalogue
  private readonly zone: string | undefined

  /** `zone`: of classes without a time zone; without it, UTC. */
  constructor(catalogue: Catalogue, zone: string | undefined) {
    this.catalogue = catalogue
    this.zone = zone
  }

  /** Takes all sittings of a learner. */
  add(of: LearnerSittings): void {
    let counting = this.platforms.get(of.platform)
    if (counting === undefined) this.platforms.set(of.platform, (counting = { hours: Array.from({ length: 24 }, () => 0), days: new Map(), lengths: new Numbers(), rates: new Numbers() }))
    const hours = new Set<number>()
    const days = new Set<number>()
    for (const sittings of of.chapters.values()) {
      for (const s of sittings) {
        addTimes(s, this.zoneOf(of, s), hours, days)
        const length = s.end - s.begin
        if (length < LEAST || s.practice) continue
        counting.lengths.push(length / SECOND)
        if (s.watched.length > 0) counting.rates.push((unionOf([s.watched]) * SECOND) / length)
      }
    }
    for (const hour of hours) (counting.hours[hour] as number)++
    for (const day of days) counting.days.set(day, (counting.days.get(day) ?? 0) + 1)
    this.addCourses(of)
  }

  usage(): Map<string, Usage> {
    return new Map([...this.platforms].map(([platform, { hours, days, lengths, rates }]) => [platform, {
      hours, days: [...days].sort((a, b) => a[0] - b[0]).map(([day, learners]) => ({ day: formatTime(day * DAY).slice(0, 10), learners })), sitting: lengths.median(), rate: rates.median(),
    }]))
  }

  completion(): Completion[] {
    return [...this.courses].map(([course, { learners, share, all }]) => {
      const info = this.catalogue.course(course)
      return { course, title: info?.title, chapters: info?.chapters.length ?? 0, learners, share: share / learners, all }
    }).sort((a, b) => (a.course < b.course ? -1 : 1))
  }

  private zoneOf({ platform, learner }: LearnerSittings, s: Sitting): string | undefined {
    return this.catalogue.classOf({ platform, learner, class: s.class, course: s.course })?.timeZone ?? this.zone
  }

  private addCourses({ platform, learner, chapters }: LearnerSittings): void {
    const begun = new Map<string, Set<string>>()
    for (const [chapter, sittings] of chapters) {
      const { class: klass, course: named } = sittings[0] as Sitting
      const course = this.catalogue.courseOf({ platform, learner, class: klass, course: named, chapter })
      if (course === undefined || this.catalogue.chapterOrder(course, chapter) < 0) continue
      let done = begun.get(course.id)
      if (done === undefined) begun.set(course.id, (done = new Set()))
      if (sittings.some((s) => s.completed)) done.add(chapter)
    }
    for (const [course, done] of begun) {
      const chapters = this.catalogue.course(course)?.chapters.length ?? 0
      let sum = this.courses.get(course)
      if (sum === undefined) this.courses.set(course, (sum = { learners: 0, share: 0, all: 0 }))
      sum.learners++
      sum.share += done.size / chapters
      if (done.size === chapters) sum.all++
    }
  }
}

/** Adds the local hours and days that a sitting touches. */
function addTimes({ begin, end }: Sitting, zone: string | undefined, hours: Set<number>, days: Set<number>): void {
  const last = Math.min(end, begin + LONGEST)
  for (let at = begin; ; at = Math.min(last, at + HOUR)) {
    const { day, clock } = local(at, zone)
    days.add(day)
    hours.add(Math.floor(clock / HOUR))
    if (at >= last) return
  }
}
