import { isUtf8 } from 'node:buffer'
import { InvigilError } from '../base/errors.ts'
import { DAY, formatTime } from '../base/time.ts'
import { KEPT_OF_LONG } from '../io/lines.ts'
import { MOST_BYTES } from '../telemetry/decode.ts'
import type { Fault } from '../telemetry/rejects.ts'
import { kafkaRejectSchema, type KafkaReject } from './rejects.ts'

export { kafkaRejectSchema, type KafkaReject } from './rejects.ts'

/** A record of a platform's topic as kafkajs hands it out, with where it stands. */
export interface SourceRecord {
  topic: string
  partition: number
  offset: string
  key?: Buffer | null
  value: Buffer | null
  /** Milliseconds since 1970, set by the broker or by the sender. */
  timestamp: string
}

// A topic takes 2 MiB a record. As text a byte may become six, which no limit of ours allows; in base64 it is 1.4 MiB at most.
const MOST_TEXT = 1_500_000
// What a date can tell; a sender may write any number.
const LAST_STAMP = 100_000_000 * DAY

/** What is said of an event of the telemetry whose clock is wrong. */
export const FUTURE_SAID = 'the `time` of the event lies more than 5 minutes ahead of the stamp of its record'
/** What is said of records of the telemetry that hold nothing. */
export const NO_VALUE = { reason: 'bad-json', message: 'the record has no value' } as const satisfies Fault
export const BLANK = { reason: 'bad-json', message: 'the record is blank' } as const satisfies Fault

/** The reject of a record; `first` is what was wrong first, `faults` how much was. */
export function rejectOf(record: SourceRecord, first: Fault, faults: number): KafkaReject {
  const { topic, partition, key, value } = record
  const stamp = Number(record.timestamp)
  return {
    format: 1,
    reason: first.reason,
    message: first.message,
    topic,
    partition,
    offset: Number(record.offset),
    ...(record.timestamp !== '' && stamp >= 0 && stamp <= LAST_STAMP ? { stamp: formatTime(stamp) } : {}),
    ...(key && key.length <= KEPT_OF_LONG ? { key: key.toString('base64') } : {}),
    ...(faults > 1 ? { faults } : {}),
    ...(value === null ? {} : original(value.length > MOST_BYTES ? value.subarray(0, KEPT_OF_LONG) : value)),
    length: value?.length ?? 0,
  }
}

function original(bytes: Buffer): { text: string } | { base64: string } {
  if (isUtf8(bytes)) {
    const text = bytes.toString('utf8')
    if (bytes.length <= KEPT_OF_LONG || Buffer.byteLength(JSON.stringify(text)) <= MOST_TEXT) return { text }
  }
  return { base64: bytes.toString('base64') }
}

/** The record that a reject was made of. */
export interface Original {
  topic: string
  partition: number
  offset: number
  key: Buffer | null
  value: Buffer | null
}

/**
 * The record that a reject was made of, byte for byte; a value is null where it had none. Throws `bad-input` for what is no reject,
 * and for one of which only a part was kept. `mended`: its text was put right by hand, and need not be as long as it was.
 */
export function originalOf(reject: Buffer | KafkaReject, { mended = false } = {}): Original {
  const { topic, partition, offset, key, text, base64, length } = Buffer.isBuffer(reject) ? readReject(reject) : reject
  const value = text !== undefined ? Buffer.from(text) : base64 !== undefined ? Buffer.from(base64, 'base64') : null
  const kept = value?.length ?? 0
  if (mended ? length > MOST_BYTES && kept === KEPT_OF_LONG : kept !== length) {
    throw new InvigilError('bad-input', `of the record ${offset} in partition ${partition} of \`${topic}\` only ${kept} of ${length} bytes were kept; send it again from where it came from`)
  }
  return { topic, partition, offset, key: key === undefined ? null : Buffer.from(key, 'base64'), value }
}

/** Reads a record of the topic of rejects, or a line that was one. Throws `bad-input` for what is none. */
export function readReject(bytes: Buffer): KafkaReject {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new InvigilError('bad-input', 'a reject is not JSON; only what Invigil wrote into the topic of rejects can be fed back', { cause })
  }
  const parsed = kafkaRejectSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((i) => ({ message: `\`${i.path.join('.')}\`: ${i.message.toLowerCase()}` }))
  throw new InvigilError('bad-input', `a reject is not as Invigil writes it: ${problems[0]?.message ?? ''}`, { problems })
}
