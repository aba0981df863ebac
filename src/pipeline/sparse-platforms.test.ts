import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { simulate } from '../simulate/index.ts'
import { FIELDS, type Action, type Field, type WireEvent } from '../telemetry/event.ts'
import { contextOf } from '../testing/fixtures.ts'
import { run, temporary, writeLog } from '../testing/runs.ts'
import type { OpenContext } from './context.ts'

/** What is left of an event on a platform that tells less; undefined: nothing. */
type Told = (event: WireEvent) => WireEvent | undefined

const only = (...actions: Action[]): Told => (e) => (actions.includes(e.action) ? e : undefined)
const not = (...actions: Action[]): Told => (e) => (actions.includes(e.action) ? undefined : e)
const without = (...fields: Field[]): Told => (e) => Object.fromEntries(Object.entries(e).filter(([k]) => !fields.includes(k as Field))) as WireEvent
const both = (one: Told, other: Told): Told => (e) => {
  const left = one(e)
  return left && other(left)
}

const honest = simulate({ learners: 90, days: 1, seed: 5, cheaters: 0 })
const records = [...honest.records]
const dir = temporary()
let context: OpenContext

beforeAll(async () => {
  const path = join(dir, 'catalogue.yaml')
  writeFileSync(path, stringify(honest.catalogue))
  context = await contextOf({ catalogue: path })
})

// INVARIANT (missing): what a platform does not send speaks against nobody.
test.each<[string, Told]>([
  ['nothing but heartbeats', only('heartbeat')],
  ['nothing but heartbeats with their positions', both(only('heartbeat'), without(...FIELDS.filter((f) => !['chapter', 'position'].includes(f))))],
  ['no pauses, seeks and rates', not('paused', 'seeked', 'rate-changed')],
  ['no starts', not('initialized', 'played')],
  ['no ends', not('completed', 'terminated')],
  ['no answers', not('answered')],
  ['no face checks', not('face-requested', 'face-checked')],
  ['no positions', without('position', 'from', 'to', 'length')],
  ['positions in whole seconds', (e) => (e.position === undefined ? e : { ...e, position: Math.round(e.position) })],
  ['no inputs', without('inputs')],
  ['inputs that are always 0', (e) => (e.inputs === undefined ? e : { ...e, inputs: 0 })],
  ['a sound that is always off', (e) => (e.muted === undefined ? e : { ...e, muted: true })],
  ['neither sessions nor devices', without('session', 'device', 'agent', 'account')],
  ['no times of arrival', without('received')],
])('honest learners are accused of nothing where platforms tell %s', async (name, told) => {
  const lines = records.flatMap((r) => told(r) ?? []).map((e) => JSON.stringify(e))
  const { summary, warnings } = await run(dir, { logs: [writeLog(dir, `${name}.ndjson`, lines)], context })
  expect(summary.log.rejected).toEqual({})
  expect(warnings.filter((w) => w.severity !== 'low' && w.episode !== 'withdrawn').map((w) => `${w.rule}: ${w.subject.id}: ${w.summary.en}`)).toEqual([])
})
