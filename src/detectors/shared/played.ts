import { SECOND, type Ms } from '../../base/time.ts'
import type { Action } from '../../telemetry/event.ts'
import type { Span } from '../../telemetry/playback.ts'

/** Whether an event begins or gives up playback: it says nothing of the time before it, unless positions do. */
export function startsAnew(action: Action): boolean {
  return action === 'played' || action === 'initialized' || action === 'terminated'
}

/**
 * Wall-clock time of a stretch, closed by an event of action `by`, that was surely played: as much as media advanced;
 * without positions all of it, if it is no longer than `quiet`.
 */
export function playedMs(span: Span, by: Action, quiet: Ms): Ms {
  const elapsed = span.to - span.from
  if (span.mediaFrom === undefined || span.mediaTo === undefined) return elapsed <= quiet && !startsAnew(by) ? elapsed : 0
  if (span.agrees !== true && startsAnew(by)) return 0
  return Math.min(elapsed, Math.max(0, Math.round(((span.mediaTo - span.mediaFrom) / span.rate) * SECOND)))
}
