import { contentHash } from '../base/hash.ts'
import { Catalogue } from '../catalogue/index.ts'
import { loadCatalogue } from '../catalogue/load.ts'
import type { Rule } from '../engine/rule.ts'
import { readText } from '../io/texts.ts'
import { runArchive } from '../pipeline/archive/run.ts'
import type { LocalCatalogue } from '../pipeline/find-catalogue.ts'
import type { Summary } from '../pipeline/summary.ts'
import { Screen } from './screen.ts'
import { VERSION } from './version.ts'

/** What `invigil run --archive` is told. */
export interface ArchiveRunCommand {
  archive: string
  output: string
  catalogue?: string
  geo?: string[]
  models?: string
  partitions: number
  acceptVersion?: boolean
  quiet?: boolean
  json?: boolean
}

/** Runs over an archive, under the rules, marks and contexts that it holds. */
export async function runOverArchive({ archive, output, catalogue, geo, models, partitions, acceptVersion, quiet, json }: ArchiveRunCommand): Promise<{ summary: Summary; rules: readonly Rule[] }> {
  const screen = new Screen({ quiet: quiet || json || false })
  try {
    return await runArchive({
      archive, output, partitions, local: await localCatalogue(catalogue), geo, models, version: VERSION, acceptVersion,
      watch: { progress: (read, size, accounts) => screen.progress(read, size, accounts), warning: (o) => screen.output(o) },
    })
  } finally {
    screen.close()
  }
}

/** The catalogue that a command names, if it names one, with its hash. */
export async function localCatalogue(file: string | undefined): Promise<LocalCatalogue> {
  const catalogue = file === undefined ? new Catalogue({ platforms: [], courses: [], classes: [], networks: {} }) : loadCatalogue(await readText(file), file)
  return { catalogue, parts: { catalogue: contentHash(catalogue.data) } }
}
