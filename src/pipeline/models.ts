import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvigilError } from '../base/errors.ts'
import type { ModelNeed } from '../engine/detector.ts'
import type { Scorer } from '../engine/ports.ts'
import type { Rule } from '../engine/rule.ts'
import { readModel, type ModelFolder } from '../io/models.ts'
import { openScorer } from '../models/runtime/scorer.ts'
import type { Backend } from '../models/runtime/tensorflow.ts'
import type { ContextRecord } from './context-record.ts'

/** The models that come with Invigil, where nothing else is said. */
export const SHIPPED_MODELS = fileURLToPath(new URL('../../models', import.meta.url))
export const DEFAULT_BACKEND: Backend = 'wasm'

/** Models with their folders, by name. */
export type ModelFolders = ReadonlyMap<string, ModelFolder>

/** The models in `dir` that rules need; loading the rules has made sure that they are there. */
export async function readModels(rules: readonly Rule[], dir: string): Promise<ModelFolders> {
  return foldersOf([...needsOf(rules).keys()], async (name) => {
    const folder = await readModel(join(dir, name))
    if (folder === undefined) throw new InvigilError('not-found', `there is no model \`${name}\` in \`${dir}\``)
    return folder
  })
}

/** The models that a context names: from the local folder, or from the one in which they lie by their hash. */
export async function findModels({ hash, parts }: Pick<ContextRecord, 'hash' | 'parts'>, dir: string, folder: string | undefined): Promise<ModelFolders> {
  const wanted = parts.models ?? {}
  return foldersOf(Object.keys(wanted), async (name) => {
    const is = wanted[name] as string
    const found = await findModel(name, is, dir, folder)
    if (found) return found
    const lacking = `the context \`${hash}\` needs the model \`${name}\` of hash \`${is}\`, which is not the local one`
    if (folder === undefined) throw new InvigilError('usage', `${lacking}; set \`context\` to a folder, and put the model's folder there as \`${is}\``)
    throw new InvigilError('not-found', `${lacking}; put the model's folder there as \`${join(folder, is)}\``)
  })
}

/** The model of that name and hash in `dir`, or the one that lies in `folder` by its hash; undefined where there is none. */
export async function findModel(name: string, hash: string, dir: string, folder: string | undefined): Promise<ModelFolder | undefined> {
  const local = await readModel(join(dir, name))
  if (local?.hash === hash || folder === undefined) return local?.hash === hash ? local : undefined
  const path = join(folder, hash)
  const kept = await readModel(path)
  if (kept !== undefined && kept.hash !== hash) throw new InvigilError('bad-model', `\`${path}\` holds another model (\`${kept.hash}\`) than its name says`)
  return kept
}

/** Opened once for a process: weights take memory, and a scorer keeps nothing of what it has scored. */
const opened = new Map<string, Promise<Scorer>>()

/** What the rules' detectors ask; TensorFlow.js is loaded only where one asks. */
export async function openScorers(rules: readonly Rule[], folders: ModelFolders, backend: Backend): Promise<ReadonlyMap<string, Scorer>> {
  const scorers = new Map<string, Scorer>()
  for (const [name, { features }] of needsOf(rules)) {
    const { hash, files } = folders.get(name) as ModelFolder
    const key = `${name}/${hash}/${backend}`
    const opening = opened.get(key) ?? openScorer(name, files, { features, backend })
    opened.set(key, opening)
    opening.catch(() => opened.delete(key))
    scorers.set(name, await opening)
  }
  return scorers
}

/** The members of a context's parts that models have: none where no rule asks one. */
export function modelParts(folders: ModelFolders, backend: Backend): Pick<ContextRecord['parts'], 'models' | 'backend'> {
  return folders.size === 0 ? {} : { models: Object.fromEntries([...folders].map(([name, { hash }]) => [name, hash])), backend }
}

/** Names of the models that rules ask. */
export function modelNames(rules: readonly Rule[]): string[] {
  return [...needsOf(rules).keys()]
}

function needsOf(rules: readonly Rule[]): Map<string, ModelNeed> {
  return new Map(rules.flatMap(({ detector: { model } }) => (model === undefined ? [] : [[model.name, model] as const])))
}

async function foldersOf(names: readonly string[], read: (name: string) => Promise<ModelFolder>): Promise<ModelFolders> {
  return new Map(await Promise.all(names.map(async (name) => [name, await read(name)] as const)))
}
