import { SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { ARRIVED, GROUP, GROUP_BEFORE, LAST, POSITION } from './numbers.ts'
import { count, SIGN, type Ctx } from './state.ts'
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
  const { numbers } = context.state
  const arrived = event.received ?? event.time
  const group = numbers[GROUP] as number
  if (group > 0 && Math.abs(arrived - (numbers[ARRIVED] as Ms)) <= context.params.together && apart(event, numbers)) {
    numbers[GROUP] = group + 1
  } else {
    if (group > 0) {
      count(event, context, SIGN.bundles, group >= context.params.bundle && group === numbers[GROUP_BEFORE], BUNDLES, group)
      numbers[GROUP_BEFORE] = group
    }
    numbers[GROUP] = 1
  }
  numbers[ARRIVED] = arrived
}

function apart(event: Event, numbers: readonly number[]): boolean {
  const position = numbers[POSITION] as number
  return event.time - (numbers[LAST] as Ms) >= APART || (event.position !== undefined && position >= 0 && event.position - position >= APART / SECOND)
}
