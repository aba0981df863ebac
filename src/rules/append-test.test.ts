import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { InvigilError } from '../base/errors.ts'
import { appendTest } from './append-test.ts'

const one = { it: 'does not warn of w1', given: '08:00:00 played L1 chapter=c1\n', expect: [] }

test('a new file brings the test alone', () => {
  expect(parse(appendTest('', 'f', 'a', one))).toEqual([{ rule: 'a', tests: [one] }])
})

test('a file with the rule keeps what it says, comments too', () => {
  const text = '# ours\n- rule: b\n  params: { most: 2 } # as agreed\n- rule: a\n  tests:\n    - it: is old\n      given: |\n        08:00:00 played L1 chapter=old\n      expect: []\n'
  const made = appendTest(text, 'f', 'a', one)
  expect(made).toContain('# ours')
  expect(made).toContain('params: { most: 2 } # as agreed')
  expect((parse(made) as { tests?: unknown[] }[])[1]?.tests).toHaveLength(2)
  expect((parse(appendTest(made, 'f', 'b', one)) as { tests?: unknown[] }[])[0]).toEqual({ rule: 'b', params: { most: 2 }, tests: [one] })
  expect(parse(appendTest(text, 'f', 'c', one))).toHaveLength(3)
  // The same dismissal twice is one test.
  expect(appendTest(made, 'f', 'a', one)).toBe(made)
})

test('what is no rules file is left alone', () => {
  expect(() => appendTest('a: 1\n', 'f.yaml', 'a', one)).toThrow(InvigilError)
  expect(() => appendTest('- a: [\n', 'f.yaml', 'a', one)).toThrow(InvigilError)
})
