import { resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import { InvigilError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import { openBytes } from '../io/bytes.ts'
import { fileError } from '../io/file-error.ts'
import { LineReader } from '../io/lines.ts'
import { lookAt } from '../io/look.ts'
import type { Position, RecordReader } from '../io/record-reader.ts'
import { isMoodleHeader, type MoodleTimes } from '../telemetry/moodle.ts'
import { splitRow } from '../telemetry/csv.ts'
import { createDecoder, createRowsDecoder, type Decoder, type Format } from '../telemetry/decode.ts'
import type { Encoding } from '../telemetry/encoding.ts'
import { RecodedDecoder } from '../telemetry/recoded.ts'
import type { LocalHead } from './local-head.ts'
import { takeHeader, type OpenMapping } from './mapping.ts'

const FINGERPRINT = 4096

/** How logs are written, besides their format and platform. */
export interface FormatDetails {
  /** What the format `mapping` is. */
  mapping?: OpenMapping
  encoding?: Encoding
  moodle?: MoodleTimes
}

/** What logs are in. */
export interface LogForm {
  format: Format
  platform?: string
  details?: FormatDetails
}

/** A log that is read, and what its records are decoded by. */
export interface OpenLog {
  reader: RecordReader
  decoder: Decoder
}

/** Opens every log where it is to be read on; of several that cannot be opened, each is reported. */
export async function openLogs(logs: readonly string[], form: LogForm, { follow = false, from }: { follow?: boolean; from?: readonly Position[] } = {}): Promise<OpenLog[]> {
  const opened = await Promise.allSettled(logs.map((log, i) => openLog(log, form, { follow, from: from?.[i] })))
  const failed = opened.flatMap((s) => (s.status === 'rejected' ? [s.reason as unknown] : []))
  if (failed.length === 0) return opened.map((s) => (s as PromiseFulfilledResult<OpenLog>).value)
  for (const s of opened) if (s.status === 'fulfilled') await s.value.reader.close()
  const known = failed.filter((e) => e instanceof InvigilError)
  const [first] = known
  if (first === undefined || known.length < failed.length || known.length === 1) throw failed[0]
  throw new InvigilError(first.code, `${known.length} of ${logs.length} logs cannot be read`, { problems: known.map((e) => ({ message: e.message })) })
}

async function openLog(log: string, { format: named, platform, details: { mapping: opened, encoding: told, moodle } = {} }: LogForm, options: { follow: boolean; from?: Position }): Promise<OpenLog> {
  // What is read as it comes must not keep anybody waiting for its beginning, where nothing depends on it.
  if (named === 'canonical' && told === undefined && !(await isFile(log))) return { reader: await LineReader.open(log, { ...options.from, follow: options.follow }), decoder: createDecoder({ format: named, platform }) }
  const mapping = opened?.mapping
  const asked = told ?? mapping?.file.encoding
  const looked = await lookAt(log, asked)
  const format = named === 'auto' && isMoodle(looked.head) ? 'moodle' : named
  const isTable = format === 'mapping' ? mapping?.file.format === 'csv' : format === 'moodle' && !/^\uFEFF?\s*[[{]/.test(looked.head)
  if (!isTable || (format !== 'mapping' && format !== 'moodle')) {
    const { reader, encoding } = await looked.open({ kind: 'json', holder: mapping?.file.records ?? 'statements' }, options)
    return { reader, decoder: createDecoder({ format, platform, mapping, moodle, encoding }) }
  }
  const delimiter = looked.delimiter(mapping?.file.delimiter, options.follow)
  const rows = createRowsDecoder({ format, platform, mapping, moodle, delimiter })
  const { reader, encoding } = await looked.open({ kind: 'table', delimiter, header: (record, written) => takeHeader(rows, record, log, written) }, options)
  return { reader, decoder: encoding === 'utf-8' ? rows : new RecodedDecoder(rows, encoding) }
}

function isMoodle(head: string): boolean {
  const text = head.replace(/^\uFEFF/, '')
  const end = text.indexOf('\n')
  const columns = splitRow((end < 0 ? text : text.slice(0, end)).trimEnd(), ',') ?? []
  return isMoodleHeader(columns.map((c) => c.trim()))
}

/**
 * The first bytes of a log: how many of at most 4,096 there are, and their hash. Empty for what cannot be read twice, such
 * as standard input, and for a log that is gone.
 */
async function fingerprint(log: string, most = FINGERPRINT): Promise<string> {
  if (log === '-' || !(await isFile(log))) return ''
  const bytes = await openBytes(log, 0, { anyText: true })
  try {
    const buffer = Buffer.alloc(most)
    let n = 0
    for (let got = 1; got > 0 && n < most; n += got) got = await bytes.read(buffer.subarray(0, most), n)
    return `${n}-${sha256(buffer.subarray(0, n))}`
  } finally {
    await bytes.close()
  }
}

/** Whether a log can be read twice: neither standard input nor a pipe. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw fileError(path, e as NodeJS.ErrnoException)
  }
}

/** Fingerprints of the logs as far as they have come; `before` are those that were taken earlier. */
export function fingerprints(logs: readonly string[], before: readonly string[]): Promise<string[]> {
  return Promise.all(
    logs.map(async (log, i) => {
      const known = before[i] ?? ''
      return lengthOf(known) >= FINGERPRINT ? known : (await fingerprint(log)) || known
    }),
  )
}

/** Whether a log begins as it did when the fingerprint was taken; it may have grown since. */
async function isSame(log: string, before: string): Promise<boolean> {
  return lengthOf(before) === 0 || before === (await fingerprint(log, lengthOf(before)))
}

function lengthOf(print: string): number {
  return print === '' ? 0 : Number.parseInt(print, 10)
}

/** Throws `bad-state` where state was made from other logs, or goes with another output folder. */
export async function checkSame({ logs, output, state, details }: { logs: readonly string[]; output: string; state?: string; details?: FormatDetails }, manifest: LocalHead): Promise<void> {
  if (resolve(output) !== manifest.output) {
    throw new InvigilError('bad-state', `the state in \`${state}\` goes with the output folder \`${manifest.output}\`; name it with \`--output\`, or use another state folder`)
  }
  const same = logs.length === manifest.logs.length && (await Promise.all(logs.map((log, i) => isSame(log, manifest.fingerprints[i] ?? '')))).every(Boolean)
  if (!same) {
    throw new InvigilError('bad-state', `the state in \`${state}\` was made from other logs (${manifest.logs.map((l) => `\`${l}\``).join(', ')}); give the same, or use another state folder`)
  }
  if (details?.mapping?.hash !== manifest.mapping) {
    throw new InvigilError('bad-state', `the state in \`${state}\` was made under ${manifest.mapping === undefined ? 'no mapping' : 'another mapping, or other joined files'}; give the same, or use another state folder`)
  }
}
