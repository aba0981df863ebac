import { isUtf8 } from 'node:buffer'
import type { Adapter } from './adapters/adapter.ts'
import { xapi } from './adapters/xapi.ts'
import { buildEvent } from './build.ts'
import { Chunk, Waiting, type Held } from './held.ts'
import type { RejectReason } from './rejects.ts'
import { Scanner } from './scan.ts'
import { ROOM_OF_ONE, Tape } from './tape.ts'

/** Bytes in a record, and levels of objects and lists in it. */
export const MOST_BYTES = 1 << 20
export const MOST_NESTING = 32

const ADAPTERS = { xapi } as const satisfies Record<string, Adapter>

export type Format = 'canonical' | keyof typeof ADAPTERS
/** Formats that telemetry may come in. */
export const FORMATS: readonly Format[] = ['canonical', ...(Object.keys(ADAPTERS) as (keyof typeof ADAPTERS)[])]

/** Is told what a record turned out to be, once for each event that it holds. */
export interface DecodeSink {
  event(event: Held): void
  reject(reason: RejectReason, message: string): void
  /** The format has it, but Invigil does not use it. */
  ignored(verb: string): void
}

export interface DecoderOptions {
  format: Format
  /** The platform of events that name none. For xAPI it is the platform of all; without it, the host of the actor's home page. */
  platform?: string
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

export function createDecoder({ format, platform = '' }: DecoderOptions): Decoder {
  return format === 'canonical' ? new CanonicalDecoder(platform) : new ForeignDecoder(ADAPTERS[format], platform)
}

class CanonicalDecoder implements Decoder {
  private readonly platform: string
  private readonly scanner: Scanner
  private readonly waiting: Waiting
  /** For records that no chunk keeps: they are read at once. */
  private readonly spare = new Tape(ROOM_OF_ONE)

  constructor(platform: string) {
    this.platform = platform
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
    if (seen === undefined) return this.decodeSlowly(sink, bytes, start, stop)
    const held = this.waiting.hold(seen, into, start, stop)
    sink.event(into === chunk ? held : held.read())
  }

  private decodeSlowly(sink: DecodeSink, bytes: Buffer, start: number, end: number): void {
    const parsed = parseRecord(sink, bytes, start, end)
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

class ForeignDecoder implements Decoder {
  private readonly adapter: Adapter
  private readonly platform: string

  constructor(adapter: Adapter, platform: string) {
    this.adapter = adapter
    this.platform = platform
  }

  decode(sink: DecodeSink, bytes: Buffer, start = 0, end = bytes.length): void {
    const parsed = parseRecord(sink, bytes, start, end)
    if (!parsed) return
    const { value, raw } = parsed
    const several = this.adapter.several(value)
    if (several === undefined) this.decodeOne(sink, value, raw)
    else if (several.length === 0) sink.ignored('empty list')
    else for (const one of several) this.decodeOne(sink, one, JSON.stringify(one))
  }

  private decodeOne(sink: DecodeSink, value: unknown, raw: string): void {
    const { adapter } = this
    if (!isObject(value)) {
      sink.reject('not-an-object', `an ${adapter.name} record is a JSON object, not ${nameOf(value)}`)
      return
    }
    const adapted = adapter.adapt(value, raw, this.platform)
    if (adapted.kind === 'ignored') {
      sink.ignored(adapted.verb)
      return
    }
    const built = buildEvent(adapted.fields, raw)
    if (!('reason' in built)) {
      sink.event(built)
      return
    }
    const source = adapter.sources[/`(\w+)`/.exec(built.message)?.[1] ?? '']
    sink.reject(built.reason, source === undefined ? built.message : `${built.message} (from ${source})`)
  }
}

const RETURN = 0x0d

/** The JSON value of a record and its text; undefined for a blank one, and for one that was rejected. */
function parseRecord(sink: DecodeSink, bytes: Buffer, start: number, end: number): { value: unknown; raw: string } | undefined {
  if (end - start > MOST_BYTES) {
    sink.reject('too-long', `the line has ${end - start} bytes, ${MOST_BYTES} are allowed`)
    return undefined
  }
  const record = bytes.subarray(start, end)
  if (!isUtf8(record)) {
    sink.reject('bad-utf8', 'the line is not valid UTF-8')
    return undefined
  }
  // A byte order mark is no white space for JSON.
  const raw = record.toString('utf8').replace(/^\uFEFF/, '').replace(/\r$/, '')
  if (raw.trim() === '') return undefined
  if (raw.includes('\0')) {
    sink.reject('nul', 'the line contains a NUL character')
    return undefined
  }
  if (nesting(raw) > MOST_NESTING) {
    sink.reject('too-deep', `objects and lists are nested deeper than ${MOST_NESTING}`)
    return undefined
  }
  try {
    return { value: JSON.parse(raw), raw }
  } catch (error) {
    sink.reject('bad-json', `the line is not JSON: ${jsonMessage(error)}`)
    return undefined
  }
}

/** The parser's message without the piece of the line that it quotes. */
function jsonMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/, (\.\.\.)?"[^]*$/, '').toLowerCase().slice(0, 120)
}

/** How deep objects and lists are nested, where it matters: at most `MOST_NESTING` brackets cannot be deeper than that. */
function nesting(text: string): number {
  let brackets = 0
  for (let i = 0; i < text.length && brackets <= MOST_NESTING; i++) if (opens(text.charCodeAt(i))) brackets++
  if (brackets <= MOST_NESTING) return brackets
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (quoted) {
      if (c === 0x5c) i++
      else if (c === 0x22) quoted = false
    } else if (c === 0x22) quoted = true
    else if (opens(c)) deepest = Math.max(deepest, ++depth)
    else if (c === 0x7d || c === 0x5d) depth--
  }
  return deepest
}

function opens(c: number): boolean {
  return c === 0x7b || c === 0x5b
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nameOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as string] ?? 'an object'
}
