import { z } from 'zod'
import { MINUTE, SECOND, duration, type Ms } from '../base/time.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import { disputedOf, type Stretch } from './shared/episode.ts'
import { hasId, withId, type IdSet } from './shared/id-set.ts'
import { addPiece } from './shared/pieces.ts'
import { whyUnjudged } from './shared/progress.ts'
import { furthestSecond, noteLast, place, unseenSeconds, watch, watchedSeconds, type Watched } from './shared/watched.ts'
import { round3 } from './shared/wording.ts'

const params = z.strictObject({
  ahead: duration.prefault('10s').describe('How far beyond the furthest watched position a seek may go, in media time.'),
  coverage: z.number().gt(0).max(1).default(0.9).describe('Share of its length that must have been watched when a chapter is completed.'),
  lost: duration.prefault('60s').describe('Playback after the last evidence of a player gone silent that is taken for watched.'),
  end: duration.prefault('30m').describe('After so long without another seek or completion the episode is over.'),
})
type Params = z.output<typeof params>

/** A chapter begun and not completed. */
interface Begun extends Watched {
  /** A completion before the end, to be judged when the rest could have been watched. */
  early: { event: string; time: Ms; length: number; due: Ms } | undefined
}

interface Ahead {
  begin: Ms
  end: Ms
  noticed: Ms
  seeks: number
  /** The largest jump beyond what was watched, in media seconds. */
  jump: number
  completions: number
  /** The smallest share watched of a completed chapter. */
  coverage: number
  chapters: string[]
  disputed: Stretch[]
  evidence: Evidence
}

/** Plain data, kept until the class closes; of completed chapters only that they are. */
interface State {
  /** When there is something to settle; Infinity: nothing. */
  due: Ms
  /** The chapter that goes on, and what was watched of it without a break: flat, and added to `begun` once it breaks. */
  chapter: string | undefined
  runFrom: number
  runTo: number
  /** Time of the last event of a chapter. */
  runAt: Ms
  begun: Begun[]
  completed: IdSet
  open: Ahead | undefined
  lastBegin: Ms
  /** Reasons already counted. */
  unjudged: string[]
}

interface Facts {
  seeks: number
  jumpSeconds: number
  limitSeconds: number
  completions: number
  coverage: number
  limitCoverage: number
}
type Call = Context<Params, State, Facts>

const MOST_BEGUN = 32
const MOST_CHAPTERS = 50

export const seekAhead = defineDetector<typeof params, State, Facts>({
  name: 'seek-ahead',
  version: 1,
  summary: 'A seek passes what was watched, or a chapter is completed with much of it unwatched.',
  stage: 'learner',
  params,
  actions: ['initialized', 'played', 'heartbeat', 'rate-changed', 'seeked', 'paused', 'completed', 'terminated'],
  needs: ['chapter', 'position'],
  needsCatalogue: ['class'],
  horizon: 'class',
  newState: () => ({
    due: Infinity, chapter: undefined, runFrom: Number.NaN, runTo: Number.NaN, runAt: Number.NaN, begun: [], completed: '', open: undefined,
    lastBegin: -Infinity, unjudged: [],
  }),
  onEvent(event, context) {
    const { chapter } = event
    const { params, span, state } = context
    if (event.time >= state.due) settle(context)
    if (chapter === undefined) return
    // The common case: what was watched before goes on.
    if (span !== undefined && span.agrees === true && span.mediaFrom === state.runTo && chapter === state.chapter && event.action === 'heartbeat') {
      state.runTo = span.mediaTo as number
      state.runAt = event.time
      return
    }
    breakRun(state)
    const silent = event.time - state.runAt
    state.runAt = event.time
    const begun = findBegun(state.begun, chapter) ?? (hasId(state.completed, chapter) ? undefined : addBegun(state, chapter, event.time))
    if (begun === undefined) return
    watch(begun, event, span, params.lost, silent)
    if (event.action === 'seeked') judgeSeek(event, begun, context)
    else if (event.action === 'completed') judgeCompletion(event, begun, context)
    noteLast(begun, event)
    if (event.action === 'heartbeat' && event.position !== undefined) beginRun(state, chapter, event.position, event.time)
  },
  onTimer(_, context) {
    settle(context)
    schedule(context)
  },
  explain({ seeks, jumpSeconds, limitSeconds, completions, coverage, limitCoverage }) {
    if (completions === 0) {
      return {
        en: `${seeks} seek${seeks === 1 ? '' : 's'} passed what had been watched, by up to ${jumpSeconds} s (limit ${limitSeconds} s)`,
        zh: `${seeks} 次拖动超过已观看位置，最多超出 ${jumpSeconds} 秒（上限 ${limitSeconds} 秒）`,
      }
    }
    return {
      en: `${completions} chapter${completions === 1 ? ' was' : 's were'} completed with as little as ${percent(coverage)} % watched (at least ${percent(limitCoverage)} % is due)`,
      zh: `${completions} 个章节在最少仅观看 ${percent(coverage)}% 的情况下被标记为完成（至少应观看 ${percent(limitCoverage)}%）`,
    }
  },
})

function percent(share: number): number {
  return Math.round(share * 1000) / 10
}

function beginRun(state: State, chapter: string, position: number, time: Ms): void {
  state.chapter = chapter
  state.runFrom = state.runTo = position
  state.runAt = time
}

/** Adds the run at hand to what was watched of its chapter. */
function breakRun(state: State): void {
  if (state.chapter === undefined) return
  const begun = findBegun(state.begun, state.chapter)
  if (begun !== undefined) {
    place(begun, state.runFrom, state.runTo)
    begun.at = state.runAt
    begun.position = state.runTo
    begun.playing = true
  }
  state.chapter = undefined
  state.runTo = Number.NaN
}

function findBegun(begun: Begun[], chapter: string): Begun | undefined {
  for (const b of begun) if (b.chapter === chapter) return b
  return undefined
}

function addBegun(state: State, chapter: string, time: Ms): Begun {
  // What is forgotten passes as completed: nothing is held against the learner.
  if (state.begun.length >= MOST_BEGUN) state.completed = withId(state.completed, (state.begun.shift() as Begun).chapter)
  const begun: Begun = { chapter, placed: [], unplaced: 0, at: time, position: undefined, playing: false, early: undefined }
  state.begun.push(begun)
  return begun
}

function complete(state: State, begun: Begun): void {
  state.begun.splice(state.begun.indexOf(begun), 1)
  state.completed = withId(state.completed, begun.chapter)
}

function judgeSeek(event: Event, begun: Begun, context: Call): void {
  const { params, span, now } = context
  const to = event.to ?? event.position
  if (to === undefined) return unjudged('a seek without its end', context)
  const jump = to - furthestSecond(begun) - unseenSeconds(begun, span, now, params.lost)
  if (jump <= params.ahead / SECOND) return
  const why = whyUnjudged(context.catalogue.classOf(event), context.firstTime)
  if (why !== undefined) return unjudged(why, context)
  const open = addTo(begun.chapter, event.id, event.time, context)
  open.seeks++
  open.jump = Math.max(open.jump, jump)
  if (open.seeks + open.completions === 1) report(open, 'ongoing', context)
  schedule(context)
}

function judgeCompletion(event: Event, begun: Begun, context: Call): void {
  const { params, span, state, now } = context
  if (begun.early !== undefined) return
  const course = context.catalogue.courseOf(event)
  const length = event.length ?? (course && context.catalogue.chapter(course, begun.chapter)?.length)
  const why = whyUnjudged(context.catalogue.classOf(event), context.firstTime) ?? (length ? undefined : 'length of the chapter unknown')
  if (why !== undefined) {
    complete(state, begun)
    return unjudged(why, context)
  }
  const whole = length as number
  begun.unplaced += unseenSeconds(begun, span, now, params.lost)
  const { position } = event
  if (position !== undefined && position < params.coverage * whole && watchedSeconds(begun, position) >= params.coverage * position) {
    // Nothing was skipped so far, and a platform may say `completed` before the end: the rest may still be watched.
    begun.early = { event: event.id, time: event.time, length: whole, due: event.time + (whole - position) * SECOND + MINUTE }
    schedule(context)
  } else judgeCoverage(begun, event.id, event.time, whole, context)
}

function judgeCoverage(begun: Begun, event: string, time: Ms, length: number, context: Call): void {
  const { params, state } = context
  complete(state, begun)
  const watched = watchedSeconds(begun, length)
  if (watched >= params.coverage * length) return
  const open = addTo(begun.chapter, event, time, context)
  open.completions++
  open.coverage = Math.min(open.coverage, watched / length)
  // The completion credits the whole length; of that, as much as was not watched is disputed.
  addPiece(open.disputed, begun.chapter, time - Math.round((length - watched) * SECOND), time, length - watched)
  if (open.completions === 1) report(open, 'ongoing', context)
  schedule(context)
}

/** Judges early completions that are due and ends an episode that is over. */
function settle(context: Call): void {
  const { now, params, state } = context
  breakRun(state)
  for (let i = state.begun.length - 1; i >= 0; i--) {
    const begun = state.begun[i] as Begun
    const { early } = begun
    if (early !== undefined && early.due <= now) judgeCoverage(begun, early.event, early.time, early.length, context)
  }
  const { open } = state
  if (open !== undefined && now >= open.noticed + params.end) {
    state.open = undefined
    report(open, 'ended', context)
  }
  state.due = dueOf(state, params)
}

function dueOf(state: State, params: Params): Ms {
  let due = state.open === undefined ? Infinity : state.open.noticed + params.end
  for (const { early } of state.begun) if (early !== undefined && early.due < due) due = early.due
  return due
}

function schedule(context: Call): void {
  const { state } = context
  state.due = dueOf(state, context.params)
  context.wakeAt(state.due === Infinity ? undefined : Math.max(state.due, context.now + 1))
}

function addTo(chapter: string, event: string, time: Ms, context: Call): Ahead {
  const { state } = context
  if (state.open === undefined) {
    // INVARIANT (identity): no two warnings of one learner share `begin`, of which their ids are made.
    state.lastBegin = Math.max(time, state.lastBegin + 1)
    state.open = {
      begin: state.lastBegin, end: time, noticed: context.now, seeks: 0, jump: 0, completions: 0, coverage: 1, chapters: [], disputed: [], evidence: newEvidence(),
    }
  }
  const { open } = state
  open.end = Math.max(open.end, time)
  open.noticed = context.now
  if (!open.chapters.includes(chapter) && open.chapters.length < MOST_CHAPTERS) open.chapters.push(chapter)
  addEvidence(open.evidence, event)
  return open
}

function report(open: Ahead, episode: 'ongoing' | 'ended', context: Call): void {
  const { params } = context
  context.raise({
    episode,
    begin: open.begin,
    end: Math.max(open.begin, open.end),
    chapters: open.chapters,
    disputed: disputedOf(context.id, open.disputed),
    facts: {
      seeks: open.seeks, jumpSeconds: round3(open.jump), limitSeconds: params.ahead / SECOND,
      completions: open.completions, coverage: round3(open.coverage), limitCoverage: params.coverage,
    },
    evidence: open.evidence,
    // A seek alone may be curiosity; the rule's own severity is for what was completed unwatched.
    ...(open.completions === 0 ? { severity: 'low' as const } : {}),
  })
}

function unjudged(reason: string, context: Call): void {
  if (context.state.unjudged.includes(reason)) return
  context.state.unjudged.push(reason)
  context.notEvaluable(reason)
}
