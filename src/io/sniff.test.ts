import { expect, test } from 'vitest'
import { delimiterOf, isDocument, markedEncoding } from './sniff.ts'

const event = { id: 'e1', time: 'x', a: [1, { b: '[' }] }

test.each([
  ['a list over lines', JSON.stringify([event, event], null, 2)],
  ['a list with an event a line', `[\n${JSON.stringify(event)},\n${JSON.stringify(event)}\n]`],
  ['the same with the bracket before it', `[${JSON.stringify(event)},\n${JSON.stringify(event)}]`],
  ['the same with the comma before it', `[${JSON.stringify(event)}\n,${JSON.stringify(event)}]`],
  ['an export over lines', JSON.stringify({ statements: [event], more: '' }, null, 2)],
  ['an event over lines', JSON.stringify(event, null, '\t')],
  ['CRLF, a mark and blank lines', `\uFEFF\r\n\r\n${JSON.stringify([event], null, 2).replaceAll('\n', '\r\n')}`],
  ['brackets of their own', '{\n}'],
  ['a value in a line of its own', '{"a":\n1}'],
])('a document: %s', (_, text) => {
  expect(isDocument(text, true)).toBe(true)
})

test.each([
  ['nothing', ''],
  ['lines', `${JSON.stringify(event)}\n${JSON.stringify(event)}\n`],
  ['a line without its end', JSON.stringify(event)],
  ['lists in lines', `[${JSON.stringify(event)}]\n[]\n`],
  ['an export in one line', JSON.stringify({ statements: [event] })],
  ['no JSON', 'time,learner\n1,2\n'],
])('lines: %s', (_, text) => {
  expect(isDocument(text, true)).toBe(false)
})

test('a first line that was torn at any place does not make lines a document', () => {
  const line = JSON.stringify(event)
  for (let n = 1; n <= line.length; n++) expect([n, isDocument(`${line.slice(0, n)}\n${line}\n${line}\n`, true)]).toEqual([n, false])
})

test('a line without end', () => {
  const beginning = JSON.stringify({ statements: [event, event] }).slice(0, 60)
  expect([isDocument(beginning, false), isDocument(beginning, true), isDocument('[{"a"', false), isDocument('{"a":"x', false)]).toEqual([true, false, true, false])
})

test.each([['a,b;c,d\n', ','], ['a;b;c\n1,5;2,3;', ';'], ['a\tb', '\t'], ['"a;b;c;d",e\n', ','], ['"a\n;";b', ';'], ['a', ','], ['', ','], ['\uFEFFa|b|c\n', '|']])('the delimiter of %j', (head, expected) => {
  expect(delimiterOf(head)).toBe(expected)
})

test('marks', () => {
  expect([markedEncoding(Buffer.from('\uFEFFx', 'utf16le')), markedEncoding(Buffer.from([0xfe, 0xff])), markedEncoding(Buffer.from('\uFEFF'))]).toEqual(['utf-16le', 'utf-16be', undefined])
})
