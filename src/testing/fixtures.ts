import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { openContext, type OpenContext } from '../pipeline/context.ts'
import { ROOT, RULES, shippedContext } from './runs.ts'

/** A log with the warnings that it must give. */
export interface Fixture {
  name: string
  dir: string
  log: string
  catalogue: string | undefined
  golden: string
}

const FIXTURES = join(ROOT, 'fixtures')

/** The simulated day. */
export const day: Fixture = fixtureIn(join(FIXTURES, 'day'), 'day')

/** One fixture for each detector, named like it. */
export function cases(): Fixture[] {
  const dir = join(FIXTURES, 'cases')
  return readdirSync(dir).sort().map((name) => fixtureIn(join(dir, name), name))
}

function fixtureIn(dir: string, name: string): Fixture {
  const file = (f: string): string => [`${f}.gz`, f].map((x) => join(dir, x)).find(existsSync) ?? join(dir, f)
  const catalogue = join(dir, 'catalogue.yaml')
  return { name, dir, log: file('telemetry.ndjson'), catalogue: existsSync(catalogue) ? catalogue : undefined, golden: file('warnings.ndjson') }
}

/** The shipped rules with the fixture's catalogue. */
export function contextOf({ catalogue }: Pick<Fixture, 'catalogue'>): Promise<OpenContext> {
  return catalogue === undefined ? shippedContext() : openContext({ rules: [RULES], catalogue, version: 'test' })
}

/** A file's text, unpacked if need be. */
export function textOf(path: string): string {
  const bytes = readFileSync(path)
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
}

export function linesOf(path: string): string[] {
  return textOf(path).split('\n').filter((l) => l !== '')
}

/**
 * Warnings without the hash of their context, as goldens have them: it changes with the version and the text of every
 * rule and catalogue, and says nothing of what is warned of.
 */
export function withoutContext(warnings: string): string {
  return warnings.replaceAll(/"context":"[0-9a-f]*"/g, '"context":""')
}
