import type { Fault } from '../rejects.ts'
import type { ReadPath } from './paths.ts'
import type { JoinFile } from './schema.ts'
import { fieldReader, momentReader, specOf, usualOf, type Around, type ReadValue, type Row, type Usual } from './values.ts'

interface Entry {
  /** When it begins to hold; always, where no time is told. */
  from: number
  row: Row
}

/** A file in memory, whose rows belong to records of a log. */
export class JoinTable {
  /** Rows without a key, and keys of several rows that differ, where no time decides between them. */
  readonly counts = { rows: 0, keyless: 0, differing: 0 }
  /** How often a row was looked for by a key, and how often none had it; the first such key. */
  readonly looked: { times: number; missed: number; example?: string } = { times: 0, missed: 0 }
  private readonly entries = new Map<string, Entry[]>()
  private readonly key: ReadPath
  private readonly time: ReturnType<typeof momentReader> | undefined
  private readonly by: ReadValue
  private readonly absent: ReadonlySet<string>
  private readonly needed: readonly (readonly [path: string, read: ReadPath])[]

  /** `needed` are the columns or paths that are asked for: nothing else is kept. `usual` is that of the log. */
  constructor(join: JoinFile, { needed, usual, timeZone, time }: { needed: readonly string[]; usual: Usual; timeZone?: string; time?: string | string[] }) {
    const own = usualOf({ absent: join.absent, format: join.format, timeZone, time })
    this.key = own.reader(join.key)
    this.time = join.time === undefined ? undefined : momentReader('time', specOf(join.time), own)
    this.by = fieldReader('session', specOf(join.by), usual)
    this.needed = needed.map((path) => [path, own.reader(path)])
    this.absent = own.absent
  }

  /** Keeps a row; what is wrong with it, if anything is. */
  add(row: Row): Fault | undefined {
    this.counts.rows++
    const written = this.key(row)
    const key = typeof written === 'string' || typeof written === 'number' ? String(written).trim() : ''
    if (key === '' || this.absent.has(key)) {
      this.counts.keyless++
      return undefined
    }
    const moment = this.time?.({ row, joined: () => undefined })
    if (moment !== undefined && 'reason' in moment) return moment
    const kept: Record<string, unknown> = {}
    for (const [path, read] of this.needed) {
      const value = read(row)
      if (typeof value !== 'string' || !this.absent.has(value.trim())) kept[path] = value
    }
    const same = this.entries.get(key)
    const entry = { from: moment?.ms ?? -Infinity, row: kept }
    if (same === undefined) this.entries.set(key, [entry])
    else if (this.time !== undefined) same.push(entry)
    else if (same.length > 0 && this.needed.some(([path]) => same[0]?.row[path] !== kept[path])) this.counts.differing++
    return undefined
  }

  /** Every row has been added. */
  close(): void {
    // Rows of one time stay in the file's order, and the last counts.
    if (this.time !== undefined) for (const same of this.entries.values()) same.sort((a, b) => a.from - b.from)
  }

  /** The row that belongs to a record at a time: of several the last that begins before it; a single one always does. */
  find(around: Around, at: number): Row | undefined {
    const found = this.by(around)
    if (found === undefined || 'reason' in found) return undefined
    const key = String(found.value)
    const same = this.entries.get(key)
    this.looked.times++
    if (same === undefined) {
      this.looked.missed++
      this.looked.example ??= key
    }
    if (same === undefined || same.length === 1) return same?.[0]?.row
    let [low, high] = [0, same.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((same[middle] as Entry).from <= at) low = middle + 1
      else high = middle
    }
    return same[low - 1]?.row
  }
}
