import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvigilError } from '../../base/errors.ts'
import { contentHash } from '../../base/hash.ts'
import type { Catalogue } from '../../catalogue/index.ts'
import { makeFolder, replaceDurably } from '../../io/durable-file.ts'
import { fileError } from '../../io/file-error.ts'
import { writeModel } from '../../io/models.ts'
import { contextRecordOf, readContextRecord, setupOf, type ContextRecord } from '../context-record.ts'
import { liveHash, type OpenContext } from '../context.ts'
import { findCatalogue, isNoCatalogue } from '../find-catalogue.ts'
import { findModel, findModels, SHIPPED_MODELS } from '../models.ts'

/** The folder in a state folder: contexts as `<hash>.json`, their catalogues as `<hash>.yaml`, their models in folders of their hash. */
export const CONTEXTS = 'contexts'

export interface ContextStoreOptions {
  /** What is at hand: its GeoIP databases and version, its catalogue and models where they are asked for. */
  local: OpenContext
  /** Where models lie by their names. */
  models?: string
  /** Opens also what another version wrote. */
  acceptVersion?: boolean
}

/** The contexts that a run over files has worked under, in its state folder. They hold all but the GeoIP databases, which are too large, and the program itself. */
export class ContextStore {
  private readonly folder: string
  private readonly options: ContextStoreOptions
  /** By hash: contexts with the same one must have the same object, or keys would be swept at each switch. */
  private readonly catalogues = new Map<string, Catalogue>()

  constructor(state: string, options: ContextStoreOptions) {
    this.folder = join(state, CONTEXTS)
    this.options = options
  }

  /** Keeps a context, durably, before it comes into force. */
  async save(context: OpenContext): Promise<void> {
    const { hash, parts, catalogueText } = context
    const path = join(this.folder, `${hash}.json`)
    if (existsSync(path)) return
    await makeFolder(this.folder)
    if (!isNoCatalogue(parts.catalogue) && catalogueText !== undefined) await this.write(`${parts.catalogue}.yaml`, catalogueText)
    for (const [name, is] of Object.entries(parts.models ?? {})) await this.saveModel(name, is)
    // It is there only with all that it names.
    await replaceDurably(path, Buffer.from(JSON.stringify(contextRecordOf(context))))
  }

  private async write(name: string, text: string): Promise<void> {
    if (!existsSync(join(this.folder, name))) await replaceDurably(join(this.folder, name), Buffer.from(text))
  }

  private async saveModel(name: string, is: string): Promise<void> {
    const found = await findModel(name, is, this.options.models ?? SHIPPED_MODELS, undefined)
    if (found !== undefined) await writeModel(join(this.folder, is), found.files)
  }

  /**
   * Opens a context. Throws `not-found`, `bad-state` or `usage` where it is not there, where what it names is not at hand, or where this
   * version makes another of it.
   */
  async open(hash: string): Promise<OpenContext> {
    const { local, models: dir = SHIPPED_MODELS } = this.options
    if (hash === local.hash) return local
    const record = await this.read(hash)
    this.check(record)
    const catalogue = this.catalogues.get(record.parts.catalogue) ?? (await findCatalogue(record, local, this.folder))
    this.catalogues.set(record.parts.catalogue, catalogue)
    const { bundle, models } = await setupOf(record, catalogue, await findModels(record, dir, this.folder))
    return { bundle, catalogue, geo: local.geo, models, hash, live: liveHash(record.parts, bundle.rules), parts: record.parts }
  }

  private async read(hash: string): Promise<ContextRecord> {
    const path = join(this.folder, `${hash}.json`)
    const text = await readFile(path, 'utf8').catch((e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT') throw new InvigilError('not-found', `there is no context \`${path}\`; restore it`)
      throw fileError(path, e)
    })
    const record = readContextRecord(text)
    if (record.hash !== hash || contentHash(record.parts) !== hash) throw new InvigilError('bad-state', `\`${path}\` holds another context than its name says`)
    return record
  }

  private check({ hash, parts }: ContextRecord): void {
    const { local, acceptVersion } = this.options
    if (parts.version !== local.parts.version && acceptVersion !== true) throw new InvigilError('bad-state', `the context \`${hash}\` is of version ${parts.version} of Invigil, this is ${local.parts.version}: the warnings may be others`)
    if (parts.geo.join() !== local.parts.geo.join()) throw new InvigilError('usage', `the context \`${hash}\` has other GeoIP databases than those at hand; give \`--geo\` (${parts.geo.map((h) => `\`${h}\``).join(', ')})`)
  }
}
