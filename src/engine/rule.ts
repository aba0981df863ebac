import type { Ms } from '../base/time.ts'
import type { Event } from '../telemetry/event.ts'
import type { Response, Severity, Warning } from '../warnings/warning.ts'
import type { AnyDetector } from './detector.ts'
import type { Sighting } from './sighting.ts'

/** `keep`: state goes on under the new parameters. `reset`: it begins anew, and open episodes end. */
export const ON_EDIT = ['keep', 'reset'] as const
export type OnEdit = (typeof ON_EDIT)[number]

/** A rule as the engine runs it: loaded, checked and compiled by `rules/`. */
export interface Rule {
  readonly id: string
  readonly detector: AnyDetector
  /** Parsed by the detector's schema, defaults filled in. */
  readonly params: Record<string, unknown>
  readonly severity: Severity
  readonly response: Response
  readonly basis: readonly { regulation: string; article: string }[]
  /** Hash of the rule in effect. */
  readonly version: string
  readonly prompt: Readonly<Record<string, string>> | undefined
  /** Which events or sightings it sees; undefined: all. */
  readonly scope: ((seen: Event | Sighting) => boolean) | undefined
  /** Whether the finished warning must not be sent. */
  readonly unless: ((warning: Warning) => boolean) | undefined
  /** The reason of the exemption that covers a warning that began at `begin`, if any. */
  readonly exempt: ((warning: Warning, begin: Ms) => string | undefined) | undefined
  /** What becomes of its state where this rule takes the place of another version of it; default `keep`. */
  readonly onEdit?: OnEdit | undefined
}
