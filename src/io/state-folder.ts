import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InvigilError } from '../base/errors.ts'
import type { SnapshotStore } from '../engine/ports.ts'
import { fileError } from './file-error.ts'

const MANIFEST = 'manifest'
const LOCK = 'lock'

/** Snapshots in a folder of one machine, for one process at a time. */
export class StateFolder implements SnapshotStore {
  private readonly dir: string

  private constructor(dir: string) {
    this.dir = dir
  }

  /** Makes the folder where needed and takes it for this process; `bad-state` while another live process has it. */
  static async open(dir: string): Promise<StateFolder> {
    try {
      await mkdir(dir, { recursive: true })
      await lock(join(dir, LOCK))
    } catch (e) {
      throw e instanceof InvigilError ? e : fileError(dir, e as NodeJS.ErrnoException)
    }
    return new StateFolder(dir)
  }

  async manifest(): Promise<Uint8Array | undefined> {
    return readFile(join(this.dir, MANIFEST)).catch((e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT') return undefined
      throw fileError(join(this.dir, MANIFEST), e)
    })
  }

  async write(chunks: Iterable<Uint8Array>): Promise<string> {
    const name = `keys-${randomUUID()}`
    try {
      await this.durably(join(this.dir, name), chunks)
    } catch (e) {
      // On a full disk, what was begun would take the room that the next attempt needs.
      await rm(join(this.dir, name), { force: true })
      throw e
    }
    return name
  }

  async *read(name: string): AsyncIterable<Uint8Array> {
    const path = join(this.dir, name)
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) yield chunk as Buffer
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === 'ENOENT') throw new InvigilError('bad-state', `the state lacks its file \`${path}\`; restore it, or use another state folder`)
      throw fileError(path, e as NodeJS.ErrnoException)
    }
  }

  async commit(manifest: Uint8Array, keep: readonly string[]): Promise<void> {
    const path = join(this.dir, MANIFEST)
    await this.durably(`${path}.new`, [manifest])
    try {
      await rename(`${path}.new`, path)
      await syncFolder(this.dir)
    } catch (e) {
      throw fileError(path, e as NodeJS.ErrnoException)
    }
    // A snapshot that was cut short left files that no manifest names.
    const kept = new Set([...keep, MANIFEST, LOCK])
    for (const name of await readdir(this.dir)) if (name.startsWith('keys-') && !kept.has(name)) await rm(join(this.dir, name))
  }

  async close(): Promise<void> {
    await rm(join(this.dir, LOCK), { force: true })
  }

  private async durably(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
    try {
      const file = await open(path, 'w')
      try {
        for (const chunk of chunks) await file.writeFile(chunk)
        await file.sync()
      } finally {
        await file.close()
      }
    } catch (e) {
      throw e instanceof InvigilError ? e : fileError(path, e as NodeJS.ErrnoException)
    }
  }
}

/** A new name is durable only once its folder is. */
async function syncFolder(dir: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function lock(path: string): Promise<void> {
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
      if (owner > 0 && owner !== process.pid && isAlive(owner)) throw taken(path, `process ${owner}`)
      // Its owner was killed: what it left is what recovery is for.
      await removeLeft(path, owner)
    }
    throw taken(path, 'another process')
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

function taken(path: string, by: string): InvigilError {
  return new InvigilError('bad-state', `${by} is using the state in \`${dirname(path)}\`; wait for it, or give this run a folder of its own (if that is no run of Invigil, remove \`${path}\`)`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM'
  }
}
