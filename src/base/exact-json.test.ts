import { array, assert, bigInt, dictionary, double, jsonValue, letrec, oneof, property, string } from '../testing/fuzz.ts'
import { expect, test } from 'vitest'
import { parseExactly } from './exact-json.ts'

test.each([
  ['an identity number without quotes', '{"id":530102199001011234}', { id: '530102199001011234' }],
  ['the largest number that is exact, and the next', '[9007199254740991,9007199254740992]', [9007199254740991, '9007199254740992']],
  ['below zero', '[-9223372036854775808 ,1]', ['-9223372036854775808', 1]],
  ['alone', '1234567890123456789', '1234567890123456789'],
  ['in a text, behind an escaped quote', '{"a\\" 1234567890123456789":"x: 1234567890123456789"}', { 'a" 1234567890123456789': 'x: 1234567890123456789' }],
  ['no whole numbers', '[0.1234567890123456789,12345678901234567.5,1e30,1.5E+20]', [0.12345678901234568, 12345678901234568, 1e30, 1.5e20]],
  ['stamps in microseconds', '{"ts": 1772409600000000}', { ts: 1772409600000000 }],
])('%s', (_, text, expected) => {
  expect(parseExactly(text)).toEqual(expected)
})

test.each(['{"a":0530102199001011234}', '{"a":5301021990010112345301021990010112', '["1234567890123456789', '[1234567890123456789 "x"]', '"\\'])('no JSON stays none: %s', (text) => {
  expect(() => parseExactly(text)).toThrow(SyntaxError)
})

test('all that is JSON is read as before, but for whole numbers that would be rounded', () => {
  const { value } = letrec<{ value: unknown }>((tie) => ({ value: oneof({ maxDepth: 3 }, jsonValue(), bigInt(), double({ noNaN: true, noDefaultInfinity: true }), array(tie('value')), dictionary(string(), tie('value'))) }))
  const isExact = (n: bigint): boolean => Number.isSafeInteger(Number(n))
  const written = (of: unknown): string => JSON.stringify(of, (_, v: unknown) => (typeof v === 'bigint' ? `big:${v}` : v)).replaceAll(/"big:(-?\d+)"/g, '$1')
  const read = (of: unknown): unknown => JSON.parse(JSON.stringify(of, (_, v: unknown) => (typeof v === 'bigint' ? (isExact(v) ? Number(v) : String(v)) : typeof v === 'number' && Number.isInteger(v) && !Number.isSafeInteger(v) && !String(v).includes('e') ? String(v) : v)))
  assert(property(value, (of) => {
    expect(parseExactly(written(of))).toEqual(read(of))
  }))
})

test('a text that is never closed costs one pass', () => {
  const before = performance.now()
  expect(() => parseExactly(`[1234567890123456789,"${'\\"'.repeat(500_000)}`)).toThrow(SyntaxError)
  expect(performance.now() - before).toBeLessThan(2000)
})
