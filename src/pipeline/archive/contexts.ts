import { InvigilError, type Problem } from '../../base/errors.ts'
import type { Catalogue } from '../../catalogue/index.ts'
import type { Setup } from '../../engine/runtime.ts'
import type { ArchiveReader } from '../../io/archive/reader.ts'
import { readContextRecord, setupOf, type ContextRecord } from '../context-record.ts'
import { liveHash, type OpenContext } from '../context.ts'
import { findCatalogue, type LocalCatalogue } from '../find-catalogue.ts'
import { findModels, SHIPPED_MODELS, type ModelFolders } from '../models.ts'

/** A context of the archive, ready to work under. */
export interface ArchivedContext extends Omit<OpenContext, 'geo'> {
  setup: Setup
  record: ContextRecord
  folders: ModelFolders
}

export interface ArchivedContextsOptions {
  /** The catalogue that was given; those that the archive has are found there. */
  local: LocalCatalogue
  /** Where models lie by their names; those that the archive has are found there. */
  models?: string
  version: string
  /** Work also under contexts that another version has written. */
  acceptVersion?: boolean
}

/** What a context needs, found. */
interface Found {
  record: ContextRecord
  catalogue: Catalogue
  models: ModelFolders
}

/** The contexts of an archive, which are opened one at a time. */
export class ArchivedContexts {
  private readonly known: ReadonlyMap<string, Found>

  private constructor(known: ReadonlyMap<string, Found>) {
    this.known = known
  }

  /** Reads all contexts. Throws `bad-state` with everything that hinders a run: catalogues and models that are not at hand, and contexts of another version. */
  static async open(archive: ArchiveReader, { local, models = SHIPPED_MODELS, version, acceptVersion }: ArchivedContextsOptions): Promise<ArchivedContexts> {
    const known = new Map<string, Found>()
    const problems: Problem[] = []
    const catalogues = new Map<string, Catalogue>()
    for (const { hash } of archive.manifest.contexts.filter((c) => c.kind === 'context')) {
      const record = readContextRecord((await archive.context(hash)).toString('utf8'))
      if (record.parts.version !== version && acceptVersion !== true) {
        problems.push({ message: `the context \`${hash}\` is of version ${record.parts.version} of Invigil, this is ${version}: the warnings may be others`, mend: 'run that version, or give `--accept-version`' })
      }
      const [catalogue, folders] = await Promise.all([
        orProblem('--catalogue', problems, async () => catalogues.get(record.parts.catalogue) ?? findCatalogue(record, local, archive.contextFolder)),
        orProblem('--models', problems, () => findModels(record, models, archive.contextFolder)),
      ])
      if (catalogue === undefined || folders === undefined) continue
      catalogues.set(record.parts.catalogue, catalogue)
      known.set(hash, { record, catalogue, models: folders })
    }
    if (problems.length > 0) throw new InvigilError('bad-state', 'the archive cannot be run over as it was', { problems })
    return new ArchivedContexts(known)
  }

  /** Opens a context. Throws `bad-state` where this version makes other rules of it. */
  async setupOf(hash: string): Promise<ArchivedContext> {
    const found = this.known.get(hash)
    if (found === undefined) throw new InvigilError('bad-state', `the archive has no context \`${hash}\`, which its marks name`)
    const { record, catalogue } = found
    const { setup, bundle, models } = await setupOf(record, catalogue, found.models)
    return { setup, bundle, catalogue, models, hash, live: liveHash(record.parts, bundle.rules), parts: record.parts, record, folders: found.models }
  }
}

/** What is not at hand hinders a run, and is told with all else that does. */
async function orProblem<T>(option: string, problems: Problem[], find: () => Promise<T>): Promise<T | undefined> {
  try {
    return await find()
  } catch (e) {
    if (!(e instanceof InvigilError) || e.domain !== 'user') throw e
    problems.push({ message: e.message, ...(e.code === 'not-found' ? { mend: `or name it with \`${option}\`` } : {}) })
    return undefined
  }
}
