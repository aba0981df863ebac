import { z } from 'zod'
import { flag, number, rare, record, ref, type RecordOf } from '../base/record.ts'
import { duration, SECOND, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { addEvidence } from '../warnings/evidence.ts'
import {
  addPlayback, addToSketch, chaptersOf, countEvidence, disputedOf, isProven, JOIN, newEpisode, newEpisodes, nextOver, openEpisode,
  sketchFields, startSketch, takeOver, takeSketch, type Episode, type Episodes, type Sketch,
} from './shared/episode.ts'
import { addUntold, dropUntold, untoldFields, untoldOf, untoldSince } from './shared/untold.ts'
import { round3, spellSeconds, spellSecondsZh } from './shared/wording.ts'

const KINDS = ['hidden', 'idle'] as const
type Kind = (typeof KINDS)[number]

const params = z.strictObject({
  kinds: z.array(z.enum(KINDS)).min(1).default([...KINDS]).describe('What counts: playing with the page hidden, playing without any input.'),
  hidden: duration.prefault('5m').describe('Playing so long without a break while the page is hidden is hanging up (300 s is a class hour rule).'),
  idle: duration.prefault('30m').describe('Playing so long without any input and without an answered face check is hanging up.'),
  gap: duration.prefault('10m').describe('A pause longer than this starts the count of playing without input anew.'),
  quiet: duration.prefault('90s').describe('Playback without positions is believed for so long at most; a pause of at most this does not break a hidden stretch.'),
  end: duration.prefault('10m').describe('After so long without it the episode is over.'),
})

/** Playback of one kind without a break: a sketch, or what is gathered, until the limit; then part of the open episode. */
interface Run extends Sketch {
  session: string | undefined
  gathered: Episode | undefined
  isPart: boolean
}
/** A page that was last told to be hidden, at `at`, and what has been played since; `session` is that of the page. */
interface Hidden extends Run {
  at: Ms
}

/** The state is the run without input as well, since that is what nearly every event concerns. */
const fields = record(sketchFields, untoldFields, {
  session: ref<string>(),
  gathered: rare<Episode>(),
  isPart: flag,
  /** The last sign that somebody was there. */
  signAt: number(-Infinity),
  hidden: ref<Hidden>(),
  episodes: rare<Episodes<Kind>>(),
  /** Whether it has been said that this is not sent. */
  toldVisible: flag,
  toldInputs: flag,
})
type State = RecordOf<typeof fields>
type Facts = { kind: Kind; seconds: number; limitSeconds: number }

/** The learner leaves the video running: it plays with the page hidden, or for long without a sign of anybody. */
export const hangUp = defineDetector<typeof params, State, Facts>({
  name: 'hang-up',
  version: 1,
  summary: 'The video runs with the page hidden, or for long without any input and without an answered face check.',
  stage: 'learner',
  params,
  facts: { kind: '`hidden` or `idle`', seconds: 'playback in that state', limitSeconds: 'what is allowed' },
  actions: [
    'logged-in', 'initialized', 'played', 'paused', 'seeked', 'rate-changed', 'heartbeat', 'completed', 'terminated', 'navigated', 'answered',
    'face-checked',
  ],
  needs: [['visible', 'inputs']],
  state: fields,

  onEvent(event, context) {
    const { state, span, params } = context
    if (state.episodes !== undefined) closeEpisodes(context)
    const proven = span !== undefined && isProven(span, params.quiet) ? span : undefined
    const visible = event.visible ?? span?.visible
    if (visible !== true || state.hidden !== undefined) watchHidden(visible, event, proven, context)
    const { inputs } = event
    if (inputs !== undefined && inputs > 0) {
      if (isRunning(state) || state.untoldChapter !== undefined) endIdle(state)
      state.signAt = event.time
    } else if (proven === undefined || inputs === undefined || !goesOn(state, event, proven, params.gap)) {
      watchIdle(event, proven, context)
    } else {
      addToSketch(state, Math.max(proven.from, state.end), proven.to)
      if (state.seconds >= params.idle / SECOND) reachLimit('idle', state, event.id, context)
    }
    if (state.episodes !== undefined) context.wakeAt(nextOver(state.episodes, event.time, params.end))
  },

  onTimer(at, context) {
    const { episodes } = context.state
    if (episodes === undefined) return
    closeEpisodes(context)
    context.wakeAt(nextOver(episodes, at, context.params.end))
  },

  explain: (f) =>
    f.kind === 'hidden'
      ? {
          en: `the video ran for ${spellSeconds(f.seconds)} with its page hidden (limit ${spellSeconds(f.limitSeconds)})`,
          zh: `视频在页面隐藏时播放了 ${spellSecondsZh(f.seconds)}（限制 ${spellSecondsZh(f.limitSeconds)}）`,
        }
      : {
          en: `the video ran for ${spellSeconds(f.seconds)} without any input and without an answered face check (limit ${spellSeconds(f.limitSeconds)})`,
          zh: `视频播放了 ${spellSecondsZh(f.seconds)}，期间没有任何操作，也没有完成人脸核验（限制 ${spellSecondsZh(f.limitSeconds)}）`,
        },
})

type Call = Parameters<typeof hangUp.onEvent>[1]

/** Only a stretch that begins and ends with a hidden page was hidden in all of it. */
function watchHidden(visible: boolean | undefined, event: Event, proven: Span | undefined, context: Call): void {
  const { state, params, span } = context
  if (!params.kinds.includes('hidden')) return
  if (visible === undefined) {
    if (span !== undefined && !state.toldVisible) {
      state.toldVisible = true
      context.notEvaluable('`visible` is not sent')
    }
    return
  }
  const { hidden } = state
  if (visible) {
    state.hidden = undefined
  } else if (hidden === undefined || hidden.session !== event.session) {
    state.hidden = {
      session: event.session, at: event.time, chapter: '', begin: NaN, end: -Infinity, seconds: NaN, first: '', count: 0, gathered: undefined, isPart: false,
    }
  } else {
    if (span !== undefined) playHidden(hidden, event.id, proven, context)
    hidden.at = event.time
  }
}

function playHidden(hidden: Hidden, id: string, proven: Span | undefined, context: Call): void {
  if (proven === undefined || proven.from - hidden.end > context.params.quiet) endRun(hidden)
  if (proven === undefined) return
  const from = Math.max(proven.from, isRunning(hidden) ? hidden.end : hidden.at)
  if (!isRunning(hidden)) hidden.end = from
  play('hidden', hidden, proven.chapter, from, proven.to, id, context)
}

/** Whether there is playback in it: a sketch, what is gathered, or part of the open episode. */
function isRunning(run: Run): boolean {
  return run.count > 0 || run.gathered !== undefined || run.isPart
}

function endRun(run: Run): void {
  run.count = 0
  run.gathered = undefined
  run.isPart = false
}

/** Whether an event without input goes on with the only stretch so far, in the session of it. */
function goesOn(state: State, event: Event, { chapter, from }: Span, gap: Ms): boolean {
  const pause = from - state.end
  return state.count > 0 && state.untoldChapter === undefined && state.session === event.session && state.chapter === chapter && pause <= JOIN && pause <= gap
}

/** Takes an event without input, or of which that is not told. */
function watchIdle(event: Event, proven: Span | undefined, context: Call): void {
  const { state, params } = context
  if (!params.kinds.includes('idle')) return
  const isUntold = state.untoldChapter !== undefined
  const to = isUntold ? state.untoldEnd : isRunning(state) ? state.end : undefined
  if (isSignOfLife(event, state) || (to !== undefined && (proven?.from ?? event.time) - to > params.gap)) {
    // The playback that this event closes is left out, too: the input may have come anywhere in it.
    endIdle(state)
    state.signAt = event.time
    return
  }
  if (proven === undefined) return
  const from = Math.max(proven.from, to ?? state.signAt)
  if (event.inputs === undefined) {
    leaveUntold(proven.chapter, from, proven.to, context)
    return
  }
  const untold = untoldOf(state)
  if (!isRunning(state)) {
    const begin = untold[0]?.begin ?? from
    state.session = event.session
    state.end = begin
    if (isUntold) state.gathered = newEpisode(begin)
  }
  dropUntold(state)
  for (const s of untold) play('idle', state, s.chapter, s.begin, s.end, undefined, context, s.seconds)
  play('idle', state, proven.chapter, from, proven.to, event.id, context)
}

function endIdle(state: State): void {
  endRun(state)
  dropUntold(state)
}

/** Whether somebody is there without an input: an answer, an answered face check, a login, another session. */
function isSignOfLife(event: Event, state: State): boolean {
  if (event.action === 'answered' || event.action === 'logged-in') return true
  if (event.action === 'face-checked') return event.outcome !== 'missed'
  return isRunning(state) && state.session !== undefined && event.session !== undefined && event.session !== state.session
}

/** Keeps playback of which the inputs are not told yet. If they are not for a whole limit, nothing can be judged. */
function leaveUntold(chapter: string, from: Ms, to: Ms, context: Call): void {
  const { state } = context
  if (to > from) addUntold(state, chapter, from, to)
  if (to - (untoldSince(state) ?? to) < context.params.idle) return
  endIdle(state)
  if (!state.toldInputs) context.notEvaluable('`inputs` is not sent')
  state.toldInputs = true
}

/** Adds playback to a run. At the limit the run becomes an episode, or part of the one that is open. */
function play(kind: Kind, run: Run, chapter: string, from: Ms, to: Ms, id: string | undefined, context: Call, seconds?: number): void {
  const open = context.state.episodes?.open[kind]
  const before = run.end
  run.isPart &&= open !== undefined
  if (run.count > 0 && id !== undefined && run.chapter === chapter && from <= before + JOIN) {
    addToSketch(run, from, to)
  } else if (run.isPart && open !== undefined) {
    addPlayback(open, chapter, from, to, seconds)
    if (id !== undefined) addEvidence(open.evidence, id)
    if (to > before) run.end = to
    return
  } else if (run.count === 0 && run.gathered === undefined && id !== undefined && to > from) {
    startSketch(run, chapter, from, to, id)
  } else {
    run.gathered ??= run.count > 0 ? takeSketch(run) : newEpisode(from)
    addPlayback(run.gathered, chapter, from, to, seconds)
    if (to > before) run.end = to
    if (id === undefined) return
    countEvidence(run.gathered.evidence, id)
  }
  if (id !== undefined && (run.gathered ?? run).seconds >= context.params[kind] / SECOND) reachLimit(kind, run, id, context)
}

function reachLimit(kind: Kind, run: Run, id: string, context: Call): void {
  const { state } = context
  const gathered = run.gathered ?? takeSketch(run)
  if (gathered.evidence.count > 1) gathered.evidence.events.push(id)
  run.gathered = undefined
  run.isPart = true
  if (openEpisode((state.episodes ??= newEpisodes()), kind, gathered)) report(kind, gathered, 'ongoing', context)
}

function closeEpisodes(context: Call): void {
  const { state, params, now } = context
  const episodes = state.episodes as Episodes<Kind>
  for (let over = takeOver(episodes, now, params.end); over !== undefined; over = takeOver(episodes, now, params.end)) {
    report(over[0], over[1], 'ended', context)
  }
}

function report(kind: Kind, e: Episode, episode: 'ongoing' | 'ended', context: Call): void {
  context.raise({
    episode, begin: e.begin, end: e.end, chapters: chaptersOf(e.stretches), disputed: disputedOf(context.id, e.stretches), evidence: e.evidence,
    facts: { kind, seconds: round3(e.seconds), limitSeconds: context.params[kind] / SECOND },
  })
}
