import { parse } from 'csv-parse/sync'
import { array, assert, property, string } from '../testing/fuzz.ts'
import { expect, test } from 'vitest'
import { CSV_BEGIN, csvLine, unmarked, type CsvCell } from './csv.ts'

const readBack = (text: string): string[][] => parse(text, { bom: true, relaxColumnCount: true })

test.each([
  ['plain', ['L1', 3, -2.5, true, undefined, Number.NaN], 'L1,3,-2.5,true,,'],
  ['a comma, quotes and a line break', ['a,b', 'say "so"', 'two\r\nlines'], '"a,b","say ""so""","two\r\nlines"'],
  ['formulas', ['=1+1', '+1', '-1', '@SUM(A1)', '|cmd', ' =1', '＝1+1', '＠x'], `'=1+1,'+1,'-1,'@SUM(A1),'|cmd,' =1,'＝1+1,'＠x`],
  ['a formula behind a tab or line break', ['\t=1', '\n=1'], `"'\t=1","'\n=1"`],
  ['ids that a spreadsheet would change', ['530102199001011234', '007', '1e5', '1-2', '3/4', '2026-03'], "'530102199001011234,'007,'1e5,'1-2,'3/4,'2026-03"],
  ['what it would not', ['123', '0', '2026-03-02', '2026-03-02T08:00:00Z', 'YX00011', '1.5', '第一章', '10.0.0.1'], '123,0,2026-03-02,2026-03-02T08:00:00Z,YX00011,1.5,第一章,10.0.0.1'],
  ['an apostrophe', ["'tis"], "''tis"],
  ['another separator', ['a;=1'], '"a;=1"'],
] as [string, CsvCell[], string][])('%s', (_, cells, expected) => {
  expect(csvLine(cells)).toBe(`${expected}\r\n`)
})

test('whatever is written is read back: the text, or the text behind one apostrophe', () => {
  assert(property(array(string({ unit: 'binary', minLength: 1 }), { minLength: 1 }), (cells) => {
    const read = readBack(`${CSV_BEGIN}${csvLine(['head'])}${csvLine(cells)}`)[1] as string[]
    expect(read.map((text) => (text.startsWith("'") ? text.slice(1) : text))).toEqual(cells)
    expect(read.map(unmarked)).toEqual(cells)
    for (const text of read) expect(text).not.toMatch(/^[=+\-@\t\r]/)
  }))
})

test('what nobody marked stays as it is', () => {
  expect(["'tis", 'x', "'", ''].map(unmarked)).toEqual(["'tis", 'x', "'", ''])
})
