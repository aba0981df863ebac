import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createGzip } from 'node:zlib'
import { nameDurably, writeDurably } from '../durable-file.ts'
import { encodeRecord, type KafkaRecord } from './record.ts'

/** Records are compressed in such pieces. */
const PIECE = 1 << 17

/** Writes one file of records. It has its name only once it is whole. */
export class FileWriter {
  first = -1
  last = -1
  records = 0
  /** Before compression. */
  size = 0
  private readonly path: string
  private readonly gzip = createGzip()
  private readonly hash = createHash('sha256')
  private readonly writing: Promise<void>
  private bytes = 0
  private pending: Buffer[] = []
  private waiting = 0

  constructor(path: string) {
    this.path = path
    this.writing = writeDurably(this.part, this.compressed())
    // Whoever writes or finishes is told.
    this.writing.catch(() => undefined)
  }

  private get part(): string {
    return `${this.path}.part`
  }

  async add(record: KafkaRecord): Promise<void> {
    const bytes = encodeRecord(record)
    if (this.records === 0) this.first = record.offset
    this.last = record.offset
    this.records++
    this.size += bytes.length
    this.pending.push(bytes)
    if ((this.waiting += bytes.length) >= PIECE) await this.compress()
  }

  /** Makes the file durable under its name. */
  async finish(): Promise<{ bytes: number; sha256: string }> {
    await this.compress()
    this.gzip.end()
    await this.writing
    await nameDurably(this.part, this.path)
    return { bytes: this.bytes, sha256: this.hash.digest('hex') }
  }

  /** Leaves nothing behind. */
  async abort(): Promise<void> {
    this.gzip.destroy()
    await this.writing.catch(() => undefined)
    await rm(this.part, { force: true })
  }

  private async compress(): Promise<void> {
    const piece = Buffer.concat(this.pending)
    this.pending = []
    this.waiting = 0
    // A disk that is full ends the writing, and then nothing drains any more.
    if (!this.gzip.write(piece)) await Promise.race([once(this.gzip, 'drain'), this.writing])
  }

  private async *compressed(): AsyncGenerator<Buffer> {
    for await (const chunk of this.gzip as AsyncIterable<Buffer>) {
      this.bytes += chunk.length
      this.hash.update(chunk)
      yield chunk
    }
  }
}
