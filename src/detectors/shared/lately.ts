import { number, type FieldsOf } from '../../base/record.ts'
import type { Ms } from '../../base/time.ts'
import { addInterval, covered, type Intervals } from '../../base/intervals.ts'

/**
 * Fields of a record: the wall-clock time in which anything was played lately, so that it counts once. The last four
 * stretches, disjoint, the latest first; -Infinity where there are not so many. All four lie open, since pauses and
 * changes of chapter break everybody's time.
 */
export const latelyFields = {
  playedFrom1: number(-Infinity),
  playedTo1: number(-Infinity),
  playedFrom2: number(-Infinity),
  playedTo2: number(-Infinity),
  playedFrom3: number(-Infinity),
  playedTo3: number(-Infinity),
  playedFrom4: number(-Infinity),
  playedTo4: number(-Infinity),
}
export type Lately = FieldsOf<typeof latelyFields>

const MOST = 4

/** Adds a stretch; returns how much of it was played already. */
export function cover(lately: Lately, from: Ms, to: Ms): Ms {
  if (to <= from) return 0
  if (from < lately.playedTo1) return coverAgain(lately, from, to)
  // The common case: it is later than all others, and mostly touches the last one.
  if (from > lately.playedTo1) {
    lately.playedFrom4 = lately.playedFrom3
    lately.playedTo4 = lately.playedTo3
    lately.playedFrom3 = lately.playedFrom2
    lately.playedTo3 = lately.playedTo2
    lately.playedFrom2 = lately.playedFrom1
    lately.playedTo2 = lately.playedTo1
    lately.playedFrom1 = from
  }
  lately.playedTo1 = to
  return 0
}

function coverAgain(lately: Lately, from: Ms, to: Ms): Ms {
  const list: Intervals = []
  for (const n of [lately.playedFrom4, lately.playedTo4, lately.playedFrom3, lately.playedTo3, lately.playedFrom2, lately.playedTo2, lately.playedFrom1, lately.playedTo1]) if (n > -Infinity) list.push(n)
  const already = covered(list, from, to)
  addInterval(list, from, to, MOST + 1)
  const last = (i: number): number => list[list.length - i] ?? -Infinity
  Object.assign(lately, { playedFrom1: last(2), playedTo1: last(1), playedFrom2: last(4), playedTo2: last(3), playedFrom3: last(6), playedTo3: last(5), playedFrom4: last(8), playedTo4: last(7) })
  return already
}
