import { z } from 'zod'
import { ACTIONS, FIELDS } from '../../telemetry/event.ts'
import { REJECT_REASONS } from '../../telemetry/rejects.ts'
import { THINGS } from './platform.ts'

const count = z.int().min(0)
const said = z.strictObject({ en: z.string(), zh: z.string() })
const ms = z.number().describe('Milliseconds.')
const quantiles = z.strictObject({ median: ms, low: ms.describe('5th percentile.'), high: ms.describe('95th percentile.'), exact: z.boolean().describe('Else to within 0.5 %.') })
const number = z.strictObject({ count, exact: z.boolean().describe('Else an estimate, within 1 %.') })

/** What is to be done, or known, in words for a data team. */
const finding = z.strictObject({
  code: z.string(),
  level: z.enum(['mend', 'doubt', 'note']).describe('`mend`: something is lost; `doubt`: something is most likely wrong; `note`: good to know.'),
  platform: z.string().optional(),
  says: said,
  mend: said.optional(),
})

/** Something that rules lack, and how to give it. */
const lack = z.strictObject({
  what: z.string().describe('The same for the same lack.'),
  where: z.enum(['event', 'catalogue', 'geo', 'rules']),
  says: said,
  add: z.string().optional().describe('A piece of an event (JSON) or of the catalogue (YAML) as an example.'),
  platforms: z.array(z.string()),
  rules: z.array(z.string()).describe('Those that cannot be judged at all for lack of it.'),
  partly: z.array(z.string()).describe('Those that can be judged only in part.'),
})

const platform = z.strictObject({
  id: z.string(),
  events: count,
  late: count.describe('Events that came later than the lateness allows.'),
  actions: z.partialRecord(z.enum(ACTIONS), count),
  sizes: z.record(z.enum(THINGS), number),
  fields: z.array(z.strictObject({
    field: z.enum(FIELDS),
    events: count, of: count.describe('Events of the actions with which the field says something.'),
    byAction: z.array(z.strictObject({ action: z.enum(ACTIONS), events: count, of: count })),
    examples: z.array(z.string()),
  })),
  clock: z.strictObject({
    first: z.string(), last: z.string(), days: count.describe('Up to 1,000.'),
    zones: z.array(z.strictObject({ offset: z.string(), events: count })),
    offset: quantiles.optional().describe('`received` less `time`; absent where no event tells `received`.'),
    drift: z.strictObject({ ppm: z.number(), secondsADay: z.number(), stretches: count }).optional(),
    order: z.strictObject({ disordered: count, behind: z.strictObject({ p95: ms, p99: ms, p999: ms, most: ms }), lateness: z.string().optional().describe('What the catalogue may name.') }),
    whole: z.strictObject({ seconds: z.number(), minutes: z.number(), midnight: z.number() }).describe('Shares of events.'),
  }),
  ids: z.strictObject({ repeated: count, conflicting: count, examples: z.array(z.strictObject({ learner: z.string(), id: z.string(), times: z.array(z.string()) })) }),
  heartbeat: z.strictObject({
    intervals: count, median: ms, spread: ms.describe('Median distance from the median.'), regular: z.number().describe('Share within a fifth of the median.'),
    learners: z.strictObject({ count, median: ms.optional(), regular: z.number().optional() }).describe('Those with ten intervals, each with the median of the first ten: what a cadence is told by.'),
    cadence: z.string().optional().describe('What the catalogue may name.'), catalogue: z.string().optional().describe('What it names.'),
    positions: z.strictObject({ pairs: count, agreeing: count, pace: z.number().describe('Media seconds to a second of the clock.') }).optional(),
  }).optional(),
  rates: z.array(z.strictObject({ rate: z.number(), events: count })),
})

/** What `invigil check` found: the contract of `--json`. */
export const checkSchema = z.strictObject({
  format: z.literal(1),
  log: z.strictObject({
    files: z.array(z.string()), lines: count, events: count, blank: count,
    ignored: z.array(z.strictObject({ verb: z.string(), count })),
    rejected: z.array(z.strictObject({
      reason: z.enum(Object.keys(REJECT_REASONS) as (keyof typeof REJECT_REASONS)[]), count, means: said, mend: said,
      examples: z.array(z.strictObject({ file: z.string(), line: count, message: z.string(), text: z.string() })),
    })),
    first: z.string().optional(), last: z.string().optional(),
    peak: z.strictObject({ second: z.string(), events: count }).optional(),
  }),
  findings: z.array(finding),
  platforms: z.array(platform),
  rules: z.array(z.strictObject({
    rule: z.string(), title: z.string().optional(),
    platforms: z.array(z.strictObject({ platform: z.string(), state: z.enum(['judged', 'in part', 'not evaluable']), why: z.array(z.string()) })),
  })),
  lacks: z.array(lack),
  problems: z.array(z.string()).describe('What cut a log short.'),
})

export type CheckReport = z.infer<typeof checkSchema>
export type PlatformReport = CheckReport['platforms'][number]
export type Finding = z.infer<typeof finding>
export type Lack = z.infer<typeof lack>
export type Said = z.infer<typeof said>
