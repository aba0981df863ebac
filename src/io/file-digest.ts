import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { fileError } from './file-error.ts'

/** A file by its name, its size and what is in it. */
export interface FileDigest {
  name: string
  bytes: number
  sha256: string
}

/** Reads a file through. Errors: `not-found`, `usage`, `io`. */
export async function fileDigest(path: string): Promise<FileDigest> {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
    }
  } catch (e) {
    throw fileError(path, e as NodeJS.ErrnoException)
  }
  return { name: basename(path), bytes, sha256: hash.digest('hex') }
}
