import { fnv1a } from '../base/hash.ts'

/** How a simulated world differs from the documented one. The empty one is the documented world. */
export interface Tuning {
  /** Whether numbers that are otherwise constant vary too, and platforms and people with them. */
  varied?: boolean
  /** How far `vary` strays to either side, as shares of the value: at least the first, at most the second (below 1). */
  spread?: readonly [number, number]
  /** Share by which each interval of a program is lengthened or shortened each time, in place of the program's own noise. */
  jitter?: number
}

/** A small seeded generator (sfc32): the same seed gives the same numbers on every machine. */
export class Random {
  private a: number
  private b: number
  private c: number
  private counter = 1
  private spare: number | undefined = undefined
  readonly tuning: Tuning

  /** Each `name` under one seed has a sequence of its own, so that learners do not disturb each other. */
  constructor(seed: number, name: string, tuning: Tuning = {}) {
    this.tuning = tuning
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

  /** `value` within ±30 % or the tuning's spread: no two learners, and no two copies of a script, have the same constants. */
  vary(value: number): number {
    const { spread } = this.tuning
    if (spread === undefined) return value * this.uniform(0.7, 1.3)
    const away = this.uniform(spread[0], spread[1])
    return value * (this.chance(0.5) ? 1 + away : 1 - away)
  }

  // INVARIANT (documented world): the three below draw nothing in it, so that its records stay what they are.

  /** A number that is a constant in the documented world, and varies in a varied one. */
  about(value: number): number {
    return this.tuning.varied ? this.vary(value) : value
  }

  /** A range that is fixed in the documented world, and whose ends vary in a varied one. */
  limits(low: number, high: number): [number, number] {
    if (!this.tuning.varied) return [low, high]
    const [a, b] = [this.vary(low), this.vary(high)]
    return a < b ? [a, b] : [b, a]
  }

  /** One interval of a program: `value` with the program's own `noise`, or with the tuning's jitter in its place. */
  paced(value: number, noise = 0): number {
    const { jitter } = this.tuning
    return jitter === undefined ? value + noise : value * (1 + jitter * this.uniform(-1, 1))
  }

  /** `digits` random hexadecimal digits. */
  hex(digits: number): string {
    let text = ''
    while (text.length < digits) text += this.bits().toString(16).padStart(8, '0')
    return text.slice(0, digits)
  }
}

/** Sequences under one seed and tuning, by name. */
export type Source = (name: string) => Random
