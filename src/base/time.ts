import { z } from 'zod'

/** Milliseconds since 1970-01-01T00:00:00Z: event time. Or a length of time in milliseconds. */
export type Ms = number

export const SECOND: Ms = 1000
export const MINUTE: Ms = 60 * SECOND
export const HOUR: Ms = 60 * MINUTE
export const DAY: Ms = 24 * HOUR

// Plausible dates: before 2000 there was no online training, and a clock a century ahead is broken.
const EARLIEST = Date.UTC(2000, 0, 1)
const LATEST = Date.UTC(2100, 0, 1)
const LONGEST = '2026-03-02T08:00:00.123456789+08:00'.length
const [ZERO, DOT, PLUS, MINUS, COLON, SPACE] = [0x30, 0x2e, 0x2b, 0x2d, 0x3a, 0x20]
const [UPPER_T, LOWER_T, UPPER_Z, LOWER_Z] = [0x54, 0x74, 0x5a, 0x7a]

// The day of the last time parsed: events come by the thousand for each.
let cachedDate = -1
let cachedDay = 0

/**
 * The instant of an RFC 3339 date-time with offset that stands in `bytes` from `start` up to `end`, truncated to
 * milliseconds; NaN if it is not one, names a day that the calendar does not have, or lies outside the years 2000 to 2099.
 */
export function parseTimeBytes(bytes: Uint8Array, start: number, end: number): Ms {
  const size = end - start
  if (size < 20 || size > LONGEST || end > bytes.length) return Number.NaN
  if (bytes[start + 4] !== MINUS || bytes[start + 7] !== MINUS || bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) return Number.NaN
  const separator = bytes[start + 10]
  if (separator !== UPPER_T && separator !== LOWER_T && separator !== SPACE) return Number.NaN
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2)
  const day = dayNumber(year, twoDigits(bytes, start + 5), twoDigits(bytes, start + 8))
  const hour = twoDigits(bytes, start + 11)
  const minute = twoDigits(bytes, start + 14)
  const second = twoDigits(bytes, start + 17)
  // A leap second counts as the second that follows it.
  if (!(hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 60)) return Number.NaN
  let at = start + 19
  let fraction = 0
  if (bytes[at] === DOT) {
    const first = ++at
    for (let scale = 100; at < end; at++, scale = (scale / 10) | 0) {
      const digit = (bytes[at] as number) - ZERO
      if (digit < 0 || digit > 9) break
      fraction += digit * scale
    }
    if (at === first || at - first > 9) return Number.NaN
  }
  const ms = day + hour * HOUR + minute * MINUTE + second * SECOND + fraction - zoneMinutes(bytes, at, end) * MINUTE
  return ms >= EARLIEST && ms < LATEST ? ms : Number.NaN
}

/** Two decimal digits as a number; less than -1000 if one is none. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - ZERO
  const ones = (bytes[at + 1] as number) - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -100_000
}

function dayNumber(year: number, month: number, day: number): Ms {
  const date = (year * 100 + month) * 100 + day
  if (date === cachedDate) return cachedDay
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return Number.NaN
  const ms = Date.UTC(year, month - 1, day)
  cachedDate = date
  cachedDay = ms
  return ms
}

/** The offset at the end of a date-time: `Z` or `+08:00`; NaN if it is neither. */
function zoneMinutes(bytes: Uint8Array, at: number, end: number): number {
  const sign = bytes[at]
  if (at + 1 === end) return sign === UPPER_Z || sign === LOWER_Z ? 0 : Number.NaN
  if (at + 6 !== end || bytes[at + 3] !== COLON || (sign !== PLUS && sign !== MINUS)) return Number.NaN
  const hours = twoDigits(bytes, at + 1)
  const minutes = twoDigits(bytes, at + 4)
  if (!(hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59)) return Number.NaN
  return (sign === MINUS ? -1 : 1) * (hours * 60 + minutes)
}

/** The offset east of UTC in minutes of a date-time that `parseTimeBytes` takes. */
export function offsetOfBytes(bytes: Uint8Array, end: number): number {
  const last = bytes[end - 1]
  return last === UPPER_Z || last === LOWER_Z ? 0 : zoneMinutes(bytes, end - 6, end)
}

// A Buffer, since telemetry comes in Buffers: two kinds of array would make the code above slower.
const scratch = Buffer.alloc(LONGEST)

/** As `parseTimeBytes`, from text; `undefined` if it is not such a time. */
export function parseTime(text: string): Ms | undefined {
  const { length } = text
  if (length > LONGEST) return undefined
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i)
    scratch[i] = c < 128 ? c : 0
  }
  const ms = parseTimeBytes(scratch, 0, length)
  return Number.isNaN(ms) ? undefined : ms
}

/** The offset east of UTC in minutes that an RFC 3339 date-time ends with. */
export function offsetOf(text: string): number {
  const m = /([+-])(\d\d):(\d\d)$/.exec(text)
  return m ? (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3])) : 0
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** RFC 3339 in UTC with milliseconds, as every time in the output is written. */
export function formatTime(ms: Ms): string {
  return new Date(ms).toISOString()
}

const UNITS: Record<string, Ms> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY }

/** `90s`, `1m30s`, `250ms`, `24h` in milliseconds; `undefined` if it is not a duration. */
export function parseDuration(text: string): Ms | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined
  let total = 0
  for (const [, n, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) total += Number(n) * (UNITS[unit as string] as number)
  return Math.round(total)
}

/** `1h30m`, `45s`: the shortest form that `parseDuration` reads back. */
export function formatDuration(ms: Ms): string {
  if (ms === 0) return '0s'
  let rest = ms
  let text = ''
  for (const [unit, size] of [['d', DAY], ['h', HOUR], ['m', MINUTE], ['s', SECOND], ['ms', 1]] as const) {
    const n = Math.floor(rest / size)
    if (n > 0) text += `${n}${unit}`
    rest -= n * size
  }
  return text
}

const NO_DURATION = 'not a duration; write it like `45s`, `10m` or `1h30m`'

/** A duration in a rule or catalogue: written `45s`, used as milliseconds. */
export const duration = z
  .string({ error: ({ input }) => (typeof input === 'number' ? `not a duration, since it has no unit; write it like \`${input}s\` or \`${input}m\`` : NO_DURATION) })
  .refine((s) => parseDuration(s) !== undefined, { error: NO_DURATION })
  .transform((s) => parseDuration(s) as Ms)
  .meta({ format: 'duration' })

/** Calendar facts of an instant in a time zone, for rules that speak of days and hours. */
export interface Local {
  /** Days since 1970-01-01 in that zone. */
  day: number
  /** Milliseconds since local midnight. */
  clock: Ms
}

const zones = new Map<string, (ms: Ms) => number>()

/** Local day and clock in an IANA `zone`, else at a fixed offset of minutes east of UTC. */
export function local(ms: Ms, zone: string | undefined, offsetMinutes = 0): Local {
  const shifted = ms + (zone === undefined ? offsetMinutes : zoneOffset(zone, ms)) * MINUTE
  const day = Math.floor(shifted / DAY)
  return { day, clock: shifted - day * DAY }
}

// Offsets change at most at quarter hours, so one look-up serves 15 minutes. Learners ask in turn for now and for the end of the day.
const MOST_QUARTERS = 1000

function zoneOffset(zone: string, ms: Ms): number {
  let offset = zones.get(zone)
  if (!offset) zones.set(zone, (offset = cachedOffset(zone)))
  return offset(ms)
}

function cachedOffset(zone: string): (ms: Ms) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
  })
  const quarters = new Map<number, number>()
  return (ms) => {
    const quarter = Math.floor(ms / (15 * MINUTE))
    let minutes = quarters.get(quarter)
    if (minutes === undefined) {
      const at = quarter * 15 * MINUTE
      const part: Record<string, number> = {}
      for (const { type, value } of format.formatToParts(at)) part[type] = Number(value)
      minutes = (Date.UTC(part.year as number, (part.month as number) - 1, part.day, part.hour, part.minute) - at) / MINUTE
      if (quarters.size >= MOST_QUARTERS) quarters.clear()
      quarters.set(quarter, minutes)
    }
    return minutes
  }
}

const known = new Map<string, boolean>()

/** Whether `zone` is an IANA time zone that this Node knows. */
export function isTimeZone(zone: string): boolean {
  let is = known.get(zone)
  if (is === undefined) known.set(zone, (is = opens(zone)))
  return is
}

function opens(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
