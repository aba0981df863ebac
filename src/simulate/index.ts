import { pairsOf } from '../base/intervals.ts'
import { Heap } from '../base/order.ts'
import type { Ms } from '../base/time.ts'
import type { WireEvent } from '../telemetry/event.ts'
import { adversaries } from './adversaries/index.ts'
import { teacher, visit } from './adversaries/teacher.ts'
import { buildCast, type Cast } from './cast.ts'
import { honest } from './honest/slices.ts'
import { browser, Person, stamp, ZONE_OFFSET, type Actor, type Sent, type SimClass } from './person.ts'
import { Addresses, RANGES } from './places.ts'
import { drawTraits } from './play/traits.ts'
import { Random, type Source } from './random.ts'
import { clock, range, type Adversary, type Stage } from './stage.ts'
import type { Truth } from './truth.ts'
import { unlisted } from './unlisted/index.ts'
import { buildWorld, catalogueOf, type CatalogueFile, type World } from './world.ts'

export { adversaries, unlisted }

export interface SimulateOptions {
  learners: number
  days: number
  seed: number
  /** Share of the learners who cheat, 0 to 1. */
  cheaters?: number
  /** First day, as `2026-03-02`, in Chinese time. */
  start?: string
  /** Which archetypes take part; all of `adversaries` by default, and none of `unlisted`. */
  adversaries?: readonly Adversary[]
  /**
   * Three to five platforms drawn from the seed in place of the documented three, courses of other shapes, people with traits
   * of their own (`play/traits.ts`), and every constant of a script or a habit varied: for training and judging a model.
   */
  variety?: boolean
  /**
   * How far a person's and a script's numbers stray from the documented ones, to either side: at least and at most, as shares
   * below 1. By default 0 to 0.3. [0.3, 0.5] gives parameters that no world with the default has.
   */
  spread?: readonly [number, number]
  /**
   * Share, 0 to 0.5, by which each interval that a program makes (reports, sleeps, answers, pauses) is lengthened or shortened
   * anew each time, in place of the program's own noise. By default each program has its own. A real player's beats stay its own.
   */
  jitter?: number
  /** Whether the truth tells what was watched, which takes memory for each chapter of each learner. */
  watched?: boolean
}

export interface Simulation {
  catalogue: CatalogueFile
  /** Canonical events in order of arrival. Can be read once. */
  records: Generator<WireEvent>
  /** Who did what. Complete when `records` has been read to its end. */
  truth(): Truth
}

/** A Chrome that a script's author copied once; in varied worlds it is any. */
const COPIED_AGENT = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/104.0.0.0 Safari/537.36'
const DEFAULT_START = '2026-03-02'
export const DEFAULT_CHEATERS = 0.12
const PER_CARRIER_ADDRESS = 150

/** Makes labelled telemetry. Pure: the same options give the same records. Memory is bounded by the number of learners, not of days. */
export function simulate(options: SimulateOptions): Simulation {
  const { learners, days, seed } = options
  const start = options.start ?? DEFAULT_START
  const midnight = Date.parse(`${start}T00:00:00Z`) - ZONE_OFFSET
  const { variety: varied, spread, jitter } = options
  const source: Source = (name) => new Random(seed, name, { varied, spread, jitter })
  const addresses = new Addresses(source('addresses'))
  const world = buildWorld(learners, days, source('world'))
  const cast = buildCast(world, learners, options.cheaters ?? DEFAULT_CHEATERS, options.adversaries ?? adversaries, source, addresses)
  const teachers = new Map(world.classes.map((c) => [c.id, enrolTeacher(c, source, addresses)]))
  const stage: Stage = {
    midnight, days, addresses, copiedAgent: varied ? browser(source('script'), 'pc') : COPIED_AGENT,
    carrier: range(Math.max(3, Math.ceil(learners / PER_CARRIER_ADDRESS))).map(() => addresses.common()),
    teacher: (klass) => teachers.get(klass.id) as Person,
  }
  if (options.watched) for (const p of cast.people) p.watched = new Map()
  for (const p of cast.people) if (p.platform.variant) drawTraits(p, p.platform.variant, stage.carrier)
  const tally = { events: 0 }
  return {
    catalogue: catalogueOf(world, midnight, days),
    records: merge(actorsOf(cast, world, stage), tally),
    truth: () => truthOf(cast, { seed, start, days, events: tally.events }),
  }
}

function enrolTeacher(klass: SimClass, source: Source, addresses: Addresses): Person {
  return new Person(klass.teacher, klass, source(`${klass.platform.id}/${klass.teacher}`), addresses.own(RANGES.home))
}

function actorsOf(cast: Cast, world: World, stage: Stage): Actor[] {
  const busy = new Set(cast.cheaters.filter((c) => c.adversary === teacher).map((c) => c.members[0]?.klass.id))
  return [
    ...cast.honest.map(({ person, slice }) => honest(person, slice, stage)),
    ...cast.cheaters.flatMap(({ adversary, members }) => adversary.act(members, stage)),
    ...world.classes.filter((c) => !busy.has(c.id)).map((c) => visits(stage.teacher(c), stage)),
  ]
}

function* visits(self: Person, stage: Stage): Actor {
  const agent = browser(self.random, 'pc')
  for (const day of range(stage.days)) yield* visit(self, self.link(agent), clock(stage, day, self.random.uniform(8.5, 17)))
}

interface Turn {
  actor: Actor
  order: number
  batch: Sent[]
  next: number
  /** Arrival of the next record; an actor's records never arrive before its earlier ones. */
  due: Ms
}

function* merge(actors: readonly Actor[], tally: { events: number }): Generator<WireEvent> {
  const queue = new Heap<Turn>((a, b) => a.due < b.due || (a.due === b.due && a.order < b.order))
  actors.forEach((actor, order) => {
    const turn: Turn = { actor, order, batch: [], next: 0, due: 0 }
    if (refill(turn)) queue.push(turn)
  })
  for (let turn = queue.pop(); turn; turn = queue.pop()) {
    const { event, received } = turn.batch[turn.next] as Sent
    tally.events++
    if (received !== turn.due && event.received !== undefined) event.received = stamp(turn.due)
    yield event
    turn.next++
    if (turn.next < turn.batch.length || refill(turn)) {
      turn.due = Math.max(turn.due, (turn.batch[turn.next] as Sent).received)
      queue.push(turn)
    }
  }
}

/** Fetches the actor's next batch; false when it has finished. */
function refill(turn: Turn): boolean {
  for (;;) {
    const { value, done } = turn.actor.next()
    if (done) return false
    if (value.length === 0) continue
    turn.batch = value
    turn.next = 0
    turn.due = Math.max(turn.due, (value[0] as Sent).received)
    return true
  }
}

function truthOf(cast: Cast, run: { seed: number; start: string; days: number; events: number }): Truth {
  const labels = new Map<Person, { archetype?: string; slice?: string; group?: number }>()
  const groups: Truth['groups'] = []
  for (const { person, slice } of cast.honest) labels.set(person, { slice: slice.name })
  for (const { adversary, members } of cast.cheaters) {
    const first = members[0] as Person
    const alone = adversary.size[1] === 1
    for (const m of members) labels.set(m, { archetype: adversary.name, group: alone ? undefined : groups.length })
    if (alone) continue
    groups.push({
      archetype: adversary.name, platform: first.platform.id, class: first.klass.id, ip: first.ip,
      teacher: adversary === teacher ? first.klass.teacher : undefined, learners: members.map((m) => m.learner),
    })
  }
  const byLabel: Record<string, number> = {}
  const learners = cast.people.map((p) => {
    const label = labels.get(p) ?? {}
    const name = label.archetype ?? label.slice ?? 'unknown'
    byLabel[name] = (byLabel[name] ?? 0) + 1
    return {
      platform: p.platform.id, learner: p.learner, kind: label.archetype === undefined ? ('honest' as const) : ('cheater' as const), ...label,
      class: p.klass.id, institution: p.klass.institution, from: p.first === undefined ? undefined : stamp(p.first),
      watched: p.watched === undefined || p.isForged ? undefined : Object.fromEntries([...p.watched].map(([chapter, list]) => [chapter, pairsOf(list)])),
      traits: label.archetype === undefined && p.traits.length > 0 ? [...p.traits] : undefined,
    }
  })
  return {
    format: 1, seed: run.seed, start: run.start, days: run.days, learners, groups,
    archetypes: Object.fromEntries([...adversaries, ...cast.cheaters.map((c) => c.adversary)].map((a) => [a.name, a.describe])),
    counts: { learners: learners.length, honest: cast.honest.length, cheaters: learners.length - cast.honest.length, events: run.events, byLabel },
  }
}
