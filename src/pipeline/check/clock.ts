import { DAY, MINUTE, SECOND, type Ms } from '../../base/time.ts'
import { RunningMedian } from '../../engine/median.ts'
import type { Event } from '../../telemetry/event.ts'
import { Sample } from './sample.ts'

/** Stretches of the log whose medians tell the drift, and offsets that are kept of each. */
const MOST_STRETCHES = 256
const LEAST_STRETCH: Ms = 10 * MINUTE
const KEPT = 101
/** Events by whose median time is told where no `received` is: as the timekeeper does. */
const SMOOTHED = 31
const MOST_DAYS = 1000
const MOST_ZONES = 100

/** Offsets of one stretch of the log: some of them, spread evenly over it. */
interface Stretch {
  offsets: number[]
  every: number
  seen: number
}

/** What the clocks of one platform do. */
export class ClockTally {
  first: Ms = Infinity
  last: Ms = -Infinity
  readonly offset = new Sample()
  /** How far each event came behind its platform's line, in ms. */
  readonly behind = new Sample()
  /** Events older than one that came before. */
  disordered = 0
  wholeSeconds = 0
  wholeMinutes = 0
  midnights = 0
  events = 0
  /** Minutes east of UTC that times were written with. */
  readonly zones = new Map<number, number>()
  /** Days, in the zone that was written, with an event. */
  readonly days = new Set<number>()
  private newest: Ms = -Infinity
  private line: Ms = -Infinity
  private readonly median = new RunningMedian(SMOOTHED)
  private stretches = new Map<number, Stretch>()
  private width = LEAST_STRETCH

  take({ time, received, offset }: Event): void {
    this.events++
    if (time < this.first) this.first = time
    if (time > this.last) this.last = time
    if (time < this.newest) this.disordered++
    else this.newest = time
    this.line = Math.max(this.line, received === undefined ? this.median.add(time) : Math.min(time, received))
    this.behind.add(Math.max(0, this.line - time))
    if (received !== undefined) {
      this.offset.add(received - time)
      this.spread(time, received - time)
    }
    this.look(time, offset)
  }

  private look(time: Ms, offset: number): void {
    if (time % SECOND === 0) {
      this.wholeSeconds++
      if (time % MINUTE === 0) this.wholeMinutes++
    }
    const local = time + offset * MINUTE
    if (local % DAY === 0) this.midnights++
    const day = Math.floor(local / DAY)
    if (this.days.size < MOST_DAYS) this.days.add(day)
    if (this.zones.has(offset) || this.zones.size < MOST_ZONES) this.zones.set(offset, (this.zones.get(offset) ?? 0) + 1)
  }

  private spread(time: Ms, offset: number): void {
    const at = Math.floor(time / this.width)
    const stretch = this.stretches.get(at)
    if (stretch) keep(stretch, offset)
    else {
      this.stretches.set(at, { offsets: [offset], every: 1, seen: 1 })
      if (this.stretches.size > MOST_STRETCHES) this.widen()
    }
  }

  private widen(): void {
    while (this.stretches.size > MOST_STRETCHES) {
      this.width *= 2
      const wider = new Map<number, Stretch>()
      for (const [at, stretch] of [...this.stretches].sort(([a], [b]) => a - b)) {
        const to = Math.floor(at / 2)
        const there = wider.get(to)
        wider.set(to, there ? joined(there, stretch) : stretch)
      }
      this.stretches = wider
    }
  }

  /** How much later each second comes than the one before, by what the medians of stretches say pairwise (Theil and Sen); undefined where too few stretches tell. */
  drift(): { perSecond: number; stretches: number } | undefined {
    const points = [...this.stretches].sort(([a], [b]) => a - b).map(([at, { offsets }]) => ({ at: (at + 0.5) * this.width, offset: medianOf(offsets) }))
    if (points.length < 6) return undefined
    const slopes: number[] = []
    points.forEach((p, i) => {
      for (const q of points.slice(i + 1)) slopes.push((q.offset - p.offset) / (q.at - p.at))
    })
    return { perSecond: medianOf(slopes), stretches: points.length }
  }
}

function keep(stretch: Stretch, offset: number): void {
  if (stretch.seen++ % stretch.every !== 0) return
  stretch.offsets.push(offset)
  if (stretch.offsets.length < 2 * KEPT) return
  stretch.offsets = stretch.offsets.filter((_, i) => i % 2 === 0)
  stretch.every *= 2
}

function joined(a: Stretch, b: Stretch): Stretch {
  const every = Math.max(a.every, b.every)
  const of = (s: Stretch): number[] => s.offsets.filter((_, i) => i % (every / s.every) === 0)
  return { offsets: [...of(a), ...of(b)], every, seen: a.seen + b.seen }
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}
