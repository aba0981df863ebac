import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { formatTime, MINUTE, type Ms } from '../base/time.ts'
import { KEPT_OF_LONG } from '../io/lines.ts'
import { learnerKey } from '../pipeline/cloud-events.ts'
import { createDecoder, MOST_BYTES, type Decoder, type DecoderOptions } from '../telemetry/decode.ts'
import type { Event } from '../telemetry/event.ts'
import type { Held } from '../telemetry/held.ts'
import type { RejectReason } from '../telemetry/rejects.ts'
import { writeEvent } from '../telemetry/wire.ts'
import { Refusal } from './refusal.ts'
import { linesOf, membersOf } from './split.ts'

/** A record as it came, for a topic. */
export interface Original {
  key: string | null
  value: Buffer
}

/** What records are written in. */
export type Form = Pick<DecoderOptions, 'format' | 'mapping'>

/** What a client is told of its request. */
export interface Answer {
  /** Events that are kept. */
  accepted: number
  /** Records of which something was not taken. */
  rejected: number
  /** The first hundred of them; `record` counts from 1: lines, or members of the list. */
  rejects: { record: number; reason: RejectReason; message: string }[]
  /** What the format has and Invigil does not use, by verb. */
  ignored: Record<string, number>
}

/** What a request became. */
export interface Taken {
  answer: Answer
  /** Canonical events, a line each with its line break. */
  lines: Buffer[]
  /** Lines that tell of what was not taken. */
  rejects: Buffer[]
  /** Every record as it came. */
  originals: Original[]
  records: number
  /** How much is to be kept. */
  bytes: number
  reasons: Map<RejectReason, number>
}

const MOST_TOLD = 100
const MOST_VERBS = 100
const LONGEST_VERB = 100
const LONGEST_MESSAGE = 500
/** A longer record does not stand beside its event: the two together would be too long a line. */
const KEPT_WITH_EVENT = MOST_BYTES >> 3
/** How far ahead of the clock the time of an event may be. */
const FUTURE: Ms = 5 * MINUTE
/** Decoding so much takes some milliseconds; then others have their turn. */
const TURN = 1 << 18
const LINE_FEED = Buffer.from('\n')

/**
 * Reads what one platform sends in one format.
 *
 * A canonical event stays as it came, byte for byte; one in another format is written as the canonical event that it is, with what came in it as
 * `original`. No time of
 * arrival is added: a platform that sends once a minute would look like a program that sends its beats in bundles (`brushing-rhythm` judges
 * by `received`). That a clock is wrong is seen here instead: an event from the future is a reject.
 */
export class Reader {
  private readonly platform: string
  private readonly decoder: Decoder
  private readonly isCanonical: boolean
  private readonly isRows: boolean
  /** Stands for the platform of an event that names none: nobody can know this word. */
  private readonly unnamed = randomUUID()

  constructor(platform: string, form: Form) {
    const { format } = form
    this.platform = platform
    this.isCanonical = format === 'canonical'
    this.isRows = format === 'moodle' || format === 'mapping'
    // Adapters may know a platform from the record itself: theirs is told to them.
    this.decoder = createDecoder({ ...form, platform: this.isCanonical ? this.unnamed : platform })
  }

  /** Reads a body, whose line breaks within records may become spaces. Throws a refusal where it has an event of another platform, or too much. */
  async take(body: Buffer, kind: 'lines' | 'json', most: number, now: Ms): Promise<Taken> {
    const taken: Taken = { answer: { accepted: 0, rejected: 0, rejects: [], ignored: {} }, lines: [], rejects: [], originals: [], records: 0, bytes: 0, reasons: new Map() }
    let turn = TURN
    let record = 0
    for (const range of kind === 'lines' ? linesOf(body) : membersOf(body)) {
      record = 'line' in range ? (range.line as number) : record + 1
      if (++taken.records > most) throw new Refusal(413, 'too-many', `a request may have at most ${most} records; send it in several`)
      this.one(body.subarray(range.start, range.end), record, now, taken)
      if (range.end < turn) continue
      turn = range.end + TURN
      await setImmediate()
    }
    return taken
  }

  private written(event: Event): Buffer {
    // What was made of a row is canonical, and has its original, already.
    return this.isRows ? Buffer.from(event.raw) : withOriginal(event)
  }

  private one(bytes: Buffer, record: number, now: Ms, taken: Taken): void {
    const { answer } = taken
    let first: { reason: RejectReason; message: string } | undefined
    let faults = 0
    let key: string | null = null
    const fault = (reason: RejectReason, message: string): void => {
      faults++
      first ??= { reason, message: message.slice(0, LONGEST_MESSAGE) }
      taken.reasons.set(reason, (taken.reasons.get(reason) ?? 0) + 1)
    }
    this.decoder.decode({
      event: (held: Held) => {
        const event = held.read()
        const isUnnamed = event.platform === this.unnamed
        if (isUnnamed) event.platform = this.platform
        if (event.platform !== this.platform) throw new Refusal(403, 'other-platform', `record ${record} is of another platform than \`${this.platform}\`, whose token this is; nothing of the request was kept`)
        if (event.time > now + FUTURE) return fault('future', `\`time\` ${formatTime(event.time)} lies more than 5 minutes ahead of the clock here, ${formatTime(now)}`)
        key ??= learnerKey(event.platform, event.learner)
        answer.accepted++
        const line = !this.isCanonical ? this.written(event) : isUnnamed ? withPlatform(bytes, this.platform) : bytes
        taken.lines.push(line, LINE_FEED)
        taken.bytes += line.length + 1
      },
      reject: fault,
      ignored: (verb) => {
        const clipped = verb.slice(0, LONGEST_VERB)
        const name = Object.hasOwn(answer.ignored, clipped) || Object.keys(answer.ignored).length < MOST_VERBS ? clipped : 'other'
        Object.defineProperty(answer.ignored, name, { value: (Object.hasOwn(answer.ignored, name) ? (answer.ignored[name] as number) : 0) + 1, enumerable: true, writable: true, configurable: true })
      },
    }, bytes)
    taken.originals.push({ key, value: bytes })
    if (first === undefined) return
    answer.rejected++
    if (answer.rejects.length < MOST_TOLD) answer.rejects.push({ record, ...first })
    const line = Buffer.from(`${JSON.stringify({ format: 1, ...first, ...(faults > 1 ? { faults } : {}), platform: this.platform, came: formatTime(now), ...original(bytes), length: bytes.length })}\n`)
    taken.rejects.push(line)
    taken.bytes += line.length
  }
}

/** The event with one member more: the record that it was made of. */
function withOriginal(event: Event): Buffer {
  const { raw } = event
  const written = writeEvent(event)
  return raw.length > KEPT_WITH_EVENT ? written : Buffer.concat([written.subarray(0, -1), Buffer.from(`,"original":${JSON.stringify(raw)}}`)])
}

function original(bytes: Buffer): { text: string } | { base64: string } {
  const kept = bytes.length > MOST_BYTES ? bytes.subarray(0, KEPT_OF_LONG) : bytes
  return isUtf8(kept) ? { text: kept.toString('utf8') } : { base64: kept.toString('base64') }
}

/** The record with the platform as its last member, which counts should there be an empty one before. */
function withPlatform(bytes: Buffer, platform: string): Buffer {
  const end = bytes.lastIndexOf('}')
  return Buffer.concat([bytes.subarray(0, end), Buffer.from(`,"platform":${JSON.stringify(platform)}}`)])
}
