import { expect, test } from 'vitest'
import { InvigilError, formatProblem } from '../base/errors.ts'
import { loadCatalogue } from './load.ts'

function problemsOf(text: string): string[] {
  try {
    loadCatalogue(text, 'c.yaml')
  } catch (e) {
    expect(e).toBeInstanceOf(InvigilError)
    expect((e as InvigilError).code).toBe('bad-catalogue')
    return (e as InvigilError).problems.map(formatProblem)
  }
  return []
}

const GOOD = `
platforms:
  - { id: p1, heartbeat: 15s, global: [learner] }
courses:
  - id: fire
    chapters: [{ id: c1, length: 600 }, { id: c2, kind: practice }]
classes:
  - id: k1
    platform: p1
    courses: [fire]
    timeZone: Asia/Shanghai
    opens: 2026-03-02
    closes: 2026-03-02
    region: { country: CN, provinces: [CN-YN], networks: [campus] }
    learners: [L1, L2]
networks:
  campus: [10.8.0.0/16, '2001:da8::/32']
`

test('YAML is read', () => {
  const catalogue = loadCatalogue(GOOD, 'c.yaml')
  expect(catalogue.platform('p1')).toMatchObject({ heartbeat: 15_000 })
  expect(catalogue.class('p1', 'k1')).toMatchObject({ opens: Date.parse('2026-03-02T00:00:00+08:00'), closes: Date.parse('2026-03-03T00:00:00+08:00') })
  expect(catalogue.courseOf({ platform: 'p1', learner: 'L1', class: undefined, course: undefined, chapter: 'c2' })?.id).toBe('fire')
})

test('JSON is read, also with tabs and a byte order mark', () => {
  const { data } = loadCatalogue(GOOD, 'c.yaml')
  const json = { ...data, platforms: [{ id: 'p1', heartbeat: '15s', global: ['learner'] }] }
  for (const text of [JSON.stringify(json), JSON.stringify(json, null, '\t'), `\ufeff${JSON.stringify(json, null, 2)}`]) {
    expect(loadCatalogue(text, 'c.json').data).toEqual(data)
  }
})

test.each<[string, string, string[]]>([
  ['nothing', '', ['c.yaml: the catalogue is empty (leave it out, or write `platforms`, `courses` and `classes`)']],
  ['a comment only', '# nothing\n', ['c.yaml: the catalogue is empty (leave it out, or write `platforms`, `courses` and `classes`)']],
  ['an unknown key', 'platforms: [{ id: p1, latness: 2s }]', ['c.yaml:1:23: unknown key `platforms[0].latness` (did you mean `lateness`?)']],
  ['a number for an id', 'platforms:\n  - id: 7', ['c.yaml:2:9: `platforms[0].id` must be text, not `7` (write it in quotes)']],
  ['a platform twice', 'platforms:\n  - id: p1\n  - id: p1', ['c.yaml:3:9: platform `p1` twice (take one away; the first is in line 2)']],
  ['a chapter twice', 'courses:\n  - id: a\n    chapters: [{ id: c }, { id: c }]\n  - id: b\n    chapters: [{ id: c }]', [
    'c.yaml:3:33: chapter `c` twice in course `a` (take one away; the first is in line 3)',
  ]],
  ['a class twice on one platform', 'platforms: [{ id: p }, { id: q }]\nclasses:\n  - { id: k, platform: p }\n  - { id: k, platform: q }\n  - { id: k, platform: p }', [
    'c.yaml:5:11: class `k` twice on platform `p` (take one away; the first is in line 3)',
  ]],
  ['unknown names', 'platforms: [{ id: yunnan }]\nclasses:\n  - id: k\n    platform: yunan\n    courses: [fire]\n    region: { networks: [office] }', [
    'c.yaml:4:15: no platform `yunan` (did you mean `yunnan`?)',
    'c.yaml:5:15: no course `fire` (declare it under `courses`)',
    'c.yaml:6:26: no network `office` (declare it under `networks`)',
  ]],
  ['a learner twice', 'platforms: [{ id: p }]\nclasses:\n  - { id: k, platform: p, learners: [a, b, a] }', [
    'c.yaml:3:44: learner `a` twice in class `k` (take one away; the first is in line 3)',
  ]],
  ['a class that closes before it opens', 'platforms: [{ id: p }]\nclasses:\n  - id: k\n    platform: p\n    opens: 2026-03-02\n    closes: 2026-03-01', [
    'c.yaml:6:13: closes (`2026-03-01`) before it opens (`2026-03-02`) in class `k` (swap the dates, or mend one)',
  ]],
  ['a broken block of addresses', 'networks:\n  campus: [10.8.0.0/16, 10.8.0.0/61]', [
    'c.yaml:2:25: `10.8.0.0/61` is not a block of addresses (write it like `10.8.0.0/16`, `2001:da8::/32` or `192.0.2.7`)',
  ]],
  ['a time zone and a date that are none', 'platforms: [{ id: p }]\nclasses:\n  - { id: k, platform: p, timeZone: Asia/Kunming, opens: 2026-02-30, closes: 2026-01-01 }', [
    'c.yaml:3:37: `classes[0].timeZone`: not an IANA time zone such as `Asia/Shanghai`',
    'c.yaml:3:58: `classes[0].opens`: not a date (`2026-03-02`) or a date-time with offset (`2026-03-02T08:00:00+08:00`)',
  ]],
  ['a player that goes on by itself, and does not', 'platforms: [{ id: p, autoplay: true }, { id: q, autoplay: false }, { id: r, autoplay: 5s }]', [
    'c.yaml:1:32: `platforms[0].autoplay` cannot be `true` (one of `false`)',
  ]],
  ['all at once', 'platforms: [{ id: p, x: 1 }]\nclasses: [{ id: k, platform: q }]\nnetworks: { n: [z] }', [
    'c.yaml:1:22: unknown key `platforms[0].x` (one of `id`, `lateness`, `heartbeat`, `rate`, `checks`, `autoplay`, `global`, `since`)',
    'c.yaml:2:30: no platform `q` (did you mean `p`?)',
    'c.yaml:3:17: `z` is not a block of addresses (write it like `10.8.0.0/16`, `2001:da8::/32` or `192.0.2.7`)',
  ]],
])('%s is reported', (_, text, expected) => {
  expect(problemsOf(text)).toEqual(expected)
})

test.each([
  'classes: 7', '[]', 'text', 'platforms: [null]', 'networks: { a: null }', 'classes: [{ region: 1 }]', 'a: &a [*a]', '{', '"', 'x: {a: *b}', '\u0000', 'platforms: !!binary x',
  'a: 1\na: 2', 'platforms: []\n---\nplatforms: []',
])('%s is an error with a place', (text) => {
  const found = problemsOf(text)
  expect(found.length).toBeGreaterThan(0)
  for (const p of found) expect(p).toMatch(/^c\.yaml:\d+:\d+: /)
})
