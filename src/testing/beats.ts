import { SECOND, formatTime } from '../base/time.ts'
import type { Event } from '../telemetry/event.ts'
import { at, instant, type Fields } from './drive.ts'

/**
 * Honest playback from position 0: `played` at `from`, then a heartbeat every `step` seconds up to and including `to`,
 * each with the media position that the clock allows.
 */
export function beats(from: string, to: string, step: number, learner: string, chapter: string, fields: Fields = {}): Event[] {
  const begin = instant(from)
  const events: Event[] = []
  for (let t = begin; t <= instant(to); t += step * SECOND) {
    events.push(at(formatTime(t), t === begin ? 'played' : 'heartbeat', learner, chapter, { position: (t - begin) / SECOND, ...fields }))
  }
  return events
}
