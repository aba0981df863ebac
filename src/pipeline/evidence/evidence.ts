import { z } from 'zod'
import { formatTime, parseTime, type Ms } from '../../base/time.ts'
import { catalogueSchema, type CatalogueData } from '../../catalogue/catalogue.ts'
import type { Mark } from '../../engine/timekeeper.ts'
import type { ModelFiles } from '../../models/runtime/layers-model.ts'
import { FORMATS } from '../../telemetry/decode.ts'
import { FIELDS, type Field } from '../../telemetry/event.ts'
import { placeSchema } from '../../rules/schema.ts'
import { readContextRecord, type ContextRecord } from '../context-record.ts'
import { writtenCatalogue } from './catalogue-part.ts'

const sourceSchema = z.strictObject({
  kind: z.enum(['log', 'archive']).describe('Files as platforms wrote them, or what was recorded of a run over Kafka.'),
  format: z.enum(FORMATS),
  platform: z.string().optional().describe('The platform of events that name none.'),
})
/** What the events of some evidence were read from. */
export type Source = z.infer<typeof sourceSchema>

/** `bundle.json`: what the bundle is about, and how much of everything there must be in it. */
const aboutSchema = z.strictObject({
  format: z.literal(1),
  version: z.string().describe('Of Invigil.'),
  warning: z.string(),
  rule: z.string(),
  revisions: z.int().min(1),
  source: sourceSchema,
  inputs: z.array(z.strictObject({ name: z.string(), bytes: z.int(), sha256: z.string() })).describe('The files that the events were taken from.'),
  learners: z.array(z.strictObject({ platform: z.string(), id: z.string(), events: z.int().min(1), pseudonym: z.literal(true).optional() })),
  marks: z.int().min(1),
})
export type About = z.infer<typeof aboutSchema>

const placesSchema = z.array(z.strictObject({ written: z.string(), ip: z.string(), place: placeSchema }))
/** Where an address was found to be: as the platform wrote it, and in its normal form. */
export type LocatedAddress = z.infer<typeof placesSchema>[number]

const time = z.string().refine((text) => parseTime(text) !== undefined, { error: 'no date-time with offset' }).transform((text) => parseTime(text) as Ms)
const markSchema = z.strictObject({
  number: z.int().min(1),
  events: z.int().min(0).describe('Lines of events.ndjson that it and the marks before it cover.'),
  others: z.int().min(0).optional().describe('Of others.ndjson.'),
  resource: time.optional(),
  context: z.string(),
  platforms: z.array(z.strictObject({
    id: z.string(), watermark: time.optional(), first: time.optional(), fields: z.partialRecord(z.enum(FIELDS as [Field, ...Field[]]), time), troubled: z.literal(true).optional(),
  })),
})

/** A mark, and how many of the events it and those before it cover. */
export interface EvidenceMark {
  mark: Mark
  events: number
  others: number
}

/** All that a warning depends on, and the warning. */
export interface Evidence {
  about: About
  /** Every revision as it was written, in their order. */
  revisions: readonly string[]
  /** Original records in the order of the log. */
  events: readonly string[]
  /** Records of people under a pseudonym, in canonical form. */
  others: readonly string[]
  /** Those that the events need: see `Gathering`. */
  marks: readonly EvidenceMark[]
  places: readonly LocatedAddress[]
  /** In the order in which they came into force. */
  contexts: readonly ContextRecord[]
  /** The part of each catalogue that concerns the events, by the hash of the whole. */
  catalogues: ReadonlyMap<string, CatalogueData>
  /** By the hash of each folder. */
  models: ReadonlyMap<string, ModelFiles>
}

export type Files = ReadonlyMap<string, Uint8Array>

const encode = (text: string): Uint8Array => Buffer.from(text)
const lines = (list: readonly string[]): Uint8Array => encode(list.map((line) => `${line}\n`).join(''))
const pretty = (value: unknown): Uint8Array => encode(`${JSON.stringify(value, null, 2)}\n`)

/** The files of a bundle, without digests and signature. The same evidence makes the same bytes. */
export function filesOf(evidence: Evidence): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  files.set('bundle.json', pretty(evidence.about))
  files.set('warning.ndjson', lines(evidence.revisions))
  files.set('events.ndjson', lines(evidence.events.map(lineOf)))
  if (evidence.others.length > 0) files.set('others.ndjson', lines(evidence.others))
  files.set('marks.ndjson', lines(evidence.marks.map((m) => JSON.stringify(writeMark(m)))))
  files.set('places.json', pretty(evidence.places))
  evidence.contexts.forEach((record, i) => files.set(`contexts/${i + 1}.json`, pretty(record)))
  for (const [hash, data] of evidence.catalogues) files.set(`catalogues/${hash}.json`, pretty(writtenCatalogue(data)))
  for (const [hash, model] of evidence.models) for (const [name, bytes] of model) files.set(`models/${hash}/${name}`, bytes)
  return files
}

/** Reads the files of a bundle. Throws `BadPart` where a file is missing or of another form. */
export function evidenceOf(files: Files): Evidence {
  const about = check(aboutSchema, json(files, 'bundle.json'), 'bundle.json')
  const contexts: ContextRecord[] = []
  for (let i = 1; files.has(`contexts/${i}.json`); i++) contexts.push(readContextRecord(textOf(files, `contexts/${i}.json`)))
  const catalogues = new Map<string, CatalogueData>()
  const models = new Map<string, Map<string, Uint8Array>>()
  for (const [path, bytes] of files) {
    const [folder, name = '', file] = path.split('/')
    if (folder === 'catalogues') catalogues.set(name.replace(/\.json$/, ''), check(catalogueSchema, json(files, path), path))
    if (folder !== 'models' || file === undefined) continue
    const model = models.get(name)
    if (model) model.set(file, bytes)
    else models.set(name, new Map([[file, bytes]]))
  }
  if (new Set(contexts.map((c) => c.hash)).size < contexts.length) throw new BadPart('two contexts have one hash')
  const named = about.learners.map((l) => `${l.platform}\u0000${l.id}`)
  if (new Set(named).size < named.length) throw new BadPart('`bundle.json` names a learner twice')
  const revisions = linesOf(files, 'warning.ndjson')
  if (revisions.length === 0) throw new BadPart('`warning.ndjson` is empty')
  return {
    about, contexts, catalogues, models,
    revisions,
    events: linesOf(files, 'events.ndjson').map(recordOf),
    others: files.has('others.ndjson') ? linesOf(files, 'others.ndjson') : [],
    marks: linesOf(files, 'marks.ndjson').map((line) => readMark(check(markSchema, parse('marks.ndjson', line), 'marks.ndjson'))),
    places: check(placesSchema, json(files, 'places.json'), 'places.json'),
  }
}

/** A part of a bundle that is missing or of another form, in words for the user. */
export class BadPart extends Error {}

function check<T extends z.ZodType>(schema: T, value: unknown, path: string): z.output<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new BadPart(`\`${path}\` is not of the form that this version knows (${[issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')})`)
}

function textOf(files: Files, path: string): string {
  const bytes = files.get(path)
  if (bytes === undefined) throw new BadPart(`there is no \`${path}\``)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function json(files: Files, path: string): unknown {
  return parse(path, textOf(files, path))
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new BadPart(`\`${path}\` is not JSON`, { cause })
  }
}

function linesOf(files: Files, path: string): string[] {
  const text = textOf(files, path)
  if (text !== '' && !text.endsWith('\n')) throw new BadPart(`the last line of \`${path}\` is cut short, or was added`)
  return text.split('\n').slice(0, -1)
}

// A record that is no line of its own, as one of a topic may be, stands there as a JSON text.
function lineOf(record: string): string {
  return /[\r\n]/.test(record) || record.startsWith('"') ? JSON.stringify(record) : record
}

function recordOf(line: string): string {
  return line.startsWith('"') ? String(parse('events.ndjson', line)) : line
}

function instant(ms: Ms | null | undefined): string | undefined {
  return ms === undefined || ms === null || !Number.isFinite(ms) ? undefined : formatTime(ms)
}

function writeMark({ mark, events, others }: EvidenceMark): z.input<typeof markSchema> {
  return {
    number: mark.number, events, ...(others > 0 ? { others } : {}), resource: instant(mark.resource), context: mark.context,
    platforms: Object.keys(mark.watermarks).map((id) => ({
      id, watermark: instant(mark.watermarks[id]), first: instant(mark.first[id]),
      fields: Object.fromEntries(FIELDS.flatMap((name, i) => { const at = instant(mark.fields[id]?.[i]); return at === undefined ? [] : [[name, at]] })) as Partial<Record<Field, string>>,
      ...(mark.troubled.includes(id) ? { troubled: true as const } : {}),
    })),
  }
}

function readMark({ number, events, others = 0, resource = -Infinity, context, platforms }: z.output<typeof markSchema>): EvidenceMark {
  // Without a prototype: `__proto__` is a platform's id like any other.
  const by = <T>(pick: (p: (typeof platforms)[number]) => T): Record<string, T> => {
    const record = Object.create(null) as Record<string, T>
    for (const p of platforms) record[p.id] = pick(p)
    return record
  }
  const mark: Mark = {
    number, end: false, resource, context, watermarks: by((p) => p.watermark ?? -Infinity), first: by((p) => p.first ?? Infinity),
    fields: by((p) => FIELDS.map((name) => p.fields[name] ?? null)), troubled: platforms.filter((p) => p.troubled).map((p) => p.id),
  }
  return { mark, events, others }
}
