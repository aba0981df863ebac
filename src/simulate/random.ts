import { fnv1a } from '../base/hash.ts'

/** A small seeded generator (sfc32): the same seed gives the same numbers on every machine. */
export class Random {
  private a: number
  private b: number
  private c: number
  private counter = 1
  private spare: number | undefined = undefined

  /** Each `name` under one seed has a sequence of its own, so that learners do not disturb each other. */
  constructor(seed: number, name: string) {
    this.a = seed | 0
    this.b = fnv1a(name) | 0
    this.c = fnv1a(`${seed}/${name}`) | 0
    for (let i = 0; i < 15; i++) this.bits()
  }

  /** 32 random bits as an unsigned integer. */
  bits(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (this.c << 21) | (this.c >>> 11)
    this.c = (this.c + t) | 0
    return t >>> 0
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + ((high - low) * this.bits()) / 0x1_0000_0000
  }

  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1))
  }

  chance(probability: number): boolean {
    return this.uniform() < probability
  }

  /** Throws nothing: the list must not be empty. */
  pick<T>(from: readonly T[]): T {
    return from[this.int(0, from.length - 1)] as T
  }

  /** The list in a random order; the original stays as it is. */
  shuffled<T>(list: readonly T[]): T[] {
    const copy = [...list]
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.int(0, i)
      const x = copy[i] as T
      copy[i] = copy[j] as T
      copy[j] = x
    }
    return copy
  }

  normal(mean = 0, deviation = 1): number {
    if (this.spare !== undefined) {
      const z = this.spare
      this.spare = undefined
      return mean + deviation * z
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    const angle = 2 * Math.PI * this.uniform()
    this.spare = radius * Math.sin(angle)
    return mean + deviation * radius * Math.cos(angle)
  }

  lognormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal())
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform())
  }

  /** Gamma of scale 1 (Marsaglia and Tsang). */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * Math.pow(1 - this.uniform(), 1 / shape)
    const d = shape - 1 / 3
    const c = 1 / Math.sqrt(9 * d)
    for (;;) {
      const x = this.normal()
      const v = Math.pow(1 + c * x, 3)
      if (v > 0 && Math.log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
    }
  }

  beta(a: number, b: number): number {
    const x = this.gamma(a)
    return x / (x + this.gamma(b))
  }

  /** How many events of mean `mean` happened. Meant for means below about 30. */
  poisson(mean: number): number {
    if (mean <= 0) return 0
    const limit = Math.exp(-mean)
    let n = 0
    for (let p = this.uniform(); p > limit; p *= this.uniform()) n++
    return n
  }

  /** `value` within ±30 %: no two learners, and no two copies of a script, have the same constants. */
  vary(value: number): number {
    return value * this.uniform(0.7, 1.3)
  }

  /** `digits` random hexadecimal digits. */
  hex(digits: number): string {
    let text = ''
    while (text.length < digits) text += this.bits().toString(16).padStart(8, '0')
    return text.slice(0, digits)
  }
}
