import type { Event } from '../telemetry/event.ts'
import type { LearnerEntry, PlatformPart } from './learner-entry.ts'
import type { Presence } from './presence.ts'
import type { Setup } from './runtime.ts'

/**
 * What the learner's event before named, too, becomes the same object, so that whoever compares it has no text to read;
 * and an address that is still the same need not be looked up.
 */
export function recognise(part: PlatformPart, entry: LearnerEntry, presence: Presence, event: Event, locate: Setup['locate']): void {
  if (event.session === presence.session) event.session = presence.session
  if (event.device === presence.device) event.device = presence.device
  if (event.account === presence.account) event.account = presence.account
  if (event.class === presence.class) event.class = presence.class
  if (event.ip === undefined) return
  if (event.ip !== entry.address || locate === undefined) {
    entry.address = event.ip
    locate?.(event)
    part.coverage.seePlace(event.place)
    entry.ip = event.ip
    entry.place = event.place
  } else {
    event.ip = entry.ip
    event.place = entry.place
  }
}
