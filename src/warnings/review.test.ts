import { expect, test } from 'vitest'
import { reviewSchema, verdicts, type Review } from './review.ts'

const review = (more: Partial<Review>): Review => ({
  format: 1, warning: 'w1', revision: 1, verdict: 'confirmed', why: 'two windows were open', by: 'auditor 7', at: '2026-03-03T09:00:00+08:00', ...more,
})

test('a review says who decided what, when and why', () => {
  expect(reviewSchema.safeParse(review({})).success).toBe(true)
  const bad = [{ verdict: 'maybe' }, { why: '' }, { by: undefined }, { at: '2026-03-03' }, { at: 'today' }, { revision: 0 }, { warning: '' }, { format: 2 }, { more: true }]
  for (const member of bad) expect(reviewSchema.safeParse({ ...review({}), ...member }).success, JSON.stringify(member)).toBe(false)
})

test('the latest review of a warning counts, wherever it stands', () => {
  const early = review({ verdict: 'dismissed', at: '2026-03-03T00:30:00Z' })
  const late = review({ at: '2026-03-03T09:00:00+08:00' })
  expect(verdicts([late, early])).toEqual(new Map([['w1', 'confirmed']]))
  expect(verdicts([early, late, review({ warning: 'w2', verdict: 'dismissed' })])).toEqual(new Map([['w1', 'confirmed'], ['w2', 'dismissed']]))
  expect(verdicts([late, { ...late, verdict: 'dismissed' }])).toEqual(new Map([['w1', 'dismissed']]))
})
