/** A list of numbers that grows: a million objects would keep the garbage collector busy with nothing but looking at them. */
export class Column<A extends Float64Array | Uint32Array | Int32Array | Uint8Array> {
  array: A
  length = 0
  private readonly make: (length: number) => A

  constructor(make: (length: number) => A) {
    this.make = make
    this.array = make(1024)
  }

  push(value: number): void {
    this.grow(this.length + 1)
    this.array[this.length++] = value
  }

  /** Makes room for more, all of them 0; returns where it begins. */
  extend(count: number): number {
    const at = this.length
    this.grow(at + count)
    this.length = at + count
    return at
  }

  private grow(length: number): void {
    if (length <= this.array.length) return
    const more = this.make(Math.max(length, Math.ceil(1.5 * this.array.length)))
    more.set(this.array)
    this.array = more
  }
}

export const floats = (): Column<Float64Array> => new Column((n) => new Float64Array(n))
export const counts = (): Column<Uint32Array> => new Column((n) => new Uint32Array(n))
export const flags = (): Column<Uint8Array> => new Column((n) => new Uint8Array(n))

/** Texts that come again and again, by number; 0 is no text. */
export class Texts {
  private readonly numbers = new Map<string, number>()
  private readonly texts: (string | undefined)[] = [undefined]

  number(text: string | undefined): number {
    if (text === undefined) return 0
    let number = this.numbers.get(text)
    if (number === undefined) {
      this.numbers.set(text, (number = this.texts.length))
      this.texts.push(text)
    }
    return number
  }

  text(number: number): string | undefined {
    return this.texts[number]
  }
}

/** Where numbered items lie by a key of 128 bits, of which `words` has four for each item. */
export class KeyIndex {
  private readonly words: Column<Uint32Array>
  private slots = new Int32Array(2048).fill(-1)
  private used = 0

  constructor(words: Column<Uint32Array>) {
    this.words = words
  }

  /** The item with the key; -1 where there is none. */
  find(a: number, b: number, c: number, d: number): number {
    const { slots, words: { array } } = this
    const mask = slots.length - 1
    for (let at = a & mask; ; at = (at + 1) & mask) {
      const item = slots[at] as number
      if (item < 0) return -1
      const i = 4 * item
      if (array[i] === a && array[i + 1] === b && array[i + 2] === c && array[i + 3] === d) return item
    }
  }

  /** Adds an item whose key lies in `words`, and is in none before. */
  add(item: number): void {
    if (2 * ++this.used > this.slots.length) this.rehash()
    this.place(item)
  }

  private place(item: number): void {
    const { slots } = this
    const mask = slots.length - 1
    let at = (this.words.array[4 * item] as number) & mask
    while ((slots[at] as number) >= 0) at = (at + 1) & mask
    slots[at] = item
  }

  private rehash(): void {
    const before = this.slots
    this.slots = new Int32Array(2 * before.length).fill(-1)
    for (const item of before) if (item >= 0) this.place(item)
  }
}
