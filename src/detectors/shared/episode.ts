import { number, ref } from '../../base/record.ts'
import { SECOND, type Ms } from '../../base/time.ts'
import type { Disputed } from '../../engine/detector.ts'
import type { Span } from '../../telemetry/playback.ts'
import { addEvidence, newEvidence, type Evidence } from '../../warnings/evidence.ts'

/** A stretch of playback of one chapter; `seconds` may be less than `end - begin`. Plain data. */
export interface Stretch {
  chapter: string
  begin: Ms
  end: Ms
  seconds: number
}

/** Behaviour of one kind that goes on: its first and last evidence, the playback it touches and its seconds. Plain data. */
export interface Episode {
  begin: Ms
  end: Ms
  seconds: number
  stretches: Stretch[]
  evidence: Evidence
}

/** What one rule has open for one learner, by kind of behaviour. Plain data. */
export interface Episodes<K extends string> {
  open: Partial<Record<K, Episode>>
  /** The last few `begin`s that were raised. */
  claimed: Ms[]
}

/**
 * Playback that is only suspected, as long as it is one stretch of one chapter. Flat, since every honest learner has some
 * nearly always; `count` is 0 where there is none. Plain data.
 */
export interface Sketch {
  chapter: string | undefined
  begin: Ms
  end: Ms
  seconds: number
  /** The first event, and how many there are. */
  first: string | undefined
  count: number
}

/** The fields of a sketch, for the record of a learner who always has one. */
export const sketchFields = {
  chapter: ref<string>(), begin: number(NaN), end: number(-Infinity), seconds: number(NaN), first: ref<string>(), count: number(0),
}

const MOST_STRETCHES = 50
const MOST_CLAIMED = 8
/** Stretches of one chapter that are no further apart are one entry: a pause is no reason for another. */
export const JOIN: Ms = 60 * SECOND

export function newEpisode(begin: Ms): Episode {
  return { begin, end: begin, seconds: 0, stretches: [], evidence: newEvidence() }
}

export function newEpisodes<K extends string>(): Episodes<K> {
  return { open: {}, claimed: [] }
}

/**
 * Whether a stretch of playback is proven: media advanced as the clock, or nothing is known of the media and the stretch
 * is no longer than `quiet`.
 */
export function isProven(span: Span, quiet: Ms): boolean {
  return span.agrees ?? span.to - span.from <= quiet
}

/** Adds playback from `begin` to `end` to a list in time order; time that the list has already counts once. */
export function addStretch(list: Stretch[], chapter: string, begin: Ms, end: Ms, seconds: number = (end - begin) / SECOND): void {
  let same: Stretch | undefined
  for (let i = list.length - 1; i >= 0 && same === undefined; i--) if ((list[i] as Stretch).chapter === chapter) same = list[i]
  if (same === undefined || (begin > same.end + JOIN && list.length < MOST_STRETCHES)) {
    list.push({ chapter, begin, end, seconds })
  } else if (end > same.end) {
    same.seconds += begin >= same.end ? seconds : Math.min(seconds, (end - same.end) / SECOND)
    same.end = end
  }
}

/** Adds a stretch of playback to an episode. */
export function addPlayback(episode: Episode, chapter: string, begin: Ms, end: Ms, seconds: number = (end - begin) / SECOND): void {
  if (end <= begin) return
  addStretch(episode.stretches, chapter, begin, end, seconds)
  episode.seconds += seconds
  if (end > episode.end) episode.end = end
}

/** Counts an event of a behaviour that is only suspected: its first id is kept, since honest learners have such, too. */
export function countEvidence(evidence: Evidence, id: string): void {
  if (evidence.events.length === 0) evidence.events.push(id)
  evidence.count++
}

/** Begins a sketch with playback from `begin` to `end`, of which the event is evidence. */
export function startSketch(sketch: Sketch, chapter: string, begin: Ms, end: Ms, id: string): void {
  sketch.chapter = chapter
  sketch.begin = begin
  sketch.end = end
  sketch.seconds = (end - begin) / SECOND
  sketch.first = id
  sketch.count = 1
}

/** Goes on with a sketch: another event, and playback from `begin` to `end` that is not before its end. */
export function addToSketch(sketch: Sketch, begin: Ms, end: Ms): void {
  sketch.count++
  if (end <= begin) return
  sketch.seconds += (end - begin) / SECOND
  sketch.end = end
}

/** Makes an episode of a sketch, which is empty then. */
export function takeSketch(sketch: Sketch): Episode {
  const { chapter, begin, end, seconds, first, count } = sketch
  sketch.count = 0
  return { begin, end, seconds, stretches: [{ chapter: chapter as string, begin, end, seconds }], evidence: { events: [first as string], count } }
}

/** Makes `run` the open episode of its kind, or part of the one that is open. True: it is new and must be raised. */
export function openEpisode<K extends string>(episodes: Episodes<K>, kind: K, run: Episode): boolean {
  const open = episodes.open[kind]
  if (open === undefined) {
    run.begin = claimBegin(episodes.claimed, run.begin)
    episodes.open[kind] = run
    return true
  }
  for (const s of run.stretches) addStretch(open.stretches, s.chapter, s.begin, s.end, s.seconds)
  for (const id of run.evidence.events) addEvidence(open.evidence, id)
  open.evidence.count += run.evidence.count - run.evidence.events.length
  open.seconds += run.seconds
  open.end = Math.max(open.end, run.end)
  return false
}

// INVARIANT (identity): two episodes of one rule and learner never share `begin`, of which a warning's id is made.
function claimBegin(claimed: Ms[], begin: Ms): Ms {
  let free = begin
  while (claimed.includes(free)) free++
  if (claimed.length === MOST_CLAIMED) claimed.shift()
  claimed.push(free)
  return free
}

/** Takes out the first episode that has been quiet for `quiet` at `now`; undefined if there is none. */
export function takeOver<K extends string>(episodes: Episodes<K>, now: Ms, quiet: Ms): [K, Episode] | undefined {
  for (const kind in episodes.open) {
    const episode = episodes.open[kind]
    if (episode === undefined || now - episode.end < quiet) continue
    delete episodes.open[kind]
    return [kind, episode]
  }
  return undefined
}

/** When the next open episode will have been quiet for `quiet`, later than `now`; undefined if none is open. */
export function nextOver<K extends string>(episodes: Episodes<K>, now: Ms, quiet: Ms): Ms | undefined {
  let next: Ms | undefined
  for (const kind in episodes.open) {
    const at = Math.max((episodes.open[kind]?.end ?? 0) + quiet, now + 1)
    if (next === undefined || at < next) next = at
  }
  return next
}

/** The stretches as time that should not be credited to `learner`. */
export function disputedOf(learner: string, stretches: readonly Stretch[]): Disputed[] {
  return stretches.map((s) => ({ learner, chapter: s.chapter, begin: s.begin, end: s.end, seconds: s.seconds }))
}

/** The chapters of the stretches, each once, in order of appearance. */
export function chaptersOf(stretches: readonly Stretch[]): string[] {
  return [...new Set(stretches.map((s) => s.chapter))]
}
