import { z } from 'zod'
import { number, rare, record, type RecordOf } from '../base/record.ts'
import { MINUTE, SECOND, duration, type Ms } from '../base/time.ts'
import type { CourseInfo } from '../catalogue/catalogue.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { addEvidence, type Evidence } from '../warnings/evidence.ts'
import { clear, isClear, setClear } from './shared/clear.ts'
import { courseProgress, forgetSkips, progressOf, removeSkip, skipOf, type Progress, type Skip } from './shared/course-progress.ts'
import { hasId, withId, type IdSet } from './shared/id-set.ts'
import { playedMs } from './shared/played.ts'
import { whyUnjudged } from './shared/progress.ts'
import { round3, spellSeconds, spellSecondsZh } from './shared/wording.ts'

const params = z.strictObject({
  least: duration.prefault('30s').describe('Proven playback from which a chapter counts as played: a look at it does not.'),
  reached: z.number().gt(0).max(1).default(0.9)
    .describe('Share of its length up to which a chapter must have been played to pass as completed where its `completed` was lost.'),
  practice: z.boolean().default(false).describe('Whether a practice chapter that was not attended counts as an earlier chapter, too.'),
  quiet: duration.prefault('45s').describe('Without media positions, a stretch of playback longer than this proves nothing.'),
  end: duration.prefault('30m').describe('After so long without another skipped-to chapter the episode is over; looks at a chapter further apart are not added up.'),
})
type Params = z.output<typeof params>

/** Chapters played before their turn, one soon after the other: one warning. */
interface Skips {
  begin: Ms
  end: Ms
  noticed: Ms
  class: string
  course: string
  chapters: string[]
  facts: Facts
  evidence: Evidence
}

const fields = record({
  ...courseProgress,
  open: rare<Skips>(),
  lastBegin: number(-Infinity),
  ...clear,
  /** Time of the last event of a chapter, and the media position it left of the chapter at hand; NaN: unknown. */
  seenAt: number(NaN),
  seenTo: number(NaN),
  /** Reasons already counted. */
  unjudged: rare<string[]>(),
})
type State = RecordOf<typeof fields>

interface Facts {
  /** How many chapters were skipped to; the rest is of the first one. */
  chapters: number
  chapter: string
  completed: boolean
  order: number
  missing: string
  missingOrder: number
  missingCount: number
  seconds: number
  limitSeconds: number
}
type Call = Context<Params, State, Facts>

/** Nobody who is playing is silent for so long. */
const SILENCE: Ms = 5 * MINUTE
const MOST_CHAPTERS = 50

export const chapterSkip = defineDetector<typeof params, State, Facts>({
  name: 'chapter-skip',
  version: 1,
  summary: 'A chapter is played while an earlier one of the course is not completed.',
  stage: 'learner',
  params,
  facts: {
    chapters: 'how many chapters were skipped to; the rest is of the first one', chapter: 'its id', completed: 'whether it was completed',
    order: 'its place in the course', missing: 'the first earlier chapter that is not completed', missingOrder: 'the place of that one',
    missingCount: 'how many earlier chapters are not completed', seconds: 'playback of it', limitSeconds: 'playback from which it counts',
  },
  actions: ['initialized', 'played', 'heartbeat', 'rate-changed', 'seeked', 'paused', 'completed', 'terminated', 'attended'],
  needs: ['chapter'],
  needsCatalogue: ['chapters', 'class'],
  horizon: 'class',
  state: fields,
  onEvent(event, context) {
    const { span, state } = context
    if (state.open !== undefined) endIfOver(context)
    if (event.chapter === undefined) return
    const silent = event.time - state.seenAt
    state.seenAt = event.time
    const done = event.action === 'completed' || event.action === 'attended'
    if (isUnbegun(event, span) && silent > SILENCE) passUnheard(event, silent, context)
    if (event.chapter === state.clearChapter) state.seenTo = event.position ?? NaN
    if (!done && (span === undefined || isClear(event, span, state))) return
    const course = context.catalogue.courseOf(event)
    const klass = context.catalogue.classOf(event)
    const order = course === undefined ? -1 : context.catalogue.chapterOrder(course, event.chapter)
    const why = course === undefined ? 'course unknown' : order < 0 ? 'chapter unknown to the course' : whyUnjudged(klass, context.firstTime)
    if (why !== undefined) {
      setClear(state, event, Infinity)
      return unjudged(why, context)
    }
    const progress = progressOf(state, klass?.id as string, course?.id as string)
    judge(event, course as CourseInfo, order, progress, done, context)
  },
  onTimer(_, context) {
    endIfOver(context)
  },
  explain({ chapters, completed, order, missing, missingOrder, missingCount, seconds, limitSeconds }) {
    const [limit, limitZh] = [spellSeconds(limitSeconds), spellSecondsZh(limitSeconds)]
    return {
      en:
        `chapter ${order} was ${completed ? 'completed after' : 'played for'} ${spellSeconds(seconds)} (limit ${limit}) while ` +
        `${missingCount} earlier chapter${missingCount === 1 ? ' was' : 's were'} not completed, the first being chapter ${missingOrder} (${missing})` +
        (chapters > 1 ? `; ${chapters - 1} more soon after` : ''),
      zh:
        `第 ${order} 章${completed ? '已完成，' : '已'}播放 ${spellSecondsZh(seconds)}（上限 ${limitZh}），` +
        `而之前有 ${missingCount} 章尚未完成，其中最早的是第 ${missingOrder} 章（${missing}）` +
        (chapters > 1 ? `；随后另有 ${chapters - 1} 个章节也是如此` : ''),
    }
  },
})

function unjudged(reason: string, context: Call): void {
  const { state } = context
  if (state.unjudged?.includes(reason)) return
  state.unjudged = [...(state.unjudged ?? []), reason]
  context.notEvaluable(reason)
}

/** Whether a beat comes of a chapter whose beginning nothing told. */
function isUnbegun(event: Event, span: Span | undefined): boolean {
  return event.action === 'heartbeat' && span === undefined && event.position !== undefined
}

/** The chapter at hand passes as completed where its end and what has been played since fit into a silence: the platform may have been down. */
function passUnheard(event: Event, silent: Ms, context: Call): void {
  const { state } = context
  const { clearChapter, clearClass, clearCourse } = state
  if (clearChapter === undefined || clearChapter === event.chapter) return
  const rest = state.clearEnd - state.seenTo
  if (!(rest + (event.position as number) <= silent / SECOND)) return
  const of = { platform: event.platform, learner: event.learner, class: clearClass, course: clearCourse, chapter: clearChapter }
  const [course, klass] = [context.catalogue.courseOf(of), context.catalogue.classOf(of)]
  if (course === undefined || klass === undefined) return
  const progress = progressOf(state, klass.id, course.id)
  progress.completed = withId(progress.completed ?? '', clearChapter)
  state.clearEnd = Infinity
}

function judge(event: Event, course: CourseInfo, order: number, progress: Progress, done: boolean, context: Call): void {
  const { params, span, state } = context
  const chapter = event.chapter as string
  if (progress.skips !== undefined) forgetSkips(progress, event.time - params.end)
  const length = event.length ?? course.chapters[order]?.length
  const end = length === undefined ? undefined : params.reached * length
  // A `completed` may be lost: who has played a chapter to its end has completed it.
  const ends = done || (end !== undefined && span?.agrees === true && (span.mediaTo as number) >= end)
  const completed = progress.completed ?? ''
  if (hasId(completed, chapter)) {
    setClear(state, event, Infinity)
    return
  }
  const missing = event.action === 'attended' || hasId(progress.warned ?? '', chapter) ? [] : missingBefore(course, order, completed, params)
  if (missing.length > 0) addSkip(event, course, order, missing, progress, context)
  else setClear(state, event, ends || end === undefined ? Infinity : end)
  if (ends) progress.completed = withId(completed, chapter)
}

function addSkip(event: Event, course: CourseInfo, order: number, missing: number[], progress: Progress, context: Call): void {
  const { params, span } = context
  const chapter = event.chapter as string
  const completed = event.action === 'completed'
  const played = span === undefined ? 0 : playedMs(span, event.action, params.quiet)
  if (played === 0 && !completed) return
  const skip = skipOf(progress, chapter, span?.from ?? event.time, event.time)
  skip.played += played
  skip.end = event.time
  addEvidence(skip.evidence, event.id)
  if (skip.played < params.least && !completed) return
  progress.warned = withId(progress.warned ?? '', chapter)
  removeSkip(progress, skip)
  const first = missing[0] as number
  addToOpen(skip, progress, context, {
    chapters: 1, chapter, completed, order: order + 1, missing: course.chapters[first]?.id as string, missingOrder: first + 1,
    missingCount: missing.length, seconds: round3(skip.played / SECOND), limitSeconds: params.least / SECOND,
  })
}

function addToOpen(skip: Skip, progress: Progress, context: Call, facts: Facts): void {
  const { now, params, state } = context
  const { open } = state
  if (open === undefined) {
    // INVARIANT (identity): no two warnings of one learner share `begin`, of which their ids are made.
    state.lastBegin = skip.begin === state.lastBegin ? skip.begin + 1 : skip.begin
    const { evidence, chapter } = skip
    state.open = {
      begin: state.lastBegin, end: now, noticed: now, class: progress.class as string, course: progress.course as string, chapters: [chapter], facts, evidence,
    }
    report(state.open, 'ongoing', context)
  } else {
    open.end = open.noticed = now
    open.facts.chapters++
    if (open.chapters.length < MOST_CHAPTERS) open.chapters.push(skip.chapter)
    for (const id of skip.evidence.events) addEvidence(open.evidence, id)
  }
  context.wakeAt(now + params.end)
}

function endIfOver(context: Call): void {
  const { now, params, state } = context
  const { open } = state
  if (open === undefined || now < open.noticed + params.end) return
  state.open = undefined
  report(open, 'ended', context)
}

function report(open: Skips, episode: 'ongoing' | 'ended', context: Call): void {
  const { begin, end, class: klass, course, chapters, facts, evidence } = open
  // What was watched out of order was watched: nothing is disputed.
  context.raise({ episode, begin, end: Math.max(begin, end), class: klass, course, chapters, facts: { ...facts }, evidence })
}

/** Places of the earlier chapters that are not completed. */
function missingBefore(course: CourseInfo, order: number, completed: IdSet, params: Params): number[] {
  const missing: number[] = []
  for (let i = 0; i < order; i++) {
    const c = course.chapters[i]
    if (c && (c.kind === 'theory' || params.practice) && !hasId(completed, c.id)) missing.push(i)
  }
  return missing
}
