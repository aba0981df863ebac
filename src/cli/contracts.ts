import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { makeFolder } from '../io/durable-file.ts'
import { fileError } from '../io/file-error.ts'
import { contractFiles } from '../pipeline/contracts/write.ts'
import { loadConfig } from './config.ts'
import { configOption } from './topics.ts'
import { VERSION } from './version.ts'

interface Options {
  output: string
  config?: string
}

const EXAMPLES = `
Examples:
  invigil contracts --output contracts
  invigil contracts --output contracts --config invigil.yaml   with the names of these topics

Writes a JSON Schema (2020-12) of all that Invigil takes and gives, the AsyncAPI 3 document of its
topics, and a page for each. No broker is needed.
`

/** `invigil contracts`: schemas, the AsyncAPI document and pages, from the schemas of this version. */
export function contractsCommand(): Command {
  return new Command('contracts')
    .description('write JSON Schemas of events, warnings, records and the rest, and the AsyncAPI document of the topics')
    .requiredOption('--output <dir>', 'the folder to write to; files of these names are replaced')
    .addOption(configOption())
    .addHelpText('after', EXAMPLES)
    .action(writeContracts)
}

async function writeContracts({ output, config: file }: Options): Promise<void> {
  const { kafka, sources } = await loadConfig({ file, environment: process.env, needs: [] })
  const files = contractFiles(kafka, sources.map(({ topic, format }) => ({ topic, format })), VERSION)
  await makeFolder(output)
  for (const [name, text] of files) {
    const path = join(output, name)
    await writeFile(path, text).catch((e: NodeJS.ErrnoException) => {
      throw fileError(path, e)
    })
  }
  process.stdout.write(`${files.size} files in ${output}\n`)
}
