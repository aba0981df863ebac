import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { InvigilError } from '../../base/errors.ts'
import { contentHash } from '../../base/hash.ts'
import { Catalogue } from '../../catalogue/index.ts'
import { loadCatalogue } from '../../catalogue/load.ts'
import { readText } from '../../io/texts.ts'
import type { ContextRecord } from '../context-record.ts'
import type { OpenContext } from '../context.ts'

const ENDINGS = ['yaml', 'json']

/** The catalogue that a context names: the local one, that of a context without any, or the one that lies in the folder by its hash. */
export async function findCatalogue({ hash, parts }: ContextRecord, local: OpenContext, folder: string | undefined): Promise<Catalogue> {
  const wanted = parts.catalogue
  if (wanted === local.parts.catalogue) return local.catalogue
  const none = new Catalogue({ platforms: [], courses: [], classes: [], networks: {} })
  if (wanted === contentHash(none.data)) return none
  const lacking = `the context \`${hash}\` needs the catalogue \`${wanted}\`, which is not the local one`
  if (folder === undefined) throw new InvigilError('usage', `${lacking}; set \`context\` to a folder, and put it there as \`${wanted}.yaml\``)
  const path = ENDINGS.map((ending) => join(folder, `${wanted}.${ending}`)).find((p) => existsSync(p))
  if (path === undefined) throw new InvigilError('not-found', `${lacking}; put it there as \`${join(folder, `${wanted}.yaml`)}\``)
  const catalogue = loadCatalogue(await readText(path), path)
  const is = contentHash(catalogue.data)
  if (is !== wanted) throw new InvigilError('bad-catalogue', `\`${path}\` holds another catalogue (\`${is}\`) than its name says`)
  return catalogue
}
