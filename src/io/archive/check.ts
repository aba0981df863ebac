import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InvigilError, type Problem } from '../../base/errors.ts'
import { fileError } from '../file-error.ts'
import { LOCK } from '../folder-lock.ts'
import type { ContextFile, Manifest, RecordFile } from './manifest.ts'

type File = ContextFile | RecordFile

const READ = 1 << 20
/** What a first run that was killed has left. */
const OWN = ['telemetry', 'marks', 'contexts']

/** Throws `usage` where there is something else in a folder than what an archive that was just begun has. */
export async function checkNew(dir: string): Promise<void> {
  const other = (await readdir(dir)).find((name) => !name.startsWith(LOCK) && !OWN.includes(name))
  if (other !== undefined) throw new InvigilError('usage', `\`${dir}\` is no archive, and not empty (\`${other}\`); name an archive, or a folder of its own`)
}

/** Throws `bad-state` with all files that an archive names and that something is wrong with; `faultOf` says what. */
export async function checkFiles(dir: string, { contexts, files }: Manifest, faultOf: (dir: string, file: File) => Promise<string | undefined>): Promise<void> {
  const problems: Problem[] = []
  for (const file of [...contexts, ...files]) {
    const message = await faultOf(dir, file)
    if (message) problems.push({ file: join(dir, file.path), message })
  }
  if (problems.length > 0) throw new InvigilError('bad-state', `${problems.length === 1 ? 'a file of the archive is' : `${problems.length} files of the archive are`} missing or damaged; restore from a copy`, { problems })
}

/** Whether a file is there and as long as it was, which is quickly seen. */
export async function lossOf(dir: string, { path, bytes }: File): Promise<string | undefined> {
  try {
    return sizeFault((await stat(join(dir, path))).size, bytes)
  } catch (e) {
    return missing(join(dir, path), e as NodeJS.ErrnoException)
  }
}

/** Whether each byte of a file is as it was. */
export async function damageOf(dir: string, { path, bytes, sha256 }: File): Promise<string | undefined> {
  const hash = createHash('sha256')
  let size = 0
  try {
    for await (const chunk of createReadStream(join(dir, path), { highWaterMark: READ }) as AsyncIterable<Buffer>) {
      size += chunk.length
      hash.update(chunk)
    }
  } catch (e) {
    return missing(join(dir, path), e as NodeJS.ErrnoException)
  }
  return sizeFault(size, bytes) ?? (hash.digest('hex') === sha256 ? undefined : 'its SHA-256 is not the one that it was written with')
}

function sizeFault(size: number, bytes: number): string | undefined {
  return size === bytes ? undefined : `it has ${size} bytes, not ${bytes}`
}

function missing(path: string, e: NodeJS.ErrnoException): string {
  if (e.code === 'ENOENT') return 'it is missing'
  throw fileError(path, e)
}
