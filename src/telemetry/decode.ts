import { invariant } from '../base/errors.ts'
import { ADAPTERS, RECOGNISED } from './adapters/index.ts'
import { MoodleMapper, type MoodleTimes } from './moodle.ts'
import { buildEvent } from './build.ts'
import type { Encoding } from './encoding.ts'
import { ForeignDecoder } from './foreign.ts'
import { Chunk, Waiting, type Held } from './held.ts'
import type { Mapping } from './mapping/mapping.ts'
import { isObject, MOST_BYTES, nameOf, parseRecord } from './parse.ts'
import { RecodedDecoder } from './recoded.ts'
import type { RejectReason } from './rejects.ts'
import { RowsDecoder, type RowMapper } from './rows.ts'
import { Scanner } from './scan.ts'
import { ROOM_OF_ONE, Tape } from './tape.ts'

export { MOST_BYTES, MOST_NESTING } from './parse.ts'

const RETURN = 0x0d

export type Format = 'canonical' | keyof typeof ADAPTERS | 'moodle' | 'auto' | 'mapping'
/** Formats that telemetry may come in, besides those that a mapping tells of; `auto` takes each record for what it looks like. */
export const FORMATS: readonly Exclude<Format, 'mapping'>[] = ['canonical', ...(Object.keys(ADAPTERS) as (keyof typeof ADAPTERS)[]), 'moodle', 'auto']

/** Is told what a record turned out to be, once for each event that it holds. */
export interface DecodeSink {
  event(event: Held): void
  reject(reason: RejectReason, message: string): void
  /** The format has it, but Invigil does not use it. */
  ignored(verb: string): void
}

export interface DecoderOptions {
  format: Format
  /** The platform of events that name none. Foreign formats name none: for them it is the platform of all; without it, the host that the record names. */
  platform?: string
  /** What the format `mapping` is. */
  mapping?: Mapping
  /** What times of Moodle's report are in, which do not say it. */
  moodle?: MoodleTimes
  /** How the bytes of records are written; without it in UTF-8. */
  encoding?: Encoding
  /** What stands between the columns, where records are rows of a table. */
  delimiter?: string
}

/** Turns the bytes of records into canonical events. */
export interface Decoder {
  /**
   * Decodes the record in `bytes` from `start` up to `end`, without its line break, and tells `sink`. A blank record is
   * skipped; nothing else is passed over in silence. An event may be told of before it is read: until then no byte may
   * change. `chunk` is the one whose bytes they are, if they are one's.
   */
  decode(sink: DecodeSink, bytes: Buffer, start?: number, end?: number, chunk?: Chunk): void
}

/** Errors: `invariant` for the format `mapping` without one. */
export function createDecoder(options: DecoderOptions): Decoder {
  const { format, encoding = 'utf-8' } = options
  const decoder = format === 'moodle' || format === 'mapping' ? createRowsDecoder({ ...options, format }) : formatDecoder(format, options)
  return encoding === 'utf-8' ? decoder : new RecodedDecoder(decoder, encoding)
}

/** What reads formats that may come as tables. */
export function createRowsDecoder({ format, platform, mapping, moodle, delimiter }: DecoderOptions & { format: 'moodle' | 'mapping' }): RowsDecoder {
  invariant(format === 'moodle' || mapping !== undefined, 'the format `mapping` without a mapping')
  const mapper: RowMapper = mapping ?? new MoodleMapper(moodle)
  return new RowsDecoder(mapper, { platform, delimiter, holder: mapping?.file.records })
}

function formatDecoder(format: Exclude<Format, 'moodle' | 'mapping'>, { platform = '' }: DecoderOptions): Decoder {
  if (format === 'canonical') return new CanonicalDecoder(platform)
  return format === 'auto' ? new CanonicalDecoder(platform, new ForeignDecoder(RECOGNISED, platform)) : new ForeignDecoder([ADAPTERS[format]], platform)
}

class CanonicalDecoder implements Decoder {
  private readonly platform: string
  /** For what the scanner does not know, where that need not be canonical. */
  private readonly others: Decoder | undefined
  private readonly scanner: Scanner
  private readonly waiting: Waiting
  /** For records that no chunk keeps: they are read at once. */
  private readonly spare = new Tape(ROOM_OF_ONE)

  constructor(platform: string, others?: Decoder) {
    this.platform = platform
    this.others = others
    this.scanner = new Scanner(platform)
    this.waiting = new Waiting(this.scanner.texts)
  }

  decode(sink: DecodeSink, bytes: Buffer, start = 0, end = bytes.length, chunk?: Chunk): void {
    const { scanner } = this
    const stop = end > start && bytes[end - 1] === RETURN ? end - 1 : end
    const isShort = stop - start <= MOST_BYTES
    this.spare.clear()
    const into = chunk?.tape.hasRoom ? chunk : new Chunk(bytes, this.spare)
    const seen = isShort ? scanner.look(bytes, start, stop, into.tape) : undefined
    if (seen === undefined) return this.others === undefined ? this.decodeSlowly(sink, bytes, start, stop) : this.others.decode(sink, bytes, start, stop)
    const held = this.waiting.hold(seen, into, start, stop)
    sink.event(into === chunk ? held : held.read())
  }

  private decodeSlowly(sink: DecodeSink, bytes: Buffer, start: number, end: number): void {
    const parsed = parseRecord(sink, bytes, start, end, { parse: JSON.parse })
    if (!parsed) return
    const { value, raw } = parsed
    if (!isObject(value)) {
      sink.reject('not-an-object', `an event is one JSON object, not ${nameOf(value)}`)
      return
    }
    if (this.platform !== '' && (value.platform === undefined || value.platform === '')) value.platform = this.platform
    const built = buildEvent(value, raw)
    if ('reason' in built) sink.reject(built.reason, built.message)
    else sink.event(built)
  }
}
