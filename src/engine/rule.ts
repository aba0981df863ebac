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

/** `live`: its warnings count; `shadow`: they go to an output of their own, to be looked at before anybody is accused; `off`: it does not run. */
export const MODES = ['live', 'shadow', 'off'] as const
export type Mode = (typeof MODES)[number]

/** `keep`: state goes on under the new parameters. `reset`: it begins anew, and open episodes end. */
export const ON_EDIT = ['keep', 'reset'] as const
export type OnEdit = (typeof ON_EDIT)[number]

/** A rule as the engine runs it: loaded, checked and compiled by `rules/`. */
export interface Rule {
  readonly id: string
  /** The id that its warnings carry, where several versions of a rule run side by side, each under an `id` of its own; else that is `id`. */
  readonly as?: string
  readonly detector: AnyDetector
  /** What is `off` is no rule for the engine. */
  readonly mode: Exclude<Mode, 'off'>
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
