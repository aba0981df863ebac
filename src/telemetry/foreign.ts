import { sha256 } from '../base/hash.ts'
import type { Adapted, Adapter } from './adapters/adapter.ts'
import { buildEvent } from './build.ts'
import type { Decoder, DecodeSink } from './decode.ts'
import { parseExactly } from '../base/exact-json.ts'
import { isObject, MOST_NESTING, nameOf, nestingOf, parseRecord } from './parse.ts'
import type { Fault } from './rejects.ts'

/**
 * Says which event of a record is meant, counted from 0. A record of which several events came is kept once for each, with
 * this field: so every event's record gives that event alone when it is decoded again.
 */
export const PART = 'invigil:part'

/** Under which keys a collector of logs (Docker, Fluentd, Vector, journald, …) puts the line that it collected. */
const LINES = ['log', 'message', 'msg', 'MESSAGE'] as const

/** Decodes records by an adapter; of several each record by the first that recognises it. */
export class ForeignDecoder implements Decoder {
  private readonly adapters: readonly Adapter[]
  private readonly platform: string
  private readonly json: (line: string) => string

  constructor(adapters: readonly Adapter[], platform: string) {
    this.adapters = adapters
    this.platform = platform
    this.json = (line) => adapters.reduce((text, a) => a.json?.(text) ?? text, line)
  }

  decode(sink: DecodeSink, bytes: Buffer, start = 0, end = bytes.length): void {
    const parsed = parseRecord(sink, bytes, start, end, { json: this.json })
    if (parsed) this.decodeValue(sink, parsed.value, parsed.raw)
  }

  /** Decodes what was parsed already. `raw` is how it was written; without it, its JSON. */
  decodeValue(sink: DecodeSink, value: unknown, raw?: string): void {
    this.decodeWithin(sink, value, undefined, raw)
  }

  /** `home`: whose envelope it came in. What no format recognises by itself is that one's. */
  private decodeWithin(sink: DecodeSink, value: unknown, home: Adapter | undefined, raw?: string): void {
    const holder = this.adapters.find((a) => a.several(value) !== undefined)
    const several = holder?.several(value)
    const inside = several === undefined && home === undefined ? this.collected(value) : undefined
    if (inside !== undefined && 'reason' in inside) sink.reject(inside.reason, inside.message)
    else if (inside !== undefined) this.decodeWithin(sink, inside.record, undefined, raw)
    else if (several === undefined) this.decodeOne(sink, value, home, raw)
    else if (several.length === 0) sink.ignored('empty list')
    else for (const one of several) this.decodeWithin(sink, one, isObject(value) ? holder : home)
  }

  /** The record in a line that a collector of logs has put into one of its own, or why it is none; undefined for what is of no collector. */
  private collected(value: unknown): { record: unknown } | Fault | undefined {
    const isKnown = (one: unknown): boolean => isObject(one) && this.adapters.some((a) => a.recognises(one))
    if (!isObject(value) || isKnown(value)) return undefined
    const key = LINES.find((k) => value[k] !== undefined)
    if (key === undefined) return undefined
    const held = value[key]
    const record = typeof held === 'string' ? this.parsed(held) : held
    if (record === undefined) return typeof held === 'string' && /^\s*\{\s*"/.test(this.json(held)) ? { reason: 'bad-json', message: `the line in \`${key}\` is not JSON: it is cut short or broken` } : undefined
    if (isKnown(record) || this.adapters.some((a) => a.several(record)?.some(isKnown))) return { record }
    return this.collected(record)
  }

  private parsed(line: string): unknown {
    const json = this.json(line)
    if (!/^\s*[[{]/.test(json) || nestingOf(json) > MOST_NESTING) return undefined
    try {
      return parseExactly(json)
    } catch (e) {
      if (e instanceof SyntaxError) return undefined
      throw e
    }
  }

  private decodeOne(sink: DecodeSink, value: unknown, home: Adapter | undefined, raw = JSON.stringify(value)): void {
    const { adapters, platform } = this
    if (!isObject(value)) return sink.reject('not-an-object', `a record${this.ofFormat()} is a JSON object, not ${nameOf(value)}`)
    const adapter = adapters.length === 1 ? adapters[0] : adapters.find((a) => a.recognises(value)) ?? home
    if (adapter === undefined) return sink.reject('unknown-format', `${keysOf(value)}: that is none of ${adapters.map((a) => a.name).join(', ')}`)
    const { [PART]: part, ...whole } = value
    const record = part === undefined ? value : whole
    const digest = (): string => sha256(JSON.stringify(record)).slice(0, 32)
    const adapted = adapter.adapt(record, { platform, digest })
    if (!isList(adapted)) tell(sink, adapter, adapted, raw)
    else if (typeof part === 'number' && adapted[part] !== undefined) tell(sink, adapter, adapted[part], raw)
    else adapted.forEach((one, n) => tell(sink, adapter, one, JSON.stringify({ ...record, [PART]: n })))
  }

  private ofFormat(): string {
    return this.adapters.length === 1 ? ` of ${this.adapters[0]?.name}` : ''
  }
}

function tell(sink: DecodeSink, adapter: Adapter, adapted: Adapted, raw: string): void {
  if (adapted.kind === 'ignored') return sink.ignored(adapted.verb.slice(0, LONGEST_VERB))
  if (adapted.kind === 'reject') return sink.reject(adapted.reason, adapted.message)
  const built = buildEvent(adapted.fields, raw)
  if (!('reason' in built)) return sink.event(built)
  const source = adapter.sources[/`(\w+)`/.exec(built.message)?.[1] ?? '']
  sink.reject(built.reason, source === undefined ? built.message : `${built.message} (from ${source})`)
}

const LONGEST_VERB = 100
const MOST_KEYS = 8
const LONGEST_KEY = 40

/** The keys that a record has, in words. */
function keysOf(record: Readonly<Record<string, unknown>>): string {
  const keys = Object.keys(record)
  if (keys.length === 0) return 'the record is empty'
  const told = keys.slice(0, MOST_KEYS).map((k) => `\`${k.length > LONGEST_KEY ? `${k.slice(0, LONGEST_KEY)}…` : k}\``)
  return `the record has the keys ${told.join(', ')}${keys.length > MOST_KEYS ? ` and ${keys.length - MOST_KEYS} more` : ''}`
}

// `Array.isArray` does not know lists that are read only.
function isList(adapted: Adapted | readonly Adapted[]): adapted is readonly Adapted[] {
  return Array.isArray(adapted)
}
