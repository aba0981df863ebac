import { z } from 'zod'
import { duration, SECOND, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { addEvidence } from '../warnings/evidence.ts'
import {
  addPlayback, addStretch, addToSketch, chaptersOf, countEvidence, disputedOf, isProven, JOIN, newEpisode, newEpisodes, nextOver, openEpisode,
  startSketch, takeOver, takeSketch, type Episode, type Episodes, type Sketch, type Stretch,
} from './shared/episode.ts'
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
/** The state is the run without input as well, as long as `idling`: it is the one that nearly every event concerns. */
interface State extends Run {
  idling: boolean
  /** The last sign that somebody was there. */
  signAt: Ms
  /** When the page was last told to be hidden, -Infinity if it has been visible since, and in which session. */
  hiddenAt: Ms
  hidden: Run | undefined
  episodes: Episodes<Kind> | undefined
  /** Playback since the last event that told the inputs: whether there were any is not known yet. */
  untold: Stretch[] | undefined
  hiddenSession: string | undefined
  toldVisible: boolean
  toldInputs: boolean
}
type Facts = { kind: Kind; seconds: number; limitSeconds: number }

/** The learner leaves the video running: it plays with the page hidden, or for long without a sign of anybody. */
export const hangUp = defineDetector<typeof params, State, Facts>({
  name: 'hang-up',
  version: 1,
  summary: 'The video runs with the page hidden, or for long without any input and without an answered face check.',
  stage: 'learner',
  params,
  actions: [
    'logged-in', 'initialized', 'played', 'paused', 'seeked', 'rate-changed', 'heartbeat', 'completed', 'terminated', 'navigated', 'answered',
    'face-checked',
  ],
  needs: [['visible', 'inputs']],
  newState: () => ({
    idling: false, count: 0, session: undefined, chapter: '', end: -Infinity, seconds: NaN, signAt: -Infinity, hiddenAt: -Infinity, hidden: undefined,
    episodes: undefined, gathered: undefined, untold: undefined, begin: -Infinity, first: '', isPart: false, hiddenSession: undefined,
    toldVisible: false, toldInputs: false,
  }),

  onEvent(event, context) {
    const { state, span, params } = context
    if (state.episodes !== undefined) closeEpisodes(context)
    const proven = span !== undefined && isProven(span, params.quiet) ? span : undefined
    const visible = event.visible ?? span?.visible
    if (visible !== true || state.hiddenAt !== -Infinity || state.hidden !== undefined) watchHidden(visible, event, proven, context)
    const { inputs } = event
    if (inputs !== undefined && inputs > 0) {
      if (state.idling || state.untold !== undefined) endIdle(state)
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
  const since = state.hiddenSession === event.session ? state.hiddenAt : -Infinity
  state.hiddenAt = visible ? -Infinity : event.time
  state.hiddenSession = event.session
  if (visible || since === -Infinity || (span !== undefined && proven === undefined)) state.hidden = undefined
  if (visible || since === -Infinity || proven === undefined) return
  if (state.hidden !== undefined && proven.from - state.hidden.end > params.quiet) state.hidden = undefined
  const from = Math.max(proven.from, state.hidden?.end ?? since)
  const run = (state.hidden ??= {
    session: event.session, chapter: '', begin: from, end: from, seconds: NaN, first: '', count: 0, gathered: undefined, isPart: false,
  })
  play('hidden', run, proven.chapter, from, proven.to, event.id, context)
}

/** Whether an event without input goes on with the only stretch so far, in the session of it. */
function goesOn(state: State, event: Event, { chapter, from }: Span, gap: Ms): boolean {
  const pause = from - state.end
  return state.count > 0 && state.untold === undefined && state.session === event.session && state.chapter === chapter && pause <= JOIN && pause <= gap
}

/** Takes an event without input, or of which that is not told. */
function watchIdle(event: Event, proven: Span | undefined, context: Call): void {
  const { state, params } = context
  if (!params.kinds.includes('idle')) return
  const { untold } = state
  const to = untold?.at(-1)?.end ?? (state.idling ? state.end : undefined)
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
  if (!state.idling) {
    const begin = untold?.[0]?.begin ?? from
    state.idling = true
    state.isPart = false
    state.session = event.session
    state.end = begin
    state.gathered = untold === undefined ? undefined : newEpisode(begin)
  }
  if (untold !== undefined) {
    for (const s of untold) play('idle', state, s.chapter, s.begin, s.end, undefined, context, s.seconds)
    state.untold = undefined
  }
  play('idle', state, proven.chapter, from, proven.to, event.id, context)
}

function endIdle(state: State): void {
  state.idling = false
  state.count = 0
  state.gathered = undefined
  state.untold = undefined
}

/** Whether somebody is there without an input: an answer, an answered face check, a login, another session. */
function isSignOfLife(event: Event, state: State): boolean {
  if (event.action === 'answered' || event.action === 'logged-in') return true
  if (event.action === 'face-checked') return event.outcome !== 'missed'
  return state.idling && state.session !== undefined && event.session !== undefined && event.session !== state.session
}

/** Keeps playback of which the inputs are not told yet. If they are not for a whole limit, nothing can be judged. */
function leaveUntold(chapter: string, from: Ms, to: Ms, context: Call): void {
  const { state } = context
  const untold = (state.untold ??= [])
  if (to > from) addStretch(untold, chapter, from, to)
  if (to - (untold[0]?.begin ?? to) < context.params.idle) return
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
