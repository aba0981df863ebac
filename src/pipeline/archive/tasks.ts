import { fnv1a } from '../../base/hash.ts'
import type { Stages } from '../../engine/account.ts'
import { LearnerTask } from '../../engine/learner-task.ts'
import type { MarkRecord } from '../../engine/mark-record.ts'
import type { LateEvent, Output } from '../../engine/output.ts'
import { ResourceTask } from '../../engine/resource-task.ts'
import type { Setup } from '../../engine/runtime.ts'
import { resourceKey, type Sighting } from '../../engine/sighting.ts'
import { sightingsOf } from '../../engine/waiting-sightings.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Held } from '../../telemetry/held.ts'

/** What handling a mark gave rise to, over all tasks. */
export interface MarkWork {
  outputs: Output[]
  /** In the order of partitions and offsets. */
  late: { partition: number; late: LateEvent }[]
  future: { partition: number; offset: number; event: Event }[]
  /** Events that the mark covers, these and late ones among them. */
  events: number
}

/**
 * The tasks that a cluster has for recorded partitions, in one process. Each recorded partition may be split into several tasks, by
 * learner, and the resource stage into as many: marks say the same to all of them.
 */
export class ArchiveTasks implements Stages {
  /** By recorded partition. */
  private readonly parts: readonly (readonly LearnerTask[])[]
  private readonly resourceTasks: readonly ResourceTask[]
  private readonly split: number

  constructor(setup: Setup, recorded: number, split: number) {
    this.split = split
    this.parts = Array.from({ length: recorded }, (_, p) => Array.from({ length: split }, () => new LearnerTask(setup, p, { records: true })))
    this.resourceTasks = Array.from({ length: split }, () => new ResourceTask(setup))
  }

  get learners() {
    return this.parts.flat().map((t) => t.stage)
  }

  get resources() {
    return this.resourceTasks.map((t) => t.stage)
  }

  /** From the next mark on, another context is in force. */
  renew(setup: Setup): void {
    for (const task of [...this.parts.flat(), ...this.resourceTasks]) task.renew(setup)
  }

  /** Takes the next record of a partition. */
  take(partition: number, offset: number, held: Held): void {
    const tasks = this.parts[partition] as readonly LearnerTask[]
    if (this.split === 1) return (tasks[0] as LearnerTask).take(offset, held)
    const event = held.read()
    ;(tasks[fnv1a(`${event.platform}\u0000${event.learner}`) % this.split] as LearnerTask).take(offset, event)
  }

  /** Handles the next mark. All records that it covers must have been taken. */
  handle(record: MarkRecord): MarkWork {
    const work: MarkWork = { outputs: [], late: [], future: [], events: 0 }
    const tasks = this.parts.length * this.split
    this.parts.forEach((of, partition) => {
      const late: LateEvent[] = []
      const future: MarkWork['future'] = []
      of.forEach((task, n) => {
        const { outputs, sightings, late: missed, future: ahead, events } = task.handle(record)
        for (const o of outputs) work.outputs.push(o)
        for (const l of missed) late.push(l)
        for (const f of ahead) future.push({ partition, ...f })
        work.events += events
        this.handOver({ task: partition * this.split + n, tasks, mark: record.mark.number, sightings })
      })
      late.sort((a, b) => (a.offset as number) - (b.offset as number))
      for (const l of late) work.late.push({ partition, late: l })
      future.sort((a, b) => a.offset - b.offset)
      for (const f of future) work.future.push(f)
    })
    for (const task of this.resourceTasks) for (const o of task.handle(record.mark)) work.outputs.push(o)
    return work
  }

  /** Where the archive ends: what there is to tell of sittings that may still go on. */
  tellRecords(): Output[] {
    return this.parts.flat().flatMap((task) => task.tellRecords())
  }

  private handOver({ task, tasks, mark, sightings }: { task: number; tasks: number; mark: number; sightings: readonly Sighting[] }): void {
    const parts: Sighting[][] = this.resourceTasks.map(() => [])
    for (const s of sightings) (parts[this.split === 1 ? 0 : fnv1a(resourceKey(s)) % this.split] as Sighting[]).push(s)
    parts.forEach((own, r) => (this.resourceTasks[r] as ResourceTask).take(0, { task, tasks, marks: [{ mark, sightings: sightingsOf(own) }] }))
  }
}
