import { SECOND, type Ms } from '../../base/time.ts'
import { PLAYBACK, type Event } from '../../telemetry/event.ts'

/** Learners and rates that are remembered. */
const MOST = 200_000
/** A rate that no event names is one that media advanced by so often. */
const OFTEN = 10
/** What players offer is a multiple of it, and is met to within that share. */
const STEP = 0.05
const NEAR = 0.015
/** Nearly all players offer quarters up to it: there one learner is enough, since nobody must be accused for what the player offers. */
const USUAL = 2
/** Of any other rate, fewest learners and the least share of all: scripts have rates of their own. */
const LEAST_LEARNERS = 3
const LEAST_SHARE = 0.02

/** A rate above 1 that the player may well offer. */
export interface OfferedRate {
  rate: number
  learners: number
  of: number
}

/** The rates that learners of one platform play at, as events name them or as media advance. */
export class RatesTally {
  private readonly learners = new Set<string>()
  private readonly named = new Map<string, number>()
  /** What media advanced by counts only where no event names a rate. */
  private readonly shown = new Map<string, number>()
  private namesRates = false

  take({ learner, rate, action }: Event): void {
    if (this.learners.size < MOST && PLAYBACK.has(action)) this.learners.add(learner)
    if (rate === undefined) return
    this.namesRates = true
    if (rate > 1) count(this.named, learner, rate, OFTEN)
  }

  /** Two heartbeats in a row, that far apart in time and in the media. */
  pair(learner: string, elapsed: Ms, advance: number): void {
    const pace = (advance * SECOND) / elapsed
    const rate = Math.round(pace / STEP) * STEP
    if (pace > 1 + STEP && Math.abs(pace - rate) <= NEAR * rate) count(this.shown, learner, Number(rate.toFixed(2)), 1)
  }

  /** The rates that the player may well offer, from the lowest. */
  offered(): OfferedRate[] {
    const by = new Map<number, number>()
    for (const [key, times] of this.namesRates ? this.named : this.shown) {
      const rate = Number(key.slice(0, key.indexOf(' ')))
      if (times >= OFTEN) by.set(rate, (by.get(rate) ?? 0) + 1)
    }
    const of = this.learners.size
    return [...by].filter(([rate, n]) => (rate <= USUAL && Number.isInteger(4 * rate)) || (n >= LEAST_LEARNERS && n >= LEAST_SHARE * of)).sort(([a], [b]) => a - b).map(([rate, learners]) => ({ rate, learners, of }))
  }
}

function count(used: Map<string, number>, learner: string, rate: number, times: number): void {
  const key = `${rate} ${learner}`
  const before = used.get(key)
  if (before !== undefined || used.size < MOST) used.set(key, (before ?? 0) + times)
}
