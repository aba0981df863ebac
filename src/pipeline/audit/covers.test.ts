import { expect, test } from 'vitest'
import { catalogueSchema } from '../../catalogue/catalogue.ts'
import { Catalogue } from '../../catalogue/index.ts'
import { instant } from '../../testing/drive.ts'
import { coversDay } from './audit.ts'

const covers = new Map([['p', { sittings: 1, partial: 0, begin: instant('2026-03-10T08:00:00Z'), end: instant('2026-03-20T20:00:00Z') }]])

const covered = (claim: { class?: string; date?: string }, { opens, since }: { opens?: string; since?: string } = {}): boolean => {
  const catalogue = new Catalogue(catalogueSchema.parse({ platforms: [{ id: 'p', since }], classes: [{ id: 'k', platform: 'p', opens, timeZone: 'Asia/Shanghai', learners: ['L1'] }] }))
  return coversDay(covers, catalogue, undefined)({ platform: 'p', learner: 'L1', class: undefined, course: undefined, chapter: undefined, seconds: 1, date: undefined, ...claim })
}

test.each<[string, boolean, Parameters<typeof covered>]>([
  ['a day within the records', true, [{ date: '2026-03-10' }]],
  ['a day before', false, [{ date: '2026-03-09' }]],
  ['a day behind', false, [{ date: '2026-03-22' }]],
  ['a day before the first record, of a log that is complete', true, [{ date: '2026-03-09' }, { since: '2026-03-01' }]],
  ['a day before a log is complete', false, [{ date: '2026-02-27' }, { since: '2026-03-01' }]],
  ['no day, of a class without dates', true, [{}]],
  ['no day, of a class that opened when the records begin', true, [{}, { opens: '2026-03-08' }]],
  ['no day, of a class that opened long before', false, [{}, { opens: '2026-03-01' }]],
  ['the same where the claim names the class', false, [{ class: 'k' }, { opens: '2026-03-01' }]],
  ['the same of a log that is complete', true, [{}, { opens: '2026-03-01', since: '2026-03-01' }]],
  ['no day, of a class that opened before a log is complete', false, [{}, { opens: '2026-03-01', since: '2026-03-05' }]],
])('whether the records reach to %s: %s', (_, expected, given) => expect(covered(...given)).toBe(expected))
