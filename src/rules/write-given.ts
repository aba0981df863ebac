import { invariant } from '../base/errors.ts'
import { formatTime, MINUTE } from '../base/time.ts'
import { FIELDS, type Event } from '../telemetry/event.ts'

export interface WriteOptions {
  /** The day of times that are written without one. */
  date: string
  /** The platform that lines need not name. */
  platform: string
  /** Whether events keep their ids; without, they are `e1`, `e2`, … by line. */
  ids: boolean
}

/** Events as the lines of a test, which `parseGiven` reads as the same events. */
export function writeGiven(events: readonly Event[], options: WriteOptions): string {
  return events.map((event) => `${lineOf(event, options)}\n`).join('')
}

/** Whether an event can be written as a line: texts with line breaks cannot. */
export function isWritable(event: Event): boolean {
  return [event.id, event.learner, ...FIELDS.map((f) => event[f])].every((v) => typeof v !== 'string' || !/[\r\n]/.test(v))
}

function lineOf(event: Event, { date, platform, ids }: WriteOptions): string {
  const { id, action, learner } = event
  const fields = FIELDS.flatMap((name) => {
    const value = event[name]
    if (value === undefined) return []
    return [`${name}=${name === 'received' ? formatTime(value as number) : typeof value === 'number' ? plain(value) : quoted(String(value))}`]
  })
  return [timeOf(event, date), action, quoted(learner), ...(ids ? [`id=${quoted(id)}`] : []), ...(event.platform === platform ? [] : [`platform=${quoted(event.platform)}`]), ...fields].join(' ')
}

/** By the clock that it was written with. */
function timeOf({ time, offset }: Event, date: string): string {
  const [day, clock] = formatTime(time + offset * MINUTE).slice(0, -1).split('T') as [string, string]
  const zone = offset === 0 ? '' : `${offset < 0 ? '-' : '+'}${[Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60].map((n) => String(n).padStart(2, '0')).join(':')}`
  return `${day === date ? '' : `${day}T`}${clock.replace(/\.000$/, '')}${zone}`
}

function quoted(text: string): string {
  invariant(!/[\r\n]/.test(text), 'a text of several lines has no place in a line')
  return /^[^\s"#=]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

/** Without an exponent, which lines do not know. */
function plain(value: number): string {
  const text = String(value)
  return text.includes('e') ? value.toFixed(20).replace(/\.?0+$/, '') : text
}
