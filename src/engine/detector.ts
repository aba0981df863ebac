import type { z } from 'zod'
import type { Shape } from '../base/record.ts'
import type { Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Action, Event, Field, PlaceLevel } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import type { Evidence } from '../warnings/evidence.ts'
import type { Reason, Response, Severity, SubjectKind } from '../warnings/warning.ts'
import type { Fill, Score } from './scoring.ts'
import type { ResourceKind, Sighting } from './sighting.ts'

/** A stretch of one learner's time that should not be credited. `seconds` may be less than `end - begin`. */
export interface Disputed {
  learner: string
  /** Default: the platform of the warning. */
  platform?: string
  chapter: string
  begin: Ms
  end: Ms
  seconds: number
}

/**
 * What a detector found, as it tells the engine. (rule, platform, subject, `begin`) identify the episode: raise it
 * `ongoing` as soon as it is sure, and once more `ended` with its totals; a fact of one instant is raised `ended` at once.
 */
export interface Finding<F> {
  episode: 'ongoing' | 'ended' | 'withdrawn'
  /** Only with `withdrawn`. */
  why?: string
  begin: Ms
  /** Last evidence of it so far; not the time at which it was noticed. */
  end: Ms
  /** Default: the learner (learner stage) or the resource (resource stage). */
  subject?: { kind: SubjectKind; id: string; platform?: string }
  /** Default: the learner; a resource detector names them all. */
  learners?: readonly { platform: string; id: string }[]
  class?: string
  course?: string
  chapters?: readonly string[]
  disputed?: readonly Disputed[]
  facts: F
  /** Of a model: what speaks most for it. */
  reasons?: readonly Reason[]
  evidence: Evidence
  /** Overrides the rule's severity, for a verdict that is graver or milder than usual. */
  severity?: Severity
}

/** What the engine offers a detector with each call. Nothing else may be looked at: no clock, no I/O. */
export interface Context<P, S, F> {
  readonly params: P
  readonly state: S
  /** Event time of this call: the event's, the sighting's or the timer's. */
  readonly now: Ms
  readonly platform: string
  /** Learner stage: the learner; resource stage: the resource's id. */
  readonly id: string
  readonly catalogue: Catalogue
  /**
   * The platform's first event time (or the catalogue's `since`). Progress may have begun before it where the class
   * opened earlier: then nobody is accused.
   */
  readonly firstTime: Ms
  /** Learner stage: the stretch of playback that this event proves. Undefined for timers and where it proves none. */
  readonly span: Span | undefined
  /** Time of the key's last event or sighting: that of this call, unless a timer fires. */
  readonly lastSeen: Ms
  /**
   * Whether the platform has sent this field by `now`: what a platform never sends proves nothing by its absence.
   * Resource stage: of the sighting's platform; false in timers, since a resource belongs to no platform.
   */
  sends(this: void, field: Field): boolean
  /** Whether a condition that the rule's params hold is met. Undefined: it cannot be judged, which is counted for the coverage table. */
  holds(this: void, condition: string, seen: Event | Sighting): boolean | undefined
  /** Asks for `onTimer` at `at`, which must be later than `now`; replaces the earlier request, `undefined` cancels it. */
  wakeAt(this: void, at: Ms | undefined): void
  raise(this: void, finding: Finding<F>): void
  /** In `onTimer` of a detector with a `model`: asks it about one row. `onScore` is told before anything else happens to this key's state. */
  ask(this: void, fill: Fill): void
  /** Counts that this rule could not judge something, for the coverage table. `reason` is a short constant phrase. */
  notEvaluable(this: void, reason: string): void
}

/** A sentence that a layman understands, with the measured value and the limit. */
export interface Sentence {
  en: string
  zh: string
}

/** A field that is needed, or several any one of which will do. */
export type Need = Field | readonly Field[]

/** A place in the params. */
export type Path = readonly (string | number)[]

/** What the params of a rule make of a detector that an analyst tells what to look for. */
export interface Fit {
  /** The form that runs the rule: over events or over sightings. */
  readonly detector: AnyDetector
  /** The only resources that it is keyed by, in the resource stage. */
  readonly resources?: readonly ResourceKind[]
  /** Where conditions stand in the params. What meets none of them is of no use to the rule; without any it sees everything. */
  readonly conditions: readonly Path[]
  /** Of these, the one whose never being met is what the rule warns of: it must read what tells that a platform has such events at all. */
  readonly awaits?: Path
  /** Beyond what the conditions read. */
  readonly needs: readonly Need[]
  readonly needsCatalogue?: readonly CatalogueNeed[]
}

/** Something that is doubtful about parameters of which each is right for itself. */
export interface Doubt {
  param: string
  message: string
  mend: string
}

/** Names of facts, of each of several kinds. */
type FactName<F> = F extends unknown ? keyof F & string : never

interface DetectorBase<P extends z.ZodObject, S, F> {
  /** Also the file name and the word in `rules/*.yaml`. */
  readonly name: string
  /** Raise it when State changes shape, and add the migration. */
  readonly version: number
  /** Brings state of version n to n + 1, a plain object (of a record, with flags as 0 and 1): one entry for each version before this one. */
  readonly migrations?: Readonly<Record<number, (state: unknown) => unknown>>
  /** One sentence for the reference. */
  readonly summary: string
  readonly params: P
  /** What each of the facts of its warnings says: `unless` and prompts may speak of them, and the reference lists them. */
  readonly facts?: Readonly<Record<FactName<F>, string>>
  /** What speaks against parameters together, as a limit that nothing can pass. */
  doubts?(params: z.output<P>): readonly Doubt[]
  /** Fields without which nothing can be judged: such a platform is `not evaluable`, never clean. */
  readonly needs: readonly Need[]
  /** Whether a roster of the catalogue does as well, where it needs `class`: sightings name the class that one tells. */
  readonly orRoster?: true
  /** How well an address must be located: `holder` is the name of its network. */
  readonly needsPlace?: PlaceLevel
  /** Catalogue facts without which nothing can be judged. */
  readonly needsCatalogue?: readonly CatalogueNeed[]
  /** Keyed state is forgotten when its key has been silent for so long; default 24 h. `class`: when the class closes. */
  readonly horizon?: Ms | 'class'
  /**
   * How state is kept. As a `record` of fixed fields, side by side with those of all other rules of the key: for what nearly
   * every event touches. Or as any plain object, made when first needed.
   */
  readonly state?: Shape<S>
  newState?(): S
  onTimer?(at: Ms, context: Context<z.output<P>, S, F>): void
  /** Of a detector whose params say what it looks for, and in which stage. */
  fit?(this: void, params: z.output<P>): Fit
  /** Responses that are too grave for what it can know, and why. */
  readonly refuses?: Readonly<Partial<Record<Response, string>>>
  /** Rules with tests, as a rules file would have them, where no shipped rule shows it: in the reference, and run. */
  readonly example?: string
  explain(facts: F, params: z.output<P>, reasons: readonly Reason[]): Sentence
}

/** `chapters`: course order; `lengths`: media lengths; `region`: where the class may study from; `heartbeat`: cadence; `dates`: `opens` or `closes`. */
export type CatalogueNeed =
  | 'chapters' | 'lengths' | 'region' | 'heartbeat' | 'global' | 'class' | 'status' | 'connected' | 'dates' | 'hours' | 'subjects'

/** A model that a detector asks, and the names of the features that it fills a row with. */
export interface ModelNeed {
  readonly name: string
  readonly features: readonly string[]
}

export interface LearnerDetector<P extends z.ZodObject, S, F> extends DetectorBase<P, S, F> {
  readonly stage: 'learner'
  /** The events it sees. */
  readonly actions: readonly Action[]
  onEvent(this: void, event: Event, context: Context<z.output<P>, S, F>): void
  /** Sees events that came later than the watermark, too; `now` is the watermark then. */
  onLate?(event: Event, context: Context<z.output<P>, S, F>): void
  /** The model that it asks, and the features that it fills a row with, in their order. A rule of it cannot be loaded without that model. */
  readonly model?: ModelNeed
  /** The answer to `Context.ask`, once all timers of that instant have fired; `now` still is that instant. */
  onScore?(score: Score, context: Context<z.output<P>, S, F>): void
}

export interface ResourceDetector<P extends z.ZodObject, S, F> extends DetectorBase<P, S, F> {
  readonly stage: 'resource'
  readonly model?: undefined
  /** The resources it is keyed by. */
  readonly resources: readonly ResourceKind[]
  onSighting(sighting: Sighting, context: Context<z.output<P>, S, F>): void
}

// Detectors of different parameters, state and facts share one list; the engine hands each its own.
/* oxlint-disable typescript/no-explicit-any */
export type AnyLearnerDetector = LearnerDetector<any, any, any>
export type AnyResourceDetector = ResourceDetector<any, any, any>
/* oxlint-enable typescript/no-explicit-any */
export type AnyDetector = AnyLearnerDetector | AnyResourceDetector

/** Declares a detector: checks its types and returns it as it is. */
export function defineDetector<P extends z.ZodObject, S, F>(detector: LearnerDetector<P, S, F>): LearnerDetector<P, S, F>
export function defineDetector<P extends z.ZodObject, S, F>(detector: ResourceDetector<P, S, F>): ResourceDetector<P, S, F>
export function defineDetector(detector: AnyDetector): AnyDetector {
  if ((detector.state === undefined) === (detector.newState === undefined)) throw new Error(`detector ${detector.name} needs \`state\` or \`newState\``)
  if (detector.stage === 'learner' && (detector.model === undefined) !== (detector.onScore === undefined)) throw new Error(`detector ${detector.name} needs both \`model\` and \`onScore\``)
  for (let v = 1; v < detector.version; v++) {
    if (!detector.migrations?.[v]) throw new Error(`detector ${detector.name} lacks the migration from version ${v}`)
  }
  return detector
}
