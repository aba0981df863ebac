import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { InvigilError } from '../base/errors.ts'
import { fileError } from './file-error.ts'

/** Writes a file, and returns once it would survive a loss of power. Its name is durable only once its folder is. */
export async function writeDurably(path: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  try {
    const file = await open(path, 'w')
    try {
      for await (const chunk of chunks) await file.writeFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (e) {
    throw e instanceof InvigilError ? e : fileError(path, e as NodeJS.ErrnoException)
  }
}

/** Writes a file that replaces the one before whole: whoever looks finds the one or the other, whatever happens in between. */
export async function replaceDurably(path: string, bytes: Uint8Array): Promise<void> {
  await writeDurably(`${path}.new`, [bytes])
  await nameDurably(`${path}.new`, path)
}

/** Gives a file that was written durably the name that others look for. */
export async function nameDurably(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
    await syncFolder(dirname(to))
  } catch (e) {
    throw fileError(to, e as NodeJS.ErrnoException)
  }
}

/** Makes a folder in another whose names are durable then. */
export async function makeFolder(path: string): Promise<void> {
  try {
    if ((await mkdir(path, { recursive: true })) !== undefined) await syncFolder(dirname(path))
  } catch (e) {
    throw fileError(path, e as NodeJS.ErrnoException)
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(dir: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
