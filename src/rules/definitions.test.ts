import { expect, test } from 'vitest'
import { InvigilError, formatProblem } from '../base/errors.ts'
import { absence } from '../detectors/absence.ts'
import { match } from '../detectors/match.ts'
import { sequence } from '../detectors/sequence.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { Coverage, missingFor } from '../engine/coverage.ts'
import { readsOf, type Rule } from '../engine/rule.ts'
import { at } from '../testing/drive.ts'
import { loadRules, type Bundle } from './load.ts'
import { runTests } from './run-tests.ts'

function load(...texts: string[]): Bundle {
  return loadRules(texts.map((text, i) => ({ dir: `d${i}`, files: [{ path: `d${i}/a.yaml`, text }] })), { detectors: [absence, match, sequence] })
}

function problems(...texts: string[]): string[] {
  try {
    load(...texts)
  } catch (e) {
    if (e instanceof InvigilError && e.code === 'bad-rules') return e.problems.map(formatProblem)
    throw e
  }
  return []
}

const names = `- lists: { demo: [t-17, t-18], trial: [t-20] }
- conditions:
    office: ip != null && ip.startsWith("10.")
    guest: learner in demo || office
`
const rule = (where: string, more = '') => `- rule: own
  title: Own
  description: One of ours.
  detector: match
  severity: low
  response: review
  params: { where: '${where}' }
${more}`

test('lists and conditions are known by their names in params, scope and unless', () => {
  const text = names + rule('action == "played" && !guest', `  scope: '!(learner in trial) && !office'
  unless: subject.id in trial || subject.id == "L9"
  tests:
    - it: warns of others
      given: |
        08:00:00 played L1   chapter=c1 ip=192.0.2.1
        08:00:00 played L2   chapter=c1 ip=10.0.0.1
        08:00:00 played t-17 chapter=c1 ip=192.0.2.1
        08:00:00 played t-20 chapter=c1 ip=192.0.2.1
        08:00:00 played L9   chapter=c1 ip=192.0.2.1
      expect: [{ subject: { id: L1 } }]
`)
  expect(runTests(load(text))).toMatchObject([{ rule: 'own', failure: undefined }])
})

test('a later directory replaces a list or a condition, adds to one, or takes it away', () => {
  const base = names + rule('!guest')
  const met = (bundle: Bundle, learner: string, ip: string) => bundle.rules[0]?.conditions?.get('!guest')?.(at('08:00:00', 'played', learner, 'c1', { ip }), { sends: () => true, catalogue: undefined as never })
  expect(met(load(base), 't-17', '192.0.2.1')).toBe(false)
  expect(met(load(base, '- lists: { demo: [t-1] }\n'), 't-17', '192.0.2.1')).toBe(true)
  const more = load(base, '- lists: { demo: [t-1] }\n  override: { lists.demo: append }\n')
  expect([met(more, 't-1', '192.0.2.1'), met(more, 't-17', '192.0.2.1')]).toEqual([false, false])
  expect(met(load(base, '- conditions: { office: ip == "192.0.2.1" }\n'), 'L1', '192.0.2.1')).toBe(false)
  expect(problems(base, '- lists: { demo: }\n')).toEqual(['d0/a.yaml:4:23: `guest`: unknown variable: `demo`'])
})

test("a rule's version is another when a list or condition changes that it uses, and only then", () => {
  const version = (...texts: string[]) => load(...texts).rules[0]?.version
  const of = (where: string, ...over: string[]) => version(names + rule(where), ...over)
  const list = '- lists: { demo: [t-17] }\n'
  const condition = '- conditions: { office: ip == null }\n'
  expect(of('guest', list)).not.toBe(of('guest'))
  expect(of('guest', condition)).not.toBe(of('guest'))
  expect(of('office', condition)).not.toBe(of('office'))
  expect(of('office', list)).toBe(of('office'))
  expect(of('learner in trial', list, condition)).toBe(of('learner in trial'))
  expect(of('guest', '- lists: { demo: [t-18, t-17, t-17] }\n')).toBe(of('guest'))
  const [used, unused] = [names + rule('true', '  unless: subject.id in demo\n'), names + rule('true', '  unless: subject.id in trial\n')]
  expect(version(used, list)).not.toBe(version(used))
  expect(version(unused, list)).toBe(version(unused))
  expect(load(names + rule('true')).hash).toBe(load(rule('true')).hash)
})

test('a list that a later directory replaces is what an earlier rule goes by; its own tests run on it as it was', () => {
  const text = names + rule('learner in demo', '  tests: [{ it: warns, given: "08:00:00 played t-17 chapter=c1", expect: [{}] }]\n')
  const bundle = load(text, '- lists: { demo: [] }\n')
  expect(runTests(bundle)).toMatchObject([{ failure: undefined }])
  expect(bundle.rules[0]?.conditions?.get('learner in demo')?.(at('08:00:00', 'played', 't-17'), { sends: () => true, catalogue: undefined as never })).toBe(false)
})

test('all that is wrong is told, with its place and the mend', () => {
  const text = `- lists: { demo: [t-17, 18], action: [x], Upper: [x], twice: [x] }
- lists: { twice: [a], more: x }
- conditions:
    demo: platform == "p1"
    rated: rate > 1.0
    while: 'true'
    slip: action == "playd"
    a: b && true
    b: '!a'
    broken: learner ==
  lists: { last: [] }
  lits: {}
${rule('slip && broken && unknwn == 1')}- rule: unless
  title: x
  description: x
  detector: match
  severity: low
  response: review
  params: { where: 'action == "played"' }
  scope: rated
  unless: rated
- rule: waits
  title: x
  description: x
  detector: absence
  severity: low
  response: withhold
  params:
    after: action == "completed"
    expect: action == "answered"
    within: 0s
- rule: steps
  title: x
  description: x
  detector: sequence
  severity: low
  response: review
  params: { steps: [action == "played", 'elapsed == "long"'], within: 1m, by: [cours] }
`
  expect(problems(text)).toEqual([
    'd0/a.yaml:1:25: `lists.demo[1]` must be text, not `18` (write it in quotes)',
    'd0/a.yaml:1:30: `action` is already a field or a word of conditions (choose another name)',
    'd0/a.yaml:1:43: `Upper` cannot be a key here: only letters, digits and `_`, a small letter first',
    'd0/a.yaml:2:12: `twice` is already in d0/a.yaml:1 (rename or merge one)',
    'd0/a.yaml:2:30: `lists.more` must be a list, not `x`',
    'd0/a.yaml:4:5: `demo` is already in d0/a.yaml:1 (rename or merge one)',
    'd0/a.yaml:6:5: `while` is already a word of CEL (choose another name)',
    'd0/a.yaml:7:21: `slip`: `action` is never `playd` (did you mean `played`?)',
    'd0/a.yaml:8:8: `a`: `a` comes back to itself',
    'd0/a.yaml:9:10: `b`: `a` comes back to itself',
    'd0/a.yaml:10:23: `broken`: unexpected token: the end',
    'd0/a.yaml:12:3: unknown key `lits` (did you mean `lists`?)',
    'd0/a.yaml:19:39: `params.where`: unknown variable: `unknwn`',
    'd0/a.yaml:27:10: `scope`: `rated` cannot be used in `scope`: unknown variable: `rate`',
    'd0/a.yaml:28:11: `unless`: unknown variable: `rated`',
    'd0/a.yaml:34:13: `absence` cannot withhold: what did not come may have been lost on the way (let it `review`)',
    'd0/a.yaml:38:13: `params.within`: must be from 1s to 30d',
    'd0/a.yaml:45:80: `params.by[0]` cannot be `cours` (did you mean `course`?)',
  ])
})

test('what waits for something must be able to tell that a platform has it', () => {
  const waits = (expected: string, more = '') => `- rule: waits
  title: x
  description: x
  detector: absence
  severity: low
  response: review
  params: { after: action == "completed", expect: '${expected}', within: 5m }
${more}`
  const untold = '`params.expect`: does not tell a platform that never sends such events from a learner who does not come to it (read a field that comes with them, as in `action == "answered" && item != null`, or name the platforms that send them in `scope`)'
  expect(problems(waits('action == "answered"'))).toEqual([`d0/a.yaml:7:52: ${untold}`])
  expect(problems(waits('action == "answered" && session != null'))).toEqual([`d0/a.yaml:7:52: ${untold}`])
  expect(problems(waits('action == "answered" && (item != null || session != null)'))).toEqual([`d0/a.yaml:7:52: ${untold}`])
  expect(problems(waits('action == "answered" && item != null'))).toEqual([])
  expect(problems(waits('action == "answered"', '  scope: platform in ["p1", "p2"]\n'))).toEqual([])
  expect(problems(waits('action == "answered" && item != null').replace('response: review', 'response: withhold'))).toEqual([
    'd0/a.yaml:6:13: `absence` cannot withhold: what did not come may have been lost on the way (let it `review`)',
  ])
})

test('a condition that no event can meet sees nothing, and its rule is clean nowhere', () => {
  const [never] = load(rule('action == "played" && action == "paused"')).rules
  const coverage = new Coverage()
  expect(missingFor(never as Rule, 'p1', coverage.seen, new Catalogue(catalogueSchema.parse({})))).toEqual(['no event can meet its conditions'])
})

test('a condition that fails is not met, and is counted under its place', () => {
  const bundle = load(names + rule('rate > 1.0'))
  const judge = bundle.rules[0]?.conditions?.get('rate > 1.0')
  const around = { sends: () => true, catalogue: undefined as never }
  expect([judge?.(at('08:00:00', 'played', 'L1', 'c1', { rate: 2 }), around), judge?.(at('08:00:00', 'played', 'L1'), around)]).toEqual([true, false])
  expect(bundle.faults.list()).toEqual([{ rule: 'own', part: 'params.where', message: 'no such overload: null > double', count: 1 }])
})

test('what a rule reads says what it sees and needs', () => {
  const reads = (params: string) => {
    const { actions, resources, needs, needsPlace, needsCatalogue } = readsOf(load(rule('true').replace("{ where: 'true' }", params)).rules[0] as never)
    return [actions.length > 3 ? 'all' : actions.join(' '), resources.join(' '), needs.map((n) => [n].flat().join('|')).join(' '), needsPlace, needsCatalogue.join(' ')]
  }
  expect(reads(`{ where: 'action == "answered" && elapsed < 1.0', by: [course] }`)).toEqual(['answered', '', 'course elapsed', undefined, ''])
  expect(reads(`{ where: 'place.city == "x" && place.country == "CN"' }`)).toEqual(['all', '', 'ip ip', 'city', ''])
  expect(reads(`{ over: ip, where: 'muted == true || inputs == 0' }`)).toEqual(['all', 'ip', 'ip inputs|muted', undefined, ''])
  expect(reads(`{ over: person, where: 'kind == "began"', by: [platform] }`)).toEqual(['all', 'person', '', undefined, 'global'])
})
