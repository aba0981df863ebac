import { isUtf8 } from 'node:buffer'
import { parseExactly } from '../base/exact-json.ts'
import type { DecodeSink } from './decode.ts'

/** Bytes in a record, and levels of objects and lists in it. */
export const MOST_BYTES = 1 << 20
export const MOST_NESTING = 32

export interface ParseOptions {
  /** Finds the JSON in a line that has more. */
  json?: (line: string) => string
  /** What reads it; without it, whole numbers that would be rounded become texts: in most formats ids are numbers. */
  parse?: (text: string) => unknown
}

/** The JSON value of a record and its text; undefined for a blank one, and for one that was rejected. */
export function parseRecord(sink: Pick<DecodeSink, 'reject'>, bytes: Buffer, start: number, end: number, { json, parse = parseExactly }: ParseOptions = {}): { value: unknown; raw: string } | undefined {
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
  const text = json === undefined ? raw : json(raw)
  if (nestingOf(text) > MOST_NESTING) {
    sink.reject('too-deep', `objects and lists are nested deeper than ${MOST_NESTING}`)
    return undefined
  }
  try {
    return { value: parse(text), raw }
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
export function nestingOf(text: string): number {
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

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What kind of JSON value it is, in words. */
export function nameOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as string] ?? 'an object'
}
