import { contentHash } from '../../base/hash.ts'
import { Catalogue } from '../../catalogue/index.ts'
import type { CatalogueData } from '../../catalogue/catalogue.ts'
import { detectors } from '../../detectors/index.ts'
import type { Setup } from '../../engine/runtime.ts'
import { hashOf, type ModelFolder } from '../../io/models.ts'
import type { ModelFiles } from '../../models/runtime/layers-model.ts'
import { loadRules, type Bundle } from '../../rules/load.ts'
import type { Event } from '../../telemetry/event.ts'
import type { ContextRecord } from '../context-record.ts'
import { liveHash } from '../context.ts'
import { DEFAULT_BACKEND, openScorers } from '../models.ts'
import type { Evidence, LocatedAddress } from './evidence.ts'

/** A context whose rules lie at no place of any machine: what they say is the same. */
export function portable(record: ContextRecord): ContextRecord {
  return {
    ...record,
    rules: record.rules.map(({ dir, files }, i) => ({
      dir: `rules-${i + 1}`, files: files.map(({ path, text }) => ({ path: `rules-${i + 1}${path.startsWith(dir) ? slashes(path.slice(dir.length)) : `/${path.split(/[/\\]/).slice(-2).join('/')}`}`, text })),
    })),
  }
}

function slashes(path: string): string {
  return `/${path.split(/[/\\]/).filter(Boolean).join('/')}`
}

/** The rules of a context that evidence holds. Throws `bad-rules` where this version cannot load them. */
export function rulesOf(record: ContextRecord, catalogue: Catalogue): Bundle {
  return loadRules(record.rules, { detectors, catalogue, models: Object.keys(record.parts.models ?? {}) })
}

/** Opens the contexts of evidence, by hash. Addresses are looked up in what it holds; one that is not there stays unknown. */
export async function openContexts({ contexts, catalogues, models, places, about }: Evidence): Promise<ReadonlyMap<string, { setup: Setup; bundle: Bundle }>> {
  const opened = new Map<string, { setup: Setup; bundle: Bundle }>()
  const made = new Map<string, Catalogue>()
  const locate = locator(places)
  for (const record of contexts) {
    const { parts } = record
    // One object for one catalogue: a context that keeps it keeps what is known.
    const catalogue = made.get(parts.catalogue) ?? new Catalogue(catalogues.get(parts.catalogue) ?? NONE)
    made.set(parts.catalogue, catalogue)
    const bundle = rulesOf(record, catalogue)
    const folders = new Map(Object.entries(parts.models ?? {}).map(([name, hash]): [string, ModelFolder] => [name, folderOf(models.get(hash))]))
    const scorers = await openScorers(bundle.rules, folders, parts.backend ?? DEFAULT_BACKEND)
    // Events of an archive bring their place when they are read.
    const setup: Setup = { rules: bundle.rules, catalogue, models: scorers, context: record.hash, live: liveHash(parts, bundle.rules), ...(about.source.kind === 'log' ? { locate } : {}) }
    opened.set(record.hash, { setup, bundle })
  }
  return opened
}

/** The context that a warning names: the whole, or that of the live rules alone. */
export function contextNamed<C extends { setup: Setup }>(opened: ReadonlyMap<string, C>, named: string): C | undefined {
  return opened.get(named) ?? [...opened.values()].find(({ setup }) => setup.live === named)
}

/** A model under the hash that it has, whichever it should have. */
function folderOf(files: ModelFiles = new Map()): ModelFolder {
  return { hash: hashOf(files), files }
}

const NONE: CatalogueData = { platforms: [], courses: [], classes: [], networks: {} }

/** Looks addresses up in a list of those that were looked up before. */
export function locator(places: readonly LocatedAddress[]): (event: Event) => void {
  const known = new Map(places.map((p) => [p.written, p]))
  return (event) => {
    const found = event.ip === undefined ? undefined : known.get(event.ip)
    if (found === undefined) return
    event.ip = found.ip
    event.place = found.place
  }
}

/** What of the contexts is not what their hashes say, as far as their parts are in the evidence: rules and models are, catalogues in part, databases not. */
export function contextFaults({ contexts, models }: Evidence, opened: ReadonlyMap<string, { bundle: Bundle }>): string[] {
  const faults: string[] = []
  for (const { hash, parts } of contexts) {
    if (contentHash(parts) !== hash) faults.push(`the context \`${hash}\` has other parts than its hash says`)
    const bundle = opened.get(hash)?.bundle
    if (bundle !== undefined && (bundle.hash !== parts.rules || bundle.shadow !== parts.shadow)) faults.push(`the rules of the context \`${hash}\` are others than its hash says, or this version makes others of their texts`)
    for (const [name, of] of Object.entries(parts.models ?? {})) {
      const files = models.get(of)
      if (files === undefined) faults.push(`the model \`${name}\` of the context \`${hash}\` is missing`)
      else if (hashOf(files) !== of) faults.push(`the model \`${name}\` of the context \`${hash}\` is another than its hash says`)
    }
  }
  return faults
}
