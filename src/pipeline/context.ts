import { contentHash } from '../base/hash.ts'
import { Catalogue } from '../catalogue/index.ts'
import { loadCatalogue } from '../catalogue/load.ts'
import { detectors } from '../detectors/index.ts'
import { openGeo, type Geo } from '../io/geo.ts'
import { readRuleSources, readText } from '../io/texts.ts'
import { loadRules, type Bundle } from '../rules/load.ts'

/** All that warnings depend on besides the log, opened and hashed. */
export interface OpenContext {
  bundle: Bundle
  catalogue: Catalogue
  geo: Geo
  hash: string
  parts: { rules: string; catalogue: string; geo: string[]; version: string }
}

export interface ContextOptions {
  rules: readonly string[]
  catalogue?: string
  geo?: readonly string[]
  version: string
}

/** Opens rules, catalogue and GeoIP databases; everything that is wrong with one of them is reported at once. */
export async function openContext(options: ContextOptions): Promise<OpenContext> {
  const catalogue = options.catalogue === undefined ? new Catalogue({ platforms: [], courses: [], classes: [], networks: {} }) : loadCatalogue(await readText(options.catalogue), options.catalogue)
  const [sources, geo] = await Promise.all([readRuleSources(options.rules), openGeo(options.geo)])
  const bundle = loadRules(sources, { detectors, catalogue })
  const parts = { rules: bundle.hash, catalogue: contentHash(catalogue.data), geo: geo.databases.map((d) => d.hash), version: options.version }
  return { bundle, catalogue, geo, hash: contentHash(parts), parts }
}
