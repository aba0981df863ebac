import { sha256 } from '../base/hash.ts'
import type { Adapted, Adapter } from './adapters/adapter.ts'
import { buildEvent } from './build.ts'
import type { Decoder, DecodeSink } from './decode.ts'
import { isObject, nameOf, parseRecord } from './parse.ts'

/**
 * Says which event of a record is meant, counted from 0. A record of which several events came is kept once for each, with
 * this field: so every event's record gives that event alone when it is decoded again.
 */
export const PART = 'invigil:part'

/** Decodes the records of one format by its adapter. */
export class ForeignDecoder implements Decoder {
  private readonly adapter: Adapter
  private readonly platform: string
  private readonly json: ((line: string) => string) | undefined

  constructor(adapter: Adapter, platform: string) {
    this.adapter = adapter
    this.platform = platform
    this.json = adapter.json?.bind(adapter)
  }

  decode(sink: DecodeSink, bytes: Buffer, start = 0, end = bytes.length): void {
    const parsed = parseRecord(sink, bytes, start, end, this.json)
    if (parsed) this.decodeValue(sink, parsed.value, parsed.raw)
  }

  /** Decodes what was parsed already. `raw` is how it was written; without it, its JSON. */
  decodeValue(sink: DecodeSink, value: unknown, raw?: string): void {
    const several = this.adapter.several(value)
    if (several === undefined) this.decodeOne(sink, value, raw)
    else if (several.length === 0) sink.ignored('empty list')
    else for (const one of several) this.decodeValue(sink, one)
  }

  private decodeOne(sink: DecodeSink, value: unknown, raw = JSON.stringify(value)): void {
    const { adapter, platform } = this
    if (!isObject(value)) {
      sink.reject('not-an-object', `a record of ${adapter.name} is a JSON object, not ${nameOf(value)}`)
      return
    }
    const { [PART]: part, ...whole } = value
    const record = part === undefined ? value : whole
    const digest = (): string => sha256(JSON.stringify(record)).slice(0, 32)
    const adapted = adapter.adapt(record, { platform, digest })
    if (!isList(adapted)) this.tell(sink, adapted, raw)
    else if (typeof part === 'number' && adapted[part] !== undefined) this.tell(sink, adapted[part], raw)
    else adapted.forEach((one, n) => this.tell(sink, one, JSON.stringify({ ...record, [PART]: n })))
  }

  private tell(sink: DecodeSink, adapted: Adapted, raw: string): void {
    if (adapted.kind === 'ignored') return sink.ignored(adapted.verb)
    if (adapted.kind === 'reject') return sink.reject(adapted.reason, adapted.message)
    const built = buildEvent(adapted.fields, raw)
    if (!('reason' in built)) return sink.event(built)
    const source = this.adapter.sources[/`(\w+)`/.exec(built.message)?.[1] ?? '']
    sink.reject(built.reason, source === undefined ? built.message : `${built.message} (from ${source})`)
  }
}

// `Array.isArray` does not know lists that are read only.
function isList(adapted: Adapted | readonly Adapted[]): adapted is readonly Adapted[] {
  return Array.isArray(adapted)
}
