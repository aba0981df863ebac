import { expect, test } from 'vitest'
import { far, flag, number, record, ref } from '../base/record.ts'
import { Entry } from './entry.ts'
import { Table } from './table.ts'

const own = record({ seen: number(), class: ref<string>() })
const plays = record({ at: number(NaN), ...far({ playing: flag }), chapter: ref<string>() })
const rules = [{ state: plays }, undefined, { newState: () => ({ n: 0 }) }, { state: plays }]

type Plays = { at: number; playing: boolean; chapter: string | undefined }

function setUp() {
  const table = new Table(5, { own }, rules)
  const entry = (id: string) => new Entry(id, table)
  return { table, entry, first: table.state(0) as Plays, last: table.state(3) as Plays, mine: table.own(own) }
}

test('keys do not meet, however many there are, nor do the rules of one key', () => {
  const { table, entry, first, last, mine } = setUp()
  const all = Array.from({ length: 1000 }, (_, i) => entry(`k${i}`))
  all.forEach((e, i) => {
    table.enter(e)
    Object.assign(first, { at: i, chapter: `c${i}` })
    Object.assign(last, { at: -i, playing: i % 2 === 0 })
    ;(table.state(2) as { n: number }).n += i
    mine.seen = i + 0.5
    e.last = 7 * i
  })
  all.forEach((e, i) => {
    table.enter(e)
    expect([first.at, first.chapter, first.playing, last.at, last.playing, last.chapter, table.state(2), mine.seen, e.last]).toEqual(
      [i, `c${i}`, false, -i, i % 2 === 0, undefined, { n: i }, i + 0.5, 7 * i],
    )
  })
})

test('a row given back begins anew with its next key', () => {
  const { table, entry, first, mine } = setUp()
  const gone = entry('a')
  table.enter(gone)
  Object.assign(first, { at: 5, chapter: 'c1' })
  mine.class = 'k'
  table.remove(gone)
  const next = entry('b')
  table.enter(next)
  expect([next.row, next.last, first.at, first.chapter, mine.class]).toEqual([gone.row, -Infinity, NaN, undefined, undefined])
})

test('a key is new as long as no rule has state of it, and again when that is forgotten', () => {
  const { table, entry, first, mine } = setUp()
  const e = entry('a')
  table.enter(e)
  mine.seen = 3
  expect(table.isNew(e)).toBe(true)
  first.playing = true
  expect(table.isNew(e)).toBe(false)
  table.reset(e, 0)
  expect(table.isNew(e)).toBe(true)
  table.state(2)
  expect(table.isNew(e)).toBe(false)
  table.reset(e, 2)
  table.reset(e, 1)
  expect([table.isNew(e), mine.seen]).toEqual([true, 3])
  table.resetOwn(e, own)
  expect(mine.seen).toBe(0)
})
