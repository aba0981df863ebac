import { parseExactly } from '../../base/exact-json.ts'

/** Reads a value out of a record: undefined where there is none. */
export type ReadPath = (record: Readonly<Record<string, unknown>>) => unknown

const STEP = /^(?:\.?([^.[\]"]+)|\[(\d+)\]|\.?\[("(?:[^"\\]|\\.)*")\])/

/** What reads a path, or undefined if it is none. A path that is a key of the record as a whole is that key. */
export function pathReader(path: string): ReadPath | undefined {
  const steps: (string | number)[] = []
  for (let rest = path; rest !== ''; ) {
    const match = STEP.exec(rest)
    if (match === null || (rest === path && rest.startsWith('.'))) return undefined
    const [all, key, index, quoted] = match
    const step = key ?? (index === undefined ? unquoted(quoted as string) : Number(index))
    if (step === undefined) return undefined
    steps.push(step)
    rest = rest.slice(all.length)
  }
  if (steps.length === 0) return undefined
  return (record) => {
    if (Object.hasOwn(record, path)) return record[path]
    let at: unknown = record
    for (const step of steps) {
      if (typeof at === 'string') at = parsed(at)
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
      at = (at as Record<string | number, unknown>)[step]
    }
    return at
  }
}

/** What reads a column of a table: its name may be anything. */
export function columnReader(column: string): ReadPath {
  return (row) => (Object.hasOwn(row, column) ? row[column] : undefined)
}

/** What reads columns or paths of a file. Errors: those of the mapping, which have been told when it was loaded. */
export function readerIn(format: 'csv' | 'json'): (path: string) => ReadPath {
  return format === 'csv' ? columnReader : (path) => pathReader(path) ?? columnReader(path)
}

function unquoted(text: string): string | undefined {
  const value = parsed(text)
  return typeof value === 'string' ? value : undefined
}

/** Some write an object as text that is JSON. */
function parsed(text: string): unknown {
  try {
    return parseExactly(text)
  } catch {
    return undefined
  }
}
