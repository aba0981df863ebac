import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip, type Gunzip } from 'node:zlib'
import { InvigilError } from '../base/errors.ts'

/** Compressed bytes are unzipped in such pieces: from a piece with an error in it nothing comes out. */
const PIECE = 1 << 16
const OUT = 1 << 18
const HEAD = 8

/** Kinds of files that somebody may take for a log, by their first bytes, and what to do with them. */
const FOREIGN: readonly (readonly [magic: readonly number[], kind: string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive; unpack it, or `unzip -p` it into standard input'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'compressed with zstd; unpack it, or `zstdcat` it into standard input'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'compressed with xz; unpack it, or `xzcat` it into standard input'],
  [[0x42, 0x5a, 0x68], 'compressed with bzip2; unpack it, or `bzcat` it into standard input'],
]
const UTF_16: typeof FOREIGN = [
  [[0xff, 0xfe], 'written in UTF-16; convert it, as with `iconv -f UTF-16 -t UTF-8`'],
  [[0xfe, 0xff], 'written in UTF-16; convert it, as with `iconv -f UTF-16 -t UTF-8`'],
]

/** What a file is that begins with `head`, if it is surely neither text nor gzip, with the way to mend it. `anyText`: UTF-16 will do. */
export function foreignKind(head: Uint8Array, { anyText = false } = {}): string | undefined {
  return (anyText ? FOREIGN : [...FOREIGN, ...UTF_16]).find(([magic]) => magic.every((b, i) => head[i] === b))?.[1]
}

export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b
}

/** The bytes of a stream, unzipped where they are gzip. Throws what zlib or the stream throws, `bad-input` for another kind of file. */
export async function* plainBytes(raw: Readable, options: { anyText?: boolean } = {}): AsyncGenerator<Buffer, void, undefined> {
  const chunks = raw[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let head: Buffer = Buffer.alloc(0)
  while (head.length < HEAD) {
    const { done, value } = await chunks.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  const kind = foreignKind(head, options)
  if (kind !== undefined) throw new InvigilError('bad-input', kind)
  const all = (async function* () {
    yield head
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
  })()
  yield* isGzip(head) ? unzip(all, { done: 0 }, () => PIECE) : all
}

/** The bytes of a gzip file, the stream that they come from, and how much of it has been read. */
export function unzipFile(path: string): { raw: Readable; bytes: AsyncGenerator<Buffer, void, undefined>; read: () => number } {
  const raw = createReadStream(path, { highWaterMark: OUT })
  return { raw, bytes: unzipExactly(raw, path), read: () => raw.bytesRead }
}

async function* unzipExactly(raw: Readable, path: string): AsyncGenerator<Buffer, void, undefined> {
  const fed = { done: 0 }
  let given = 0
  try {
    for await (const out of unzip(raw, fed, () => PIECE)) {
      given += out.length
      yield out
    }
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw e
    // Once more, byte by byte where it broke: what stands before the damage comes out, and then the same error.
    const broken = fed.done
    for await (const out of unzip(createReadStream(path, { highWaterMark: PIECE }), { done: 0 }, (at) => (at < broken ? broken - at : 1))) {
      if (out.length > given) yield out.subarray(given)
      given -= Math.min(given, out.length)
    }
  }
}

/** Unzips; `fed.done` counts the bytes that surely came through, and `size` says how many to take next after so many. */
async function* unzip(source: AsyncIterable<Buffer>, fed: { done: number }, size: (at: number) => number): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip({ chunkSize: OUT })
  const rest = feed(gunzip, source, fed, size)
  try {
    yield* gunzip as AsyncIterable<Buffer>
  } finally {
    gunzip.destroy()
  }
  if (await rest) throw Object.assign(new Error('there is something behind its end'), { code: 'Z_DATA_ERROR' })
}

/** Writes the source to `gunzip`, which gets its errors; whether there is anything but zeros behind the end of the gzip data. */
async function feed(gunzip: Gunzip, source: AsyncIterable<Buffer>, fed: { done: number }, size: (at: number) => number): Promise<boolean> {
  let open = true
  try {
    for await (const chunk of source) {
      let at = 0
      while (open && at < chunk.length) {
        const piece = chunk.subarray(at, at + Math.min(PIECE, size(fed.done)))
        open = await written(gunzip, piece)
        if (!open) at = Math.max(0, gunzip.bytesWritten - (fed.done - at))
        else {
          at += piece.length
          fed.done += piece.length
        }
      }
      if (!open && chunk.subarray(at).some((b) => b !== 0)) return true
    }
    // Only now: the flush at the end fails where the data is cut off, and would take the last piece with it.
    if (open) gunzip.end()
  } catch (e) {
    gunzip.destroy(e as Error)
  }
  return false
}

/** Whether a piece came through; false when the stream has ended or broken. */
function written(gunzip: Gunzip, piece: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const closed = () => resolve(false)
    gunzip.once('close', closed)
    gunzip.write(piece, (e) => {
      gunzip.off('close', closed)
      resolve(!e)
    })
  })
}
