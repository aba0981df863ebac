import { z } from 'zod'
import { record, ref, type RecordOf } from '../base/record.ts'
import { duration, SECOND, type Ms } from '../base/time.ts'
import type { Class } from '../catalogue/index.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import { clear, isClear, setClear } from './shared/clear.ts'
import { hasId, withId, type IdSet } from './shared/id-set.ts'
import { planOf, type Plan } from './shared/plan.ts'
import { playedMs } from './shared/played.ts'
import { whyUnjudged } from './shared/progress.ts'
import { spellSeconds, spellSecondsZh } from './shared/wording.ts'

interface Facts {
  kind: 'attended' | 'played'
  /** Empty where the platform does not say which. */
  practice: string
  completed: number
  theory: number
  missing: string
  limitCompleted: number
  seconds: number
}

const params = z.strictObject({
  complete: z.number().gt(0).max(1).default(0.9).describe('Share of the theory chapters of the class that must be complete: a `completed` may be lost.'),
  reached: z.number().gt(0).max(1).default(0.9).describe('Share of its length up to which a chapter must have been played to pass as completed where its `completed` was lost.'),
  least: duration.prefault('30s').describe('Proven playback from which a practice chapter counts as played: a look at it does not.'),
  quiet: duration.prefault('45s').describe('Without media positions, a stretch of playback longer than this proves nothing.'),
})
type Params = z.output<typeof params>

/** What a learner has done in one class. Plain data. */
interface Progress {
  class: string
  /** Theory chapters completed; nothing more is kept once practice has begun. */
  completed: IdSet
  hasBegun: boolean
  look?: { chapter: string; begin: Ms; played: Ms; evidence: Evidence }
}

const fields = record({
  ...clear,
  progress: ref<Progress[]>(),
  told: ref<string[]>(),
})
type State = RecordOf<typeof fields>
type Call = Context<Params, State, Facts>

const MOST_CLASSES = 16

/** A learner's practice begins before the theory of the class is complete. That is mostly the institution's doing: a review, not an accusation. */
export const practiceFirst = defineDetector<typeof params, State, Facts>({
  name: 'practice-first',
  version: 1,
  summary: 'Practice begins (a practice chapter is played, or a lesson attended) before the theory of the class is complete.',
  stage: 'learner',
  params,
  facts: {
    kind: '`attended` or `played`', practice: 'the practice chapter, where it is told', completed: 'theory chapters that were complete', theory: 'theory chapters of the class',
    missing: 'the first that was not', limitCompleted: 'how many must be', seconds: 'playback of it',
  },
  actions: ['played', 'heartbeat', 'rate-changed', 'seeked', 'paused', 'completed', 'terminated', 'attended'],
  needs: ['chapter'],
  needsCatalogue: ['chapters', 'class'],
  horizon: 'class',
  state: fields,
  onEvent(event, context) {
    const { span, state } = context
    const isDone = event.action === 'completed' || event.action === 'attended'
    if (!isDone && (span === undefined || isClear(event, span, state))) return
    const { catalogue } = context
    const klass = catalogue.classOf(event)
    if (klass !== undefined && isTeacher(event, context)) return
    const why = whyUnjudged(klass, context.firstTime) ?? (planOf(klass as Class, catalogue).isWhole ? undefined : 'a course of the class is unknown, or its chapters are')
    if (why !== undefined) {
      setClear(state, event, Infinity)
      if (state.told?.includes(why) === true) return
      state.told = [...(state.told ?? []), why]
      return context.notEvaluable(why)
    }
    judge(event, klass as Class, context)
  },
  explain({ kind, practice, completed, theory, missing, limitCompleted: limit, seconds }) {
    const name = practice === '' ? '' : ` ${practice}`
    const what = kind === 'attended' ? `a practice lesson${name} was attended` : `practice chapter${name} was played for ${spellSeconds(seconds)}`
    const whatZh = kind === 'attended' ? `已参加实操课${name}` : `实操章节${name}已播放 ${spellSecondsZh(seconds)}`
    return {
      en: `${what} when ${completed} of ${theory} theory chapters were complete (limit ${limit}), the first missing being ${missing}`,
      zh: `${whatZh}，而 ${theory} 个理论章节仅完成 ${completed} 个（应完成 ${limit} 个），其中最早未完成的是 ${missing}`,
    }
  },
})

function isTeacher({ platform, learner, account }: Event, { catalogue }: Call): boolean {
  return catalogue.isTeacher(platform, learner) || (account !== undefined && catalogue.isTeacher(platform, account))
}

function judge(event: Event, klass: Class, context: Call): void {
  const { state, params, span, catalogue } = context
  const plan = planOf(klass, catalogue)
  const chapter = event.chapter === undefined ? undefined : plan.chapters.get(event.chapter)
  const progress = progressOf(klass.id, state)
  // Of no course of the class, or nothing more to judge.
  if (progress.hasBegun || (chapter === undefined && event.action !== 'attended')) return setClear(state, event, Infinity)
  if (event.action === 'attended') return begin(event, 'attended', event.time, 0, { events: [event.id], count: 1 }, progress, plan, context)
  if (chapter?.kind === 'practice') return look(event, progress, plan, context)
  const length = event.length ?? chapter?.length
  const end = length === undefined ? Infinity : params.reached * length
  const isOver = event.action === 'completed' || (span?.agrees === true && (span.mediaTo as number) >= end)
  if (isOver) progress.completed = withId(progress.completed, event.chapter as string)
  setClear(state, event, isOver ? Infinity : end)
}

function progressOf(klass: string, state: State): Progress {
  const known = state.progress?.find((p) => p.class === klass)
  if (known !== undefined) return known
  const fresh: Progress = { class: klass, completed: '', hasBegun: false }
  state.progress = [...(state.progress ?? []).slice(1 - MOST_CLASSES), fresh]
  return fresh
}

/** Adds up playback of a practice chapter until it is more than a look. */
function look(event: Event, progress: Progress, plan: Plan, context: Call): void {
  const { span, params } = context
  const played = span === undefined ? 0 : playedMs(span, event.action, params.quiet)
  if (played === 0) return
  const chapter = event.chapter as string
  if (progress.look?.chapter !== chapter) progress.look = { chapter, begin: span?.from ?? event.time, played: 0, evidence: newEvidence() }
  progress.look.played += played
  addEvidence(progress.look.evidence, event.id)
  if (progress.look.played < params.least) return
  begin(event, 'played', progress.look.begin, progress.look.played, progress.look.evidence, progress, plan, context)
}

/** The practice of a class has begun: once for each learner. */
function begin(event: Event, kind: Facts['kind'], from: Ms, played: Ms, evidence: Evidence, progress: Progress, plan: Plan, context: Call): void {
  const missing = plan.theory.filter((c) => !hasId(progress.completed, c.id))
  const limit = Math.ceil(context.params.complete * plan.theory.length)
  const completed = plan.theory.length - missing.length
  progress.hasBegun = true
  progress.completed = ''
  delete progress.look
  if (completed >= limit) return
  context.raise({
    episode: 'ended', begin: from, end: event.time, class: progress.class, chapters: event.chapter === undefined ? [] : [event.chapter],
    facts: {
      kind, practice: event.chapter ?? '', completed, theory: plan.theory.length, missing: missing[0]?.id as string, limitCompleted: limit, seconds: Math.round(played / SECOND),
    },
    evidence,
  })
}
