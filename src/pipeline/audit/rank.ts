import { wilson } from '../../base/share.ts'
import { SEVERITIES, type Severity } from '../../warnings/warning.ts'

export const METRICS = ['unproven', 'disputed', 'questioned', 'warnings', 'warned'] as const
/** `warned`: of a class, the learners whom a warning of medium or higher names. */
export type Metric = (typeof METRICS)[number]

/** One number by which somebody is compared with others of the same platform. */
export interface Measured {
  metric: Metric
  /** A share, or of `warnings` how many of medium or higher an hour. */
  value: number
  /** The value at least, with 97.5 % confidence: little evidence makes nobody abnormal. */
  atLeast: number
}

export interface Reason extends Measured {
  /** The median of the others it is compared with; undefined where these are too few. */
  usual?: number | undefined
  /** How many robust standard deviations `atLeast` lies above that. */
  z?: number | undefined
}

/** Compared are at least so many of a platform, else those of all platforms, else nobody. */
export const LEAST_PEERS = 10
/** Iglewicz and Hoaglin (1993). */
export const ABNORMAL_Z = 3.5
/** A normal distribution's standard deviation over its median absolute deviation. */
const MAD_SCALE = 1.4826
/** Where nearly all have the same value, the deviation is next to nothing, and the smallest difference would stand out. */
const LEAST_SPREAD: Record<Metric, number> = { unproven: 0.03, disputed: 0.03, questioned: 0.05, warnings: 0.25, warned: 0.05 }
/** What is abnormal even where most are so. */
const ABNORMAL_AT_LEAST: Record<Metric, number> = { unproven: 0.25, disputed: 0.25, questioned: 0.5, warnings: 2, warned: 0.5 }
const Z_95 = 1.959964

/** The lower end of the 95 % interval of a share of `n` units (Wilson); `n` may be a number of hours. */
export function shareAtLeast(share: number, n: number): number {
  return n <= 0 ? 0 : wilson(Math.min(1, share), n)[0]
}

/** The lower end of the 95 % interval of a rate, where `k` were counted in `hours` (Poisson; Wilson and Hilferty, 1931). */
export function rateAtLeast(k: number, hours: number): number {
  if (k === 0 || hours <= 0) return 0
  const root = 1 - 1 / (9 * k) - Z_95 / (3 * Math.sqrt(k))
  return root <= 0 ? 0 : (k * root ** 3) / hours
}

interface Peers {
  median: number
  spread: number
}

/** What is usual: for each platform and metric, the median and the spread of those measured. */
export class Usual {
  private readonly byPlatform = new Map<string, Map<Metric, Peers>>()
  private readonly overall: Map<Metric, Peers>

  constructor(all: Iterable<{ platform: string; measured: readonly Measured[] }>) {
    const values = new Map<string, Map<Metric, number[]>>()
    const every = new Map<Metric, number[]>()
    for (const { platform, measured } of all) {
      let of = values.get(platform)
      if (of === undefined) values.set(platform, (of = new Map()))
      for (const { metric, value } of measured) {
        for (const lists of [of, every]) {
          const list = lists.get(metric)
          if (list) list.push(value)
          else lists.set(metric, [value])
        }
      }
    }
    for (const [platform, of] of values) this.byPlatform.set(platform, peersOf(of))
    this.overall = peersOf(every)
  }

  of(platform: string, metric: Metric): Peers | undefined {
    return this.byPlatform.get(platform)?.get(metric) ?? this.overall.get(metric)
  }

  /** What is abnormal about somebody, the gravest first. */
  reasons(platform: string, measured: readonly Measured[]): Reason[] {
    const reasons: Reason[] = []
    for (const m of measured) {
      const peers = this.of(platform, m.metric)
      const z = peers === undefined ? undefined : (m.atLeast - peers.median) / peers.spread
      if ((z !== undefined && z >= ABNORMAL_Z) || m.atLeast >= ABNORMAL_AT_LEAST[m.metric]) reasons.push({ ...m, usual: peers?.median, z })
    }
    return reasons.sort((a, b) => weight(b) - weight(a))
  }
}

/** What somebody is ranked by: how far beyond what is abnormal all reasons together lie. */
export function scoreOf(reasons: readonly Reason[]): number {
  return reasons.reduce((sum, r) => sum + weight(r), 0)
}

function weight({ metric, atLeast, z }: Reason): number {
  return Math.max((z ?? 0) / ABNORMAL_Z, atLeast / ABNORMAL_AT_LEAST[metric])
}

function peersOf(lists: ReadonlyMap<Metric, readonly number[]>): Map<Metric, Peers> {
  const peers = new Map<Metric, Peers>()
  for (const [metric, values] of lists) {
    if (values.length < LEAST_PEERS) continue
    const middle = median(values)
    const spread = MAD_SCALE * median(values.map((v) => Math.abs(v - middle)))
    peers.set(metric, { median: middle, spread: Math.max(spread, LEAST_SPREAD[metric]) })
  }
  return peers
}

/** The median; 0 of nothing. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort()
  const n = sorted.length
  if (n === 0) return 0
  return n % 2 === 1 ? (sorted[n >> 1] as number) : ((sorted[n / 2 - 1] as number) + (sorted[n / 2] as number)) / 2
}

/** How many warnings of each severity. */
export type BySeverity = Record<Severity, number>

export function noWarnings(): BySeverity {
  return { low: 0, medium: 0, high: 0, critical: 0 }
}

/** Those that accuse: medium and higher. */
export function accusing(by: BySeverity): number {
  return SEVERITIES.reduce((sum, s) => sum + (s === 'low' ? 0 : by[s]), 0)
}
