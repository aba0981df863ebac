import { compareText } from '../base/order.ts'
import type { Ms } from '../base/time.ts'
import type { SubjectKind } from '../warnings/warning.ts'
import type { AnyResourceDetector } from './detector.ts'
import { DECODED_PER_SWEEP, Entry, Timers } from './entry.ts'
import type { Output } from './output.ts'
import { Reorder } from './reorder.ts'
import { DEFAULT_HORIZON, RuleContext, RuleSet, type Setup, type Subject } from './runtime.ts'
import { readsOf } from './rule.ts'
import { resourceKey, type ResourceKind, type Sighting } from './sighting.ts'
import { Table } from './table.ts'
import type { Mark } from './timekeeper.ts'

const NOTHING_SENT: readonly (Ms | null)[] = []

/** The resources of one kind and scope. */
class Shelf {
  readonly resource: ResourceKind
  readonly scope: string
  readonly table: Table
  readonly entries = new Map<string, ResourceEntry>()

  constructor(resource: ResourceKind, scope: string, table: Table) {
    this.resource = resource
    this.scope = scope
    this.table = table
  }
}

/** What the resource stage keeps of one resource, beside its row. */
export class ResourceEntry extends Entry {
  readonly shelf: Shelf

  constructor(id: string, shelf: Shelf, isPacked = false) {
    super(id, shelf.table, isPacked)
    this.shelf = shelf
  }

  override get key(): string {
    const { resource, scope } = this.shelf
    return resourceKey({ resource, scope, id: this.id })
  }
}

/** The resource stage of one task: sightings in (time, resource, platform, learner, kind) order, through every resource rule. */
export class ResourceStage {
  readonly timers: Timers<Entry>
  readonly set: RuleSet
  readonly context: RuleContext
  /** Resources changed since the last snapshot; noted only once there is one. */
  readonly dirty: ResourceEntry[]
  isTracking = false
  private readonly shortest: Ms
  private readonly slotsOf: ReadonlyMap<ResourceKind, readonly number[]>
  private readonly tables: Map<ResourceKind, Table>
  private readonly shelves: Map<ResourceKind, Map<string, Shelf>>
  private watermark: Ms
  // Two sightings alike in all of their order say the same.
  private readonly held: Reorder<Sighting>
  private entry!: ResourceEntry
  private readonly subject = (): Subject => this.describe()

  /** `from`: the stage that this one goes on from (`renewResources`). Where the rules are alike, its keys are taken over as they are. */
  constructor(setup: Setup, output: (output: Output) => void, from?: ResourceStage) {
    this.set = new RuleSet(setup, 'resource')
    this.context = new RuleContext(this.set, output)
    const alike = from !== undefined && from.set.isLike(this.set) ? from : undefined
    this.timers = alike?.timers ?? new Timers<Entry>()
    this.dirty = alike?.dirty ?? []
    this.tables = alike?.tables ?? new Map<ResourceKind, Table>()
    this.shelves = alike?.shelves ?? new Map<ResourceKind, Map<string, Shelf>>()
    this.watermark = from?.watermark ?? -Infinity
    this.held = from?.held ?? new Reorder<Sighting>(compareSightings, (a) => a, (s) => s)
    this.shortest = Math.min(DEFAULT_HORIZON, ...this.set.rules.map((_, slot) => this.horizon(slot)))
    const slotsOf = new Map<ResourceKind, number[]>()
    this.set.rules.forEach((rule, slot) => {
      for (const kind of readsOf(rule).resources) {
        const slots = slotsOf.get(kind)
        if (slots) slots.push(slot)
        else slotsOf.set(kind, [slot])
      }
    })
    this.slotsOf = slotsOf
  }

  /** The table of a kind of resource: its rules alone have a place in there. */
  table(kind: ResourceKind): Table {
    let table = this.tables.get(kind)
    if (table === undefined) {
      const { rules } = this.set
      table = new Table(rules.length, {}, rules.map((r) => (readsOf(r).resources.includes(kind) ? r.detector : undefined)))
      this.tables.set(kind, table)
    }
    return table
  }

  /**
   * Holds a sighting until its time has come. Whether a rule sees it is asked then: they may be other rules. `mark`: the one that delivered it,
   * where somebody asks for the oldest.
   */
  add(sighting: Sighting, mark = 0): void {
    this.held.add(sighting, mark)
  }

  /** Everything before it has been handled. */
  get watermarkNow(): Ms {
    return this.watermark
  }

  /** The lowest mark that delivered a sighting which is still held, or Infinity. */
  oldestMark(): number {
    return this.held.oldestMark()
  }

  /** Handles what a mark releases: sightings before its resource watermark. */
  mark(mark: Mark): void {
    const upTo = mark.resource
    if (upTo === this.watermark) return
    this.held.release(upTo, (sighting) => {
      const slots = this.slotsOf.get(sighting.resource)
      if (slots === undefined) return this.endUnseen(sighting)
      this.fire(sighting.time)
      this.context.fields = mark.fields[sighting.platform] ?? NOTHING_SENT
      this.handle(sighting, slots)
    })
    this.fire(upTo)
    this.watermark = upTo
  }

  /** Of a kind that no rule sees, a resource has only episodes to end. */
  private endUnseen({ resource, scope, id, time }: Sighting): void {
    const entry = this.context.mayHaveOrphans ? this.shelves.get(resource)?.get(scope)?.entries.get(id) : undefined
    if (entry === undefined) return
    this.touch(entry)
    this.context.endOrphans(entry, time, entry.shelf.table)
  }

  private handle(sighting: Sighting, slots: readonly number[]): void {
    const shelf = this.shelf(sighting.resource, sighting.scope)
    let entry = shelf.entries.get(sighting.id)
    if (entry === undefined) {
      entry = new ResourceEntry(sighting.id, shelf)
      shelf.entries.set(sighting.id, entry)
      this.touch(entry)
    } else {
      this.touch(entry)
      if (entry.open !== undefined) this.context.endOrphans(entry, sighting.time, shelf.table)
      this.forget(entry, sighting.time)
    }
    entry.last = sighting.time
    this.at(entry)
    for (const slot of slots) {
      const rule = this.set.rules[slot] as (typeof this.set.rules)[number]
      if (rule.scope !== undefined && !rule.scope(sighting)) continue
      this.context.enter(slot, shelf.table, entry, this.timers, sighting.time, this.subject)
      ;(rule.detector as AnyResourceDetector).onSighting(sighting, this.context)
    }
  }

  private fire(upTo: Ms): void {
    this.context.fields = NOTHING_SENT
    for (let due = this.timers.next(upTo); due !== undefined; due = this.timers.next(upTo)) {
      const entry = due.entry as ResourceEntry
      if (due.at - entry.last > this.horizon(due.slot)) continue
      this.touch(entry)
      this.at(entry)
      this.context.endOrphans(entry, due.at, entry.shelf.table)
      // Its rule has come to see other kinds of resource since.
      if (entry.shelf.table.parts[due.slot] === undefined) continue
      const rule = this.context.enter(due.slot, entry.shelf.table, entry, this.timers, due.at, this.subject)
      ;(rule.detector as AnyResourceDetector).onTimer?.(due.at, this.context)
    }
  }

  /** Frees the memory of resources that are past every horizon; changes no result. */
  sweep(): void {
    let budget = DECODED_PER_SWEEP
    for (const entry of this.entries()) {
      if (this.watermark - entry.last <= DEFAULT_HORIZON) continue
      if (entry.packed !== undefined && budget-- <= 0) continue
      entry.load()
      this.forget(entry, this.watermark)
      if (entry.open !== undefined || !entry.shelf.table.isNew(entry)) continue
      this.touch(entry)
      this.remove(entry)
    }
  }

  private forget(entry: ResourceEntry, time: Ms): void {
    const silent = time - entry.last
    if (silent <= this.shortest) return
    const { table } = entry.shelf
    for (let slot = 0; slot < this.set.rules.length; slot++) if (silent > this.horizon(slot)) table.reset(entry, slot)
  }

  /** Removes a resource, if there is one of that name. */
  drop(resource: ResourceKind, scope: string, id: string): void {
    const entry = this.shelf(resource, scope).entries.get(id)
    if (entry !== undefined) this.remove(entry)
  }

  private remove(entry: ResourceEntry): void {
    const { shelf } = entry
    shelf.entries.delete(entry.id)
    shelf.table.remove(entry)
    entry.isGone = true
  }

  /** Makes a new resource, in the place of the one of that name if there is one. */
  renew(resource: ResourceKind, scope: string, id: string, isPacked = false): ResourceEntry {
    this.drop(resource, scope, id)
    const shelf = this.shelf(resource, scope)
    const entry = new ResourceEntry(id, shelf, isPacked)
    shelf.entries.set(id, entry)
    return entry
  }

  /** All resources, in no particular order. */
  *entries(): Generator<ResourceEntry> {
    for (const scopes of this.shelves.values()) for (const shelf of scopes.values()) yield* shelf.entries.values()
  }

  get size(): number {
    let size = 0
    for (const scopes of this.shelves.values()) for (const shelf of scopes.values()) size += shelf.entries.size
    return size
  }

  private shelf(resource: ResourceKind, scope: string): Shelf {
    let scopes = this.shelves.get(resource)
    if (scopes === undefined) this.shelves.set(resource, (scopes = new Map()))
    let shelf = scopes.get(scope)
    if (shelf === undefined) scopes.set(scope, (shelf = new Shelf(resource, scope, this.table(resource))))
    return shelf
  }

  private horizon(slot: number): Ms {
    const horizon = this.set.rules[slot]?.detector.horizon
    return typeof horizon === 'number' ? horizon : DEFAULT_HORIZON
  }

  touch(entry: ResourceEntry): void {
    if (entry.packed !== undefined) entry.load()
    if (this.isTracking && !entry.dirty) {
      entry.dirty = true
      this.dirty.push(entry)
    }
  }

  private at(entry: ResourceEntry): void {
    this.entry = entry
    this.context.id = entry.id
    this.context.platform = entry.shelf.scope
  }

  private describe(): Subject {
    const { id, shelf: { resource, scope } } = this.entry
    const kind: SubjectKind = resource
    return {
      kind, platform: scope, id, learners: [], class: resource === 'class' ? id : undefined, course: undefined, missing: undefined,
    }
  }

  /** What a snapshot needs besides the entries: in one process nobody else keeps the sightings. */
  saveHeld(): { watermark: Ms; held: Sighting[] } {
    return { watermark: this.watermark, held: [...this.held.values()] }
  }

  loadHeld(saved: { watermark: Ms; held: readonly Sighting[] }): void {
    this.watermark = saved.watermark
    for (const s of saved.held) this.held.add(s, 0)
  }
}

function compareSightings(a: Sighting, b: Sighting): number {
  return (
    a.time - b.time || compareText(a.resource, b.resource) || compareText(a.scope, b.scope) || compareText(a.id, b.id) ||
    compareText(a.platform, b.platform) || compareText(a.learner, b.learner) || compareText(a.kind, b.kind) || compareText(a.event ?? '', b.event ?? '')
  )
}
