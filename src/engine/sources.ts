import { MINUTE, SECOND, type Ms } from '../base/time.ts'

/** Where a record of the telemetry came from. */
export interface Origin {
  /** Index of the platform's topic; -1 where the platform wrote the record itself. */
  topic: number
  /** When it arrived in the platform's topic. */
  arrival: Ms
}

/** A partition of a platform's topic at one moment. */
export interface SourcePosition {
  topic: string
  partition: number
  /** Up to where the intake has committed what it read, and how far the log went before. */
  committed: number
  end: number
}

/** What the timekeeper knows of a partition. Plain data. */
export type SourceState = [topic: string, partition: number, next: number, arrival: Ms]

/** A partition that is waited for. It may bring events of every platform of its topic. */
interface Waited {
  /** Index of its topic. */
  topic: number
  /** Before that arrived what has been read of it. */
  until: Ms
  /** Nothing has come of the topic yet: whose it is nobody knows. */
  isNew: boolean
}

/** Before when arrived what a mark may tell time by. */
export interface Bounds {
  /** Wherever it came from. */
  any: Ms
  waited: readonly Waited[]
}

/** Time is told by all that was read. */
export const FREE: Bounds = { any: Infinity, waited: [] }

/** Wall-clock time after which a partition of which nothing comes is not waited for any more. */
const QUIET: Ms = 10 * MINUTE
// The records of one transaction are appended to all partitions of the telemetry within that time.
const APART: Ms = 2 * SECOND
// What arrives while the ends of all logs are asked for is seen in some of them and not in others; and clocks differ a little.
const MEANWHILE: Ms = 50

interface Source {
  topic: string
  partition: number
  /** Index of the topic. */
  of: number
  /** After the newest record of which an event has come; and when that arrived. */
  next: number
  arrival: Ms
  /** The same, as far as all partitions of the telemetry have surely been read as far. */
  sure: Ms
  /** What comes now has arrived after that: all there was had been read then. */
  since: Ms
  position: SourcePosition | undefined
  /** Wall clock: something came, or there was nothing to come. */
  newsAt: Ms
}

/**
 * Which partitions of the platforms' topics the intake has not read to their ends, and until when arrived what has been read of all of them.
 *
 * INVARIANT (fair): time is told as if records had been read in the order in which they arrived. The intake reads each partition at its own speed;
 * after an outage, or where hours are loaded at once, one is far ahead of another, and would carry time past records of the other, which
 * would be late for no fault of their platform's.
 */
export class Sources {
  private readonly sources: Source[] = []
  private readonly indices = new Map<string, number>()
  private readonly topics = new Map<string, { index: number; isNew: boolean }>()
  private newest: Ms = -Infinity
  /** What had arrived before was in the logs when their ends were asked for. */
  private asked: Ms = -Infinity
  /** When the pieces before were cut, by the stamps of the telemetry, and what was read of each partition then. */
  private pieces: { stamp: Ms; arrivals: readonly Ms[] }[] = []

  constructor(state: readonly SourceState[] = []) {
    for (const [topic, partition, next, arrival] of state) {
      const source = this.sources[this.index(topic, partition)] as Source
      this.bring(source, next)
      source.arrival = source.sure = arrival
      if (arrival > this.newest) this.newest = arrival
    }
  }

  /** The index of a partition, made known if it is not. */
  index(topic: string, partition: number): number {
    const key = `${topic}/${partition}`
    let index = this.indices.get(key)
    if (index === undefined) {
      let known = this.topics.get(topic)
      if (known === undefined) this.topics.set(topic, (known = { index: this.topics.size, isNew: true }))
      index = this.sources.push({ topic, partition, of: known.index, next: 0, arrival: -Infinity, sure: -Infinity, since: -Infinity, position: undefined, newsAt: Number.NaN }) - 1
      this.indices.set(key, index)
    }
    return index
  }

  /** The index of a partition's topic. */
  topicOf(index: number): number {
    return (this.sources[index] as Source).of
  }

  /** An event of a record of a partition has been read. `now`: wall clock. */
  note(index: number, offset: number, arrival: Ms, now: Ms): void {
    const source = this.sources[index] as Source
    this.bring(source, offset + 1)
    source.arrival = arrival
    source.newsAt = now
    if (arrival > this.newest) this.newest = arrival
  }

  private bring(source: Source, next: number): void {
    if (source.next === 0 && next > 0) (this.topics.get(source.topic) as { isNew: boolean }).isNew = false
    source.next = next
  }

  /** How far the platforms' topics went, before the ends were asked for that the telemetry is read to next. `now`: wall clock, before either. */
  aim(positions: readonly SourcePosition[], now: Ms): void {
    this.asked = Math.max(this.newest, now - MEANWHILE)
    // One whose topic is gone brings nothing.
    for (const source of this.sources) source.position = undefined
    for (const position of positions) {
      const source = this.sources[this.index(position.topic, position.partition)] as Source
      source.position = position
      if (Number.isNaN(source.newsAt)) source.newsAt = now
    }
  }

  /**
   * What the next mark may tell time by. `whole`: the telemetry has been read to its ends; else up to records of that `stamp` in all of its
   * partitions. A partition is waited for until nothing has come of it for ten minutes of the wall clock.
   */
  bounds(now: Ms, whole: boolean, stamp: Ms): Bounds {
    this.settle(whole, stamp)
    const waited: Waited[] = []
    for (const source of this.sources) {
      const { position } = source
      if (position === undefined) continue
      if (position.committed < position.end || (!whole && source.next < position.committed)) {
        if (now - source.newsAt < QUIET) waited.push({ topic: source.of, until: Math.max(source.sure, source.since), isNew: this.topics.get(source.topic)?.isNew === true })
      } else if (whole) {
        source.newsAt = now
        source.since = this.asked
      }
    }
    return { any: this.asked, waited }
  }

  /** What has surely been read of each partition: to the end of the telemetry all; in a piece of it what the pieces some time before had. */
  private settle(whole: boolean, stamp: Ms): void {
    const arrivals = this.sources.map((s) => s.arrival)
    if (whole) {
      this.pieces = []
      this.sources.forEach((s) => (s.sure = s.arrival))
      return
    }
    const sure = this.pieces.findLastIndex((p) => p.stamp <= stamp - APART)
    if (sure >= 0) {
      this.pieces[sure]?.arrivals.forEach((arrival, i) => ((this.sources[i] as Source).sure = arrival))
      this.pieces.splice(0, sure)
    }
    this.pieces.push({ stamp, arrivals })
  }

  /** What a successor must know. */
  save(): SourceState[] {
    return this.sources.map((s) => [s.topic, s.partition, s.next, s.sure])
  }
}
