import { Command } from 'commander'
import { z } from 'zod'
import { openMapping } from '../pipeline/mapping.ts'
import { mappingSchema } from '../telemetry/mapping/schema.ts'
import { printable } from './text.ts'

const EXAMPLES = `
Examples:
  invigil mapping check invigil.mapping.yaml
  invigil mapping schema > invigil.mapping.schema.json
  invigil check log.csv --mapping invigil.mapping.yaml

\`check\` tells all that is wrong with a mapping at once. In an editor,
\`# yaml-language-server: $schema=invigil.mapping.schema.json\` as the first line
of a mapping gives completion and hints. docs/mapping.md says how to write one.
`

/** `invigil mapping`: what helps to write a mapping. */
export function mappingCommand(): Command {
  return new Command('mapping').description('help with mappings, which say how any table or JSON becomes events')
    .addHelpText('after', EXAMPLES)
    .addCommand(new Command('schema').description('print the JSON Schema of mappings, for editors').action(() => {
      process.stdout.write(`${JSON.stringify(mappingJsonSchema(), null, 2)}\n`)
    }))
    .addCommand(new Command('check').description('read a mapping and the files that it joins, and tell what is wrong with them').argument('<file>', 'the mapping').action(async (file: string) => {
      const { notes, files } = await openMapping(file)
      for (const note of notes) process.stdout.write(`${printable(note)}\n`)
      process.stdout.write(`${files.map((f) => `\`${printable(f)}\``).join(', ')}: all is well\n`)
    }))
}

/** What `mappingSchema` says, for editors. */
export function mappingJsonSchema(): object {
  return { title: 'Invigil mapping', ...z.toJSONSchema(mappingSchema, { io: 'input' }) }
}
