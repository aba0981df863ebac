import { HOUR, MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Action } from '../../telemetry/event.ts'
import type { Span } from '../../telemetry/playback.ts'

/** How much media was played in how much time of the clock, over a few minutes of playing. Plain data, in milliseconds. */
export interface Pace {
  begin: Ms
  end: Ms
  /** Its first event. */
  first: string
  media: Ms
  clock: Ms
  /** Media that the stretch before had not yet got: what was late may be caught up with. */
  owed: Ms
  /** Media beyond the player's rate: their sum, number and the largest. A few are seeks that nobody reported. */
  leaps: Ms
  leapCount: number
  largest: Ms
  /** Media beyond the clock, by chapter. */
  chapters: string[]
  excess: Ms[]
}

export interface PaceParams {
  rate: number
  excess: number
  over: Ms
}

const MOST_OWED: Ms = 2 * MINUTE
const MOST_CHAPTERS = 32
const FEW_LEAPS = 4
/** A stretch in doubt is measured on for so many times `over`. */
const PATIENCE = 3

/** A new stretch, which may catch up with what `before` was late with. */
export function newPace(before?: Pace, rate = 1): Pace {
  const owed = before === undefined ? 0 : Math.min(MOST_OWED, Math.max(0, before.clock * rate - before.media))
  return { begin: 0, end: 0, first: '', media: 0, clock: 0, owed, leaps: 0, leapCount: 0, largest: 0, chapters: [], excess: [] }
}

/** Whether nothing was played for so long that measuring begins again. */
export function isStale(pace: Pace, span: Span): boolean {
  return pace.begin > 0 && span.from - pace.end > HOUR
}

/** Adds a stretch of playback, closed by the event `id` of action `by`, that advanced media by `advance` while `clock` of wall-clock time was newly covered. */
export function addToPace(pace: Pace, span: Span, id: string, by: Action, advance: Ms, clock: Ms, params: PaceParams): void {
  if (pace.begin === 0) {
    pace.begin = span.from
    pace.first = id
  }
  pace.end = span.to
  pace.clock += clock
  if (advance <= 0) {
    // A beat may show the position that a seek reached before the seek itself is told, which then takes it back.
    const back = by === 'seeked' ? Math.min(-advance, pace.leaps) : 0
    pace.leaps -= back
    pace.media -= back
    return
  }
  pace.media += advance
  const leap = span.agrees === true ? 0 : advance - (span.to - span.from) * span.rate
  if (leap > 0) {
    pace.leaps += leap
    pace.leapCount++
    pace.largest = Math.max(pace.largest, leap)
  }
  let i = pace.chapters.indexOf(span.chapter)
  if (i < 0) {
    if (pace.chapters.length >= MOST_CHAPTERS) return
    i = pace.chapters.push(span.chapter) - 1
    pace.excess.push(0)
  }
  pace.excess[i] = (pace.excess[i] as number) + advance - clock * params.rate
}

/** Whether media was certainly too fast: even if the rest of `over` brought none, and without leaps that may be seeks. */
export function isFast(pace: Pace, params: PaceParams): boolean {
  const doubt = pace.leapCount < FEW_LEAPS ? pace.leaps : Math.min(pace.largest, pace.leaps)
  return pace.media - pace.owed - doubt > limit(params, Math.max(pace.clock, params.over))
}

/** Whether the stretch is long enough to be done with: clean, or in doubt for too long. */
export function isDone(pace: Pace, params: PaceParams): boolean {
  if (pace.clock < params.over) return false
  return pace.clock >= PATIENCE * params.over || pace.media - pace.owed <= limit(params, pace.clock)
}

// A second on top: positions are often whole seconds.
function limit({ rate, excess }: PaceParams, clock: Ms): Ms {
  return clock * rate * (1 + excess) + SECOND
}
