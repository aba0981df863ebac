import { createReadStream, fstatSync, open as openFile } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { InvigilError } from '../base/errors.ts'
import { STANDARD_INPUT, called, fileError } from './file-error.ts'
import { foreignKind, isGzip, plainBytes, unzipFile } from './unzip.ts'

/** A stream of bytes that is read piece by piece into somebody's buffer. */
export interface Bytes {
  /** How the user named it. */
  readonly name: string
  /** Reads some bytes to `into` from `at` on; 0 at the (present) end. */
  read(into: Buffer, at: number): Promise<number>
  /** What of the source has been read and how much there is, for progress; size 0 where unknown. */
  progress(): { read: number; size: number }
  /** What cut the stream short, if anything did: what came before it counts, nothing comes after it. */
  readonly fault: InvigilError | undefined
  close(): Promise<void>
}

/** A followed log that was moved is read on for so long after its last line: its writer may not know of it yet. */
const MOVED_PATIENCE = 5000
const MAGIC = 8

/**
 * Opens a file, compressed or not, or standard input (`-`), at an offset of its uncompressed bytes. With `follow` the end
 * of a file is only its present end; `anyText` takes UTF-16, too. Errors: `not-found`, `bad-input`, `usage`, `io`.
 */
export async function openBytes(name: string, offset: number, { follow = false, anyText = false } = {}): Promise<Bytes> {
  if (name === '-') {
    if (fstatSync(0).isDirectory()) throw new InvigilError('bad-input', 'standard input is a directory; name the files in it')
    return skip(new StreamBytes(STANDARD_INPUT, process.stdin, plainBytes(process.stdin, { anyText }), () => 0, 0), offset)
  }
  const info = await stat(name).catch((e: NodeJS.ErrnoException) => {
    if (e.code === 'ENOENT') throw new InvigilError('not-found', `there is no file \`${name}\``)
    throw fileError(name, e)
  })
  if (info.isDirectory()) throw new InvigilError('bad-input', `\`${name}\` is a directory; name the files in it`)
  if (follow && !info.isFile()) throw cannotFollow(name, 'no regular file')
  if (!info.isFile()) {
    const raw = info.isFIFO() ? await openPipe(name) : createReadStream(name)
    return skip(new StreamBytes(name, raw, plainBytes(raw, { anyText }), () => 0, 0), offset)
  }
  const file = await open(name, 'r').catch((e: NodeJS.ErrnoException) => {
    throw fileError(name, e)
  })
  const magic = Buffer.alloc(MAGIC)
  const { bytesRead } = await file.read(magic, 0, MAGIC, 0)
  const kind = foreignKind(magic.subarray(0, bytesRead), { anyText })
  if (kind === undefined && !isGzip(magic) && offset <= info.size) return new FileBytes(name, file, offset, follow)
  await file.close()
  if (kind === undefined && !isGzip(magic)) throw shorter(name)
  if (kind !== undefined) throw new InvigilError('bad-input', `\`${name}\` is ${kind}`)
  if (follow) throw cannotFollow(name, 'compressed')
  const unzipped = unzipFile(name)
  return skip(new StreamBytes(name, unzipped.raw, unzipped.bytes, unzipped.read, info.size), offset)
}

/** A named pipe, read without holding a thread: a read of a file could not be given up while nobody writes. */
function openPipe(name: string): Promise<Readable> {
  return new Promise((resolve, reject) => {
    openFile(name, 'r', (e, fd) => (e ? reject(fileError(name, e)) : resolve(new Socket({ fd, readable: true, writable: false }))))
  })
}

function cannotFollow(name: string, why: string): InvigilError {
  return new InvigilError('usage', `\`--follow\` needs a plain file that grows, and \`${name}\` is ${why}; leave \`--follow\` out`)
}

/** Reads up to an offset. Errors: `bad-state` where the bytes end before, and what cut them short. */
export async function skip(bytes: Bytes, offset: number): Promise<Bytes> {
  const waste = Buffer.alloc(1 << 18)
  for (let left = offset; left > 0; ) {
    const n = await bytes.read(left < waste.length ? waste.subarray(0, left) : waste, 0)
    if (n === 0) {
      await bytes.close()
      throw bytes.fault ?? shorter(bytes.name)
    }
    left -= n
  }
  return bytes
}

function shorter(name: string): InvigilError {
  return new InvigilError('bad-state', `${called(name)} is shorter than when its state was saved; give the same log, or another state folder`)
}

class FileBytes implements Bytes {
  readonly name: string
  fault: InvigilError | undefined = undefined
  private readonly file: FileHandle
  private readonly follow: boolean
  private at: number
  private size = 0
  private lastRead = Date.now()

  constructor(name: string, file: FileHandle, offset: number, follow: boolean) {
    this.name = name
    this.file = file
    this.at = offset
    this.follow = follow
  }

  async read(into: Buffer, at: number): Promise<number> {
    if (this.fault) return 0
    try {
      const info = await this.file.stat()
      if (info.size < this.at) {
        this.fault = new InvigilError('bad-input', `\`${this.name}\` has become shorter than what was read of it; what was read was handled, start a run of its own on what is in it now`)
        return 0
      }
      this.size = info.size
      const { bytesRead } = await this.file.read(into, at, into.length - at, this.at)
      this.at += bytesRead
      if (bytesRead > 0) this.lastRead = Date.now()
      else if (this.follow && Date.now() - this.lastRead > MOVED_PATIENCE && (await this.isMoved(info.ino))) {
        this.fault = new InvigilError('bad-input', `\`${this.name}\` was moved or replaced; it was read to its end, start a run of its own on the new file`)
      }
      return bytesRead
    } catch (e) {
      this.fault = fileError(this.name, e as NodeJS.ErrnoException)
      return 0
    }
  }

  /** Whether the name stands for another file by now, or for none. */
  private async isMoved(ino: number): Promise<boolean> {
    try {
      return (await stat(this.name)).ino !== ino
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === 'ENOENT') return true
      throw e
    }
  }

  progress(): { read: number; size: number } {
    return { read: this.at, size: this.size }
  }

  close(): Promise<void> {
    return this.file.close()
  }
}

class StreamBytes implements Bytes {
  readonly name: string
  fault: InvigilError | undefined = undefined
  private readonly raw: Readable
  private readonly chunks: AsyncGenerator<Buffer>
  private readonly consumed: () => number
  private readonly size: number
  private rest: Buffer = Buffer.alloc(0)
  private ended = false

  constructor(name: string, raw: Readable, chunks: AsyncGenerator<Buffer>, consumed: () => number, size: number) {
    this.name = name
    this.raw = raw
    this.chunks = chunks
    this.consumed = consumed
    this.size = size
  }

  async read(into: Buffer, at: number): Promise<number> {
    // An empty piece is not the end.
    while (this.rest.length === 0 && !this.ended) await this.fetch()
    const n = this.rest.copy(into, at)
    this.rest = this.rest.subarray(n)
    return n
  }

  private async fetch(): Promise<void> {
    try {
      const { done, value } = await this.chunks.next()
      if (done) this.ended = true
      else this.rest = value
    } catch (e) {
      this.ended = true
      this.fault = streamFault(this.name, e as NodeJS.ErrnoException)
    }
  }

  progress(): { read: number; size: number } {
    return { read: this.consumed(), size: this.size }
  }

  async close(): Promise<void> {
    // First the source: somebody may still be waiting for its next piece, and would wait for ever.
    this.raw.destroy()
    await this.chunks.return(undefined)
  }
}

function streamFault(name: string, e: NodeJS.ErrnoException | InvigilError): InvigilError {
  if (e instanceof InvigilError) return new InvigilError(e.code, `${called(name)} is ${e.message}`, { cause: e })
  if (e.code === 'Z_BUF_ERROR') return new InvigilError('bad-input', `${called(name)} ends in the middle of its compressed data; everything up to there was handled, fetch the rest and run again`, { cause: e })
  if (e.code?.startsWith('Z_')) return new InvigilError('bad-input', `${called(name)} is damaged gzip (${e.message}); everything up to there was handled, fetch it again`, { cause: e })
  return fileError(name, e)
}
