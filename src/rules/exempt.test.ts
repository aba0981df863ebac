import { expect, test } from 'vitest'
import { parseTime } from '../base/time.ts'
import { Catalogue } from '../catalogue/index.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import type { Warning } from '../warnings/warning.ts'
import { compileExempt } from './exempt.ts'
import { exemptSchema, type Exempt } from './schema.ts'

const catalogue = new Catalogue(catalogueSchema.parse({ classes: [{ id: 'k1', platform: 'p1', timeZone: 'Asia/Shanghai', learners: ['L1'] }] }))
const entry: Exempt = { platform: 'p1', learner: ['L1'], from: '2026-03-02', until: '2026-03-03', why: 'demo', by: 'audit' }

function reason(entries: Exempt[], at: string, warning: Partial<Warning> = {}): string | undefined {
  const w = { subject: { kind: 'learner', platform: 'p1', id: 'L1' }, learners: [{ platform: 'p1', id: 'L1' }], class: 'k1', facts: {}, ...warning } as Warning
  return compileExempt(entries, catalogue)?.(w, parseTime(at) as number)
}

test.each([
  ['the first moment', '2026-03-02T00:00:00+08:00', 'demo (audit)'],
  ['the last moment', '2026-03-03T23:59:59.999+08:00', 'demo (audit)'],
  ['just before', '2026-03-01T23:59:59.999+08:00', undefined],
  ['just after', '2026-03-04T00:00:00+08:00', undefined],
])('days are those of the class: %s', (_, at, expected) => {
  expect(reason([entry], at)).toBe(expected)
  // The class may be known from the roster alone.
  expect(reason([entry], at, { class: undefined })).toBe(expected)
})

test('days are those of UTC where no class is known', () => {
  const stranger = { ...entry, learner: ['L9'] }
  const of = { class: undefined, learners: [{ platform: 'p1', id: 'L9' }] }
  expect(reason([stranger], '2026-03-02T00:00:00Z', of)).toBe('demo (audit)')
  expect(reason([stranger], '2026-03-01T20:00:00Z', of)).toBe(undefined)
})

const noon = '2026-03-02T12:00:00+08:00'
const two = [{ platform: 'p1', id: 'L1' }, { platform: 'p1', id: 'L2' }]

test.each<[string, Exempt[], Partial<Warning>, string | undefined]>([
  ['nobody', [], {}, undefined],
  ['another learner', [{ ...entry, learner: ['L2'] }], {}, undefined],
  ['another platform', [{ ...entry, platform: 'p2' }], {}, undefined],
  ['the whole platform', [{ ...entry, learner: undefined }], {}, 'demo (audit)'],
  ['the class', [{ ...entry, learner: undefined, class: 'k1' }], {}, 'demo (audit)'],
  ['another class', [{ ...entry, class: 'k2' }], {}, undefined],
  ['one of two learners', [entry], { learners: two }, undefined],
  ['both, in two entries', [entry, { ...entry, learner: ['L2'], why: 'trial' }], { learners: two }, 'demo (audit); trial (audit)'],
  ['both, in one entry', [{ ...entry, learner: ['L1', 'L2'] }], { learners: two }, 'demo (audit)'],
  ['an address', [{ ...entry, platform: undefined, learner: undefined, ip: '203.0.113.0/24' }], { subject: { kind: 'ip', platform: '', id: '203.0.113.9' } }, 'demo (audit)'],
  ['an address in the facts', [{ ...entry, ip: '2001:db8::/32' }], { facts: { ip: '2001:db8::7' } }, 'demo (audit)'],
  ['another address', [{ ...entry, ip: '203.0.113.7' }], { subject: { kind: 'ip', platform: '', id: '203.0.113.8' } }, undefined],
  ['an address that no warning names', [{ ...entry, ip: '203.0.113.7' }], {}, undefined],
  ['a class as the subject', [{ ...entry, learner: undefined, class: 'k1' }], { subject: { kind: 'class', platform: 'p1', id: 'k1' }, learners: [] }, 'demo (audit)'],
  ['a learner where no learner is named', [entry], { subject: { kind: 'class', platform: 'p1', id: 'k1' }, learners: [] }, undefined],
])('covers %s', (_, entries, warning, expected) => {
  expect(reason(entries, noon, warning)).toBe(expected)
})

test.each([
  [{ from: '2026-03-04' }, '`from` is after `until`'],
  [{ platform: undefined }, 'ids belong to their platform: name it'],
  [{ platform: undefined, learner: undefined }, 'exempts everybody: name a platform or an ip'],
  [{ until: '2026-02-30' }, 'not a date such as `2026-03-02`'],
  [{ ip: '1.2.3.400' }, 'not an address such as `203.0.113.7`, nor a range such as `203.0.113.0/24`'],
  [{ ip: '1.2.3.4/33' }, 'not an address such as `203.0.113.7`, nor a range such as `203.0.113.0/24`'],
])('refuses %j', (change, message) => {
  expect(exemptSchema.safeParse({ ...entry, ...change }).error?.issues.map((i) => i.message)).toContain(message)
})
