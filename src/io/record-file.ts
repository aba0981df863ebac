import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import type { z } from 'zod'
import { InvigilError, type Problem } from '../base/errors.ts'
import { schemaProblems } from '../base/problems.ts'
import { parseTree } from '../base/tree.ts'
import { fileError } from './file-error.ts'

/** So many bad lines are told; a file of another kind has nothing else. */
const TOLD = 20

/**
 * Reads a file of ours with one JSON object a line (`.gz` or plain), such as warnings or reviews; `what` names them in
 * messages. Errors: `not-found`, `bad-file` with the lines that are none, `io`.
 */
export async function readRecords<T>(file: string, schema: z.ZodType<T>, what: string): Promise<T[]> {
  const source = createReadStream(file)
  const plain = file.endsWith('.gz') ? source.pipe(createGunzip()) : source
  // A stream's error does not reach the one it is piped to.
  if (plain !== source) source.once('error', (cause) => plain.destroy(cause))
  plain.setEncoding('utf8')
  const records: T[] = []
  const problems: Problem[] = []
  let bad: number | undefined
  let line = 0
  let rest = ''
  const take = (content: string): void => {
    line++
    if (content.trim() === '') return
    const parsed = schema.safeParse(jsonOf(content))
    if (parsed.success) records.push(parsed.data)
    else {
      bad ??= line
      const found = jsonOf(content) === undefined ? [{ file, message: 'not JSON' }] : problemsOf(parsed.error, schema, content, file)
      problems.push(...found.map((p) => ({ ...p, line })))
    }
  }
  try {
    for await (const chunk of plain) {
      const lines = (rest + (chunk as string)).split('\n')
      rest = lines.pop() as string
      for (const content of lines) take(content)
      if (problems.length >= TOLD) break
    }
    if (problems.length < TOLD) take(rest)
  } catch (cause) {
    throw asFileError(cause, file)
  }
  if (bad !== undefined) throw new InvigilError('bad-file', `\`${file}\` does not hold ${what}: line ${bad} is none`, { problems: problems.slice(0, TOLD) })
  return records
}

function jsonOf(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return undefined
  }
}

/** Parses the JSON of a file or of one line of it. Throws `bad-file`. */
export function parseJson(content: string, file: string, line?: number): unknown {
  try {
    return JSON.parse(content)
  } catch (cause) {
    throw new InvigilError('bad-file', `${line === undefined ? '' : `line ${line} of `}\`${file}\` is not JSON`, { problems: [{ file, line, message: 'not JSON' }], cause })
  }
}

/** What a schema found in a JSON text, with places. */
export function problemsOf(error: z.ZodError, schema: z.ZodType, content: string, file: string): Problem[] {
  const { tree } = parseTree(file, content)
  return tree === undefined ? [] : schemaProblems(error.issues, tree, schema)
}

/** An error of reading a file in the user's words. */
export function asFileError(cause: unknown, file: string): unknown {
  const { code } = cause as NodeJS.ErrnoException
  if (cause instanceof InvigilError || code === undefined) return cause
  if (code === 'ENOENT') return new InvigilError('not-found', `there is no file \`${file}\``, { cause })
  if (code.startsWith('Z_')) return new InvigilError('bad-file', `\`${file}\` is no whole gzip file (${(cause as Error).message}); fetch it again`, { cause })
  return fileError(file, cause as NodeJS.ErrnoException)
}
