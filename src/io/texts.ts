import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvigilError } from '../base/errors.ts'
import { compareText } from '../base/order.ts'
import type { RuleSource } from '../rules/load.ts'

/** Reads the rules directories: the YAML files of each, and those of its `regulations/`. Throws `not-found` for one that is not there. */
export async function readRuleSources(dirs: readonly string[]): Promise<RuleSource[]> {
  return Promise.all(dirs.map(readRuleSource))
}

async function readRuleSource(dir: string): Promise<RuleSource> {
  const own = await listYaml(dir)
  if (own === undefined) throw new InvigilError('not-found', `no directory \`${dir}\``)
  const regulations = (await listYaml(join(dir, 'regulations'))) ?? []
  const files = await Promise.all([...own, ...regulations].map(async (path) => ({ path, text: await readText(path) })))
  return { dir, files }
}

/** The YAML files of a directory in name order; undefined where there is no such directory. */
async function listYaml(dir: string): Promise<string[] | undefined> {
  try {
    const entries = await readdir(dir, { withFileTypes: true })
    return entries.filter((e) => !e.isDirectory() && /\.ya?ml$/.test(e.name)).map((e) => join(dir, e.name)).sort(compareText)
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new InvigilError('io', `cannot read \`${dir}\`: ${(e as Error).message}`, { cause: e })
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (e) {
    throw new InvigilError('io', `cannot read \`${path}\`: ${(e as Error).message}`, { cause: e })
  }
}
