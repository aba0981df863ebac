import { expect, test } from 'vitest'
import { sampleDetectors, sampleRegulation, sampleRules } from '../testing/sample-rules.ts'
import { loadRules } from './load.ts'
import { runTests, type TestResult } from './run-tests.ts'
import { mismatch } from './test-run.ts'

/** Runs the sample rules, and over them what is given. */
function run(...overlays: string[]): TestResult[] {
  const base = [{ path: 'regulations/testland.yaml', text: sampleRegulation }, { path: 'a.yaml', text: sampleRules }]
  const sources = [{ dir: 'd', files: base }, ...overlays.map((text, i) => ({ dir: `o${i}`, files: [{ path: `o${i}/a.yaml`, text }] }))]
  return runTests(loadRules(sources, { detectors: sampleDetectors }))
}

/** What becomes of one test laid over the rule `often`. */
function failure(body: string, more = ''): string | undefined {
  return run(`- rule: often\n${more}  tests:\n    - it: tried\n${body}`).find((r) => r.it === 'tried')?.failure
}

const three = '      given: |\n        08:00:00 played L1 chapter=c1\n        08:00:10 played L1 chapter=c2\n        08:00:20 played L1 chapter=c3\n'

test('the tests of the sample rules pass, in order of rule', () => {
  expect(run().map((r) => [r.rule, r.it, r.failure])).toEqual([
    ['address', 'warns of two', undefined], ['often', 'warns at the third play', undefined], ['often', 'does not warn at the second', undefined],
  ])
})

test('only one rule', () => {
  const bundle = loadRules([{ dir: 'd', files: [{ path: 'regulations/t.yaml', text: sampleRegulation }, { path: 'a.yaml', text: sampleRules }] }], { detectors: sampleDetectors })
  expect(runTests(bundle, 'address').map((r) => r.it)).toEqual(['warns of two'])
})

test("a rule's own tests run on it as shipped, those of an overlay on the effective rule", () => {
  const results = run('- rule: often\n  params: { most: 5 }\n  tests:\n    - { it: warns no more, expect: [], given: "08:00:00 played L1 chapter=c1\\n08:00:01 played L1 chapter=c1\\n08:00:02 played L1 chapter=c1" }\n')
  expect(results.map((r) => [r.where.file, r.failure])).toEqual([['a.yaml', undefined], ['a.yaml', undefined], ['a.yaml', undefined], ['o0/a.yaml', undefined]])
})

test('the latest revision of each warning counts, in the order of begin', () => {
  const given = '      given: |\n' + ['L2', 'L1'].flatMap((l, i) => [0, 1, 2, 3].map((n) => `        08:0${i}:0${n} played ${l} chapter=c${n}\n`)).join('')
  expect(failure(`${given}      expect: [{ subject: { id: L2 }, facts: { plays: 4 } }, { subject: { id: L1 }, revision: 2 }]\n`)).toBe(undefined)
})

test('a failure shows what was expected and what came', () => {
  const wrong = failure(`${three}      expect: [{ subject: { id: L1 }, facts: { plays: 4 } }]\n`)
  expect(wrong).toMatch(/^warning 1\.facts\.plays is 3, not 4\nexpected:\n  - \{"facts":\{"plays":4\},"subject":\{"id":"L1"\}\}\nactual:\n  - \{"begin":"2026-03-02T08:00:00.000Z"/)
  expect(failure(`${three}      expect: []\n`)).toMatch(/^0 warnings expected, 1 raised\nexpected: nothing\nactual:\n  - /)
  expect(failure('      given: ""\n      expect: [{}]\n')).toBe('1 warning expected, 0 raised\nexpected:\n  - {}\nactual: nothing')
})

test('an exemption, a scope and an unless hold in tests', () => {
  const demo = three.replaceAll('L1', 'demo')
  expect(failure(`${demo}      expect: []\n`)).toBe(undefined)
  expect(failure(`${demo}      date: 2026-03-03\n      expect: [{}]\n`)).toBe(undefined)
  // The days are those of the class in the test's own catalogue: 16:00 UTC is the next day there.
  const zone = '      catalogue: { classes: [{ id: k1, platform: p1, timeZone: Asia/Shanghai, learners: [demo] }] }\n'
  expect(failure(`${demo.replaceAll('08:', '16:')}${zone}      expect: [{}]\n`)).toBe(undefined)
  expect(failure(`${three}      expect: []\n`, '  scope: platform != "p1"\n')).toBe(undefined)
  expect(failure(`${three}      platform: p2\n      expect: [{ subject: { platform: p2 } }]\n`, '  scope: platform != "p1"\n')).toBe(undefined)
  expect(failure(`${three}      expect: []\n`, '  unless: facts.plays < 4\n')).toBe(undefined)
})

test('a mark lets time pass: what comes later but is older is late', () => {
  const late = '      given: |\n        08:00:00 played L1 chapter=c1\n        08:00:10 played L1 chapter=c2\n        mark 08:05:00\n        08:00:20 played L1 chapter=c3\n'
  expect(failure(`${late}      expect: []\n`)).toBe(undefined)
})

test('an event with a wrong clock does not pass unnoticed', () => {
  expect(failure('      given: 08:10:00 logged-in L1 received=2026-03-02T08:00:00Z\n      expect: []\n')).toBe('rejected, since over 5 minutes ahead of `received`: `e1`')
})

test('places are given', () => {
  const places = '      places: { 1.2.3.4: { country: CN, province: Yunnan } }\n'
  const given = '      given: |\n        08:00:00 played L1 chapter=c1 ip=1.2.3.4\n        08:00:10 played L1 chapter=c2\n        08:00:20 played L1 chapter=c3 ip=1.2.3.4\n'
  expect(failure(`${given}${places}      expect: [{ facts: { ip: 1.2.3.4 } }]\n`)).toBe(undefined)
})

test.each([
  [{ a: 1 }, { a: 1, b: 2 }, undefined],
  [{ a: { b: [{ c: 1 }] } }, { a: { b: [{ c: 1, d: 2 }] } }, undefined],
  [{ a: null }, {}, undefined],
  [{ a: null }, { a: 1 }, 'w.a is 1, not null'],
  [{ a: 1 }, {}, 'w.a is absent, not 1'],
  [[1], [1, 2], 'w is [1,2], not [1]'],
  [[{ a: 1 }], [{ a: 2 }], 'w[0].a is 2, not 1'],
  [{ a: [] }, { a: {} }, 'w.a is {}, not []'],
  ['1', 1, 'w is 1, not "1"'],
])('%j against %j', (part, actual, expected) => {
  expect(mismatch(part, actual, 'w')).toBe(expected)
})
