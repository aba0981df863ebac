import { Packr } from 'msgpackr'
import { InvigilError } from '../base/errors.ts'
import type { Entry } from './entry.ts'
import { layoutOf, RowReader, type Layout, type References } from './layout.ts'
import { LearnerEntry, type PlatformPart } from './learner-entry.ts'
import type { LearnerStage } from './learner-stage.ts'
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

type LearnerRecord = [kind: 'l', platform: string, id: string, row: Uint8Array, body: Uint8Array, ids: Uint8Array]
type ResourceRecord = [kind: 'r', resource: ResourceKind, scope: string, id: string, row: Uint8Array, body: Uint8Array]
type LayoutRecord = [kind: 's', learners: Layout | null, resources: Record<ResourceKind, Layout> | null]
/** In a delta: a key that is no more, by what it was filed under. */
type GoneLearner = [kind: 'lx', platform: string, id: string]
type GoneResource = [kind: 'rx', resource: ResourceKind, scope: string, id: string]
type EndRecord = [kind: 'e']
type SavedRecord = LearnerRecord | ResourceRecord | GoneLearner | GoneResource | LayoutRecord | EndRecord

/** The keyed state as chunks of length-prefixed records: all of it (a base), or what changed since the last call (a delta). */
export function* saveKeys(keyed: Keyed, everything: boolean): Generator<Uint8Array> {
  const writer = new RecordWriter()
  yield* writer.put(layouts(keyed))
  for (const stage of keyed.learners) {
    const entries = everything || !stage.isTracking ? allLearners(stage) : stage.dirty
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
  let rest: Uint8Array = new Uint8Array(0)
  let ended = false
  for await (const chunk of chunks) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    let at = 0
    while (at + 4 <= data.length) {
      const length = view.getUint32(at)
      if (at + 4 + length > data.length) break
      const record = packr.unpack(data.subarray(at + 4, at + 4 + length)) as SavedRecord
      at += 4 + length
      if (record[0] === 's') {
        readers = readersOf(keyed, record)
        if (!readers.isSame) expectOrphans(keyed)
      } else if (readers === undefined) throw new InvigilError('bad-state', 'a snapshot file does not begin with its table of rules')
      else if (record[0] === 'e') ended = true
      else if (record[0] === 'l') loadLearner(keyed, record, readers)
      else if (record[0] === 'r') loadResource(keyed, record, readers)
      else if (record[0] === 'lx') keyed.learnerTask({ platform: record[1], learner: record[2] }).drop(record[1], record[2])
      else keyed.resourceTask({ resource: record[1], scope: record[2], id: record[3] }).drop(record[1], record[2], record[3])
    }
    rest = data.subarray(at)
  }
  if (rest.length > 0 || !ended) throw new InvigilError('bad-state', 'a snapshot file is cut off; restore it, or use another state folder')
  // From here on a delta says what changed.
  for (const stage of [...keyed.learners, ...keyed.resources]) stage.isTracking = true
}

/** Says that keys may have open episodes of rules that are gone. */
export function expectOrphans(keyed: Keyed): void {
  for (const task of [...keyed.learners, ...keyed.resources]) task.context.mayHaveOrphans = true
}

function* allLearners(stage: LearnerStage): Generator<[PlatformPart, LearnerEntry]> {
  for (const part of stage.parts.values()) for (const entry of part.learners.values()) yield [part, entry]
}

function layouts({ learners: [learners], resources: [resources] }: Keyed): LayoutRecord {
  const byKind = resources && Object.fromEntries(RESOURCE_KINDS.map((kind) => [kind, layoutOf(resources.table(kind), resources.set.rules)]))
  return ['s', learners ? layoutOf(learners.table, learners.set.rules) : null, (byKind as Record<ResourceKind, Layout> | undefined) ?? null]
}

/** For each task and kind of key what reads its saved rows. */
interface Readers {
  isSame: boolean
  learners: Map<LearnerStage, RowReader>
  resources: Map<ResourceStage, Map<ResourceKind, RowReader>>
}

function readersOf(keyed: Keyed, [, learners, resources]: LayoutRecord): Readers {
  const ofLearners = new Map(learners && keyed.learners.map((stage) => [stage, new RowReader(learners, stage.table, stage.set.rules)]))
  const ofResources = new Map(resources && keyed.resources.map((stage) => [
    stage, new Map(RESOURCE_KINDS.map((kind) => [kind, new RowReader(resources[kind], stage.table(kind), stage.set.rules)])),
  ]))
  const all = [...ofLearners.values(), ...[...ofResources.values()].flatMap((m) => [...m.values()])]
  return { isSame: all.every((r) => r.same), learners: ofLearners, resources: ofResources }
}

function loadLearner(keyed: Keyed, [, platform, id, row, body, ids]: LearnerRecord, readers: Readers): void {
  const stage = keyed.learnerTask({ platform, learner: id })
  const part = stage.partOf(platform)
  stage.drop(platform, id)
  const entry = new LearnerEntry(id, stage.table)
  stage.ids.open(entry.row)
  stage.ids.load(entry.row, ids)
  part.learners.set(id, entry)
  fill(entry, row, body, readers.learners.get(stage) as RowReader)
  part.timers.restore(entry, stage.table.timers)
}

function loadResource(keyed: Keyed, [, resource, scope, id, row, body]: ResourceRecord, readers: Readers): void {
  const stage = keyed.resourceTask({ resource, scope, id })
  const entry = stage.renew(resource, scope, id)
  fill(entry, row, body, readers.resources.get(stage)?.get(resource) as RowReader)
  stage.timers.restore(entry, entry.shelf.table.timers)
}

/** Fills an entry; as long as the rules are the same, its references stay bytes until the key is touched. */
function fill(entry: Entry, row: Uint8Array, body: Uint8Array, reader: RowReader): void {
  reader.read(entry, row, () => unpackInto(entry, body))
  if (!reader.same) return
  // The chunk that holds these bytes is shared; a copy lets it go.
  entry.packed = new Uint8Array(body)
  entry.unpack = (e, packed) => Object.assign(e, unpackInto(e, packed))
}

/** Takes over the open episodes and returns the references. */
function unpackInto(entry: Entry, body: Uint8Array): References {
  const [refs, rares, open] = packr.unpack(body) as Body
  entry.open = open ?? undefined
  return { refs: refs.map((r) => r ?? undefined), rares: rares?.map((r) => r ?? undefined) }
}
