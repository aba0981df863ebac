import { stringify } from 'yaml'
import type { TopicsConfig } from '../../io/kafka/topics.ts'
import { asyncApiOf, type Source } from './asyncapi.ts'
import { contracts, schemaOf } from './index.ts'
import { indexPage, pageOf, schemaFile } from './page.ts'

/** All contracts as files, by name: a JSON Schema for each form, the AsyncAPI document, and the pages. */
export function contractFiles(config: TopicsConfig, sources: readonly Source[], version: string): Map<string, string> {
  const files = new Map<string, string>([['README.md', indexPage(config)], ['asyncapi.yaml', stringify(asyncApiOf(config, sources, version), { aliasDuplicateObjects: false, lineWidth: 0 })]])
  for (const contract of contracts) {
    files.set(`${contract.name}.md`, pageOf(contract, config))
    for (const form of contract.forms) {
      const { $schema, ...schema } = schemaOf(form)
      files.set(schemaFile(form), `${JSON.stringify({ $schema, $id: `urn:invigil:${form.name}:v1`, title: contract.title, ...schema }, null, 2)}\n`)
    }
  }
  return files
}
