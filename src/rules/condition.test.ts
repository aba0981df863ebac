import { expect, test } from 'vitest'
import { parseTime } from '../base/time.ts'
import { Catalogue } from '../catalogue/index.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { buildWarning } from '../warnings/build.ts'
import type { Warning } from '../warnings/warning.ts'
import { compileScope, compileUnless } from './condition.ts'

const seen = { platform: 'p1', class: undefined, course: 'k1', learner: 'L1', ip: '1.2.3.4' }
const begin = parseTime('2026-03-02T08:00:00Z') as number

function warning(facts: Record<string, unknown> = {}): Warning {
  return buildWarning(
    {
      rule: { id: 'r', detector: 'd', version: 'v', severity: 'low', response: 'review', basis: [{ regulation: 'x', article: 'y' }] },
      context: 'c', now: begin, revision: 2, episode: 'ended', why: undefined, begin, end: begin + 45_000, subject: { kind: 'learner', platform: 'p1', id: 'L1' },
      learners: [{ platform: 'p1', id: 'L1' }], class: undefined, course: 'k1', chapters: ['c1', 'c2'],
      disputed: [{ platform: 'p1', learner: 'L1', chapter: 'c1', begin, end: begin + 30_000, seconds: 30 }], summary: { en: 'a', zh: 'b' }, facts, evidence: { events: ['e1'], count: 1 },
      missing: undefined,
    },
    new Catalogue(catalogueSchema.parse({})),
  )
}

function fails(message: string): never {
  throw new Error(`condition failed: ${message}`)
}

test.each([
  ['platform != "pilot"', true],
  ['platform == "p2"', false],
  ['class == null', true],
  ['class != null && class.startsWith("a")', false],
  ['course in ["k1", "k2"]', true],
  ['ip.startsWith("1.2.") && learner == "L1"', true],
])('scope `%s`', (text, met) => {
  expect(compileScope(text, fails).test?.(seen)).toBe(met)
})

test.each([
  ['facts.seconds < 60 && severity == "low"', true],
  ['facts.seconds / 60 > 0.5', true],
  ['facts.seconds + 20 > 60', true],
  ['facts.seconds == 45', true],
  ['has(facts.missing) && facts.missing > 1', false],
  ['facts.list.exists(x, x > 4)', true],
  ['revision > 1 && revision == 2', true],
  ['evidence.count == 1 && "e1" in evidence.events', true],
  ['subject.kind == "learner" && subject.id == "L1"', true],
  ['class == null && why == null && reasons == null', true],
  ['size(chapters) > 2', false],
  ['learners.exists(l, l.id == "L1") && institutions == []', true],
  ['timestamp(end) - timestamp(begin) >= duration("45s")', true],
  ['disputed.all(d, d.seconds < 60)', true],
  ['coverage.state == "full" && episode == "ended"', true],
  ['basis.exists(b, b.article == "y")', true],
])('unless `%s`', (text, met) => {
  expect(compileUnless(text, fails).test?.(warning({ seconds: 45, list: [1, 5] }))).toBe(met)
})

test.each([
  ['platfrm == "x"', 'unknown variable: `platfrm`', 0, 'did you mean `platform`?'],
  ['platform = "x"', 'unexpected character: `=`', 9, 'equality is `==`'],
  ['platform == "x" &&', 'unexpected token: the end', 18],
  ['platform', 'gives string, not true or false', 0],
  ['platform == 5', 'no such overload: string == int', 0],
  ['learner == "a" && facts.x', 'unknown variable: `facts`', 18],
])('scope `%s` is refused', (text, message, offset, mend?: string) => {
  expect(compileScope(text, fails).problem).toEqual({ message, offset, mend })
})

test.each([
  ['severity == "low" && subject.kindd == "x"', 'no such key: `kindd`', 29],
  ['severity > 3', 'no such overload: string > int', 0],
  ['chapters', 'gives list<string>, not true or false', 0],
])('unless `%s` is refused', (text, message, offset) => {
  expect(compileUnless(text, fails).problem).toEqual({ message, offset })
})

test('a condition that cannot be evaluated is not met, and says so', () => {
  const faults: string[] = []
  const add = (m: string) => void faults.push(m)
  expect(compileScope('class.startsWith("a")', add).test?.(seen)).toBe(false)
  expect(compileUnless('facts.secnds < 60', add).test?.(warning({ seconds: 45 }))).toBe(false)
  expect(compileUnless('facts.seconds', add).test?.(warning({ seconds: 45 }))).toBe(false)
  expect(faults).toEqual(['found no matching overload for `null.startsWith(string)`', 'no such key: `secnds`', 'gives something else than true or false'])
})

test('nothing of one call reaches the next', () => {
  const { test: scope } = compileScope('class == "a"', fails)
  expect(scope?.({ ...seen, class: 'a' })).toBe(true)
  expect(scope?.(seen)).toBe(false)
})

test.each([
  ['learner == "a" and platform == "p"', '`and` is written `&&`'],
  ['learner == "a" or platform == "p"', '`or` is written `||`'],
  ['not (learner == "a")', '`not` is written `!`'],
  ['learner <> "a"', '`<>` is written `!=`'],
  ['learner == anna', 'text stands in quotes: `"anna"`'],
  ['learner == “a”', 'use straight quotes, `"`'],
  ['(learner == "a"', 'a `)` is missing'],
])('what people write who know other languages is told: %s', (text, mend) => {
  expect(compileScope(text, () => undefined).problem?.mend).toBe(mend)
})

test('a regular expression takes time linear in its text, as in RE2', () => {
  const { test: met } = compileScope('learner.matches("^(([a-z ]+)+)+!$")', () => undefined)
  const of = (learner: string) => met?.({ platform: 'p', class: undefined, course: undefined, learner, ip: undefined })
  expect([of('a'.repeat(2000)), of('abc!'), of('.matches(')]).toEqual([false, true, false])
  expect(compileScope('learner.matches("(a)\\\\1")', () => undefined).problem?.message).toContain('regular expression')
  expect(compileScope('learner == ".matches("', () => undefined).test?.({ platform: 'p', class: undefined, course: undefined, learner: '.matches(', ip: undefined })).toBe(true)
})

test('what only looks like a call of `matches` is left alone', () => {
  const seen = (learner: string) => ({ platform: 'p', class: undefined, course: undefined, learner, ip: undefined })
  const { test: met } = compileScope('(learner).matches("^a\\"") || learner == ".matches(\\"x\\")" || learner . matches ( "^b$" )', () => undefined)
  expect(['a"', '.matches("x")', 'b', 'bb'].map((l) => met?.(seen(l)))).toEqual([true, true, true, false])
})
