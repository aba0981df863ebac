import { RowCopy } from './copy-row.ts'
import { Timers, type Entry } from './entry.ts'
import { LearnerEntry } from './learner-entry.ts'
import { LearnerStage } from './learner-stage.ts'
import type { LearnerSinks, Output } from './output.ts'
import { resetLearners, resetResources } from './reset.ts'
import { ResourceStage } from './resource-stage.ts'
import type { RuleContext, RuleSet, Setup } from './runtime.ts'
import { RESOURCE_KINDS, type ResourceKind } from './sighting.ts'
import type { Table } from './table.ts'

/** Keys that are moved in one go. */
const SLICE = 256

/**
 * The learner stage that goes on from another, between two marks, under another setup: with its keys, held events, coverage,
 * watermarks and counters. The other one must not be used any more. Open episodes go on under new parameters; those of a rule that
 * is gone, whose detector changed, or that was edited and says `onEdit: reset`, end at the key's next event or timer. Where rules keep their ids and detectors, the keys stay
 * as they are, and a delta still holds what has changed. Else each key gets a row of the new layout, and all count as changed: then
 * the next delta holds them all, so that a base is no dearer. It stops after every few hundred keys, so that others get their turn;
 * until it has returned, neither stage may be used.
 */
export function* renewLearners(from: LearnerStage, setup: Setup, sinks: LearnerSinks): Generator<void, LearnerStage> {
  // INVARIANT (forgetting): what the old catalogue had forgotten stays so, whether it was swept or not.
  if (setup.catalogue !== from.set.catalogue) from.sweep(Infinity)
  const to = new LearnerStage(setup, sinks, from)
  to.isTracking = from.isTracking
  to.duplicatesLate = from.duplicatesLate
  const alike = to.table === from.table
  goOn(from.context, to.context, alike)
  if (alike) {
    // Another setup may locate addresses by another database.
    for (const part of to.parts.values()) for (const entry of part.learners.values()) entry.address = undefined
    yield* resetLearners(to, from.set)
    return to
  }
  for (const gone of from.dirty) if (gone[1].isGone) to.dirty.push(gone)
  const move = mover(from.table, from.set, to.table, to.set)
  let moved = 0
  for (const part of from.parts.values()) {
    to.parts.set(part.id, part)
    part.timers = new Timers<Entry>()
    for (const old of part.learners.values()) {
      const entry = new LearnerEntry(old.id, to.table)
      to.ids.open(entry.row)
      to.ids.copy(entry.row, from.ids, old.row)
      move(old, entry)
      part.learners.set(old.id, entry)
      part.timers.restore(entry, to.table.timers)
      entry.dirty = to.isTracking
      if (to.isTracking) to.dirty.push([part, entry])
      if (++moved % SLICE === 0) yield
    }
  }
  yield* resetLearners(to, from.set)
  return to
}

/** The resource stage that goes on from another under another setup, as `renewLearners` does: with its keys, held sightings, watermark and counters. */
export function* renewResources(from: ResourceStage, setup: Setup, output: (output: Output) => void): Generator<void, ResourceStage> {
  const to = new ResourceStage(setup, output, from)
  to.isTracking = from.isTracking
  const alike = to.set.isLike(from.set)
  goOn(from.context, to.context, alike)
  if (alike) {
    yield* resetResources(to, from.set)
    return to
  }
  for (const gone of from.dirty) if (gone.isGone) to.dirty.push(gone)
  const moves = new Map<ResourceKind, (old: Entry, entry: Entry) => void>(RESOURCE_KINDS.map((kind) => [kind, mover(from.table(kind), from.set, to.table(kind), to.set)]))
  let moved = 0
  for (const old of from.entries()) {
    const { resource, scope } = old.shelf
    const entry = to.renew(resource, scope, old.id)
    moves.get(resource)?.(old, entry)
    to.timers.restore(entry, entry.shelf.table.timers)
    entry.dirty = to.isTracking
    if (to.isTracking) to.dirty.push(entry)
    if (++moved % SLICE === 0) yield
  }
  yield* resetResources(to, from.set)
  return to
}

function goOn(from: RuleContext, to: RuleContext, alike: boolean): void {
  Object.assign(to.unjudged, from.unjudged)
  Object.assign(to.exempted, from.exempted)
  to.mayHaveOrphans = from.mayHaveOrphans || !alike
}

/** What moves a key from a row of one table to one of another. */
function mover(from: Table, before: RuleSet, to: Table, after: RuleSet): (old: Entry, entry: Entry) => void {
  const rows = new RowCopy(from, before.rules, to, after.rules)
  return (old, entry) => {
    old.load()
    rows.copy(old, entry)
    entry.open = old.open
  }
}
