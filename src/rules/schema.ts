import { isIP } from 'node:net'
import { z } from 'zod'
import { parseTime } from '../base/time.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { MODES, ON_EDIT } from '../engine/rule.ts'
import { RESPONSES, SEVERITIES } from '../warnings/warning.ts'

const text = z.string().min(1)
const name = z.string().regex(/^[a-z][a-z0-9-]*$/, 'only lower-case letters, digits and hyphens, a letter first')
const date = z.string().refine(isDate, { error: 'not a date such as `2026-03-02`' }).meta({ pattern: String.raw`^\d{4}-\d\d-\d\d$` })

function isDate(s: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(s) && parseTime(`${s}T00:00:00Z`) !== undefined
}

function isAddress(s: string): boolean {
  const [address, bits, more] = s.split('/')
  const version = isIP(address as string)
  if (version === 0 || more !== undefined) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

/** Lets a check of the whole entry run even where one of its parts is wrong. */
function isMap({ value }: { value: unknown }): boolean {
  return typeof value === 'object' && value !== null
}

export const exemptSchema = z
  .strictObject({
    platform: text.optional().describe('Whose learners or classes.'),
    learner: z.array(text).min(1).optional().describe('Learner ids.'),
    class: text.optional(),
    ip: z.string().refine(isAddress, { error: 'not an address such as `203.0.113.7`, nor a range such as `203.0.113.0/24`' }).optional(),
    from: date.describe("First day, in the class's time zone."),
    until: date.describe("Last day, in the class's time zone."),
    why: text.describe('The reason, for whoever asks later.'),
    by: text.describe('Who decided it.'),
  })
  .refine((e) => !(e.from > e.until), { path: ['from'], error: '`from` is after `until`', when: isMap })
  .refine((e) => (e.learner ?? e.class) === undefined || e.platform !== undefined, {
    path: ['platform'], error: 'ids belong to their platform: name it', when: isMap,
  })
  .refine((e) => (e.platform ?? e.ip ?? e.learner ?? e.class) !== undefined, { error: 'exempts everybody: name a platform or an ip', when: isMap })
export type Exempt = z.infer<typeof exemptSchema>

export const placeSchema = z.strictObject({
  kind: z.enum(['public', 'private', 'invalid']).default('public'),
  country: z.string().optional(),
  province: z.string().optional(),
  provinceCode: z.string().optional(),
  city: z.string().optional(),
  latitude: z.number().optional(),
  longitude: z.number().optional(),
  asn: z.int().optional(),
  holder: z.string().optional(),
})

export const testSchema = z.strictObject({
  it: text.describe('What is shown, as `warns on half a minute of two chapters`.'),
  date: date.default('2026-03-02').describe('The day of the lines that give only a time; times are UTC.'),
  platform: text.default('p1').describe('The platform of lines that name none.'),
  catalogue: catalogueSchema.prefault({}),
  places: z.record(z.string(), placeSchema).default({}).describe('Where addresses are.'),
  given: z.string().describe('Lines `HH:MM:SS action learner field=value`, or `mark HH:MM:SS` to let time pass.'),
  expect: z.array(z.record(z.string(), z.unknown())).describe('A part of each latest warning of the rule, in the order of begin and id.'),
})
export type TestInput = z.infer<typeof testSchema>

/** A rule as it is written, after overlays. */
export const ruleSchema = z.strictObject({
  rule: name.describe('The id: stable, since warnings carry it.'),
  title: text.describe('What it finds, in a few words.'),
  description: text.describe('When it warns, in sentences that a reviewer understands.'),
  falsePositives: z.array(text).default([]).describe('Honest behaviour that looks like this.'),
  next: text.optional().describe('What a reviewer does.'),
  basis: z.array(text).default([]).describe('Legal ground: `regulation/article`.'),
  detector: text.describe('What looks for it; `params` depend on it.'),
  mode: z.enum(MODES).default('live').describe('`shadow`: its warnings go to an output of their own and prompt nobody; `off`: it does not run.'),
  severity: z.enum(SEVERITIES).describe('How grave it is; a detector may say another for a verdict that is graver or milder than usual.'),
  response: z.enum(RESPONSES).describe('What is to be done: show the learner a prompt, warn, review, withhold the credit.'),
  params: z.record(z.string(), z.unknown()).default({}).describe('Parameters of the detector; those left out have their defaults.'),
  scope: text.optional().describe('CEL over platform, class, course, learner, ip: which events or sightings the rule sees.'),
  unless: text.optional().describe('CEL over the finished warning: true means that it is not sent.'),
  exempt: z.array(exemptSchema).default([]).describe('Who is not warned of, from and until when, why, and who decided it.'),
  onEdit: z.enum(ON_EDIT).default('keep').describe('What becomes of its state where this takes the place of another version of the rule: it goes on (`keep`), or begins anew, and open episodes end (`reset`).'),
  prompt: z.record(z.string().regex(/^[a-z]{2,3}(-[A-Za-z]+)?$/, 'not a language such as `en` or `zh`'), text).optional().describe('What the learner is told, by language; `{name}` stands for a fact, `{chapters}` or `{summary}`.'),
  tests: z.array(testSchema).default([]).describe('Events, and what the rule must make of them.'),
})
export type RuleInput = z.infer<typeof ruleSchema>

const word = z.string().regex(/^[a-z][a-zA-Z0-9_]*$/, 'only letters, digits and `_`, a small letter first')

/** An item of a rules file that names lists and conditions, for the conditions of all rules. */
export const definitionsSchema = z.strictObject({
  lists: z.record(word, z.array(text)).default({}).describe('Texts to look for, as in `learner in demo`.'),
  conditions: z.record(word, text).default({}).describe('CEL over events or sightings, used by its name.'),
})

/** How an overlay's lists meet those below: `override: { exempt: append }`. */
export const overrideSchema = z.record(z.string(), z.enum(['append', 'replace']))

const both = z.strictObject({ en: text, zh: text })

/** `regulations/*.yaml`: one regulation a file. */
export const regulationSchema = z.strictObject({
  id: name,
  title: both,
  note: both.optional().describe('What kind of text this is.'),
  articles: z.array(z.strictObject({ id: name, en: text, zh: text })).min(1),
})
export type Regulation = z.infer<typeof regulationSchema>
