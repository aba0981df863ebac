import { expect, test } from 'vitest'
import { clip, columnsOf, printable, width, wrap } from './text.ts'

test('what is no terminal takes lines of any length', () => {
  expect([columnsOf({}), columnsOf({ isTTY: true, columns: 80 }), columnsOf({ isTTY: true, columns: 0 }), columnsOf({ columns: 80 })]).toEqual([Infinity, 80, Infinity, Infinity])
})

test('what would steer a terminal or hide is shown as an escape', () => {
  expect(printable('a\u001b[2J\n\u202eb\u009b')).toBe('a\\u001b[2J\\u000a\\u202eb\\u009b')
  expect(printable('学员 é 😀')).toBe('学员 é 😀')
})

test('Chinese takes two columns a character, a combining mark none', () => {
  expect([width('abc'), width('学员'), width('e\u0301'), width('😀')]).toEqual([3, 4, 1, 2])
})

test.each([
  ['short', 10, 'short'],
  ['exactly10!', 10, 'exactly10!'],
  ['eleven long', 10, 'eleven lo…'],
  ['学员甲乙丙丁', 10, '学员甲乙…'],
  ['学员甲乙丙', 10, '学员甲乙丙'],
])('%s in %i columns', (text, most, expected) => {
  expect(clip(text, most)).toBe(expected)
})

test('lines are broken at spaces, and what follows is indented', () => {
  expect(wrap('  one two three four', 12)).toBe('  one two\n    three\n    four')
  expect(wrap('as it  is', 80)).toBe('as it  is')
  expect(wrap('averyveryverylongword b', 8)).toBe('averyveryverylongword\n  b')
})
