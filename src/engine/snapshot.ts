import { Packr } from 'msgpackr'
import { InvigilError } from '../base/errors.ts'
import type { Ms } from '../base/time.ts'
import type { Seen } from './coverage.ts'
import { Coverage } from './coverage.ts'
import type { Entry, OpenEpisode } from './entry.ts'
import { layoutOf, rowBytes, RowReader, type Layout, type References } from './layout.ts'
import { LearnerEntry, type PlatformPart } from './learner-entry.ts'
import type { LearnerStage } from './learner-stage.ts'
import type { Machine } from './machine.ts'
import type { Output } from './output.ts'
import type { ResourceStage } from './resource-stage.ts'
import { RESOURCE_KINDS, type ResourceKind, type Sighting } from './sighting.ts'
import type { TimekeeperState } from './timekeeper.ts'

const packr = new Packr({ useRecords: false, moreTypes: false })

/** All of a machine that is not keyed state. Small, so every snapshot holds it whole. */
export interface MachineState {
  timekeeper: TimekeeperState
  watermarks: [platform: string, watermark: Ms][]
  coverage: [platform: string, seen: Seen][]
  sightings: Sighting[]
  resource: Ms
  outputs: Output[]
  duplicates: number
  unjudged: Record<string, number>
  exempted: Record<string, number>
  /** Whether keys may have open episodes of rules that are gone. */
  orphans: boolean
}

type LearnerRecord = [kind: 'l', platform: string, id: string, row: Uint8Array, body: Uint8Array, ids: Uint8Array]
type ResourceRecord = [kind: 'r', resource: ResourceKind, scope: string, id: string, row: Uint8Array, body: Uint8Array]
type LayoutRecord = [kind: 's', learners: Layout, resources: Record<ResourceKind, Layout>]
type EndRecord = [kind: 'e']
type SavedRecord = LearnerRecord | ResourceRecord | LayoutRecord | EndRecord

const CHUNK = 1 << 20

/** The keyed state as chunks of length-prefixed records: all of it (a base), or what changed since the last call (a delta). */
export function* saveKeys(machine: Machine, everything: boolean): Generator<Uint8Array> {
  let parts: Uint8Array[] = []
  let size = 0
  const put = function* (record: SavedRecord): Generator<Uint8Array> {
    const bytes = packr.pack(record)
    const head = new Uint8Array(4)
    new DataView(head.buffer).setUint32(0, bytes.length)
    parts.push(head, bytes)
    size += 4 + bytes.length
    if (size < CHUNK) return
    yield Buffer.concat(parts)
    parts = []
    size = 0
  }
  yield* put(layouts(machine))
  for (const stage of machine.learners) {
    const entries = everything || !stage.isTracking ? allLearners(stage) : stage.dirty
    for (const [part, entry] of entries) {
      if (!entry.isGone) yield* put(['l', part.id, entry.id, rowBytes(stage.table, entry), bodyOf(entry), stage.ids.save(entry.row)])
    }
    for (const [, entry] of stage.dirty) entry.dirty = false
    stage.dirty.length = 0
    stage.isTracking = true
  }
  for (const stage of machine.resources) {
    for (const entry of everything || !stage.isTracking ? stage.entries() : stage.dirty) {
      const { resource, scope, table } = entry.shelf
      if (!entry.isGone) yield* put(['r', resource, scope, entry.id, rowBytes(table, entry), bodyOf(entry)])
    }
    for (const entry of stage.dirty) entry.dirty = false
    stage.dirty.length = 0
    stage.isTracking = true
  }
  yield* put(['e'])
  if (size > 0) yield Buffer.concat(parts)
}

/** Puts saved keys into a new machine, the base first and then its deltas. Keys stay bytes until they are touched. */
export async function loadKeys(machine: Machine, chunks: AsyncIterable<Uint8Array>): Promise<void> {
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
        readers = readersOf(machine, record)
        if (!readers.isSame) expectOrphans(machine)
      } else if (readers === undefined) throw new InvigilError('bad-state', 'a snapshot file does not begin with its table of rules')
      else if (record[0] === 'e') ended = true
      else if (record[0] === 'l') loadLearner(machine, record, readers)
      else loadResource(machine, record, readers)
    }
    rest = data.subarray(at)
  }
  if (rest.length > 0 || !ended) throw new InvigilError('bad-state', 'a snapshot file is cut off; restore it, or use another state folder')
  // From here on a delta says what changed.
  for (const stage of [...machine.learners, ...machine.resources]) stage.isTracking = true
}

/** All of the machine but its keys. */
export function saveMachine(machine: Machine): MachineState {
  return {
    timekeeper: machine.timekeeper.save(),
    watermarks: machine.learners.flatMap((t) => [...t.parts.values()].map((p): [string, Ms] => [p.id, p.watermark])),
    coverage: [...machine.coverage()].map(([id, c]) => [id, c.seen]),
    sightings: machine.resources.flatMap((t) => t.saveHeld().held),
    resource: machine.timekeeper.resourceWatermark,
    outputs: [...machine.order.pending()],
    duplicates: machine.duplicates(),
    unjudged: machine.unjudged(),
    exempted: machine.exempted(),
    orphans: machine.learners.some((t) => t.context.mayHaveOrphans),
  }
}

/** Puts the state of a saved machine into a new one, before its keys. */
export function loadMachine(machine: Machine, state: MachineState): void {
  machine.timekeeper.load(state.timekeeper)
  for (const [platform, watermark] of state.watermarks) for (const task of machine.learners) task.partOf(platform).watermark = watermark
  for (const [platform, seen] of state.coverage) machine.learners[0]!.partOf(platform).coverage.merge(new Coverage(seen).seen)
  for (const task of machine.resources) task.loadHeld({ watermark: state.resource, held: [] })
  for (const s of state.sightings) machine.resourceTask(s).add(s)
  for (const o of state.outputs) machine.order.push(o)
  machine.learners[0]!.duplicatesLate += state.duplicates
  Object.assign(machine.learners[0]!.context.unjudged, state.unjudged)
  Object.assign(machine.learners[0]!.context.exempted, state.exempted)
  if (state.orphans) expectOrphans(machine)
}

function expectOrphans(machine: Machine): void {
  for (const task of [...machine.learners, ...machine.resources]) task.context.mayHaveOrphans = true
}

function* allLearners(stage: LearnerStage): Generator<[PlatformPart, LearnerEntry]> {
  for (const part of stage.parts.values()) for (const entry of part.learners.values()) yield [part, entry]
}

function layouts(machine: Machine): LayoutRecord {
  const learners = machine.learners[0] as LearnerStage
  const resources = machine.resources[0] as ResourceStage
  const byKind = Object.fromEntries(RESOURCE_KINDS.map((kind) => [kind, layoutOf(resources.table(kind), resources.set.rules)]))
  return ['s', layoutOf(learners.table, learners.set.rules), byKind as Record<ResourceKind, Layout>]
}

/** For each task and kind of key what reads its saved rows. */
interface Readers {
  isSame: boolean
  learners: Map<LearnerStage, RowReader>
  resources: Map<ResourceStage, Map<ResourceKind, RowReader>>
}

function readersOf(machine: Machine, [, learners, resources]: LayoutRecord): Readers {
  const ofLearners = new Map(machine.learners.map((stage) => [stage, new RowReader(learners, stage.table, stage.set.rules)]))
  const ofResources = new Map(machine.resources.map((stage) => [
    stage, new Map(RESOURCE_KINDS.map((kind) => [kind, new RowReader(resources[kind], stage.table(kind), stage.set.rules)])),
  ]))
  const all = [...ofLearners.values(), ...[...ofResources.values()].flatMap((m) => [...m.values()])]
  return { isSame: all.every((r) => r.same), learners: ofLearners, resources: ofResources }
}

type Body = [refs: unknown[], rares: unknown[] | undefined, open: OpenEpisode[] | undefined]

function bodyOf(entry: Entry): Uint8Array {
  return entry.packed ?? packr.pack([entry.refs, entry.rares, entry.open] satisfies Body)
}

function loadLearner(machine: Machine, [, platform, id, row, body, ids]: LearnerRecord, readers: Readers): void {
  const stage = machine.learnerTask({ platform, learner: id })
  const part = stage.partOf(platform)
  const before = part.learners.get(id)
  if (before) stage.remove(before)
  const entry = new LearnerEntry(id, stage.table)
  stage.ids.open(entry.row)
  stage.ids.load(entry.row, ids)
  part.learners.set(id, entry)
  fill(entry, row, body, readers.learners.get(stage) as RowReader)
  part.timers.restore(entry, stage.table.timers)
}

function loadResource(machine: Machine, [, resource, scope, id, row, body]: ResourceRecord, readers: Readers): void {
  const stage = machine.resourceTask({ resource, scope, id })
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
