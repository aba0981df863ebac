import { expect, test } from 'vitest'
import { seeded } from '../testing/five-platforms.ts'
import { Entry, Timers } from './entry.ts'
import { Table, TIMERS } from './table.ts'

const table = new Table(4, {}, [])
const entry = (id: string) => new Entry(id, table)

function fired(timers: Timers<Entry>, upTo: number): string[] {
  const out: string[] = []
  for (let due = timers.next(upTo); due; due = timers.next(upTo)) out.push(`${due.at} ${due.entry.id} ${due.slot}`)
  return out
}

test('timers fire in the order of time, key and slot, at or before the time given', () => {
  const timers = new Timers()
  const [a, b] = [entry('a'), entry('b')]
  timers.set(b, 0, 20)
  timers.set(a, 1, 20)
  timers.set(a, 0, 20)
  timers.set(b, 1, 10)
  timers.set(b, 2, 21)
  expect(timers.mayBeDue(9)).toBe(false)
  expect(fired(timers, 20)).toEqual(['10 b 1', '20 a 0', '20 a 1', '20 b 0'])
  expect(fired(timers, 30)).toEqual(['21 b 2'])
  expect(fired(timers, 30)).toEqual([])
})

test('a timer that is moved fires once, when it was moved to', () => {
  const timers = new Timers()
  const e = entry('e')
  timers.set(e, 0, 10)
  timers.set(e, 0, 30)
  expect(fired(timers, 29)).toEqual([])
  timers.set(e, 0, 40)
  timers.set(e, 0, 35)
  expect(fired(timers, 34)).toEqual([])
  expect(fired(timers, 100)).toEqual(['35 e 0'])
  expect(fired(timers, 100)).toEqual([])
})

test('a cancelled timer does not fire, and can be set again', () => {
  const timers = new Timers()
  const e = entry('e')
  timers.set(e, 0, 10)
  timers.set(e, 0, undefined)
  expect(fired(timers, 5)).toEqual([])
  timers.set(e, 0, 10)
  timers.set(e, 0, undefined)
  timers.set(e, 0, 12)
  expect(fired(timers, 20)).toEqual(['12 e 0'])
  timers.set(e, 0, 30)
  timers.set(e, 0, undefined)
  expect(fired(timers, 50)).toEqual([])
})

test('a timer set again while it fires is not lost, nor one earlier than it', () => {
  const timers = new Timers()
  const e = entry('e')
  timers.set(e, 0, 10)
  const out: number[] = []
  for (let due = timers.next(40); due; due = timers.next(40)) {
    out.push(due.at)
    timers.set(e, 0, due.at + 20)
    timers.set(e, 0, due.at + 10)
  }
  expect(out).toEqual([10, 20, 30, 40])
})

test('timers of an entry that was loaded go on; those of the entry before it find nothing', () => {
  const timers = new Timers()
  const e = entry('e')
  e.numbers[e.at + TIMERS + 2] = 30
  e.numbers[e.at + TIMERS + 6] = 10
  timers.restore(e, 4)
  expect(fired(timers, 20)).toEqual(['10 e 3'])
  expect(fired(timers, 30)).toEqual(['30 e 1'])
})

test('whatever is done to timers, each fires at the last time it was set to', () => {
  const random = seeded(9)
  const timers = new Timers()
  const entries = ['a', 'b', 'c'].map(entry)
  const want = new Map<string, number>()
  for (let now = 0; now < 3000; now++) {
    const due = fired(timers, now)
    const expected = [...want].filter(([, t]) => t <= now).map(([k, t]) => `${t} ${k}`)
    expect(due.slice().sort()).toEqual(expected.sort())
    for (const d of due) want.delete(d.slice(d.indexOf(' ') + 1))
    const one = entries[Math.floor(random() * 3)] as Entry
    const slot = Math.floor(random() * 3)
    const at = random() < 0.2 ? undefined : now + 1 + Math.floor(random() * 30)
    timers.set(one, slot, at)
    if (at === undefined) want.delete(`${one.id} ${slot}`)
    else want.set(`${one.id} ${slot}`, at)
  }
})
