import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { simulate } from '../simulate/index.ts'
import type { CatalogueFile } from '../simulate/world.ts'
import { contextOf } from '../testing/fixtures.ts'
import { run, temporary, writeLog } from '../testing/runs.ts'

const RULES_OF_CLASSES = [
  'class-dates', 'class-hours', 'missing-subject', 'practice-first', 'unapproved-class', 'unconnected-class', 'unplanned-chapter', 'unregistered-class',
]

const world = simulate({ learners: 60, days: 1, seed: 7, cheaters: 0 })
const dir = temporary()
const records = [...world.records]
const log = writeLog(dir, 'log.ndjson', records.map((r) => JSON.stringify(r)))
const classes = world.catalogue.classes ?? []
const [wrong] = classes
if (wrong === undefined) throw new Error('a world without classes')

/** What the rules of class opening say of the world under another catalogue: rule, kind and id of the subject, institutions, learners. */
async function told(catalogue: CatalogueFile, of = log): Promise<unknown[]> {
  const path = join(dir, `catalogue-${Math.random()}.yaml`)
  writeFileSync(path, stringify(catalogue, { aliasDuplicateObjects: false }))
  const { summary, warnings } = await run(dir, { logs: [of], context: await contextOf({ catalogue: path }) })
  expect(summary.log.rejected).toEqual({})
  const seen = warnings.filter((w) => RULES_OF_CLASSES.includes(w.rule) && w.revision === 1)
  return seen.map((w) => [w.rule, w.subject.kind, w.subject.id, w.institutions, w.learners.length])
}

type Class = NonNullable<CatalogueFile['classes']>[number]
type Course = NonNullable<CatalogueFile['courses']>[number]

/** The catalogue with one class, and the courses of that, changed; each course of it is made its own before. */
function tampered(klass: Partial<Class>, course: (c: Course) => Course = (c) => c): CatalogueFile {
  const own = new Set(wrong?.courses)
  const copies = (world.catalogue.courses ?? []).filter((c) => own.has(c.id)).map((c) => course({ ...c, id: `${c.id}-own` }))
  return {
    ...world.catalogue, courses: [...(world.catalogue.courses ?? []), ...copies],
    classes: classes.map((c) => (c === wrong ? { ...c, courses: copies.map((x) => x.id), ...klass } : c)),
  }
}

test('a world in order gives no warning of its classes', async () => {
  expect(classes.every((c) => c.status === 'approved' && c.connected === true && c.hours !== undefined)).toBe(true)
  expect(await told(world.catalogue)).toEqual([])
})

const first = ({ chapters = [], ...c }: Course): Course => ({ ...c, chapters: chapters.slice(0, 1) })

test.each<[string, CatalogueFile]>([
  ['unapproved-class', tampered({ status: 'submitted' })],
  ['unconnected-class', tampered({ connected: false })],
  ['class-dates', tampered({ opens: '2026-03-20', closes: '2026-03-30' })],
  ['class-hours', tampered({ hours: 200 })],
  ['missing-subject', tampered({}, (c) => ({ ...c, subject: 'Welder' }))],
])('%s is told of the class that is not in order, once, and of no other', async (rule, catalogue) => {
  expect(await told(catalogue)).toEqual([[rule, 'class', wrong.id, [wrong.institution], 0]])
})

test('a plan that lacks what is taught: the hours, and the chapters', async () => {
  expect(await told(tampered({}, first))).toEqual(expect.arrayContaining(['class-hours', 'unplanned-chapter'].map((rule) => [rule, 'class', wrong.id, [wrong.institution], 0])))
})

test('a class that the catalogue does not have, beside one that it has', async () => {
  const halved = records.map((r) => ({ ...r, class: r.platform === wrong.platform && r.learner < 'YX00010' ? 'unknown' : r.class }))
  const mixed = writeLog(dir, 'mixed.ndjson', halved.map((r) => JSON.stringify(r)))
  expect(await told(world.catalogue, mixed)).toEqual([['unregistered-class', 'class', 'unknown', [], 0]])
})

test('a platform no class of which is in the catalogue may name them in another way', async () => {
  expect(await told({ ...world.catalogue, classes: classes.map((c) => (c === wrong ? { ...c, id: 'class-0001' } : c)) })).toEqual([])
})
