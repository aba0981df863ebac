import { z } from 'zod'
import { duration, MINUTE, SECOND, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { addEvidence } from '../warnings/evidence.ts'
import { ask, countRequest, takeAnswered, takeMissed, type Pending } from './shared/challenges.ts'
import {
  checkState, endWatching, isCounted, newCheckEpisodes, playInto, secondsWatched, takeWatching, watchMore, watchOn, type CheckEpisodes, type CheckState,
} from './shared/check-state.ts'
import { explainChecks, type CheckFacts, type CheckKind } from './shared/check-words.ts'
import { chaptersOf, disputedOf, isProven, newEpisode, nextOver, openEpisode, takeOver, type Episode } from './shared/episode.ts'
import { round3 } from './shared/wording.ts'

const KINDS = ['missed', 'failed', 'none', 'fixed'] as const satisfies readonly CheckKind[]

const params = z.strictObject({
  kinds: z.array(z.enum(KINDS)).min(1).default([...KINDS]).describe(
    'What counts: a check not answered in time, checks failed in a row, no check for long, checks at fixed intervals.',
  ),
  answer: duration.prefault('60s').describe('Time to answer a check (1 minute is a class hour rule).'),
  proof: duration.prefault('60s').describe('The session must be heard of within this time after the deadline, or the outcome is unknown.'),
  misses: z.int().min(1).default(3).describe('Checks missed in a row from which on it is more than a hint of severity `low`: people go to the door.'),
  fails: z.int().min(2).default(2).describe('Checks failed in a row; unusable photos count neither way.'),
  none: duration.prefault('20m').describe(
    'Watching so long without any check (every 10 to 15 minutes is a published rule), and a tenth longer than `checks` of the platform in the catalogue; ' +
      'where that is not told, twice as long as it has ever let this learner watch between two checks.',
  ),
  waits: z.int().min(1).default(5).describe('So many checks must have been asked of a learner before they tell how often the platform asks.'),
  intervals: z.int().min(2).default(5).describe('Equal intervals between requests in a row that make them foreseeable.'),
  tolerance: duration.prefault('2s').describe('Intervals that differ by no more than this are equal.'),
  gap: duration.prefault('10m').describe('A pause longer than this, or a silence, starts the count of watching without a check anew.'),
  quiet: duration.prefault('90s').describe('Playback without positions is believed for so long at most.'),
  end: duration.prefault('1h').describe('After so long without it the episode is over.'),
})

/** Face checks that are not answered, failed, never requested, or requested so regularly that they can be foreseen. */
export const faceCheck = defineDetector<typeof params, CheckState, CheckFacts>({
  name: 'face-check',
  version: 2,
  migrations: { 1: migrateChecks },
  summary: 'Face checks are not answered, fail in a row, are not requested for long, or come at fixed intervals.',
  stage: 'learner',
  params,
  facts: {
    kind: '`missed`, `failed`, `none` or `fixed`', count: 'checks or requests in a row',
    seconds: 'time without an answer or a check, or the interval', limit: 'what is allowed: seconds for `missed` and `none`, else a number',
  },
  actions: [
    'logged-in', 'logged-out', 'initialized', 'played', 'paused', 'seeked', 'rate-changed', 'heartbeat', 'completed', 'terminated', 'navigated',
    'answered', 'face-requested', 'face-checked',
  ],
  needs: [['challenge', 'outcome']],
  state: checkState,

  onEvent(event, context) {
    const { state, params, span } = context
    if (state.episodes !== undefined) closeEpisodes(context)
    if (concernsRequestsOnly(params)) {
      if (event.action === 'face-requested') countEqual(event, context)
    } else {
      if (span !== undefined && isProven(span, params.quiet)) watch(event, span, context)
      if (state.pending !== undefined || event.action === 'face-checked' || event.action === 'face-requested') settle(event, context)
    }
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

function limitToTell(context: Call): number {
  const limit = noneLimit(context)
  return Math.round((limit === Infinity ? context.params.none : limit) / SECOND)
}

/** What is watched is measured from events, a few seconds apart. */
const BEYOND = 1.1

type Params = Call['params']
type Call = Parameters<typeof faceCheck.onEvent>[1]

/** Brings state of version 1 to 2: what was raised of missed checks stays as grave as it was. */
function migrateChecks(state: unknown): unknown {
  const { missed, episodes, ...rest } = state as Pick<CheckState, 'missed' | 'episodes'>
  return {
    ...rest, told: 0, waits: 0, longest: 0, missed: missed && { ...missed, row: 1 }, episodes: episodes && { ...episodes, away: episodes.open.missed !== undefined },
  }
}

/** Whether nothing counts but when checks are requested, so that neither outcomes nor what is watched need be looked at. */
function concernsRequestsOnly({ kinds }: Params): boolean {
  return kinds.length === 1 && kinds[0] === 'fixed'
}

/** Counts watching without a check, and adds what is played to the episodes that it belongs to. */
function watch(event: Event, span: Span, context: Call): void {
  const { state, params } = context
  if (state.pending !== undefined || state.missed !== undefined || state.failing !== undefined) playInto(state, span)
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
  if (!watchOn(state, span.chapter, from, span.to)) {
    if (!isAsked(context)) {
      state.end = span.to
      return
    }
    watchMore(state, event, span, from)
  }
  if (secondsWatched(state) >= params.none / SECOND && secondsWatched(state) >= noneLimit(context) / SECOND) reachLimit(event, context)
}

/** How much may be watched without a check: when to ask is the platform's choice, so its own interval comes first. */
function noneLimit(context: Call): Ms {
  const { state, params, catalogue, platform, notEvaluable } = context
  const checks = catalogue.platform(platform)?.checks
  if (checks !== undefined) return Math.max(params.none, BEYOND * checks)
  if (state.waits >= params.waits) return Math.max(params.none, 2 * state.longest * SECOND)
  if (!state.told) notEvaluable('no `checks` in the catalogue: it is unknown how long the platform lets people watch between face checks')
  state.told = true
  return Infinity
}

/** A platform that has never asked anybody has no face checks: then nobody lacks one, and there is no sketch. */
function isAsked({ state, sends }: Call): boolean {
  return (state.asked ||= sends('challenge') || sends('outcome'))
}

function reachLimit(event: Event, context: Call): void {
  const { state } = context
  const watching = takeWatching(state)
  if (watching.evidence.count > 1) watching.evidence.events.push(event.id)
  openKind('none', watching, 0, context)
  if (state.episodes !== undefined) state.episodes.unchecked = true
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
  const { state, params } = context
  state.asked = true
  // Whoever fails or sends a bad photo is there.
  if (event.outcome !== 'missed' && state.missed !== undefined) state.missed.row = 0
  endWatching(state)
  state.end = event.time
  if (event.outcome === 'missed') {
    if (answered !== undefined || !isCounted(state.missed, event, params.answer + 2 * params.proof)) countMissed(answered, event, context)
  } else if (event.outcome === 'failed') {
    countFailed(event, context)
  } else if (event.outcome !== 'unusable') {
    if (state.missed !== undefined) state.missed.absent = false
    state.failing = undefined
  }
}

function countMissed(p: Pending | undefined, event: Event, context: Call): void {
  const { state, params } = context
  const run = p?.episode ?? newEpisode(event.time)
  run.end = event.time
  addEvidence(run.evidence, event.id)
  const row = (state.missed?.row ?? 0) + 1
  state.missed = { challenge: p?.challenge ?? event.challenge, at: p?.at ?? event.time, absent: true, row }
  if (!params.kinds.includes('missed')) return
  const episodes = (state.episodes ??= newCheckEpisodes())
  const hinted = episodes.away ? undefined : episodes.open.missed
  episodes.away ||= row >= params.misses
  openKind('missed', run, (episodes.counts.missed ?? 0) + 1, context)
  if (hinted !== undefined && episodes.away) report('missed', hinted, 'ongoing', context)
}

function countFailed(event: Event, context: Call): void {
  const { state, params } = context
  const failing = (state.failing ??= { count: 0, episode: undefined })
  failing.count++
  const { episodes } = state
  const count = Math.max(episodes?.counts.failed ?? 0, failing.count)
  const open = episodes?.open.failed
  if (failing.count > params.fails && episodes !== undefined && open !== undefined) {
    addEvidence(open.evidence, event.id)
    open.end = event.time
    episodes.counts.failed = count
    return
  }
  const run = (failing.episode ??= newEpisode(event.time))
  addEvidence(run.evidence, event.id)
  run.end = event.time
  if (failing.count < params.fails) return
  failing.episode = undefined
  openKind('failed', run, count, context)
}

/** Takes a request: it ends what waits for one, and may come at an interval that can be foreseen. */
function requested(event: Event, context: Call): void {
  const { state, params } = context
  state.asked = true
  if (state.missed !== undefined) state.missed.absent = false
  noteWait(state)
  endWatching(state)
  state.end = event.time
  state.pending = ask(state.pending, event)
  if (params.kinds.includes('fixed')) countEqual(event, context)
}

/** Remembers how long the platform has let this learner watch; a second try, a few seconds after the first, is no interval. */
function noteWait(state: CheckState): void {
  const watched = secondsWatched(state)
  if (!(watched >= MINUTE / SECOND) || state.episodes?.unchecked === true) return
  state.waits++
  if (watched > state.longest) state.longest = watched
}

function countEqual(event: Event, context: Call): void {
  const { state, params } = context
  const equal = countRequest(state, event.time, params.answer, params.tolerance)
  if (equal === undefined || equal.count < params.intervals) return
  const { episodes } = state
  const open = episodes?.open.fixed
  const run = open ?? newEpisode(equal.since)
  run.end = event.time
  run.seconds = state.interval / SECOND
  addEvidence(run.evidence, event.id)
  if (episodes === undefined || open === undefined) openKind('fixed', run, equal.count + 1, context)
  else episodes.counts.fixed = equal.count + 1
}

/** Makes a run an episode or part of the open one of its kind, with `count` as the new count of that. */
function openKind(kind: CheckKind, run: Episode, count: number, context: Call): void {
  const { state, params } = context
  if (!params.kinds.includes(kind)) return
  const episodes = (state.episodes ??= newCheckEpisodes())
  episodes.counts[kind] = count
  if (openEpisode(episodes, kind, run)) report(kind, run, 'ongoing', context)
}

function closeEpisodes(context: Call): void {
  const { state, params, now } = context
  const episodes = state.episodes as CheckEpisodes
  for (let over = takeOver(episodes, now, params.end); over !== undefined; over = takeOver(episodes, now, params.end)) {
    report(over[0], over[1], 'ended', context)
    delete episodes.counts[over[0]]
    if (over[0] === 'missed') episodes.away = false
  }
}

function report(kind: CheckKind, e: Episode, episode: 'ongoing' | 'ended', context: Call): void {
  const { params, state } = context
  const limit = { missed: () => params.answer / SECOND, failed: () => params.fails, none: () => limitToTell(context), fixed: () => params.intervals }[kind]()
  context.raise({
    episode, begin: e.begin, end: e.end, chapters: chaptersOf(e.stretches), disputed: disputedOf(context.id, e.stretches), evidence: e.evidence,
    facts: { kind, count: state.episodes?.counts[kind] ?? 0, seconds: round3(e.seconds), limit },
    // The platform, not the learner, chooses when to ask; and one check is easily missed.
    severity: kind === 'fixed' || (kind === 'missed' && state.episodes?.away !== true) ? 'low' : undefined,
  })
}
