import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../base/time.ts'
import { at, instant } from '../../testing/drive.ts'
import type { Action, Event } from '../../telemetry/event.ts'
import { fields } from './state.ts'
import { advanceBeat, advanceTrack, playTrack, SILENT, type Tracks } from './tracks.ts'

const newTracks = (): Tracks => fields.make()
const after = (seconds: number, action: Action, chapter: string, position?: number): Event =>
  at(new Date(instant('08:00:00') + seconds * SECOND).toISOString(), action, 'L1', chapter, { session: 's1', position })

function play(tracks: Tracks, ...events: readonly Event[]): Tracks {
  for (const e of events) {
    playTrack(tracks, e, e.chapter as string)
    if (e.action === 'heartbeat') advanceBeat(tracks, e)
    else advanceTrack(tracks, e)
  }
  return tracks
}

test('a chapter that is taken up again is known as it was', () => {
  const tracks = play(newTracks(), after(0, 'heartbeat', 'c1', 7), after(5, 'heartbeat', 'c2', 3), after(15, 'heartbeat', 'c3', 9))
  playTrack(tracks, after(20, 'heartbeat', 'c1', 27), 'c1')
  expect(tracks.chapter).toBe('c1')
  expect(tracks.beat).toBe(instant('08:00:00'))
  expect(tracks.position).toBe(7)
  expect(tracks.otherBeat).toBe(instant('08:00:15'))
  expect(tracks.others?.map((t) => t.chapter).sort()).toEqual(['c2', 'c3'])
})

test.each([
  ['done', [after(0, 'heartbeat', 'c1'), after(9, 'completed', 'c1'), after(20, 'played', 'c2')]],
  ['silent for half an hour', [after(0, 'heartbeat', 'c1'), after(SILENT / SECOND, 'played', 'c2')]],
])('a chapter that is %s is forgotten when another begins', (_, events) => {
  expect(play(newTracks(), ...events).others).toBeUndefined()
})

test('of many chapters at once the oldest is forgotten', () => {
  const tracks = play(newTracks(), ...Array.from({ length: 14 }, (_, i) => after(i, 'heartbeat', `c${i}`)))
  expect(tracks.others?.map((t) => t.chapter)).toEqual(Array.from({ length: 11 }, (_, i) => `c${i + 2}`))
  expect(SILENT).toBe(30 * MINUTE)
})
