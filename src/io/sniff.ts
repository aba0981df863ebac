import type { Encoding } from '../telemetry/encoding.ts'

/** So much of a log is looked at to tell what it is. */
export const HEAD = 1 << 18

/** The encoding that a mark at the beginning tells; undefined without one. */
export function markedEncoding(head: Uint8Array): Encoding | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  return undefined
}

/**
 * Whether a log in JSON is a document over many lines (a list, or objects over several lines) and not one record a line. `head` is how it
 * begins, and all of it where `isWhole`. A first line that was torn is none of a document: its text is not closed, or what follows does not fit.
 */
export function isDocument(head: string, isWhole: boolean): boolean {
  const text = head.replace(/^\uFEFF?\s*/, '')
  const end = text.indexOf('\n')
  // A line that is longer than any record can only be a list of many.
  if (end < 0) return !isWhole && /^(\[|\{\s*"\w+"\s*:\s*\[)/.test(text)
  const line = text.slice(0, end).trim()
  const open = openBrackets(line)
  if (open === undefined || open === '') return false
  const last = line[line.length - 1] as string
  const rest = text.slice(end).trimStart()
  const follows = rest[0] ?? ''
  if (follows === '{' && areRecords(rest)) return false
  if (last === ':') return follows !== ''
  if (!'[{,'.includes(last)) return open.endsWith('[') ? ',]'.includes(follows) : ',}'.includes(follows)
  return open.endsWith('[') ? follows !== ',' : follows === '"' || (follows === '}' && last !== ',')
}

/** Whether a line is a whole object, and another follows: in a document a comma or a bracket would stand between. */
function areRecords(rest: string): boolean {
  const end = rest.indexOf('\n')
  const line = rest.slice(0, end).trimEnd()
  return end >= 0 && line.endsWith('}') && openBrackets(line) === '' && rest.slice(end).trimStart().startsWith('{')
}

/** Brackets that are open behind a line of JSON; undefined where a text is, which no line can end in. */
function openBrackets(line: string): string | undefined {
  let open = ''
  let inText = false
  for (let i = 0; i < line.length; i++) {
    const c = line[i] as string
    if (inText) {
      if (c === '\\') i++
      else if (c === '"') inText = false
    } else if (c === '"') inText = true
    else if (c === '{' || c === '[') open += c
    else if (c === '}' || c === ']') open = open.slice(0, -1)
  }
  return inText ? undefined : open
}

/** What most often stands between the columns in the first row of a table, outside of quotes; a comma where nothing does. */
export function delimiterOf(head: string): string {
  const row = /^\uFEFF?\s*((?:"(?:[^"]|"")*"|[^"\n])*)/.exec(head)?.[1] ?? ''
  const bare = row.replace(/"(?:[^"]|"")*"/g, '')
  const count = (delimiter: string) => bare.split(delimiter).length
  return [',', ';', '\t', '|'].reduce((best, d) => (count(d) > count(best) ? d : best))
}
