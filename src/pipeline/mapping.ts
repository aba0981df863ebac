import { dirname, isAbsolute, join as joinPath } from 'node:path'
import { InvigilError } from '../base/errors.ts'
import { contentHash } from '../base/hash.ts'
import { fileDigest } from '../io/file-digest.ts'
import { lookAt } from '../io/look.ts'
import { readText } from '../io/texts.ts'
import type { DecodeSink } from '../telemetry/decode.ts'
import type { Encoding } from '../telemetry/encoding.ts'
import { JoinTable } from '../telemetry/mapping/joins.ts'
import { loadMapping } from '../telemetry/mapping/load.ts'
import { Mapping, neededOf } from '../telemetry/mapping/mapping.ts'
import type { JoinFile, MappingFile } from '../telemetry/mapping/schema.ts'
import { specOf, usualOf, pathsOf } from '../telemetry/mapping/values.ts'
import { RecodedDecoder } from '../telemetry/recoded.ts'
import { RowsDecoder, type RowMapper } from '../telemetry/rows.ts'

/** A mapping with the files that it joins. */
export interface OpenMapping {
  /** As it was named. */
  path: string
  mapping: Mapping
  /** Of what it says and of what is in the files that it joins: another hash may give other events. */
  hash: string
  /** All files that it consists of, itself first. */
  files: string[]
  /** What somebody should know of the joined files. */
  notes: string[]
}

/** Reads a mapping and the files that it joins. Errors: `bad-mapping`, `bad-input` for a file that is not what the mapping says, those of reading. */
export async function openMapping(path: string): Promise<OpenMapping> {
  const file = loadMapping(await readText(path), path)
  const tables = new Map<string, JoinTable>()
  const files = [path]
  const notes: string[] = []
  const hashes: Record<string, string> = {}
  for (const [name, join] of Object.entries(file.joins)) {
    const at = isAbsolute(join.file) ? join.file : joinPath(dirname(path), join.file)
    tables.set(name, await readJoin(file, name, join, at, notes))
    hashes[name] = (await fileDigest(at)).sha256
    files.push(at)
  }
  return { path, mapping: new Mapping(file, tables), hash: contentHash({ mapping: file, joins: hashes }), files, notes }
}

/** Reads all rows of a joined file. */
async function readJoin(file: MappingFile, name: string, join: JoinFile, path: string, notes: string[]): Promise<JoinTable> {
  const table = new JoinTable(join, { needed: neededOf(file, name), usual: usualOf(file), timeZone: file.timeZone, time: file.time })
  const faults: string[] = []
  let line = 0
  const fault = (message: string) => void faults.push(`line ${line}: ${message}`)
  const sink: DecodeSink = { event: () => undefined, ignored: () => undefined, reject: (_, message) => fault(message) }
  const looked = await lookAt(path, join.encoding)
  const delimiter = join.format === 'csv' ? looked.delimiter(join.delimiter) : undefined
  const rows = new RowsDecoder(intoTable(table, file, name, join), { delimiter, holder: join.records })
  const isTable = delimiter !== undefined
  let opened: Awaited<ReturnType<typeof looked.open>> | undefined
  try {
    opened = await looked.open(isTable ? { kind: 'table', delimiter, header: (record, written) => takeHeader(rows, record, path, written, `\`encoding\` of the join \`${name}\``) } : { kind: 'json', holder: join.records })
    const { reader, encoding } = opened
    const decoder = encoding === 'utf-8' ? rows : new RecodedDecoder(rows, encoding)
    for (;;) {
      while (reader.next()) {
        line = reader.line
        if (reader.overlong) fault(`the record has ${reader.overlong.length} bytes`)
        else decoder.decode(sink, reader.bytes, reader.start, reader.end)
        if (table.counts.rows > join.most) throw new InvigilError('bad-input', `\`${path}\` has more than ${join.most} rows, which are all held in memory; leave out those that the log does not need, or raise \`most\` of the join \`${name}\``)
      }
      if (!(await reader.fill())) break
    }
    if (reader.fault) throw reader.fault
  } finally {
    await opened?.reader.close()
  }
  table.close()
  const { keyless, differing } = table.counts
  if (faults.length > 0) notes.push(`${faults.length} records of \`${path}\` cannot be read; the first in ${faults[0]}`)
  if (keyless > 0) notes.push(`${keyless} of ${table.counts.rows} rows of \`${path}\` have no \`${join.key}\``)
  if (differing > 0) notes.push(`${differing} rows of \`${path}\` differ from the first of their \`${join.key}\`, which counts; \`time\` of the join \`${name}\` would say which holds when`)
  return table
}

/** Takes a table's header. Errors: `bad-input` with all columns that are missing. */
export function takeHeader(rows: RowsDecoder, record: Buffer, path: string, encoding: Encoding, where = '`--encoding`, or `encoding` in the mapping'): void {
  const text = new TextDecoder(encoding).decode(record)
  const problems = rows.header(text)
  const [first] = problems
  if (first === undefined) return
  // Names of columns in another encoding are no names.
  const unreadable = text.includes('\uFFFD') ? `; its first row is not valid ${encoding.toUpperCase()}: say how it is written with ${where}` : ''
  const told = problems.map((p) => ({ file: path, line: 1, ...p }))
  throw new InvigilError('bad-input', problems.length === 1 ? `\`${path}\`: ${first.message}${first.mend === undefined ? '' : ` (${first.mend})`}${unreadable}` : `\`${path}\` lacks ${problems.length} of the columns that are needed${unreadable}`, { problems: told })
}

function intoTable(table: JoinTable, file: MappingFile, name: string, join: JoinFile): RowMapper {
  const needed = [join.key, ...(join.time === undefined ? [] : pathsOf(specOf(join.time))), ...neededOf(file, name)]
  return {
    name: `the join \`${name}\``,
    map(row) {
      const fault = table.add(row)
      return fault === undefined ? [] : [{ kind: 'reject', ...fault }]
    },
    lacks: (columns) => [...new Set(needed)].filter((c) => !columns.includes(c)).map((c) => ({ message: `there is no column \`${c}\` for the join \`${name}\``, mend: `there are ${columns.map((x) => `\`${x}\``).join(', ')}` })),
  }
}
