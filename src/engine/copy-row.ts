import { invariant } from '../base/errors.ts'
import type { Entry } from './entry.ts'
import type { Rule } from './rule.ts'
import { LAST, TIMERS, type Part, type Table } from './table.ts'

/** So many things that lie side by side, and where they begin in either row. */
type Span = readonly [from: number, to: number, count: number]

/** Copies rows of one table to rows of another, as far as both keep the same: the engine's own records, and the state of rules with the same id and detector. */
export class RowCopy {
  private readonly from: Table
  private readonly to: Table
  private readonly numbers: readonly Span[]
  private readonly far: readonly Span[]
  private readonly refs: readonly Span[]
  private readonly rares: readonly Span[]
  /** Of all rares of a row of the other table. */
  private readonly rareWidth: number

  /** `before`, `after`: the rules by slot. Within one process a detector of a name is always the same. */
  constructor(from: Table, before: readonly Rule[], to: Table, after: readonly Rule[]) {
    this.from = from
    this.to = to
    const numbers: Span[] = [[LAST, LAST, 1]]
    const far: Span[] = []
    const refs: Span[] = []
    const rares: Span[] = []
    const add = (old: Part, part: Part): void => {
      numbers.push([old.numbersFrom, part.numbersFrom, part.near])
      far.push([old.farFrom, part.farFrom, part.numbers.length - part.near])
      refs.push([old.refsFrom, part.refsFrom, part.refs.length])
      rares.push([old.raresFrom, part.raresFrom, part.rares.length])
    }
    const timer = (old: number, slot: number): void => void numbers.push([TIMERS + 2 * old, TIMERS + 2 * slot, 1])
    for (const { shape, part } of to.ownParts) {
      const old = from.ownParts.find((o) => o.shape === shape)
      if (old) add(old.part, part)
    }
    after.forEach((rule, slot) => {
      const old = before.findIndex((r) => r.id === rule.id && r.detector.name === rule.detector.name)
      if (old < 0) return
      invariant(before[old]?.detector.version === rule.detector.version, `two versions of \`${rule.detector.name}\` in one process`)
      timer(old, slot)
      const [was, part] = [from.parts[old], to.parts[slot]]
      if (was && part) add(was, part)
    })
    for (let own = 0; own < to.timers - after.length; own++) timer(before.length + own, after.length + own)
    this.numbers = numbers.filter(([, , count]) => count > 0)
    this.far = far.filter(([, , count]) => count > 0)
    this.refs = refs.filter(([, , count]) => count > 0)
    this.rares = rares.filter(([, , count]) => count > 0)
    this.rareWidth = to.rareWidth
  }

  /** Fills a new row. Objects are handed over, so the old row must not be used any more. Which timers are queued is not copied. */
  copy(old: Entry, entry: Entry): void {
    copyNumbers(this.numbers, old.numbers, old.at, entry.numbers, entry.at)
    const [was, is] = [this.from.far, this.to.far]
    if (this.far.length > 0) copyNumbers(this.far, was.block(old.row), was.offset(old.row), is.block(entry.row), is.offset(entry.row))
    for (const [from, to, count] of this.refs) for (let i = 0; i < count; i++) entry.refs[to + i] = old.refs[from + i]
    if (old.rares === undefined) return
    const rares = Array.from<unknown>({ length: this.rareWidth })
    for (const [from, to, count] of this.rares) for (let i = 0; i < count; i++) rares[to + i] = old.rares[from + i]
    if (rares.some((value) => value !== undefined)) entry.rares = rares
  }
}

function copyNumbers(spans: readonly Span[], old: Float64Array, oldAt: number, numbers: Float64Array, at: number): void {
  for (const [from, to, count] of spans) for (let i = 0; i < count; i++) numbers[at + to + i] = old[oldAt + from + i] as number
}
