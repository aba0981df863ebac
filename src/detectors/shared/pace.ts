import { number, rare, ref, type FieldsOf } from '../../base/record.ts'
import { HOUR, MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Action } from '../../telemetry/event.ts'
import type { Span } from '../../telemetry/playback.ts'

/** Media beyond the player's rate: their sum, number and the largest. A few are seeks that nobody reported. */
interface Leaps {
  sum: Ms
  count: number
  largest: Ms
}

/** Media beyond the clock, of one chapter. */
interface Ahead {
  chapter: string
  excess: Ms
}

/** Fields of a record: how much media was played in how much time of the clock, over a few minutes of playing, in milliseconds. */
export const paceFields = {
  /** 0: nothing was played yet. */
  paceBegin: number(0),
  paceEnd: number(0),
  paceMedia: number(0),
  paceClock: number(0),
  /** Media that the stretch before had not yet got: what was late may be caught up with. */
  owed: number(0),
  /** Its first event. */
  firstEvent: ref<string>(),
  /** Its first chapter and the one that followed, both open, since a few minutes may hold the end of one and the begin of the next; further ones are rare. */
  firstChapter: ref<string>(),
  firstExcess: number(0),
  nextChapter: ref<string>(),
  nextExcess: number(0),
  further: rare<Ahead[]>(),
  leaps: rare<Leaps>(),
}
export type Pace = FieldsOf<typeof paceFields>

export interface PaceParams {
  rate: number
  excess: number
  over: Ms
}

const MOST_OWED: Ms = 2 * MINUTE
const MOST_FURTHER = 30
const FEW_LEAPS = 4
/** A stretch in doubt is measured on for so many times `over`. */
const PATIENCE = 3

/** Begins a new stretch. */
export function beginPace(pace: Pace): void {
  pace.paceBegin = pace.paceEnd = pace.paceMedia = pace.paceClock = pace.owed = pace.firstExcess = pace.nextExcess = 0
  pace.firstEvent = pace.firstChapter = pace.nextChapter = pace.further = pace.leaps = undefined
}

/** Begins a new stretch, which may catch up with what the one at hand was late with. */
export function continuePace(pace: Pace, rate: number): void {
  const owed = Math.min(MOST_OWED, Math.max(0, pace.paceClock * rate - pace.paceMedia))
  beginPace(pace)
  pace.owed = owed
}

/** Whether nothing was played for so long that measuring begins again. */
export function isStale(pace: Pace, span: Span): boolean {
  return pace.paceBegin > 0 && span.from - pace.paceEnd > HOUR
}

/** Adds a stretch of playback, closed by the event `id` of action `by`, that advanced media by `advance` while `clock` of wall-clock time was newly covered. */
export function addToPace(pace: Pace, span: Span, id: string, by: Action, advance: Ms, clock: Ms, params: PaceParams): void {
  if (pace.paceBegin === 0) {
    pace.paceBegin = span.from
    pace.firstEvent = id
  }
  pace.paceEnd = span.to
  pace.paceClock += clock
  if (advance <= 0) return takeBack(pace, by, -advance)
  pace.paceMedia += advance
  const leap = span.agrees === true ? 0 : advance - (span.to - span.from) * span.rate
  if (leap > 0) addLeap(pace, leap)
  addExcess(pace, span.chapter, advance, clock * params.rate)
}

// A beat may show the position that a seek reached before the seek itself is told, which then takes it back.
function takeBack(pace: Pace, by: Action, retreat: Ms): void {
  const { leaps } = pace
  if (by !== 'seeked' || leaps === undefined) return
  const back = Math.min(retreat, leaps.sum)
  leaps.sum -= back
  pace.paceMedia -= back
}

function addLeap(pace: Pace, leap: Ms): void {
  const leaps = (pace.leaps ??= { sum: 0, count: 0, largest: 0 })
  leaps.sum += leap
  leaps.count++
  leaps.largest = Math.max(leaps.largest, leap)
}

function addExcess(pace: Pace, chapter: string, advance: Ms, due: Ms): void {
  const first = (pace.firstChapter ??= chapter)
  if (chapter === first) pace.firstExcess = pace.firstExcess + advance - due
  else if (chapter === (pace.nextChapter ??= chapter)) pace.nextExcess = pace.nextExcess + advance - due
  else {
    const further = pace.further ?? []
    const ahead = further.find((a) => a.chapter === chapter)
    if (ahead !== undefined) ahead.excess = ahead.excess + advance - due
    else if (further.length < MOST_FURTHER) pace.further = [...further, { chapter, excess: advance - due }]
  }
}

/** Media beyond the clock by chapter, in the order in which they came. */
export function excessByChapter(pace: Pace): Ahead[] {
  const { firstChapter, nextChapter } = pace
  return [
    ...(firstChapter === undefined ? [] : [{ chapter: firstChapter, excess: pace.firstExcess }]),
    ...(nextChapter === undefined ? [] : [{ chapter: nextChapter, excess: pace.nextExcess }]),
    ...(pace.further ?? []),
  ]
}

/** Whether media was certainly too fast: even if the rest of `over` brought none, and without leaps that may be seeks. */
export function isFast(pace: Pace, params: PaceParams): boolean {
  const { leaps, paceClock: clock } = pace
  const doubt = leaps === undefined ? 0 : leaps.count < FEW_LEAPS ? leaps.sum : Math.min(leaps.largest, leaps.sum)
  return pace.paceMedia - pace.owed - doubt > limit(params, Math.max(clock, params.over))
}

/** Whether the stretch is long enough to be done with: clean, or in doubt for too long. */
export function isDone(pace: Pace, params: PaceParams): boolean {
  const { paceClock: clock } = pace
  if (clock < params.over) return false
  return clock >= PATIENCE * params.over || pace.paceMedia - pace.owed <= limit(params, clock)
}

// A second on top: positions are often whole seconds.
function limit({ rate, excess }: PaceParams, clock: Ms): Ms {
  return clock * rate * (1 + excess) + SECOND
}
