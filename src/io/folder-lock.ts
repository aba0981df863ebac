import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InvigilError } from '../base/errors.ts'
import { fileError } from './file-error.ts'

/** The file by which a folder belongs to one process. */
export const LOCK = 'lock'

/** What lies in the folder, and what somebody can do who finds it taken: words for the message. */
export interface Owned {
  what: string
  instead: string
}

export interface FolderLock {
  release(): Promise<void>
}

/** Makes the folder where needed and takes it for this process; `bad-state` while another live process has it. */
export async function lockFolder(dir: string, owned: Owned): Promise<FolderLock> {
  const path = join(dir, LOCK)
  try {
    await mkdir(dir, { recursive: true })
    await lock(path, owned)
  } catch (e) {
    throw e instanceof InvigilError ? e : fileError(dir, e as NodeJS.ErrnoException)
  }
  return { release: () => rm(path, { force: true }) }
}

async function lock(path: string, owned: Owned): Promise<void> {
  // The lock appears with its owner's number in it: an empty one would look like one left behind.
  const mine = `${path}-${randomUUID()}`
  try {
    await writeFile(mine, String(process.pid))
    for (let tries = 0; tries < 3; tries++) {
      try {
        await link(mine, path)
        return
      } catch (e) {
        if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e
      }
      const owner = await ownerOf(path)
      if (owner > 0 && owner !== process.pid && isAlive(owner)) throw taken(path, `process ${owner}`, owned)
      // Its owner was killed: what it left is what recovery is for.
      await removeLeft(path, owner)
    }
    throw taken(path, 'another process', owned)
  } finally {
    await rm(mine, { force: true })
  }
}

/** Removes the lock that `owner` left, and no other: of two that find it, one may hold it by now. */
async function removeLeft(path: string, owner: number): Promise<void> {
  const aside = `${path}-${randomUUID()}`
  try {
    await rename(path, aside)
    if ((await ownerOf(aside)) !== owner) await link(aside, path)
  } catch (e) {
    if (!['ENOENT', 'EEXIST'].includes((e as NodeJS.ErrnoException).code ?? '')) throw e
  } finally {
    await rm(aside, { force: true })
  }
}

/** The process that a lock names; 0 where the lock is gone or names none. */
async function ownerOf(path: string): Promise<number> {
  try {
    return Number(await readFile(path, 'utf8')) || 0
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw e
  }
}

function taken(path: string, by: string, { what, instead }: Owned): InvigilError {
  return new InvigilError('bad-state', `${by} is using ${what} in \`${dirname(path)}\`; wait for it, or ${instead} (if that is no run of Invigil, remove \`${path}\`)`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM'
  }
}
