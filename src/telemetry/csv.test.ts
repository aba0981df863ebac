import { parse } from 'csv-parse/sync'
import { fc } from '../testing/fuzz.ts'
import { expect, test } from 'vitest'
import { splitRow } from './csv.ts'

test.each([
  ['a,b', ['a', 'b']],
  ['', ['']],
  [',', ['', '']],
  ['"a,b",c', ['a,b', 'c']],
  ['"a ""b""",', ['a "b"', '']],
  ['"a\nb","\r\n"', ['a\nb', '\r\n']],
  ['""', ['']],
  ['a 5" pipe,b', ['a 5" pipe', 'b']],
  ['学员,"课程, 一"', ['学员', '课程, 一']],
  ['"a', undefined],
  ['x,"a""', undefined],
  ['"a"b,c', undefined],
])('%j', (row, fields) => {
  expect(splitRow(row, ',')).toEqual(fields)
})

test('any fields come back as they were written, and as csv-parse reads them', () => {
  // The other reader needs a mark of the end that no field has.
  const end = '\u{10FFFF}'
  const field = fc.oneof(fc.string(), fc.stringMatching(/^[",;\n\r a]*$/), fc.string({ unit: 'binary' })).filter((f) => !f.includes(end))
  fc.assert(fc.property(fc.array(field, { minLength: 1, maxLength: 6 }), fc.constantFrom(',', ';', '\t'), fc.boolean(), (fields, delimiter, always) => {
    const row = fields.map((f) => (always || /[",;\t\r\n]/.test(f) ? `"${f.replaceAll('"', '""')}"` : f)).join(delimiter)
    expect(splitRow(row, delimiter)).toEqual(fields)
    if (row !== '') expect(parse(row, { delimiter, record_delimiter: end })).toEqual([fields])
  }))
})

test('whatever the bytes, there are fields or there are none', () => {
  fc.assert(fc.property(fc.stringMatching(/^[",a]{0,12}$/), (row) => {
    const fields = splitRow(row, ',')
    let expected: string[] | undefined
    try {
      expected = parse(row, { record_delimiter: '\n' })[0] ?? ['']
    } catch {
      // It refuses a quote within a bare field, too.
      expected = undefined
    }
    if (expected !== undefined) expect(fields).toEqual(expected)
    if (fields === undefined) expect(expected).toBeUndefined()
  }))
})
