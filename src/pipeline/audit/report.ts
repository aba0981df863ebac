import { z } from 'zod'
import { SEVERITIES } from '../../warnings/warning.ts'
import { ROW_VERDICTS, WHY_NOT } from './compare.ts'
import { METRICS } from './rank.ts'

const seconds = z.number().min(0)
const count = z.int().min(0)
const share = z.number().min(0).max(1)
const time = z.string().meta({ format: 'date-time' })

/** See `Figures`; all in seconds. `claimed` = (`proven` - `unclaimed`) + `disputed` + `unproven` + `notEvaluable`. */
export const figuresSchema = z.strictObject({
  claimed: seconds.describe('What the platform says was studied.'),
  played: seconds.describe('What the log shows to have been played and credited, each media second once.'),
  proven: seconds.describe('Of what was played, what no warning disputes.'),
  disputed: seconds.describe('Of the claim, what warnings dispute that stand.'),
  withhold: seconds.describe('Of that, what rules dispute that withhold.'),
  unproven: seconds.describe('Of the claim, what the log should show and does not.'),
  notEvaluable: seconds.describe('Of the claim, what the log cannot show.'),
  unclaimed: seconds.describe('Proven and not claimed.'),
  spared: seconds.describe('Disputed by warnings and not claimed.'),
  grave: seconds.describe('Of what is disputed, claimed or not, what warnings of medium severity or higher dispute.'),
  questioned: seconds.describe('Of what is proven, the time in which a warning of medium or higher names the learner and disputes no seconds.'),
})

const moneySchema = z.strictObject({
  claimed: z.number(), proven: z.number().describe('For the part of the claim that is proven.'), disputed: z.number(), unproven: z.number(), notEvaluable: z.number(),
  unrated: seconds.describe('Claimed seconds of classes without `hourRate`.'),
}).describe('In the currency of `hourRate`; absent where no class has one.')

const severities = z.strictObject(Object.fromEntries(SEVERITIES.map((s) => [s, count])) as Record<(typeof SEVERITIES)[number], typeof count>)
const words = z.strictObject({ en: z.string(), zh: z.string() })

export const reasonSchema = z.strictObject({
  metric: z.enum(METRICS),
  value: z.number().describe('A share; of `warnings` how many of medium or higher in an hour that was played.'),
  atLeast: z.number().describe('The lower end of its 95 % interval, by which it is judged.'),
  usual: z.number().optional().describe('The median of the platform; absent where too few are compared.'),
  z: z.number().optional().describe('How many robust standard deviations `atLeast` lies above it.'),
  words,
})

const learnerName = { platform: z.string(), learner: z.string(), class: z.string().optional(), institution: z.string().optional() }
const className = { platform: z.string(), class: z.string(), institution: z.string().optional() }

export const learnerSchema = z.strictObject({ ...learnerName, ...figuresSchema.shape, warnings: severities.describe('Warnings that stand and name the learner.'), reasons: z.array(reasonSchema).describe('Why it is ranked as abnormal; empty where it is not.') })
export type AuditLearner = z.infer<typeof learnerSchema>

export const classSchema = z.strictObject({
  ...className, learners: count, warned: count.describe('Learners whom a warning of medium or higher names.'), ...figuresSchema.shape, money: moneySchema.optional(), reasons: z.array(reasonSchema),
})
export type AuditClass = z.infer<typeof classSchema>

export const rowSchema = z.strictObject({
  ...learnerName, course: z.string().optional(), chapter: z.string().optional(), ...figuresSchema.shape, sittings: count,
  rules: z.array(z.string()).describe('Whose warnings dispute time of it.'),
  verdict: z.enum(ROW_VERDICTS), why: z.enum(WHY_NOT).optional().describe('Why it cannot be judged.'), missing: z.string().optional().describe('What the log lacks.'),
})
export type AuditRow = z.infer<typeof rowSchema>

const group = { learners: count, ...figuresSchema.shape, money: moneySchema.optional() }

/** What `invigil audit` writes as audit.json. Lists of learners and rows lie beside it. */
export const auditSchema = z.strictObject({
  format: z.literal(1),
  hour: seconds.describe('Seconds of a class hour.'),
  tolerance: seconds.describe('Up to so many seconds a row agrees.'),
  timeZone: z.string().optional().describe('Of classes without a time zone; absent: UTC.'),
  period: z.strictObject({ begin: time, end: time }).optional().describe('What the records cover.'),
  sources: z.strictObject({
    records: z.strictObject({ read: count, replaced: count.describe('By a later revision, or there twice.'), sittings: count, open: count.describe('Sittings that may go on.'), bad: count }),
    claims: z.strictObject({ rows: count, taken: count, bad: count, ignored: z.array(z.string()).describe('Columns that mean nothing here.') }),
    warnings: z.strictObject({ revisions: count, standing: count, disputing: count.describe('Of those standing, with disputed seconds.'), withdrawn: count, dismissed: count.describe('By a review.'), bad: count }).optional(),
    rejects: z.record(z.string(), count).describe('Lines of these files that were not taken, by reason.'),
  }),
  totals: z.strictObject({ ...group, rows: z.strictObject(Object.fromEntries(ROW_VERDICTS.map((v) => [v, count])) as Record<(typeof ROW_VERDICTS)[number], typeof count>) }),
  platforms: z.array(z.strictObject({ platform: z.string(), ...group, sittings: count, partial: count.describe('Sittings whose record could be kept only in part.') })),
  institutions: z.array(z.strictObject({ institution: z.string().optional(), ...group })),
  classes: z.array(classSchema),
  notEvaluable: z.array(z.strictObject({ platform: z.string(), why: z.enum(WHY_NOT), missing: z.string().optional(), rows: count, seconds })),
  abnormal: z.strictObject({
    classes: z.strictObject({ total: count, first: z.array(classSchema) }),
    learners: z.strictObject({ total: count, first: z.array(learnerSchema).describe('The first of the ranking; all have `reasons` in learners.ndjson.') }),
  }),
  differing: z.strictObject({ total: count, first: z.array(rowSchema).describe('Those with the most seconds disputed or unproven; all are in differing.ndjson.') }),
  usage: z.array(z.strictObject({
    platform: z.string(), hours: z.array(count).length(24).describe('Learners active in each hour of the day, over all days.'), days: z.array(z.strictObject({ day: z.string(), learners: count })),
    sitting: z.number().optional().describe('Median length of sittings of a minute and longer, in seconds.'), rate: z.number().optional().describe('Median of media seconds over seconds of the clock, pauses included.'),
  })),
  completion: z.array(z.strictObject({ course: z.string(), title: z.string().optional(), chapters: count, learners: count, share: share.describe('Mean share of chapters completed.'), all: count.describe('Learners who completed all.') })),
})
export type Audit = z.infer<typeof auditSchema>
