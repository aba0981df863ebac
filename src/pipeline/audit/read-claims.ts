import { pipeline } from 'node:stream/promises'
import { TextDecoder } from 'node:util'
import { CsvError, parse } from 'csv-parse'
import { InvigilError } from '../../base/errors.ts'
import { parseExactly } from '../../base/exact-json.ts'
import { openBytes } from '../../io/bytes.ts'
import { asFileError } from '../../io/record-file.ts'
import { CLAIM_COLUMNS, columnOf, LEARNER_ELSE, readClaim, type Claim, type ClaimColumn, type ClaimRow, type Rejected } from './claims.ts'
import { KEPT, type BadLine } from './read.ts'

export interface ClaimsFile {
  file: string
  /** A WHATWG encoding such as `gb18030`; default UTF-8. */
  encoding?: string
  /** Seconds of a class hour. */
  hour: number
  /** The platform of rows that name none. */
  platform?: string
}

export interface ReadClaims {
  /** Rows that the file has, good or bad. */
  rows: number
  /** Columns or members that mean nothing here. */
  ignored: string[]
}

const READ = 1 << 18
const LONGEST_ROW = 1 << 20

/**
 * Reads what a platform claims, CSV (`,`, `;` or tab), a JSON array or one JSON object a line, and hands each claim to `take`. Rows that are none go to `bad`. Errors: `not-found`, `bad-file`, `bad-input`, `usage`, `io`.
 */
export async function readClaims(of: ClaimsFile, take: (claim: Claim, line: number) => void, bad: (line: BadLine) => void): Promise<ReadClaims> {
  if (/\.(?:xlsx?|xlsm|ods|et)$/i.test(of.file)) throw new InvigilError('bad-file', `\`${of.file}\` is a workbook; save its sheet as CSV (UTF-8), with ids as text`)
  const texts = textsOf(of.file, decoderOf(of.encoding))
  const first = await texts.next()
  const head = first.done === true ? '' : first.value
  const all = again(head, texts)
  let rows = 0
  const row = (cells: ClaimRow | Rejected, line: number, text: () => string): void => {
    rows++
    const claim = 'reason' in cells ? cells : readClaim(cells, { hour: of.hour, platform: of.platform })
    if ('reason' in claim) bad({ file: of.file, line, ...claim, text: text().slice(0, KEPT) })
    else take(claim, line)
  }
  const ignored = /^\s*[[{]/.test(head) ? await readJson(of.file, all, row) : await readCsv(of.file, head, all, row)
  return { rows, ignored: [...ignored].sort() }
}

type TakeRow = (cells: ClaimRow | Rejected, line: number, text: () => string) => void

async function readCsv(file: string, head: string, texts: AsyncIterable<string>, row: TakeRow): Promise<Set<string>> {
  const ignored = new Set<string>()
  let columns: (ClaimColumn | undefined)[] | undefined
  // A stray quote is part of its cell; one that is never closed makes one cell of all that follows, and ends the reading.
  const parser = parse({ bom: true, info: true, delimiter: delimiterOf(head), relax_column_count: true, relax_quotes: true, skip_empty_lines: true, max_record_size: LONGEST_ROW })
  let last = 0
  const take = ({ record, info }: { record: string[]; info: { lines: number } }): void => {
    last = info.lines
    if (columns === undefined) columns = columnsOf(file, record, ignored)
    else if (record.some((cell) => cell.trim() !== '')) row(rowOfCells(columns, record), info.lines, () => record.join(','))
  }
  // An error of the one who takes a row ends the reading as one of the parser does.
  parser.on('data', (data: Parameters<typeof take>[0]) => {
    try {
      take(data)
    } catch (e) {
      parser.destroy(e as Error)
    }
  })
  try {
    await pipeline(texts, parser)
  } catch (e) {
    if (e instanceof CsvError) throw new InvigilError('bad-file', `a cell of \`${file}\` begins with a quote after line ${last} that is closed nowhere near; close it, or write it twice`, { cause: e })
    throw asFileError(e, file)
  }
  if (columns === undefined) throw new InvigilError('bad-file', `\`${file}\` is empty; the first line of a CSV file names its columns`)
  return ignored
}

function rowOfCells(columns: readonly (ClaimColumn | undefined)[], record: readonly string[]): ClaimRow | Rejected {
  if (record.length !== columns.length) return { reason: 'bad-row', message: `it has ${record.length} cells, and the header ${columns.length}` }
  const cells: ClaimRow = {}
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]
    if (column !== undefined) cells[column] = record[i]
  }
  return cells
}

/** What the columns mean. Errors: `bad-file` where they say nothing of learners or hours, or two say the same. */
function columnsOf(file: string, names: readonly string[], ignored: Set<string>): (ClaimColumn | undefined)[] {
  const columns = names.map(columnOf)
  if (!columns.includes('learner')) {
    const other = names.findIndex((n) => LEARNER_ELSE.includes(n.trim().toLowerCase()))
    if (other >= 0) columns[other] = 'learner'
  }
  const problems: string[] = []
  for (const [i, column] of columns.entries()) {
    if (column === undefined) ignored.add(names[i] as string)
    else if (columns.indexOf(column) < i) problems.push(`both \`${names[columns.indexOf(column)]}\` and \`${names[i]}\` name the ${column}`)
  }
  if (!columns.includes('learner')) problems.push(`no column names the learner (\`learner\`, ${[...CLAIM_COLUMNS.learner, ...LEARNER_ELSE].map((n) => `\`${n}\``).join(', ')})`)
  if (!columns.includes('hours') && !columns.includes('seconds')) problems.push('no column is `hours` (学时) or `seconds` (秒)')
  if (problems.length > 0) {
    const garbled = names.some((n) => n.includes('\ufffd')) || !columns.some((c) => c !== undefined)
    throw new InvigilError('bad-file', `\`${file}\` does not hold claims: its first line names other columns${garbled ? '; if it is a list in Chinese, name its encoding, as with `--encoding gb18030`' : ''}`, { problems: problems.map((message) => ({ file, line: 1, message })) })
  }
  return columns
}

/** The separator of which the first line has most. */
function delimiterOf(head: string): string {
  const [line = ''] = head.split(/\r?\n/, 1)
  const counted = [',', ';', '\t'].map((d) => [d, line.split(d).length] as const).sort((a, b) => b[1] - a[1])
  return (counted[0] as readonly [string, number])[0]
}

/** Objects one a line, or an array of them over any number of lines. */
async function readJson(file: string, texts: AsyncIterable<string>, row: TakeRow): Promise<Set<string>> {
  const ignored = new Set<string>()
  const take = (text: string, line: number): void => {
    let value: unknown
    try {
      value = parseExactly(text)
    } catch {
      row({ reason: 'bad-json', message: 'it is not JSON' }, line, () => text)
      return
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) row({ reason: 'bad-row', message: 'it is no JSON object' }, line, () => text)
    else row(rowOf(value as Record<string, unknown>, ignored), line, () => text)
  }
  for await (const { text, line } of objectsOf(file, texts)) take(text, line)
  return ignored
}

function rowOf(value: Readonly<Record<string, unknown>>, ignored: Set<string>): ClaimRow | Rejected {
  const cells: ClaimRow = {}
  const names = Object.keys(value)
  const other = names.some((n) => columnOf(n) === 'learner') ? undefined : names.find((n) => LEARNER_ELSE.includes(n.trim().toLowerCase()))
  for (const [name, cell] of Object.entries(value)) {
    const column = name === other ? 'learner' : columnOf(name)
    if (column === undefined) ignored.add(name)
    else if (typeof cell === 'string' || typeof cell === 'number') {
      if (cells[column] !== undefined) return { reason: 'bad-row', message: `\`${name}\` is there twice` }
      cells[column] = typeof cell === 'number' ? plain(cell) : cell
    } else if (cell !== null) return { reason: 'bad-row', message: `\`${name}\` is neither text nor number` }
  }
  return cells
}

function plain(n: number): string {
  return Number.isFinite(n) && Math.abs(n) >= 1e-6 && Math.abs(n) < 1e15 ? n.toFixed(6).replace(/\.?0+$/, '') : String(n)
}

/** The texts of the outermost objects, whether they stand in an array or one after the other. */
async function* objectsOf(file: string, texts: AsyncIterable<string>): AsyncGenerator<{ text: string; line: number }> {
  let line = 1
  let depth = 0
  let inText = false
  let escaped = false
  let parts = ''
  let begun = 1
  let stray = ''
  let atLineStart = false
  for await (const text of texts) {
    let from = depth > 0 ? 0 : -1
    for (let i = 0; i < text.length; i++) {
      const c = text[i] as string
      if (c === '\n') line++
      if (depth === 0) {
        if (c === '{') [depth, from, begun, parts] = [1, i, line, '']
        else if (c === '\n' || !/[\s,[\]\ufeff]/.test(c)) {
          // What is no object: told by line.
          if (c !== '\n') stray += stray.length < KEPT ? c : ''
          else if (stray !== '') {
            yield { text: stray, line: line - 1 }
            stray = ''
          }
        }
      } else if (inText) {
        if (escaped) escaped = false
        else if (c === '\\') escaped = true
        else if (c === '"') inText = false
        else if (c === '\n') {
          // No JSON text holds a line break: this object was cut short.
          yield { text: parts + text.slice(from, i), line: begun }
          ;[depth, inText, from] = [0, false, -1]
        }
      } else if (c === '"') inText = true
      else if (c === '{' && atLineStart) {
        // One object a line, and the one before was cut short.
        yield { text: parts + text.slice(from, i), line: begun }
        ;[depth, from, begun, parts] = [1, i, line, '']
      } else if (c === '{') depth++
      else if (c === '}' && --depth === 0) {
        yield { text: parts + text.slice(from, i + 1), line: begun }
        from = -1
      }
      atLineStart = c === '\n'
    }
    if (from >= 0) parts += text.slice(from)
    if (parts.length > LONGEST_ROW) throw new InvigilError('bad-file', `\`${file}\` has an object of more than ${LONGEST_ROW} characters in line ${begun}; claims are flat objects`)
  }
  if (stray !== '') yield { text: stray, line }
  if (depth > 0) yield { text: parts, line: begun }
}

function decoderOf(encoding = 'utf-8'): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true })
  } catch (cause) {
    throw new InvigilError('usage', `\`${encoding}\` is no encoding that is known here; name one such as \`utf-8\`, \`gb18030\` or \`big5\``, { cause })
  }
}

/** The text of a file piece by piece. Errors: `bad-file` where it is of another encoding. */
async function* textsOf(file: string, decoder: TextDecoder): AsyncGenerator<string, void, undefined> {
  const bytes = await openBytes(file, 0)
  const buffer = Buffer.alloc(READ)
  let line = 1
  try {
    for (;;) {
      const n = await bytes.read(buffer, 0)
      let text: string
      try {
        text = n === 0 ? decoder.decode() : decoder.decode(buffer.subarray(0, n), { stream: true })
      } catch (cause) {
        throw new InvigilError('bad-file', `\`${file}\` is not valid ${decoder.encoding} after its line ${line}; name its encoding, as with \`--encoding gb18030\``, { cause })
      }
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) line++
      if (text !== '') yield text
      if (n === 0) break
    }
    if (bytes.fault) throw bytes.fault
  } finally {
    await bytes.close()
  }
}

async function* again(head: string, rest: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  if (head !== '') yield head
  yield* rest
}
