import { parseTime } from '../../base/time.ts'
import { unmarked } from '../../io/csv.ts'
import { counts, floats, Texts, type Column } from './columns.ts'

/** What a platform says that a learner studied. */
export interface Claim {
  platform: string
  learner: string
  class: string | undefined
  course: string | undefined
  chapter: string | undefined
  seconds: number
  /** `2026-03-02`, in the class's own calendar. */
  date: string | undefined
}

/** The columns of a claim and what else they may be called. */
export const CLAIM_COLUMNS = {
  platform: ['平台', '平台编号'],
  learner: ['learner_id', 'student', 'user', '学员', '学员编号', '学号'],
  class: ['class_id', '班级', '班级编号'],
  course: ['course_id', '课程', '课程编号'],
  chapter: ['chapter_id', 'lesson', '章节', '章节编号', '课时编号'],
  hours: ['class_hours', '学时', '申报学时'],
  seconds: ['秒', '秒数', '申报秒数'],
  date: ['day', '日期', '学习日期'],
} as const
/** What names the learner where no column of those names does. */
export const LEARNER_ELSE: readonly string[] = ['身份证号', '身份证号码', '证件号码', '学员id', '学员账号', '用户编号', '用户id', '账号', 'student_id', 'user_id', 'userid', 'account']
export type ClaimColumn = keyof typeof CLAIM_COLUMNS

const NAMES = new Map<string, ClaimColumn>(
  (Object.entries(CLAIM_COLUMNS) as [ClaimColumn, readonly string[]][]).flatMap(([column, others]) => [column, ...others].map((name) => [name, column] as const)),
)

/** The column that a name in the file means, whatever its case. */
export function columnOf(name: string): ClaimColumn | undefined {
  return NAMES.get(name.trim().toLowerCase())
}

/** A row's texts by column; absent and empty are the same. */
export type ClaimRow = Partial<Record<ClaimColumn, string>>

export const CLAIM_REJECTS = ['no-platform', 'no-learner', 'shortened-id', 'no-time', 'bad-hours', 'bad-seconds', 'hours-and-seconds', 'bad-date', 'bad-row', 'bad-json'] as const
export type ClaimReject = (typeof CLAIM_REJECTS)[number]

export interface Rejected {
  reason: ClaimReject
  message: string
}

const ID_COLUMNS = ['platform', 'learner', 'class', 'course', 'chapter'] as const
const LONGEST_ID = 1024
/** What becomes of an identity number of 18 digits in a spreadsheet. */
const SHORTENED = /^\d(?:\.\d+)?E\+\d{2}$/
/** Rounding of either: hours are often written with two decimals. */
const SAME_TIME = 0.02

/** Reads a row; `hour` is a class hour in seconds, `platform` the one where the row names none. */
export function readClaim(row: ClaimRow, { hour, platform }: { hour: number; platform: string | undefined }): Claim | Rejected {
  const text = (column: ClaimColumn): string | undefined => {
    const given = row[column]?.trim()
    return given === undefined || given === '' ? undefined : unmarked(given)
  }
  const of = text('platform') ?? platform
  const learner = text('learner')
  if (of === undefined) return reject('no-platform', 'it names no platform; name the one of all rows with `--platform`')
  if (learner === undefined) return reject('no-learner', 'it names no learner')
  const long = ID_COLUMNS.find((c) => (text(c)?.length ?? 0) > LONGEST_ID)
  if (long !== undefined) return reject('bad-row', `its \`${long}\` has more than ${LONGEST_ID} characters`)
  const short = ID_COLUMNS.find((c) => SHORTENED.test(text(c) ?? ''))
  if (short !== undefined) return reject('shortened-id', `a spreadsheet has shortened its \`${short}\` to \`${text(short)}\`; export it again with that column as text`)
  const [hours, seconds] = [text('hours'), text('seconds')]
  const fromHours = hours === undefined ? undefined : amount(hours)
  const fromSeconds = seconds === undefined ? undefined : amount(seconds)
  if (hours === undefined && seconds === undefined) return reject('no-time', 'it has neither `hours` nor `seconds`')
  if (hours !== undefined && fromHours === undefined) return reject('bad-hours', `\`${hours}\` is no number of class hours of 0 or more, such as \`1.5\``)
  if (seconds !== undefined && fromSeconds === undefined) return reject('bad-seconds', `\`${seconds}\` is no number of seconds of 0 or more, such as \`2700\``)
  const claimed = fromSeconds ?? (fromHours as number) * hour
  if (fromHours !== undefined && fromSeconds !== undefined && Math.abs(fromHours * hour - fromSeconds) > SAME_TIME * hour) {
    return reject('hours-and-seconds', `\`${hours}\` class hours are not \`${seconds}\` seconds; a class hour is of ${hour} s (\`--hour\`)`)
  }
  const day = text('date')
  const date = day === undefined ? undefined : dateOf(day)
  if (day !== undefined && date === undefined) return reject('bad-date', `\`${day}\` is no date such as \`2026-03-02\``)
  return { platform: of, learner, class: text('class'), course: text('course'), chapter: text('chapter'), seconds: claimed, date }
}

function reject(reason: ClaimReject, message: string): Rejected {
  return { reason, message }
}

/** A plain decimal number; nothing that a spreadsheet of another country might mean otherwise (`1,5`). */
function amount(text: string): number | undefined {
  if (!/^\d{1,12}(?:\.\d+)?$/.test(text)) return undefined
  return Number(text)
}

/** `2026-03-02`, `2026/3/2`, `2026年3月2日`, each with a time of day or without: the day as it is written. */
function dateOf(text: string): string | undefined {
  const [, year, month, day] = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ].*)?$/.exec(text) ?? []
  if (year === undefined || month === undefined || day === undefined) return undefined
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  return parseTime(`${date}T00:00:00Z`) === undefined ? undefined : date
}

/** What is claimed of one learner at one level: of a chapter, a course, a class or altogether. */
export interface Unit {
  class: string | undefined
  course: string | undefined
  chapter: string | undefined
  seconds: number
  /** Of these, claimed for days that the records do not cover. */
  outside: number
}

/** Claims by learner and level. A row that says the same as one before, word for word, counts once. */
export class Claims {
  readonly learners = new Map<string, { platform: string; learner: string; last: number }>()
  private readonly texts = new Texts()
  private readonly before = counts()
  private readonly line = counts()
  private readonly klass = counts()
  private readonly course = counts()
  private readonly chapter = counts()
  private readonly date = counts()
  private readonly seconds = floats()
  private readonly covers: (claim: Claim) => boolean

  /** `covers`: whether the records reach to a claim's day. */
  constructor(covers: (claim: Claim) => boolean = () => true) {
    this.covers = covers
  }

  add(claim: Claim, line: number): void {
    const { texts } = this
    const key = `${claim.platform}\u0000${claim.learner}`
    let of = this.learners.get(key)
    if (of === undefined) this.learners.set(key, (of = { platform: claim.platform, learner: claim.learner, last: 0 }))
    this.before.push(of.last)
    of.last = this.before.length
    this.line.push(line)
    this.klass.push(texts.number(claim.class))
    this.course.push(texts.number(claim.course))
    this.chapter.push(texts.number(claim.chapter))
    this.date.push(texts.number(claim.date))
    this.seconds.push(claim.seconds)
  }

  /** What is claimed of a learner, by level; rows that say what one before said go to `repeated`, by their line. */
  units(key: string, repeated: (line: number) => void): Unit[] {
    const of = this.learners.get(key)
    if (of === undefined) return []
    const rows: number[] = []
    for (let at = of.last; at > 0; at = this.before.array[at - 1] as number) rows.push(at - 1)
    const units = new Map<string, Unit>()
    const seen = new Set<string>()
    for (const i of rows.reverse()) {
      const level = `${this.klass.array[i]} ${this.course.array[i]} ${this.chapter.array[i]}`
      const seconds = this.seconds.array[i] as number
      const whole = `${level} ${this.date.array[i]} ${seconds}`
      if (seen.has(whole)) {
        repeated(this.line.array[i] as number)
        continue
      }
      seen.add(whole)
      let unit = units.get(level)
      if (unit === undefined) units.set(level, (unit = { class: this.text(this.klass, i), course: this.text(this.course, i), chapter: this.text(this.chapter, i), seconds: 0, outside: 0 }))
      unit.seconds += seconds
      if (!this.covers({ platform: of.platform, learner: of.learner, class: unit.class, course: unit.course, chapter: unit.chapter, seconds, date: this.text(this.date, i) })) unit.outside += seconds
    }
    return [...units.values()]
  }

  private text(column: Column<Uint32Array>, i: number): string | undefined {
    return this.texts.text(column.array[i] as number)
  }
}
