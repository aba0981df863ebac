import { expect, test } from 'vitest'
import { latestReviews, reviewSchema, rulesRecord, verdicts, type Review } from './review.ts'

const review = (warning: string, verdict: Review['verdict'], at = '2026-03-02T08:00:00Z', rule = 'a'): Review => (
  reviewSchema.parse({ format: 1, warning, revision: 1, rule, verdict, why: 'seen', by: 'office', at })
)

test('the last review of a warning counts', () => {
  const latest = latestReviews([review('w', 'dismissed', '2026-03-03T08:00:00Z'), review('w', 'confirmed', '2026-03-02T08:00:00Z'), review('v', 'confirmed'), review('v', 'dismissed')])
  expect([...latest].map(([id, { verdict }]) => [id, verdict])).toEqual([['w', 'dismissed'], ['v', 'dismissed']])
})

test('a dismissed warning lowers the precision of its rule, and few reviews leave it wide', () => {
  const warnings = ['1', '2', '3', '4'].map((id) => ({ id, revision: 1, rule: 'a', episode: 'ended' }))
  const before = rulesRecord(warnings, [review('1', 'confirmed'), review('2', 'confirmed')])
  expect(before).toEqual([{ rule: 'a', warnings: 4, confirmed: 2, dismissed: 0, precision: 1, between: [expect.closeTo(0.342, 3), 1] }])
  const [after] = rulesRecord(warnings, [review('1', 'confirmed'), review('2', 'confirmed'), review('3', 'dismissed')])
  expect(after).toMatchObject({ confirmed: 2, dismissed: 1, precision: 2 / 3 })
})

test('what was withdrawn is no warning any more, and a rule without reviews has no precision', () => {
  const warnings = [{ id: '1', revision: 1, rule: 'a', episode: 'ongoing' }, { id: '1', revision: 2, rule: 'a', episode: 'withdrawn' }, { id: '2', revision: 1, rule: 'b', episode: 'ended' }]
  expect(rulesRecord(warnings, [])).toEqual([{ rule: 'b', warnings: 1, confirmed: 0, dismissed: 0, precision: undefined, between: undefined }])
})

test('a review says who decided what, when and why', () => {
  const good = review('w', 'confirmed')
  const bad = [{ verdict: 'maybe' }, { why: '' }, { by: undefined }, { at: '2026-03-03' }, { at: 'today' }, { revision: 0 }, { warning: '' }, { format: 2 }, { more: true }]
  for (const member of bad) expect(reviewSchema.safeParse({ ...good, ...member }).success, JSON.stringify(member)).toBe(false)
})

test('times are compared, not texts', () => {
  const early = review('w1', 'dismissed', '2026-03-03T00:30:00Z')
  const late = review('w1', 'confirmed', '2026-03-03T09:00:00+08:00')
  expect(verdicts([late, early])).toEqual(new Map([['w1', 'confirmed']]))
  expect(verdicts([late, { ...late, verdict: 'dismissed' }])).toEqual(new Map([['w1', 'dismissed']]))
})
