import { Packr } from 'msgpackr'
import { beforeAll, describe, expect, test } from 'vitest'
import { fnv1a } from '../base/hash.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { detectors } from '../detectors/index.ts'
import type { Event } from '../telemetry/event.ts'
import { ruleOf } from '../testing/drive.ts'
import { duplicated, eventOf, fivePlatforms, seeded, type Arrival } from '../testing/five-platforms.ts'
import { beats, crowd } from '../testing/tiny-detectors.ts'
import { loadKeys, saveKeys, type Keyed } from './keys.ts'
import { LearnerTask, type LearnerTaskState } from './learner-task.ts'
import { Machine } from './machine.ts'
import { packMark, recordOf, unpackMark } from './mark-record.ts'
import { OutputOrder, type Output } from './output.ts'
import { ResourceTask, type HandOver, type ResourceTaskState } from './resource-task.ts'
import { resourceKey, type Sighting } from './sighting.ts'
import { Timekeeper, type Mark } from './timekeeper.ts'

const catalogue = new Catalogue(catalogueSchema.parse({ platforms: [{ id: 'normal', global: ['learner'] }, { id: 'silent', global: ['learner'], heartbeat: '15s' }] }))
const rules = [...detectors.map((d) => ruleOf(d)), ruleOf(beats, { quiet: '20s', every: 40 }), ruleOf(crowd, { most: 2 })]
const setup = { rules, catalogue, context: 'test' }
const packr = new Packr({ useRecords: false })

/** As its record would be stamped by the log. */
function stamped(arrival: Arrival): Event {
  return Object.assign(eventOf(arrival, false), { stamp: arrival.at })
}

/** Tasks over partitions that are lists, with what Kafka would keep of them. */
class Fleet {
  private readonly keeper = new Timekeeper(catalogue)
  private readonly telemetry: Event[][]
  private readonly handOvers: HandOver[][]
  private learners: LearnerTask[]
  private resources: ResourceTask[]
  readonly outputs: Output[] = []
  readonly late: string[] = []
  /** How many records were read again. */
  again = 0

  constructor(learners: number, resources: number) {
    this.telemetry = Array.from({ length: learners }, () => [])
    this.handOvers = Array.from({ length: resources }, () => [])
    this.learners = this.telemetry.map((_, p) => new LearnerTask(setup, p))
    this.resources = this.handOvers.map(() => new ResourceTask(setup))
  }

  observe(event: Event): void {
    const p = fnv1a(`${event.platform}\u0000${event.learner}`) % this.telemetry.length
    const log = this.telemetry[p] as Event[]
    log.push(event)
    this.keeper.observe(event)
    ;(this.learners[p] as LearnerTask).take(log.length - 1, event)
  }

  mark(next: (keeper: Timekeeper) => Mark = (k) => k.next('test')): void {
    const record = unpackMark(packMark(recordOf(this.keeper, next(this.keeper), this.telemetry.map((log) => log.length))))
    this.learners.forEach((task, p) => {
      const work = task.handle(record)
      this.outputs.push(...work.outputs)
      this.late.push(...work.late.map((l) => `${l.event.platform} ${l.event.id} ${l.watermark}`))
      expect(work.future).toEqual([])
      const parts: Sighting[][] = this.handOvers.map(() => [])
      for (const s of work.sightings) parts[fnv1a(resourceKey(s)) % parts.length]?.push(s)
      parts.forEach((sightings, r) => {
        const handOver = packr.unpack(packr.pack({ task: p, tasks: this.learners.length, marks: [{ mark: record.mark.number, sightings }] })) as HandOver
        this.handOvers[r]?.push(handOver)
        this.resources[r]?.take(handOver)
      })
    })
    for (const task of this.resources) {
      expect(task.isReady(record.mark.number)).toBe(true)
      this.outputs.push(...task.handle(record.mark))
    }
  }

  /** Every task is given up and taken over by a new owner that has the snapshot and reads on from S. */
  async restart(): Promise<void> {
    this.learners = await Promise.all(this.learners.map(async (old, p) => {
      const task = new LearnerTask(setup, p)
      task.load(packr.unpack(packr.pack(old.save())) as LearnerTaskState)
      await moveKeys(old, task)
      const log = this.telemetry[p] as Event[]
      for (let offset = task.oldest; offset < log.length; offset++) {
        this.again++
        task.take(offset, log[offset] as Event)
      }
      return task
    }))
    this.resources = await Promise.all(this.resources.map(async (old, r) => {
      const task = new ResourceTask(setup)
      task.load(packr.unpack(packr.pack(old.save())) as ResourceTaskState)
      await moveKeys(old, task)
      // All that was ever delivered: what was had is dropped.
      for (const h of this.handOvers[r] ?? []) task.take(h)
      return task
    }))
  }

  /** What readers see once they have put it in order. */
  end(): string[] {
    this.mark((k) => k.end('test'))
    const order = new OutputOrder(this.outputs)
    const texts: string[] = []
    order.drain(Infinity, (o) => texts.push(JSON.stringify(o)))
    return texts
  }
}

async function moveKeys(from: Keyed, to: Keyed): Promise<void> {
  const chunks = [...saveKeys(from, true)].map((c) => new Uint8Array(c))
  await loadKeys(to, (async function* () { yield* chunks })())
}

const MARK_EVERY = 700
// Events that come twice, and some so late that they are late.
const arrivals = [...duplicated(fivePlatforms(5, 5), 3)].map((a, i) => (i % 211 === 210 ? { ...a, at: a.at + 11 * 60_000 } : a)).sort((a, b) => a.at - b.at)

describe('tasks over partitions give what one machine gives', () => {
  let golden: string[]
  const late: string[] = []

  beforeAll(() => {
    const outputs: Output[] = []
    const machine = new Machine({ ...setup, output: (o) => outputs.push(o), late: (l) => late.push(`${l.event.platform} ${l.event.id} ${l.watermark}`) })
    arrivals.forEach((a, i) => {
      machine.observe(stamped(a))
      if (i % MARK_EVERY === MARK_EVERY - 1) machine.mark()
    })
    machine.end()
    golden = outputs.map((o) => JSON.stringify(o))
    expect(golden.length).toBeGreaterThan(200)
    expect(late.length).toBeGreaterThan(20)
  })

  test.each([[1, 1, 0], [3, 2, 0], [4, 5, 0], [1, 1, 3], [4, 3, 3]])('%i learner and %i resource tasks, each taken over at one in %i marks', async (learners, resources, every) => {
    const random = seeded(7)
    const fleet = new Fleet(learners, resources)
    for (const [i, a] of arrivals.entries()) {
      fleet.observe(stamped(a))
      if (i % MARK_EVERY !== MARK_EVERY - 1) continue
      fleet.mark()
      if (every > 0 && random() * every < 1) await fleet.restart()
    }
    expect(fleet.end()).toEqual(golden)
    expect(fleet.late.sort()).toEqual(late.slice().sort())
    if (every > 0) expect(fleet.again).toBeGreaterThan(100)
  })
})
