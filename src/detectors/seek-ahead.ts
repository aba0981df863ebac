import { z } from 'zod'
import { flag, number, rare, record, type RecordOf } from '../base/record.ts'
import { MINUTE, SECOND, duration, type Ms } from '../base/time.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import { allBegun, begunFields, breakRun, complete, turnTo } from './shared/begun.ts'
import { disputedOf, type Stretch } from './shared/episode.ts'
import { addPiece } from './shared/pieces.ts'
import { whyUnjudged } from './shared/progress.ts'
import { furthestSecond, noteLast, unseenSeconds, watch, watchedSeconds } from './shared/watched.ts'
import { round3 } from './shared/wording.ts'

const params = z.strictObject({
  ahead: duration.prefault('10s').describe('How far beyond the furthest watched position a seek may go, in media time.'),
  coverage: z.number().gt(0).max(1).default(0.9).describe('Share of its length that must have been watched when a chapter is completed.'),
  lost: duration.prefault('60s').describe('Playback after the last evidence of a player gone silent that is taken for watched.'),
  end: duration.prefault('30m').describe('After so long without another seek or completion the episode is over.'),
})
type Params = z.output<typeof params>

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

const fields = record(begunFields, {
  /** Whether the learner has started a chapter: until then a platform may not tell of starts. */
  starts: flag,
  /** When there is something to settle; Infinity: nothing. */
  due: number(Infinity),
  open: rare<Ahead>(),
  lastBegin: number(-Infinity),
  /** Reasons already counted, a line each. */
  unjudged: rare<string>(),
})
type State = RecordOf<typeof fields>

interface Facts {
  seeks: number
  jumpSeconds: number
  limitSeconds: number
  completions: number
  coverage: number
  limitCoverage: number
}
type Call = Context<Params, State, Facts>

const MOST_CHAPTERS = 50

export const seekAhead = defineDetector<typeof params, State, Facts>({
  name: 'seek-ahead',
  version: 2,
  migrations: { 1: (state) => ({ ...(state as object), starts: 0 }) },
  summary: 'A seek passes what was watched, or a chapter is completed with much of it unwatched.',
  stage: 'learner',
  params,
  facts: {
    seeks: 'seeks beyond what was watched', jumpSeconds: 'the longest of them', limitSeconds: 'how far a seek may go',
    completions: 'chapters completed too little watched', coverage: 'the smallest share of one that was watched',
    limitCoverage: 'share that must be watched',
  },
  actions: ['initialized', 'played', 'heartbeat', 'rate-changed', 'seeked', 'paused', 'completed', 'terminated'],
  needs: ['chapter', 'position'],
  needsCatalogue: ['class'],
  horizon: 'class',
  state: fields,
  onEvent(event, context) {
    const { action, chapter, time } = event
    const { params, span, state } = context
    if (time >= state.due) settle(context)
    if (chapter === undefined) return
    // The common case: what was watched before goes on.
    if (
      span !== undefined && span.agrees === true && span.mediaFrom === state.position && chapter === state.chapter && action === 'heartbeat' &&
      !Number.isNaN(state.runFrom)
    ) {
      state.position = span.mediaTo as number
      state.at = time
      return
    }
    breakRun(state)
    const silent = time - state.at
    if (chapter !== state.chapter) turnTo(state, chapter, time)
    if (state.chapter === undefined) {
      state.at = time
      return
    }
    if (action === 'initialized' || action === 'played') state.starts = true
    watch(state, event, span, { lost: params.lost, silent, offered: offeredBy(context), startsTold: state.starts })
    if (action === 'seeked') judgeSeek(event, chapter, context)
    else if (action === 'completed') judgeCompletion(event, chapter, context)
    noteLast(state, event)
    if (action === 'heartbeat') state.runFrom = state.position
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

/** The highest rate at which the platform's player plays. */
function offeredBy({ catalogue, platform }: Call): number {
  return catalogue.platform(platform)?.rate ?? 1
}

function judgeSeek(event: Event, chapter: string, context: Call): void {
  const { params, span, state, now } = context
  const to = event.to ?? event.position
  if (to === undefined) return unjudged('a seek without its end', context)
  const jump = to - furthestSecond(state) - unseenSeconds(state, span, now, params.lost, offeredBy(context))
  if (jump <= params.ahead / SECOND) return
  const why = whyUnjudged(context.catalogue.classOf(event), context.firstTime)
  if (why !== undefined) return unjudged(why, context)
  const open = addTo(chapter, event.id, event.time, context)
  open.seeks++
  open.jump = Math.max(open.jump, jump)
  if (open.seeks + open.completions === 1) report(open, 'ongoing', context)
  schedule(context)
}

function judgeCompletion(event: Event, chapter: string, context: Call): void {
  const { params, span, state, now } = context
  if (state.early !== undefined) return
  const course = context.catalogue.courseOf(event)
  const length = event.length ?? (course && context.catalogue.chapter(course, chapter)?.length)
  const why = whyUnjudged(context.catalogue.classOf(event), context.firstTime) ?? (length ? undefined : 'length of the chapter unknown')
  if (why !== undefined) {
    complete(state, chapter)
    return unjudged(why, context)
  }
  const whole = length as number
  state.unplaced += unseenSeconds(state, span, now, params.lost, offeredBy(context))
  const { position } = event
  if (position !== undefined && position < params.coverage * whole && watchedSeconds(state, position) >= params.coverage * position) {
    // Nothing was skipped so far, and a platform may say `completed` before the end: the rest may still be watched.
    state.early = { event: event.id, time: event.time, length: whole, due: event.time + (whole - position) * SECOND + MINUTE }
    schedule(context)
  } else judgeCoverage(chapter, watchedSeconds(state, whole), event.id, event.time, whole, context)
}

/** `watched`: seconds of the chapter's `length`. */
function judgeCoverage(chapter: string, watched: number, event: string, time: Ms, length: number, context: Call): void {
  const { params, state } = context
  complete(state, chapter)
  if (watched >= params.coverage * length) return
  const open = addTo(chapter, event, time, context)
  open.completions++
  open.coverage = Math.min(open.coverage, watched / length)
  // The completion credits the whole length; of that, as much as was not watched is disputed.
  addPiece(open.disputed, chapter, time - Math.round((length - watched) * SECOND), time, length - watched)
  if (open.completions === 1) report(open, 'ongoing', context)
  schedule(context)
}

/** Judges early completions that are due and ends an episode that is over. */
function settle(context: Call): void {
  const { now, params, state } = context
  breakRun(state)
  for (const begun of allBegun(state).reverse()) {
    const { chapter, early } = begun
    if (early !== undefined && early.due <= now) judgeCoverage(chapter, watchedSeconds(begun, early.length), early.event, early.time, early.length, context)
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
  for (const { early } of allBegun(state)) if (early !== undefined && early.due < due) due = early.due
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
  if (!open.chapters.includes(chapter) && open.chapters.length < MOST_CHAPTERS) open.chapters = [...open.chapters, chapter]
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
  const { state } = context
  const before = state.unjudged
  if (before?.split('\n').includes(reason)) return
  state.unjudged = before === undefined ? reason : `${before}\n${reason}`
  context.notEvaluable(reason)
}
