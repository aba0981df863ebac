import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canonicalOf, decodeLine, type Outcome } from '../testing/decoded.ts'
import type { Format } from './decode.ts'

/** Open edX writes one event three ways. They must be the same canonical event but for what a format does not have. */

const FORMAT_OF = { raw: 'openedx', xapi: 'xapi', caliper: 'caliper' } as const satisfies Record<string, Format>
type Folder = keyof typeof FORMAT_OF

interface Excepted {
  readonly field: string
  readonly why: string
  /** Only where this action's record of this folder is on one side. */
  readonly action?: string
  readonly folder?: Folder
}

const EXCEPTED: readonly Excepted[] = [
  { field: 'id', why: 'the log has none, so it is the hash of the record; the other two make up one each' },
  { field: 'learner', why: 'the log has the number of the user, the other two a pseudonym' },
  { field: 'account', why: 'only the log has the name of the user' },
  { field: 'ip', why: 'only the log has it' },
  { field: 'agent', why: 'only the log has it' },
  { field: 'position', action: 'rate-changed', folder: 'xapi', why: 'the statement has left it out' },
  { field: 'position', action: 'completed', folder: 'xapi', why: 'the statement has the length for it' },
]

/** Files whose versions do not tell of the same. */
const APART: Readonly<Record<string, string>> = {
  'edx.ui.lms.link_clicked(anonymous_user).json': 'a visitor who is not logged in: the log names nobody, the other two made somebody up',
}

function differences(a: { folder: Folder; event: Record<string, unknown> }, b: { folder: Folder; event: Record<string, unknown> }): string[] {
  const isExcepted = (field: string): boolean =>
    EXCEPTED.some((e) => e.field === field && (e.action === undefined || e.action === a.event.action) && (e.folder === undefined || e.folder === a.folder || e.folder === b.folder))
  const fields = new Set([...Object.keys(a.event), ...Object.keys(b.event)])
  return [...fields].filter((f) => a.event[f] !== b.event[f] && !isExcepted(f)).map((f) => `${f}: ${String(a.event[f])} (${a.folder}), ${String(b.event[f])} (${b.folder})`)
}

const samples = process.env.INVIGIL_SAMPLES

describe.skipIf(!samples)(`three versions of one event${samples ? '' : ' (INVIGIL_SAMPLES not set: skipped)'}`, () => {
  const root = join(samples ?? '', 'openedx-event-routing-backends')
  const folders = Object.keys(FORMAT_OF) as Folder[]
  const inFolder = new Map(folders.map((folder) => [folder, new Set(samples ? readdirSync(join(root, folder)) : [])]))
  const found = (name: string): Folder[] => folders.filter((folder) => inFolder.get(folder)?.has(name))
  const several = [...new Set(folders.flatMap((folder) => [...(inFolder.get(folder) ?? [])]))].filter((name) => found(name).length > 1)
  const read = (folder: Folder, name: string, platform: string | undefined): Outcome[] =>
    decodeLine(JSON.parse(readFileSync(join(root, folder, name), 'utf8')), { format: FORMAT_OF[folder], platform })

  test('are there', () => {
    expect(several.length).toBeGreaterThan(60)
    expect(Object.keys(APART).filter((n) => !several.includes(n))).toEqual([])
  })

  test.each(several.filter((name) => !(name in APART)))('%s', (name) => {
    const versions = found(name).map((folder) => ({ folder, out: read(folder, name, 'p1') }))
    const events = versions.map(({ folder, out }) => ({ folder, events: out.flatMap((o) => ('event' in o ? [canonicalOf(o.event)] : [])) }))
    const [one, ...others] = events as [(typeof events)[0], ...typeof events]
    expect(versions.flatMap(({ out }) => out.filter((o) => 'reason' in o))).toEqual([])
    for (const other of others) {
      expect(other.events).toHaveLength(one.events.length)
      for (const [n, event] of other.events.entries()) expect(differences({ folder: one.folder, event: one.events[n] ?? {} }, { folder: other.folder, event })).toEqual([])
    }
  })

  test('name the same platform, where none was named and the log has its host', () => {
    let compared = 0
    for (const name of several) {
      const platforms = found(name).flatMap((folder) => read(folder, name, undefined).flatMap((o) => ('event' in o ? [o.event.platform] : [])))
      // Some were recorded on one host and routed on another.
      if (platforms.includes('local.overhang.io') || platforms.length < 2) continue
      expect([name, new Set(platforms)]).toEqual([name, new Set(['localhost:18000'])])
      compared++
    }
    expect(compared).toBeGreaterThan(15)
  })

  test.each(EXCEPTED)('the exception of $field is needed ($why)', (e) => {
    const values = several.filter((name) => !(name in APART)).map((name) => {
      const events = found(name).flatMap((folder) => read(folder, name, 'p1').flatMap((o) => ('event' in o ? [{ folder, event: canonicalOf(o.event) }] : [])))
      return new Set(events.filter(({ event, folder }) => (e.action === undefined || event.action === e.action) && (e.folder === undefined || e.folder === folder || folder === 'raw')).map(({ event }) => event[e.field])).size
    })
    expect(Math.max(...values)).toBeGreaterThan(1)
  })
})
