import { SECOND, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import { addEvidence, newEvidence } from '../warnings/evidence.ts'
import { judgeAnswer } from './rhythm/answers.ts'
import { judgeArrival } from './rhythm/arrival.ts'
import { explainSigns, signFacts } from './rhythm/explain.ts'
import { judgeChapters, judgeNextLesson, noteEnd } from './rhythm/navigation.ts'
import { doubtsOfRhythm, params } from './rhythm/params.ts'
import { isPlayback, judgePause, judgePresence, noteFaceRequest, noteStop } from './rhythm/presence.ts'
import { judgeProbe, judgeStart } from './rhythm/protocol.ts'
import { areEnough } from './rhythm/signs.ts'
import { fields, type Ctx, type Facts, type State } from './rhythm/state.ts'
import { forgetTallies, shownTallies } from './rhythm/tally.ts'
import { judgeTiming } from './rhythm/timing.ts'
import { advanceBeat, advanceTrack, playTrack } from './rhythm/tracks.ts'
import { chaptersOf, disputedOf } from './shared/episode.ts'
import { addPiece } from './shared/pieces.ts'

// Lessons are far apart: evidence of one day may be completed on the next.
const HORIZON: Ms = 48 * 60 * 60 * 1000

/**
 * Judges every beat, answer, pause and lesson by sequential tests, one a sign, and warns when signs of several families are
 * sure at once, enough of them of the learner's own making (see `rhythm/signs.ts`).
 */
export const brushingRhythm = defineDetector<typeof params, State, Facts>({
  name: 'brushing-rhythm',
  version: 2,
  migrations: { 1: migrateRhythm },
  summary: 'Two independent signs show that a program, not a person, plays the lessons.',
  stage: 'learner',
  params,
  facts: {
    signs: 'the signs that are sure: `sign`, `family`, `value`, `usual`, `count` of `of` trials', seconds: 'playback since it was sure',
  },
  actions: ['initialized', 'played', 'paused', 'seeked', 'rate-changed', 'heartbeat', 'completed', 'terminated', 'answered', 'face-requested'],
  needs: ['chapter'],
  horizon: HORIZON,
  doubts: doubtsOfRhythm,
  state: fields,
  onEvent(event, context) {
    const { state } = context
    if (state.episode !== undefined) endIfOver(event.time, context)
    if (event.action === 'answered') judgeAnswer(event, context)
    else if (event.action === 'face-requested') noteFaceRequest(event, context)
    else if (event.chapter !== undefined) judgePlayback(event, event.chapter, context)
    judgePresence(event, context)
    if (state.episode !== undefined) extend(event, context)
    else if (state.shown !== 0 && state.strong === event.time) begin(event, context)
  },
  onTimer(at, context) {
    endIfOver(at, context)
  },
  explain: explainSigns,
})

/** Brings state of version 1 to 2: inputs are looked at as they come. */
function migrateRhythm(state: unknown): unknown {
  const { inputs: _, ...rest } = state as { inputs: number }
  return { ...rest, toldAutoplay: 0, next: -1 }
}

function judgePlayback(event: Event, chapter: string, context: Ctx): void {
  const { span, state } = context
  playTrack(state, event, chapter)
  if (span !== undefined && isPlayback(span)) state.watched = state.watched + (span.to - span.from) / SECOND
  noteEnd(event, context)
  if (event.action === 'heartbeat') {
    judgeBeat(event, context)
    advanceBeat(state, event)
    return
  }
  if (event.action === 'completed') judgeProbe(event, context)
  else if (event.action === 'initialized') judgeNextLesson(event, context)
  else if (event.action === 'played') {
    judgePause(event, context)
    judgeNextLesson(event, context)
  }
  advanceTrack(state, event)
  if (event.action === 'paused') noteStop(event, context)
}

function judgeBeat(event: Event, context: Ctx): void {
  judgeTiming(event, context)
  judgeArrival(event, context)
  judgeChapters(event, context)
  judgeStart(event, context)
  judgeProbe(event, context)
}

/** Opens an episode if the signs shown are enough. */
function begin(event: Event, context: Ctx): void {
  const { params, state } = context
  if (!areEnough(state.shown, params)) return
  const shown = shownTallies(state)
  const evidence = newEvidence()
  let first = event.time
  for (const t of shown) {
    if (t.begin < first) first = t.begin
    if (t.id !== '' && t.id !== event.id) addEvidence(evidence, t.id)
  }
  state.episode = { begin: first, end: event.time, class: event.class, course: event.course, stretches: [], evidence }
  extend(event, context)
  report('ongoing', context)
}

/** Adds to the open episode what the event proves: playback, and whether a sign goes on. */
function extend(event: Event, context: Ctx): void {
  const { span, state } = context
  const { episode } = state
  if (episode === undefined) return
  if (span !== undefined && isPlayback(span)) addPiece(episode.stretches, span.chapter, span.from, span.to, (span.to - span.from) / 1000)
  if (state.strong !== event.time) return
  episode.end = event.time
  addEvidence(episode.evidence, event.id)
  context.wakeAt(event.time + context.params.end)
}

function endIfOver(now: Ms, context: Ctx): void {
  const { state, params } = context
  if (state.episode === undefined || now - state.episode.end < params.end) return
  report('ended', context)
  // INVARIANT (identity): no evidence of one episode is evidence of the next, so that their begins differ.
  state.episode = undefined
  forgetTallies(state)
  state.untouched = 0
}

function report(episode: 'ongoing' | 'ended', context: Ctx): void {
  const open = context.state.episode
  if (open === undefined) return
  let seconds = 0
  for (const s of open.stretches) seconds += s.seconds
  context.raise({
    episode,
    begin: open.begin,
    end: open.end,
    class: open.class,
    course: open.course,
    chapters: chaptersOf(open.stretches),
    disputed: disputedOf(context.id, open.stretches),
    facts: { signs: signFacts(context), seconds: Math.round(seconds) },
    evidence: open.evidence,
  })
}
