import { Packr } from 'msgpackr'
import { expect } from 'vitest'
import { fnv1a } from '../base/hash.ts'
import type { Ms } from '../base/time.ts'
import { loadKeys, saveKeys, type Keyed } from '../engine/keys.ts'
import { LearnerTask, type LearnerTaskState } from '../engine/learner-task.ts'
import { packMark, recordOf, unpackMark } from '../engine/mark-record.ts'
import { OutputOrder, type Output } from '../engine/output.ts'
import { ResourceTask, type HandOver, type ResourceTaskState } from '../engine/resource-task.ts'
import type { Setup } from '../engine/runtime.ts'
import { resourceKey, type Sighting } from '../engine/sighting.ts'
import { Timekeeper, type Mark } from '../engine/timekeeper.ts'
import { sightingsOf, type Sightings } from '../engine/waiting-sightings.ts'
import type { Event } from '../telemetry/event.ts'
import { eventOf, type Arrival } from './five-platforms.ts'

const packr = new Packr({ useRecords: false })
/** Deltas until the next base. */
const MOST_DELTAS = 3

/** An event as its record would be stamped by the log. */
export function stamped(arrival: Arrival): Event {
  return Object.assign(eventOf(arrival, false), { stamp: arrival.at })
}

/** The base and its deltas, as chunks. */
type Files = Uint8Array[][]

/** Tasks over partitions that are lists, with what Kafka would keep of them. */
export class Fleet {
  readonly outputs: Output[] = []
  readonly late: string[] = []
  learners: LearnerTask[]
  resources: ResourceTask[]
  /** How many records were read again. */
  again = 0
  /** And how many hand-overs. */
  readAgain = 0
  private setup: Setup
  private readonly records: boolean
  private readonly keeper: Timekeeper
  private readonly telemetry: Event[][]
  private readonly handOvers: HandOver[][]
  private readonly files = new Map<string, Files>()

  constructor(setup: Setup, learners: number, resources: number, records = false) {
    this.records = records
    this.setup = setup
    this.keeper = new Timekeeper(setup.catalogue)
    this.telemetry = Array.from({ length: learners }, () => [])
    this.handOvers = Array.from({ length: resources }, () => [])
    this.learners = this.telemetry.map((_, p) => new LearnerTask(setup, p, { records }))
    this.resources = this.handOvers.map(() => new ResourceTask(setup))
  }

  observe(event: Event): void {
    const p = fnv1a(`${event.platform}\u0000${event.learner}`) % this.telemetry.length
    const log = this.telemetry[p] as Event[]
    log.push(event)
    this.keeper.observe(event)
    ;(this.learners[p] as LearnerTask).take(log.length - 1, event)
  }

  /** From the next mark on, another context is in force. */
  renew(setup: Setup): void {
    this.setup = setup
    for (const task of [...this.learners, ...this.resources]) task.renew(setup)
  }

  mark(next: (keeper: Timekeeper) => Mark = (k) => k.next(this.setup.context)): void {
    const record = unpackMark(packMark(recordOf(this.keeper, next(this.keeper), this.telemetry.map((log) => log.length))))
    this.learners.forEach((task, p) => {
      const work = task.handle(record)
      this.outputs.push(...work.outputs)
      this.late.push(...work.late.map((l) => `${l.event.platform} ${l.event.id} ${l.watermark}`))
      expect(work.future).toEqual([])
      const parts: Sighting[][] = this.handOvers.map(() => [])
      for (const s of work.sightings) parts[fnv1a(resourceKey(s)) % parts.length]?.push(s)
      parts.forEach((sightings, r) => {
        const packed = packr.pack(sightings)
        const waiting: Sightings = { ...sightingsOf(sightings), read: () => packr.unpack(packed) as Sighting[] }
        const handOver: HandOver = { task: p, tasks: this.learners.length, marks: [{ mark: record.mark.number, sightings: waiting }] }
        const offset = (this.handOvers[r] as HandOver[]).push(handOver) - 1
        this.resources[r]?.take(offset, handOver)
      })
    })
    for (const task of this.resources) {
      expect(task.isReady(record.mark.number)).toBe(true)
      this.outputs.push(...task.handle(record.mark))
    }
  }

  /** Lets event time pass. */
  passTo(time: Ms): void {
    this.mark((k) => k.passTo(time, this.setup.context))
  }

  /** Every task saves what has changed, is given up and taken over by a new owner that has the snapshot and reads on from S. */
  async restart(): Promise<void> {
    this.learners = await Promise.all(this.learners.map(async (old, p) => {
      const task = new LearnerTask(this.setup, p, { records: this.records })
      task.load(packr.unpack(packr.pack(old.save())) as LearnerTaskState)
      await this.moveKeys(`l${p}`, old, task)
      const log = this.telemetry[p] as Event[]
      for (let offset = task.oldest; offset < log.length; offset++) {
        this.again++
        task.take(offset, log[offset] as Event)
      }
      return task
    }))
    this.resources = await Promise.all(this.resources.map(async (old, r) => {
      const task = new ResourceTask(this.setup, old.oldest)
      task.load(packr.unpack(packr.pack(old.save())) as ResourceTaskState)
      await this.moveKeys(`r${r}`, old, task)
      const log = this.handOvers[r] as HandOver[]
      for (let offset = old.oldest; offset < log.length; offset++) {
        this.readAgain++
        // Also where a record came twice.
        for (let n = 0; n < 1 + (offset % 3 === 0 ? 1 : 0); n++) task.take(offset, log[offset] as HandOver)
      }
      return task
    }))
  }

  private async moveKeys(name: string, from: Keyed, to: Keyed): Promise<void> {
    const before = this.files.get(name) ?? []
    const fresh = before.length === 0 || before.length > MOST_DELTAS
    const chunks = Array.from(saveKeys(from, fresh), (c) => new Uint8Array(c))
    const files = fresh ? [chunks] : [...before, chunks]
    this.files.set(name, files)
    for (const file of files) await loadKeys(to, (async function* () { yield* file })())
  }

  /** Ends the log; returns what readers see once they have put it in order. `tells`: also what is told of sittings that are still open where a log ends. */
  end(tells = true): string[] {
    this.mark((k) => k.end(this.setup.context))
    if (tells) for (const task of this.learners) this.outputs.push(...task.tellRecords())
    return inOrder(this.outputs)
  }
}

export function inOrder(outputs: readonly Output[]): string[] {
  const order = new OutputOrder(outputs)
  const texts: string[] = []
  order.drain(Infinity, (o) => texts.push(JSON.stringify(o)))
  return texts
}
