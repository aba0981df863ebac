import { z } from 'zod'
import { duration, SECOND, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { addEvidence } from '../warnings/evidence.ts'
import { ask, playPending, takeAnswered, takeMissed, type Pending } from './shared/challenges.ts'
import {
  addPlayback, chaptersOf, countEvidence, disputedOf, isProven, newEpisode, newEpisodes, nextOver, openEpisode, takeOver, type Episode, type Episodes,
} from './shared/episode.ts'
import { round3, spellSeconds, spellSecondsZh } from './shared/wording.ts'

const KINDS = ['missed', 'failed', 'none', 'fixed'] as const
type Kind = (typeof KINDS)[number]

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
  gap: duration.prefault('10m').describe('A pause longer than this starts the count of watching without a check anew.'),
  quiet: duration.prefault('90s').describe('Playback without positions is believed for so long at most.'),
  end: duration.prefault('1h').describe('After so long without it the episode is over.'),
})

type State = {
  pending: Pending[] | undefined
  /** The last check that was counted as missed: the platform may say so, too. */
  missed: { challenge: string | undefined; at: Ms } | undefined
  /** Since a check was missed none has been requested or passed: what is played goes to that episode. */
  absent: boolean
  /** From the first of the failed checks on, until one passes. */
  failing: Episode | undefined
  fails: number
  /** Watching since the last check: session, end of the last playback, and what there is of it until it counts. */
  session: string | undefined
  watchedTo: Ms | undefined
  watching: Episode | undefined
  unchecked: boolean
  asked: boolean
  /** Last request, the interval before it and how many equal ones there were. */
  request: Ms | undefined
  interval: Ms
  equal: number
  equalSince: Ms
  episodes: Episodes<Kind> | undefined
  counts: Partial<Record<Kind, number>>
}
type Facts = { kind: Kind; count: number; seconds: number; limit: number }

/** Face checks that are not answered, failed, never requested, or requested so regularly that they can be foreseen. */
export const faceCheck = defineDetector<typeof params, State, Facts>({
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
    pending: undefined, missed: undefined, absent: false, failing: undefined, fails: 0, session: undefined, watchedTo: undefined, watching: undefined,
    unchecked: false, asked: false, request: undefined, interval: 0, equal: 0, equalSince: 0, episodes: undefined, counts: {},
  }),

  onEvent(event, context) {
    const { state, params } = context
    if (state.episodes !== undefined) closeEpisodes(context)
    const span = context.span !== undefined && isProven(context.span, params.quiet) ? context.span : undefined
    if (span !== undefined) watch(event, span, context)
    const answered = event.action === 'face-checked' && state.pending !== undefined ? takeAnswered(state.pending, event, params.answer) : undefined
    if (state.pending !== undefined && state.pending.length > 0) passDeadlines(event, state.pending, context)
    if (event.action === 'face-checked') checked(event, answered, context)
    if (event.action === 'face-requested') requested(event, context)
    if (state.episodes !== undefined) context.wakeAt(nextOver(state.episodes, event.time, params.end))
  },

  onTimer(at, context) {
    const { episodes } = context.state
    if (episodes === undefined) return
    closeEpisodes(context)
    context.wakeAt(nextOver(episodes, at, context.params.end))
  },

  explain(f) {
    const [limit, limitZh] = [spellSeconds(f.limit), spellSecondsZh(f.limit)]
    switch (f.kind) {
      case 'missed':
        return {
          en: `${f.count === 1 ? 'a face check was' : `${f.count} face checks were`} not answered within ${limit}`,
          zh: `${f.count} 次人脸核验未在 ${limitZh}内完成`,
        }
      case 'failed':
        return { en: `${f.count} face checks in a row failed (limit: fewer than ${f.limit})`, zh: `连续 ${f.count} 次人脸核验未通过（达到 ${f.limit} 次即预警）` }
      case 'none':
        return {
          en: `${spellSeconds(f.seconds)} were watched without any face check (limit ${limit})`,
          zh: `观看 ${spellSecondsZh(f.seconds)}，期间没有任何人脸核验（限制 ${limitZh}）`,
        }
      case 'fixed':
      default:
        return {
          en: `the platform asked for ${f.count} face checks at a fixed interval of ${spellSeconds(f.seconds)}, so that they can be foreseen (limit: ${f.limit} equal intervals)`,
          zh: `平台以 ${spellSecondsZh(f.seconds)}的固定间隔发起了 ${f.count} 次人脸核验，可被预知（达到 ${f.limit} 个相等间隔即预警）`,
        }
    }
  },
})

type Call = Parameters<typeof faceCheck.onEvent>[1]

/** Counts watching without a check, and adds what is played to the episodes that it belongs to. */
function watch(event: Event, span: Span, context: Call): void {
  const { state, params } = context
  if (state.pending !== undefined) playPending(state.pending, span)
  const { episodes } = state
  if (state.absent && episodes?.open.missed !== undefined) {
    addPlayback(episodes.open.missed, span.chapter, Math.max(span.from, state.missed?.at ?? span.from), span.to)
  }
  if (state.fails > 0) {
    const into = state.failing ?? episodes?.open.failed
    if (into !== undefined) addPlayback(into, span.chapter, Math.max(span.from, into.begin), span.to)
  }
  const { watchedTo } = state
  const newSession = state.session !== undefined && event.session !== undefined && state.session !== event.session
  if (newSession || (watchedTo !== undefined && span.from - watchedTo > params.gap)) endWatching(state)
  state.session = event.session
  state.watchedTo = span.to
  // A platform that has never asked anybody has no face checks: then nobody lacks one.
  if (!state.asked && !context.sends('challenge') && !context.sends('outcome')) return
  // A check may lie within the stretch: what was played before it is not without one.
  const from = Math.max(span.from, watchedTo ?? span.from)
  const open = episodes?.open.none
  if (state.unchecked && open !== undefined) {
    addPlayback(open, span.chapter, from, span.to)
    addEvidence(open.evidence, event.id)
    return
  }
  const watching = (state.watching ??= newEpisode(from))
  addPlayback(watching, span.chapter, from, span.to)
  countEvidence(watching.evidence, event.id)
  if (watching.seconds < params.none / SECOND) return
  if (watching.evidence.count > 1) watching.evidence.events.push(event.id)
  state.watching = undefined
  state.unchecked = true
  openKind('none', watching, 0, context)
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
  state.watchedTo = event.time
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
  openKind('missed', run, (state.counts.missed ?? 0) + 1, context)
}

function countFailed(event: Event, context: Call): void {
  const { state, params } = context
  state.fails++
  const open = state.episodes?.open.failed
  if (state.fails > params.fails && open !== undefined) {
    addEvidence(open.evidence, event.id)
    open.end = event.time
    state.counts.failed = Math.max(state.counts.failed ?? 0, state.fails)
    return
  }
  const failing = (state.failing ??= newEpisode(event.time))
  addEvidence(failing.evidence, event.id)
  failing.end = event.time
  if (state.fails < params.fails) return
  state.failing = undefined
  openKind('failed', failing, Math.max(state.counts.failed ?? 0, state.fails), context)
}

/** Takes a request: it ends what waits for one, and may come at an interval that can be foreseen. */
function requested(event: Event, context: Call): void {
  const { state, params } = context
  state.asked = true
  state.absent = false
  endWatching(state)
  state.watchedTo = event.time
  ask((state.pending ??= []), event)
  const interval = state.request === undefined ? 0 : event.time - state.request
  // Soon after another it is a second try.
  if (state.request !== undefined && interval <= params.answer) return
  if (state.request !== undefined && Math.abs(interval - state.interval) <= params.tolerance) {
    state.equal++
  } else {
    state.interval = interval
    state.equal = interval > 0 ? 1 : 0
    state.equalSince = state.request ?? event.time
  }
  state.request = event.time
  if (state.equal < params.intervals) return
  const run = state.episodes?.open.fixed ?? newEpisode(state.equalSince)
  run.end = event.time
  run.seconds = state.interval / SECOND
  addEvidence(run.evidence, event.id)
  state.counts.fixed = state.equal + 1
  if (run !== state.episodes?.open.fixed) openKind('fixed', run, state.equal + 1, context)
}

function endWatching(state: State): void {
  state.watching = undefined
  state.unchecked = false
}

/** Makes a run an episode or part of the open one of its kind, with `count` as the new count of that. */
function openKind(kind: Kind, run: Episode, count: number, context: Call): void {
  const { state, params } = context
  if (!params.kinds.includes(kind)) return
  state.counts[kind] = count
  if (openEpisode((state.episodes ??= newEpisodes()), kind, run)) report(kind, run, 'ongoing', context)
}

function closeEpisodes(context: Call): void {
  const { state, params, now } = context
  const episodes = state.episodes as Episodes<Kind>
  for (let over = takeOver(episodes, now, params.end); over !== undefined; over = takeOver(episodes, now, params.end)) {
    report(over[0], over[1], 'ended', context)
    delete state.counts[over[0]]
  }
}

function report(kind: Kind, e: Episode, episode: 'ongoing' | 'ended', context: Call): void {
  const { params, state } = context
  const limit = { missed: params.answer / SECOND, failed: params.fails, none: params.none / SECOND, fixed: params.intervals }[kind]
  context.raise({
    episode, begin: e.begin, end: e.end, chapters: chaptersOf(e.stretches), disputed: disputedOf(context.id, e.stretches), evidence: e.evidence,
    facts: { kind, count: state.counts[kind] ?? 0, seconds: round3(e.seconds), limit },
    // The platform, not the learner, chooses when to ask.
    severity: kind === 'fixed' ? 'low' : undefined,
  })
}
