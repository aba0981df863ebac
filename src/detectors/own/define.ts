import type { z } from 'zod'
import { canonicalJson, fnv1a } from '../../base/hash.ts'
import type { Ms } from '../../base/time.ts'
import { defineDetector, type AnyLearnerDetector, type CatalogueNeed, type Context, type Fit, type Need, type Path, type Sentence } from '../../engine/detector.ts'
import type { Sighting } from '../../engine/sighting.ts'
import { ACTIONS, Event, type Field } from '../../telemetry/event.ts'
import type { Response } from '../../warnings/warning.ts'
import { note, tell, type Facts, type Happening } from './episode.ts'
import { HORIZON, OVER, resourceOf, type CommonParams } from './params.ts'
import { keyOf, MOST_SUBS, state, type State, type Sub } from './subs.ts'

export type Seen = Event | Sighting

/** What a detector for analysts' rules is called with, about one value of `by` of a learner or resource. */
export interface Call<P, D> {
  readonly params: P
  readonly now: Ms
  readonly data: D
  /** Whether an episode is open. */
  readonly isOpen: boolean
  /** When something came last of the learner or resource, of whatever kind. */
  readonly lastSeen: Ms
  /** What the rule looks for has happened: begins an episode, or is one more time in the one that is open. */
  happen(this: void, what: Happening): void
  notEvaluable(this: void, reason: string): void
}

/** A detector for rules that an analyst writes, over events and over sightings alike. */
export interface Own<P extends CommonParams, D> {
  readonly name: string
  readonly summary: string
  readonly example: string
  /** Where conditions stand in the params. */
  conditions(params: P): readonly Path[]
  /** See `Fit.awaits`. */
  readonly awaits?: Path
  /** Fields that the params name, besides `by`. */
  fields(params: P): readonly string[]
  /** The params that what is kept depends on: under others it begins anew. */
  kept(params: P): unknown
  limit(params: P): number
  newData(): D
  /** Which of the conditions are met, in whatever form `onMet` reads it; 0: none, and the event means nothing. */
  meets(seen: Seen, params: P, holds: (condition: string) => boolean | undefined): number
  onMet(seen: Seen, met: number, call: Call<P, D>): void
  /** Drops what has become too old, after telling of what should have come by now; when to look again, undefined if nothing is left. */
  tidy(call: Call<P, D>): Ms | undefined
  /** Forgets what an episode that is over was about. */
  ended?(data: D): void
  explain(facts: Facts, params: P): Sentence
  readonly refuses?: Readonly<Partial<Record<Response, string>>>
}

/** The fields that a rule over a resource cannot do without; the catalogue may know the class. */
const OF_RESOURCE = { ip: ['ip'], device: ['device'], account: ['account'], class: [], person: [] } as const satisfies Record<string, readonly Need[]>
const RESOURCES = OVER.filter((over) => over !== 'events')
const FACTS: Readonly<Record<keyof Facts, string>> = {
  value: 'what was measured', limit: 'what is allowed', times: 'how often in the episode', seconds: 'from the first evidence to the last', by: 'the values of `by`',
  values: 'the different values that were counted', atLeast: 'whether `value` is that or more', silent: 'how often nothing at all came after what should have been followed',
}
/** What every event or sighting has. */
const SURE: readonly string[] = ['action', 'kind', 'platform', 'learner']

/** Makes the two forms of a detector for analysts' rules. The one over events is the detector; it finds the form that fits a rule. */
export function defineOwn<S extends z.ZodObject, D>(params: S, own: Own<z.output<S> & CommonParams, D>): AnyLearnerDetector {
  type P = z.output<S> & CommonParams
  const keyed = new Keyed<P, D>(own)
  const { name, summary, example, refuses } = own
  const base = {
    name, version: 1, summary, params, needs: [], horizon: HORIZON, state: keyed.shape, example, refuses, facts: FACTS,
    onTimer: (_: Ms, key: Context<z.output<S>, State<D>, Facts>) => keyed.settle(key as Key<P, D>),
    explain: (facts: Facts, p: z.output<S>) => own.explain(facts, p as P),
  }
  const overSightings = defineDetector<S, State<D>, Facts>({
    ...base, stage: 'resource', resources: RESOURCES, onSighting: (seen, key) => keyed.onSeen(seen, key as Key<P, D>),
  })
  const overEvents = defineDetector<S, State<D>, Facts>({
    ...base, stage: 'learner', actions: ACTIONS, onEvent: (seen, key) => keyed.onSeen(seen, key as Key<P, D>), fit: (p) => fit(p as P),
  })
  const fit = (p: P): Fit => {
    const resource = resourceOf(p.over)
    const named = [...p.by, ...own.fields(p)].filter((f) => !SURE.includes(f)) as Field[]
    if (resource === undefined) return { detector: overEvents, conditions: own.conditions(p), awaits: own.awaits, needs: named }
    const needsCatalogue: CatalogueNeed[] = resource === 'person' ? ['global'] : []
    return { detector: overSightings, resources: [resource], conditions: own.conditions(p), needs: [...OF_RESOURCE[resource], ...named], needsCatalogue }
  }
  return overEvents
}

type Key<P, D> = Context<P, State<D>, Facts>

/** Runs one detector for analysts' rules on the state of one key after another. */
class Keyed<P extends CommonParams, D> {
  readonly shape = state<D>()
  private readonly own: Own<P, D>
  private readonly signs = new WeakMap<P, number>()

  constructor(own: Own<P, D>) {
    this.own = own
  }

  onSeen(seen: Seen, key: Key<P, D>): void {
    const { own } = this
    // What the engine sends because nothing came has no event.
    if (!(seen instanceof Event) && seen.event !== undefined && key.state.subs !== undefined) key.state.alive = seen.time
    const met = own.meets(seen, key.params, (condition) => key.holds(condition, seen))
    if (met === 0) return
    // Correctness does not rest on a timer: what is over by now ends before anything new is looked at.
    this.settle(key)
    const sub = this.subOf(seen, key)
    if (sub === undefined) return
    own.onMet(seen, met, this.callOf(key, sub))
    this.settle(key)
  }

  /** Ends what is over, tells what is overdue, forgets what is too old, and asks to be woken for the next of these. */
  settle(key: Key<P, D>): void {
    const { own } = this
    const { state, params, now } = key
    if (state.subs === undefined) return
    const sign = this.signOf(params)
    let next = Infinity
    for (const sub of state.subs) {
      if (sub.open !== undefined && now >= sub.open.end + params.end) this.finish(key, sub)
      if (sub.sign !== sign) sub.data = undefined
      const again = sub.data === undefined ? undefined : own.tidy(this.callOf(key, sub))
      if (again === undefined) sub.data = undefined
      else next = Math.min(next, again)
      if (sub.open !== undefined) next = Math.min(next, sub.open.end + params.end)
    }
    const left = state.subs.filter((sub) => sub.open !== undefined || sub.data !== undefined)
    if (left.length === 0) state.subs = state.begins = state.alive = undefined
    else if (left.length < state.subs.length) state.subs = left
    key.wakeAt(next === Infinity ? undefined : Math.max(next, now + 1))
  }

  private finish(key: Key<P, D>, sub: Sub<D>): void {
    tell('ended', key, sub, this.own.limit(key.params))
    sub.open = undefined
    if (sub.data !== undefined) this.own.ended?.(sub.data)
  }

  private callOf(key: Key<P, D>, sub: Sub<D>): Call<P, D> {
    const { params, now, notEvaluable } = key
    const lastSeen = params.over === 'events' ? key.lastSeen : (key.state.alive ?? -Infinity)
    return {
      params, now, lastSeen, notEvaluable, data: sub.data as D, isOpen: sub.open !== undefined,
      happen: (what) => {
        const isNew = sub.open === undefined
        note(key, sub, what)
        if (isNew) tell('ongoing', key, sub, this.own.limit(params))
      },
    }
  }

  /** What is kept of the values that an event has of the fields in `by`; undefined where it lacks one. */
  private subOf(seen: Seen, key: Key<P, D>): Sub<D> | undefined {
    const { params, now, state } = key
    const found = keyOf(seen, params.by)
    if ('missing' in found) {
      key.notEvaluable(`there was no \`${found.missing}\``)
      return undefined
    }
    const sign = this.signOf(params)
    const subs = (state.subs ??= [])
    let sub = subs.find((s) => s.key === found.key && s.sign === sign)
    if (sub === undefined) {
      if (subs.length === MOST_SUBS) this.makeRoom(key, subs)
      subs.push((sub = { key: found.key, by: found.by, sign, last: now, data: undefined, open: undefined }))
    }
    sub.last = now
    sub.data ??= this.own.newData()
    return sub
  }

  /** Takes out the one that has been silent longest. */
  private makeRoom(key: Key<P, D>, subs: Sub<D>[]): void {
    const oldest = subs.reduce((a, b) => (b.last < a.last ? b : a))
    if (oldest.open !== undefined) this.finish(key, oldest)
    subs.splice(subs.indexOf(oldest), 1)
    key.notEvaluable(`more than ${MOST_SUBS} values of \`by\` at a time`)
  }

  private signOf(params: P): number {
    let sign = this.signs.get(params)
    if (sign === undefined) this.signs.set(params, (sign = fnv1a(canonicalJson([params.by, this.own.kept(params)]))))
    return sign
  }
}
