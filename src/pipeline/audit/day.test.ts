import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { loadCatalogue } from '../../catalogue/load.ts'
import type { LearningRecord } from '../../records/record.ts'
import { truthSchema, type Truth } from '../../simulate/truth.ts'
import { ROOT, run, RULES, temporary } from '../../testing/runs.ts'
import { openContext } from '../context.ts'
import { makeAudit, type AuditOptions } from './make.ts'
import type { Audit, AuditLearner, AuditRow } from './report.ts'

const dir = temporary()
const DAY = join(ROOT, 'fixtures', 'day')
const CATALOGUE = join(DAY, 'catalogue.yaml')
const catalogue = loadCatalogue(readFileSync(CATALOGUE, 'utf8'), CATALOGUE)
const truth: Truth = truthSchema.parse(JSON.parse(readFileSync(join(DAY, 'truth.json'), 'utf8')))
const honest = new Set(truth.learners.filter((l) => l.kind === 'honest').map((l) => `${l.platform}/${l.learner}`))

interface Result { audit: Audit; learners: AuditLearner[]; rows: AuditRow[] }

const files = { records: join(dir, 'out', 'records.ndjson'), warnings: join(dir, 'out', 'warnings.ndjson'), claims: join(dir, 'claims.csv') }

async function audited(more: Partial<AuditOptions> = {}): Promise<Result> {
  const learners: AuditLearner[] = []
  const rows: AuditRow[] = []
  const audit = await makeAudit({ records: [files.records], claims: files.claims, warnings: [files.warnings], catalogue, hour: 2700, tolerance: 60, ...more }, { learner: (l) => learners.push(l), differing: (r) => rows.push(r), reject: (line) => expect(line).toBeUndefined() })
  return { audit, learners, rows }
}

// A simulated day of honest learners and of cheaters; the platforms claim the whole length of each chapter that was completed.
beforeAll(async () => {
  await run(dir, { logs: [join(DAY, 'telemetry.ndjson.gz')], context: await openContext({ rules: [RULES], catalogue: CATALOGUE, version: 'test' }), output: join(dir, 'out') })
  const completed = new Map<string, number>()
  for (const line of readFileSync(files.records, 'utf8').trimEnd().split('\n')) {
    const r = JSON.parse(line) as LearningRecord
    if (r.completed) completed.set([r.platform, r.learner, r.class, r.course, r.chapter].join(','), r.length as number)
  }
  writeFileSync(files.claims, `platform,learner,class,course,chapter,seconds\n${[...completed].map(([row, length]) => `${row},${length}\n`).join('')}`)
})

test('of what the honest are claimed to have studied the log proves nearly all, and nothing is disputed', async () => {
  const { learners } = await audited()
  const mine = learners.filter((l) => honest.has(`${l.platform}/${l.learner}`))
  const sum = (of: 'claimed' | 'proven' | 'unclaimed' | 'disputed' | 'unproven'): number => mine.reduce((all, l) => all + l[of], 0)
  expect(mine.length).toBe(honest.size)
  expect(sum('claimed')).toBeGreaterThan(100 * 2700)
  expect((sum('proven') - sum('unclaimed')) / sum('claimed')).toBeGreaterThan(0.99)
  expect(sum('disputed')).toBe(0)
  expect(mine.filter((l) => l.reasons.length > 0)).toEqual([])
})

test('cheaters are those to look at first, and what they are claimed to have studied is not proven', async () => {
  const { audit, learners } = await audited()
  const cheaters = learners.filter((l) => !honest.has(`${l.platform}/${l.learner}`))
  expect(cheaters.filter((l) => l.reasons.length > 0).length / cheaters.length).toBeGreaterThan(0.9)
  const safe = cheaters.reduce((sum, l) => sum + l.proven - l.unclaimed - l.questioned, 0)
  expect(safe / cheaters.reduce((sum, l) => sum + l.claimed, 0)).toBeLessThan(0.1)
  expect(audit.abnormal.learners.first.every((l) => !honest.has(`${l.platform}/${l.learner}`))).toBe(true)
  expect(audit.differing.first.every((r) => !honest.has(`${r.platform}/${r.learner}`))).toBe(true)
})

test('every sum is the sum of its parts', async () => {
  const { audit, learners } = await audited()
  for (const name of ['claimed', 'played', 'proven', 'disputed', 'withhold', 'unproven', 'notEvaluable', 'unclaimed', 'spared', 'questioned'] as const) {
    for (const groups of [audit.platforms, audit.institutions, audit.classes, learners] as const) expect(groups.reduce((sum, g) => sum + g[name], 0), name).toBeCloseTo(audit.totals[name], 0)
  }
  const { claimed, proven, unclaimed, disputed, unproven, notEvaluable } = audit.totals
  expect(proven - unclaimed + disputed + unproven + notEvaluable).toBeCloseTo(claimed, 1)
})

test('without warnings what was played is proven, and nothing disputed; with all of them dismissed, too', async () => {
  const before = (await audited({ warnings: undefined })).audit
  expect([before.totals.disputed, before.sources.warnings]).toEqual([0, undefined])
  expect(before.totals.proven).toBe(before.totals.played)
  const ids = new Set(readFileSync(files.warnings, 'utf8').trimEnd().split('\n').map((l) => (JSON.parse(l) as { id: string }).id))
  const reviews = join(dir, 'reviews.ndjson')
  writeFileSync(reviews, [...ids].map((warning) => `${JSON.stringify({ format: 1, warning, revision: 1, rule: 'r', verdict: 'dismissed', why: 'a test', by: 'nobody', at: '2026-03-03T00:00:00Z' })}\n`).join(''))
  const after = (await audited({ reviews })).audit
  expect(after.totals).toEqual(before.totals)
  expect(after.sources.warnings).toMatchObject({ standing: 0, dismissed: ids.size })
})

test('claims of another kind of id, or of a platform without records, are not evaluable', async () => {
  const claims = join(dir, 'others.csv')
  writeFileSync(claims, `platform,learner,chapter,hours\n${Array.from({ length: 20 }, (_, i) => `yunxue,5301${i},YX-K1-01,1\nnowhere,N${i},c,1\n`).join('')}`)
  const { audit } = await audited({ claims })
  expect([audit.totals.claimed, audit.totals.notEvaluable, audit.totals.unproven]).toEqual([40 * 2700, 40 * 2700, 0])
  expect(audit.notEvaluable.map(({ platform, why }) => `${platform} ${why}`).sort()).toEqual(['nowhere no-records', 'yunxue other-ids'])
})

test('the order and repetition of records and warnings change nothing', async () => {
  const shuffled = (file: string): string => {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    const path = `${file}.shuffled`
    writeFileSync(path, `${[...lines.filter((_, i) => i % 3 === 0), ...lines].reverse().join('\n')}\n`)
    return path
  }
  const [one, other] = [await audited(), await audited({ records: [shuffled(files.records)], warnings: [shuffled(files.warnings)] })]
  const { sources: a, ...rest } = one.audit
  const { sources: b, ...others } = other.audit
  expect(others).toEqual(rest)
  expect([other.rows, other.learners, b.records.sittings]).toEqual([one.rows, one.learners, a.records.sittings])
})
