import { isUtf8 } from 'node:buffer'
import { basename } from 'node:path'
import { parse } from 'csv-parse/sync'
import { parseIfJson } from '../../../base/exact-json.ts'
import { JsonFraming } from '../../../io/framing.ts'
import { openBytes } from '../../../io/bytes.ts'
import { delimiterOf, isDocument, markedEncoding } from '../../../io/sniff.ts'
import { textReader, type Encoding } from '../../../telemetry/encoding.ts'
import type { Row } from '../../../telemetry/mapping/values.ts'

/** So much of a log is looked at, and so many of its records. */
const HEAD = 1 << 22
const MOST_RECORDS = 2000
/** A character may be torn at the end of what was read. */
const LONGEST_CHARACTER = 4

/** How a log begins: what it is written in, and its first records. */
export interface Head {
  name: string
  encoding: Encoding
  /** What it may be written in as well: bytes alone do not tell. */
  also: Encoding[]
  /** The encoding is told by a mark, which needs no mention. */
  isMarked: boolean
  format: 'csv' | 'json'
  delimiter: string | undefined
  /** Under which key a document holds its records, where it does. */
  holder: string | undefined
  /** The first lines as they are. */
  lines: string[]
  /** Of a table, in order. */
  columns: string[]
  rows: Row[]
}

/** Reads the first records of a log, compressed or not. Errors: those of `openBytes`. */
export async function readHead(log: string): Promise<Head> {
  const { bytes, isWhole } = await firstBytes(log)
  const marked = markedEncoding(bytes)
  const [encoding = 'utf-8', ...also] = marked === undefined ? encodingsOf(bytes, isWhole) : [marked]
  const text = new TextDecoder(encoding).decode(bytes, { stream: true })
  const of = { name: log === '-' ? log : basename(log), encoding, also, isMarked: marked !== undefined, lines: text.split('\n', MOST_RECORDS) }
  return /^\s*[[{]/.test(text) ? { ...of, ...jsonOf(text, isWhole) } : { ...of, ...tableOf(text, isWhole) }
}

async function firstBytes(log: string): Promise<{ bytes: Buffer; isWhole: boolean }> {
  const source = await openBytes(log, 0, { anyText: true })
  try {
    const head = Buffer.alloc(HEAD)
    let n = 0
    for (let got = 1; got > 0 && n < HEAD; n += got) got = await source.read(head, n)
    return { bytes: head.subarray(0, n), isWhole: n < HEAD }
  } finally {
    await source.close()
  }
}

/** The encodings that bytes without a mark may be in, the likeliest first. */
function encodingsOf(bytes: Buffer, isWhole: boolean): Encoding[] {
  const wide = wideOf(bytes)
  if (wide !== undefined) return [wide]
  const fits = (is: (piece: Buffer) => boolean): boolean => Array.from({ length: isWhole ? 1 : LONGEST_CHARACTER }, (_, torn) => bytes.subarray(0, bytes.length - torn)).some(is)
  if (fits(isUtf8)) return ['utf-8']
  return (['gb18030', 'big5'] as const).filter((encoding) => fits((piece) => textReader(encoding)(piece) !== undefined))
}

/** In UTF-16 every other byte of ASCII is 0. */
function wideOf(bytes: Buffer): Encoding | undefined {
  const looked = Math.min(bytes.length, 4096)
  const zeros = [0, 0]
  for (let i = 0; i < looked; i++) if (bytes[i] === 0) zeros[i % 2] = (zeros[i % 2] as number) + 1
  const [even, odd] = zeros as [number, number]
  if (Math.max(even, odd) < looked / 8 || Math.min(even, odd) > Math.max(even, odd) / 4) return undefined
  return odd > even ? 'utf-16le' : 'utf-16be'
}

type Records = Pick<Head, 'format' | 'delimiter' | 'holder' | 'columns' | 'rows'>

function tableOf(text: string, isWhole: boolean): Records {
  const delimiter = delimiterOf(text)
  const read = (more: string): string[][] => parse(more, { delimiter, bom: true, relax_quotes: true, relax_column_count: true, skip_empty_lines: true, to: MOST_RECORDS + 1 })
  const rows = read(isWhole ? text : text.slice(0, text.lastIndexOf('\n') + 1))
  const [columns = [], ...records] = rows
  const names = columns.map((c) => c.trim())
  return { format: 'csv', delimiter, holder: undefined, columns: names, rows: records.map((cells) => Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']))) }
}

function jsonOf(text: string, isWhole: boolean): Records {
  const holder = /^\s*\{\s*"((?:[^"\\]|\\.)+)"\s*:\s*\[\s*\{/.exec(text)?.[1]
  const isList = isDocument(text, isWhole)
  const records = isList ? framed(text, holder ?? 'statements') : text.split('\n').slice(0, isWhole ? MOST_RECORDS : Math.min(MOST_RECORDS, text.split('\n').length - 1))
  const rows = records.flatMap((record): Row[] => {
    const value = parseIfJson(record)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? [value as Row] : []
  })
  return { format: 'json', delimiter: undefined, holder: isList ? holder : undefined, columns: [], rows }
}

/** Records of a document over many lines. */
function framed(text: string, holder: string): string[] {
  const bytes = Buffer.from(text)
  const framing = new JsonFraming(holder)
  const records: string[] = []
  let begun = 0
  for (let at = 0; at < bytes.length && records.length < MOST_RECORDS; at = framing.resume) {
    const found = framing.scan(bytes, at, bytes.length)
    if (found === 'nothing') break
    if (found === 'begin') begun = framing.at
    else if (found === 'end') records.push(bytes.toString('utf8', begun, framing.at))
  }
  return records
}
