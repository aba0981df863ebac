/*
 * Records: state of fixed fields, kept in rows of doubles and lists of references that many records share. A million
 * learners with a hundred numbers each are then a few thousand blocks instead of a hundred million objects: less memory,
 * nothing for the garbage collector to walk through, and one learner's numbers side by side in the processor's cache.
 * Code reads and writes a record like any object; what it holds is a view that is moved from row to row.
 */

interface NumberField {
  readonly kind: 'number'
  readonly initial: number
  readonly isFar?: true
}
interface FlagField {
  readonly kind: 'flag'
  readonly isFar?: true
}
interface SeriesField {
  readonly kind: 'series'
  readonly length: number
  readonly isFar?: true
}
interface RefField<T> {
  readonly kind: 'ref' | 'rare'
  readonly isFar?: undefined
  /** Never there: it only carries the type. */
  readonly of?: T
}
type Spec = Readonly<Record<string, NumberField | FlagField | SeriesField | RefField<unknown>>>

type Value<F> = F extends NumberField ? number : F extends FlagField ? boolean : F extends RefField<infer T> ? T | undefined : never
/** What such fields are read and written as. */
export type FieldsOf<S extends Spec> = { -readonly [K in keyof S as S[K] extends SeriesField ? never : K]: Value<S[K]> } & {
  readonly [K in keyof S as S[K] extends SeriesField ? K : never]: Series
}

/** The state that a shape describes. */
export type RecordOf<S> = S extends Shape<infer T> ? T : never

/** A number, such as a time or a count. What is unknown is `NaN` or a number that cannot be, never undefined. */
export function number(initial = 0): NumberField {
  return { kind: 'number', initial }
}

/** A yes or no, at first no. */
export const flag: FlagField = { kind: 'flag' }

/** So many numbers side by side, at first 0, read and written by index. As plain data: an array. */
export function series(length: number): SeriesField {
  return { kind: 'series', length }
}

/** Anything else: a text, or a rarer and larger part of the state as plain data; at first undefined. */
export function ref<T>(): RefField<T> {
  return { kind: 'ref' }
}

/** The same for what hardly any record has: it takes no room until it is set, and is slower. */
export function rare<T>(): RefField<T> {
  return { kind: 'rare' }
}

/**
 * The same fields, whose numbers lie apart: for what not every event touches. Rows of what each does are short and side by side then, and a
 * million of them take fewer of the pages of memory that the processor knows at once.
 */
export function far<S extends Readonly<Record<string, NumberField | FlagField | SeriesField>>>(fields: S): S {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, { ...field, isFar: true }])) as unknown as S
}

/** Rare parts of a row, all together; undefined while there are none. */
export interface Rares {
  rares: unknown[] | undefined
}

/** Where numbers of the record at hand lie. */
export class Place {
  numbers: Float64Array = new Float64Array(0)
  /** Where its row begins in `numbers`. */
  at = 0

  /** Writes a number of the row. */
  put(i: number, value: number): void {
    this.numbers[this.at + i] = value
  }
}

/** Where the record at hand lies. One cursor serves all views of a stage. */
export class Cursor extends Place {
  readonly far = new Place()
  refs: unknown[] = []
  row: Rares = { rares: undefined }
  /** Rare parts that a row may have. */
  width = 0

  rare(i: number): unknown {
    return this.row.rares?.[i]
  }

  setRare(i: number, value: unknown): void {
    const { row } = this
    if (row.rares === undefined) {
      if (value === undefined) return
      row.rares = Array.from({ length: this.width })
    }
    row.rares[i] = value
    if (value === undefined && row.rares.every((v) => v === undefined)) row.rares = undefined
  }
}

/** A run of numbers in whatever row the cursor stands on. Nothing checks that an index lies in it. */
export class Series {
  readonly length: number
  private readonly place: Place
  private readonly from: number

  constructor(place: Place, from: number, length: number) {
    this.place = place
    this.from = from
    this.length = length
  }

  get(i: number): number {
    const { place } = this
    return place.numbers[place.at + this.from + i] as number
  }

  set(i: number, value: number): void {
    const { place } = this
    place.numbers[place.at + this.from + i] = value
  }

  add(i: number, by: number): void {
    const { place } = this
    const at = place.at + this.from + i
    place.numbers[at] = (place.numbers[at] as number) + by
  }

  /** Makes all 0. */
  clear(): void {
    const { place } = this
    const begin = place.at + this.from
    place.numbers.fill(0, begin, begin + this.length)
  }

  /** Multiplies all by `factor`. */
  scale(factor: number): void {
    const { place } = this
    const begin = place.at + this.from
    for (let at = begin; at < begin + this.length; at++) place.numbers[at] = (place.numbers[at] as number) * factor
  }
}

type View<T> = new (cursor: Cursor) => T

/** Where a record's parts begin in its row. */
export interface From {
  numbersFrom: number
  farFrom: number
  refsFrom: number
  raresFrom: number
}

/** The fields of a record and where each lies. */
export class Shape<T> {
  /** The numbers of a series are `name.0`, `name.1`, … Those that are far come last. */
  readonly numbers: readonly string[]
  /** How many are not far. */
  readonly near: number
  readonly refs: readonly string[]
  readonly rares: readonly string[]
  /** What the numbers of a new record are. */
  readonly initial: readonly number[]
  private readonly flags: ReadonlySet<string>
  /** Classes of views by the place that they are of, while somebody has some. */
  private readonly views = new Map<string, WeakRef<View<T> & object>>()

  constructor(spec: Spec) {
    const all = Object.entries(spec)
    const named = (kind: string) => all.filter(([, f]) => f.kind === kind).map(([name]) => name)
    const numbersOf = (isFar: boolean) => all.flatMap(([name, f]): [string, number][] => {
      if (f.kind === 'ref' || f.kind === 'rare' || (f.isFar ?? false) !== isFar) return []
      if (f.kind === 'series') return Array.from({ length: f.length }, (_, i) => [`${name}.${i}`, 0])
      return [[name, f.kind === 'number' ? f.initial : 0]]
    })
    const near = numbersOf(false)
    const numbers = [...near, ...numbersOf(true)]
    this.near = near.length
    this.numbers = numbers.map(([name]) => name)
    this.refs = named('ref')
    this.rares = named('rare')
    this.initial = numbers.map(([, initial]) => initial)
    this.flags = new Set(named('flag'))
    // A name that is none is told when the shape is declared.
    for (const name of Object.keys(spec)) checked(name)
  }

  /** A view of this shape's part of whatever row the cursor stands on. */
  view(cursor: Cursor, from: From): T {
    const place = [from.numbersFrom, from.farFrom, from.refsFrom, from.raresFrom].join(' ')
    let View = this.views.get(place)?.deref()
    if (View === undefined) {
      View = compile(this, this.flags, from) as View<T>
      this.views.set(place, new WeakRef(View))
    }
    return new View(cursor)
  }

  /** A new record with a row of its own. */
  make(): T {
    const cursor = new Cursor()
    cursor.numbers = Float64Array.from(this.initial.slice(0, this.near))
    cursor.far.numbers = Float64Array.from(this.initial.slice(this.near))
    cursor.refs = this.refs.map(() => undefined)
    cursor.width = this.rares.length
    return this.view(cursor, { numbersFrom: 0, farFrom: 0, refsFrom: 0, raresFrom: 0 })
  }
}

type All<P extends readonly Spec[]> = P extends readonly [infer S extends Spec, ...infer Rest extends readonly Spec[]] ? S & All<Rest> : unknown

/** Fields of several parts of one record. A name that two of them have is a mistake: each would write over the other's. */
export function fieldsOf<P extends readonly Spec[]>(...parts: P): All<P> & Spec {
  const all: Record<string, Spec[string]> = {}
  for (const [name, field] of parts.flatMap((part) => Object.entries(part))) {
    if (Object.hasOwn(all, name)) throw new Error(`two parts of a record have the field \`${name}\``)
    all[name] = field
  }
  return all as All<P> & Spec
}

/** Declares the fields of a record, which may come in several parts. */
export function record<P extends readonly Spec[]>(...parts: P): Shape<FieldsOf<All<P> & Spec>> {
  return new Shape(fieldsOf(...parts))
}

/**
 * The class of views of one place in the row. It is compiled from text, one for each, since accessors that share one function share what the
 * compiler learns of it, too, and are ten times as slow; and with places written out, since V8 puts functions of up to 27 bytes of its code
 * into their callers however many there are. The names come from the program's own sources.
 */
function compile({ numbers, near, refs, rares }: Shape<unknown>, flags: ReadonlySet<string>, { numbersFrom, farFrom, refsFrom, raresFrom }: From): unknown {
  const placeOf = (i: number): [place: string, at: number] => (i < near ? ['$c', numbersFrom + i] : ['$f', farFrom + i - near])
  const runs = runsOf(numbers)
  const made = [...runs].map(([name, { from, length }]) => `; this.$${name} = new Series(this.${placeOf(from).join(', ')}, ${length})`).join('')
  const body = [`constructor($c) { this.$c = $c; this.$f = $c.far${made} }`]
  for (const name of runs.keys()) body.push(`get ${name}() { return this.$${name} }`)
  numbers.forEach((name, i) => {
    if (name.includes('.')) return
    const [place, at] = placeOf(i)
    const [is, value] = flags.has(name) ? [' === 1', 'v ? 1 : 0'] : ['', 'v']
    body.push(`get ${name}() { const { ${place} } = this; return ${place}.numbers[${place}.at + ${at}]${is} }`, `set ${name}(v) { this.${place}.put(${at}, ${value}) }`)
  })
  refs.forEach((name, i) => body.push(`get ${name}() { return this.$c.refs[${refsFrom + i}] }`, `set ${name}(v) { this.$c.refs[${refsFrom + i}] = v }`))
  rares.forEach((name, i) => body.push(`get ${name}() { return this.$c.rare(${raresFrom + i}) }`, `set ${name}(v) { this.$c.setRare(${raresFrom + i}, v) }`))
  // oxlint-disable-next-line typescript/no-implied-eval
  return new Function('Series', `return class { ${body.join('\n')} }`)(Series)
}

/** Where each series begins, by the names of all numbers. */
function runsOf(numbers: readonly string[]): Map<string, { from: number; length: number }> {
  const runs = new Map<string, { from: number; length: number }>()
  numbers.forEach((full, i) => {
    const [name, index] = full.split('.') as [string, string?]
    const run = runs.get(name)
    if (run) run.length++
    else if (index !== undefined) runs.set(name, { from: i, length: 1 })
  })
  return runs
}

/** Reads a number from plain data, by its name in `Shape.numbers`; undefined if it has none. */
export function plainNumber(plain: Readonly<Record<string, unknown>>, full: string): number | undefined {
  const [name, index] = full.split('.') as [string, string?]
  const value = index === undefined ? plain[name] : (plain[name] as readonly number[] | undefined)?.[Number(index)]
  return value === undefined ? undefined : Number(value)
}

/** Writes one into plain data. */
export function setPlainNumber(plain: Record<string, unknown>, full: string, value: number | undefined): void {
  const [name, index] = full.split('.') as [string, string?]
  if (index === undefined) plain[name] = value
  else if (plain[name] === undefined) plain[name] = [value]
  else (plain[name] as (number | undefined)[])[Number(index)] = value
}

function checked(name: string): string {
  if (!/^[a-z][A-Za-z0-9]*$/.test(name) || name === 'constructor') throw new Error(`\`${name}\` is no name of a field`)
  return name
}
