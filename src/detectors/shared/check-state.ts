import { flag, number, rare, record, ref, type RecordOf } from '../../base/record.ts'
import { SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Span } from '../../telemetry/playback.ts'
import { addEvidence } from '../../warnings/evidence.ts'
import { playPending, type Equal, type Pending } from './challenges.ts'
import type { CheckKind } from './check-words.ts'
import {
  addPlayback, addToSketch, countEvidence, JOIN, newEpisode, newEpisodes, sketchFields, startSketch, takeSketch, type Episode, type Episodes, type Stretch,
} from './episode.ts'

// Between two checks lie few pauses and chapters; more are no longer worth a form of their own.
const MOST_EARLIER = 8

/** The last check that was counted as missed: the platform may say so, too. Plain data. */
export interface Missed {
  challenge: string | undefined
  at: Ms
  /** Since then none has been requested or passed: what is played goes to that episode. */
  absent: boolean
  /** How many have been missed since the learner last showed up at one. */
  row: number
}

/** Checks failed in a row, until one passes. Plain data. */
export interface Failing {
  count: number
  /** From the first of them on, until they are enough. */
  episode: Episode | undefined
}

/** What is open, and how many checks each is about. Plain data. */
export interface CheckEpisodes extends Episodes<CheckKind> {
  counts: Partial<Record<CheckKind, number>>
  /** Whether the open one of missed checks is more than a hint. */
  away: boolean
  /** Whether what is watched belongs to the open episode without any check, as no check has come since. */
  unchecked: boolean
}

/**
 * What is known of one learner's face checks. The record is the sketch of what was watched since the last check as well,
 * since nearly every event adds to it: there `end` is the end of the last playback, or the last check, even where there
 * is no sketch.
 */
export const checkState = record(sketchFields, {
  /** Stretches before the one that lies open: `first` and `count` are of all of them, and so are these seconds. */
  earlier: ref<Stretch[]>(),
  watched: number(0),
  /** Takes the place of all that where stretches overlap or are too many. */
  watching: rare<Episode>(),
  /** Session of the last playback. */
  session: ref<string>(),
  /** Whether the platform is known to ask, and whether it has been said that nobody knows how often. */
  asked: flag,
  told: flag,
  /** How many stretches of watching this learner's checks have ended, and the longest of them in seconds. */
  waits: number(0),
  longest: number(0),
  /** These three only where intervals count. */
  request: number(-Infinity),
  interval: number(-Infinity),
  equal: rare<Equal>(),
  pending: ref<Pending[]>(),
  missed: rare<Missed>(),
  failing: rare<Failing>(),
  episodes: rare<CheckEpisodes>(),
})
export type CheckState = RecordOf<typeof checkState>

export function newCheckEpisodes(): CheckEpisodes {
  return { ...newEpisodes<CheckKind>(), counts: {}, away: false, unchecked: false }
}

/** A check or a break: what is watched from now on is counted anew. */
export function endWatching(state: CheckState): void {
  state.count = 0
  state.earlier = undefined
  state.watching = undefined
  if (state.episodes !== undefined) state.episodes.unchecked = false
}

/** Adds what is played to the episodes of checks that it belongs to. */
export function playInto(state: CheckState, span: Span): void {
  const { pending, missed, failing } = state
  const open = state.episodes?.open
  if (pending !== undefined) playPending(pending, span)
  if (missed?.absent === true && open?.missed !== undefined) {
    addPlayback(open.missed, span.chapter, Math.max(span.from, missed.at), span.to)
  }
  const into = failing === undefined ? undefined : (failing.episode ?? open?.failed)
  if (into !== undefined) addPlayback(into, span.chapter, Math.max(span.from, into.begin), span.to)
}

/** Goes on with the stretch that lies open. False if this is none of it; `watchMore` must follow then. */
export function watchOn(state: CheckState, chapter: string, from: Ms, to: Ms): boolean {
  if (state.count === 0 || state.chapter !== chapter || from > state.end + JOIN) return false
  if (to > from) state.watched += (to - from) / SECOND
  else if (state.earlier !== undefined) return false
  addToSketch(state, from, to)
  return true
}

/** Counts watching that is none of the stretch that lies open: another one, or part of the open episode. */
export function watchMore(state: CheckState, event: Event, { chapter, to }: Span, from: Ms): void {
  const { episodes } = state
  const open = episodes?.unchecked === true ? episodes.open.none : undefined
  if (open !== undefined) {
    addPlayback(open, chapter, from, to)
    addEvidence(open.evidence, event.id)
  } else if (state.watching === undefined && to > from && isApart(state, chapter, from)) {
    beginStretch(state, chapter, from, to, event.id)
  } else {
    const watching = (state.watching ??= state.count > 0 ? takeWatching(state) : newEpisode(from))
    addPlayback(watching, chapter, from, to)
    countEvidence(watching.evidence, event.id)
  }
  state.end = to
}

/** Whether playback from then on is a stretch of its own and goes on with none before the one that lies open. */
function isApart({ earlier }: CheckState, chapter: string, from: Ms): boolean {
  if (earlier === undefined) return true
  return earlier.length < MOST_EARLIER && !earlier.some((s) => s.chapter === chapter && from <= s.end + JOIN)
}

function beginStretch(state: CheckState, chapter: string, begin: Ms, end: Ms, id: string): void {
  const { count, watched } = state
  if (count === 0) {
    startSketch(state, chapter, begin, end, id)
    state.watched = state.seconds
    return
  }
  const last = { chapter: state.chapter as string, begin: state.begin, end: state.end, seconds: state.seconds }
  const seconds = (end - begin) / SECOND
  state.earlier = [...(state.earlier ?? []), last]
  state.chapter = chapter
  state.begin = begin
  state.end = end
  state.seconds = seconds
  state.count = count + 1
  state.watched = watched + seconds
}

/** How many seconds were watched since the last check; NaN if none or if they belong to the open episode. */
export function secondsWatched({ watching, count, watched }: CheckState): number {
  if (count > 0) return watched
  return watching === undefined ? NaN : watching.seconds
}

/** Makes an episode of what was watched since the last check; there is nothing of it then. */
export function takeWatching(state: CheckState): Episode {
  const { watching, earlier, watched } = state
  state.watching = undefined
  state.earlier = undefined
  if (watching !== undefined) return watching
  const episode = takeSketch(state)
  if (earlier === undefined) return episode
  return { ...episode, begin: earlier[0]?.begin ?? episode.begin, seconds: watched, stretches: [...earlier, ...episode.stretches] }
}

/** Whether the check that the platform calls missed has been counted already: the same, or one within `life` before. */
export function isCounted(missed: Missed | undefined, event: Event, life: Ms): boolean {
  if (missed === undefined) return false
  if (event.challenge !== undefined && missed.challenge !== undefined) return event.challenge === missed.challenge
  return event.time - missed.at <= life
}
