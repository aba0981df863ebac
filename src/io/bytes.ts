import { createReadStream } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import type { Readable } from 'node:stream'
import { InvigilError } from '../base/errors.ts'

/** A stream of bytes that is read piece by piece into somebody's buffer. */
export interface Bytes {
  /** How the user named it. */
  readonly name: string
  /** Reads some bytes to `into` from `at` on; 0 at the (present) end. */
  read(into: Buffer, at: number): Promise<number>
  /** What of the source has been read and how much there is, for progress; size 0 where unknown. */
  progress(): { read: number; size: number }
  /** What cut the stream short, if anything did: what came before it counts. */
  readonly fault: InvigilError | undefined
  close(): Promise<void>
}

/** Opens a file, compressed or not, or standard input (`-`), at an offset of its uncompressed bytes. */
export async function openBytes(name: string, offset: number): Promise<Bytes> {
  if (name === '-') return skip(await openStream('standard input', process.stdin), offset)
  const info = await stat(name).catch((e: NodeJS.ErrnoException) => {
    if (e.code === 'ENOENT') throw new InvigilError('not-found', `no file \`${name}\``)
    throw fileError(name, e)
  })
  if (info.isDirectory()) throw new InvigilError('bad-input', `\`${name}\` is a directory; name the files in it`)
  const file = await open(name, 'r').catch((e: NodeJS.ErrnoException) => {
    throw fileError(name, e)
  })
  if (!info.isFile()) return skip(new StreamBytes(name, file.createReadStream(), () => 0, 0), offset)
  const magic = Buffer.alloc(2)
  await file.read(magic, 0, 2, 0)
  if (!isGzip(magic)) return new FileBytes(name, file, offset)
  await file.close()
  const raw = createReadStream(name, { highWaterMark: 1 << 18 })
  return skip(unzip(name, raw, info.size), offset)
}

async function openStream(name: string, raw: Readable): Promise<Bytes> {
  // The first bytes say whether it is compressed; they are put back for whoever reads on.
  const first = await new Promise<Buffer | null>((resolve, reject) => {
    const look = () => {
      const chunk = raw.read() as Buffer | null
      if (chunk === null && !raw.readableEnded) return
      done(chunk)
    }
    const done = (chunk: Buffer | null) => {
      raw.off('readable', look).off('end', onEnd).off('error', reject)
      if (chunk) raw.unshift(chunk)
      resolve(chunk)
    }
    const onEnd = () => done(null)
    raw.on('readable', look).on('end', onEnd).on('error', reject)
  })
  if (first === null) return new StreamBytes(name, raw, () => 0, 0)
  return isGzip(first) ? unzip(name, raw, 0) : new StreamBytes(name, raw, () => 0, 0)
}

function unzip(name: string, raw: Readable, size: number): Bytes {
  const gunzip = createGunzip({ chunkSize: 1 << 18 })
  raw.on('error', (e) => gunzip.destroy(e))
  return new StreamBytes(name, raw.pipe(gunzip), () => gunzip.bytesWritten, size)
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

async function skip(bytes: Bytes, offset: number): Promise<Bytes> {
  const waste = Buffer.alloc(1 << 18)
  for (let left = offset; left > 0; ) {
    const n = await bytes.read(left < waste.length ? waste.subarray(0, left) : waste, 0)
    if (n === 0) throw new InvigilError('bad-state', `\`${bytes.name}\` is shorter than when its state was saved; give the same log, or another state folder`)
    left -= n
  }
  return bytes
}

class FileBytes implements Bytes {
  readonly name: string
  readonly fault = undefined
  private readonly file: FileHandle
  private at: number
  private size = 0

  constructor(name: string, file: FileHandle, offset: number) {
    this.name = name
    this.file = file
    this.at = offset
  }

  async read(into: Buffer, at: number): Promise<number> {
    const { size } = await this.file.stat()
    if (size < this.at) throw new InvigilError('bad-input', `\`${this.name}\` has become shorter than what was read of it; start again with the new file`)
    this.size = size
    const { bytesRead } = await this.file.read(into, at, into.length - at, this.at)
    this.at += bytesRead
    return bytesRead
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
  private readonly stream: Readable
  private readonly chunks: AsyncIterator<Buffer>
  private readonly consumed: () => number
  private readonly size: number
  private rest: Buffer = Buffer.alloc(0)
  private ended = false

  constructor(name: string, stream: Readable, consumed: () => number, size: number) {
    this.name = name
    this.stream = stream
    this.chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
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
    await this.chunks.return?.()
    this.stream.destroy()
  }
}

function streamFault(name: string, e: NodeJS.ErrnoException): InvigilError {
  if (e.code === 'Z_BUF_ERROR') return new InvigilError('bad-input', `\`${name}\` ends in the middle of its compressed data; everything up to there was handled, fetch the rest and run again`, { cause: e })
  if (e.code?.startsWith('Z_')) return new InvigilError('bad-input', `\`${name}\` is damaged gzip (${e.message}); everything up to there was handled, fetch it again`, { cause: e })
  return fileError(name, e)
}

/** A failure of the system around a file, in words for the user. */
export function fileError(name: string, e: NodeJS.ErrnoException): InvigilError {
  if (e.code === 'ENOSPC' || e.code === 'EDQUOT') return new InvigilError('disk-full', `the disk is full: cannot write \`${name}\`; make room and run again`, { cause: e })
  if (e.code === 'EACCES' || e.code === 'EPERM') return new InvigilError('usage', `no permission for \`${name}\``, { cause: e })
  if (e.code === 'EISDIR' || e.code === 'ENOTDIR' || e.code === 'EEXIST') return new InvigilError('usage', `\`${name}\` is not what is needed here (${e.code === 'EISDIR' ? 'it is a directory' : 'it is a file'})`, { cause: e })
  return new InvigilError('io', `cannot use \`${name}\`: ${e.message}`, { cause: e })
}
