/**
 * Texts by their bytes, for fields of few distinct values (platforms, chapters, user agents): each is decoded and
 * allocated once. Direct-mapped and therefore bounded: a text that meets another in its slot takes its place.
 * Every text it returns stands alone and keeps no larger text in memory.
 */
export class Interner {
  private readonly mask: number
  private readonly width: number
  // Each slot holds a text's bytes and the quote that ends them, which no text contains.
  private readonly pool: Uint8Array
  private readonly texts: string[]

  /** `slots` must be a power of two; texts of `width` bytes and more are not kept. */
  constructor(slots: number, width: number) {
    this.mask = slots - 1
    this.width = width
    this.pool = new Uint8Array(slots * width)
    this.texts = Array.from({ length: slots }, () => '')
  }

  /** The text of `bytes` from `start` up to the quote at `end`; `hash` must depend on it alone. `ascii`: no byte is above 127. */
  get(bytes: Buffer, start: number, end: number, hash: number, ascii: boolean): string {
    const size = end - start
    if (size >= this.width) return decodeText(bytes, start, end, ascii)
    const slot = (hash ^ (hash >>> 16)) & this.mask
    const { pool } = this
    const base = slot * this.width
    let n = 0
    while (n <= size && pool[base + n] === bytes[start + n]) n++
    if (n > size) return this.texts[slot] as string
    for (; n <= size; n++) pool[base + n] = bytes[start + n] as number
    return (this.texts[slot] = decodeText(bytes, start, end, ascii))
  }
}

/** A text of its own: unlike a slice of a larger text, it does not keep that in memory. */
export function decodeText(bytes: Buffer, start: number, end: number, ascii: boolean): string {
  return bytes.toString(ascii ? 'latin1' : 'utf8', start, end)
}
