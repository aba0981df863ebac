import type { Ms } from '../../base/time.ts'
import { PLAYBACK, type Event } from '../../telemetry/event.ts'
import { agrees } from '../../telemetry/playback.ts'
import { Sample } from './sample.ts'

/** Players that are remembered at a time, at least. */
const MOST_PLAYERS = 100_000
const MOST_RATES = 50
/** Intervals whose median is a learner's own: each learner counts once, or those whose players beat most would decide. */
const OWN = 10

/** A player. */
interface Player {
  /** When its last heartbeat was; NaN if something else came since. */
  at: Ms
  position: number | undefined
  rate: number
}

const COUNTED: number[] = []

/** The cadence of one platform's players, told by pairs of heartbeats with nothing between them. */
export class BeatTally {
  /** From one to the next, in ms. */
  readonly intervals = new Sample()
  /** The median of each learner's first ten. */
  readonly learners = new Sample()
  /** Pairs with positions; of them, those whose media advanced as the clock did. */
  compared = 0
  agreeing = 0
  /** Media seconds to a thousand seconds of the clock, times the rate: 1,000 where positions are in seconds. */
  readonly pace = new Sample()
  /** Rates that events name. */
  readonly rates = new Map<number, number>()
  private readonly onPair: ((learner: string, elapsed: Ms, advance: number) => void) | undefined
  private young = new Map<string, Player>()
  private old = new Map<string, Player>()
  private firsts = new Map<string, number[]>()
  private firstsBefore = new Map<string, number[]>()

  /** `onPair` is told of each pair with positions: seconds of the media. */
  constructor(onPair?: (learner: string, elapsed: Ms, advance: number) => void) {
    this.onPair = onPair
  }

  take(event: Event): void {
    const { action, time, position, rate, learner, session, chapter } = event
    if (rate !== undefined && (this.rates.has(rate) || this.rates.size < MOST_RATES)) this.rates.set(rate, (this.rates.get(rate) ?? 0) + 1)
    if (chapter === undefined || !PLAYBACK.has(action)) return
    const key = `${learner}\u0000${session ?? ''}\u0000${chapter}`
    const player = this.find(key)
    const now = rate ?? player?.rate ?? 1
    if (action === 'heartbeat' && player !== undefined && time > player.at) this.pair(player, event, now)
    // An older one that came late tells nothing of the next.
    if (action === 'heartbeat' && player !== undefined && time <= player.at) return
    this.set(key, { at: action === 'heartbeat' ? time : Number.NaN, position, rate: now })
  }

  private pair(player: Player, { time, position, learner }: Event, rate: number): void {
    const elapsed = time - player.at
    this.intervals.add(elapsed)
    this.vote(learner, elapsed)
    if (position === undefined || player.position === undefined) return
    const advance = position - player.position
    this.compared++
    this.onPair?.(learner, elapsed, advance)
    if (agrees(advance, elapsed, rate)) this.agreeing++
    this.pace.add((advance * 1_000_000) / (elapsed * rate))
  }

  private vote(learner: string, interval: number): void {
    let first = this.firsts.get(learner) ?? this.firstsBefore.get(learner)
    if (first === COUNTED) return
    if (first === undefined) {
      if (this.firsts.size >= MOST_PLAYERS) [this.firstsBefore, this.firsts] = [this.firsts, new Map()]
      this.firsts.set(learner, (first = []))
    }
    if (first.push(interval) < OWN) return
    this.learners.add(first.sort((a, b) => a - b)[OWN >> 1] as number)
    this.firsts.set(learner, COUNTED)
  }

  private find(key: string): Player | undefined {
    return this.young.get(key) ?? this.old.get(key)
  }

  private set(key: string, player: Player): void {
    if (this.young.size >= MOST_PLAYERS) [this.old, this.young] = [this.young, new Map()]
    this.young.set(key, player)
  }
}

/** Fewest learners from whom a cadence is told, and the least share of them near the median. */
export const LEAST_LEARNERS = 3
const LEAST_REGULAR = 0.5

/** The cadence that most learners' players keep to. */
export function cadenceOf({ learners }: Pick<BeatTally, 'learners'>): Ms | undefined {
  const median = learners.quantile(0.5)
  if (median === undefined || learners.n < LEAST_LEARNERS || nearMedian(learners) <= LEAST_REGULAR) return undefined
  const whole = Math.round(median / 1000) * 1000
  return whole > 0 && Math.abs(whole - median) <= 0.03 * whole ? whole : Math.max(100, Math.round(median / 100) * 100)
}

/** The share of values within a fifth of the median. */
export function nearMedian(values: Sample): number {
  const median = values.quantile(0.5) ?? 0
  return values.share(0.8 * median, 1.2 * median)
}
