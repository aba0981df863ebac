import { z } from 'zod'
import { duration, SECOND, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { addEvidence } from '../warnings/evidence.ts'
import {
  addPlayback, addStretch, chaptersOf, countEvidence, disputedOf, isProven, newEpisode, newEpisodes, nextOver, openEpisode, takeOver,
  type Episode, type Episodes, type Stretch,
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

/** Playback of one kind without a break. */
interface Run {
  session: string | undefined
  /** End of its last playback. */
  to: Ms
  /** What there is of it, up to the limit; undefined once it is part of the open episode. */
  gathered: Episode | undefined
}
type State = {
  /** When the page was last told to be hidden, if it has not been visible since, and in which session. */
  hiddenAt: Ms | undefined
  hiddenSession: string | undefined
  hidden: Run | undefined
  idle: Run | undefined
  /** The last sign that somebody was there. */
  signAt: Ms | undefined
  /** Playback since the last event that told the inputs: whether there were any is not known yet. */
  untold: Stretch[] | undefined
  episodes: Episodes<Kind> | undefined
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
    hiddenAt: undefined, hiddenSession: undefined, hidden: undefined, idle: undefined, signAt: undefined, untold: undefined, episodes: undefined,
    toldVisible: false, toldInputs: false,
  }),

  onEvent(event, context) {
    const { state, span, params } = context
    if (state.episodes !== undefined) closeEpisodes(context)
    const proven = span !== undefined && isProven(span, params.quiet) ? span : undefined
    if (params.kinds.includes('hidden')) watchHidden(event, proven, context)
    if (params.kinds.includes('idle')) watchIdle(event, proven, context)
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
function watchHidden(event: Event, proven: Span | undefined, context: Call): void {
  const { state, params, span } = context
  const visible = event.visible ?? span?.visible
  if (visible === undefined) {
    if (span !== undefined && !state.toldVisible) {
      state.toldVisible = true
      context.notEvaluable('`visible` is not sent')
    }
    return
  }
  const since = state.hiddenSession === event.session ? state.hiddenAt : undefined
  state.hiddenAt = visible ? undefined : event.time
  state.hiddenSession = event.session
  if (visible || since === undefined || (span !== undefined && proven === undefined)) state.hidden = undefined
  if (visible || since === undefined || proven === undefined) return
  if (state.hidden !== undefined && proven.from - state.hidden.to > params.quiet) state.hidden = undefined
  const from = Math.max(proven.from, state.hidden?.to ?? since)
  const run = (state.hidden ??= { session: event.session, to: from, gathered: newEpisode(from) })
  play('hidden', run, proven.chapter, from, proven.to, event.id, context)
}

function watchIdle(event: Event, proven: Span | undefined, context: Call): void {
  const { state, params } = context
  const { untold } = state
  const to = untold?.at(-1)?.end ?? state.idle?.to
  if (isSignOfLife(event, state.idle) || (to !== undefined && (proven?.from ?? event.time) - to > params.gap)) {
    // The playback that this event closes is left out, too: the input may have come anywhere in it.
    state.idle = undefined
    state.untold = undefined
    state.signAt = event.time
    return
  }
  if (proven === undefined) return
  const from = Math.max(proven.from, to ?? state.signAt ?? proven.from)
  if (event.inputs === undefined) {
    leaveUntold(proven.chapter, from, proven.to, context)
    return
  }
  const begin = untold?.[0]?.begin ?? from
  const run = (state.idle ??= { session: event.session, to: begin, gathered: newEpisode(begin) })
  if (untold !== undefined) {
    for (const s of untold) play('idle', run, s.chapter, s.begin, s.end, undefined, context, s.seconds)
    state.untold = undefined
  }
  play('idle', run, proven.chapter, from, proven.to, event.id, context)
}

/** Whether somebody is there: an input, an answer, an answered face check, a login, another session. */
function isSignOfLife(event: Event, idle: Run | undefined): boolean {
  if (event.inputs !== undefined && event.inputs > 0) return true
  if (event.action === 'answered' || event.action === 'logged-in') return true
  if (event.action === 'face-checked') return event.outcome !== 'missed'
  return idle?.session !== undefined && event.session !== undefined && event.session !== idle.session
}

/** Keeps playback of which the inputs are not told yet. If they are not for a whole limit, nothing can be judged. */
function leaveUntold(chapter: string, from: Ms, to: Ms, context: Call): void {
  const { state } = context
  const untold = (state.untold ??= [])
  if (to > from) addStretch(untold, chapter, from, to)
  if (to - (untold[0]?.begin ?? to) < context.params.idle) return
  state.idle = undefined
  state.untold = undefined
  if (!state.toldInputs) context.notEvaluable('`inputs` is not sent')
  state.toldInputs = true
}

/** Adds playback to a run. At the limit the run becomes an episode, or part of the one that is open. */
function play(kind: Kind, run: Run, chapter: string, from: Ms, to: Ms, id: string | undefined, context: Call, seconds?: number): void {
  const { state, params } = context
  if (to > run.to) run.to = to
  const open = state.episodes?.open[kind]
  if (run.gathered === undefined && open !== undefined) {
    addPlayback(open, chapter, from, to, seconds)
    if (id !== undefined) addEvidence(open.evidence, id)
    return
  }
  const gathered = (run.gathered ??= newEpisode(from))
  addPlayback(gathered, chapter, from, to, seconds)
  if (id === undefined) return
  countEvidence(gathered.evidence, id)
  if (gathered.seconds < params[kind] / SECOND) return
  if (gathered.evidence.count > 1) gathered.evidence.events.push(id)
  run.gathered = undefined
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
