import { InvigilError } from '../../base/errors.ts'
import { contentHash } from '../../base/hash.ts'
import { loadCatalogue } from '../../catalogue/load.ts'
import type { ArchiveWriter } from '../../io/archive/writer.ts'
import type { KafkaClient } from '../../io/kafka/client.ts'
import { logRanges } from '../../io/kafka/offsets.ts'
import { readRanges } from '../../io/kafka/read-range.ts'
import { readText } from '../../io/texts.ts'
import { readContextRecord } from '../context-record.ts'
import { isNoCatalogue, readCatalogue } from '../find-catalogue.ts'
import { findModel, SHIPPED_MODELS } from '../models.ts'

/** Where catalogues and models may be found, as the configuration says it. */
export interface PartSources {
  catalogue?: string
  models?: string
  /** The folder in which they lie by their hash. */
  folder?: string
}

/** A catalogue or a model that an archived context needs and that is not at hand, by its hash. */
export type LackingPart = { context: string; catalogue: string } | { context: string; model: string; name: string }

/** Archives what the marks name: contexts from their topic, and the catalogues and models that they need, as far as they are at hand. */
export class ContextArchiver {
  private readonly client: KafkaClient
  private readonly writer: ArchiveWriter
  private readonly sources: PartSources
  private readonly records: ReadonlyMap<string, Buffer>

  private constructor(client: KafkaClient, writer: ArchiveWriter, sources: PartSources, records: ReadonlyMap<string, Buffer>) {
    this.client = client
    this.writer = writer
    this.sources = sources
    this.records = records
  }

  /** Reads the topic, which holds every context before a mark names it. */
  static async open(client: KafkaClient, group: string, writer: ArchiveWriter, sources: PartSources): Promise<ContextArchiver> {
    const topic = client.topic('contexts')
    const records = new Map<string, Buffer>()
    const ranges = await client.withAdmin((admin) => logRanges(admin, topic), { topic })
    await readRanges(client, { topic, ranges, group }, (_, { key, value }) => {
      if (key && value) records.set(key.toString(), value)
    })
    return new ContextArchiver(client, writer, sources, records)
  }

  /** Adds contexts and what they need; returns what is lacking of all that the archive names. */
  async add(named: Iterable<string>): Promise<LackingPart[]> {
    const lacking: LackingPart[] = []
    for (const context of new Set([...this.archived(), ...named])) {
      const bytes = this.records.get(context)
      if (bytes === undefined) {
        // One that is archived is not needed in the topic any more; what it needs was noted when it was there.
        if (this.archived().includes(context)) continue
        throw new InvigilError('not-found', `the topic \`${this.client.topic('contexts')}\` has no context \`${context}\`, which the marks name; was it made anew?`)
      }
      const record = readContextRecord(bytes.toString('utf8'))
      if (record.hash !== context || contentHash(record.parts) !== context) throw new InvigilError('bad-state', `what the topic \`${this.client.topic('contexts')}\` has under \`${context}\` is another context`)
      await this.writer.addContext({ kind: 'context', hash: context, name: `${context}.json` }, bytes)
      if (!(await this.addCatalogue(record.parts.catalogue))) lacking.push({ context, catalogue: record.parts.catalogue })
      for (const [name, hash] of Object.entries(record.parts.models ?? {})) if (!(await this.addModel(name, hash))) lacking.push({ context, model: hash, name })
    }
    return lacking
  }

  private archived(): string[] {
    return this.writer.manifest.contexts.filter((c) => c.kind === 'context').map((c) => c.hash)
  }

  /** Returns whether the archive has the catalogue. */
  private async addCatalogue(hash: string): Promise<boolean> {
    if (isNoCatalogue(hash) || this.writer.manifest.contexts.some((c) => c.kind === 'catalogue' && c.hash === hash)) return true
    const found = await this.find(hash)
    if (found === undefined) return false
    await this.writer.addContext({ kind: 'catalogue', hash, name: `${hash}.${found.ending}` }, Buffer.from(found.text))
    return true
  }

  /** Returns whether the archive has the model. */
  private async addModel(name: string, hash: string): Promise<boolean> {
    if (this.writer.manifest.contexts.some((c) => c.kind === 'model' && c.hash === hash)) return true
    const found = await findModel(name, hash, this.sources.models ?? SHIPPED_MODELS, this.sources.folder)
    for (const [file, bytes] of found?.files ?? []) await this.writer.addContext({ kind: 'model', hash, name: `${hash}/${file}` }, Buffer.from(bytes))
    return found !== undefined
  }

  private async find(hash: string): Promise<{ text: string; ending: string } | undefined> {
    const { catalogue, folder } = this.sources
    if (catalogue !== undefined) {
      const text = await readText(catalogue)
      if (contentHash(loadCatalogue(text, catalogue).data) === hash) return { text, ending: catalogue.endsWith('.json') ? 'json' : 'yaml' }
    }
    return folder === undefined ? undefined : readCatalogue(hash, folder)
  }
}
