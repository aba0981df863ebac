import { beforeAll, expect, test } from 'vitest'
import { join } from 'node:path'
import { ROOT, run, temporary } from '../../testing/runs.ts'
import { warningSchema, type Prompt, type Warning } from '../../warnings/warning.ts'
import type { LearningRecord } from '../../records/record.ts'
import type { Reads } from '../config.ts'
import { checkReads, shown } from './scope.ts'

const dir = temporary()
let base: Warning
beforeAll(async () => {
  const { warnings } = await run(dir, { logs: [join(ROOT, 'fixtures', 'cases', 'parallel-chapters', 'telemetry.ndjson')] })
  base = warnings[0] as Warning
})

const reads = (more: Partial<Reads>): Reads => ({ platforms: [], institutions: [], everything: false, ...more })
const ref = (platform: string, id: string): { platform: string; id: string } => ({ platform, id })
const warning = (more: Partial<Warning>): Warning => ({ ...base, ...more })

test('who reads for a platform sees what concerns it alone, whole, and nothing of others', () => {
  const own = warning({ subject: { kind: 'learner', ...ref('p1', 'L1') }, learners: [ref('p1', 'L1')] })
  expect(shown('warnings', own, reads({ platforms: ['p1'] }))).toBe(own)
  expect(shown('warnings', own, reads({ platforms: ['p2'] }))).toBeUndefined()
  expect(shown('warnings', own, reads({ everything: true }))).toBe(own)
  const person = warning({ subject: { kind: 'person', ...ref('p2', 'national-1') }, learners: [ref('p1', 'national-1')] })
  expect(shown('warnings', person, reads({ platforms: ['p1'] }))).toBe(person)
})

test('a warning of two platforms is shown to each without a word of the other, in the form of the contract', () => {
  const both = warning({
    subject: { kind: 'person', ...ref('p1', 'secret-person') }, learners: [ref('p1', 'mine'), ref('p2', 'secret-learner')], institutions: ['secret-institution'], class: 'secret-class', course: 'secret-course', chapters: ['secret-chapter'],
    disputed: [{ platform: 'p1', learner: 'mine', chapter: 'c1', begin: base.begin, end: base.end, seconds: 30 }, { platform: 'p2', learner: 'secret-learner', chapter: 'secret-chapter', begin: base.begin, end: base.end, seconds: 31 }],
    summary: { en: 'secret-learner and mine', zh: 'secret-learner' }, facts: { people: ['secret-learner'] }, evidence: { events: ['secret-event'], count: 4 }, why: 'secret-why', reasons: [{ feature: 'secret', value: 1, usual: [0, 1], weight: 1 }],
  })
  const seen = shown('warnings', both, reads({ platforms: ['p1'] })) as Warning
  expect(warningSchema.parse(seen)).toMatchObject({ id: base.id, rule: base.rule, learners: [ref('p1', 'mine')], disputed: [{ learner: 'mine', seconds: 30 }], coverage: { state: 'partial' } })
  expect(JSON.stringify(seen)).not.toContain('secret')
  expect(shown('warnings', both, reads({ platforms: ['p3'] }))).toBeUndefined()
  // A learner of another platform who is the subject is nobody's here.
  const subject = warning({ subject: { kind: 'learner', ...ref('p2', 'secret-learner') }, learners: [ref('p1', 'mine'), ref('p2', 'secret-learner')] })
  expect(JSON.stringify(shown('warnings', { ...subject, summary: both.summary, evidence: both.evidence, facts: {}, disputed: [] }, reads({ platforms: ['p1'] })))).not.toContain('secret')
})

test('who reads for an institution sees its learner, and of a group with others only that there is one', () => {
  const alone = warning({ learners: [ref('p1', 'L1')], institutions: ['i1'] })
  expect(shown('warnings', alone, reads({ institutions: ['i1'] }))).toBe(alone)
  expect(shown('warnings', alone, reads({ institutions: ['i2'] }))).toBeUndefined()
  expect(shown('warnings', warning({ institutions: [] }), reads({ institutions: ['i1'] }))).toBeUndefined()
  // The institution of the second learner is not known: it may be another.
  for (const institutions of [['i1'], ['i1', 'i2']]) {
    const group = warning({ subject: { kind: 'ip', ...ref('p1', 'secret-ip') }, learners: [ref('p1', 'secret-1'), ref('p1', 'secret-2')], institutions, summary: { en: 'secret-1', zh: 'secret-1' }, facts: { who: 'secret-2' }, evidence: { events: ['secret-e'], count: 1 }, disputed: [] })
    const seen = shown('warnings', group, reads({ institutions: ['i1'] })) as Warning
    expect(seen).toMatchObject({ learners: [], institutions: ['i1'], severity: base.severity })
    expect(JSON.stringify(seen)).not.toMatch(/secret|i2/)
  }
})

test('a warning of a class, which accuses nobody, is shown whole to its institution and to no other', () => {
  const klass = warning({ subject: { kind: 'class', ...ref('p1', 'k1') }, learners: [], institutions: ['i1'], class: 'k1', disputed: [] })
  expect(shown('warnings', klass, reads({ institutions: ['i1'] }))).toBe(klass)
  expect(shown('warnings', klass, reads({ platforms: ['p1'] }))).toBe(klass)
  expect(shown('warnings', klass, reads({ platforms: ['p2'], institutions: ['i2'] }))).toBeUndefined()
})

test('prompts are for the platform, records for the platform and the institution', () => {
  const prompt = { platform: 'p1', learner: 'L1' } as Prompt
  expect([shown('prompts', prompt, reads({ platforms: ['p1'] })), shown('prompts', prompt, reads({ platforms: ['p2'], institutions: ['i1'] }))]).toEqual([prompt, undefined])
  const record = { platform: 'p1', institution: 'i1' } as LearningRecord
  expect([{ platforms: ['p1'] }, { institutions: ['i1'] }, { platforms: ['p2'], institutions: ['i2'] }].map((r) => shown('records', record, reads(r)))).toEqual([record, record, undefined])
  expect(shown('records', { platform: 'p1' }, reads({ institutions: ['i1'] }))).toBeUndefined()
})

test('who may read nothing is told so before anything is read', () => {
  expect(() => checkReads('warnings', undefined)).toThrow('this token may read nothing')
  expect(() => checkReads('warnings', reads({}))).toThrow('this token may read nothing')
  expect(() => checkReads('prompts', reads({ institutions: ['i1'] }))).toThrow('prompts are for platforms')
  expect(checkReads('prompts', reads({ platforms: ['p1'] })).platforms).toEqual(['p1'])
})
