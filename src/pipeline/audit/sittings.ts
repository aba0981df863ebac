import { invariant } from '../../base/errors.ts'
import { parseTime, type Ms } from '../../base/time.ts'
import { recordSchema, type LearningRecord } from '../../records/record.ts'
import { z } from 'zod'

const { id, revision, state, kind, platform, learner, class: klass, institution, course, chapter, watched, length, completed, credited, coverage } = recordSchema.shape
const time = z.string().refine((s) => parseTime(s) !== undefined, { error: 'not a date-time with offset' })

/** What an audit needs of a learning record; other members are not looked at. */
export const auditedRecord = z.object({
  format: recordSchema.shape.format, id, revision, state, kind, platform, learner, class: klass, institution, course, chapter, begin: time, end: time, watched, length, completed, credited, coverage,
})
export type AuditedRecord = Pick<LearningRecord, keyof z.infer<typeof auditedRecord>>

/** One sitting, as its latest revision tells it. Seconds, unless a type says otherwise. */
export interface Sitting {
  id: string
  revision: number
  open: boolean
  practice: boolean
  class: string | undefined
  institution: string | undefined
  course: string | undefined
  begin: Ms
  end: Ms
  /** Media intervals, flat: from, to, from, to … Empty where the platform sends no positions. */
  watched: readonly number[]
  length: number | undefined
  completed: boolean
  credited: number
  /** What was missing, where the record could be kept only in part. */
  missing: string | undefined
}

/** All sittings of one learner, by chapter. */
export interface LearnerSittings {
  platform: string
  learner: string
  chapters: Map<string, Sitting[]>
}

/** What the records of one platform cover. */
export interface Cover {
  sittings: number
  partial: number
  begin: Ms
  end: Ms
}

/**
 * The sittings that records tell of: of each id the latest revision. What is kept grows with the learners and their sittings, not
 * with the revisions.
 */
export class Sittings {
  readonly learners = new Map<string, LearnerSittings>()
  /** Records read, and of them those that a later revision replaced, or that were there twice. */
  records = 0
  replaced = 0
  private readonly texts = new Map<string, string>()

  add(record: AuditedRecord): void {
    this.records++
    const key = learnerKey(record.platform, record.learner)
    let of = this.learners.get(key)
    if (of === undefined) this.learners.set(key, (of = { platform: this.one(record.platform), learner: record.learner, chapters: new Map() }))
    const chapter = this.one(record.chapter)
    let sittings = of.chapters.get(chapter)
    if (sittings === undefined) of.chapters.set(chapter, (sittings = []))
    const at = sittings.findIndex((s) => s.id === record.id)
    if (at < 0) sittings.push(this.sitting(record))
    else {
      this.replaced++
      if ((sittings[at] as Sitting).revision < record.revision) sittings[at] = this.sitting(record)
    }
  }

  /** The platforms that have records, and what these cover. */
  cover(): Map<string, Cover> {
    const covers = new Map<string, Cover>()
    for (const { platform, chapters } of this.learners.values()) {
      let cover = covers.get(platform)
      if (cover === undefined) covers.set(platform, (cover = { sittings: 0, partial: 0, begin: Infinity, end: -Infinity }))
      for (const sittings of chapters.values()) {
        for (const s of sittings) {
          cover.sittings++
          if (s.missing !== undefined) cover.partial++
          cover.begin = Math.min(cover.begin, s.begin)
          cover.end = Math.max(cover.end, s.end)
        }
      }
    }
    return covers
  }

  private sitting(r: AuditedRecord): Sitting {
    const begin = parseTime(r.begin)
    const end = parseTime(r.end)
    invariant(begin !== undefined && end !== undefined, 'the schema has looked at the times')
    return {
      id: r.id, revision: r.revision, open: r.state === 'open', practice: r.kind === 'practice',
      class: this.maybe(r.class), institution: this.maybe(r.institution), course: this.maybe(r.course),
      begin, end, watched: r.watched.flat(), length: r.length, completed: r.completed, credited: r.credited,
      missing: r.coverage.state === 'full' ? undefined : this.one(r.coverage.missing ?? ''),
    }
  }

  private maybe(text: string | undefined): string | undefined {
    return text === undefined ? undefined : this.one(text)
  }

  /** The one copy of a text that comes again and again. */
  private one(text: string): string {
    const kept = this.texts.get(text)
    if (kept !== undefined) return kept
    this.texts.set(text, text)
    return text
  }
}

/** One text for a learner of a platform. */
export function learnerKey(platform: string, learner: string): string {
  return `${platform}\u0000${learner}`
}
