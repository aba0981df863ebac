import { expect, test } from 'vitest'
import { catalogueSchema } from '../../catalogue/catalogue.ts'
import { Catalogue } from '../../catalogue/index.ts'
import type { Rule } from '../../engine/rule.ts'
import { simulate } from '../../simulate/index.ts'
import type { Warning } from '../../warnings/warning.ts'
import { compare, examplesOf, standing, type Judged } from './compare.ts'
import { overallRates, rate, ratesOf, type Labels } from './labels.ts'
import { Ledger } from './ledger.ts'

const catalogue = new Catalogue(catalogueSchema.parse({
  classes: [
    { id: 'k1', platform: 'p1', region: { provinces: ['Yunnan'] }, learners: ['L1', 'L3'] },
    { id: 'k2', platform: 'p1', region: { provinces: ['Sichuan', 'Hubei'] }, learners: ['L2'] },
  ],
}))

function warning(id: string, more: Partial<Warning> = {}): Warning {
  return {
    format: 1, id, revision: 1, episode: 'ended', rule: 'r', detector: 'd', ruleVersion: 'v', context: 'c', basis: [], severity: 'medium', response: 'review',
    subject: { kind: 'learner', platform: 'p1', id: 'L1' }, learners: [{ platform: 'p1', id: 'L1' }], institutions: ['i1'], chapters: [], begin: '2026-03-02T08:00:00.000Z', end: '2026-03-02T08:10:00.000Z',
    raised: '2026-03-02T08:05:00.000Z', disputed: [], case: 'x', summary: { en: 'a sentence', zh: '一句话' }, facts: {}, evidence: { events: [], count: 0 }, coverage: { state: 'full' }, ...more,
  }
}

function judged(version: string, warnings: readonly Warning[], rules = ['r']): Judged {
  const ledger = new Ledger(catalogue)
  for (const w of warnings) ledger.take({ ...w, ruleVersion: version, context: version })
  return { variant: { name: version, context: { bundle: { rules: rules.map((id) => ({ id, version, mode: 'live' }) as Rule) } } as unknown as Judged['variant']['context'] }, ledger }
}

const of = (learner: string, more: Partial<Warning> = {}): Partial<Warning> => ({ subject: { kind: 'learner', platform: 'p1', id: learner }, learners: [{ platform: 'p1', id: learner }], ...more })

test('counts what is added, removed and changed, by rule, institution, province and platform', () => {
  const before = judged('1', [warning('same'), warning('gone', of('L2', { institutions: [] })), warning('other', { facts: { n: 1 } })])
  const after = judged('2', [warning('same'), warning('new', of('L3')), warning('other', { facts: { n: 2 }, severity: 'high' })])
  const { changes, ...counts } = compare(before, after)
  expect(counts).toEqual({
    before: 3, after: 3, added: 1, removed: 1, changed: 1,
    learners: { before: 2, after: 2, newly: 1, noLonger: 1 },
    byRule: { r: { before: 3, after: 3, added: 1, removed: 1, changed: 1 } },
    byInstitution: { i1: { before: 2, after: 3, added: 1, removed: 0, changed: 1 }, 'not known': { before: 1, after: 0, added: 0, removed: 1, changed: 0 } },
    byProvince: {
      Hubei: { before: 1, after: 0, added: 0, removed: 1, changed: 0 }, Sichuan: { before: 1, after: 0, added: 0, removed: 1, changed: 0 },
      Yunnan: { before: 2, after: 3, added: 1, removed: 0, changed: 1 },
    },
    byPlatform: { p1: { before: 3, after: 3, added: 1, removed: 1, changed: 1 } },
    differs: { severity: 1, facts: 1 },
  })
  expect(changes.map((c) => [c.kind, c.id, c.differs])).toEqual([['removed', 'gone', undefined], ['added', 'new', undefined], ['changed', 'other', ['severity', 'facts']]])
})

test('the hash of the context and of the rule is no content; the number of revisions is', () => {
  expect(compare(judged('1', [warning('w')]), judged('2', [warning('w')]))).toMatchObject({ added: 0, removed: 0, changed: 0 })
  const twice = judged('2', [warning('w'), warning('w', { revision: 2 })])
  expect(compare(judged('1', [warning('w')]), twice)).toMatchObject({ changed: 1, differs: { revision: 1 } })
})

test('what is taken back does not stand', () => {
  const withdrawn = judged('2', [warning('w', { episode: 'ongoing' }), warning('w', { revision: 2, episode: 'withdrawn', why: 'exempt' })])
  expect(standing(withdrawn)).toEqual([])
  expect(compare(judged('1', [warning('w')]), withdrawn)).toMatchObject({ removed: 1, changed: 0, learners: { noLonger: 1 } })
  expect(compare(withdrawn, judged('1', [warning('w')]))).toMatchObject({ before: 0, added: 1 })
})

test('only warnings of the own version of a rule are a variant\'s', () => {
  const ledger = new Ledger(catalogue)
  ledger.take(warning('a', { ruleVersion: '1' }))
  ledger.take(warning('b', { ruleVersion: '2' }))
  const one = { ...judged('2', []), ledger }
  expect(standing(one).map((w) => w.id)).toEqual(['b'])
})

test('examples are the gravest, of as many rules as there are', () => {
  const many = [warning('a'), warning('b', { severity: 'critical' }), warning('c', { severity: 'high' }), warning('d', { rule: 's', severity: 'low' })]
  const { changes } = compare(judged('1', [], []), judged('2', many, ['r', 's']))
  expect(examplesOf(changes, 'added', 3).map((c) => c.id)).toEqual(['b', 'd', 'c'])
  expect(examplesOf(changes, 'removed', 3)).toEqual([])
})

test('by the truth: learners, whatever the severity; nobody on a platform where the rule cannot be judged', () => {
  const { truth, cheater, honest } = world()
  const named = (l: typeof cheater): Partial<Warning> => ({ learners: [{ platform: l.platform, id: l.learner }], severity: 'low' })
  const warned = standing(judged('1', [warning('a', named(cheater)), warning('b', named(honest)), warning('c', { ...named(honest), rule: 's' })], ['r', 's']))
  const labels: Labels = { kind: 'truth', truth }
  const judgedOn = truth.learners.filter((l) => l.platform === honest.platform || l.platform === cheater.platform)
  const rates = ratesOf(labels, ['r'], warned, new Set(), (rule, platform) => rule === 'r' && judgedOn.some((l) => l.platform === platform))
  expect(rates).toEqual({
    precision: rate(1, 2), recall: rate(1, judgedOn.filter((l) => l.kind === 'cheater').length), falseAlarms: rate(1, judgedOn.filter((l) => l.kind === 'honest').length),
  })
  expect(ratesOf(labels, ['r'], warned, new Set(), () => false)).toEqual({ precision: rate(0, 0), recall: rate(0, 0), falseAlarms: rate(0, 0) })
  // Together they count as `invigil score` counts: hints of severity `low` accuse nobody.
  expect(overallRates(labels, warned, new Set()).falseAlarms?.part).toBe(0)
})

function world() {
  const truth = simulate({ learners: 30, days: 1, seed: 2 }).truth()
  const [cheater, honest] = (['cheater', 'honest'] as const).map((kind) => truth.learners.find((l) => l.kind === kind)) as [(typeof truth.learners)[number], (typeof truth.learners)[number]]
  for (const l of truth.learners) l.from ??= truth.start
  return { truth, cheater, honest }
}

test('by reviews: warnings, and what of those confirmed is still given', () => {
  const labels: Labels = { kind: 'reviews', verdicts: new Map([['a', 'confirmed'], ['b', 'dismissed'], ['c', 'confirmed'], ['z', 'confirmed']]) }
  const warned = standing(judged('1', [warning('a'), warning('b'), warning('unread')]))
  expect(ratesOf(labels, ['r'], warned, new Set(['a', 'b', 'c', 'unread']), () => true)).toEqual({ precision: rate(1, 2), recall: rate(1, 2), falseAlarms: undefined })
  expect(overallRates(labels, [], new Set(['a', 'c']))).toEqual({ precision: rate(0, 0), recall: rate(0, 2), falseAlarms: undefined })
})
