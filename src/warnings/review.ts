import { z } from 'zod'
import { parseTime } from '../base/time.ts'

export const VERDICTS = ['confirmed', 'dismissed'] as const
export type Verdict = (typeof VERDICTS)[number]

/** What a reviewer decided of a warning: a line of `reviews.ndjson`. The latest review of a warning is the one that counts. */
export const reviewSchema = z.strictObject({
  format: z.literal(1),
  warning: z.string().min(1).describe('The id of the warning.'),
  revision: z.int().min(1).describe('The revision that was looked at.'),
  verdict: z.enum(VERDICTS).describe('`confirmed`: the learner did it; `dismissed`: the warning was wrong.'),
  why: z.string().min(1).describe('The reason, for whoever asks later.'),
  by: z.string().min(1).describe('Who decided it.'),
  at: z.string().refine((s) => parseTime(s) !== undefined, { error: 'not a date-time with offset (`2026-03-02T08:00:00+08:00`)' }).meta({ format: 'date-time' }).describe('When.'),
})
export type Review = z.infer<typeof reviewSchema>

/** The verdict that counts for each warning: the latest by `at`, of equal ones the last given. */
export function verdicts(reviews: Iterable<Review>): Map<string, Verdict> {
  const latest = new Map<string, { at: number; verdict: Verdict }>()
  for (const { warning, verdict, at } of reviews) {
    const time = parseTime(at) as number
    const before = latest.get(warning)
    if (before === undefined || time >= before.at) latest.set(warning, { at: time, verdict })
  }
  return new Map([...latest].map(([id, { verdict }]) => [id, verdict]))
}
