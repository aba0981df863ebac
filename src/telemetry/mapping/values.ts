import { RE2JS } from 're2js'
import type { Fault } from '../rejects.ts'
import { RULE_OF } from '../validate.ts'
import { columnReader, readerIn, type ReadPath } from './paths.ts'
import type { ActionFile, FieldName, FileInfo, SourceFile } from './schema.ts'
import { timeReader, USUAL_FORMATS, writeMoment, type Moment, type ReadTime } from './times.ts'

export type Row = Readonly<Record<string, unknown>>

/** A record, and the rows of other files that belong to it. */
export interface Around {
  row: Row
  joined(name: string): Row | undefined
}

/** A value that is absent, that is there, or what is wrong with it. */
export type Found = { value: unknown } | Fault | undefined
export type ReadValue = (around: Around) => Found

/** What a mapping says of all values. */
export interface Usual {
  absent: ReadonlySet<string>
  reader: (path: string) => ReadPath
  zone: string | undefined
  /** How times are written. */
  formats: readonly string[]
}

export function usualOf({ absent, format, timeZone, time }: Pick<FileInfo, 'absent' | 'format'> & { timeZone?: string; time?: string | string[] }): Usual {
  return { absent: new Set(absent), reader: readerIn(format), zone: timeZone, formats: listOf(time, USUAL_FORMATS) }
}

export function listOf(formats: string | string[] | undefined, otherwise: readonly string[]): readonly string[] {
  return formats === undefined ? otherwise : typeof formats === 'string' ? [formats] : formats
}

/** A source with all its keys. */
export type Spec = Exclude<ActionFile, string>
export function specOf(source: SourceFile | ActionFile): Spec {
  return typeof source === 'string' ? { from: source } : source
}

/** Columns or paths that a source reads. */
export function pathsOf({ from, text }: Spec): string[] {
  return [...(from === undefined ? [] : typeof from === 'string' ? [from] : from), ...(text === undefined ? [] : holes(text).map(({ path }) => path))]
}

/** The parts of a text that are read: `{path}`. */
function holes(text: string): { path: string; before: string }[] {
  let at = 0
  return [...text.matchAll(/\{([^{}]+)\}/g)].map((m) => {
    const before = text.slice(at, m.index)
    at = m.index + m[0].length
    return { path: m[1] as string, before }
  })
}

/** What reads the value of a source as it stands there, without map, unit or type. */
function rawReader(spec: Spec, { absent, reader }: Usual): (around: Around) => unknown {
  const { constant, join, text, pattern } = spec
  if (constant !== undefined) return () => constant
  // Rows of a join are kept under the paths that are asked for.
  const readers = pathsOf(spec).map(join === undefined ? reader : columnReader)
  const of = (read: ReadPath, row: Row): unknown => {
    const value = read(row)
    if (typeof value !== 'string') return value ?? undefined
    const trimmed = value.trim()
    return trimmed === '' || absent.has(trimmed) ? undefined : trimmed
  }
  const parts = text === undefined ? undefined : holes(text)
  const tail = text?.slice(text.lastIndexOf('}') + 1) ?? ''
  const read = (row: Row): unknown => {
    if (parts === undefined) {
      for (const reader of readers) {
        const value = of(reader, row)
        if (value !== undefined) return value
      }
      return undefined
    }
    let made = ''
    for (const [i, { before }] of parts.entries()) {
      const value = asText(of(readers[i] as ReadPath, row))
      if (value === undefined) return undefined
      made += before + value
    }
    return made + tail
  }
  const inRow = join === undefined ? ({ row }: Around) => read(row) : (around: Around) => {
    const row = around.joined(join)
    return row === undefined ? undefined : read(row)
  }
  if (pattern === undefined) return inRow
  const expression = RE2JS.compile(pattern)
  return (around) => {
    const value = asText(inRow(around))
    const matcher = value === undefined ? undefined : expression.matcher(value)
    return matcher?.find() ? (matcher.group(Math.min(1, matcher.groupCount())) ?? undefined) : undefined
  }
}

/** A text, a number, or true or false, as text; undefined for anything else. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** Where a source reads, for messages. */
export function placeOf({ from, text, join }: Spec): string {
  const what = text === undefined ? `\`${(typeof from === 'string' ? [from] : (from ?? [])).join('`, `')}\`` : `\`${text}\``
  return join === undefined ? what : `${what} of \`${join}\``
}

function clip(value: unknown): string {
  const text = asText(value) ?? JSON.stringify(value) ?? ''
  return text.length <= 64 ? text : `${text.slice(0, 64)}…`
}

/** What reads a canonical field out of a record. */
export function fieldReader(field: FieldName, spec: Spec, usual: Usual): ReadValue {
  const raw = rawReader(spec, usual)
  if (field === 'time' || field === 'received') {
    const read = momentReader(field, spec, usual)
    return (around) => {
      const moment = read(around)
      return moment === undefined || 'reason' in moment ? moment : { value: writeMoment(moment) }
    }
  }
  const convert = converterOf(field, spec)
  return (around) => {
    const value = raw(around)
    if (value === undefined) return undefined
    const found = convert(value)
    return 'reason' in found ? { reason: found.reason, message: spec.constant === undefined ? `${found.message} (from ${placeOf(spec)})` : found.message } : found
  }
}

function converterOf(field: FieldName, { map, unit }: Spec): (value: unknown) => { value: unknown } | Fault {
  const type = RULE_OF.get(field)?.type
  if (map !== undefined) {
    return (value) => {
      const key = asText(value) ?? ''
      const mapped = Object.hasOwn(map, key) ? map[key] : map['*']
      return mapped === undefined ? { reason: field === 'action' ? 'unknown-action' : 'out-of-range', message: `\`map\` of \`${field}\` does not have \`${clip(value)}\`` } : { value: mapped }
    }
  }
  if (type === 'number' || type === 'integer') return (value) => numberOf(field, value, unit)
  if (type === 'boolean') return (value) => booleanOf(field, value)
  return (value) => {
    const text = asText(value)
    return text === undefined ? { reason: 'wrong-type', message: `\`${field}\` must be text, not ${Array.isArray(value) ? 'a list' : 'an object'}` } : { value: text }
  }
}

const WORDS = new Map<string, boolean>([...['true', '1', 'yes', 'y', 't', '是', '对'].map((w) => [w, true] as const), ...['false', '0', 'no', 'n', 'f', '否', '错'].map((w) => [w, false] as const)])

function booleanOf(field: FieldName, value: unknown): { value: unknown } | Fault {
  const word = asText(value)?.toLowerCase() ?? ''
  const is = WORDS.get(word)
  return is === undefined ? { reason: 'wrong-type', message: `\`${field}\` must be true or false, not \`${clip(value)}\`; a \`map\` says which` } : { value: is }
}

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const FACTORS: Readonly<Record<string, number>> = { s: 1, ms: 1 / 1000, min: 60, h: 3600, percent: 1 / 100 }
const CLOCK = /^(?:(\d+):)?(\d{1,4}):(\d{1,2}(?:\.\d+)?)$/
const ISO = /^P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/

function numberOf(field: FieldName, value: unknown, unit: Spec['unit']): { value: unknown } | Fault {
  if (unit === 'clock' || unit === 'iso') {
    const m = (unit === 'clock' ? CLOCK : ISO).exec(asText(value) ?? '')
    if (m === null || value === 'P') return { reason: 'wrong-type', message: `\`${field}\` must be a time like \`${unit === 'clock' ? '01:02:03' : 'PT1M2S'}\`, not \`${clip(value)}\`` }
    const [, a = 0, b = 0, c = 0, d = 0] = m
    return { value: unit === 'clock' ? Number(a) * 3600 + Number(b) * 60 + Number(c) : Number(a) * 86_400 + Number(b) * 3600 + Number(c) * 60 + Number(d) }
  }
  const text = typeof value === 'string' && unit === 'percent' ? value.replace(/\s*%$/, '') : value
  if (typeof text !== 'number' && !(typeof text === 'string' && NUMBER.test(text))) return { reason: 'wrong-type', message: `\`${field}\` must be a number, not \`${clip(value)}\`` }
  const factor = FACTORS[unit ?? 's'] as number
  // Dividing gives 12.5 for 12,500 ms; multiplying by a thousandth might not.
  return { value: factor < 1 ? Number(text) / Math.round(1 / factor) : Number(text) * factor }
}

/** What reads a moment out of a record. */
export function momentReader(what: string, spec: Spec, usual: Usual): (around: Around) => Moment | Fault | undefined {
  const raw = rawReader(spec, usual)
  const readers: ReadTime[] = listOf(spec.format, usual.formats).flatMap((format) => {
    const reader = timeReader(format)
    return typeof reader === 'string' ? [] : [reader.read]
  })
  const zone = spec.timeZone ?? usual.zone
  return (around) => {
    const value = raw(around)
    if (value === undefined) return undefined
    const text = asText(value) ?? ''
    let isWithoutZone = false
    for (const read of readers) {
      const moment = read(text, zone)
      if (typeof moment === 'object') return moment
      if (moment === 'no-zone') isWithoutZone = true
    }
    const why = isWithoutZone ? 'names neither an offset nor a time zone; say it with `timeZone` in the mapping' : 'is no time of the years 2000 to 2099 in a format that the mapping tells'
    return { reason: 'bad-date', message: `\`${what}\` ${why}: \`${clip(value)}\` (from ${placeOf(spec)})` }
  }
}
