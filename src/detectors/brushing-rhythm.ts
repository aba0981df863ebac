import type { Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import { addEvidence, newEvidence } from '../warnings/evidence.ts'
import { judgeAnswer } from './rhythm/answers.ts'
import { judgeArrival } from './rhythm/arrival.ts'
import { explainSigns, signFacts } from './rhythm/explain.ts'
import { judgeChapters, judgeNextLesson, noteEnd } from './rhythm/navigation.ts'
import { params } from './rhythm/params.ts'
import { isPlayback, judgePause, judgePresence, noteFaceRequest, noteStop } from './rhythm/presence.ts'
import { judgeProbe, judgeStart } from './rhythm/protocol.ts'
import { familyBit, INFO, SIGNS, type Sign } from './rhythm/signs.ts'
import { newState, type Ctx, type Facts, type State } from './rhythm/state.ts'
import { judgeTiming } from './rhythm/timing.ts'
import { advanceTrack, trackOf, type Track } from './rhythm/tracks.ts'
import { chaptersOf, disputedOf } from './shared/episode.ts'
import { addPiece } from './shared/pieces.ts'

// Lessons are far apart: evidence of one day may be completed on the next.
const HORIZON: Ms = 48 * 60 * 60 * 1000

/**
 * Judges every beat, answer, pause and lesson by sequential tests, one a sign, and warns when signs of two families are
 * sure at once, one of them of the learner's own making (see `rhythm/signs.ts`).
 */
export const brushingRhythm = defineDetector<typeof params, State, Facts>({
  name: 'brushing-rhythm',
  version: 1,
  summary: 'Two independent signs show that a program, not a person, plays the lessons.',
  stage: 'learner',
  params,
  actions: ['initialized', 'played', 'paused', 'seeked', 'rate-changed', 'heartbeat', 'completed', 'terminated', 'answered', 'face-requested'],
  needs: ['chapter'],
  horizon: HORIZON,
  newState,
  onEvent(event, context) {
    endIfOver(event.time, context)
    if (event.action === 'answered') judgeAnswer(event, context)
    else if (event.action === 'face-requested') noteFaceRequest(event, context)
    else if (event.chapter !== undefined) judgePlayback(event, event.chapter, context)
    judgePresence(event, context)
    const { episode, strong } = context.state
    if (episode !== undefined) extend(event, context)
    else if (strong === event.time) begin(event, context)
  },
  onTimer(at, context) {
    endIfOver(at, context)
  },
  explain: explainSigns,
})

function judgePlayback(event: Event, chapter: string, context: Ctx): void {
  const { span, state } = context
  const track = trackOf(state.tracks, event, chapter)
  if (span !== undefined && isPlayback(span)) track.watched += (span.to - span.from) / 1000
  noteEnd(event, track, context)
  if (event.action === 'heartbeat') judgeBeat(event, track, context)
  else if (event.action === 'completed') judgeProbe(event, track, context)
  else if (event.action === 'initialized') judgeNextLesson(event, context)
  else if (event.action === 'played') {
    judgePause(event, track, context)
    judgeNextLesson(event, context)
  }
  advanceTrack(track, event)
  if (event.action === 'paused') noteStop(event, track, context)
}

function judgeBeat(event: Event, track: Track, context: Ctx): void {
  judgeTiming(event, track, context)
  judgeArrival(event, track, context)
  judgeChapters(event, track, context)
  judgeStart(event, track, context)
  judgeProbe(event, track, context)
}

/** Opens an episode if the signs shown are of enough families, enough of them of the learner's own making. */
function begin(event: Event, context: Ctx): void {
  const { params, state } = context
  // One bit a family: this runs on every beat of a platform whose cadence the catalogue gets wrong.
  let families = 0
  let personal = 0
  let first = event.time
  for (const t of state.tallies) {
    if (!t.shown) continue
    const sign = SIGNS[t.sign] as Sign
    families |= familyBit(sign)
    if (INFO[sign].personal) personal |= familyBit(sign)
    if (t.begin < first) first = t.begin
  }
  if (bits(families) < params.families || bits(personal) < params.personal) return
  const episode = { begin: first, end: event.time, class: event.class, course: event.course, stretches: [], evidence: newEvidence() }
  for (const t of state.tallies) if (t.shown && t.id !== undefined && t.id !== event.id) addEvidence(episode.evidence, t.id)
  state.episode = episode
  extend(event, context)
  report('ongoing', context)
}

function bits(set: number): number {
  let count = 0
  for (let rest = set; rest !== 0; rest &= rest - 1) count++
  return count
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
  state.tallies = []
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
