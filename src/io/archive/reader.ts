import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvigilError } from '../../base/errors.ts'
import { fileError } from '../file-error.ts'
import { unzipFile } from '../unzip.ts'
import { checkFiles, damageOf } from './check.ts'
import { MANIFEST, readManifest, type Manifest, type RecordFile, type RecordTopic } from './manifest.ts'
import { RecordParser } from './record.ts'

/** An archive that is only read. One that grows meanwhile is read as it was when it was opened. */
export class ArchiveReader {
  readonly dir: string
  readonly manifest: Manifest
  /** Bytes of all records, as they lie in files. */
  readonly size: number

  private constructor(dir: string, manifest: Manifest) {
    this.dir = dir
    this.manifest = manifest
    this.size = manifest.files.reduce((n, f) => n + f.bytes, 0)
  }

  /** Reads the manifest and compares every file with it. Throws `not-found` where no archive is, `bad-state` with all files that are missing or damaged. */
  static async open(dir: string): Promise<ArchiveReader> {
    const manifest = await readManifest(dir)
    if (manifest === undefined) throw new InvigilError('not-found', `\`${dir}\` is no archive: there is no \`${MANIFEST}\` in it; \`invigil archive --to DIR\` makes one`)
    await checkFiles(dir, manifest, damageOf)
    return new ArchiveReader(dir, manifest)
  }

  /** Where catalogues lie by their hash. */
  get contextFolder(): string {
    return join(this.dir, 'contexts')
  }

  /** The bytes of a context, as it stood in its topic. */
  async context(hash: string): Promise<Buffer> {
    const file = this.manifest.contexts.find((c) => c.kind === 'context' && c.hash === hash)
    if (file === undefined) throw new InvigilError('bad-state', `the archive has no context \`${hash}\`, which its marks name`)
    const path = join(this.dir, file.path)
    return readFile(path).catch((e: NodeJS.ErrnoException) => {
      throw fileError(path, e)
    })
  }

  /** The records of a partition in their order. */
  records(topic: RecordTopic, partition: number): PartitionReader {
    const files = this.manifest.files.filter((f) => f.topic === topic && f.partition === partition).sort((a, b) => a.first - b.first)
    return new PartitionReader(this.dir, files)
  }
}

/** Reads a partition forward. What it holds in memory is a few pieces of one file. */
export class PartitionReader {
  /** The record at hand. */
  readonly at = new RecordParser()
  /** Bytes of whole files read. */
  read = 0
  private readonly dir: string
  private readonly files: readonly RecordFile[]
  private number = 0
  private pieces: AsyncGenerator<Buffer, void, undefined> | undefined
  private found = 0
  private hasNext = false

  constructor(dir: string, files: readonly RecordFile[]) {
    this.dir = dir
    this.files = files
  }

  /** Calls `take` with each record before the offset `end`. */
  async readTo(end: number, take: (at: RecordParser) => void): Promise<void> {
    for (;;) {
      while (this.hasNext || this.parse()) {
        this.hasNext = this.at.offset >= end
        if (this.hasNext) return
        take(this.at)
      }
      if (!(await this.fill())) return
    }
  }

  /** The next record, which is at hand until the next call; undefined behind the last one. */
  async next(): Promise<RecordParser | undefined> {
    while (!this.hasNext && !this.parse()) if (!(await this.fill())) return undefined
    this.hasNext = false
    return this.at
  }

  async close(): Promise<void> {
    await this.pieces?.return()
  }

  private parse(): boolean {
    try {
      const found = this.at.next()
      if (found) this.found++
      return found
    } catch (e) {
      throw this.damaged((e as Error).message)
    }
  }

  /** Reads on; false at the end of the last file. */
  private async fill(): Promise<boolean> {
    for (;;) {
      const file = this.files[this.number]
      if (file === undefined) return false
      this.pieces ??= unzipFile(join(this.dir, file.path)).bytes
      let next: IteratorResult<Buffer, void>
      try {
        next = await this.pieces.next()
      } catch (e) {
        throw (e as NodeJS.ErrnoException).code?.startsWith('Z_') ? this.damaged((e as Error).message) : fileError(join(this.dir, file.path), e as NodeJS.ErrnoException)
      }
      if (!next.done) {
        this.at.push(next.value)
        return true
      }
      if (this.at.hasRest || this.found !== file.records) throw this.damaged(`it has ${this.found} of ${file.records} records`)
      this.found = 0
      this.read += file.bytes
      this.number++
      this.pieces = undefined
    }
  }

  private damaged(why: string): InvigilError {
    return new InvigilError('bad-state', `\`${join(this.dir, this.files[this.number]?.path ?? '')}\` is damaged: ${why}; restore it from a copy`)
  }
}
