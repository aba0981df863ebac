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
  /** How many of the numbers are not far; all of them where it is not told. */
  near?: number
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
  /** The numbers of a new row, then those that are far, as texts: some are no numbers of JSON. */
  initial: string[]
}

export function layoutOf(table: Table, rules: readonly Rule[]): Layout {
  const saved = (name: string, part: Part, detector?: AnyDetector): SavedPart => (
    { name, detector: detector?.name ?? '', version: detector?.version ?? 0, numbers: part.numbers, near: part.near, refs: part.refs, rares: part.rares }
  )
  return {
    timers: table.timers,
    own: table.ownParts.map(({ name, part }) => saved(name, part)),
    rules: rules.map((r, slot) => {
      const part = table.parts[slot]
      return part === undefined ? null : saved(r.id, part, r.detector)
    }),
    initial: [...table.rows.initial, ...table.far.initial].map(String),
  }
}

/** A saved row takes at most so many bytes. */
export function mostRowBytes({ rows, far }: Table): number {
  const width = rows.width + far.width
  return Math.ceil(width / 8) + width * DOUBLE
}

const DOUBLE = Float64Array.BYTES_PER_ELEMENT

/** Numbers in halves, which are compared, since NaN is unlike itself and 0 like -0. Made anew only for others than the last: rows of one block are written one after another. */
class Halves {
  private numbers: Float64Array = new Float64Array(0)
  private halves: Uint32Array = new Uint32Array(0)

  of(numbers: Float64Array): Uint32Array {
    if (numbers !== this.numbers) {
      this.numbers = numbers
      this.halves = new Uint32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length)
    }
    return this.halves
  }
}

const [nearHalves, farHalves, nearInitial, farInitial] = [new Halves(), new Halves(), new Halves(), new Halves()]
let changed: Uint32Array = new Uint32Array(0)

/**
 * Writes a row into `out` as it is saved: a bit for each number that is not what it was in a new row, then those numbers. Which timers are
 * queued is not state. Returns how many bytes.
 */
export function writeRow(table: Table, row: Row, out: Uint8Array, at: number): number {
  const { rows, far } = table
  const width = rows.width + far.width
  if (changed.length < 2 * width) changed = new Uint32Array(2 * width)
  const bits = Math.ceil(width / 8)
  const queued = TIMERS + 2 * table.timers
  let [halves, initial] = [nearHalves.of(row.numbers), nearInitial.of(rows.initial)]
  let [count, bit, byte, from, as] = [0, 1, 0, 2 * row.at, 0]
  for (let i = 0; i < width; i++) {
    if (i === rows.width) {
      halves = farHalves.of(far.block(row.row))
      initial = farInitial.of(far.initial)
      from = 2 * far.offset(row.row)
      as = 0
    }
    const low = halves[from++] as number
    const high = halves[from++] as number
    const isLike = low === initial[as++]
    if ((high !== initial[as++] || !isLike) && !(i < queued && i >= TIMERS && ((i - TIMERS) & 1) === 1)) {
      byte |= bit
      changed[count++] = low
      changed[count++] = high
    }
    if (bit === 128) {
      out[at + (i >> 3)] = byte
      bit = 1
      byte = 0
    } else bit <<= 1
  }
  if (bit !== 1) out[at + bits - 1] = byte
  out.set(new Uint8Array(changed.buffer, 0, 4 * count), at + bits)
  return bits + 4 * count
}

/** Numbers in memory; `at`: where the first of a saved row lies, or would lie. */
interface Target {
  numbers: Float64Array
  at: number
}

/** Puts what a saved row of so many numbers says, from `from` on, into those of a new row: the first `width` into `near`, the others into `far`. */
function readRow(view: DataView, from: number, all: number, width: number, near: Target, far: Target): void {
  let next = from + Math.ceil(all / 8)
  for (let i = 0; i < all; i += 8) {
    for (let bits = view.getUint8(from + (i >> 3)), n = i; bits !== 0; bits >>= 1, n++) {
      if ((bits & 1) === 0) continue
      const { numbers, at } = n < width ? near : far
      numbers[at + n] = view.getFloat64(next, IS_LITTLE)
      next += DOUBLE
    }
  }
}

// Numbers are saved as they lie in memory.
const IS_LITTLE = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

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
  private readonly farAt: readonly number[]
  private readonly refsAt: readonly number[]
  private readonly raresAt: readonly number[]

  constructor(saved: Layout, table: Table, rules: readonly Rule[]) {
    this.saved = saved
    this.table = table
    this.rules = rules
    this.same = JSON.stringify(saved) === JSON.stringify(layoutOf(table, rules))
    this.from = rules.map((r) => saved.rules.findIndex((p) => p?.name === r.id && p.detector === r.detector.name))
    const numbersAt: number[] = []
    const farAt: number[] = []
    const refsAt: number[] = []
    const raresAt: number[] = []
    const parts = [...saved.own, ...saved.rules]
    let [n, r, q] = [TIMERS + 2 * saved.timers, 0, 0]
    for (const part of parts) {
      numbersAt.push(n)
      refsAt.push(r)
      raresAt.push(q)
      n += part?.near ?? part?.numbers.length ?? 0
      r += part?.refs.length ?? 0
      q += part?.rares.length ?? 0
    }
    for (const part of parts) {
      farAt.push(n)
      n += (part?.numbers.length ?? 0) - (part?.near ?? part?.numbers.length ?? 0)
    }
    this.numbersAt = numbersAt
    this.farAt = farAt
    this.refsAt = refsAt
    this.raresAt = raresAt
  }

  /** Fills the numbers of a new row by what was saved of one, in `view` from `from` on; with other rules its references, too, which are needed then. */
  read(row: Row, view: DataView, from: number, references: () => References): void {
    if (this.same) return this.readSame(row, view, from)
    const numbers = Float64Array.from(this.saved.initial, Number)
    const whole = { numbers, at: 0 }
    readRow(view, from, numbers.length, numbers.length, whole, whole)
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

  private readSame(row: Row, view: DataView, from: number): void {
    const { rows, far } = this.table
    readRow(view, from, rows.width + far.width, rows.width, row, { numbers: far.block(row.row), at: far.offset(row.row) - rows.width })
  }

  private moveTimers(row: Row, numbers: Float64Array): void {
    const rules = this.rules.length
    for (let slot = 0; slot < this.table.timers; slot++) {
      const from = slot < rules ? (this.from[slot] as number) : this.saved.rules.length + slot - rules
      if (from >= 0 && from < this.saved.timers) row.numbers[row.at + TIMERS + 2 * slot] = numbers[TIMERS + 2 * from] ?? 0
    }
  }

  /** The state of one part as a plain object; undefined where none was made. */
  private plain(part: SavedPart, i: number, numbers: Float64Array, { refs, rares }: References): unknown {
    const refsAt = this.refsAt[i] as number
    if (part.refs[0] === '') return refs[refsAt]
    const state: Record<string, unknown> = {}
    const { near = part.numbers.length } = part
    part.numbers.forEach((name, n) => setPlainNumber(state, name, numbers[n < near ? (this.numbersAt[i] as number) + n : (this.farAt[i] as number) + n - near]))
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
