import { z } from 'zod'
import { contentHash } from '../base/hash.ts'

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

export const RESPONSES = ['prompt', 'warn', 'review', 'withhold'] as const
export type Response = (typeof RESPONSES)[number]

export const SUBJECT_KINDS = ['learner', 'account', 'person', 'ip', 'device', 'photo', 'class', 'institution', 'teacher', 'platform'] as const
export type SubjectKind = (typeof SUBJECT_KINDS)[number]

const time = z.string().meta({ format: 'date-time' })
const ref = z.strictObject({ platform: z.string(), id: z.string() })

/** A feature that raised a model's score. */
const reasonSchema = z.strictObject({
  feature: z.string(),
  value: z.number(),
  usual: z.tuple([z.number(), z.number()]).describe('What honest learners usually have: 5th to 95th percentile.'),
  weight: z.number().describe('How much of the score, in logits, is due to it.'),
})
export type Reason = z.infer<typeof reasonSchema>

/** The warning as it is written: the contract with regulators. The latest revision is the whole truth of an id. */
export const warningSchema = z.strictObject({
  format: z.literal(1),
  id: z.string().describe('Content hash of (rule, platform, subject, begin).'),
  revision: z.int().min(1),
  episode: z.enum(['ongoing', 'ended', 'withdrawn']),
  why: z.string().optional().describe('Why it was withdrawn.'),
  rule: z.string(),
  detector: z.string(),
  ruleVersion: z.string().describe('Hash of the rule in effect.'),
  context: z.string().describe('Hash of all that the warning depends on besides the log.'),
  basis: z.array(z.strictObject({ regulation: z.string(), article: z.string() })),
  severity: z.enum(SEVERITIES),
  response: z.enum(RESPONSES),
  subject: z.strictObject({ kind: z.enum(SUBJECT_KINDS), platform: z.string(), id: z.string() }),
  learners: z.array(ref),
  institutions: z.array(z.string()),
  class: z.string().optional(),
  course: z.string().optional(),
  chapters: z.array(z.string()),
  begin: time,
  end: time,
  raised: time.describe('Event time at which this revision was written; the output is in its order.'),
  disputed: z
    .array(z.strictObject({ platform: z.string(), learner: z.string(), chapter: z.string(), begin: time, end: time, seconds: z.number() }))
    .describe('Exactly the time that should not be credited.'),
  case: z.string().describe('Hash of platform, learner, class: groups what one learner is warned of.'),
  summary: z.strictObject({ en: z.string(), zh: z.string() }),
  facts: z.record(z.string(), z.unknown()),
  reasons: z.array(reasonSchema).optional().describe('Of a model: what speaks most for it, the largest first.'),
  evidence: z.strictObject({ events: z.array(z.string()).max(20), count: z.int() }),
  coverage: z.strictObject({ state: z.enum(['full', 'partial']), missing: z.string().optional() }),
})
export type Warning = z.infer<typeof warningSchema>

/** A prompt that the platform shows to its learner. */
export const promptSchema = z.strictObject({
  format: z.literal(1),
  warning: z.string(),
  platform: z.string(),
  learner: z.string(),
  rule: z.string(),
  text: z.record(z.string(), z.string()),
  raised: time,
  until: time.describe('Not worth showing after this.'),
})
export type Prompt = z.infer<typeof promptSchema>

/** The id of a warning: the same behaviour has the same id in every replay, under whichever context. */
export function warningId(rule: string, platform: string, subject: { kind: string; id: string }, begin: number): string {
  return contentHash([rule, platform, subject.kind, subject.id, begin]).slice(0, 32)
}

/** Groups the warnings of one learner in one class. */
export function caseId(platform: string, learner: string, klass: string | undefined): string {
  return contentHash([platform, learner, klass ?? null]).slice(0, 16)
}
