import type { Ms } from '../base/time.ts'
import { ACTIONS, type Action, type Event, type PlaceLevel } from '../telemetry/event.ts'
import type { Response, Severity, Warning } from '../warnings/warning.ts'
import type { AnyDetector, CatalogueNeed, Context, Need } from './detector.ts'
import type { ResourceKind, Sighting } from './sighting.ts'

/** What a condition is judged with, besides the event or sighting itself. */
export type Around = Pick<Context<unknown, unknown, unknown>, 'sends' | 'catalogue'>

/** Whether a condition is met; a short constant phrase where that cannot be said. */
export type Judge = (seen: Event | Sighting, around: Around) => boolean | string

/** What a rule sees and needs, where its params say less or more than its detector does. */
export interface Reads {
  /** Learner stage. */
  readonly actions: readonly Action[]
  /** Resource stage. */
  readonly resources: readonly ResourceKind[]
  readonly needs: readonly Need[]
  readonly needsPlace: PlaceLevel | undefined
  readonly needsCatalogue: readonly CatalogueNeed[]
}

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
  /** Undefined: what its detector sees and needs. */
  readonly reads?: Reads
  /** The conditions in its params, by their text. */
  readonly conditions?: ReadonlyMap<string, Judge>
}

/** What a rule sees and needs. */
export function readsOf({ detector, reads }: Pick<Rule, 'detector' | 'reads'>): Reads {
  if (reads !== undefined) return reads
  const { stage, needs, needsPlace, needsCatalogue = [] } = detector
  return {
    actions: stage === 'learner' ? detector.actions : ACTIONS, resources: stage === 'resource' ? detector.resources : [], needs, needsPlace, needsCatalogue,
  }
}
