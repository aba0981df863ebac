import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openContext, type OpenContext } from '../pipeline/context.ts'
import { runLocal } from '../pipeline/local.ts'
import type { LocalOptions } from '../pipeline/options.ts'
import type { Summary } from '../pipeline/summary.ts'
import type { Warning } from '../warnings/warning.ts'
import { RULES } from './root.ts'

export { ROOT, RULES } from './root.ts'

/** Folder of real data that does not belong to the project; undefined where it is not there. */
export const SAMPLES = process.env.INVIGIL_SAMPLES

/** A folder that is gone after the tests of this file. */
export function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'invigil-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Writes a log and returns its path. */
export function writeLog(dir: string, name: string, lines: readonly string[]): string {
  const path = join(dir, name)
  writeFileSync(path, lines.map((l) => `${l}\n`).join(''))
  return path
}

let shipped: Promise<OpenContext> | undefined

/** The shipped rules, with no catalogue and the GeoIP database that comes with Invigil. */
export function shippedContext(): Promise<OpenContext> {
  return (shipped ??= openContext({ rules: [RULES], version: 'test' }))
}

/** Runs over logs as `invigil run` does, into a folder of its own, and reads back what was written. */
export async function run(dir: string, options: Partial<LocalOptions> & { logs: string[] }): Promise<{ summary: Summary; warnings: Warning[]; bytes: string; records: string }> {
  const output = options.output ?? mkdtempSync(join(dir, 'out-'))
  const summary = await runLocal({ format: 'canonical', context: await shippedContext(), ...options, output })
  return { summary, ...readWarnings(output), records: readFileSync(join(output, 'records.ndjson'), 'utf8') }
}

/** The warnings in an output folder, parsed and as they are. */
export function readWarnings(output: string): { warnings: Warning[]; bytes: string } {
  const bytes = readFileSync(join(output, 'warnings.ndjson'), 'utf8')
  return { bytes, warnings: bytes.split('\n').filter((l) => l !== '').map((l) => JSON.parse(l) as Warning) }
}
