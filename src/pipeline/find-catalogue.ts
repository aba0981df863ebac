import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { InvigilError } from '../base/errors.ts'
import { contentHash } from '../base/hash.ts'
import { Catalogue } from '../catalogue/index.ts'
import { loadCatalogue } from '../catalogue/load.ts'
import { readText } from '../io/texts.ts'
import type { ContextRecord } from './context-record.ts'
import type { OpenContext } from './context.ts'

/** The catalogue at hand, with its hash. */
export interface LocalCatalogue {
  catalogue: Catalogue
  parts: Pick<OpenContext['parts'], 'catalogue'>
}

const ENDINGS = ['yaml', 'json']
const NONE = contentHash(new Catalogue({ platforms: [], courses: [], classes: [], networks: {} }).data)

/** The catalogue that a context names: the local one, that of a context without any, or the one that lies in the folder by its hash. */
export async function findCatalogue({ hash, parts }: ContextRecord, local: LocalCatalogue, folder: string | undefined): Promise<Catalogue> {
  const wanted = parts.catalogue
  if (wanted === local.parts.catalogue) return local.catalogue
  if (isNoCatalogue(wanted)) return new Catalogue({ platforms: [], courses: [], classes: [], networks: {} })
  const lacking = `the context \`${hash}\` needs the catalogue \`${wanted}\`, which is not the local one`
  if (folder === undefined) throw new InvigilError('usage', `${lacking}; set \`context\` to a folder, and put it there as \`${wanted}.yaml\``)
  const found = await readCatalogue(wanted, folder)
  if (found === undefined) throw new InvigilError('not-found', `${lacking}; put it there as \`${join(folder, `${wanted}.yaml`)}\``)
  return found.catalogue
}

/** Whether a hash is that of a context without a catalogue. */
export function isNoCatalogue(hash: string): boolean {
  return hash === NONE
}

/** The catalogue that lies in a folder by its hash, with its text and how the file's name ends; undefined where there is none. */
export async function readCatalogue(hash: string, folder: string): Promise<{ catalogue: Catalogue; text: string; ending: string } | undefined> {
  const ending = ENDINGS.find((e) => existsSync(join(folder, `${hash}.${e}`)))
  if (ending === undefined) return undefined
  const path = join(folder, `${hash}.${ending}`)
  const text = await readText(path)
  const catalogue = loadCatalogue(text, path)
  const is = contentHash(catalogue.data)
  if (is !== hash) throw new InvigilError('bad-catalogue', `\`${path}\` holds another catalogue (\`${is}\`) than its name says`)
  return { catalogue, text, ending }
}
