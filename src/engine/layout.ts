import { InvigilError } from '../base/errors.ts'
import { setPlainNumber } from '../base/record.ts'
import type { AnyDetector } from './detector.ts'
import type { Rule } from './rule.ts'
import { LAST, TIMERS, type Part, type Row, type Table } from './table.ts'

/** A part of a saved row: the engine's own by its name, a rule's state by rule, detector and version. */
interface SavedPart {
  name: string
  detector: string
  version: number
  numbers: readonly string[]
  refs: readonly string[]
  rares: readonly string[]
}

/** How saved rows are laid out, so that they can be read under other rules. Plain data. */
export interface Layout {
  /** Slots with a timer: those of the rules, then the engine's own. */
  timers: number
  own: SavedPart[]
  /** By slot; null where a rule does not see this kind of key. */
  rules: (SavedPart | null)[]
}

export function layoutOf(table: Table, rules: readonly Rule[]): Layout {
  const saved = (name: string, part: Part, detector?: AnyDetector): SavedPart => (
    { name, detector: detector?.name ?? '', version: detector?.version ?? 0, numbers: part.numbers, refs: part.refs, rares: part.rares }
  )
  return {
    timers: table.timers,
    own: table.ownParts.map(({ name, part }) => saved(name, part)),
    rules: rules.map((r, slot) => {
      const part = table.parts[slot]
      return part === undefined ? null : saved(r.id, part, r.detector)
    }),
  }
}

/** The numbers of a row as bytes. Which timers are queued is not state. */
export function rowBytes(table: Table, row: Row): Uint8Array {
  const numbers = row.numbers.slice(row.at, row.at + table.rows.width)
  for (let slot = 0; slot < table.timers; slot++) numbers[TIMERS + 2 * slot + 1] = 0
  return new Uint8Array(numbers.buffer)
}

// Rows of one block are written one after another.
let block: Float64Array = new Float64Array(0)
let blockBytes: Buffer = Buffer.alloc(0)

/** Writes the same bytes as `rowBytes` into `out`; returns how many. */
export function writeRow(table: Table, row: Row, out: Buffer, at: number): number {
  if (row.numbers !== block) {
    block = row.numbers
    blockBytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength)
  }
  const start = row.at * Float64Array.BYTES_PER_ELEMENT
  const size = table.rows.width * Float64Array.BYTES_PER_ELEMENT
  blockBytes.copy(out, at, start, start + size)
  for (let slot = 0; slot < table.timers; slot++) out.writeDoubleLE(0, at + (TIMERS + 2 * slot + 1) * Float64Array.BYTES_PER_ELEMENT)
  return size
}

/** A row's texts and objects, as they were saved. */
export interface References {
  refs: unknown[]
  rares: unknown[] | undefined
}

/** Reads the rows that one layout describes into a table of today's rules. */
export class RowReader {
  /** Whether nothing has changed: then references can stay bytes until they are needed. */
  readonly same: boolean
  private readonly saved: Layout
  private readonly table: Table
  private readonly rules: readonly Rule[]
  /** For each of today's slots, that of the saved row; -1 for none. */
  private readonly from: readonly number[]
  private readonly numbersAt: readonly number[]
  private readonly refsAt: readonly number[]
  private readonly raresAt: readonly number[]

  constructor(saved: Layout, table: Table, rules: readonly Rule[]) {
    this.saved = saved
    this.table = table
    this.rules = rules
    this.same = JSON.stringify(saved) === JSON.stringify(layoutOf(table, rules))
    this.from = rules.map((r) => saved.rules.findIndex((p) => p?.name === r.id && p.detector === r.detector.name))
    const numbersAt: number[] = []
    const refsAt: number[] = []
    const raresAt: number[] = []
    let [n, r, q] = [TIMERS + 2 * saved.timers, 0, 0]
    for (const part of [...saved.own, ...saved.rules]) {
      numbersAt.push(n)
      refsAt.push(r)
      raresAt.push(q)
      n += part?.numbers.length ?? 0
      r += part?.refs.length ?? 0
      q += part?.rares.length ?? 0
    }
    this.numbersAt = numbersAt
    this.refsAt = refsAt
    this.raresAt = raresAt
  }

  /** Fills the row's numbers; with other rules its references, too, which are needed then. */
  read(row: Row, bytes: Uint8Array, references: () => References): void {
    if (this.same) {
      new Uint8Array(row.numbers.buffer, row.numbers.byteOffset + row.at * Float64Array.BYTES_PER_ELEMENT, bytes.length).set(bytes)
      return
    }
    const numbers = new Float64Array(Uint8Array.from(bytes).buffer)
    const values = references()
    row.numbers[row.at + LAST] = numbers[LAST] as number
    this.moveTimers(row, numbers)
    const fill = (part: Part, state: unknown): void => this.table.fill(row, part, state as Record<string, unknown>)
    this.table.ownParts.forEach(({ name, part }) => {
      const i = this.saved.own.findIndex((p) => p.name === name)
      if (i >= 0) fill(part, this.plain(this.saved.own[i] as SavedPart, i, numbers, values))
    })
    this.from.forEach((i, slot) => {
      const part = this.table.parts[slot]
      const saved = this.saved.rules[i]
      if (part === undefined || !saved) return
      const state = migrate(this.plain(saved, this.saved.own.length + i, numbers, values), saved, (this.rules[slot] as Rule).detector)
      if (state !== undefined) fill(part, part.isBox ? { '': state } : state)
    })
  }

  private moveTimers(row: Row, numbers: Float64Array): void {
    const rules = this.rules.length
    for (let slot = 0; slot < this.table.timers; slot++) {
      const from = slot < rules ? (this.from[slot] as number) : this.saved.rules.length + slot - rules
      if (from >= 0) row.numbers[row.at + TIMERS + 2 * slot] = numbers[TIMERS + 2 * from] ?? 0
    }
  }

  /** The state of one part as a plain object; undefined where none was made. */
  private plain(part: SavedPart, i: number, numbers: Float64Array, { refs, rares }: References): unknown {
    const refsAt = this.refsAt[i] as number
    if (part.refs[0] === '') return refs[refsAt]
    const state: Record<string, unknown> = {}
    part.numbers.forEach((name, n) => setPlainNumber(state, name, numbers[(this.numbersAt[i] as number) + n]))
    part.refs.forEach((name, r) => (state[name] = refs[refsAt + r]))
    part.rares.forEach((name, q) => (state[name] = rares?.[(this.raresAt[i] as number) + q]))
    return state
  }
}

function migrate(state: unknown, from: SavedPart, detector: AnyDetector): unknown {
  if (state === undefined) return undefined
  if (from.version > detector.version) {
    throw new InvigilError('bad-state', `the state of \`${from.name}\` was written by a newer version of \`${detector.name}\` (${from.version}, here ${detector.version}); use that version of Invigil, or another state folder`)
  }
  let value: unknown = state
  for (let v = from.version; v < detector.version; v++) value = detector.migrations?.[v]?.(value)
  return value
}
