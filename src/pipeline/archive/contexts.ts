import { InvigilError, type Problem } from '../../base/errors.ts'
import type { Catalogue } from '../../catalogue/index.ts'
import type { Setup } from '../../engine/runtime.ts'
import type { ArchiveReader } from '../../io/archive/reader.ts'
import { readContextRecord, setupOf, type ContextRecord } from '../context-record.ts'
import type { OpenContext } from '../context.ts'
import { findCatalogue, type LocalCatalogue } from '../find-catalogue.ts'

/** A context of the archive, ready to work under. */
export interface ArchivedContext extends Omit<OpenContext, 'geo'> {
  setup: Setup
}

export interface ArchivedContextsOptions {
  /** The catalogue that was given; those that the archive has are found there. */
  local: LocalCatalogue
  version: string
  /** Work also under contexts that another version has written. */
  acceptVersion?: boolean
}

/** The contexts of an archive, which are opened one at a time. */
export class ArchivedContexts {
  private readonly known: ReadonlyMap<string, { record: ContextRecord; catalogue: Catalogue }>

  private constructor(known: ReadonlyMap<string, { record: ContextRecord; catalogue: Catalogue }>) {
    this.known = known
  }

  /** Reads all contexts. Throws `bad-state` with everything that hinders a run: catalogues that are not at hand, and contexts of another version. */
  static async open(archive: ArchiveReader, { local, version, acceptVersion }: ArchivedContextsOptions): Promise<ArchivedContexts> {
    const known = new Map<string, { record: ContextRecord; catalogue: Catalogue }>()
    const problems: Problem[] = []
    const catalogues = new Map<string, Catalogue>()
    for (const { hash } of archive.manifest.contexts.filter((c) => c.kind === 'context')) {
      const record = readContextRecord((await archive.context(hash)).toString('utf8'))
      if (record.parts.version !== version && acceptVersion !== true) {
        problems.push({ message: `the context \`${hash}\` is of version ${record.parts.version} of Invigil, this is ${version}: the warnings may be others`, mend: 'run that version, or give `--accept-version`' })
      }
      try {
        const catalogue = catalogues.get(record.parts.catalogue) ?? await findCatalogue(record, local, archive.contextFolder)
        catalogues.set(record.parts.catalogue, catalogue)
        known.set(hash, { record, catalogue })
      } catch (e) {
        if (!(e instanceof InvigilError) || e.domain !== 'user') throw e
        problems.push({ message: e.message, ...(e.code === 'not-found' ? { mend: 'or name it with `--catalogue`' } : {}) })
      }
    }
    if (problems.length > 0) throw new InvigilError('bad-state', 'the archive cannot be run over as it was', { problems })
    return new ArchivedContexts(known)
  }

  /** Opens a context. Throws `bad-state` where this version makes other rules of it. */
  setupOf(hash: string): ArchivedContext {
    const found = this.known.get(hash)
    if (found === undefined) throw new InvigilError('bad-state', `the archive has no context \`${hash}\`, which its marks name`)
    const { record, catalogue } = found
    const { setup, bundle } = setupOf(record, catalogue)
    return { setup, bundle, catalogue, hash, parts: record.parts }
  }
}
