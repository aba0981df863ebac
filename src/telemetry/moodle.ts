import { timeReader, writeMoment, type ReadTime } from './mapping/times.ts'
import type { Fault } from './rejects.ts'
import type { RowMapper } from './rows.ts'
import type { Adapted } from './adapters/adapter.ts'

/** In which order a date in numbers tells day, month and year. */
export const DATE_ORDERS = ['dmy', 'mdy', 'ymd'] as const
export type DateOrder = (typeof DATE_ORDERS)[number]

/** What the times of Moodle's report are in: its export says neither, and no row proves it. */
export interface MoodleTimes {
  timeZone?: string
  dateOrder?: DateOrder
}

type Row = Readonly<Record<string, unknown>>
type Report = Readonly<Record<(typeof REPORT)[number], string>>

/** The report's columns, in its order in every language. */
const REPORT = ['time', 'user', 'affected', 'context', 'component', 'event', 'description', 'origin', 'ip'] as const
const ENGLISH = ['Time', 'User full name', 'Affected user', 'Event context', 'Component', 'Event name', 'Description', 'Origin', 'IP address']
const CHINESE = ['时间', '用户全名', '受影响的用户', '事件上下文', '组件', '事件名称', '描述', '来源', 'IP地址']
/** Columns without which a row of the table `logstore_standard_log` says nothing. */
const STORED = ['eventname', 'userid', 'timecreated']

/** What an action of the report is known by: Moodle writes descriptions in English, whatever the language of the site. */
const SAID: readonly (readonly [pattern: RegExp, fields: (found: RegExpExecArray) => Record<string, unknown>])[] = [
  [/ has logged in\.$/, () => ({ action: 'logged-in' })],
  [/ has logged out\.$/, () => ({ action: 'logged-out' })],
  [/ viewed the '[^']*' activity with course module id '(\d+)'/, ([, module]) => ({ action: 'navigated', chapter: module })],
  [/ viewed the (?:section (?:number )?'[^']*' of the )?course with id '(\d+)'/, ([, course]) => ({ action: 'navigated', course })],
  [/ submitted the attempt with id '(\d+)' for the quiz with course module id '(\d+)'/, ([, attempt, module]) => ({ action: 'answered', item: attempt, chapter: module })],
  [/ answered the .* question with id '(\d+)' for the lesson activity with course module id '(\d+)'/, ([, item, module]) => ({ action: 'answered', item, chapter: module })],
]

const NAMED = ['YYYY-M-D', 'YYYY/M/D', 'YYYY年M月D日', 'YYYY年M月D日 DDDD', 'D MMMM YYYY', 'D MMM YYYY', 'DDDD, D MMMM YYYY', 'MMMM D, YYYY']
const NUMBERS: Readonly<Record<DateOrder, readonly string[]>> = { dmy: ['D/M/YY', 'D/M/YYYY'], mdy: ['M/D/YY', 'M/D/YYYY'], ymd: ['YY/M/D'] }
const CLOCKS = [' H:mm:ss', ' H:mm', ' h:mm:ss A', ' h:mm A']

/** Whether the first row of a table is that of a log of Moodle. */
export function isMoodleHeader(columns: readonly string[]): boolean {
  const has = (all: readonly string[]) => all.every((c) => columns.includes(c))
  return has(ENGLISH) || has(STORED) || (columns.length === REPORT.length && has(CHINESE.filter((c) => c === '时间' || c === '描述')))
}

/**
 * Moodle's standard log: its report as it is downloaded, in any language, and the table `logstore_standard_log`. A page that was viewed is no
 * playback: Moodle does not know what was watched.
 */
export class MoodleMapper implements RowMapper {
  readonly name = 'Moodle'
  private readonly times: MoodleTimes
  private readonly readers: readonly ReadTime[]
  /** The names that the report's columns have; undefined for the table. */
  private report: Report | undefined = reportOf(ENGLISH)

  constructor(times: MoodleTimes = {}) {
    this.times = times
    const dates = [...NAMED, ...(times.dateOrder === undefined ? [] : NUMBERS[times.dateOrder])]
    this.readers = dates.flatMap((date) => CLOCKS.map((clock) => timeReader(`${date}${clock}`))).flatMap((r) => (typeof r === 'string' ? [] : [r.read]))
  }

  lacks(columns: readonly string[]): readonly { message: string; mend?: string }[] {
    if (STORED.every((c) => columns.includes(c))) this.report = undefined
    else if (ENGLISH.every((c) => columns.includes(c))) this.report = reportOf(ENGLISH)
    else if (columns.length === REPORT.length) this.report = reportOf(columns)
    else {
      const told = columns.slice(0, 12).map((c) => `\`${c}\``).join(', ')
      return [{ message: `the columns are those of no log of Moodle: ${told}`, mend: `download the report with its ${REPORT.length} columns, or the table \`logstore_standard_log\`; for another table write a mapping` }]
    }
    return []
  }

  map(row: Row, platform: string, digest: () => string): readonly Adapted[] {
    const given = platform === '' ? undefined : platform
    if (text(row.eventname) !== undefined) return [fromTable(row, given, digest)]
    if (this.report !== undefined && (text(row[this.report.event]) ?? text(row[this.report.description])) !== undefined) return [this.fromReport(row, this.report, given, digest)]
    return [{ kind: 'reject', reason: 'unknown-format', message: 'a record of Moodle says what happened in `eventname`, or in `Event name` and `Description`' }]
  }

  private fromReport(row: Row, columns: Report, platform: string | undefined, digest: () => string): Adapted {
    const at = (role: keyof Report) => text(row[columns[role]])
    const description = at('description') ?? ''
    const verb = at('event') ?? 'no event name'
    const origin = at('origin')
    if (origin === 'cli' || origin === 'restore') return { kind: 'ignored', verb: `${verb} (${origin})` }
    const found = SAID.map(([pattern, fields]) => ({ match: pattern.exec(description), fields })).find(({ match }) => match !== null)
    if (found === undefined) return { kind: 'ignored', verb }
    const user = /^The user with id '(-?\d+)'/.exec(description)?.[1]
    const learner = user ?? (at('user') === '-' ? undefined : at('user'))
    if (learner === undefined || Number(learner) <= 0) return { kind: 'ignored', verb: `${verb} (nobody)` }
    const written = at('time') ?? ''
    const time = this.timeOf(written)
    if (typeof time === 'object') return { kind: 'reject', ...time }
    return { kind: 'event', fields: { id: digest(), time, platform, learner, ip: at('ip'), ...found.fields(found.match as RegExpExecArray) } }
  }

  private timeOf(written: string): string | Fault | undefined {
    if (written === '') return undefined
    // `, ` and a clock's full width signs are matters of language.
    const plain = written.replace(/[,，]\s*(?=\d{1,2}:)/, ' ').replace(/(?<=\d)[.-](?=\d{1,2}[.-])|(?<=\d[./-]\d{1,2})[.-](?=\d)/g, '/')
    const { timeZone, dateOrder } = this.times
    let isWithoutZone = false
    for (const read of this.readers) {
      const moment = read(plain, timeZone)
      if (typeof moment === 'object') return writeMoment(moment)
      if (moment === 'no-zone') isWithoutZone = true
    }
    const why = isWithoutZone ? 'does not say its time zone; say it with `--time-zone`'
      : dateOrder === undefined && /^\d{1,2}\/\d{1,2}\/\d{2,4}\b/.test(plain) ? `may mean several days; say in which order its numbers stand with \`--date-order\`, ${DATE_ORDERS.map((o) => `\`${o}\``).join(', ')}`
        : dateOrder === undefined ? 'is in no way to write a time that is known' : `is not in the order \`${dateOrder}\`, or no day of the calendar`
    return { reason: 'bad-date', message: `\`time\` ${why}: \`${written.slice(0, 64)}\`` }
  }
}

function reportOf(columns: readonly string[]): Report {
  return Object.fromEntries(REPORT.map((role, i) => [role, columns[i]])) as Report
}

const MODULE = '70'

function fromTable(row: Row, platform: string | undefined, digest: () => string): Adapted {
  const at = (column: string) => text(row[column])
  const name = at('eventname') ?? ''
  const verb = name.slice(name.lastIndexOf('\\') + 1)
  const ignored = (why?: string): Adapted => ({ kind: 'ignored', verb: why === undefined ? verb : `${verb} (${why})` })
  const origin = at('origin')
  if (origin === 'cli' || origin === 'restore') return ignored(origin)
  // Somebody else acted in the name of this user.
  if (at('realuserid') !== undefined && at('realuserid') !== '0' && at('realuserid') !== at('userid')) return ignored('as another user')
  if (at('anonymous') === '1') return ignored('anonymous')
  const [action, target] = [at('action'), at('target')]
  const module = at('contextlevel') === undefined || at('contextlevel') === MODULE ? at('contextinstanceid') : undefined
  const of = (fields: Record<string, unknown>, learner = at('userid')): Adapted => {
    if (learner === undefined || Number(learner) <= 0) return ignored('nobody')
    const course = at('courseid')
    return { kind: 'event', fields: { id: at('id') ?? digest(), time: storedTime(at('timecreated')), platform, learner, ip: at('ip'), course: course === '0' ? undefined : course, ...fields } }
  }
  if (verb === 'user_loggedin') return of({ action: 'logged-in', course: undefined })
  if (verb === 'user_loggedout') return of({ action: 'logged-out', course: undefined })
  if (verb === 'course_viewed' || (action === 'viewed' && target === 'course')) return of({ action: 'navigated' })
  if (verb === 'course_module_viewed' || (action === 'viewed' && target === 'course_module')) return of({ action: 'navigated', chapter: module })
  if (name.startsWith('\\mod_quiz\\') && verb === 'attempt_submitted') return of({ action: 'answered', item: at('objectid'), chapter: module })
  if (name.startsWith('\\mod_lesson\\') && verb === 'question_answered') return of({ action: 'answered', item: at('objectid'), chapter: module })
  if (verb === 'course_module_completion_updated') {
    // 1 and 2 are complete, 0 is not any more, 3 is complete with a failed grade.
    const state = /"completionstate"[;:]\s*(?:i:|s:\d+:)?"?(\d)/.exec(at('other') ?? '')?.[1]
    return state === '1' || state === '2' ? of({ action: 'completed', chapter: module }, at('relateduserid') ?? at('userid')) : ignored(state === undefined ? 'state unknown' : `state ${state}`)
  }
  return ignored()
}

/** Seconds since 1970, or what the check says of anything else. */
function storedTime(written: string | undefined): unknown {
  const reader = timeReader('epoch-s')
  const moment = written === undefined || typeof reader === 'string' ? undefined : reader.read(written, undefined)
  return typeof moment === 'object' ? writeMoment(moment) : written
}

function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'object' && value !== null) return JSON.stringify(value)
  if (typeof value !== 'string') return undefined
  const trimmed = value.trim()
  return trimmed === '' || trimmed === 'NULL' || trimmed === '\\N' ? undefined : trimmed
}
