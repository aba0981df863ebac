import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { InvigilError } from '../../base/errors.ts'
import { replaceDurably } from '../durable-file.ts'
import { fileError } from '../file-error.ts'

/** The file that says what an archive holds. A file that it does not name is none of the archive's. */
export const MANIFEST = 'archive.json'

/** Topics whose records are archived one after the other. */
export type RecordTopic = 'telemetry' | 'marks'

const count = z.int().min(0)
const file = {
  path: z.string().regex(/^(telemetry\/\d{4}-\d\d-\d\d|marks|contexts(\/[0-9a-f]{64})?)\/[\w.-]+$/),
  bytes: count,
  sha256: z.string().length(64),
}
const recordFileSchema = z.strictObject({
  ...file,
  topic: z.enum(['telemetry', 'marks']),
  partition: count,
  first: count.describe('Offset of its first record.'),
  last: count,
  records: count,
})
const contextFileSchema = z.strictObject({ ...file, kind: z.enum(['context', 'catalogue', 'model']), hash: z.string().describe('A model has several files of one hash.') })
const gapSchema = z.strictObject({ topic: z.enum(['telemetry', 'marks']), partition: count, from: count, to: count })

const manifestSchema = z.strictObject({
  format: z.literal(1),
  cluster: z.string().describe('As Kafka calls itself.'),
  prefix: z.string(),
  topics: z.strictObject({ telemetry: z.string(), marks: z.string() }),
  partitions: z.int().min(1).describe('Of the telemetry.'),
  reached: z.strictObject({ telemetry: z.array(count), marks: count }).describe('The first offset of each partition that is not archived.'),
  mark: count.describe('Number of the last mark; 0 where there is none.'),
  gaps: z.array(gapSchema).describe('Offsets whose records Kafka had deleted before they were archived.'),
  contexts: z.array(contextFileSchema),
  files: z.array(recordFileSchema),
})

export type Manifest = z.infer<typeof manifestSchema>
export type RecordFile = z.infer<typeof recordFileSchema>
export type ContextFile = z.infer<typeof contextFileSchema>
export type Gap = z.infer<typeof gapSchema>

/** What an archive is of. */
export type Origin = Pick<Manifest, 'cluster' | 'prefix' | 'topics' | 'partitions'>

/** The manifest in a folder; undefined where there is none. Throws `bad-state` for one that this version cannot read. */
export async function readManifest(dir: string): Promise<Manifest | undefined> {
  const path = join(dir, MANIFEST)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (e) {
    if (['ENOENT', 'ENOTDIR'].includes((e as NodeJS.ErrnoException).code ?? '')) return undefined
    throw fileError(path, e as NodeJS.ErrnoException)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new InvigilError('bad-state', `\`${path}\` is damaged: it is not JSON; restore it from a copy`, { cause })
  }
  const parsed = manifestSchema.safeParse(value)
  if (!parsed.success) throw new InvigilError('bad-state', `\`${path}\` is damaged, or of a format that this version does not know (\`${parsed.error.issues[0]?.path.join('.') ?? ''}\`)`)
  return parsed.data
}

/** Puts a manifest in the place of the one before. */
export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  await replaceDurably(join(dir, MANIFEST), Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`))
}

export function newManifest(origin: Origin): Manifest {
  return { format: 1, ...origin, reached: { telemetry: Array.from({ length: origin.partitions }, () => 0), marks: 0 }, mark: 0, gaps: [], contexts: [], files: [] }
}
