import { offsetOf, parseTime } from '../base/time.ts'
import { Event, PLAYBACK, hashText } from './event.ts'
import type { Fault } from './rejects.ts'
import { findFault, RULE_OF } from './validate.ts'

/** The event of a record in canonical words, or what is wrong with it. The slow way, which the scanner must agree with. */
export function buildEvent(record: Readonly<Record<string, unknown>>, raw: string): Event | Fault {
  const fault = findFault(record)
  if (fault) return fault
  const event = new Event()
  const fields = event as unknown as Record<string, unknown>
  for (const name in record) {
    const rule = RULE_OF.get(name)
    const value = record[name]
    if (rule === undefined || value === undefined || value === '' || name === 'time' || name === 'received') continue
    const { bit, type, words } = rule
    // Adding 0 turns -0 into 0, which is written the same.
    fields[name] = type === 'number' || type === 'integer' ? (value as number) + 0 : words ? words.get(value as string) : value
    event.present |= bit
  }
  event.idHash = hashText(event.id)
  const time = parseTime(record.time as string)
  if (time === undefined) return badDate('time', record.time as string)
  event.time = time
  event.offset = offsetOf(record.time as string)
  if (record.received !== undefined && record.received !== '') {
    event.received = parseTime(record.received as string)
    if (event.received === undefined) return badDate('received', record.received as string)
    event.present |= RECEIVED_BIT
  }
  if (event.chapter === undefined && PLAYBACK.has(event.action)) {
    return { reason: 'missing-chapter', message: `\`chapter\` is missing, and \`${event.action}\` is playback of one` }
  }
  event.raw = raw
  return event
}

const RECEIVED_BIT = RULE_OF.get('received')?.bit ?? 0

function badDate(field: string, value: string): Fault {
  const mend = /[Zz]$|[+-]\d\d:\d\d$/.test(value) ? 'no date-time of the calendar from 2000 to 2099' : 'not RFC 3339 with an offset, like `2026-03-02T08:00:00+08:00`'
  return { reason: 'bad-date', message: `\`${field}\` is ${mend}: \`${value}\`` }
}
