import { describe, expect, test } from 'vitest'
import { DAY, MINUTE, SECOND, type Ms } from '../base/time.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { fnv1a } from '../base/hash.ts'
import { eventOf, fivePlatforms, seeded, type Arrival } from '../testing/five-platforms.ts'
import { packMark, recordOf, unpackMark } from './mark-record.ts'
import { FREE, Sources, type SourcePosition } from './sources.ts'
import { Timekeeper } from './timekeeper.ts'

const catalogue = new Catalogue(catalogueSchema.parse({}))

/** What Kafka and the intake would do, by the wall clock: topics of platforms, read unevenly into the telemetry, from which a timekeeper tells time. */
class World {
  /** The topic of each partition. */
  topics: readonly string[]
  late = 0
  held = 0
  marks = 0
  keeper = new Timekeeper(catalogue)
  sources = new Sources()
  readonly logs: { arrival: Ms; of: Arrival }[][]
  readonly committed: number[]
  private readonly telemetry: { source: number; offset: number; arrival: Ms; stamp: Ms; of: Arrival }[] = []
  private handled = 0

  constructor(topics: readonly string[]) {
    this.topics = topics
    this.logs = topics.map(() => [])
    this.committed = this.logs.map(() => 0)
  }

  send(partition: number, of: Arrival, now: Ms): void {
    this.logs[partition]?.push({ arrival: now, of })
  }

  /** One transaction of the intake. */
  commit(source: number, most: number, now: Ms): void {
    const from = this.committed[source] as number
    const batch = (this.logs[source] as World['logs'][number]).slice(from, from + most)
    batch.forEach(({ arrival, of }, i) => this.telemetry.push({ source, offset: from + i, arrival, stamp: now, of }))
    this.committed[source] = from + batch.length
  }

  get positions(): SourcePosition[] {
    return this.logs.map((log, partition) => ({ topic: this.topics[partition] as string, partition, committed: this.committed[partition] as number, end: log.length }))
  }

  /** A mark over the telemetry as it is, or over a piece of it. */
  mark(now: Ms, most = Infinity): void {
    const to = Math.min(this.telemetry.length, this.handled + most)
    const piece = this.telemetry.slice(this.handled, to)
    for (const { source, offset, arrival, stamp, of } of piece) {
      const index = this.sources.index(this.topics[source] as string, source)
      this.sources.note(index, offset, arrival, now)
      const fate = this.keeper.observe(Object.assign(eventOf(of, false), { stamp }), { topic: this.sources.topicOf(index), arrival })
      if (fate === 'late') this.late++
      else this.held++
    }
    this.handled = to
    this.marks++
    this.keeper.next('c', this.sources.bounds(now, to === this.telemetry.length, piece.at(-1)?.stamp ?? -Infinity))
  }

  aim(now: Ms): void {
    this.sources.aim(this.positions, now)
  }

  /** Another process goes on from the last mark. */
  takeOver(): void {
    const { timekeeper, sources } = unpackMark(packMark(recordOf(this.keeper, this.keeper.next('c', { any: -Infinity, waited: [] }), [this.handled], this.sources)))
    this.keeper = new Timekeeper(catalogue)
    this.keeper.load(timekeeper)
    this.sources = new Sources(sources)
  }
}

/** Late events where all is read in the order in which it arrived. */
function lateInOrder(arrivals: readonly Arrival[]): number {
  const keeper = new Timekeeper(catalogue)
  let late = 0
  arrivals.forEach((a, i) => {
    if (keeper.observe(Object.assign(eventOf(a, false), { stamp: a.at })) === 'late') late++
    if (i % 100 === 99) keeper.next('c')
  })
  return late
}

describe('a backlog in several partitions, read at different speeds', () => {
  const partitionOf = (a: Arrival) => fnv1a(a.wire.learner as string) % 4
  const arrivals = fivePlatforms(7, 6)
  // Loaded at once: three hours within ten seconds.
  const FACTOR = (3 * 60 * 60) / 10
  const begin = (arrivals[0] as Arrival).at
  // The next day.
  const first = begin + DAY

  test.each([[1, false, Infinity], [2, true, Infinity], [3, false, 700], [4, true, 300], [5, true, Infinity], [6, false, Infinity], [7, false, 1000]])('makes nobody late (seed %i, other processes taking over %s, marks of %d records)', (seed, takesOver, most) => {
    expect(lateInOrder(arrivals)).toBe(0)
    const random = seeded(seed)
    const world = new World(['t', 't', 't', 't'])
    const speeds = world.logs.map(() => 10 + random() * 200)
    let sent = 0
    let isAllSent = false
    for (let now = first; !isAllSent || world.held + world.late < arrivals.length; now += 50) {
      for (; sent < arrivals.length && first + ((arrivals[sent] as Arrival).at - begin) / FACTOR <= now; sent++) world.send(partitionOf(arrivals[sent] as Arrival), arrivals[sent] as Arrival, now)
      isAllSent = sent === arrivals.length
      // For some time nobody has one of them.
      world.logs.forEach((_, p) => {
        if (!(p === 3 && now < first + 20 * SECOND) && random() < 0.7) world.commit(p, Math.ceil(random() * (speeds[p] as number)), now)
      })
      if (random() < 0.3) {
        world.aim(now)
        // Meanwhile more is sent and read.
        if (random() < 0.5) world.commit(0, 5, now)
        for (let n = 0; n < (most < Infinity ? 1 + random() * 3 : 1); n++) world.mark(now, most)
      }
      if (takesOver && random() < 0.05) world.takeOver()
      expect(now).toBeLessThan(first + 5 * MINUTE)
    }
    expect(world.late).toBe(0)
    const end = first + 10 * MINUTE
    world.aim(end)
    world.mark(end)
    // In the end time has come as far as if all had been read in order.
    const straight = new Timekeeper(catalogue)
    for (const a of arrivals) straight.observe(Object.assign(eventOf(a, false), { stamp: end }))
    const expected = straight.next('c')
    const found = world.keeper.next('c')
    expect({ ...found.watermarks }).toEqual({ ...expected.watermarks })
    expect(found.resource).toBe(expected.resource)
  })

  test('without it, it would', () => {
    const world = new World(['t', 't', 't', 't'])
    for (const a of arrivals) world.send(partitionOf(a), a, first)
    for (let p = 0; p < 4; p++) {
      world.commit(p, Infinity, first + p * SECOND)
      world.mark(first + p * SECOND)
      // As if all that was read were all there is.
      world.keeper.next('c', FREE)
    }
    expect(world.late).toBeGreaterThan(arrivals.length / 3)
  })
})

describe('a partition that is behind', () => {
  const at = (time: Ms, platform: string, id: number): Arrival => ({ at: time, wire: { id: String(id), time: new Date(time).toISOString(), platform, learner: 'L', action: 'logged-in' } })
  const T = Date.UTC(2026, 2, 2, 8)
  /** Platform `a` has partitions 0 and 1, `b` has 2. */
  function opened(): World {
    const world = new World(['a', 'a', 'b'])
    world.send(0, at(T, 'a', 1), T)
    world.send(1, at(T, 'a', 2), T)
    world.send(2, at(T, 'b', 3), T)
    for (let p = 0; p < 3; p++) world.commit(p, 1, T)
    world.aim(T + SECOND)
    world.mark(T + SECOND)
    return world
  }
  const watermarks = (world: World, now: Ms) => Object.fromEntries(Object.entries(world.keeper.next('c', world.sources.bounds(now, true, now)).watermarks).map(([k, v]) => [k, (v - T) / SECOND]))

  test('holds its platforms, and nobody else', () => {
    const world = opened()
    world.send(1, at(T + 30 * SECOND, 'a', 4), T + 30 * SECOND)
    for (const [p, platform] of [[0, 'a'], [2, 'b']] as const) {
      world.send(p, at(T + 300 * SECOND, platform, 5), T + 300 * SECOND)
      world.commit(p, 1, T + 300 * SECOND)
    }
    world.aim(T + 301 * SECOND)
    world.mark(T + 301 * SECOND)
    expect(watermarks(world, T + 301 * SECOND)).toEqual({ a: -60, b: 240 })
    world.commit(1, 1, T + 302 * SECOND)
    world.aim(T + 303 * SECOND)
    world.mark(T + 303 * SECOND)
    expect(watermarks(world, T + 303 * SECOND)).toEqual({ a: 240, b: 240 })
    expect(world.late).toBe(0)
  })

  test('and of which nothing comes is waited for for ten minutes', () => {
    const world = opened()
    world.send(1, at(T + 30 * SECOND, 'a', 4), T + 30 * SECOND)
    for (let t = T + MINUTE; t <= T + 12 * MINUTE; t += MINUTE) {
      world.send(0, at(t, 'a', t), t)
      world.commit(0, 1, t)
      world.aim(t + SECOND)
      world.mark(t + SECOND)
      // Since the moment at which all had been read, one second after the start.
      expect(watermarks(world, t + SECOND)).toMatchObject({ a: t < T + 10 * MINUTE ? -60 : (t - T) / SECOND - 60 })
    }
  })

  test('and has brought nothing yet holds everybody; one whose topic is gone, nobody', () => {
    const world = new World(['a', 'b'])
    world.send(0, at(T, 'a', 1), T)
    world.send(1, at(T, 'b', 2), T)
    world.commit(0, 1, T)
    world.aim(T + SECOND)
    world.mark(T + SECOND)
    expect(world.keeper.next('c', world.sources.bounds(T + SECOND, true, T)).watermarks).toMatchObject({ a: -Infinity })
    world.sources.aim(world.positions.slice(0, 1), T + 2 * SECOND)
    world.mark(T + 2 * SECOND)
    expect(watermarks(world, T + 2 * SECOND)).toEqual({ a: -60 })
  })
})
