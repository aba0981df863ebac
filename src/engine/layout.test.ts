import { expect, test } from 'vitest'
import { z } from 'zod'
import { far, flag, number, record, series, type Series, type Shape } from '../base/record.ts'
import { ruleOf } from '../testing/drive.ts'
import { rowBytes } from '../testing/row-bytes.ts'
import { defineDetector } from './detector.ts'
import { Entry } from './entry.ts'
import { layoutOf, mostRowBytes, RowReader, writeRow } from './layout.ts'
import { LAST, Table, TIMERS, type Row } from './table.ts'

const shape = record({ none: number(NaN), zero: number(0), before: number(-Infinity), seven: number(7), yes: flag, other: number(-1) })
const tableOf = () => new Table(1, { own: shape }, [])
const rowOf = (table: Table): Row => {
  const row = { numbers: new Float64Array(0), at: 0, row: 0, refs: [], rares: undefined }
  table.add(row)
  return row
}
const numbersOf = (table: Table, row: Row) => [...row.numbers.subarray(row.at, row.at + table.rows.width)]

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => new DataView(buffer, byteOffset, byteLength)

function back(table: Table, bytes: Uint8Array, to: Table): number[] {
  const row = rowOf(to)
  new RowReader(layoutOf(table, []), to, []).read(row, viewOf(bytes), 0, () => ({ refs: [], rares: undefined }))
  return numbersOf(to, row)
}

test.each<[string, readonly number[]]>([
  ['a new row', [-Infinity, 0, 0, NaN, 0, -Infinity, 7, 0, -1]],
  ['every number another', [1.5, 2, 0, 0, NaN, 5, NaN, 1, 1e300]],
  ['a zero that is negative, and NaN where there was a number', [17, 0, 0, NaN, -0, -Infinity, NaN, 0, -0]],
  ['the first and the last', [1, 0, 0, NaN, 0, -Infinity, 7, 0, 5]],
])('a row is saved and read: %s', (_, numbers) => {
  const table = tableOf()
  rowOf(table)
  const row = rowOf(table)
  row.numbers.set(numbers, row.at)
  const bytes = rowBytes(table, row)
  const out = Buffer.alloc(3 + mostRowBytes(table), 0xff)
  expect(writeRow(table, row, out, 3)).toBe(bytes.length)
  expect(Buffer.from(bytes).equals(out.subarray(3, 3 + bytes.length))).toBe(true)
  expect(back(table, bytes, tableOf())).toEqual(numbers)
})

test('which timers are queued is not saved', () => {
  const table = tableOf()
  const row = rowOf(table)
  row.numbers[row.at + TIMERS] = 99
  row.numbers[row.at + TIMERS + 1] = 99
  const read = back(table, rowBytes(table, row), tableOf())
  expect([read[TIMERS], read[TIMERS + 1]]).toEqual([99, 0])
})

test('what was new when it was saved is so afterwards, though a new row is another today', () => {
  const table = tableOf()
  const row = rowOf(table)
  row.numbers[row.at + LAST] = 1000
  const today = new Table(1, { own: record({ seven: number(8), added: number(3), none: number(0), other: number(-1) }) }, [])
  expect(back(table, rowBytes(table, row), today)).toEqual([1000, 0, 0, 7, 3, NaN, -1])
})

interface Bins {
  n: number
  bins: Series
}

function ruleWith(state: Shape<Bins>, version: number, migrate?: (state: unknown) => unknown) {
  return ruleOf(defineDetector<z.ZodObject, Bins, object>({
    name: 'bins', version, migrations: migrate ? { 1: migrate } : {}, summary: '', stage: 'learner', params: z.object({}), actions: [], needs: [], state,
    onEvent: () => undefined, explain: () => ({ en: '', zh: '' }),
  }))
}

test('a series is saved as its numbers, and migrations get and give it as an array', () => {
  const older = ruleWith(record({ n: number(1), bins: series(2) }), 1)
  const before = new Table(2, {}, [older.detector])
  const saved = new Entry('L', before)
  before.enter(saved)
  const state = before.state(0) as Bins
  state.n = 5
  state.bins.set(0, 6)
  state.bins.set(1, 7)
  const given: unknown[] = []
  const newer = ruleWith(record({ bins: series(3), n: number(1) }), 2, (old) => {
    given.push(old)
    return { n: 50, bins: [...(old as { bins: number[] }).bins, 8] }
  })
  const after = new Table(2, {}, [newer.detector])
  const loaded = new Entry('L', after)
  const reader = new RowReader(layoutOf(before, [older]), after, [newer])
  reader.read(loaded, viewOf(rowBytes(before, saved)), 0, () => ({ refs: [], rares: undefined }))
  after.enter(loaded)
  const { n, bins } = after.state(0) as Bins
  expect(given).toEqual([{ n: 5, bins: [6, 7] }])
  expect([reader.same, n, bins.get(0), bins.get(1), bins.get(2)]).toEqual([false, 50, 6, 7, 8])
})

interface Four extends Bins {
  first: number
  last: number
}
const four = { first: number(1), n: number(NaN), bins: series(2), last: number(3) }
const { first, n, bins, last } = four
/** The same fields, near and far. */
const shapes: Readonly<Record<string, Shape<Four>>> = {
  'all near': record(four), 'some far': record({ first, ...far({ n, bins }), last }), 'others far': record({ n, bins, ...far({ first, last }) }), 'all far': record(far(four)),
}

test.each(Object.keys(shapes).flatMap((from) => Object.keys(shapes).map((to) => [from, to])))('far numbers are saved and read: from %s to %s', (from, to) => {
  const [before, after] = [from, to].map((name) => {
    const rule = ruleWith(shapes[name] as Shape<Bins>, 1)
    const table = new Table(2, { own: shape }, [rule.detector, rule.detector])
    return { table, rules: [rule, { ...rule, id: 'other' }] }
  }) as [{ table: Table; rules: ReturnType<typeof ruleWith>[] }, { table: Table; rules: ReturnType<typeof ruleWith>[] }]
  const states = (table: Table, entry: Entry) => {
    table.enter(entry)
    return [0, 1].map((slot) => table.state(slot) as Four)
  }
  const saved = ['K', 'L'].map((id) => new Entry(id, before.table))[1] as Entry
  states(before.table, saved).forEach((state, slot) => {
    state.n = 5 + slot
    state.bins.set(1, 7 + slot)
    state.last = -0
  })
  const layout = layoutOf(before.table, before.rules)
  // As it was written before some were far.
  if (from === 'all near') for (const part of [...layout.own, ...layout.rules]) delete part?.near
  const loaded = ['J', 'K', 'L'].map((id) => new Entry(id, after.table))[2] as Entry
  new RowReader(layout, after.table, after.rules).read(loaded, viewOf(rowBytes(before.table, saved)), 0, () => ({ refs: [], rares: undefined }))
  expect(states(after.table, loaded).map((s) => [s.first, s.n, s.bins.get(0), s.bins.get(1), s.last])).toEqual([[1, 5, 0, 7, -0], [1, 6, 0, 8, -0]])
})
