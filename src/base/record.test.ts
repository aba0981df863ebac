import { expect, test } from 'vitest'
import { Cursor, far, flag, number, plainNumber, rare, record, ref, series, setPlainNumber } from './record.ts'

const shape = record({ at: number(-Infinity), device: ref<string>(), raised: flag, count: number(), others: ref<number[]>() })

test('a new record has its initial values', () => {
  const r = shape.make()
  expect([r.at, r.device, r.raised, r.count, r.others]).toEqual([-Infinity, undefined, false, 0, undefined])
})

test('fields are read as they were written', () => {
  const r = shape.make()
  Object.assign(r, { at: 1.5, device: 'd1', raised: true, others: [1] })
  r.count++
  expect([r.at, r.device, r.raised, r.count, r.others]).toEqual([1.5, 'd1', true, 1, [1]])
  r.raised = false
  expect(r.raised).toBe(false)
})

test('views of one cursor move from row to row, each to its own part', () => {
  const cursor = new Cursor()
  const [first, second] = [shape.view(cursor, { numbersFrom: 1, farFrom: 0, refsFrom: 0, raresFrom: 0 }), shape.view(cursor, { numbersFrom: 4, farFrom: 0, refsFrom: 2, raresFrom: 1 })]
  const numbers = Float64Array.from({ length: 16 }, (_, i) => i)
  const stand = (at: number, refs: unknown[]) => Object.assign(cursor, { numbers, at, refs })
  stand(0, ['a', undefined, 'b', [1]])
  expect([first.at, first.count, second.at, second.count, second.raised, first.device, second.device, second.others]).toEqual([1, 3, 4, 6, false, 'a', 'b', [1]])
  stand(8, ['c', undefined, 'd', undefined])
  second.count = 70
  second.device = 'e'
  expect([first.at, second.count, numbers[14], first.device, cursor.refs]).toEqual([9, 70, 70, 'c', ['c', undefined, 'e', undefined]])
})

test.each(['Upper', '$c', 'two words', 'constructor', 'a]; process.exit() //'])('%j is no name of a field', (name) => {
  expect(() => record({ [name]: number() })).toThrow('is no name of a field')
})

test('what is rare takes room only while it is there', () => {
  const cursor = new Cursor()
  cursor.width = 4
  const shape = record({ chain: rare<{ n: number }>(), open: rare<string>() })
  const [first, second] = [shape.view(cursor, { numbersFrom: 0, farFrom: 0, refsFrom: 0, raresFrom: 0 }), shape.view(cursor, { numbersFrom: 0, farFrom: 0, refsFrom: 0, raresFrom: 2 })]
  first.open = undefined
  expect([first.open, cursor.row.rares]).toEqual([undefined, undefined])
  first.chain = { n: 1 }
  second.open = 'yes'
  expect([first.chain, first.open, second.chain, second.open]).toEqual([{ n: 1 }, undefined, undefined, 'yes'])
  cursor.row = { rares: undefined }
  expect([first.chain, second.open]).toEqual([undefined, undefined])
  second.chain = { n: 2 }
  second.chain = undefined
  expect(cursor.row.rares).toBe(undefined)
})

test('a series lies among the numbers of its row, in every row', () => {
  const shape = record({ before: number(7), bins: series(3), after: number(8), runs: series(1) })
  expect([shape.numbers, shape.initial]).toEqual([['before', 'bins.0', 'bins.1', 'bins.2', 'after', 'runs.0'], [7, 0, 0, 0, 8, 0]])
  const cursor = new Cursor()
  cursor.numbers = Float64Array.from({ length: 16 }, (_, i) => i)
  const r = shape.view(cursor, { numbersFrom: 1, farFrom: 0, refsFrom: 0, raresFrom: 0 })
  const { bins } = r
  expect([r.before, bins.get(0), bins.get(2), r.after, r.runs.get(0), bins.length]).toEqual([1, 2, 4, 5, 6, 3])
  cursor.at = 8
  bins.set(1, 50)
  bins.add(1, 0.5)
  expect([bins.get(0), bins.get(1), cursor.numbers[11]]).toEqual([10, 50.5, 50.5])
  bins.scale(2)
  expect([...cursor.numbers.subarray(9, 14)]).toEqual([9, 20, 101, 24, 13])
})

test('as plain data a series is an array', () => {
  const plain: Record<string, unknown> = {}
  for (const [i, name] of ['at', 'bins.0', 'bins.1'].entries()) setPlainNumber(plain, name, i + 1)
  expect(plain).toEqual({ at: 1, bins: [2, 3] })
  expect(['at', 'bins.0', 'bins.1', 'bins.2', 'gone.0', 'gone'].map((name) => plainNumber(plain, name))).toEqual([1, 2, 3, undefined, undefined, undefined])
})

test('a record of several parts has all of their fields, and no name twice', () => {
  const both = record({ one: number(1) }, { two: flag }, { three: ref<string>() })
  expect([both.numbers, both.refs, both.make().one]).toEqual([['one', 'two'], ['three'], 1])
  expect(() => record({ one: number(1), next: number() }, { next: number(0) })).toThrow('two parts of a record have the field `next`')
})

test('far numbers lie in another row, and are named last', () => {
  const shape = record({ a: number(1), ...far({ b: number(2), c: flag, d: series(2) }), e: number(5), f: ref<string>() })
  expect([shape.numbers, shape.near, shape.initial]).toEqual([['a', 'e', 'b', 'c', 'd.0', 'd.1'], 2, [1, 5, 2, 0, 0, 0]])
  const own = shape.make()
  expect([own.a, own.b, own.c, own.d.get(1), own.e]).toEqual([1, 2, false, 0, 5])
  const cursor = new Cursor()
  cursor.numbers = Float64Array.from({ length: 8 }, (_, i) => i)
  cursor.far.numbers = Float64Array.from({ length: 16 }, (_, i) => 100 + i)
  const r = shape.view(cursor, { numbersFrom: 2, farFrom: 3, refsFrom: 0, raresFrom: 0 })
  const { d } = r
  expect([r.a, r.e, r.b, d.get(0), d.get(1)]).toEqual([2, 3, 103, 105, 106])
  Object.assign(cursor, { at: 4 })
  Object.assign(cursor.far, { at: 8 })
  r.b = 7
  r.c = true
  d.add(1, 1)
  expect([r.a, r.b, r.c, [...cursor.far.numbers.subarray(11, 15)]]).toEqual([6, 7, true, [7, 1, 113, 115]])
})
