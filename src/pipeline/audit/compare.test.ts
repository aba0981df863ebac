import { array, assert, boolean, constantFrom, integer, option, property, record } from '../../testing/fuzz.ts'
import { expect, test } from 'vitest'
import { loadCatalogue } from '../../catalogue/load.ts'
import type { Unit } from './claims.ts'
import { compareLearner, type Row, type WhyNot } from './compare.ts'
import { auditedWarning, Disputes } from './disputes.ts'
import { learnerKey, type LearnerSittings, type Sitting } from './sittings.ts'

const catalogue = loadCatalogue(`
platforms: [{ id: p }]
courses:
  - { id: a, chapters: [{ id: c1, length: 1000 }, { id: c2, length: 1000 }, { id: lathe, kind: practice }] }
  - { id: b, chapters: [{ id: d1, length: 500 }] }
classes: [{ id: k, platform: p, institution: i, courses: [a], learners: [L1] }]
`, 'catalogue.yaml')

const KEY = learnerKey('p', 'L1')
const DAY = Date.UTC(2026, 2, 2)
const sitting = (credited: number, more: Partial<Sitting> = {}): Sitting => ({
  practice: false, completed: false, class: undefined, institution: undefined, course: undefined, begin: DAY, end: DAY + 2_000_000, watched: [0, credited], length: undefined, credited, missing: undefined, ...more,
})
const unit = (seconds: number, more: Partial<Unit> = {}): Unit => ({ class: undefined, course: undefined, chapter: undefined, seconds, outside: 0, ...more })

interface Dispute { chapter: string; seconds: number; detector?: string; response?: 'review' | 'withhold' }

function compare(chapters: Record<string, Sitting[]>, units: Unit[], { disputes = [], why }: { disputes?: Dispute[]; why?: WhyNot } = {}): Row[] {
  const all = new Disputes()
  for (const [i, { chapter, seconds, detector = 'hang-up', response = 'review' }] of disputes.entries()) {
    const [begin, end] = [new Date(DAY + i * 1000).toISOString(), new Date(DAY + i * 1000 + seconds * 1000).toISOString()]
    all.add(auditedWarning.parse({ id: `${i}`, revision: 1, episode: 'ended', rule: detector, detector, severity: 'high', response, learners: [{ platform: 'p', id: 'L1' }], begin, end, disputed: [{ platform: 'p', learner: 'L1', chapter, begin, end, seconds }], facts: {} }))
  }
  const studied: LearnerSittings | undefined = Object.keys(chapters).length === 0 ? undefined : { platform: 'p', learner: 'L1', chapters: new Map(Object.entries(chapters)) }
  return compareLearner(KEY, { platform: 'p', learner: 'L1' }, studied, units, { catalogue, disputes: all.settle(), tolerance: 60, platform: () => ({ why }), knows: (_, u) => u.chapter !== 'unheard of' })
}

const figures = (rows: readonly Row[], ...names: (keyof Row['figures'])[]): number[][] => rows.map((r) => names.map((n) => r.figures[n]))

test('a chapter that was watched as claimed agrees', () => {
  const [row] = compare({ c1: [sitting(990)] }, [unit(1000, { chapter: 'c1' })])
  expect(row).toMatchObject({ platform: 'p', learner: 'L1', class: 'k', institution: 'i', course: 'a', chapter: 'c1', verdict: 'agrees', sittings: 1, rules: [], figures: { claimed: 1000, proven: 990, unproven: 10, disputed: 0 } })
})

test('what is claimed beyond the evidence is unproven, what is proven beyond the claim unclaimed', () => {
  const rows = compare({ c1: [sitting(300)], c2: [sitting(900)], d1: [sitting(400)] }, [unit(1000, { chapter: 'c1' }), unit(500, { chapter: 'c2' })])
  expect(figures(rows, 'claimed', 'proven', 'unproven', 'unclaimed')).toEqual([[0, 400, 0, 400], [1000, 300, 700, 0], [500, 900, 0, 400]])
  expect(rows.map((r) => r.verdict)).toEqual(['unclaimed', 'differs', 'unclaimed'])
})

test('what was played and is disputed counts for nobody until it is settled, and only once', () => {
  const disputes: Dispute[] = [{ chapter: 'c1', seconds: 400 }, { chapter: 'c1', seconds: 400, response: 'withhold' }]
  const [row] = compare({ c1: [sitting(1000)] }, [unit(1000, { chapter: 'c1' })], { disputes })
  expect(row).toMatchObject({ verdict: 'differs', rules: ['hang-up'], figures: { played: 1000, proven: 599, disputed: 401, withhold: 400, unproven: 0 } })
  // A platform that has withheld the time itself does not claim it.
  expect(compare({ c1: [sitting(1000)] }, [unit(599, { chapter: 'c1' })], { disputes })[0]).toMatchObject({ verdict: 'agrees', figures: { disputed: 0, spared: 401, unclaimed: 0 } })
})

test('credit that the log never gave is disputed as far as it is claimed, and takes nothing off what was played', () => {
  const seek: Dispute = { chapter: 'c1', seconds: 800, detector: 'seek-ahead' }
  expect(compare({ c1: [sitting(200)] }, [unit(1000, { chapter: 'c1' })], { disputes: [seek] })[0]).toMatchObject({ figures: { played: 200, proven: 200, disputed: 800, unproven: 0 } })
  expect(compare({ c1: [sitting(200)] }, [unit(200, { chapter: 'c1' })], { disputes: [seek] })[0]).toMatchObject({ verdict: 'agrees', figures: { proven: 200, disputed: 0 } })
  expect(compare({}, [unit(1000, { chapter: 'c1' })], { disputes: [seek] })[0]).toMatchObject({ rules: ['seek-ahead'], figures: { proven: 0, disputed: 800, unproven: 200 } })
})

test('claims of a course, a class or all take in their chapters, the closest claim first', () => {
  const chapters = { c1: [sitting(1000)], c2: [sitting(600)], d1: [sitting(500)] }
  expect(figures(compare(chapters, [unit(2100)]), 'claimed', 'proven')).toEqual([[2100, 2100]])
  const rows = compare(chapters, [unit(500), unit(700, { course: 'a' }), unit(1000, { chapter: 'c1' })])
  expect(rows.map((r) => [r.course, r.chapter, r.figures.claimed, r.figures.proven])).toEqual([['b', undefined, 500, 500], ['a', undefined, 700, 600], ['a', 'c1', 1000, 1000]])
  expect(compare(chapters, [unit(1600, { class: 'k', course: 'a' }), unit(0, { class: 'other' })]).map((r) => [r.class, r.figures.proven])).toEqual([['k', 1600], ['other', 500]])
})

test('sittings of one chapter in two classes are of two classes', () => {
  const rows = compare({ c1: [sitting(1000, { class: 'k' }), sitting(1000, { class: 'm' })] }, [unit(1000, { class: 'k', chapter: 'c1' }), unit(1000, { class: 'm', chapter: 'c1' })])
  expect(rows.map((r) => [r.class, r.figures.proven])).toEqual([['k', 1000], ['m', 1000]])
})

test('sittings of chapters of one name in two courses are of two chapters', () => {
  const rows = compare({ x: [sitting(1000, { course: 'a' }), sitting(1000, { course: 'b' })] }, [unit(1000, { course: 'a', chapter: 'x' }), unit(1000, { course: 'b', chapter: 'x' })])
  expect(rows.map((r) => [r.course, r.figures.proven, r.verdict])).toEqual([['b', 1000, 'agrees'], ['a', 1000, 'agrees']])
})

test('a chapter that was studied in another class than is claimed was studied', () => {
  const chapters = { c1: [sitting(1000, { class: 'm' })] }
  expect(compare(chapters, [unit(1000, { class: 'k', chapter: 'c1' })])).toMatchObject([{ class: 'k', verdict: 'agrees' }])
  expect(compare(chapters, [unit(1000, { class: 'k', chapter: 'c1' }), unit(1000, { class: 'm', chapter: 'c1' })]).map((r) => [r.class, r.figures.unproven])).toEqual([['k', 1000], ['m', 0]])
  expect(compare(chapters, [unit(1000, { class: 'z' })]).map((r) => [r.class, r.figures.unproven, r.figures.unclaimed])).toEqual([['m', 0, 1000], ['z', 1000, 0]])
})

test.each<[string, Record<string, Sitting[]>, Unit, WhyNot | undefined, number, string]>([
  ['no record of the platform', {}, unit(1000, { chapter: 'c1' }), 'no-records', 1000, 'no-records'],
  ['ids of another kind', {}, unit(1000, { chapter: 'c1' }), 'other-ids', 1000, 'other-ids'],
  ['a platform that sends half of it, and nobody seen', {}, unit(1000, { chapter: 'c1' }), 'partial', 1000, 'partial'],
  ['a log kept in part: at most what is left of the chapter', { c1: [sitting(400, { missing: 'position' })] }, unit(2000, { chapter: 'c1' }), undefined, 600, 'partial'],
  ['a chapter of unknown length', { x: [sitting(400, { missing: 'position' })] }, unit(2000, { chapter: 'x' }), undefined, 1600, 'partial'],
  ['a chapter that nobody knows', { c1: [sitting(1000)] }, unit(700, { chapter: 'unheard of' }), undefined, 700, 'unknown-name'],
  ['offline practice, attended', { lathe: [sitting(0, { practice: true, watched: [] })] }, unit(5400, { chapter: 'lathe' }), undefined, 5400, 'practice'],
  ['offline practice, by the catalogue', {}, unit(5400, { chapter: 'lathe' }), undefined, 5400, 'practice'],
  ['a course with practice in it', { c1: [sitting(1000)] }, unit(9000, { course: 'a' }), undefined, 8000, 'practice'],
  ['days before the records', { c1: [sitting(500)] }, unit(1000, { chapter: 'c1', outside: 300 }), undefined, 300, 'outside-period'],
])('not evaluable, never unproven: %s', (_, chapters, claimed, state, notEvaluable, why) => {
  const row = compare(chapters, [claimed], { why: state }).find((r) => r.figures.claimed > 0)
  expect(row).toMatchObject({ why, figures: { notEvaluable } })
  expect(row?.figures.unproven).toBe((row?.figures.claimed ?? 0) - (row?.figures.proven ?? 0) - notEvaluable)
})

test('a claim is always what is proven of it, disputed, unproven and not evaluable, and nothing is negative', () => {
  const any = record({
    sittings: array(record({ chapter: constantFrom('c1', 'c2', 'd1', 'x'), credited: integer({ min: 0, max: 2000 }), missing: option(constantFrom('position'), { nil: undefined }), class: option(constantFrom('k', 'm'), { nil: undefined }) }), { maxLength: 8 }),
    units: array(record({ seconds: integer({ min: 0, max: 5000 }), chapter: option(constantFrom('c1', 'c2', 'lathe'), { nil: undefined }), course: option(constantFrom('a', 'b'), { nil: undefined }), class: option(constantFrom('k', 'm'), { nil: undefined }), late: boolean() }), { maxLength: 4 }),
    disputes: array(record({ chapter: constantFrom('c1', 'c2', 'd1'), seconds: integer({ min: 0, max: 3000 }), detector: constantFrom('hang-up', 'seek-ahead', 'parallel-chapters'), response: constantFrom('review' as const, 'withhold' as const) }), { maxLength: 5 }),
  })
  assert(property(any, ({ sittings, units, disputes }) => {
    const chapters: Record<string, Sitting[]> = {}
    for (const { chapter, credited, missing, class: klass } of sittings) (chapters[chapter] ??= []).push(sitting(credited, { missing, class: klass }))
    const levels = new Map(units.map((u) => [`${u.class} ${u.course} ${u.chapter}`, unit(u.seconds, { class: u.class, course: u.course, chapter: u.chapter, outside: u.late ? u.seconds : 0 })]))
    const rows = compare(chapters, [...levels.values()], { disputes })
    for (const { figures: f } of rows) {
      expect(f.proven - f.unclaimed + f.disputed + f.unproven + f.notEvaluable).toBeCloseTo(f.claimed, 6)
      for (const [name, value] of Object.entries(f)) expect(value as number, name).toBeGreaterThanOrEqual(-1e-9)
      expect(f.proven).toBeLessThanOrEqual(f.played + 1e-9)
      expect(f.withhold).toBeLessThanOrEqual(f.disputed + 1e-9)
      expect(f.grave).toBeLessThanOrEqual(f.disputed + f.spared + 1e-9)
      expect(f.questioned).toBeLessThanOrEqual(f.proven + 1e-9)
    }
    // However it is claimed, the whole evidence stands in some row.
    const played = compare(chapters, []).reduce((sum, r) => sum + r.figures.played, 0)
    expect(rows.reduce((sum, r) => sum + r.figures.played, 0)).toBeCloseTo(played, 6)
  }))
})
