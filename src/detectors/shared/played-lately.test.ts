import { expect, test } from 'vitest'
import { record } from '../../base/record.ts'
import type { Action, Event } from '../../telemetry/event.ts'
import { advancePlayback, playback } from '../../telemetry/playback.ts'
import { at } from '../../testing/drive.ts'
import { addSpan, goOn, notePlayer, playedLately, tracksBefore } from './played-lately.ts'

/** What is kept after the events, with every stretch taken for played. */
function after(...events: Event[]) {
  const [player, lately] = [playback.make(), record(playedLately).make()]
  for (const e of events) {
    const span = advancePlayback(player, e)
    if (span !== undefined && !goOn(lately, span)) addSpan(lately, tracksBefore(lately, span), span)
    notePlayer(lately, e, e.chapter as string)
  }
  return lately
}
const seen = (clock: string, action: Action, chapter: string) => at(`08:${clock}`, action, 'L1', chapter, { session: 's1' })
const begun = [seen('00:00', 'played', 'c1'), seen('00:15', 'heartbeat', 'c1')]
const next = [seen('01:00', 'played', 'c2'), seen('01:15', 'heartbeat', 'c2')]

test.each([
  ['a chapter that goes on', begun],
  ['a rest', [...begun, seen('00:30', 'paused', 'c1'), seen('05:00', 'played', 'c1'), seen('05:15', 'heartbeat', 'c1')]],
  ['one chapter after the other', [...begun, seen('00:30', 'completed', 'c1'), ...next]],
  ['another that was only opened', [...begun, seen('00:20', 'initialized', 'c2'), seen('00:30', 'heartbeat', 'c1')]],
  ['two at once, once one was stopped', [...begun, ...next, seen('01:20', 'paused', 'c1'), seen('01:30', 'heartbeat', 'c2')]],
])('of %s only the stretch at hand is kept', (_, events) => {
  const { tracks, going, from, to } = after(...events)
  expect({ tracks, going, first: from < to }).toEqual({ tracks: undefined, going: undefined, first: true })
})

test('what a player that was not stopped may reach back to is kept', () => {
  const { tracks, going } = after(...begun, ...next)
  expect(going).toMatchObject([{ chapter: 'c1', at: begun[1]?.time }])
  expect(tracks?.map((t) => t.chapter)).toEqual(['c1', 'c2'])
})
