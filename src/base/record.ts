/*
 * Records: state of fixed fields, kept in rows of doubles and lists of references that many records share. A million
 * learners with a hundred numbers each are then a few thousand blocks instead of a hundred million objects: less memory,
 * nothing for the garbage collector to walk through, and one learner's numbers side by side in the processor's cache.
 * Code reads and writes a record like any object; what it holds is a view that is moved from row to row.
 */

interface NumberField {
  readonly kind: 'number'
  readonly initial: number
}
interface FlagField {
  readonly kind: 'flag'
}
interface RefField<T> {
  readonly kind: 'ref'
  /** Never there: it only carries the type. */
  readonly of?: T
}
type Spec = Readonly<Record<string, NumberField | FlagField | RefField<unknown>>>

type Value<F> = F extends NumberField ? number : F extends FlagField ? boolean : F extends RefField<infer T> ? T | undefined : never
/** What such fields are read and written as. */
export type FieldsOf<S extends Spec> = { [K in keyof S]: Value<S[K]> }

/** The state that a shape describes. */
export type RecordOf<S> = S extends Shape<infer T> ? T : never

/** A number, such as a time or a count. What is unknown is `NaN` or a number that cannot be, never undefined. */
export function number(initial = 0): NumberField {
  return { kind: 'number', initial }
}

/** A yes or no, at first no. */
export const flag: FlagField = { kind: 'flag' }

/** Anything else: a text, or a rarer and larger part of the state as plain data; at first undefined. */
export function ref<T>(): RefField<T> {
  return { kind: 'ref' }
}

/** Where the record at hand lies. One cursor serves all views of a stage. */
export class Cursor {
  numbers: Float64Array = new Float64Array(0)
  /** Where its row begins in `numbers`. */
  at = 0
  refs: unknown[] = []
}

type View<T> = new (cursor: Cursor, numbersFrom: number, refsFrom: number) => T

/** The fields of a record and where each lies. */
export class Shape<T> {
  readonly numbers: readonly string[]
  readonly refs: readonly string[]
  /** What the numbers of a new record are. */
  readonly initial: readonly number[]
  private readonly flags: ReadonlySet<string>
  private readonly View: View<T>

  constructor(spec: Spec) {
    const all = Object.entries(spec)
    const numbers = all.filter(([, f]) => f.kind !== 'ref')
    this.numbers = numbers.map(([name]) => name)
    this.refs = all.filter(([, f]) => f.kind === 'ref').map(([name]) => name)
    this.initial = numbers.map(([, f]) => (f.kind === 'number' ? f.initial : 0))
    this.flags = new Set(all.filter(([, f]) => f.kind === 'flag').map(([name]) => name))
    this.View = compile(this.numbers, this.refs, this.flags) as View<T>
  }

  /** A view of this shape's part of whatever row the cursor stands on: so many numbers and references from the row's beginning. */
  view(cursor: Cursor, numbersFrom: number, refsFrom: number): T {
    return new this.View(cursor, numbersFrom, refsFrom)
  }

  /** A new record with a row of its own. */
  make(): T {
    const cursor = new Cursor()
    cursor.numbers = Float64Array.from(this.initial)
    cursor.refs = this.refs.map(() => undefined)
    return this.view(cursor, 0, 0)
  }
}

/** Declares the fields of a record. */
export function record<S extends Spec>(spec: S): Shape<FieldsOf<S>> {
  return new Shape<FieldsOf<S>>(spec)
}

/**
 * The class of views. It is compiled from text, one for each shape, since accessors that share one function share what the
 * compiler learns of it, too, and are ten times as slow. The names come from the program's own sources.
 */
function compile(numbers: readonly string[], refs: readonly string[], flags: ReadonlySet<string>): unknown {
  const body = ['constructor($c, $n, $r) { this.$c = $c; this.$n = $n; this.$r = $r }']
  numbers.forEach((name, i) => {
    const place = `$c.numbers[$c.at + this.$n + ${i}]`
    body.push(`get ${checked(name)}() { const { $c } = this; return ${flags.has(name) ? `${place} === 1` : place} }`)
    body.push(`set ${name}(v) { const { $c } = this; ${place} = ${flags.has(name) ? 'v ? 1 : 0' : 'v'} }`)
  })
  refs.forEach((name, i) => {
    const place = `this.$c.refs[this.$r + ${i}]`
    body.push(`get ${checked(name)}() { return ${place} }`, `set ${name}(v) { ${place} = v }`)
  })
  // oxlint-disable-next-line typescript/no-implied-eval
  return new Function(`return class { ${body.join('\n')} }`)()
}

function checked(name: string): string {
  if (!/^[a-z][A-Za-z0-9]*$/.test(name) || name === 'constructor') throw new Error(`\`${name}\` is no name of a field`)
  return name
}
