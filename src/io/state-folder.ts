import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { InvigilError } from '../base/errors.ts'
import type { SnapshotStore } from '../engine/ports.ts'
import { replaceDurably, writeDurably } from './durable-file.ts'
import { fileError } from './file-error.ts'
import { LOCK, lockFolder, type FolderLock } from './folder-lock.ts'

const MANIFEST = 'manifest'
const OWNED = { what: 'the state', instead: 'give this run a folder of its own' }

/** Snapshots in a folder of one machine, for one process at a time. */
export class StateFolder implements SnapshotStore {
  private readonly dir: string
  private readonly lock: FolderLock

  private constructor(dir: string, lock: FolderLock) {
    this.dir = dir
    this.lock = lock
  }

  /** Makes the folder where needed and takes it for this process; `bad-state` while another live process has it. */
  static async open(dir: string): Promise<StateFolder> {
    return new StateFolder(dir, await lockFolder(dir, OWNED))
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
      await writeDurably(join(this.dir, name), chunks)
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
    await replaceDurably(join(this.dir, MANIFEST), manifest)
    // A snapshot that was cut short left files that no manifest names.
    const kept = new Set([...keep, MANIFEST, LOCK])
    for (const name of await readdir(this.dir)) if (name.startsWith('keys-') && !kept.has(name)) await rm(join(this.dir, name))
  }

  async close(): Promise<void> {
    await this.lock.release()
  }
}
