import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvigilError } from '../base/errors.ts'
import { contentHash, sha256 } from '../base/hash.ts'
import { compareText } from '../base/order.ts'
import { MODEL, type ModelFiles } from '../models/runtime/layers-model.ts'
import { fileError } from './file-error.ts'

/** A model's folder as it was read. */
export interface ModelFolder {
  /** Of the name and SHA-256 of each file that scores depend on: part of the context. A card and its pictures may be written anew. */
  hash: string
  files: ModelFiles
}

/** The names of the models in a folder: of its folders that have a `model.json`. */
export async function listModels(dir: string): Promise<string[]> {
  const entries = await list(dir)
  const found = await Promise.all(entries.filter((e) => e.isDirectory()).map(async ({ name }) => ((await list(join(dir, name))).some((f) => f.name === MODEL) ? [name] : [])))
  return found.flat().sort(compareText)
}

/** Reads a model's folder; undefined where there is none. What begins with a dot is somebody else's. */
export async function readModel(dir: string): Promise<ModelFolder | undefined> {
  const names = (await list(dir)).filter((e) => e.isFile() && !e.name.startsWith('.')).map((e) => e.name).sort(compareText)
  if (!names.includes(MODEL)) return undefined
  const read = await Promise.all(names.map(async (name) => [name, await bytesOf(join(dir, name))] as const))
  return { hash: hashOf(read), files: new Map(read) }
}

/** Writes a model's folder. */
export async function writeModel(dir: string, files: ModelFiles): Promise<ModelFolder> {
  try {
    await mkdir(dir, { recursive: true })
    for (const [name, bytes] of files) await writeFile(join(dir, name), bytes)
  } catch (e) {
    throw fileError(dir, e as NodeJS.ErrnoException)
  }
  const folder = await readModel(dir)
  if (folder === undefined) throw new InvigilError('bad-model', `a model without \`${MODEL}\` was written to \`${dir}\``)
  return folder
}

/** Whether scores may depend on a file of a model's folder. */
export function isModelFile(name: string): boolean {
  return /\.(json|bin)$/.test(name)
}

/** The hash of a model's folder: see `ModelFolder`. */
export function hashOf(files: Iterable<readonly [string, Uint8Array]>): string {
  const named = [...files].filter(([name]) => isModelFile(name)).sort(([a], [b]) => compareText(a, b))
  return contentHash(named.map(([name, bytes]) => [name, sha256(bytes)]))
}

async function list(dir: string) {
  try {
    return await readdir(dir, { withFileTypes: true })
  } catch (e) {
    if (['ENOENT', 'ENOTDIR'].includes((e as NodeJS.ErrnoException).code ?? '')) return []
    throw fileError(dir, e as NodeJS.ErrnoException)
  }
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (e) {
    throw fileError(path, e as NodeJS.ErrnoException)
  }
}
