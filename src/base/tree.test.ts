import { expect, test } from 'vitest'
import { overlay, parseTree, partOf, valueOf, whereAt, whereInside, type Tree } from './tree.ts'

function tree(text: string): Tree {
  const { tree, problems } = parseTree('a.yaml', text)
  expect(problems).toEqual([])
  return tree as Tree
}

test('a value knows where it was written', () => {
  const t = tree('- rule: a\n  params:\n    most: 3\n  tests: [x, y]\n')
  expect(valueOf(t)).toEqual([{ rule: 'a', params: { most: 3 }, tests: ['x', 'y'] }])
  expect(whereAt(t, [0, 'params', 'most'])).toEqual({ file: 'a.yaml', line: 3, column: 11 })
  expect(whereAt(t, [0, 'params', 'most'], true)).toEqual({ file: 'a.yaml', line: 3, column: 5 })
  expect(whereAt(t, [0, 'tests', 1])).toEqual({ file: 'a.yaml', line: 4, column: 14 })
  // What is missing is where it should be.
  expect(whereAt(t, [0, 'params', 'least'])).toEqual({ file: 'a.yaml', line: 2, column: 3 })
})

test.each([
  ['plain', 'k: ab cd', 3, { line: 1, column: 7 }],
  ['quoted', 'k: "ab cd"', 3, { line: 1, column: 8 }],
  ['escaped', 'k: "a\\"b cd"', 4, { line: 1, column: 4 }],
  ['a block', 'k: |  # text\n\n    ab\n    cd ef\n', 7, { line: 4, column: 8 }],
  ['a block with CRLF', 'k: |\r\n    ab\r\n    cd ef\r\n', 6, { line: 3, column: 8 }],
  ['folded', 'k: >-\n  ab\n  cd\n', 3, { line: 1, column: 4 }],
])('a place inside text: %s', (_, text, offset, expected) => {
  expect(whereInside(partOf(tree(text), ['k']) as Tree, offset)).toEqual({ file: 'a.yaml', ...expected })
})

test('maps merge, lists replace or are appended, null takes away', () => {
  const under = tree('{ a: 1, m: { x: 1, y: 2 }, l: [1], k: [1], gone: 5 }')
  const over = tree('{ b: 2, m: { y: 3 }, l: [2], k: [2], gone: }')
  expect(valueOf(overlay(under, over, new Set(['k'])))).toEqual({ a: 1, b: 2, m: { x: 1, y: 3 }, l: [2], k: [1, 2] })
})

test('aliases are followed, and neither loops nor floods', () => {
  expect(valueOf(tree('{ a: &x [1, 2], b: *x }'))).toEqual({ a: [1, 2], b: [1, 2] })
  expect(parseTree('a.yaml', 'a: &x [*x]').problems[0]?.message).toBe('nested too deep')
  const flood = ['a0: &a0 [1]', ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`)].join('\n')
  expect(parseTree('a.yaml', flood).problems.some((p) => p.message === 'too many aliases')).toBe(true)
})

test.each([
  ['a: [1\nb: 2', 'yaml: flow sequence in block collection'],
  ['a: 1\na: 2', 'yaml: map keys must be unique'],
  ['a: !thing x', 'yaml: unresolved tag: !thing'],
  ['a: 1\n---\nb: 2', 'a second YAML document in one file'],
  ['? [a]\n: 1', 'a key must be plain text'],
  ['a: *x', 'unknown alias `x`'],
])('%j is a problem', (text, message) => {
  const { problems } = parseTree('a.yaml', text)
  expect(problems[0]?.message).toContain(message)
  expect(problems[0]?.line).toBeGreaterThan(0)
})

test('a text without content is no tree and no problem', () => {
  expect(parseTree('a.yaml', '# nothing\n')).toEqual({ tree: undefined, problems: [] })
})
