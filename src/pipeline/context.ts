import { contentHash } from '../base/hash.ts'
import { Catalogue } from '../catalogue/index.ts'
import { loadCatalogue } from '../catalogue/load.ts'
import { detectors } from '../detectors/index.ts'
import type { Scorer } from '../engine/ports.ts'
import type { Rule } from '../engine/rule.ts'
import { openGeo, type Geo } from '../io/geo.ts'
import { listModels } from '../io/models.ts'
import { readRuleSources, readText } from '../io/texts.ts'
import type { Backend } from '../models/runtime/tensorflow.ts'
import { loadRules, type Bundle, type RuleSource } from '../rules/load.ts'
import { DEFAULT_BACKEND, modelNames, modelParts, openScorers, readModels, SHIPPED_MODELS } from './models.ts'

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
  /** The hash that warnings of live rules name: without what is in the shadow. */
  live: string
  /** `shadow`: the hash of the rules that are tried out, if there are any. `models`: the hash of each model's folder by its name; there and `backend` only where a rule asks a model. */
  parts: ContextParts
}

/** Hashes of what a context is made of. */
export interface ContextParts {
  rules: string
  shadow?: string
  catalogue: string
  geo: string[]
  version: string
  models?: Record<string, string>
  backend?: Backend
}

/** The hash of a context without its rules in the shadow. */
export function liveHash({ rules: live, catalogue, geo, version, models = {}, backend }: ContextParts, rules: readonly Rule[]): string {
  const asked = modelNames(rules.filter((r) => r.mode === 'live'))
  const parts = { rules: live, catalogue, geo, version }
  return contentHash(asked.length === 0 ? parts : { ...parts, models: Object.fromEntries(asked.map((name) => [name, models[name]])), backend })
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

/** What contexts under different rules have in common. */
export interface Surroundings {
  catalogue: Catalogue
  catalogueText: string | undefined
  geo: Geo
  /** The folder that models lie in, their names, and what runs them. */
  models: { dir: string; named: readonly string[]; backend: Backend }
  version: string
}

/** Opens rules, catalogue, GeoIP databases and models. Errors: those of each; `bad-rules` tells everything that is wrong with the rules. */
export async function openContext(options: ContextOptions): Promise<OpenContext> {
  const surroundings = await openSurroundings(options)
  return contextUnder(options.sources ?? await readRuleSources(options.rules), surroundings)
}

/** Opens all of a context but its rules. */
export async function openSurroundings({ catalogue: file, geo: databases, models: dir = SHIPPED_MODELS, backend = DEFAULT_BACKEND, version }: Omit<ContextOptions, 'rules'>): Promise<Surroundings> {
  const catalogueText = file === undefined ? undefined : await readText(file)
  const catalogue = catalogueText === undefined ? new Catalogue({ platforms: [], courses: [], classes: [], networks: {} }) : loadCatalogue(catalogueText, file as string)
  const [geo, named] = await Promise.all([openGeo(databases), listModels(dir)])
  return { catalogue, catalogueText, geo, models: { dir, named, backend }, version }
}

/** The context of other rules in the surroundings of one that is open. Errors: `bad-rules` with every problem there is. */
export async function contextOf(sources: readonly RuleSource[], { catalogue, catalogueText, geo }: OpenContext, { models: dir = SHIPPED_MODELS, backend = DEFAULT_BACKEND, version }: Pick<ContextOptions, 'models' | 'backend' | 'version'>): Promise<OpenContext> {
  return contextUnder(sources, { catalogue, catalogueText, geo, models: { dir, named: await listModels(dir), backend }, version })
}

/** Loads rules and opens the models that they ask. Errors: `bad-rules` with every problem there is. */
export async function contextUnder(sources: readonly RuleSource[], { catalogue, catalogueText, geo, models: { dir, named, backend }, version }: Surroundings): Promise<OpenContext> {
  const bundle = loadRules(sources, { detectors, catalogue, models: named })
  const folders = await readModels(bundle.rules, dir)
  const models = await openScorers(bundle.rules, folders, backend)
  const parts: ContextParts = {
    rules: bundle.hash, ...(bundle.shadow === undefined ? {} : { shadow: bundle.shadow }), catalogue: contentHash(catalogue.data), geo: geo.databases.map((d) => d.hash), version, ...modelParts(folders, backend),
  }
  return { bundle, catalogue, catalogueText, geo, models, hash: contentHash(parts), live: liveHash(parts, bundle.rules), parts }
}
