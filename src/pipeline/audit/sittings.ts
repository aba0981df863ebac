import { z } from 'zod'
import { invariant } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { parseTime, type Ms } from '../../base/time.ts'
import { counts, flags, floats, KeyIndex, Texts } from './columns.ts'
import { recordSchema, type LearningRecord } from '../../records/record.ts'

const { id, revision, state, kind, platform, learner, class: klass, institution, course, chapter, watched, length, completed, credited, coverage } = recordSchema.shape
const time = z.string().refine((s) => parseTime(s) !== undefined, { error: 'not a date-time with offset' })

/** What an audit needs of a learning record; other members are not looked at. */
export const auditedRecord = z.object({
  format: recordSchema.shape.format, id, revision, state, kind, platform, learner, class: klass, institution, course, chapter, begin: time, end: time, watched, length, completed, credited, coverage,
})
export type AuditedRecord = Pick<LearningRecord, keyof z.infer<typeof auditedRecord>>

/** One sitting, as its latest revision tells it. Seconds, unless a type says otherwise. */
export interface Sitting {
  practice: boolean
  class: string | undefined
  institution: string | undefined
  course: string | undefined
  begin: Ms
  end: Ms
  /** Media intervals, flat: from, to, from, to … Empty where the platform sends no positions. */
  watched: ArrayLike<number>
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

const OPEN = 1
const PRACTICE = 2
const COMPLETED = 4
/** Media intervals that a sitting has room for at least, in numbers. */
const LEAST_ROOM = 4

/**
 * The sittings that records tell of: of each id the latest revision. What is kept grows with the sittings, by about 150 bytes
 * each, and not with their revisions.
 */
export class Sittings {
  /** Records read, and of them those that a later revision replaced, or that were there twice. */
  records = 0
  replaced = 0
  private readonly learners = new Map<string, { platform: string; learner: string; last: number }>()
  private readonly texts = new Texts()
  private readonly ids = counts()
  private readonly index = new KeyIndex(this.ids)
  /** The sitting before of the same learner, by its number and one; 0 is none. */
  private readonly before = counts()
  private readonly revision = counts()
  private readonly chapter = counts()
  private readonly klass = counts()
  private readonly institution = counts()
  private readonly course = counts()
  private readonly missing = counts()
  private readonly state = flags()
  private readonly begin = floats()
  private readonly end = floats()
  private readonly credited = floats()
  private readonly length = floats()
  private readonly media = floats()
  private readonly mediaAt = counts()
  private readonly mediaRoom = counts()
  private readonly mediaSize = counts()

  add(record: AuditedRecord): void {
    this.records++
    const [a, b, c, d] = wordsOf(record.id)
    const known = this.index.find(a, b, c, d)
    if (known >= 0) {
      this.replaced++
      if (this.isLater(known, record)) this.write(known, record)
      return
    }
    const item = this.revision.extend(1)
    for (const word of [a, b, c, d]) this.ids.push(word)
    for (const column of [this.before, this.chapter, this.klass, this.institution, this.course, this.missing, this.state, this.begin, this.end, this.credited, this.length, this.mediaAt, this.mediaRoom, this.mediaSize]) column.extend(1)
    this.index.add(item)
    const key = learnerKey(record.platform, record.learner)
    let of = this.learners.get(key)
    if (of === undefined) this.learners.set(key, (of = { platform: this.texts.text(this.texts.number(record.platform)) as string, learner: record.learner, last: 0 }))
    this.before.array[item] = of.last
    of.last = item + 1
    this.write(item, record)
  }

  keys(): IterableIterator<string> {
    return this.learners.keys()
  }

  has(key: string): boolean {
    return this.learners.has(key)
  }

  /** All sittings of a learner, in the order of time. */
  of(key: string): LearnerSittings | undefined {
    const found = this.learners.get(key)
    if (found === undefined) return undefined
    const items: number[] = []
    for (let at = found.last; at > 0; at = this.before.array[at - 1] as number) items.push(at - 1)
    const chapters = new Map<string, Sitting[]>()
    // Of those that begin at one time the id decides, so that nothing depends on the order of the records.
    items.sort((a, b) => (this.begin.array[a] as number) - (this.begin.array[b] as number) || (this.ids.array[4 * a] as number) - (this.ids.array[4 * b] as number))
    for (const item of items) {
      const chapter = this.texts.text(this.chapter.array[item] as number) as string
      const sittings = chapters.get(chapter)
      if (sittings) sittings.push(this.read(item))
      else chapters.set(chapter, [this.read(item)])
    }
    return { platform: found.platform, learner: found.learner, chapters }
  }

  /** The platforms that have records, and what these cover. */
  cover(): Map<string, Cover> {
    const covers = new Map<string, Cover>()
    for (const { platform, last } of this.learners.values()) {
      let cover = covers.get(platform)
      if (cover === undefined) covers.set(platform, (cover = { sittings: 0, partial: 0, begin: Infinity, end: -Infinity }))
      for (let at = last; at > 0; at = this.before.array[at - 1] as number) {
        cover.sittings++
        if (this.missing.array[at - 1] !== 0) cover.partial++
        cover.begin = Math.min(cover.begin, this.begin.array[at - 1] as number)
        cover.end = Math.max(cover.end, this.end.array[at - 1] as number)
      }
    }
    return covers
  }

  /** The classes, courses and chapters that the records of each platform name. */
  names(): Map<string, Record<'class' | 'course' | 'chapter', ReadonlySet<string | undefined>>> {
    const all = new Map<string, Record<'class' | 'course' | 'chapter', Set<number>>>()
    for (const { platform, last } of this.learners.values()) {
      let names = all.get(platform)
      if (names === undefined) all.set(platform, (names = { class: new Set(), course: new Set(), chapter: new Set() }))
      for (let at = last; at > 0; at = this.before.array[at - 1] as number) {
        names.class.add(this.klass.array[at - 1] as number)
        names.course.add(this.course.array[at - 1] as number)
        names.chapter.add(this.chapter.array[at - 1] as number)
      }
    }
    const texts = (numbers: Set<number>): Set<string | undefined> => new Set([...numbers].map((n) => this.texts.text(n)))
    return new Map([...all].map(([platform, n]) => [platform, { class: texts(n.class), course: texts(n.course), chapter: texts(n.chapter) }]))
  }

  /** How many sittings there are, and how many of them may go on. */
  states(): { all: number; open: number } {
    let open = 0
    for (let i = 0; i < this.state.length; i++) if (((this.state.array[i] as number) & OPEN) !== 0) open++
    return { all: this.state.length, open }
  }

  /** Whether a record takes the place of what is known. Of two runs, over a part of a log and over more of it, a revision may say two things: what came further counts. */
  private isLater(item: number, r: AuditedRecord): boolean {
    const was = this.revision.array[item] as number
    if (was !== r.revision) return was < r.revision
    const wasOpen = ((this.state.array[item] as number) & OPEN) !== 0
    if (wasOpen !== (r.state === 'open')) return wasOpen
    return (this.end.array[item] as number) < (parseTime(r.end) as Ms)
  }

  private write(item: number, r: AuditedRecord): void {
    const begin = parseTime(r.begin)
    const end = parseTime(r.end)
    invariant(begin !== undefined && end !== undefined, 'the schema has looked at the times')
    this.revision.array[item] = r.revision
    this.chapter.array[item] = this.texts.number(r.chapter)
    this.klass.array[item] = this.texts.number(r.class)
    this.institution.array[item] = this.texts.number(r.institution)
    this.course.array[item] = this.texts.number(r.course)
    this.missing.array[item] = r.coverage.state === 'full' ? 0 : this.texts.number(r.coverage.missing ?? '')
    this.state.array[item] = (r.state === 'open' ? OPEN : 0) | (r.kind === 'practice' ? PRACTICE : 0) | (r.completed ? COMPLETED : 0)
    this.begin.array[item] = begin
    this.end.array[item] = end
    this.credited.array[item] = r.credited
    this.length.array[item] = r.length ?? NaN
    this.writeMedia(item, r.watched)
  }

  private writeMedia(item: number, watched: AuditedRecord['watched']): void {
    const size = 2 * watched.length
    if (size > (this.mediaRoom.array[item] as number)) {
      // A sitting that goes on is told again and again, with more intervals each time.
      const room = Math.max(LEAST_ROOM, this.mediaRoom.array[item] === 0 ? size : 2 * size)
      this.mediaAt.array[item] = this.media.extend(room)
      this.mediaRoom.array[item] = room
    }
    this.mediaSize.array[item] = size
    let at = this.mediaAt.array[item] as number
    for (const [from, to] of watched) {
      this.media.array[at++] = from
      this.media.array[at++] = to
    }
  }

  private read(item: number): Sitting {
    const state = this.state.array[item] as number
    const at = this.mediaAt.array[item] as number
    const length = this.length.array[item] as number
    return {
      practice: (state & PRACTICE) !== 0, completed: (state & COMPLETED) !== 0,
      class: this.texts.text(this.klass.array[item] as number), institution: this.texts.text(this.institution.array[item] as number), course: this.texts.text(this.course.array[item] as number),
      begin: this.begin.array[item] as number, end: this.end.array[item] as number,
      watched: this.media.array.subarray(at, at + (this.mediaSize.array[item] as number)),
      length: Number.isNaN(length) ? undefined : length, credited: this.credited.array[item] as number, missing: this.texts.text(this.missing.array[item] as number),
    }
  }
}

/** An id in four words: the digits themselves, where it is one of ours. */
function wordsOf(id: string): [number, number, number, number] {
  const hex = /^[0-9a-f]{32}$/.test(id) ? id : sha256(id).slice(0, 32)
  return [0, 8, 16, 24].map((at) => Number.parseInt(hex.slice(at, at + 8), 16)) as [number, number, number, number]
}

/** One text for a learner of a platform. */
export function learnerKey(platform: string, learner: string): string {
  return `${platform}\u0000${learner}`
}
