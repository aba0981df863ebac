import type { z } from 'zod'
import { InvigilError, type Problem } from '../../base/errors.ts'
import { LineReader } from '../../io/lines.ts'
import { problemsOf } from '../../io/record-file.ts'

/** A line of a file that could not be taken. */
export interface BadLine {
  file: string
  line: number
  reason: string
  message: string
  /** The line itself, or its beginning. */
  text: string
}

/** How much of a bad line is kept. */
export const KEPT = 300
/** So many problems of one line are told. */
const TOLD = 3

/**
 * Reads a file of ours, one JSON object a line, plain or gzip, and hands each to `take`; `what` names them. Bad lines go to `bad`.
 * Errors: `not-found`, `bad-file` where no line is one, `bad-input` where the file is cut short, `io`.
 */
export async function readEach<T>(file: string, schema: z.ZodType<T>, what: string, take: (value: T) => void, bad: (line: BadLine) => void): Promise<number> {
  const reader = await LineReader.open(file)
  let taken = 0
  let first: Problem | undefined
  try {
    do {
      while (reader.next()) {
        const { bytes, start, end, line, overlong } = reader
        if (overlong !== undefined) {
          first ??= { file, line, message: `a line of ${overlong.length} bytes` }
          bad({ file, line, reason: 'too-long', message: `it is of ${overlong.length} bytes`, text: overlong.head.toString('utf8', 0, KEPT) })
          continue
        }
        const text = bytes.toString('utf8', start, end)
        if (text.trim() === '') continue
        const value = parsed(text)
        const result = value === undefined ? undefined : schema.safeParse(value)
        if (result?.success) {
          taken++
          take(result.data)
          continue
        }
        const problems = result === undefined ? [{ message: 'not JSON' }] : problemsOf(result.error, schema, text, file)
        first ??= { ...(problems[0] as Problem), file, line }
        bad({ file, line, reason: result === undefined ? 'bad-json' : `not-a-${what}`, message: problems.slice(0, TOLD).map((p) => p.message).join('; '), text: text.slice(0, KEPT) })
      }
    } while (await reader.fill())
    if (reader.fault) throw reader.fault
  } finally {
    await reader.close()
  }
  if (taken === 0 && first !== undefined) throw new InvigilError('bad-file', `\`${file}\` holds no ${what}: line ${first.line} is none`, { problems: [first] })
  return taken
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
