import { array, assert, constantFrom, jsonValue, property, string } from '../testing/fuzz.ts'
import { expect, test } from 'vitest'
import { linesOf, membersOf } from './split.ts'

const texts = (ranges: Iterable<{ start: number; end: number }>, body: Buffer): string[] => [...ranges].map(({ start, end }) => body.toString('utf8', start, end))
const lines = (text: string): string[] => {
  const body = Buffer.from(text)
  return texts(linesOf(body), body)
}
const members = (text: string): string[] => {
  const body = Buffer.from(text)
  return texts(membersOf(body), body)
}

test('lines, whatever they end with, without the blank ones and with the numbers that an editor shows', () => {
  const body = Buffer.from('\uFEFF{"a":1}\r\n\n  \t\n{"b":2}')
  expect([...linesOf(body)].map(({ start, end, line }) => [line, body.toString('utf8', start, end)])).toEqual([[1, '{"a":1}'], [4, '{"b":2}']])
  expect(lines('')).toEqual([])
})

test.each([
  ['an empty list', ' [ ]\n', []],
  ['nothing', ' \n', []],
  ['one object', '\uFEFF {"a":[1,{"b":2}]}\n', ['{"a":[1,{"b":2}]}']],
  ['brackets and commas in text', '[{"a":"],[}\\""},{"b":"\\\\"}]', ['{"a":"],[}\\""}', '{"b":"\\\\"}']],
  ['line breaks between parts become spaces, since a record is a line', '[{\n"a":1\r\n},\n2 ]', ['{ "a":1  }', '2']],
  ['a line break in a text stays, and is no JSON', '["a\nb"]', ['"a\nb"']],
  ['what is no JSON is still a member for the decoder to reject', '[{"a":}, oh, {}]', ['{"a":}', 'oh', '{}']],
])('%s', (_, body, expected) => {
  expect(members(body)).toEqual(expected)
})

test.each([
  ['cut short', '[{"a":1},{"b"'],
  ['without its end', '[{"a":1}'],
  ['with a hole', '[1,,2]'],
  ['with a comma at its end', '[1,]'],
  ['with something behind it', '[1] 2'],
  ['followed by another', '{"a":1}\n{"b":2}'],
])('a list %s is refused', (_, body) => {
  expect(() => members(body)).toThrow(/the body is no list in JSON/)
})

test('every list of values comes apart into its members', () => {
  assert(property(array(jsonValue()), constantFrom(undefined, 1, '\t'), (list, space) => {
    expect(members(JSON.stringify(list, undefined, space)).map((m) => JSON.parse(m) as unknown)).toEqual(JSON.parse(JSON.stringify(list)))
  }))
})

test('no bytes make it crash: they come apart, or are refused', () => {
  assert(property(string({ unit: constantFrom('[', ']', '{', '}', '"', '\\', ',', '\n', ' ', '1', 'é') }), (text) => {
    try {
      members(text)
    } catch (e) {
      expect((e as Error).name).toBe('Refusal')
    }
    lines(text)
  }), { numRuns: 2000 })
})
