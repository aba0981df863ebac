import { contentHash } from '../base/hash.ts'
import { Catalogue } from '../catalogue/index.ts'
import { loadCatalogue } from '../catalogue/load.ts'
import { detectors } from '../detectors/index.ts'
import type { Scorer } from '../engine/ports.ts'
import { openGeo, type Geo } from '../io/geo.ts'
import { listModels } from '../io/models.ts'
import { readRuleSources, readText } from '../io/texts.ts'
import type { Backend } from '../models/runtime/tensorflow.ts'
import { loadRules, type Bundle, type RuleSource } from '../rules/load.ts'
import { DEFAULT_BACKEND, modelParts, openScorers, readModels, SHIPPED_MODELS } from './models.ts'

/** All that warnings depend on besides the log, opened and hashed. */
export interface OpenContext {
  bundle: Bundle
  catalogue: Catalogue
  geo: Geo
  /** What the rules' detectors ask. */
  models: ReadonlyMap<string, Scorer>
  /** The catalogue as it was written, where there is one. */
  catalogueText?: string
  hash: string
  /** `models`: the hash of each model's folder by its name; there and `backend` only where a rule asks a model. */
  parts: { rules: string; catalogue: string; geo: string[]; version: string; models?: Record<string, string>; backend?: Backend }
}

export interface ContextOptions {
  rules: readonly string[]
  /** What was read from these directories, if it was. */
  sources?: readonly RuleSource[]
  catalogue?: string
  geo?: readonly string[]
  /** The folder that models lie in by their names, and what runs them. */
  models?: string
  backend?: Backend
  version: string
}

/** Opens rules, catalogue, GeoIP databases and models; everything that is wrong with one of them is reported at once. */
export async function openContext(options: ContextOptions): Promise<OpenContext> {
  const catalogueText = options.catalogue === undefined ? undefined : await readText(options.catalogue)
  const catalogue = catalogueText === undefined ? new Catalogue({ platforms: [], courses: [], classes: [], networks: {} }) : loadCatalogue(catalogueText, options.catalogue as string)
  const [sources, geo] = await Promise.all([options.sources ?? readRuleSources(options.rules), openGeo(options.geo)])
  return contextOf(sources, { catalogue, catalogueText, geo }, options)
}

/** The context of these rules and what surrounds them. Throws `bad-rules` with everything that is wrong with the rules. */
export async function contextOf(
  sources: readonly RuleSource[], { catalogue, catalogueText, geo }: Pick<OpenContext, 'catalogue' | 'catalogueText' | 'geo'>,
  { models: dir = SHIPPED_MODELS, backend = DEFAULT_BACKEND, version }: Pick<ContextOptions, 'models' | 'backend' | 'version'>,
): Promise<OpenContext> {
  const bundle = loadRules(sources, { detectors, catalogue, models: await listModels(dir) })
  const folders = await readModels(bundle.rules, dir)
  const models = await openScorers(bundle.rules, folders, backend)
  const parts = { rules: bundle.hash, catalogue: contentHash(catalogue.data), geo: geo.databases.map((d) => d.hash), version, ...modelParts(folders, backend) }
  return { bundle, catalogue, catalogueText, geo, models, hash: contentHash(parts), parts }
}
