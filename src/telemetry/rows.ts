import { sha256 } from '../base/hash.ts'
import type { Adapted } from './adapters/adapter.ts'
import { buildEvent } from './build.ts'
import { splitRow } from './csv.ts'
import type { Decoder, DecodeSink } from './decode.ts'
import { isObject, MOST_BYTES, nameOf, parseRecord } from './parse.ts'

/** Brings rows of a table, or objects of JSON, to events. Pure, and never throws. */
export interface RowMapper {
  /** What the records are, for messages. */
  readonly name: string
  map(row: Readonly<Record<string, unknown>>, platform: string, digest: () => string): readonly Adapted[]
  /** What is wrong with a table of these columns, if anything is. */
  lacks(columns: readonly string[]): readonly { message: string; mend?: string }[]
}

/** The record as it was written is kept with each event up to this length, or what was made of it would be too long to be read again. */
const KEPT = MOST_BYTES >> 2
/** A verb is a platform's word, and may be anything. */
const LONGEST_VERB = 100

/**
 * Decodes rows of CSV, once it knows their columns, or records of JSON. INVARIANT (again): the record of each event is the event in canonical
 * JSON, with what was written as `original`: so it is read again without the mapping, the joined files and the header.
 */
export class RowsDecoder implements Decoder {
  private readonly mapper: RowMapper
  private readonly platform: string
  /** Undefined where records are JSON. */
  private readonly delimiter: string | undefined
  /** Under which key an object holds a list of records. */
  private readonly holder: string
  private columns: readonly string[] = []

  constructor(mapper: RowMapper, { platform = '', delimiter, holder = 'statements' }: { platform?: string; delimiter?: string; holder?: string }) {
    this.mapper = mapper
    this.platform = platform
    this.delimiter = delimiter
    this.holder = holder
  }

  /** Takes the row with the names of the columns; what is wrong with it, if anything is. */
  header(text: string): readonly { message: string; mend?: string }[] {
    this.columns = (splitRow(text.replace(/^\uFEFF/, ''), this.delimiter ?? ',') ?? []).map((c) => c.trim())
    while (this.columns.at(-1) === '') this.columns = this.columns.slice(0, -1)
    return this.mapper.lacks(this.columns)
  }

  decode(sink: DecodeSink, bytes: Buffer, start = 0, end = bytes.length): void {
    if (this.delimiter !== undefined) return this.decodeRow(sink, bytes, start, end)
    const parsed = parseRecord(sink, bytes, start, end)
    if (parsed) this.decodeValue(sink, parsed.value, parsed.raw)
  }

  private decodeValue(sink: DecodeSink, value: unknown, raw?: string): void {
    const held = isObject(value) && Array.isArray(value[this.holder]) ? value[this.holder] : value
    if (!Array.isArray(held)) return this.decodeOne(sink, value, raw)
    if (held.length === 0) sink.ignored('empty list')
    for (const one of held) this.decodeOne(sink, one)
  }

  private decodeOne(sink: DecodeSink, value: unknown, raw = JSON.stringify(value)): void {
    if (!isObject(value)) return sink.reject('not-an-object', `a record of ${this.mapper.name} is a JSON object, not ${nameOf(value)}`)
    this.tell(sink, value, raw)
  }

  private decodeRow(sink: DecodeSink, bytes: Buffer, start: number, end: number): void {
    if (end - start > MOST_BYTES) return sink.reject('too-long', `the row has ${end - start} bytes, ${MOST_BYTES} are allowed`)
    const text = bytes.toString('utf8', start, end).replace(/\r$/, '')
    if (text.trim() === '') return
    if (text.includes('\uFFFD') && !bytes.subarray(start, end).equals(Buffer.from(text))) return sink.reject('bad-utf8', 'the row is not valid UTF-8')
    if (text.includes('\0')) return sink.reject('nul', 'the row contains a NUL character')
    const fields = splitRow(text, this.delimiter as string)
    if (fields === undefined) return sink.reject('bad-csv', 'a quote is not closed, or something stands behind a closed one')
    const { columns } = this
    if (fields.length < columns.length || fields.slice(columns.length).some((f) => f.trim() !== '')) {
      return sink.reject('bad-csv', `the row has ${fields.length} field${fields.length === 1 ? '' : 's'}, and there are ${columns.length} columns`)
    }
    // Without a prototype, a column may have any name.
    const row = Object.create(null) as Record<string, string>
    for (let i = 0; i < columns.length; i++) row[columns[i] as string] ??= fields[i] as string
    this.tell(sink, row, text)
  }

  private tell(sink: DecodeSink, row: Readonly<Record<string, unknown>>, original: string): void {
    const digest = () => sha256(JSON.stringify(row)).slice(0, 32)
    for (const one of this.mapper.map(row, this.platform, digest)) {
      if (one.kind === 'ignored') sink.ignored(one.verb.slice(0, LONGEST_VERB))
      else if (one.kind === 'reject') sink.reject(one.reason, one.message)
      else {
        const built = buildEvent(one.fields, JSON.stringify({ ...one.fields, original: original.length > KEPT ? undefined : original }))
        if ('reason' in built) sink.reject(built.reason, built.message)
        else sink.event(built)
      }
    }
  }
}
