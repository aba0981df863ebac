import { z } from 'zod'
import { isTimeZone } from '../../base/time.ts'
import { ENCODINGS } from '../encoding.ts'
import { eventSchema } from '../event.ts'

const where = z.string().min(1).describe('A column of a table, or a path into a JSON record: `result.time`, `items[0].id`, `["a key.with dots"].id`.')
const scalar = z.union([z.string(), z.number(), z.boolean()])
const timeZone = z.string().refine(isTimeZone, { error: 'not an IANA time zone such as `Asia/Shanghai`' })
const formats = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)])
const delimiter = z.string().length(1).refine((d) => d.charCodeAt(0) < 128 && !'"\n\r'.includes(d), { error: 'must be one ASCII character that is no quote and no line break' })

/** Units that a number may be in, besides seconds. */
export const UNITS = ['s', 'ms', 'min', 'h', 'percent', 'clock', 'iso'] as const

const sourceShape = {
  from: z.union([where, z.array(where).min(1)]).optional().describe('Where the value stands: a column or a path; of several the first that is not empty.'),
  text: z.string().min(1).optional().describe('A text made of several, as `{course}/{lesson}`; absent where one of them is.'),
  constant: scalar.optional().describe('The value itself.'),
  join: z.string().min(1).optional().describe('The name of the join whose file `from` and `text` speak of.'),
  pattern: z.string().min(1).optional().describe('A regular expression (RE2): the value is its first group, or all that it finds; absent where it finds nothing.'),
  map: z.record(z.string(), scalar).optional().describe('What each value becomes. Any other is a reject; `*` stands for all of them.'),
  unit: z.enum(UNITS).optional().describe('What a number counts: seconds (`s`), `ms`, `min`, `h`, `percent` (of `length`, of `similarity`), or a time as `01:02:03` (`clock`) or `PT1M2S` (`iso`).'),
  format: formats.optional().describe('How a time is written, as `YYYY-MM-DD HH:mm:ss`, `rfc3339`, `epoch-s` or `epoch-ms`; of several the first that fits.'),
  timeZone: timeZone.optional().describe('The time zone of a time that names none.'),
}
const source = z.union([where, z.strictObject(sourceShape)])
const action = z.union([where, z.strictObject({
  ...sourceShape,
  ignore: z.union([z.literal('*'), z.array(z.string()).min(1)]).optional().describe('Values that are not used: counted, and no rejects. `*`: all that `map` does not have.'),
})])

const names = Object.keys(eventSchema.shape) as (keyof typeof eventSchema.shape)[]
export type FieldName = (typeof names)[number]
const fields = z.strictObject(Object.fromEntries(names.map((name) => {
  const description = eventSchema.shape[name].description
  const of = (name === 'action' ? action : source).optional()
  return [name, description === undefined ? of : of.describe(description)]
})) as Record<FieldName, z.ZodOptional<typeof source | typeof action>>)

const condition = z.union([scalar, z.array(scalar).min(1), z.strictObject({
  present: z.boolean().optional().describe('Whether there is a value that is not empty.'),
  not: z.union([scalar, z.array(scalar).min(1)]).optional().describe('Any other value, or none.'),
})])
const when = z.record(z.string().min(1), condition).describe('Columns or paths and what they must be: a value, one of several, `{ present: true }`, `{ not: value }`. All must hold.')

const file = {
  format: z.enum(['csv', 'json']).default('csv').describe('`csv`: a table with a row of column names; `json`: one object a line, or a list of them over many lines.'),
  encoding: z.enum(ENCODINGS).optional().describe('How characters are written; without it UTF-8, or UTF-16 where the file says so.'),
  delimiter: delimiter.optional().describe('What stands between columns; without it what the first row has most of: `,` `;` tab or `|`.'),
  records: z.string().min(1).default('statements').describe('Under which key the list of records stands, where a JSON document holds it in an object.'),
  absent: z.array(z.string()).default([]).describe('Values that mean that there is none, as `NULL`; an empty one always does.'),
}

const join = z.strictObject({
  file: z.string().min(1).describe('The file, from where the mapping lies. It is held in memory.'),
  ...file,
  key: where.describe('What a row of the file is found by.'),
  by: source.describe('The same in a record of the log.'),
  time: source.optional().describe('When a row of the file begins to hold. Without it, of several rows of one key the first counts.'),
  most: z.int().min(1).default(2_000_000).describe('Rows that the file may have.'),
})

/** All that `invigil.mapping.yaml` may say: how records of any table or JSON become canonical events. */
export const mappingSchema = z.strictObject({
  ...file,
  platform: z.string().min(1).max(1024).optional().describe('The platform of all events, unless a field says it.'),
  timeZone: timeZone.optional().describe('The time zone of times that name none.'),
  time: formats.optional().describe('How times are written, unless a field says it; without it, the usual ways that can mean one moment only.'),
  joins: z.record(z.string().min(1), join).default({}).describe('Other files, of which a row belongs to a record, such as logins by session.'),
  ignore: z.array(when).default([]).describe('Records that are not used: counted, and no rejects.'),
  fields: fields.prefault({}).describe('Where each canonical field comes from.'),
  events: z.array(z.strictObject({
    when: when.optional(),
    fields: fields.prefault({}).describe('Fields of this event, in place of those of all.'),
  })).min(1).optional().describe('The events of one record, each with fields of its own; without it there is one.'),
})

export type MappingFile = z.output<typeof mappingSchema>
export type SourceFile = z.output<typeof source>
export type ActionFile = z.output<typeof action>
export type Condition = z.output<typeof condition>
export type When = Record<string, Condition>
export type JoinFile = z.output<typeof join>
/** What is said of a file that records stand in. */
export type FileInfo = Pick<MappingFile, 'format' | 'encoding' | 'delimiter' | 'records' | 'absent'>
