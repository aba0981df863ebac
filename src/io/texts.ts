import { isUtf8 } from 'node:buffer'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvigilError } from '../base/errors.ts'
import { compareText } from '../base/order.ts'
import type { RuleSource } from '../rules/load.ts'
import { fileError } from './file-error.ts'
import { foreignKind, isGzip } from './unzip.ts'

/** Reads the rules directories: the YAML files of each, and those of its `regulations/`. Throws `not-found` for one that is not there. */
export async function readRuleSources(dirs: readonly string[]): Promise<RuleSource[]> {
  return Promise.all(dirs.map(readRuleSource))
}

async function readRuleSource(dir: string): Promise<RuleSource> {
  return { dir, files: await Promise.all((await listRuleFiles(dir)).map(async (path) => ({ path, text: await readText(path) }))) }
}

/** The files of a rules directory, those of its `regulations/` last. Throws `not-found` where there are none. */
export async function listRuleFiles(dir: string): Promise<string[]> {
  const files = [...await listYaml(dir), ...await listYaml(join(dir, 'regulations'), true)]
  if (files.length === 0) throw new InvigilError('not-found', `there is no \`.yaml\` file in the rules directory \`${dir}\``)
  return files
}

/** The YAML files of a directory in name order, but for hidden ones, which editors and copies leave there while they work; where there is no such directory, none if it is `optional`. */
async function listYaml(dir: string, optional = false): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true })
    return entries.filter((e) => !e.isDirectory() && /^[^.].*\.ya?ml$/.test(e.name)).map((e) => join(dir, e.name)).sort(compareText)
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException
    if (code === 'ENOENT' && optional) return []
    if (code === 'ENOENT') throw new InvigilError('not-found', `there is no rules directory \`${dir}\``)
    if (code === 'ENOTDIR') throw new InvigilError('usage', `\`${dir}\` is no directory; name the directory that the rules lie in`)
    throw fileError(dir, e as NodeJS.ErrnoException)
  }
}

/** Reads a text that somebody wrote: it must be UTF-8. Errors: `not-found`, `bad-file`, `usage`, `io`. */
export async function readText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((e: NodeJS.ErrnoException) => {
    throw e.code === 'ENOENT' ? new InvigilError('not-found', `there is no file \`${path}\``) : fileError(path, e)
  })
  return textOf(path, bytes)
}

/** The text of a file that was read. Errors: `bad-file`. */
export function textOf(path: string, bytes: Buffer): string {
  const kind = foreignKind(bytes) ?? (isGzip(bytes) ? 'compressed with gzip; unpack it' : undefined)
  if (kind !== undefined) throw new InvigilError('bad-file', `\`${path}\` is ${kind}`)
  if (!isUtf8(bytes)) {
    throw new InvigilError('bad-file', `\`${path}\` is not valid UTF-8 in line ${brokenLine(bytes)}; write it in UTF-8, as with \`iconv -f GB18030 -t UTF-8\``)
  }
  return bytes.toString('utf8')
}

/** The first line that is not UTF-8. */
function brokenLine(bytes: Buffer): number {
  let line = 1
  for (let at = 0, end = bytes.indexOf(10); end >= 0 && isUtf8(bytes.subarray(at, end)); at = end + 1, end = bytes.indexOf(10, at)) line++
  return line
}
