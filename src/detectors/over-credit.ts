import { z } from 'zod'
import { flag, number, rare, record, ref, type RecordOf } from '../base/record.ts'
import { plausible } from '../base/plausible.ts'
import { DAY, HOUR, MINUTE, SECOND, duration, local, type Ms } from '../base/time.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import type { Action, Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import { disputedOf, type Stretch } from './shared/episode.ts'
import { cover, latelyFields } from './shared/lately.ts'
import { addToPace, beginPace, continuePace, excessByChapter, isDone, isFast, isStale, paceFields } from './shared/pace.ts'
import { addPiece } from './shared/pieces.ts'
import { playedMs, startsAnew } from './shared/played.ts'
import { round3, spellSeconds, spellSecondsZh } from './shared/wording.ts'

const params = z.strictObject({
  rate: z.number().gt(0).default(1).describe('Media seconds that may be credited for each second of the clock.').meta(plausible(0.5, 4)),
  everywhere: z.boolean().default(false).describe('Whether `rate` holds on platforms, too, whose `rate` in the catalogue is higher: no fast playback for anybody.'),
  excess: z.number().min(0).default(0.1).describe('Share by which media may advance faster than that.').meta(plausible(0, 1)),
  over: duration.prefault('5m').describe('Playing time over which that is measured.'),
  daily: duration.prefault('8h').describe('Playback in a local day, at most, whatever plays at once; published rules have this number.').meta(plausible('1h', '24h')),
  quiet: duration.prefault('45s').describe('Without media positions, a stretch of playback longer than this proves nothing.'),
  end: duration.prefault('30m').describe('After so long without media faster than the clock the episode is over.'),
})
type Params = z.output<typeof params>

/** Too much credit: media too fast, or too many hours in a day. */
interface Excess {
  begin: Ms
  end: Ms
  noticed: Ms
  /** Media, and the clock's time in which it was played, in milliseconds. */
  media: Ms
  clock: Ms
  chapters: string[]
  disputed: Stretch[]
  evidence: Evidence
}

const fields = record(latelyFields, paceFields, {
  /** Playback that goes on at no more than the rate allowed, in one stretch that is not accounted for yet; `runTo` is NaN where there is none. */
  runTo: number(NaN),
  runMediaTo: number(NaN),
  runFrom: number(NaN),
  runMediaFrom: number(NaN),
  runRate: number(NaN),
  /** End of the local day at hand, and what was played in it, in milliseconds. */
  dayEnds: number(-Infinity),
  today: number(0),
  runChapter: ref<string>(),
  runSession: ref<string>(),
  /** Its last event. */
  runEvent: ref<string>(),
  fast: rare<Excess>(),
  long: rare<Excess>(),
  /** Begins of the last episodes of both kinds. */
  fastBegin: number(-Infinity),
  longBegin: number(-Infinity),
  /** Whether it is already counted that positions are missing. */
  blind: flag,
})
type State = RecordOf<typeof fields>

interface Facts {
  kind: 'pace' | 'day'
  mediaSeconds: number
  clockSeconds: number
  ratio: number
  limitRatio: number
  limitSeconds: number
}
type Call = Context<Params, State, Facts>

const MOST_CHAPTERS = 50
const MOST_RUN: Ms = MINUTE
/** A player that stands still may catch up with so much; and evidence of a day may come so long after it. */
const STANDSTILL: Ms = 2 * MINUTE
const DAY_SETTLES: Ms = HOUR

export const overCredit = defineDetector<typeof params, State, Facts>({
  name: 'over-credit',
  version: 1,
  summary: 'More is credited than the clock allows: media faster than time, or too many hours in a day.',
  stage: 'learner',
  params,
  facts: {
    kind: '`pace` or `day`', mediaSeconds: 'media played', clockSeconds: 'time that it took', ratio: 'media for each second of the clock',
    limitRatio: 'ratio that is allowed', limitSeconds: 'playback in a day that is allowed',
  },
  actions: ['initialized', 'played', 'heartbeat', 'rate-changed', 'seeked', 'paused', 'completed', 'terminated'],
  needs: ['chapter'],
  state: fields,
  onEvent(event, context) {
    const { span, state } = context
    if (state.fast !== undefined || state.long !== undefined) endIfOver(context)
    if (span === undefined) return
    if (goesOn(event, span, context)) {
      state.runTo = span.to
      state.runMediaTo = span.mediaTo as number
      state.runEvent = event.id
      return
    }
    if (!Number.isNaN(state.runTo)) breakRun(event, context)
    account(event.id, event.action, span, event, context)
    if (event.action !== 'heartbeat' || span.agrees !== true) return
    state.runChapter = span.chapter
    state.runSession = span.session
    state.runFrom = state.runTo = span.to
    state.runMediaFrom = state.runMediaTo = span.mediaTo as number
    state.runRate = span.rate
  },
  onTimer(_, context) {
    endIfOver(context)
    schedule(context)
  },
  explain({ kind, mediaSeconds, clockSeconds, ratio, limitRatio, limitSeconds }) {
    if (kind === 'day') {
      return {
        en: `${spellSeconds(clockSeconds)} were played in one day (limit ${spellSeconds(limitSeconds)})`,
        zh: `一天内播放了 ${spellSecondsZh(clockSeconds)}（上限 ${spellSecondsZh(limitSeconds)}）`,
      }
    }
    return {
      en: `${spellSeconds(mediaSeconds)} of media were played in ${spellSeconds(clockSeconds)}, ${ratio} times as fast as the clock (limit ${limitRatio})`,
      zh: `${spellSecondsZh(clockSeconds)}内播放了 ${spellSecondsZh(mediaSeconds)}的课程，是实际时间的 ${ratio} 倍（上限 ${limitRatio} 倍）`,
    }
  },
})

/** Whether the stretch at hand plainly goes on: then it is accounted for once a minute instead of at every beat. */
function goesOn(event: Event, span: Span, { params, state }: Call): boolean {
  return (
    span.agrees === true && span.from === state.runTo && span.mediaFrom === state.runMediaTo && span.to - state.runFrom <= MOST_RUN &&
    span.chapter === state.runChapter && span.session === state.runSession && event.action === 'heartbeat' && span.rate === state.runRate && span.rate <= params.rate &&
    span.to < state.dayEnds && state.fast === undefined && state.long === undefined
  )
}

function breakRun(event: Event, context: Call): void {
  const { state } = context
  const { runChapter: chapter, runFrom: from, runTo: to, runEvent: id } = state
  state.runTo = NaN
  if (to <= from || chapter === undefined || id === undefined) return
  const span: Span = {
    chapter, session: state.runSession, from, to, mediaFrom: state.runMediaFrom, mediaTo: state.runMediaTo, rate: state.runRate,
    agrees: true, visible: undefined, muted: undefined,
  }
  account(id, 'heartbeat', span, event, context)
}

/** Accounts for a stretch that the event `id` of action `by` closed. `event` is the one at hand. */
function account(id: string, by: Action, span: Span, event: Event, context: Call): void {
  const { state, params } = context
  const played = playedMs(span, by, params.quiet)
  const placed = span.mediaFrom !== undefined && span.mediaTo !== undefined
  const claimed = placed ? Math.min(span.to - span.from, played + STANDSTILL) : played
  const clock = claimed - cover(state, span.to - claimed, span.to)
  if (placed) judgePace(id, by, span, clock, context)
  else if (!state.blind) {
    state.blind = true
    context.notEvaluable('pace: playback without media positions')
  }
  if (played > 0) judgeDay(id, event, span, Math.min(clock, played), context)
}

function judgePace(id: string, by: Action, span: Span, clock: Ms, context: Call): void {
  const { params, state } = context
  // Where playback starts again its position may have been chosen: only an advance like the clock's was played.
  if (span.agrees !== true && startsAnew(by)) return
  if (isStale(state, span)) beginPace(state)
  const limits = { rate: rateAllowed(context), excess: params.excess, over: params.over }
  addToPace(state, span, id, by, ((span.mediaTo as number) - (span.mediaFrom as number)) * SECOND, clock, limits)
  if (isFast(state, limits)) noteFast(id, context)
  else if (isDone(state, limits)) continuePace(state, limits.rate)
}

/** What a platform's own player offers is no fault of those who take it, unless the rule says so. */
function rateAllowed({ params, catalogue, platform }: Call): number {
  return params.everywhere ? params.rate : Math.max(params.rate, catalogue.platform(platform)?.rate ?? params.rate)
}

function noteFast(id: string, context: Call): void {
  const { state } = context
  const { paceBegin: begin, paceEnd: end, firstEvent } = state
  const isNew = state.fast === undefined
  if (isNew) state.fastBegin = begin === state.longBegin ? begin + 1 : begin
  const fast = (state.fast ??= newExcess(state.fastBegin))
  fast.media += state.paceMedia
  fast.clock += state.paceClock
  fast.end = end
  fast.noticed = context.now
  if (firstEvent !== undefined && firstEvent !== id) addEvidence(fast.evidence, firstEvent)
  addEvidence(fast.evidence, id)
  for (const { chapter, excess } of excessByChapter(state)) {
    const disputed = Math.min(excess, end - begin)
    addChapter(fast, chapter)
    if (disputed > 0) addPiece(fast.disputed, chapter, begin, end, round3(disputed / SECOND))
  }
  beginPace(state)
  if (isNew) report('pace', fast, 'ongoing', context)
  schedule(context)
}

function judgeDay(id: string, event: Event, span: Span, played: Ms, context: Call): void {
  const { state } = context
  let rest = played
  if (span.to >= state.dayEnds) {
    const before = Math.max(0, Math.min(played, state.dayEnds - (span.to - played)))
    if (before > 0) addToDay(id, span.chapter, state.dayEnds, before, context)
    endDay(context)
    const zone = context.catalogue.classOf(event)?.timeZone
    const { clock } = local(span.to, zone, event.offset)
    state.dayEnds = span.to - clock + DAY
    // A day on which the clocks change is not 24 hours long.
    const off = local(state.dayEnds, zone, event.offset).clock
    state.dayEnds += off < DAY / 2 ? -off : DAY - off
    state.today = 0
    rest = Math.min(played - before, clock)
  }
  if (rest > 0) addToDay(id, span.chapter, span.to, rest, context)
}

/** Adds playback that ended at `to`, all of it in the day at hand. */
function addToDay(id: string, chapter: string, to: Ms, played: Ms, context: Call): void {
  const { params, state } = context
  state.today += played
  const beyond = Math.min(played, state.today - params.daily)
  if (beyond <= 0) return
  const isNew = state.long === undefined
  if (isNew) state.longBegin = to - beyond === state.fastBegin ? to - beyond + 1 : to - beyond
  const long = (state.long ??= newExcess(state.longBegin))
  long.media = long.clock = state.today
  long.end = Math.max(long.begin, to)
  addChapter(long, chapter)
  addPiece(long.disputed, chapter, to - beyond, to, beyond / SECOND)
  addEvidence(long.evidence, id)
  if (!isNew) return
  report('day', long, 'ongoing', context)
  schedule(context)
}

function endIfOver(context: Call): void {
  const { now, params, state } = context
  const { fast } = state
  if (fast !== undefined && now >= fast.noticed + params.end) {
    state.fast = undefined
    report('pace', fast, 'ended', context)
  }
  if (state.long !== undefined && now >= state.dayEnds + DAY_SETTLES) endDay(context)
}

function endDay(context: Call): void {
  const { long } = context.state
  if (long === undefined) return
  context.state.long = undefined
  report('day', long, 'ended', context)
}

function schedule(context: Call): void {
  const { state, params, now } = context
  const fastOver = state.fast === undefined ? Infinity : state.fast.noticed + params.end
  // INVARIANT (timers): none is set for now or earlier; a day that is over is ended by the call at hand.
  const dayOver = state.long === undefined ? Infinity : state.dayEnds + DAY_SETTLES
  const at = Math.min(fastOver, dayOver)
  context.wakeAt(at > now && at < Infinity ? at : undefined)
}

function newExcess(begin: Ms): Excess {
  return { begin, end: begin, noticed: begin, media: 0, clock: 0, chapters: [], disputed: [], evidence: newEvidence() }
}

function addChapter(excess: Excess, chapter: string): void {
  const { chapters } = excess
  if (!chapters.includes(chapter) && chapters.length < MOST_CHAPTERS) excess.chapters = [...chapters, chapter]
}

function report(kind: Facts['kind'], excess: Excess, episode: 'ongoing' | 'ended', context: Call): void {
  const { params } = context
  context.raise({
    episode,
    begin: excess.begin,
    end: excess.end,
    chapters: excess.chapters,
    disputed: disputedOf(context.id, excess.disputed),
    facts: {
      kind,
      mediaSeconds: round3(excess.media / SECOND),
      clockSeconds: round3(excess.clock / SECOND),
      ratio: round3(excess.media / Math.max(1, excess.clock)),
      limitRatio: round3(rateAllowed(context) * (1 + params.excess)),
      limitSeconds: params.daily / SECOND,
    },
    evidence: excess.evidence,
  })
}
