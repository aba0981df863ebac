import { resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import { InvigilError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import { openBytes } from '../io/bytes.ts'
import { fileError } from '../io/file-error.ts'
import { LineReader } from '../io/lines.ts'
import type { Position } from './cursor.ts'
import type { LocalHead } from './local-head.ts'

const FINGERPRINT = 4096

/** Opens every log where it is to be read on; of several that cannot be opened, each is reported. */
export async function openLogs(logs: readonly string[], follow: boolean, from: readonly Position[] | undefined): Promise<LineReader[]> {
  const opened = await Promise.allSettled(logs.map((log, i) => LineReader.open(log, { follow, ...from?.[i] })))
  const failed = opened.flatMap((s) => (s.status === 'rejected' ? [s.reason as unknown] : []))
  if (failed.length === 0) return opened.map((s) => (s as PromiseFulfilledResult<LineReader>).value)
  for (const s of opened) if (s.status === 'fulfilled') await s.value.close()
  const known = failed.filter((e) => e instanceof InvigilError)
  const [first] = known
  if (first === undefined || known.length < failed.length || known.length === 1) throw failed[0]
  throw new InvigilError(first.code, `${known.length} of ${logs.length} logs cannot be read`, { problems: known.map((e) => ({ message: e.message })) })
}

/**
 * The first bytes of a log: how many of at most 4,096 there are, and their hash. Empty for what cannot be read twice, such
 * as standard input, and for a log that is gone.
 */
async function fingerprint(log: string, most = FINGERPRINT): Promise<string> {
  if (log === '-' || !(await isFile(log))) return ''
  const bytes = await openBytes(log, 0)
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
export async function checkSame({ logs, output, state }: { logs: readonly string[]; output: string; state?: string }, manifest: LocalHead): Promise<void> {
  if (resolve(output) !== manifest.output) {
    throw new InvigilError('bad-state', `the state in \`${state}\` goes with the output folder \`${manifest.output}\`; name it with \`--output\`, or use another state folder`)
  }
  const same = logs.length === manifest.logs.length && (await Promise.all(logs.map((log, i) => isSame(log, manifest.fingerprints[i] ?? '')))).every(Boolean)
  if (!same) {
    throw new InvigilError('bad-state', `the state in \`${state}\` was made from other logs (${manifest.logs.map((l) => `\`${l}\``).join(', ')}); give the same, or use another state folder`)
  }
}
