import { z } from 'zod'
import { wilson } from '../base/share.ts'
import { parseTime } from '../base/time.ts'

export const VERDICTS = ['confirmed', 'dismissed'] as const
export type Verdict = (typeof VERDICTS)[number]

/** What somebody who looked into a warning says of it: the last word on it counts. */
export const reviewSchema = z.strictObject({
  format: z.literal(1).describe('Of this contract: another number is another contract.'),
  warning: z.string().min(1).describe('Id of the warning.'),
  revision: z.int().min(1).describe('The revision that was looked at.'),
  rule: z.string().min(1).describe('Id of the rule that raised it.'),
  verdict: z.enum(VERDICTS).describe('`confirmed`: it was right; `dismissed`: it accused wrongly.'),
  why: z.string().min(1).describe('The reason, in words.'),
  by: z.string().min(1).describe('Who looked into it.'),
  at: z.string().refine((s) => parseTime(s) !== undefined, { error: 'not a date-time with offset (`2026-03-02T08:00:00+08:00`)' }).meta({ format: 'date-time' }).describe('When, by the clock of whoever said so.'),
})
export type Review = z.infer<typeof reviewSchema>

/** The review that counts for each warning: the latest by `at`, of equal ones the last given. */
export function latestReviews(reviews: Iterable<Review>): Map<string, Review> {
  const latest = new Map<string, Review>()
  for (const review of reviews) {
    const before = latest.get(review.warning)
    if (before === undefined || (parseTime(before.at) as number) <= (parseTime(review.at) as number)) latest.set(review.warning, review)
  }
  return latest
}

/** The verdict that counts for each warning. */
export function verdicts(reviews: Iterable<Review>): Map<string, Verdict> {
  return new Map([...latestReviews(reviews)].map(([id, { verdict }]) => [id, verdict]))
}

/** How a rule's warnings were judged. */
export interface RuleRecord {
  rule: string
  /** Warnings that stand: the latest revision is not withdrawn. */
  warnings: number
  confirmed: number
  dismissed: number
  /** Confirmed over reviewed; undefined while none was. */
  precision: number | undefined
  /** Its 95 % interval (Wilson 1927), since few reviews say little. */
  between: [low: number, high: number] | undefined
}

/** What reviews say of each rule, in order of its id. `warnings`: each revision, or the latest. */
export function rulesRecord(warnings: Iterable<{ id: string; revision: number; rule: string; episode: string }>, reviews: readonly Review[]): RuleRecord[] {
  const latest = new Map<string, { revision: number; rule: string; episode: string }>()
  for (const w of warnings) if ((latest.get(w.id)?.revision ?? 0) < w.revision) latest.set(w.id, w)
  const records = new Map<string, RuleRecord>()
  const of = (rule: string): RuleRecord => {
    let record = records.get(rule)
    if (record === undefined) records.set(rule, (record = { rule, warnings: 0, confirmed: 0, dismissed: 0, precision: undefined, between: undefined }))
    return record
  }
  for (const { rule, episode } of latest.values()) if (episode !== 'withdrawn') of(rule).warnings++
  for (const { rule, verdict } of latestReviews(reviews).values()) of(rule)[verdict]++
  for (const record of records.values()) {
    const { confirmed, dismissed } = record
    const n = confirmed + dismissed
    if (n === 0) continue
    record.precision = confirmed / n
    record.between = wilson(confirmed / n, n)
  }
  return [...records.values()].sort((a, b) => (a.rule < b.rule ? -1 : 1))
}
