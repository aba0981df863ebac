import { z } from 'zod'
import { duration, SECOND, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { addEvidence } from '../warnings/evidence.ts'
import { explainChecks, type CheckFacts, type CheckKind } from './shared/check-words.ts'
import { ask, countRequest, playPending, takeAnswered, takeMissed, type Pending, type Requests } from './shared/challenges.ts'
import {
  addPlayback, addToSketch, chaptersOf, countEvidence, disputedOf, isProven, JOIN, newEpisode, newEpisodes, nextOver, openEpisode, startSketch,
  takeOver, takeSketch, type Episode, type Episodes, type Sketch,
} from './shared/episode.ts'
import { round3 } from './shared/wording.ts'

const KINDS = ['missed', 'failed', 'none', 'fixed'] as const satisfies readonly CheckKind[]

const params = z.strictObject({
  kinds: z.array(z.enum(KINDS)).min(1).default([...KINDS]).describe(
    'What counts: a check not answered in time, checks failed in a row, no check for long, checks at fixed intervals.',
  ),
  answer: duration.prefault('60s').describe('Time to answer a check (1 minute is a class hour rule).'),
  proof: duration.prefault('60s').describe('The session must be heard of within this time after the deadline, or the outcome is unknown.'),
  fails: z.int().min(2).default(2).describe('Checks failed in a row; unusable photos count neither way.'),
  none: duration.prefault('20m').describe('Watching so long without any check (every 10 to 15 minutes is a published rule).'),
  intervals: z.int().min(2).default(5).describe('Equal intervals between requests in a row that make them foreseeable.'),
  tolerance: duration.prefault('2s').describe('Intervals that differ by no more than this are equal.'),
  gap: duration.prefault('10m').describe('A pause longer than this, or a silence, starts the count of watching without a check anew.'),
  quiet: duration.prefault('90s').describe('Playback without positions is believed for so long at most.'),
  end: duration.prefault('1h').describe('After so long without it the episode is over.'),
})

/**
 * The state is the sketch of what was watched since the last check as well, since nearly every event adds to it: there
 * `end` is the end of the last playback, or the last check, even where there is no sketch.
 */
interface State extends Sketch {
  pending: Pending[] | undefined
  /** The last check that was counted as missed: the platform may say so, too. */
  missed: { challenge: string | undefined; at: Ms } | undefined
  /** Since a check was missed none has been requested or passed: what is played goes to that episode. */
  absent: boolean
  /** From the first of the failed checks on, until one passes. */
  failing: Episode | undefined
  fails: number
  /** Session of the last playback. */
  session: string | undefined
  /** Watching since the last check, until it counts, where that is more than a sketch. */
  watching: Episode | undefined
  unchecked: boolean
  /** Whether the platform is known to ask. */
  asked: boolean
  /** Only where intervals count. */
  requests: Requests | undefined
  episodes: Episodes<CheckKind> | undefined
  counts: Partial<Record<CheckKind, number>> | undefined
}

/** Face checks that are not answered, failed, never requested, or requested so regularly that they can be foreseen. */
export const faceCheck = defineDetector<typeof params, State, CheckFacts>({
  name: 'face-check',
  version: 1,
  summary: 'Face checks are not answered, fail in a row, are not requested for long, or come at fixed intervals.',
  stage: 'learner',
  params,
  actions: [
    'logged-in', 'logged-out', 'initialized', 'played', 'paused', 'seeked', 'rate-changed', 'heartbeat', 'completed', 'terminated', 'navigated',
    'answered', 'face-requested', 'face-checked',
  ],
  needs: [['challenge', 'outcome']],
  newState: () => ({
    episodes: undefined, pending: undefined, absent: false, fails: 0, asked: false, unchecked: false, watching: undefined, count: 0, end: -Infinity,
    seconds: NaN, session: undefined, chapter: '', begin: -Infinity, first: '', requests: undefined, missed: undefined, failing: undefined, counts: undefined,
  }),

  onEvent(event, context) {
    const { state, params } = context
    if (state.episodes !== undefined) closeEpisodes(context)
    const { span } = context
    if (span !== undefined && isProven(span, params.quiet) && !concernsRequestsOnly(params)) watch(event, span, context)
    if (state.pending !== undefined || event.action === 'face-checked' || event.action === 'face-requested') settle(event, context)
    if (state.episodes !== undefined) context.wakeAt(nextOver(state.episodes, event.time, params.end))
  },

  onTimer(at, context) {
    const { episodes } = context.state
    if (episodes === undefined) return
    closeEpisodes(context)
    context.wakeAt(nextOver(episodes, at, context.params.end))
  },

  explain: explainChecks,
})

type Params = Call['params']
type Call = Parameters<typeof faceCheck.onEvent>[1]

/** Whether nothing counts but when checks are requested, so that what is watched need not be looked at. */
function concernsRequestsOnly({ kinds }: Params): boolean {
  return kinds.length === 1 && kinds[0] === 'fixed'
}

/** Counts watching without a check, and adds what is played to the episodes that it belongs to. */
function watch(event: Event, span: Span, context: Call): void {
  const { state, params } = context
  if (state.pending !== undefined || state.absent || state.fails > 0) playInto(span, context)
  const pause = span.from - state.end
  if (state.session !== event.session) {
    if (state.session !== undefined && event.session !== undefined) endWatching(state)
    state.session = event.session
  }
  if (pause > params.gap) endWatching(state)
  if (span.to - span.from > params.gap) {
    // Nothing was heard of the session for so long: a check within may be lost, as all else was.
    endWatching(state)
    state.end = span.to
    return
  }
  // A check may lie within the stretch: what was played before it is not without one.
  const from = Math.max(span.from, state.end)
  // A platform that has never asked anybody has no face checks: then nobody lacks one.
  state.asked ||= context.sends('challenge') || context.sends('outcome')
  if (!state.asked) {
    state.end = span.to
  } else if (state.count > 0 && state.chapter === span.chapter && pause <= JOIN) {
    addToSketch(state, from, span.to)
    if (state.seconds >= params.none / SECOND) reachLimit(event, context)
  } else {
    watchMore(event, span, from, context)
  }
}

/** Adds what is played to the episodes of checks that it belongs to. */
function playInto(span: Span, { state }: Call): void {
  const { episodes } = state
  if (state.pending !== undefined) playPending(state.pending, span)
  if (state.absent && episodes?.open.missed !== undefined) {
    addPlayback(episodes.open.missed, span.chapter, Math.max(span.from, state.missed?.at ?? span.from), span.to)
  }
  if (state.fails === 0) return
  const into = state.failing ?? episodes?.open.failed
  if (into !== undefined) addPlayback(into, span.chapter, Math.max(span.from, into.begin), span.to)
}

/** Counts watching that is not the second part of a sketch or a later one: the first, another stretch, or that of an open episode. */
function watchMore(event: Event, span: Span, from: Ms, context: Call): void {
  const { state, params } = context
  const open = state.episodes?.open.none
  if (state.unchecked && open !== undefined) {
    addPlayback(open, span.chapter, from, span.to)
    addEvidence(open.evidence, event.id)
  } else if (state.count === 0 && state.watching === undefined && span.to > from) {
    startSketch(state, span.chapter, from, span.to, event.id)
  } else {
    state.watching ??= state.count > 0 ? takeSketch(state) : newEpisode(from)
    addPlayback(state.watching, span.chapter, from, span.to)
    countEvidence(state.watching.evidence, event.id)
  }
  state.end = span.to
  const { seconds } = state.watching ?? state
  if ((state.watching !== undefined || state.count > 0) && seconds >= params.none / SECOND) reachLimit(event, context)
}

function reachLimit(event: Event, context: Call): void {
  const { state } = context
  const watching = state.watching ?? takeSketch(state)
  if (watching.evidence.count > 1) watching.evidence.events.push(event.id)
  state.watching = undefined
  state.unchecked = true
  openKind('none', watching, 0, context)
}

/** Takes what concerns a check: a request, an outcome, or an event while one waits for its answer. */
function settle(event: Event, context: Call): void {
  const { state, params } = context
  const { pending } = state
  const answered = event.action === 'face-checked' && pending !== undefined ? takeAnswered(pending, event, params.answer) : undefined
  if (pending !== undefined) passDeadlines(event, pending, context)
  if (event.action === 'face-checked') checked(event, answered, context)
  if (event.action === 'face-requested') requested(event, context)
  if (state.pending?.length === 0) state.pending = undefined
}

/** Counts the requests whose deadline has passed without an answer. */
function passDeadlines(event: Event, pending: Pending[], context: Call): void {
  const { answer, proof } = context.params
  for (let p = takeMissed(pending, event, answer, proof); p !== undefined; p = takeMissed(pending, event, answer, proof)) {
    countMissed(p, event, context)
  }
}

/** Takes the outcome of a check, and the request that it answers. */
function checked(event: Event, answered: Pending | undefined, context: Call): void {
  const { state } = context
  state.asked = true
  endWatching(state)
  state.end = event.time
  if (event.outcome === 'missed') {
    if (answered !== undefined || !isCounted(event, context)) countMissed(answered, event, context)
  } else if (event.outcome === 'failed') {
    countFailed(event, context)
  } else if (event.outcome !== 'unusable') {
    state.absent = false
    state.failing = undefined
    state.fails = 0
  }
}

/** Whether the check that the platform calls missed has been counted already. */
function isCounted(event: Event, { state, params }: Call): boolean {
  const { missed } = state
  if (missed === undefined) return false
  if (event.challenge !== undefined && missed.challenge !== undefined) return event.challenge === missed.challenge
  return event.time - missed.at <= params.answer + 2 * params.proof
}

function countMissed(p: Pending | undefined, event: Event, context: Call): void {
  const { state } = context
  const run = p?.episode ?? newEpisode(event.time)
  run.end = event.time
  addEvidence(run.evidence, event.id)
  state.missed = { challenge: p?.challenge ?? event.challenge, at: p?.at ?? event.time }
  state.absent = true
  openKind('missed', run, (state.counts?.missed ?? 0) + 1, context)
}

function countFailed(event: Event, context: Call): void {
  const { state, params } = context
  state.fails++
  const open = state.episodes?.open.failed
  if (state.fails > params.fails && open !== undefined) {
    addEvidence(open.evidence, event.id)
    open.end = event.time
    setCount(state, 'failed', Math.max(state.counts?.failed ?? 0, state.fails))
    return
  }
  const failing = (state.failing ??= newEpisode(event.time))
  addEvidence(failing.evidence, event.id)
  failing.end = event.time
  if (state.fails < params.fails) return
  state.failing = undefined
  openKind('failed', failing, Math.max(state.counts?.failed ?? 0, state.fails), context)
}

/** Takes a request: it ends what waits for one, and may come at an interval that can be foreseen. */
function requested(event: Event, context: Call): void {
  const { state, params } = context
  state.asked = true
  state.absent = false
  endWatching(state)
  state.end = event.time
  ask((state.pending ??= []), event)
  if (params.kinds.includes('fixed')) countEqual(event, context)
}

function countEqual(event: Event, context: Call): void {
  const { state, params } = context
  const { request: before } = (state.requests ??= { request: -Infinity, interval: -Infinity, equal: 0, equalSince: -Infinity })
  const { request, interval, equal, equalSince } = countRequest(state.requests, event.time, params.answer, params.tolerance)
  if (request === before || equal < params.intervals) return
  const open = state.episodes?.open.fixed
  const run = open ?? newEpisode(equalSince)
  run.end = event.time
  run.seconds = interval / SECOND
  addEvidence(run.evidence, event.id)
  setCount(state, 'fixed', equal + 1)
  if (run !== open) openKind('fixed', run, equal + 1, context)
}

function endWatching(state: State): void {
  state.count = 0
  state.watching = undefined
  state.unchecked = false
}

function setCount(state: State, kind: CheckKind, count: number): void {
  ;(state.counts ??= {})[kind] = count
}

/** Makes a run an episode or part of the open one of its kind, with `count` as the new count of that. */
function openKind(kind: CheckKind, run: Episode, count: number, context: Call): void {
  const { state, params } = context
  if (!params.kinds.includes(kind)) return
  setCount(state, kind, count)
  if (openEpisode((state.episodes ??= newEpisodes()), kind, run)) report(kind, run, 'ongoing', context)
}

function closeEpisodes(context: Call): void {
  const { state, params, now } = context
  const episodes = state.episodes as Episodes<CheckKind>
  for (let over = takeOver(episodes, now, params.end); over !== undefined; over = takeOver(episodes, now, params.end)) {
    report(over[0], over[1], 'ended', context)
    delete state.counts?.[over[0]]
  }
}

function report(kind: CheckKind, e: Episode, episode: 'ongoing' | 'ended', context: Call): void {
  const { params, state } = context
  const limit = { missed: params.answer / SECOND, failed: params.fails, none: params.none / SECOND, fixed: params.intervals }[kind]
  context.raise({
    episode, begin: e.begin, end: e.end, chapters: chaptersOf(e.stretches), disputed: disputedOf(context.id, e.stretches), evidence: e.evidence,
    facts: { kind, count: state.counts?.[kind] ?? 0, seconds: round3(e.seconds), limit },
    // The platform, not the learner, chooses when to ask.
    severity: kind === 'fixed' ? 'low' : undefined,
  })
}
