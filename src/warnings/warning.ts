import { z } from 'zod'
import { contentHash } from '../base/hash.ts'

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

export const RESPONSES = ['prompt', 'warn', 'review', 'withhold'] as const
export type Response = (typeof RESPONSES)[number]

export const SUBJECT_KINDS = ['learner', 'account', 'person', 'ip', 'device', 'photo', 'class', 'institution', 'teacher', 'platform'] as const
export type SubjectKind = (typeof SUBJECT_KINDS)[number]

const format = z.literal(1).describe('Of this contract: another number is another contract.')
const time = z.string().meta({ format: 'date-time' })
const platform = z.string().describe('Whose id it is.')
const ref = z.strictObject({ platform, id: z.string().describe('Of the learner on it.') })

/** A feature that raised a model's score. */
const reasonSchema = z.strictObject({
  feature: z.string().describe('Its name.'),
  value: z.number().describe('What it was here.'),
  usual: z.tuple([z.number(), z.number()]).describe('What honest learners usually have: 5th to 95th percentile.'),
  weight: z.number().describe('How much of the score, in logits, is due to it.'),
})
export type Reason = z.infer<typeof reasonSchema>

/** The warning as it is written: the contract with regulators. The latest revision is the whole truth of an id. */
export const warningSchema = z.strictObject({
  format,
  id: z.string().describe('Content hash of (rule, platform, subject, begin).'),
  revision: z.int().min(1).describe('1, 2, …: a later one replaces the one before.'),
  episode: z.enum(['ongoing', 'ended', 'withdrawn']).describe('Whether it goes on, is over, or was taken back.'),
  why: z.string().optional().describe('Why it was withdrawn.'),
  rule: z.string().describe('Id of the rule that raised it.'),
  detector: z.string().describe('What found it.'),
  ruleVersion: z.string().describe('Hash of the rule in effect.'),
  context: z.string().describe('Hash of all that the warning depends on besides the log.'),
  basis: z.array(z.strictObject({
    regulation: z.string().describe('Id of a regulation.'), article: z.string().describe('Id of one of its articles.'),
  })).describe('Its legal ground.'),
  severity: z.enum(SEVERITIES).describe('How grave it is.'),
  response: z.enum(RESPONSES).describe('What is to be done: show a prompt, warn, look into it, or withhold the credit.'),
  subject: z.strictObject({
    kind: z.enum(SUBJECT_KINDS).describe('What kind of thing it is.'), platform: platform.describe('Whose id it is; empty where it belongs to none.'), id: z.string().describe('Its id.'),
  }).describe('Whom or what it is about.'),
  learners: z.array(ref).describe('Those who took part. Empty where nobody is accused, as of a class that is not approved.'),
  institutions: z.array(z.string()).describe('Ids of the institutions that answer for them, by the catalogue.'),
  class: z.string().optional().describe('Where, if it is one class.'),
  course: z.string().optional().describe('Where, if it is one course.'),
  chapters: z.array(z.string()).describe('Where.'),
  begin: time.describe('Event time of its first sign.'),
  end: time.describe('Event time of its last sign so far.'),
  raised: time.describe('Event time at which this revision was written; the output is in its order.'),
  disputed: z
    .array(z.strictObject({
      platform, learner: z.string().describe('Whose time it is.'), chapter: z.string().describe('In which it was spent.'), begin: time.describe('From when.'), end: time.describe('Until when.'),
      seconds: z.number().describe('How much of it: may be less than from begin to end.'),
    }))
    .describe('Exactly the time that should not be credited.'),
  case: z.string().describe('Hash of platform, learner, class: groups what one learner is warned of.'),
  summary: z.strictObject({ en: z.string().describe('In English.'), zh: z.string().describe('In Chinese.') }).describe('One sentence for a layman, with the measured value and the limit.'),
  facts: z.record(z.string(), z.unknown()).describe("The detector's own numbers: `invigil rules docs` says what each is."),
  reasons: z.array(reasonSchema).optional().describe('Of a model: what speaks most for it, the largest first.'),
  evidence: z.strictObject({
    events: z.array(z.string()).max(20).describe('Ids of the first ten events and the latest ten.'), count: z.int().describe('How many there were.'),
  }).describe('What it rests on.'),
  coverage: z.strictObject({
    state: z.enum(['full', 'partial']).describe('Whether all was there to judge by.'), missing: z.string().optional().describe('What was not.'),
  }).describe('How much of what it depends on was there.'),
})
export type Warning = z.infer<typeof warningSchema>

/** A prompt that the platform shows to its learner. */
export const promptSchema = z.strictObject({
  format,
  warning: z.string().describe('Id of the warning.'),
  platform: z.string().describe('That shows it.'),
  learner: z.string().describe('To whom.'),
  rule: z.string().describe('Id of the rule that raised the warning.'),
  text: z.record(z.string(), z.string()).describe('By language, as `en` and `zh`.'),
  raised: time.describe('Event time at which the warning was raised.'),
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
