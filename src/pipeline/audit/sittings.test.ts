import { array, assert, integer, property, record } from '../../testing/fuzz.ts'
import { expect, test } from 'vitest'
import { formatTime } from '../../base/time.ts'
import { recordId } from '../../records/record.ts'
import { auditedRecord, learnerKey, Sittings, type AuditedRecord } from './sittings.ts'

const T = Date.UTC(2026, 2, 2)

function made({ learner = 'L1', chapter = 'c1', at = 0, revision = 1, ...more }: Partial<AuditedRecord> & { at?: number } = {}): AuditedRecord {
  return {
    format: 1, id: recordId('p', learner, chapter, T + at), revision, state: 'closed', kind: 'playback', platform: 'p', learner, class: undefined, institution: undefined, course: undefined, chapter,
    begin: formatTime(T + at), end: formatTime(T + at + 60_000), watched: [[0, 60]], length: undefined, completed: false, credited: 60, coverage: { state: 'full' }, ...more,
  }
}

test('of each sitting the latest revision counts, in whatever order they come', () => {
  const sittings = new Sittings()
  const long = made({ revision: 3, credited: 90, watched: [[0, 30], [40, 60], [70, 110]], state: 'open', completed: true, length: 200, class: 'k', institution: 'i', course: 'a', coverage: { state: 'partial', missing: 'late' } })
  for (const r of [made(), long, made({ revision: 2 }), made({ revision: 3, credited: 5, state: 'open' }), made({ at: 100_000 }), made({ learner: 'L2', kind: 'practice' })]) sittings.add(r)
  expect([sittings.records, sittings.replaced, sittings.states()]).toEqual([6, 3, { all: 3, open: 1 }])
  const of = sittings.of(learnerKey('p', 'L1'))
  expect(of?.chapters.get('c1')?.map((s) => ({ ...s, watched: Array.from(s.watched) }))).toEqual([
    { practice: false, completed: true, class: 'k', institution: 'i', course: 'a', begin: T, end: T + 60_000, watched: [0, 30, 40, 60, 70, 110], length: 200, credited: 90, missing: 'late' },
    { practice: false, completed: false, class: undefined, institution: undefined, course: undefined, begin: T + 100_000, end: T + 160_000, watched: [0, 60], length: undefined, credited: 60, missing: undefined },
  ])
  expect(sittings.of(learnerKey('p', 'L2'))?.chapters.get('c1')?.[0]?.practice).toBe(true)
  expect(sittings.of(learnerKey('q', 'L1'))).toBeUndefined()
  expect([...sittings.cover()]).toEqual([['p', { sittings: 3, partial: 1, begin: T, end: T + 160_000 }]])
})

test('of a revision that two runs wrote, one of which saw more of the log, what came further counts', () => {
  const [cut, further, closed] = [made({ state: 'open', credited: 1 }), made({ state: 'open', credited: 2, end: formatTime(T + 61_000) }), made({ credited: 3, end: formatTime(T + 61_000) })]
  const counts = (...of: AuditedRecord[]): number | undefined => {
    const sittings = new Sittings()
    for (const r of of) sittings.add(r)
    return sittings.of(learnerKey('p', 'L1'))?.chapters.get('c1')?.[0]?.credited
  }
  expect([counts(cut, further), counts(further, cut), counts(closed, further), counts(cut, closed)]).toEqual([2, 2, 3, 3])
})

test('ids that are not ours are told apart as well', () => {
  const sittings = new Sittings()
  for (const id of ['a', 'b', 'a', `${'0'.repeat(31)}g`, 'x'.repeat(32)]) sittings.add(made({ id }))
  expect([sittings.states().all, sittings.replaced]).toEqual([4, 1])
})

test('thousands of sittings, each told several times in any order, come out as their last revision says', () => {
  const revisions = array(record({ learner: integer({ min: 0, max: 30 }), at: integer({ min: 0, max: 400 }), times: integer({ min: 1, max: 4 }) }), { minLength: 1, maxLength: 800 })
  assert(property(revisions, integer(), (list, seed) => {
    const all = new Map<string, AuditedRecord>()
    const given: AuditedRecord[] = []
    for (const { learner, at, times } of list) {
      for (let revision = 1; revision <= times; revision++) {
        const r = made({ learner: `L${learner}`, at: at * 1000, revision, credited: revision, watched: Array.from({ length: ((learner + at) % 4) * revision }, (_, i) => [10 * i, 10 * i + revision]) })
        given.push(r)
        if ((all.get(r.id)?.revision ?? 0) < revision) all.set(r.id, r)
      }
    }
    const sittings = new Sittings()
    for (const r of [...given].sort((a, b) => ((a.credited * 7 + seed) % 11) - ((b.credited * 7 + seed) % 11))) sittings.add(r)
    const found: unknown[] = []
    for (const key of sittings.keys()) for (const s of sittings.of(key)?.chapters.get('c1') ?? []) found.push([sittings.of(key)?.learner, s.begin, s.credited, Array.from(s.watched)])
    const wanted = [...all.values()].map((r) => [r.learner, Date.parse(r.begin), r.credited, r.watched.flat()])
    const bySelf = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
    expect(found.sort(bySelf)).toEqual(wanted.sort(bySelf))
    expect(sittings.states().all).toBe(all.size)
  }), { numRuns: 20 })
})

test('a record that a regulator cannot trust is none', () => {
  expect(auditedRecord.safeParse(made()).success).toBe(true)
  for (const bad of [{ begin: 'today' }, { credited: -1 }, { watched: [[1]] }, { revision: 0 }, { coverage: undefined }, { format: 2 }]) expect(auditedRecord.safeParse({ ...made(), ...bad }).success, JSON.stringify(bad)).toBe(false)
})
