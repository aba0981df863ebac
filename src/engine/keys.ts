import { Packr } from 'msgpackr'
import { InvigilError } from '../base/errors.ts'
import type { Entry } from './entry.ts'
import { layoutOf, RowReader, type Layout, type References } from './layout.ts'
import { LearnerEntry } from './learner-entry.ts'
import type { LearnerStage } from './learner-stage.ts'
import { RecordReader } from './record-reader.ts'
import { RecordWriter, type Body } from './record-writer.ts'
import type { ResourceStage } from './resource-stage.ts'
import { RESOURCE_KINDS, type ResourceKind } from './sighting.ts'

const packr = new Packr({ useRecords: false, moreTypes: false })

/** Whose keys are saved together: all tasks of one process, or one task alone. */
export interface Keyed {
  readonly learners: readonly LearnerStage[]
  readonly resources: readonly ResourceStage[]
  /** The task that a key belongs to. */
  learnerTask(of: { platform: string; learner: string }): LearnerStage
  resourceTask(of: { resource: ResourceKind; scope: string; id: string }): ResourceStage
}

type LayoutRecord = [kind: 's', learners: Layout | null, resources: Record<ResourceKind, Layout> | null]
/** In a delta: a key that is no more, by what it was filed under. */
type GoneLearner = [kind: 'lx', platform: string, id: string]
type GoneResource = [kind: 'rx', resource: ResourceKind, scope: string, id: string]

/** The keyed state as chunks of length-prefixed records: all of it (a base), or what changed since the last call (a delta). */
export function* saveKeys(keyed: Keyed, everything: boolean): Generator<Uint8Array> {
  const writer = new RecordWriter()
  yield* writer.put(layouts(keyed))
  for (const stage of keyed.learners) {
    const entries = everything || !stage.isTracking ? stage.entries() : stage.dirty
    for (const [part, entry] of entries) {
      if (entry.isGone) yield* writer.put(['lx', part.id, entry.id])
      else yield* writer.learner(part.id, entry, stage)
    }
    for (const [, entry] of stage.dirty) entry.dirty = false
    stage.dirty.length = 0
    stage.isTracking = true
  }
  for (const stage of keyed.resources) {
    for (const entry of everything || !stage.isTracking ? stage.entries() : stage.dirty) {
      const { resource, scope, table } = entry.shelf
      if (entry.isGone) yield* writer.put(['rx', resource, scope, entry.id])
      else yield* writer.resource(resource, scope, entry, table)
    }
    for (const entry of stage.dirty) entry.dirty = false
    stage.dirty.length = 0
    stage.isTracking = true
  }
  yield* writer.put(['e'])
  yield* writer.rest()
}

/** Puts saved keys into new tasks, the base first and then its deltas. Keys stay bytes until they are touched. */
export async function loadKeys(keyed: Keyed, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let readers: Readers | undefined
  let ended = false
  const reader = new RecordReader()
  for await (const chunk of chunks) {
    reader.feed(chunk)
    for (let record = reader.next(); record !== undefined; record = reader.next()) {
      if (readers === undefined) readers = readersOf(keyed, record)
      else if (record === 'l') loadLearner(keyed, reader, readers)
      else if (record === 'r') loadResource(keyed, reader, readers)
      else if (record[0] === 'e') ended = true
      else dropKey(keyed, record as GoneLearner | GoneResource)
    }
  }
  if (reader.left > 0 || !ended) throw new InvigilError('bad-state', 'a snapshot file is cut off; restore it, or use another state folder')
  // From here on a delta says what changed.
  for (const stage of [...keyed.learners, ...keyed.resources]) stage.isTracking = true
}

/** Says that keys may have open episodes of rules that are gone. */
export function expectOrphans(keyed: Keyed): void {
  for (const task of [...keyed.learners, ...keyed.resources]) task.context.mayHaveOrphans = true
}

function layouts({ learners: [learners], resources: [resources] }: Keyed): LayoutRecord {
  const byKind = resources && Object.fromEntries(RESOURCE_KINDS.map((kind) => [kind, layoutOf(resources.table(kind), resources.set.rules)]))
  return ['s', learners ? layoutOf(learners.table, learners.set.rules) : null, (byKind as Record<ResourceKind, Layout> | undefined) ?? null]
}

/** For each task and kind of key what reads its saved rows. */
interface Readers {
  learners: Map<LearnerStage, RowReader>
  resources: Map<ResourceStage, Map<ResourceKind, RowReader>>
}

/** `first`: the first record of a file. */
function readersOf(keyed: Keyed, first: readonly unknown[] | string): Readers {
  if (first[0] !== 's') throw new InvigilError('bad-state', 'a snapshot file does not begin with its table of rules')
  const [, learners, resources] = first as LayoutRecord
  const ofLearners = new Map(learners && keyed.learners.map((stage) => [stage, new RowReader(learners, stage.table, stage.set.rules)]))
  const ofResources = new Map(resources && keyed.resources.map((stage) => [
    // A kind that came later has no rows in an older file.
    stage, new Map(RESOURCE_KINDS.filter((kind) => resources[kind] !== undefined).map((kind) => [kind, new RowReader(resources[kind], stage.table(kind), stage.set.rules)])),
  ]))
  const all = [...ofLearners.values(), ...[...ofResources.values()].flatMap((m) => [...m.values()])]
  if (!all.every((r) => r.same)) expectOrphans(keyed)
  return { learners: ofLearners, resources: ofResources }
}

function loadLearner(keyed: Keyed, from: RecordReader, readers: Readers): void {
  const platform = from.shared(0)
  const id = from.text()
  const stage = keyed.learnerTask({ platform, learner: id })
  const part = stage.partOf(platform)
  stage.drop(platform, id)
  const reader = readers.learners.get(stage) as RowReader
  const entry = new LearnerEntry(id, stage.table, reader.same)
  stage.ids.open(entry.row)
  part.learners.set(id, entry)
  fill(entry, from, reader)
  stage.ids.load(entry.row, from.data, from.bytes())
  part.timers.restore(entry, stage.table.timers)
}

function loadResource(keyed: Keyed, from: RecordReader, readers: Readers): void {
  const resource = from.shared(0) as ResourceKind
  const scope = from.shared(1)
  const id = from.text()
  const stage = keyed.resourceTask({ resource, scope, id })
  const reader = readers.resources.get(stage)?.get(resource) as RowReader
  const entry = stage.renew(resource, scope, id, reader.same)
  fill(entry, from, reader)
  stage.timers.restore(entry, entry.shelf.table.timers)
}

/** Fills an entry by the row and the body that come next; as long as the rules are the same, its references stay bytes until the key is touched. */
function fill(entry: Entry, from: RecordReader, reader: RowReader): void {
  const row = from.bytes()
  const body = from.kept()
  if (!reader.same) return reader.read(entry, from.view, row, () => unpackInto(entry, body))
  reader.read(entry, from.view, row, none)
  entry.packed = body
  entry.unpack = unpackAll
}

const none = (): References => ({ refs: [], rares: undefined })

function unpackAll(entry: Entry, packed: Uint8Array): void {
  Object.assign(entry, unpackInto(entry, packed))
}

function dropKey(keyed: Keyed, gone: GoneLearner | GoneResource): void {
  if (gone[0] === 'lx') keyed.learnerTask({ platform: gone[1], learner: gone[2] }).drop(gone[1], gone[2])
  else keyed.resourceTask({ resource: gone[1], scope: gone[2], id: gone[3] }).drop(gone[1], gone[2], gone[3])
}

/** Takes over the open episodes and returns the references. */
function unpackInto(entry: Entry, body: Uint8Array): References {
  const [refs, rares, open] = packr.unpack(body) as Body
  entry.open = open ?? undefined
  return { refs: refs.map((r) => r ?? undefined), rares: rares?.map((r) => r ?? undefined) }
}
