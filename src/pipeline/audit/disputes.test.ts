import { expect, test } from 'vitest'
import { detectors } from '../../detectors/index.ts'
import { auditedWarning, Disputes, disputesBeyond, type AuditedWarning } from './disputes.ts'
import { learnerKey } from './sittings.ts'

const L1 = { platform: 'p', id: 'L1' }
const KEY = learnerKey('p', 'L1')
const dispute = (chapter: string, seconds = 60): AuditedWarning['disputed'][0] => ({ platform: 'p', learner: 'L1', chapter, begin: '2026-03-02T08:00:00Z', end: '2026-03-02T08:10:00Z', seconds })

function warning(more: Partial<AuditedWarning> = {}): AuditedWarning {
  return auditedWarning.parse({
    id: 'w', revision: 1, episode: 'ended', rule: 'r', detector: 'hang-up', severity: 'medium', response: 'review', learners: [L1], begin: '2026-03-02T08:00:00Z', end: '2026-03-02T08:30:00Z', disputed: [dispute('c1')], facts: {}, more: 1, ...more,
  })
}

const settled = (...warnings: AuditedWarning[]): Disputes => {
  const d = new Disputes(new Map([['dismissed', 'dismissed'], ['confirmed', 'confirmed']]))
  for (const w of warnings) d.add(w)
  return d.settle()
}

test('the latest revision of a warning counts; withdrawn and dismissed ones dispute nothing, confirmed ones do', () => {
  const d = settled(
    warning({ revision: 2, disputed: [dispute('c1', 90)] }), warning({ revision: 1 }), warning({ id: 'gone', disputed: [dispute('c2')] }), warning({ id: 'gone', revision: 2, episode: 'withdrawn', disputed: [dispute('c2')] }),
    warning({ id: 'dismissed', disputed: [dispute('c3')] }), warning({ id: 'confirmed', disputed: [dispute('c4')] }),
  )
  expect(d.counts).toEqual({ revisions: 6, standing: 2, disputing: 2, withdrawn: 1, dismissed: 1 })
  expect(['c1', 'c2', 'c3', 'c4'].map((c) => d.against(KEY, c)?.against.played.map((s) => s.seconds))).toEqual([[90], undefined, undefined, [60]])
  expect(d.warnings(KEY)).toHaveLength(2)
})

test('credit for what was never played, and rules that withhold, are kept apart', () => {
  const d = settled(
    warning({ id: 'a', detector: 'seek-ahead', response: 'withhold' }), warning({ id: 'b', detector: 'over-credit', facts: { kind: 'pace' } }), warning({ id: 'c', detector: 'over-credit', facts: { kind: 'day' }, response: 'withhold', rule: 's', severity: 'low' }),
  )
  const { against, rules } = d.against(KEY, 'c1') as NonNullable<ReturnType<Disputes['against']>>
  expect([against.played.length, against.beyond.length, against.playedWithhold.length, against.beyondWithhold.length, against.playedGrave.length, against.beyondGrave.length, [...rules]]).toEqual([1, 2, 1, 1, 0, 2, ['r', 's']])
})

test('a warning that disputes no seconds names the learner, if it accuses at all', () => {
  const d = settled(warning({ id: 'a', disputed: [] }), warning({ id: 'b', disputed: [], severity: 'low' }))
  expect(d.against(KEY, 'any')?.against.named).toEqual([{ begin: Date.UTC(2026, 2, 2, 8), end: Date.UTC(2026, 2, 2, 8, 30), seconds: 1800 }])
  expect(d.against(learnerKey('p', 'L2'), 'any')).toBeUndefined()
})

test('the detectors that dispute credit beyond what was played are there, and kinds are theirs', () => {
  const beyond = detectors.filter((d) => disputesBeyond({ detector: d.name, facts: { kind: 'pace' } })).map((d) => d.name)
  expect(beyond.sort()).toEqual(['over-credit', 'parallel-chapters', 'seek-ahead'])
  expect(disputesBeyond({ detector: 'over-credit', facts: { kind: 'day' } })).toBe(false)
})
