import { z } from 'zod'
import { compareText } from '../base/order.ts'
import { rare, record, type RecordOf } from '../base/record.ts'
import { plausible } from '../base/plausible.ts'
import { SECOND, duration, type Ms } from '../base/time.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import type { Action } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import { disputedOf, type Stretch } from './shared/episode.ts'
import { addPiece } from './shared/pieces.ts'
import { startsAnew } from './shared/played.ts'
import { addSpan, beganOf, endOf, goOn, notePlayer, playedLately, tracksBefore, type Track } from './shared/played-lately.ts'
import { round3, spellSeconds, spellSecondsZh } from './shared/wording.ts'

const params = z.strictObject({
  overlap: duration.prefault('30s').describe('Playback of different chapters at once, in all, from which it counts.'),
  concurrency: z.number().min(1).default(1.05)
    .describe('Seconds credited for each second of the clock, at most. Beyond it half of `overlap` is enough within one session, whose clock is one.').meta(plausible(1, 3)),
  quiet: duration.prefault('45s').describe('Without media positions, a stretch of playback longer than this proves nothing.'),
  end: duration.prefault('10m').describe('After so long without overlap the episode is over.'),
})
type Params = z.output<typeof params>

/** Chapters played at once: a suspicion until it is raised. */
interface Overlap {
  raised: boolean
  begin: Ms
  end: Ms
  /** When the last of it was proven. */
  proven: Ms
  /** Played at once, and of that within one session; all playback since it began, and its union, in milliseconds. */
  overlap: Ms
  together: Ms
  credited: Ms
  union: Ms
  chapters: string[]
  disputed: Stretch[]
  evidence: Evidence
}

const fields = record({ ...playedLately, open: rare<Overlap>() })
type State = RecordOf<typeof fields>

interface Facts {
  chapters: number
  seconds: number
  limitSeconds: number
  concurrency: number
  limitConcurrency: number
}
type Call = Context<Params, State, Facts>

const MOST_CHAPTERS = 50

export const parallelChapters = defineDetector<typeof params, State, Facts>({
  name: 'parallel-chapters',
  version: 1,
  summary: "One learner's playback of different chapters overlaps in time.",
  stage: 'learner',
  params,
  facts: {
    chapters: 'how many played at once', seconds: 'how long', limitSeconds: 'overlap from which it counts',
    concurrency: 'seconds credited for each second of the clock', limitConcurrency: 'concurrency that is allowed',
  },
  actions: ['initialized', 'played', 'heartbeat', 'rate-changed', 'seeked', 'paused', 'completed', 'terminated'],
  needs: ['chapter'],
  state: fields,
  onEvent(event, context) {
    const { span, state } = context
    if (state.open !== undefined) endIfOver(context)
    if (event.chapter === undefined) return
    if (span !== undefined && isPlayed(span, event.action, context.params) && (state.open !== undefined || !goOn(state, span))) play(event.id, span, context)
    notePlayer(state, event, event.chapter)
  },
  onTimer(_, context) {
    endIfOver(context)
  },
  explain({ chapters, seconds, limitSeconds, concurrency, limitConcurrency }) {
    return {
      en:
        `${chapters} chapters were played at once, which credits ${spellSeconds(seconds)} more than the clock (limit ${spellSeconds(limitSeconds)}) ` +
        `or ${concurrency} s for each second of it (limit ${limitConcurrency})`,
      zh:
        `同时播放 ${chapters} 个章节，计入学时比实际时间多 ${spellSecondsZh(seconds)}（上限 ${spellSecondsZh(limitSeconds)}），` +
        `即每 1 秒计入 ${concurrency} 秒（上限 ${limitConcurrency}）`,
    }
  },
})

function play(id: string, span: Span, context: Call): void {
  const { state } = context
  const tracks = tracksBefore(state, span)
  const before = state.open?.overlap ?? 0
  if (mayOverlap(tracks, span)) compare(state, tracks, span)
  addSpan(state, tracks, span)
  if (state.open !== undefined) judge(state.open, id, span, state.open.overlap - before, context)
}

/** Whether the whole stretch was played. Without positions, a start says only that it was not playing just before. */
function isPlayed(span: Span, by: Action, params: Params): boolean {
  const elapsed = span.to - span.from
  if (span.agrees === undefined) return elapsed <= params.quiet && !startsAnew(by)
  if (!span.agrees) return false
  // Media must move, or a paused player that beats every second would be playing; and where in a long stretch it
  // stood still is unknown, so it may not stand still for long.
  const advance = (span.mediaTo as number) - (span.mediaFrom as number)
  return advance > 0 && elapsed - (advance / span.rate) * SECOND <= Math.max(2 * SECOND, params.overlap / 3)
}

function mayOverlap(tracks: readonly Track[], span: Span): boolean {
  for (const t of tracks) if (t.chapter !== span.chapter && endOf(t) > span.from) return true
  return false
}

/**
 * Walks the stretch and notes where other chapters were played, too. Of the chapters played at a time the one that was
 * begun first is credited, so the disputed seconds are the credited ones beyond those of the clock.
 */
function compare(state: State, tracks: readonly Track[], span: Span): void {
  const began = beganOf(tracks, span)
  let x = span.from
  while (x < span.to) {
    let next = span.to
    let first: Track | undefined
    let firstBegan = Infinity
    for (const t of tracks) {
      if (t.chapter === span.chapter) continue
      for (let i = 0; i < t.played.length; i += 2) {
        const from = t.played[i] as Ms
        const to = t.played[i + 1] as Ms
        if (to <= x) continue
        next = Math.min(next, from > x ? from : to)
        if (from <= x && from < firstBegan) {
          first = t
          firstBegan = from
        }
        break
      }
    }
    if (first !== undefined) note(state, span, first, began < firstBegan ? first.chapter : span.chapter, x, next)
    x = next
  }
}

function note(state: State, span: Span, other: Track, loser: string, begin: Ms, end: Ms): void {
  const open = (state.open ??= {
    raised: false, begin, end, proven: span.to, overlap: 0, together: 0, credited: 0, union: 0, chapters: [other.chapter], disputed: [], evidence: newEvidence(),
  })
  if (!open.raised && begin < open.begin) open.begin = begin
  if (end > open.end) open.end = end
  open.overlap += end - begin
  if (other.session === span.session) open.together += end - begin
  addChapter(open.chapters, other.chapter)
  addChapter(open.chapters, span.chapter)
  addPiece(open.disputed, loser, begin, end, (end - begin) / SECOND)
}

function addChapter(chapters: string[], chapter: string): void {
  if (!chapters.includes(chapter) && chapters.length < MOST_CHAPTERS) chapters.push(chapter)
}

function judge(open: Overlap, id: string, span: Span, added: Ms, context: Call): void {
  const { params, state } = context
  if (open.credited === 0) open.credited = open.union = added // the other chapter's part
  open.credited += span.to - span.from
  open.union += span.to - span.from - added
  if (added > 0) {
    open.proven = span.to
    addEvidence(open.evidence, id)
    if (open.raised) context.wakeAt(open.proven + params.end)
  }
  if (open.raised) return
  // Clocks differ by a little and pauses come late: seconds of overlap among minutes of playback are no suspicion.
  if (open.credited <= params.concurrency * open.union) state.open = undefined
  else if (open.overlap >= params.overlap || open.together >= params.overlap / 2) {
    open.raised = true
    report(open, 'ongoing', context)
    context.wakeAt(open.proven + params.end)
  }
}

function endIfOver(context: Call): void {
  const { state } = context
  if (state.open === undefined || context.now < state.open.proven + context.params.end) return
  if (state.open.raised) report(state.open, 'ended', context)
  state.open = undefined
}

function report(open: Overlap, episode: 'ongoing' | 'ended', context: Call): void {
  const { params } = context
  context.raise({
    episode,
    begin: open.begin,
    end: open.end,
    chapters: open.chapters.sort(compareText),
    disputed: disputedOf(context.id, open.disputed),
    facts: {
      chapters: open.chapters.length, seconds: open.overlap / SECOND, limitSeconds: params.overlap / SECOND,
      concurrency: round3(open.credited / open.union), limitConcurrency: params.concurrency,
    },
    evidence: open.evidence,
    ...(open.overlap < params.overlap ? { severity: 'medium' as const } : {}),
  })
}
