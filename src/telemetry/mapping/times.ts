import { DAY, HOUR, MINUTE, SECOND, local, parseTime, type Ms } from '../../base/time.ts'

/** Formats with a name; all others are written with the letters below. */
export const NAMED_FORMATS = ['rfc3339', 'epoch-s', 'epoch-ms'] as const

/** What is tried where no format is told: each of these can mean one moment only. */
export const USUAL_FORMATS = [
  'rfc3339', 'epoch-s', 'epoch-ms', 'YYYY-M-D H:mm:ss', 'YYYY-M-D H:mm:ss.S', 'YYYY-M-D H:mm', 'YYYY-M-DTH:mm:ss', 'YYYY-M-DTH:mm:ss.S', 'YYYY/M/D H:mm:ss', 'YYYY/M/D H:mm:ss.S', 'YYYY/M/D H:mm',
  'YYYY年M月D日 H:mm:ss', 'YYYY年M月D日 H:mm', 'YYYYMMDDHHmmss',
] as const

/** Letters of a format, what stands for them, and what it sets. Longer ones go before those that they begin with. */
const PARTS: readonly (readonly [letters: string, pattern: string, sets: keyof Parts | undefined])[] = [
  ['YYYY', '(\\d{4})', 'year'], ['YY', '(\\d{2})', 'shortYear'],
  ['MMMM', '(\\p{L}+)\\.?', 'monthName'], ['MMM', '(\\p{L}+)\\.?', 'monthName'], ['MM', '(\\d{2})', 'month'], ['M', '(\\d{1,2})', 'month'],
  ['DDDD', '\\p{L}+\\.?', undefined], ['DD', '(\\d{2})', 'day'], ['D', '(\\d{1,2})', 'day'],
  ['HH', '(\\d{2})', 'hour'], ['H', '(\\d{1,2})', 'hour'], ['hh', '(\\d{2})', 'halfHour'], ['h', '(\\d{1,2})', 'halfHour'],
  ['mm', '(\\d{2})', 'minute'], ['ss', '(\\d{2})', 'second'], ['S', '(\\d{1,9})', 'fraction'], ['A', '(\\p{L}\\.?\\p{L}\\.?)', 'half'], ['Z', '(Z|[+-]\\d{2}:?\\d{2})', 'offset'],
]
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const MORNING = new Set(['am', '上午'])
const AFTERNOON = new Set(['pm', '下午'])

interface Parts {
  year?: string
  shortYear?: string
  month?: string
  monthName?: string
  day?: string
  hour?: string
  halfHour?: string
  minute?: string
  second?: string
  fraction?: string
  half?: string
  offset?: string
}

/** A moment, and the minutes east of UTC that it is told in. */
export interface Moment {
  ms: Ms
  offset: number
}

/** Reads times of one format: undefined where a text is not of it. `zone` is for those that name no offset. */
export type ReadTime = (text: string, zone: string | undefined) => Moment | 'no-zone' | undefined

/** What reads a format, or what is wrong with it. */
export function timeReader(format: string): { read: ReadTime; needsZone: boolean } | string {
  if (format === 'rfc3339') return { read: rfc3339, needsZone: false }
  if (format === 'epoch-s') return { read: epoch(SECOND), needsZone: false }
  if (format === 'epoch-ms') return { read: epoch(1), needsZone: false }
  const sets: (keyof Parts)[] = []
  let pattern = ''
  for (let at = 0; at < format.length; ) {
    const part = PARTS.find(([letters]) => format.startsWith(letters, at))
    if (part) {
      pattern += part[1]
      if (part[2] !== undefined) sets.push(part[2])
    } else pattern += /\s/.test(format[at] as string) ? '\\s+' : escaped(format[at] as string)
    at += part ? part[0].length : 1
  }
  const twice = sets.find((s, i) => sets.indexOf(s) < i)
  if (twice !== undefined) return `it tells the ${named(twice)} twice`
  const has = (...any: (keyof Parts)[]) => any.some((s) => sets.includes(s))
  const lacking = [[has('year', 'shortYear'), 'year (`YYYY`)'], [has('month', 'monthName'), 'month (`MM` or `M`)'], [has('day'), 'day (`DD` or `D`)'], [has('hour', 'halfHour'), 'hour (`HH` or `H`)'], [has('minute'), 'minute (`mm`)']]
    .flatMap(([is, what]) => (is ? [] : [what as string]))
  if (lacking.length > 0) return `it does not tell the ${lacking.join(' and the ')}`
  if (has('halfHour') !== has('half')) return 'hours of a half day (`h`) and its half (`A`) go together'
  const expression = new RegExp(`^${pattern}$`, 'u')
  const read: ReadTime = (text, zone) => {
    const match = expression.exec(text)
    if (match === null) return undefined
    const parts: Parts = {}
    sets.forEach((s, i) => (parts[s] = match[i + 1]))
    return momentOf(parts, zone)
  }
  return { read, needsZone: !has('offset') }
}

function escaped(c: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(c) ? `\\${c}` : c
}

function named(part: keyof Parts): string {
  return part.replace('shortYear', 'year').replace('monthName', 'month').replace('halfHour', 'hour')
}

function rfc3339(text: string): Moment | undefined {
  const ms = parseTime(text)
  return ms === undefined ? undefined : { ms, offset: offsetMinutes(/(?:[zZ]|[+-]\d\d:\d\d)$/.exec(text)?.[0] ?? 'Z') }
}

/** A count of seconds or milliseconds since 1970, with or without a fraction. */
function epoch(unit: Ms): ReadTime {
  return (text) => (/^\d{9,13}(\.\d+)?$/.test(text) ? plausible({ ms: Math.floor(Number(text) * unit), offset: 0 }) : undefined)
}

const [EARLIEST, LATEST] = [Date.UTC(2000, 0, 1), Date.UTC(2100, 0, 1)]

function plausible(moment: Moment): Moment | undefined {
  return moment.ms >= EARLIEST && moment.ms < LATEST ? moment : undefined
}

function momentOf(p: Parts, zone: string | undefined): Moment | 'no-zone' | undefined {
  const month = p.monthName === undefined ? Number(p.month) : monthOf(p.monthName)
  const hour = p.halfHour === undefined ? Number(p.hour) : hourOf(Number(p.halfHour), p.half as string)
  const [year, day, minute, second] = [p.year === undefined ? 2000 + Number(p.shortYear) : Number(p.year), Number(p.day), Number(p.minute), Number(p.second ?? 0)]
  if (month === undefined || hour === undefined || hour > 23 || minute > 59 || second > 60) return undefined
  const midnight = Date.UTC(year, month - 1, day)
  // The 30th of February would be the 2nd of March.
  if (new Date(midnight).getUTCMonth() !== month - 1 || new Date(midnight).getUTCDate() !== day) return undefined
  const there = midnight + hour * HOUR + minute * MINUTE + second * SECOND + Math.floor(Number(`0.${p.fraction ?? 0}`) * SECOND)
  if (p.offset === undefined && zone === undefined) return 'no-zone'
  const offset = p.offset === undefined ? offsetIn(zone as string, there) : offsetMinutes(p.offset)
  return plausible({ ms: there - offset * MINUTE, offset })
}

/** By its number in some languages (`3月`), by its English name or the beginning of it. */
function monthOf(name: string): number | undefined {
  const n = MONTHS.indexOf(name.slice(0, 3).toLowerCase())
  return n < 0 ? undefined : n + 1
}

function hourOf(hour: number, half: string): number | undefined {
  const word = half.toLowerCase().replaceAll('.', '')
  if (hour < 1 || hour > 12 || !(MORNING.has(word) || AFTERNOON.has(word))) return undefined
  return (hour % 12) + (AFTERNOON.has(word) ? 12 : 0)
}

function offsetMinutes(text: string): number {
  const m = /([+-])(\d\d):?(\d\d)/.exec(text)
  return m ? (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3])) : 0
}

/** The offset of a zone where its clocks show that time; of two such moments (clocks set back) that of the first. */
function offsetIn(zone: string, there: Ms): number {
  const at = (utc: Ms) => {
    const { day, clock } = local(utc, zone)
    return Math.round((day * DAY + clock - utc) / MINUTE)
  }
  const summer = at(there - 14 * HOUR)
  if (at(there - summer * MINUTE) === summer) return summer
  const guess = at(there - at(there) * MINUTE)
  return guess
}

const minutes = (n: number) => String(Math.trunc(n)).padStart(2, '0')

/** RFC 3339 in the moment's own offset. */
export function writeMoment({ ms, offset }: Moment): string {
  const there = new Date(ms + offset * MINUTE).toISOString().slice(0, -1)
  if (offset === 0) return `${there}Z`
  const size = Math.abs(offset)
  return `${there}${offset < 0 ? '-' : '+'}${minutes(size / 60)}:${minutes(size % 60)}`
}
