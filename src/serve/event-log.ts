import { join } from 'node:path'
import { lockFolder, type FolderLock } from '../io/folder-lock.ts'
import { makeFolder, syncFolder } from '../io/durable-file.ts'
import { GroupCommit } from './group-commit.ts'
import { GrowingFile } from './growing-file.ts'
import type { Taken } from './take.ts'
import type { Store } from './store.ts'

/** What is read on by `invigil run DIR/telemetry.ndjson --follow`. */
export const TELEMETRY = 'telemetry.ndjson'
export const REJECTS = 'rejects.ndjson'
const OWNED = { what: 'the log', instead: 'name another folder with `--log`' }

/** A folder with the events that came in, and with what was not taken. */
export class EventLog implements Store {
  private readonly telemetry: GrowingFile
  private readonly rejects: GrowingFile
  private readonly lock: FolderLock
  private readonly commits: GroupCommit<Taken>

  private constructor(telemetry: GrowingFile, rejects: GrowingFile, lock: FolderLock) {
    this.telemetry = telemetry
    this.rejects = rejects
    this.lock = lock
    this.commits = new GroupCommit((batch) => this.write(batch))
  }

  /** Takes the folder for this process, and mends what a crash has left. `mended`: bytes of lines that were not whole. */
  static async open(dir: string): Promise<{ log: EventLog; mended: number }> {
    await makeFolder(dir)
    const lock = await lockFolder(dir, OWNED)
    try {
      const telemetry = await GrowingFile.open(join(dir, TELEMETRY))
      const rejects = await GrowingFile.open(join(dir, REJECTS))
      await syncFolder(dir)
      return { log: new EventLog(telemetry.file, rejects.file, lock), mended: telemetry.mended + rejects.mended }
    } catch (e) {
      await lock.release()
      throw e
    }
  }

  get backlog(): number {
    return this.commits.backlog
  }

  get broken(): string | undefined {
    return this.telemetry.broken || this.rejects.broken ? 'the disk has failed to keep the log; restart, after a look at the disk' : undefined
  }

  put(taken: Taken): Promise<void> {
    return this.commits.add(taken, taken.bytes)
  }

  async close(): Promise<void> {
    await this.commits.settle()
    await this.telemetry.close()
    await this.rejects.close()
    await this.lock.release()
  }

  private async write(batch: readonly Taken[]): Promise<void> {
    await this.telemetry.write(Buffer.concat(batch.flatMap((t) => t.lines)))
    const rejects = batch.flatMap((t) => t.rejects)
    if (rejects.length > 0) await this.rejects.write(Buffer.concat(rejects))
    await this.telemetry.sync()
    await this.rejects.sync()
  }
}
