import { expect, test } from 'vitest'
import { seeded } from '../../testing/five-platforms.ts'
import { Event } from '../../telemetry/event.ts'
import { CourseTally } from './courses.ts'
import { compareNames, orderOf } from './order.ts'

const namesOf = (names: string[], before: number[][]): string[] => orderOf({ names, before }).map((i) => names[i] as string)

test('the order of most, even if nobody opened all', () => {
  // Each learner opened two neighbours; two of five saw the last pair the other way round.
  expect(namesOf(['d', 'b', 'a', 'c'], [[0, 0, 0, 2], [0, 0, 0, 5], [0, 5, 0, 0], [3, 0, 0, 0]])).toEqual(['a', 'b', 'c', 'd'])
})

test('where nobody says, names decide, by the numbers in them', () => {
  expect(namesOf(['c10', 'c2', 'c1'], [[], [], []])).toEqual(['c1', 'c2', 'c10'])
  expect(['第10章', '第9章', '第9', 'x', 'x1', 'x01'].sort(compareNames)).toEqual(['x', 'x01', 'x1', '第9', '第9章', '第10章'])
})

test('a circle is broken where fewest are put after another', () => {
  expect(namesOf(['a', 'b', 'c'], [[0, 3, 0], [0, 0, 3], [3, 0, 0]])).toEqual(['a', 'b', 'c'])
})

const open = (course: CourseTally, learner: string, chapters: readonly string[], fields: Partial<Event> = {}): void => {
  for (const chapter of chapters) course.take(Object.assign(new Event(), { platform: 'p', learner, action: 'played', chapter, ...fields }), chapter)
}

test('a course of twenty chapters, of which each learner opens a stretch and one in ten jumps', () => {
  const random = seeded(7)
  const chapters = Array.from({ length: 20 }, (_, i) => `k${(i * 7) % 20}`)
  const course = new CourseTally()
  for (let l = 0; l < 60; l++) {
    const from = Math.floor(random() * 15)
    const stretch = chapters.slice(from, from + 6)
    if (l % 10 === 0) stretch.reverse()
    open(course, `L${l}`, stretch)
  }
  const guess = course.guess()
  expect(guess.map((c) => c.id)).toEqual(chapters)
  expect(guess.filter((c) => !c.isSure).length).toBeLessThan(3)
})

test('what few opened, or many came to from elsewhere, has no sure place', () => {
  const course = new CourseTally()
  for (let l = 0; l < 10; l++) open(course, `L${l}`, l < 2 ? ['a', 'b', 'rare'] : l % 2 === 0 ? ['a', 'b', 'c'] : ['a', 'elective', 'c'])
  expect(course.guess().filter((c) => !c.isSure).map((c) => c.id).sort()).toEqual(['elective', 'rare'].concat(course.guess().find((c) => c.id === 'b')?.isSure ? ['c'] : []).sort())
  const free = new CourseTally()
  const random = seeded(3)
  for (let l = 0; l < 50; l++) open(free, `L${l}`, ['a', 'b', 'c', 'd'].map((c) => ({ c, at: random() })).sort((x, y) => x.at - y.at).map((x) => x.c))
  expect(free.guess().filter((c) => c.isSure)).toHaveLength(1)
})

test('lengths: by the field, else where it was completed, else by nothing that is sure', () => {
  const course = new CourseTally()
  for (let l = 0; l < 10; l++) {
    open(course, `L${l}`, ['a'], { length: l === 0 ? 50 : 987.5 })
    open(course, `L${l}`, ['b'], { action: 'completed', position: 600 + l / 10 })
    open(course, `L${l}`, ['c'], { position: 100 * l })
    open(course, `L${l}`, ['d'], { length: 100 + l })
  }
  expect(course.guess().map((c) => [c.id, c.length?.seconds, c.length?.from, c.length?.isSure])).toEqual([['a', 987.5, 'length', true], ['b', 600.4, 'completed', true], ['c', 900, 'furthest', false], ['d', 100, 'length', false]])
})

test('a lesson that is attended and never played is practice', () => {
  const course = new CourseTally()
  for (const l of ['x', 'y', 'z']) {
    open(course, l, ['a'])
    open(course, l, ['workshop'], { action: 'attended' })
  }
  expect(course.guess().map((c) => [c.id, c.kind])).toEqual([['a', 'theory'], ['workshop', 'practice']])
})
