import { Packr } from 'msgpackr'
import { InvigilError } from '../base/errors.ts'
import type { Ms } from '../base/time.ts'
import type { Seen } from './coverage.ts'
import { Coverage } from './coverage.ts'
import type { AnyDetector } from './detector.ts'
import type { Entry, OpenEpisode } from './entry.ts'
import { LearnerEntry, type PlatformPart } from './learner-entry.ts'
import type { LearnerStage } from './learner-stage.ts'
import type { Machine } from './machine.ts'
import type { Output } from './output.ts'
import { ResourceEntry, type ResourceStage } from './resource-stage.ts'
import type { RuleSet } from './runtime.ts'
import type { ResourceKind, Sighting } from './sighting.ts'
import type { TimekeeperState } from './timekeeper.ts'

const packr = new Packr({ useRecords: false, moreTypes: false })

/** Which rule each slot of the saved cells belongs to. */
interface Slot {
  rule: string
  detector: string
  version: number
}

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

type LearnerRecord = [kind: 'l', platform: string, id: string, last: Ms, wakes: Ms[] | null, body: Uint8Array]
type ResourceRecord = [kind: 'r', resource: string, scope: string, id: string, last: Ms, wakes: Ms[] | null, body: Uint8Array]
type SlotsRecord = [kind: 's', learner: Slot[], resource: Slot[]]
type EndRecord = [kind: 'e']
type SavedRecord = LearnerRecord | ResourceRecord | SlotsRecord | EndRecord

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
  yield* put(['s', slotsOf(machine.learners[0]!.set), slotsOf(machine.resources[0]!.set)])
  for (const stage of machine.learners) {
    const entries = everything || !stage.isTracking ? allLearners(stage) : stage.dirty
    for (const [part, entry] of entries) yield* put(['l', part.id, entry.id, entry.last, entry.wakes ?? null, packLearner(stage, entry)])
    for (const [, entry] of stage.dirty) entry.dirty = false
    stage.dirty.length = 0
    stage.isTracking = true
  }
  for (const stage of machine.resources) {
    for (const entry of everything || !stage.isTracking ? stage.entries.values() : stage.dirty) {
      yield* put(['r', entry.resource, entry.scope, entry.name, entry.last, entry.wakes ?? null, packEntry(entry)])
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
  let slots: { learner: Remap; resource: Remap } | undefined
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
        slots = { learner: remap(record[1], machine.learners[0]!.set), resource: remap(record[2], machine.resources[0]!.set) }
        if (!slots.learner.same || !slots.resource.same) expectOrphans(machine)
      }
      else if (slots === undefined) throw new InvigilError('bad-state', 'a snapshot file does not begin with its table of rules')
      else if (record[0] === 'e') ended = true
      else if (record[0] === 'l') loadLearner(machine, record, slots.learner)
      else loadResource(machine, record, slots.resource)
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

type EntryBody = [cells: unknown[], open: OpenEpisode[] | undefined]
type LearnerBody = [...EntryBody, LearnerEntry['playback'], LearnerEntry['presence'], Uint8Array, number, number, Ms, string | undefined, string | undefined]

function packEntry(entry: Entry): Uint8Array {
  return entry.packed ?? packr.pack([entry.cells, entry.open] satisfies EntryBody)
}

function packLearner(stage: LearnerStage, e: LearnerEntry): Uint8Array {
  return e.packed ?? packr.pack([e.cells, e.open, e.playback, e.presence, stage.ids.save(e.ids), e.events, e.late, e.lateAt, e.class, e.course] satisfies LearnerBody)
}

function loadLearner(machine: Machine, [, platform, id, last, wakes, body]: LearnerRecord, slots: Remap): void {
  const stage = machine.learnerTask({ platform, learner: id })
  const part = stage.partOf(platform)
  const before = part.learners.get(id)
  if (before) {
    stage.ids.release(before.ids)
    silence(before)
  }
  const entry = new LearnerEntry(id)
  entry.last = last
  entry.ids = stage.ids.allot()
  entry.wakes = wakes === null ? undefined : slots.move(wakes, 0)
  part.learners.set(id, entry)
  part.timers.restore(entry)
  hold(entry, body, slots, (packed) => {
    const [cells, open, playback, presence, ids, events, late, lateAt, klass, course] = packr.unpack(packed) as LearnerBody
    entry.cells = slots.cells(cells)
    entry.open = open ?? undefined
    entry.playback = playback
    entry.presence = presence
    stage.ids.load(entry.ids, ids)
    entry.events = events
    entry.late = late
    entry.lateAt = lateAt
    entry.class = klass ?? undefined
    entry.course = course ?? undefined
  })
}

function loadResource(machine: Machine, [, resource, scope, id, last, wakes, body]: ResourceRecord, slots: Remap): void {
  const entry = new ResourceEntry(resource as ResourceKind, scope, id)
  const stage: ResourceStage = machine.resourceTask({ resource: entry.resource, scope, id })
  entry.last = last
  const before = stage.entries.get(entry.id)
  if (before) silence(before)
  entry.wakes = wakes === null ? undefined : slots.move(wakes, 0)
  stage.entries.set(entry.id, entry)
  stage.timers.restore(entry)
  hold(entry, body, slots, (packed) => {
    const [cells, open] = packr.unpack(packed) as EntryBody
    entry.cells = slots.cells(cells)
    entry.open = open ?? undefined
  })
}

/** An entry that a delta replaces leaves timers in the queue: they must find nothing to fire. */
function silence(entry: Entry): void {
  entry.wakes = undefined
  entry.queued = undefined
}

/** Keeps the bytes until the key is touched; bytes whose slots have changed are of no use to the next snapshot. */
function hold(entry: Entry, body: Uint8Array, slots: Remap, decode: (packed: Uint8Array) => void): void {
  if (!slots.same) {
    decode(body)
    return
  }
  // The chunk that holds these bytes is shared; a copy lets it go.
  entry.packed = new Uint8Array(body)
  entry.unpack = decode
}

/** Moves cells from the slots they were saved in to those of today's rules. */
interface Remap {
  same: boolean
  cells(saved: unknown[]): unknown[]
  move<T>(saved: T[], empty: T): T[]
}

function remap(saved: readonly Slot[], set: RuleSet): Remap {
  const now = slotsOf(set)
  const same = now.length === saved.length && now.every((s, i) => s.rule === saved[i]?.rule && s.detector === saved[i]?.detector && s.version === saved[i]?.version)
  const from = now.map((s) => saved.findIndex((o) => o.rule === s.rule && o.detector === s.detector))
  const move = <T>(values: T[], empty: T): T[] => {
    if (same) return values
    const moved: T[] = from.map((i) => (i < 0 ? empty : (values[i] ?? empty)))
    // The engine's own timer stands behind those of the rules.
    moved.push(values[saved.length] ?? empty)
    return moved
  }
  const cells = (values: unknown[]): unknown[] => {
    if (same) return values.map((v) => v ?? undefined)
    return from.map((i, slot) => (i < 0 ? undefined : migrate(values[i] ?? undefined, saved[i] as Slot, set.rules[slot]!.detector)))
  }
  return { same, cells, move }
}

function migrate(state: unknown, from: Slot, detector: AnyDetector): unknown {
  if (state === undefined) return undefined
  if (from.version > detector.version) {
    throw new InvigilError('bad-state', `the state of \`${from.rule}\` was written by a newer version of \`${detector.name}\` (${from.version}, here ${detector.version}); use that version of Invigil, or another state folder`)
  }
  let value: unknown = state
  for (let v = from.version; v < detector.version; v++) value = detector.migrations?.[v]?.(value)
  return value
}

function slotsOf(set: RuleSet): Slot[] {
  return set.rules.map((r) => ({ rule: r.id, detector: r.detector.name, version: r.detector.version }))
}
