import { MINUTE, SECOND, type Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { FIELDS } from '../telemetry/event.ts'
import type { Held } from '../telemetry/held.ts'
import { RunningMedian } from './median.ts'
import { FREE, type Bounds, type Origin } from './sources.ts'
import { Steps } from './steps.ts'

/** A numbered record that moves the watermarks; the same marks over the same log are the same run. */
export interface Mark {
  number: number
  /** The last mark of a log that has ended: everything held is handled. */
  end: boolean
  /** How far each platform's events are handled once this mark is. */
  watermarks: Readonly<Record<string, Ms>>
  /** The resource stage's watermark. */
  resource: Ms
  /** Each platform's first event time. */
  first: Readonly<Record<string, Ms>>
  /**
   * Per platform and optional field, in the order of FIELDS: the time of its first event that carried the field, null
   * where none did. Whether a field had been seen by a time is final once the watermark has passed that time.
   */
  fields: Readonly<Record<string, readonly (Ms | null)[]>>
  /** Platforms over 5 % of whose last 1,000 events were late: nothing late counts against their learners. */
  troubled: readonly string[]
  /** Hash of the context under which what this mark releases is handled. */
  context: string
}

export const DEFAULT_LATENESS: Ms = 60 * SECOND
/** Nobody waits longer for a platform that is silent or slow. */
export const PATIENCE: Ms = 10 * MINUTE
/** An event further ahead of the stamp of its record has a wrong clock. */
export const FUTURE: Ms = 5 * MINUTE
const MEDIAN_OF = 31
const LATE_WINDOW = 1000
const LATE_SHARE = 0.05

interface Line {
  platform: string
  lateness: Ms
  line: Ms
  /** In force since the last mark. */
  watermark: Ms
  first: Ms
  newest: Ms
  /** First event time of each optional field, which fields have one, and the latest of these times. */
  fields: (Ms | null)[]
  present: number
  settled: Ms
  /** Of the last 1,000 events, which were late: a ring of 0 and 1. */
  ring: Uint8Array
  seen: number
  late: number
  /** Where events arrive through several partitions: how far they would carry the line, and by index which topics have brought some. */
  ahead: Steps
  carriedBy: boolean[]
}

/** Plain data, for snapshots. */
type LineState = Omit<Line, 'ahead' | 'carriedBy'> & { ahead?: { arrival: Ms; reach: Ms } | undefined; carriedBy?: boolean[] }

/** Plain data, for snapshots: all that the timekeeper knows. */
export interface TimekeeperState {
  mark: number
  furthest: Ms
  resource: Ms
  newest: Ms
  median: Ms[]
  lines: LineState[]
  ahead?: { arrival: Ms; reach: Ms } | undefined
}

/** Whether an event's clock is so wrong that it is not taken. */
export function isFuture(event: Held): boolean {
  const stamp = event.stamp ?? event.received
  return stamp !== undefined && event.time > stamp + FUTURE
}

/** Reads the log's times and writes marks. Sees every event once, in log order. */
export class Timekeeper {
  private number = 0
  /** The furthest line of all, and how far it would come. */
  private furthest: Ms = -Infinity
  private ahead = new Steps()
  private resource: Ms = -Infinity
  private newest: Ms = -Infinity
  private median = new RunningMedian(MEDIAN_OF)
  private readonly lines = new Map<string, Line>()
  private catalogue: Catalogue
  private lateness: Ms
  private lastLine: Line | undefined

  /** `lateness` is for platforms whose catalogue entry names none. */
  constructor(catalogue: Catalogue, lateness: Ms = DEFAULT_LATENESS) {
    this.catalogue = catalogue
    this.lateness = lateness
  }

  /** From the next mark on, another catalogue says how late platforms may be, and since when they are known; `lateness` as when it was made. */
  renew(catalogue: Catalogue, lateness: Ms = DEFAULT_LATENESS): void {
    this.catalogue = catalogue
    this.lateness = lateness
    for (const line of this.lines.values()) line.lateness = this.latenessOf(line.platform)
  }

  private latenessOf(platform: string): Ms {
    return this.catalogue.platform(platform)?.lateness ?? this.lateness
  }

  /** Number of the last mark. */
  get mark(): number {
    return this.number
  }

  /** The furthest line of all platforms. */
  get furthestLine(): Ms {
    return this.furthest
  }

  get resourceWatermark(): Ms {
    return this.resource
  }

  /** The newest event time of the log. */
  get newestTime(): Ms {
    return this.newest
  }

  /** The watermark that a platform has had since the last mark: an event older than it is late. */
  watermark(platform: string): Ms {
    const line = this.lines.get(platform)
    return line === undefined || line.watermark === -Infinity ? this.resource : line.watermark
  }

  /** Takes the next event of the log and says what becomes of it. `origin`: where it came from, if others may have come from elsewhere before it. */
  observe(event: Held, origin?: Origin): 'held' | 'late' | 'future' {
    if (isFuture(event)) return 'future'
    let line = this.lastLine
    if (line === undefined || line.platform !== event.platform) this.lastLine = line = this.lineOf(event.platform)
    // INVARIANT (late): judged against the mark before, so that every task judges alike.
    const late = event.time < (line.watermark === -Infinity ? this.resource : line.watermark)
    this.countLate(line, late)
    if (!late) {
      if (event.time < line.first) line.first = event.time
      if ((event.present & ~line.present) !== 0 || event.time < line.settled) noteFields(line, event)
    }
    if (event.time > line.newest) {
      line.newest = event.time
      if (event.time > this.newest) this.newest = event.time
    }
    const stamp = event.stamp ?? event.received ?? this.median.add(event.time)
    const reached = event.time < stamp ? event.time : stamp
    this.carry(line, reached, origin)
    return late ? 'late' : 'held'
  }

  private carry(line: Line, reached: Ms, origin: Origin | undefined): void {
    if (origin === undefined) {
      if (reached <= line.line) return
      line.line = reached
      if (reached > this.furthest) this.furthest = reached
      return
    }
    if (origin.topic >= 0) {
      line.carriedBy[origin.topic] = true
      if (reached > line.line) line.ahead.add(origin.arrival, reached)
    } else if (reached > line.line) line.line = reached
    if (reached > this.furthest) this.ahead.add(origin.arrival, reached)
  }

  /** Whether the next mark within these bounds would carry a line on though nothing has come. */
  isAhead(bounds: Bounds): boolean {
    return this.ahead.has(lowest(bounds)) || [...this.lines.values()].some((line) => line.ahead.has(boundOf(line, bounds)))
  }

  /** The next mark: watermarks as far as the lines carry them. */
  next(context: string, bounds: Bounds = FREE): Mark {
    this.takeSteps(bounds)
    return this.advance(context, (line) => line.line - line.lateness)
  }

  /** The mark after a minute in which nothing came: each watermark is set to its line. */
  idle(context: string, bounds: Bounds = FREE): Mark {
    this.takeSteps(bounds)
    return this.advance(context, (line) => line.line)
  }

  // INVARIANT (fair): a platform waits for the topics that bring its events; what is common to all waits for all.
  private takeSteps(bounds: Bounds): void {
    for (const line of this.lines.values()) line.line = Math.max(line.line, line.ahead.take(boundOf(line, bounds)))
    this.furthest = Math.max(this.furthest, this.ahead.take(lowest(bounds)))
  }

  /** A mark that carries every watermark to `time`, as far as tests of rules let time pass. */
  passTo(time: Ms, context: string): Mark {
    this.furthest = Math.max(this.furthest, time)
    this.resource = Math.max(this.resource, time)
    return this.advance(context, () => time)
  }

  /** The mark that ends the log: everything is handled, and timers due by its newest time fire. */
  end(context: string): Mark {
    if (this.newest === -Infinity) return { ...this.advance(context, (line) => line.watermark), end: true }
    return { ...this.passTo(this.newest + 1, context), end: true }
  }

  private advance(context: string, reach: (line: Line) => Ms): Mark {
    this.number++
    const floor = this.furthest - PATIENCE
    // INVARIANT (watermark): never goes back.
    this.resource = Math.max(this.resource, floor)
    // Without a prototype: `__proto__` is a platform's id like any other.
    const watermarks = Object.create(null) as Record<string, Ms>
    const first = Object.create(null) as Record<string, Ms>
    const fields = Object.create(null) as Record<string, readonly (Ms | null)[]>
    const troubled: string[] = []
    for (const line of this.lines.values()) {
      line.watermark = Math.max(line.watermark, reach(line), this.resource)
      watermarks[line.platform] = line.watermark
      first[line.platform] = Math.min(line.first, this.catalogue.since(line.platform) ?? Infinity)
      fields[line.platform] = line.fields
      if (line.late > LATE_SHARE * Math.min(line.seen, LATE_WINDOW)) troubled.push(line.platform)
    }
    return { number: this.number, end: false, watermarks, resource: this.resource, first, fields, troubled, context }
  }

  private lineOf(platform: string): Line {
    let line = this.lines.get(platform)
    if (!line) {
      line = {
        platform, lateness: this.latenessOf(platform), line: -Infinity, watermark: -Infinity, first: Infinity, newest: -Infinity,
        fields: FIELDS.map(() => null), present: 0, settled: -Infinity,
        ring: new Uint8Array(LATE_WINDOW), seen: 0, late: 0, ahead: new Steps(), carriedBy: [],
      }
      this.lines.set(platform, line)
    }
    return line
  }

  private countLate(line: Line, late: boolean): void {
    const slot = line.seen % LATE_WINDOW
    line.late += (late ? 1 : 0) - (line.ring[slot] as number)
    line.ring[slot] = late ? 1 : 0
    line.seen++
  }

  save(): TimekeeperState {
    return {
      mark: this.number, furthest: this.furthest, resource: this.resource, newest: this.newest,
      median: this.median.save(), ahead: this.ahead.whole,
      lines: [...this.lines.values()].map((line) => ({ ...line, ahead: line.ahead.whole, carriedBy: Array.from(line.carriedBy, Boolean) })),
    }
  }

  load(state: TimekeeperState): void {
    this.number = state.mark
    this.furthest = state.furthest
    this.resource = state.resource
    this.newest = state.newest
    this.median = new RunningMedian(MEDIAN_OF, state.median)
    this.ahead = Steps.of(state.ahead)
    this.lastLine = undefined
    this.lines.clear()
    for (const line of state.lines) {
      this.lines.set(line.platform, { ...line, lateness: this.latenessOf(line.platform), ring: Uint8Array.from(line.ring), ahead: Steps.of(line.ahead), carriedBy: [...line.carriedBy ?? []] })
    }
  }
}

function lowest({ any, waited }: Bounds): Ms {
  return waited.reduce((low, w) => Math.min(low, w.until), any)
}

function boundOf(line: Line, { any, waited }: Bounds): Ms {
  return waited.reduce((low, w) => (w.isNew || line.carriedBy[w.topic] ? Math.min(low, w.until) : low), any)
}

function noteFields(line: Line, event: Held): void {
  for (let i = 0; i < FIELDS.length; i++) {
    if (!(event.present & (1 << i))) continue
    const before = line.fields[i] as Ms | null
    if (before !== null && before <= event.time) continue
    // A mark that has been handed out keeps what it said.
    line.fields = line.fields.with(i, event.time)
    line.present |= 1 << i
  }
  line.settled = Math.max(...line.fields.map((t) => t ?? -Infinity))
}
