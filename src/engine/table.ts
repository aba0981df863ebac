import { Cursor, plainNumber, type From, type Rares, type Shape } from '../base/record.ts'
import { Rows } from './rows.ts'

/** How a rule's state is kept: as a record in the row, or as one object, made when first needed. */
export interface Kept {
  readonly state?: Shape<unknown> | undefined
  readonly newState?: (() => unknown) | undefined
}

/** A part of the row, and where it begins. */
export interface Part extends From {
  readonly initial: readonly number[]
  readonly numbers: readonly string[]
  /** How many of the numbers are not far. */
  readonly near: number
  /** One without a name holds all of a rule's state as one object. */
  readonly refs: readonly string[]
  readonly rares: readonly string[]
  readonly isBox: boolean
}

/** Where a key's state lies, and whether somebody keeps it. */
export interface Row extends Rares {
  numbers: Float64Array
  /** Where its row begins in `numbers`. */
  at: number
  row: number
  refs: unknown[]
}

/** The first number of every row: the time of the key's last event or sighting. */
export const LAST = 0
/** From here on, for each slot: when its timer is due, and the earliest time in the timer queue; 0 for none. */
export const TIMERS = 1

// Nobody reads or writes it: a packed key is unpacked first.
const NOTHING: unknown[] = Object.freeze([]) as unknown as unknown[]

/** The rows of one kind of key: the engine's own records first, then one for each rule. */
export class Table {
  readonly rows: Rows
  /** Numbers that lie apart, in rows of the same numbers. */
  readonly far: Rows
  /** Slots with a timer: those of the rules, then the engine's own. */
  readonly timers: number
  readonly ownParts: { name: string; shape: Shape<unknown>; part: Part }[] = []
  /** By slot. */
  readonly parts: readonly (Part | undefined)[]
  /** What a key's references are at first. */
  private readonly none: readonly undefined[]
  private readonly cursor = new Cursor()
  private readonly views: readonly unknown[]
  private readonly makers: readonly (Kept['newState'] | undefined)[]

  /** `rules`: by slot, undefined where a rule does not see this kind of key. */
  constructor(timers: number, own: Readonly<Record<string, Shape<unknown>>>, rules: readonly (Kept | undefined)[]) {
    this.timers = timers
    const initial: number[] = [-Infinity]
    for (let i = 0; i < 2 * timers; i++) initial.push(0)
    const far: number[] = []
    let [refsFrom, raresFrom] = [0, 0]
    const place = (shape: Shape<unknown> | undefined): Part => {
      const part = {
        numbersFrom: initial.length, farFrom: far.length, refsFrom, raresFrom, initial: shape?.initial ?? [], numbers: shape?.numbers ?? [], near: shape?.near ?? 0,
        refs: shape?.refs ?? [''], rares: shape?.rares ?? [], isBox: shape === undefined,
      }
      initial.push(...part.initial.slice(0, part.near))
      far.push(...part.initial.slice(part.near))
      refsFrom += part.refs.length
      raresFrom += part.rares.length
      return part
    }
    for (const [name, shape] of Object.entries(own)) this.ownParts.push({ name, shape, part: place(shape) })
    this.parts = rules.map((r) => r && place(r.state))
    this.views = rules.map((r, i) => r?.state && this.view(r.state, this.parts[i] as Part))
    this.makers = rules.map((r) => r?.newState)
    this.rows = new Rows(initial)
    this.far = new Rows(far)
    this.none = Array.from({ length: refsFrom }, () => undefined)
    this.cursor.width = raresFrom
  }

  /** How many rare fields a row may have. */
  get rareWidth(): number {
    return this.cursor.width
  }

  private view<T>(shape: Shape<T>, part: Part): T {
    return shape.view(this.cursor, part)
  }

  /** A row for one more key. One that is `packed` gets references of its own when they are unpacked: millions may never be. */
  add(entry: Row, isPacked = false): void {
    entry.row = this.rows.allot()
    // INVARIANT (far): rows are given and taken back together, so that both have the same number.
    this.far.allot()
    entry.numbers = this.rows.block(entry.row)
    entry.at = this.rows.offset(entry.row)
    entry.refs = isPacked ? NOTHING : this.none.slice()
    entry.rares = undefined
  }

  remove(entry: Row): void {
    this.rows.release(entry.row)
    this.far.release(entry.row)
  }

  /** Moves the views to a key. */
  enter(entry: Row): void {
    const { cursor, far } = this
    cursor.numbers = entry.numbers
    cursor.at = entry.at
    cursor.far.numbers = far.block(entry.row)
    cursor.far.at = far.offset(entry.row)
    cursor.refs = entry.refs
    cursor.row = entry
  }

  /** A view of one of the engine's own records. */
  own<T>(shape: Shape<T>): T {
    return this.view(shape, this.ownPart(shape))
  }

  private ownPart(shape: Shape<unknown>): Part {
    return (this.ownParts.find((o) => o.shape === shape) as { part: Part }).part
  }

  /** State of the rule in `slot`, for the key that the views are at. */
  state(slot: number): unknown {
    const make = this.makers[slot]
    return make === undefined ? this.views[slot] : (this.cursor.refs[(this.parts[slot] as Part).refsFrom] ??= make())
  }

  /** Makes a rule's state new and cancels its timer. */
  reset(entry: Row, slot: number): void {
    const part = this.parts[slot]
    if (part === undefined) return
    this.clear(entry, part)
    entry.numbers[entry.at + TIMERS + 2 * slot] = 0
  }

  /** Makes one of the engine's own records new. */
  resetOwn(entry: Row, shape: Shape<unknown>): void {
    this.clear(entry, this.ownPart(shape))
  }

  /** Fills a part of a new key from a plain object of its fields. */
  fill(entry: Row, part: Part, state: Readonly<Record<string, unknown>>): void {
    this.enter(entry)
    part.numbers.forEach((name, i) => {
      const value = plainNumber(state, name)
      if (value === undefined) return
      if (i < part.near) entry.numbers[entry.at + part.numbersFrom + i] = value
      else this.far.block(entry.row)[this.far.offset(entry.row) + part.farFrom + i - part.near] = value
    })
    part.refs.forEach((name, i) => (entry.refs[part.refsFrom + i] = state[name]))
    part.rares.forEach((name, i) => this.cursor.setRare(part.raresFrom + i, state[name]))
  }

  /** Whether no rule's state differs from a new one. */
  isNew(entry: Row): boolean {
    for (const part of this.parts) if (part !== undefined && !this.isClear(entry, part)) return false
    return true
  }

  private clear(row: Row, part: Part): void {
    row.numbers.set(part.initial.slice(0, part.near), row.at + part.numbersFrom)
    this.far.block(row.row).set(part.initial.slice(part.near), this.far.offset(row.row) + part.farFrom)
    row.refs.fill(undefined, part.refsFrom, part.refsFrom + part.refs.length)
    row.rares?.fill(undefined, part.raresFrom, part.raresFrom + part.rares.length)
  }

  private isClear({ numbers, at, row, refs, rares }: Row, part: Part): boolean {
    const [far, farAt] = [this.far.block(row), this.far.offset(row) + part.farFrom - part.near]
    for (let i = 0; i < part.near; i++) if (!Object.is(numbers[at + part.numbersFrom + i], part.initial[i])) return false
    for (let i = part.near; i < part.initial.length; i++) if (!Object.is(far[farAt + i], part.initial[i])) return false
    for (let i = 0; i < part.refs.length; i++) if (refs[part.refsFrom + i] !== undefined) return false
    for (let i = 0; i < part.rares.length; i++) if (rares?.[part.raresFrom + i] !== undefined) return false
    return true
  }
}
