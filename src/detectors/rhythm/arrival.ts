import { SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { count, SIGN, type Ctx, type State } from './state.ts'
import { weights } from './tally.ts'

// A group of three or more that is as large as the one before: a phone that lost its connection flushes one bundle, once in
// a while, and single beats lie between that one and the next. At 1e-4: 5 groups.
const BUNDLES = weights(0.1, 0.85)
const APART: Ms = 2 * SECOND

/**
 * The sign that beats come in bundles of one size. Arrival is `received`, else the event's own time: then beats that are
 * apart in the media only count as sent together.
 */
export function judgeArrival(event: Event, context: Ctx): void {
  const { state } = context
  const arrived = event.received ?? event.time
  const group = state.group
  if (group > 0 && Math.abs(arrived - state.arrived) <= context.params.together && apart(event, state)) {
    state.group = group + 1
  } else {
    if (group > 0) {
      count(event, context, SIGN.bundles, group >= context.params.bundle && group === state.groupBefore, BUNDLES, group)
      state.groupBefore = group
    }
    state.group = 1
  }
  state.arrived = arrived
}

function apart(event: Event, state: State): boolean {
  const position = state.position
  return event.time - state.last >= APART || (event.position !== undefined && position >= 0 && event.position - position >= APART / SECOND)
}
