import { HASHES, hash53 } from './hash.ts'

/** Hashes kept: beyond as many different texts their number is an estimate, to within 1 % in 95 of 100 cases. */
const KEPT = 1 << 16

/**
 * How many different texts there were, in bounded memory: exact up to 65,536, then told by how small the 65,536 smallest of their hashes
 * are (k minimum values). The same texts in any order give the same number.
 */
export class Distinct {
  private hashes = new Set<number>()
  /** Hashes above it are of no use. */
  private limit = Infinity

  add(text: string): void {
    const hash = hash53(text)
    if (hash >= this.limit) return
    this.hashes.add(hash)
    if (this.hashes.size >= 2 * KEPT) this.shrink()
  }

  get isExact(): boolean {
    return this.limit === Infinity && this.hashes.size <= KEPT
  }

  count(): number {
    if (this.isExact) return this.hashes.size
    if (this.hashes.size > KEPT) this.shrink()
    return Math.round(((KEPT - 1) / (this.limit - 1)) * HASHES)
  }

  private shrink(): void {
    const kept = [...this.hashes].sort((a, b) => a - b).slice(0, KEPT)
    this.hashes = new Set(kept)
    this.limit = (kept.at(-1) as number) + 1
  }
}
