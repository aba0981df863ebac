import type { Ms } from '../base/time.ts'
import { Coverage, type Seen } from './coverage.ts'
import { expectOrphans } from './keys.ts'
import type { Machine } from './machine.ts'
import type { Output } from './output.ts'
import type { Sighting } from './sighting.ts'
import type { TimekeeperState } from './timekeeper.ts'

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
