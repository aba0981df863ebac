import { SECOND, type Ms } from '../../base/time.ts'
import type { Sitting } from './sittings.ts'

/** Wall-clock time of which at most so many seconds are meant. */
export interface Stretch {
  begin: Ms
  end: Ms
  seconds: number
}

/** What speaks against the time of one learner in one chapter. */
export interface Against {
  /** Disputes of time that was played. */
  played: readonly Stretch[]
  /** Disputes of time that a platform may credit although it was never played. */
  beyond: readonly Stretch[]
  /** Of both, those of rules that withhold. */
  playedWithhold: readonly Stretch[]
  beyondWithhold: readonly Stretch[]
  /** Of both, those of warnings that accuse: of medium severity or higher. */
  playedGrave: readonly Stretch[]
  beyondGrave: readonly Stretch[]
  /** When warnings name the learner without disputing any seconds. */
  named: readonly Stretch[]
}

/** What the log proves of one learner in one chapter, in seconds. */
export interface Proof {
  /** Played and credited, each media second once. */
  played: number
  /** Of that, what nothing disputes. */
  proven: number
  /** Of what was played, the part that only rules that withhold leave disputed. */
  playedWithhold: number
  /** Of what is proven, the part during which a warning names the learner. */
  questioned: number
  /** Disputed beyond what was played. */
  beyond: number
  beyondWithhold: number
  /** Of what was played, and beyond, what warnings dispute that accuse. */
  playedGrave: number
  beyondGrave: number
}

/** What is known of a chapter. */
export interface Chapter {
  /** Media length in seconds. */
  length: number | undefined
  /** How many media seconds the platform credits for a second of the clock, at most. */
  rate: number
}

/** What the sittings of one learner over one chapter prove. */
export function prove(sittings: readonly Sitting[], chapter: Chapter, against: Against | undefined): Proof {
  const played = counted(sittings, chapter, () => 0)
  if (against === undefined) return { played, proven: played, playedWithhold: 0, questioned: 0, beyond: 0, beyondWithhold: 0, playedGrave: 0, beyondGrave: 0 }
  const lessThan = (stretches: readonly Stretch[]): number => (stretches.length === 0 ? played : counted(sittings, chapter, (s) => within(stretches, s.begin, s.end)))
  const proven = lessThan(against.played)
  const all = (stretches: readonly Stretch[]): number => within(stretches, -Infinity, Infinity)
  return {
    played, proven,
    playedWithhold: played - lessThan(against.playedWithhold), playedGrave: played - lessThan(against.playedGrave),
    questioned: against.named.length === 0 ? 0 : proven - lessThan([...against.played, ...against.named]),
    beyond: all(against.beyond), beyondWithhold: all(against.beyondWithhold), beyondGrave: all(against.beyondGrave),
  }
}

/**
 * Media seconds that count when `taken` seconds of the clock are taken off each sitting: at most the credited ones at the rate that the
 * platform credits, those of the sittings of which anything is left, and the chapter's length. Which seconds of a sitting are taken
 * cannot be told: the least is assumed.
 */
function counted(sittings: readonly Sitting[], { length, rate }: Chapter, taken: (sitting: Sitting) => number): number {
  let credited = 0
  // Of a sitting without positions nobody knows which media seconds it played, nor how fast: it adds what was credited.
  let unplaced = 0
  const watched: ArrayLike<number>[] = []
  for (const s of sittings) {
    const left = s.credited - taken(s)
    if (left <= 0) continue
    if (s.watched.length === 0) unplaced += left
    else {
      credited += left * rate
      watched.push(s.watched)
    }
  }
  return Math.min(Math.min(credited, unionOf(watched)) + unplaced, length ?? Infinity)
}

/** How much the intervals of several lists cover together. */
export function unionOf(lists: readonly ArrayLike<number>[]): number {
  const pairs: [number, number][] = []
  for (const list of lists) for (let i = 0; i + 1 < list.length; i += 2) pairs.push([list[i] as number, list[i + 1] as number])
  pairs.sort((a, b) => a[0] - b[0])
  let sum = 0
  let reached = -Infinity
  for (const [from, to] of pairs) {
    if (to <= reached) continue
    sum += to - Math.max(from, reached)
    reached = to
  }
  return sum
}

/**
 * Seconds that the stretches mean between `from` and `to`. The seconds of each are spread evenly over it, and at each moment only the
 * densest counts: several that mean the same time count once, and never more than the time there is.
 */
export function within(stretches: readonly Stretch[], from: Ms, to: Ms): number {
  const parts: { begin: Ms; end: Ms; density: number }[] = []
  let atOnce = 0
  for (const s of stretches) {
    const begin = Math.max(s.begin, from)
    const end = Math.min(s.end, to)
    if (s.end <= s.begin) atOnce += s.begin >= from && s.begin <= to && from === -Infinity ? s.seconds : 0
    else if (end > begin) parts.push({ begin, end, density: Math.min(1, (s.seconds * SECOND) / (s.end - s.begin)) })
  }
  if (parts.length === 0) return atOnce
  if (parts.length === 1) return atOnce + secondsOf(parts[0] as (typeof parts)[0])
  const edges = [...new Set(parts.flatMap((p) => [p.begin, p.end]))].sort((a, b) => a - b)
  parts.sort((a, b) => a.begin - b.begin)
  let sum = 0
  for (let i = 0; i + 1 < edges.length; i++) {
    const begin = edges[i] as number
    const end = edges[i + 1] as number
    let density = 0
    for (const p of parts) {
      if (p.begin >= end) break
      if (p.end >= end && p.density > density) density = p.density
    }
    sum += secondsOf({ begin, end, density })
  }
  return atOnce + sum
}

function secondsOf({ begin, end, density }: { begin: Ms; end: Ms; density: number }): number {
  return ((end - begin) / SECOND) * density
}
