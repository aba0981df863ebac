import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { catalogueSchema } from '../../catalogue/catalogue.ts'
import { eventSchema } from '../../telemetry/event.ts'
import { ROOT } from '../../testing/root.ts'
import { lacksOf } from './lacks.ts'
import { WANTS_OF, type RuleState, type Want } from './wants.ts'

const detectors = join(ROOT, 'src', 'detectors')
const sources = readdirSync(detectors, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts')).map((f) => readFileSync(join(detectors, f), 'utf8'))

test.each(Object.keys(WANTS_OF))('a detector says: %s', (reason) => {
  expect(sources.some((s) => s.includes(`'${reason}'`) || s.includes(`"${reason}"`))).toBe(true)
})

/** What detectors say that nobody can mend by adding something. */
const UNMENDABLE = new Set(['learner and account are one to one'])

test('whatever a detector says in so many words can be mended, or is known to be beyond it', () => {
  const said = sources.flatMap((s) => [...s.matchAll(/(?:notEvaluable|unjudged)\((?:'([^']+)'|"([^"]+)")/g)].map((m) => (m[1] ?? m[2]) as string))
  expect(said.length).toBeGreaterThan(10)
  const isOwn = (reason: string): boolean => reason === 'nothing at all came after it'
  expect([...new Set(said)].filter((reason) => !(reason in WANTS_OF) && !UNMENDABLE.has(reason) && !isOwn(reason))).toEqual([])
})

const state = (want: Want): RuleState => ({ rule: 'r', platform: 'p "1"', state: 'not evaluable', why: [], wants: [want] })
const needs = ['chapters', 'lengths', 'region', 'heartbeat', 'global', 'class', 'checks', 'autoplay', 'opens', 'since'] as const

test.each(needs)('the example for `%s` is a piece of a catalogue', (need) => {
  const [lack] = lacksOf([state({ kind: 'catalogue', need })], new Map([['p "1"', { cadence: 20_000, class: '一班: #1', course: "O'K", chapter: '- c' }]]))
  const parsed = catalogueSchema.parse(parse(lack?.add as string))
  expect([...parsed.platforms.map((p) => p.id), ...parsed.classes.map((c) => c.platform), ...parsed.courses.map((c) => c.id)].length).toBeGreaterThan(0)
  expect(lack).toMatchObject({ where: 'catalogue', rules: ['r'], partly: [], platforms: ['p "1"'] })
})

test.each(['face-requested', 'face-checked', 'answered', 'seeked', 'heartbeat', 'logged-in', 'attended'] as const)('the example of `%s` is an event', (action) => {
  const [lack] = lacksOf([state({ kind: 'actions', actions: [action] })], new Map())
  expect(eventSchema.parse(JSON.parse(lack?.add as string))).toMatchObject({ action, platform: 'p "1"' })
})

test('each lack is told once, with all platforms and rules, what keeps most rules from judging first', () => {
  const of = (rule: string, platform: string, wants: Want[], s: RuleState['state'] = 'not evaluable'): RuleState => ({ rule, platform, state: s, why: [], wants })
  const device: Want = { kind: 'fields', fields: ['device'], actions: ['played'] }
  const heartbeat: Want = { kind: 'catalogue', need: 'heartbeat' }
  const lacks = lacksOf([of('a', 'p1', [device]), of('b', 'p1', [device]), of('a', 'p2', [device]), of('c', 'p1', [heartbeat], 'in part'), of('d', 'p1', [])], new Map())
  expect(lacks).toMatchObject([{ what: 'fields device', platforms: ['p1', 'p2'], rules: ['a', 'b'] }, { what: 'catalogue heartbeat', rules: [], partly: ['c'] }])
})
