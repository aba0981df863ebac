import type { Random } from '../random.ts'

interface Hash {
  high: number
  low: number
}

/**
 * A face as a 64-bit dHash sees it. Honest shots of one face differ in several bits and are now and then very close;
 * a sitting has a look of its own (light, clothes, distance).
 */
export class Face {
  private readonly base: Hash
  private look: Hash
  private last: Hash | undefined = undefined
  private readonly seen = new Set<string>()

  constructor(random: Random) {
    this.base = { high: random.bits(), low: random.bits() }
    this.look = this.base
  }

  /** Sits down anew. */
  sit(random: Random): void {
    this.look = flip(this.base, random.int(5, 12), random)
  }

  /** A fresh photo: no two are ever the same. */
  shot(random: Random): string {
    for (;;) {
      this.last = flip(this.look, Math.max(1, Math.min(20, Math.round(random.lognormal(5, 0.6)))), random)
      const hash = text(this.last)
      if (this.seen.has(hash)) continue
      this.seen.add(hash)
      return hash
    }
  }

  /** The last photo once more, with noise that moves up to `bits` bits of its hash. */
  again(random: Random, bits: number): string {
    this.last = flip(this.last ?? this.look, random.int(0, bits), random)
    return text(this.last)
  }

  /** Frames of one short clip, hashed: a few bits apart at most, and soon the same ones again. */
  clip(random: Random, frames: number): string[] {
    return Array.from({ length: frames }, () => text(flip(this.base, random.int(0, 2), random)))
  }
}

function flip(hash: Hash, bits: number, random: Random): Hash {
  let { high, low } = hash
  for (let i = 0; i < bits; i++) {
    const bit = random.int(0, 63)
    if (bit < 32) low = (low ^ (1 << bit)) >>> 0
    else high = (high ^ (1 << (bit - 32))) >>> 0
  }
  return { high, low }
}

function text({ high, low }: Hash): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}
