import { z } from 'zod'
import { InvigilError } from '../base/errors.ts'
import { contentHash } from '../base/hash.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { detectors } from '../detectors/index.ts'
import type { Scorer } from '../engine/ports.ts'
import type { Setup } from '../engine/runtime.ts'
import { BACKENDS } from '../models/runtime/tensorflow.ts'
import { loadRules, type Bundle } from '../rules/load.ts'
import { liveHash, type OpenContext } from './context.ts'
import { DEFAULT_BACKEND, openScorers, type ModelFolders } from './models.ts'

/** A context as the topic `contexts` and an archive carry it: the rules as they were written, the rest by hash. */
const contextRecordSchema = z.strictObject({
  format: z.literal(1),
  hash: z.string(),
  parts: z.strictObject({
    rules: z.string(), shadow: z.string().optional(), catalogue: z.string(), geo: z.array(z.string()), version: z.string(),
    models: z.record(z.string(), z.string()).optional(), backend: z.enum(BACKENDS).optional(),
  }),
  rules: z.array(z.strictObject({ dir: z.string(), files: z.array(z.strictObject({ path: z.string(), text: z.string() })) })),
})
export type ContextRecord = z.infer<typeof contextRecordSchema>

export function contextRecordOf({ hash, parts, bundle }: OpenContext): ContextRecord {
  return { format: 1, hash, parts, rules: bundle.texts.map(({ dir, files }) => ({ dir, files: files.map(({ path, text }) => ({ path, text })) })) }
}

/** Reads a context; `bad-state` where it is none, or one of another format. */
export function readContextRecord(text: string): ContextRecord {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new InvigilError('bad-state', 'a record of the contexts is not JSON', { cause })
  }
  const parsed = contextRecordSchema.safeParse(value)
  if (!parsed.success) throw new InvigilError('bad-state', `a record of the contexts is of a format that this version does not know (${parsed.error.issues[0]?.path.join('.') ?? ''})`)
  return parsed.data
}

/**
 * What the stages need to work under a context. `catalogue` and `folders` must be those that the context names (`findCatalogue`,
 * `findModels`). Throws `bad-state` where the catalogue is not, or where this version makes other rules of the texts: then the same log
 * would not give the same warnings; and `usage` where the backend that the context names is not installed.
 */
export async function setupOf(record: ContextRecord, catalogue: Catalogue, folders: ModelFolders): Promise<{ setup: Setup; bundle: Bundle; models: ReadonlyMap<string, Scorer> }> {
  if (contentHash(catalogue.data) !== record.parts.catalogue) throw new InvigilError('bad-state', `the catalogue is not the one of the context \`${record.hash}\`, which is \`${record.parts.catalogue}\``)
  const bundle = loadRules(record.rules, { detectors, catalogue, models: Object.keys(record.parts.models ?? {}) })
  if (bundle.hash !== record.parts.rules || bundle.shadow !== record.parts.shadow) throw new InvigilError('bad-state', `this version makes other rules of the texts in the context \`${record.hash}\`, which version ${record.parts.version} wrote; publish the rules anew`)
  const models = await openScorers(bundle.rules, folders, record.parts.backend ?? DEFAULT_BACKEND)
  return { setup: { rules: bundle.rules, catalogue, models, context: record.hash, live: liveHash(record.parts, bundle.rules) }, bundle, models }
}
