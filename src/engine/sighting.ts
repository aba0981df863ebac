import type { Ms } from '../base/time.ts'
import type { Place } from '../telemetry/event.ts'

/**
 * What a resource is. `photo` is reached by band keys (so that hashes within 3 bits meet, see `engine/sightings.ts`) and
 * by the learner's own key; `person` exists where the catalogue declares learner ids global. `platform` sees only lessons that
 * begin in a class, of a platform some class of which the catalogue knows: what is to be told of its classes side by side.
 */
export const RESOURCE_KINDS = ['ip', 'device', 'account', 'class', 'photo', 'person', 'platform'] as const
export type ResourceKind = (typeof RESOURCE_KINDS)[number]

/**
 * Why a sighting was sent: `first` use, still in `use` 10 minutes later, on leaving (`left`), or a lesson boundary:
 * a chapter `began` (first playback) or was `completed`; `checked`: a face photo was taken.
 */
export const SIGHTING_KINDS = ['first', 'use', 'left', 'began', 'completed', 'checked'] as const
export type SightingKind = (typeof SIGHTING_KINDS)[number]

/** "This learner was on this resource then", with what the resource stage's detectors need to judge it. Plain data. */
export interface Sighting {
  /** Time of the event or timer that sent it. */
  time: Ms
  resource: ResourceKind
  /** Empty for resources that belong to no platform (`ip`, `person`). */
  scope: string
  id: string
  kind: SightingKind
  platform: string
  learner: string
  /** Event that sent it; undefined for a timer. */
  event: string | undefined
  class: string | undefined
  course: string | undefined
  chapter: string | undefined
  session: string | undefined
  device: string | undefined
  account: string | undefined
  ip: string | undefined
  place: Place | undefined
  photo: string | undefined
  /** Hash of the user agent: where a platform names no device, what tells two browsers apart. */
  agent: number | undefined
  /** Whether the sound was off in every event of the stay that said so. */
  muted: boolean | undefined
  /** Pointer and key inputs in the stay so far. */
  inputs: number | undefined
}

/** The key of the resource that a sighting belongs to. */
export function resourceKey(s: Pick<Sighting, 'resource' | 'scope' | 'id'>): string {
  return `${s.resource}/${s.scope}/${s.id}`
}
