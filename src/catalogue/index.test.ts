import { describe, expect, test } from 'vitest'
import { formatTime } from '../base/time.ts'
import { catalogueSchema } from './catalogue.ts'
import { Catalogue } from './index.ts'

const catalogue = new Catalogue(catalogueSchema.parse({
  platforms: [{ id: 'p1', global: ['learner'], since: '2026-03-01', lateness: '2s' }, { id: 'p2' }],
  courses: [
    { id: 'law', chapters: [{ id: 'l1', length: 2700 }, { id: 'l2' }, { id: 'shared' }] },
    { id: 'fire', chapters: [{ id: 'f1' }, { id: 'shared' }] },
  ],
  classes: [
    { id: 'k1', platform: 'p1', courses: ['law'], learners: ['a', 'b'], teachers: ['t'], timeZone: 'Asia/Shanghai', opens: '2026-03-02', closes: '2026-03-31' },
    { id: 'k2', platform: 'p1', courses: ['fire'], learners: ['b'], opens: '2026-03-02T08:00:00+08:00' },
    { id: 'k3', platform: 'p1', courses: ['fire'], learners: ['c'], opens: '2018-11-04', closes: '2018-11-03', timeZone: 'America/Sao_Paulo' },
    { id: 'k1', platform: 'p2', courses: ['law', 'fire'], learners: ['a'] },
  ],
}))

const of = (platform: string, learner: string, more: { class?: string; course?: string; chapter?: string } = {}) =>
  ({ platform, learner, class: undefined, course: undefined, chapter: undefined, ...more })

test.each<[string, ReturnType<typeof of>, [string, string] | undefined]>([
  ['the one it names', of('p1', 'b', { class: 'k2' }), ['p1', 'k2']],
  ["a class is its platform's", of('p2', 'x', { class: 'k1' }), ['p2', 'k1']],
  ['a class that does not exist', of('p2', 'a', { class: 'k2' }), undefined],
  ['the only roster', of('p1', 'a'), ['p1', 'k1']],
  ['two rosters: not known', of('p1', 'b'), undefined],
  ['two rosters, one with the course', of('p1', 'b', { course: 'fire' }), ['p1', 'k2']],
  ['the only roster, without the course', of('p1', 'a', { course: 'fire' }), undefined],
  ['nobody', of('p1', 'x'), undefined],
])('the class: %s', (_, event, expected) => {
  const found = catalogue.classOf(event)
  expect(found && [found.platform, found.id]).toEqual(expected)
})

test.each<[string, ReturnType<typeof of>, string | undefined]>([
  ['the one it names', of('p1', 'a', { course: 'fire', chapter: 'l1' }), 'fire'],
  ['one that does not exist', of('p1', 'a', { course: 'x', chapter: 'l1' }), undefined],
  ['the only one with the chapter', of('p1', 'x', { chapter: 'f1' }), 'fire'],
  ["two with the chapter, one of the learner's class", of('p1', 'a', { chapter: 'shared' }), 'law'],
  ["two with the chapter, both of the learner's class", of('p2', 'a', { chapter: 'shared' }), undefined],
  ['no chapter', of('p1', 'a'), undefined],
  ['a chapter that does not exist', of('p1', 'a', { chapter: 'x' }), undefined],
])('the course: %s', (_, event, expected) => {
  expect(catalogue.courseOf(event)?.id).toBe(expected)
})

test('chapters have an order', () => {
  const law = catalogue.course('law')
  if (!law) throw new Error('no course')
  expect(['l1', 'l2', 'shared', 'f1'].map((c) => catalogue.chapterOrder(law, c))).toEqual([0, 1, 2, -1])
  expect([catalogue.chapter(law, 'l1')?.length, catalogue.chapter(law, 'f1')]).toEqual([2700, undefined])
})

test('teachers are those of the class, or of any', () => {
  expect([catalogue.isTeacher('p1', 't'), catalogue.isTeacher('p1', 't', 'k1'), catalogue.isTeacher('p1', 't', 'k2'), catalogue.isTeacher('p2', 't')]).toEqual([true, true, false, false])
})

test('facts of platforms', () => {
  expect([catalogue.isGlobal('p1'), catalogue.isGlobal('p2'), catalogue.isGlobal('x')]).toEqual([true, false, false])
  expect([catalogue.since('p1'), catalogue.since('p2')]).toEqual([Date.UTC(2026, 2, 1), undefined])
  expect(catalogue.platform('p1')?.lateness).toBe(2000)
})

describe('the days of a class', () => {
  const days = (platform: string, id: string): (string | undefined)[] => {
    const { opens, closes } = catalogue.class(platform, id) ?? {}
    return [opens, closes].map((t) => (t === undefined ? undefined : formatTime(t)))
  }

  test('are counted in its time zone, the last one included', () => {
    expect(days('p1', 'k1')).toEqual(['2026-03-01T16:00:00.000Z', '2026-03-31T16:00:00.000Z'])
  })

  test('an instant is an instant', () => {
    expect(days('p1', 'k2')).toEqual(['2026-03-02T00:00:00.000Z', undefined])
  })

  test('a day without midnight begins with summer time', () => {
    expect(days('p1', 'k3')).toEqual(['2018-11-04T03:00:00.000Z', '2018-11-04T03:00:00.000Z'])
  })
})
