import { InvigilError } from '../../base/errors.ts'
import { HOUR, MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Catalogue } from '../../catalogue/index.ts'
import { packMark, recordOf, unpackMark, type MarkRecord } from '../../engine/mark-record.ts'
import { Sources, type Bounds } from '../../engine/sources.ts'
import { PATIENCE, Timekeeper, type Mark } from '../../engine/timekeeper.ts'
import type { Admin, KafkaMessage } from '../../io/kafka/client.ts'
import { kafkaError } from '../../io/kafka/errors.ts'
import { lastRecord } from '../../io/kafka/last-record.ts'
import { Member, type Flow, type PartitionHandler } from '../../io/kafka/member.ts'
import { logRanges, openEnds, type LogRange } from '../../io/kafka/offsets.ts'
import { oldestStamp } from '../../io/kafka/oldest-stamp.ts'
import { TransactionalProducer } from '../../io/kafka/producer.ts'
import { EvenReading } from './even-reading.ts'
import { LightReader } from './light-reader.ts'
import { LEAST_TELEMETRY, type Role, type Surroundings } from './role.ts'
import { sourcePositions } from './source-positions.ts'
import { Troubles } from './troubles.ts'

export interface TimekeeperOptions {
  /** Says how late a platform's events may come. */
  catalogue: Catalogue
  contexts: { current(): string | undefined }
  /** The platforms' topics, whose records are waited for that the intake has not read. */
  sources: readonly string[]
  /** Wall-clock time between marks. */
  markEvery?: Ms
  /** After so long without an event one mark sets each watermark to its line. */
  idleAfter?: Ms
}

const MARK_EVERY: Ms = 250
/** A partition of which nothing comes though there is something, as where a transaction hangs, is waited for so long. */
const WAIT_FOR_PARTITION: Ms = 10 * SECOND
/** Records that are enough for a mark: a stage handles a mark in one piece. */
const PIECE = 100_000
/** A goal is mostly reached at once. */
const SOON: Ms = 15
/** Records of all partitions together that are kept at hand; a partition with more than its share pauses. */
const MOST_WAITING = 400_000
const CONDITION = 'time'

/** Stands for election: of all processes of the group, the one that has the partition of the marks keeps the time. */
export async function openTimekeeper(around: Surroundings, options: TimekeeperOptions): Promise<Role> {
  const group = `${around.group}-time`
  const troubled = new Troubles(around.readiness, CONDITION)
  const member = await Member.join(around.client, {
    group,
    topics: [around.client.topic('marks')],
    broken: around.broken,
    open: (_, flow) => TimekeeperTask.open(around, group, options, flow),
    trouble: (at, why) => {
      if (why) around.log.warn({ error: why.message }, 'time cannot be kept at present; it is tried again')
      troubled.tell(at, why)
    },
  })
  troubled.joined()
  return { leave: () => member.leave() }
}

/** Reads all of the telemetry, and writes marks. INVARIANT (one time): only the owner of the transactional id can, and it goes on from the last mark. */
class TimekeeperTask implements PartitionHandler {
  // Of the marks, nothing is read here but the last one.
  readonly from = 0
  private readonly around: Surroundings
  private readonly options: TimekeeperOptions
  private readonly flow: Flow
  private readonly producer: TransactionalProducer
  private readonly keeper: Timekeeper
  private readonly sources: Sources
  private readonly reading = new EvenReading<KafkaMessage>(WAIT_FOR_PARTITION, PIECE)
  private readonly reader: LightReader
  private readonly offsets: number[]
  private readonly flows: Flow[] = []
  private readonly paused = new Set<number>()
  private readonly admin: Admin
  private telemetry: Member | undefined
  private timer: NodeJS.Timeout | undefined
  private reachTimer: NodeJS.Timeout | undefined
  private telling: Promise<void> = Promise.resolve()
  private working: Promise<void> = Promise.resolve()
  private isClosed = false
  private hasNews = false
  private hasGoal = false
  private isIdle = false
  private newsAt = Date.now()
  private context: string | undefined

  static async open(around: Surroundings, group: string, options: TimekeeperOptions, flow: Flow): Promise<TimekeeperTask> {
    const { client } = around
    const producer = await TransactionalProducer.open(client, `${group}-0`)
    let task: TimekeeperTask | undefined
    try {
      // INVARIANT (one owner): what the old owner had begun is settled before the last mark is read.
      await producer.fence()
      const marks = client.topic('marks')
      const [ofMarks, ranges] = await client.withAdmin(async (admin) => [await logRanges(admin, marks), await logRanges(admin, client.topic('telemetry'))] as const)
      const last = await lastRecord(client, around.group, marks, 0, ofMarks[0] as LogRange)
      const record = last?.value ? unpackMark(last.value) : undefined
      task = new TimekeeperTask(around, options, flow, producer, record, ranges.map((r) => r.start))
      await task.begin()
      return task
    } catch (e) {
      await (task ?? producer).close()
      throw kafkaError(e, { group })
    }
  }

  private constructor(around: Surroundings, options: TimekeeperOptions, flow: Flow, producer: TransactionalProducer, last: MarkRecord | undefined, starts: readonly number[]) {
    this.around = around
    this.options = options
    this.flow = flow
    this.producer = producer
    this.admin = around.client.admin()
    this.keeper = new Timekeeper(options.catalogue)
    if (last) this.keeper.load(last.timekeeper)
    this.sources = new Sources(last?.sources)
    this.context = last?.mark.context
    this.offsets = starts.map((start, p) => Math.max(start, last?.offsets[p] ?? start))
    starts.forEach((start, p) => {
      const from = last?.offsets[p]
      if (from !== undefined && from < start) around.log.error({ partition: p, from, start }, 'records of the telemetry were deleted before time was told by them; its retention is too short')
    })
    this.reader = new LightReader(this.keeper, this.sources)
    // Whoever takes over after a pause knows only that nothing is new yet.
    this.isIdle = last === undefined
    flow.pause()
  }

  private async begin(): Promise<void> {
    const { around } = this
    await this.admin.connect()
    this.offsets.forEach((from, p) => this.reading.begin(p, from))
    this.telemetry = await Member.alone(around.client, around.group, {
      topics: [around.client.topic('telemetry')],
      least: LEAST_TELEMETRY,
      broken: around.broken,
      open: ({ partition }, flow) => {
        this.flows[partition] = flow
        return Promise.resolve({
          from: this.offsets[partition] ?? 0,
          take: (messages) => this.queue(partition, messages),
          progress: (reached) => this.reading.progress(partition, reached),
          close: () => Promise.resolve(),
        })
      },
    })
    this.reachTimer = setInterval(() => void this.tellReach(), HOUR)
    void this.tellReach()
    around.log.info({ mark: this.keeper.mark, offsets: this.offsets }, 'this process keeps the time')
    this.schedule()
  }

  take(): void {
    // The marks themselves.
  }

  async close(): Promise<void> {
    this.isClosed = true
    clearTimeout(this.timer)
    clearInterval(this.reachTimer)
    await Promise.all([this.working, this.telling])
    await this.telemetry?.leave()
    await this.admin.disconnect()
    await this.producer.close()
    this.around.meter.showAll('watermark_age_seconds', [])
    this.around.meter.showAll('platform_left_out', [])
    this.around.meter.show('replay_reach_seconds', Infinity)
  }

  private queue(partition: number, messages: readonly KafkaMessage[]): void {
    this.reading.add(partition, messages)
    if (this.reading.waiting(partition) > MOST_WAITING / this.offsets.length && !this.paused.has(partition)) {
      this.paused.add(partition)
      this.flows[partition]?.pause()
    }
  }

  /** Tells how far back a replay can reach. */
  private tellReach(): Promise<void> {
    const { client, group, meter, log } = this.around
    const topic = client.topic('telemetry')
    const tell = async (): Promise<void> => {
      const oldest = await oldestStamp(client, group, topic, await client.withAdmin((admin) => logRanges(admin, topic)))
      meter.show('replay_reach_seconds', oldest ?? Infinity)
    }
    return (this.telling = tell().catch((e: unknown) => log.warn({ error: kafkaError(e, { topic }).message }, 'how far back the telemetry reaches could not be found out')))
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.working = this.tick().catch((e: unknown) => {
        if (!(e instanceof InvigilError) || e.domain === 'bug') this.around.broken(e)
        else this.flow.renew(e)
        this.isClosed = true
      })
      void this.working.then(() => {
        if (!this.isClosed) this.schedule()
      })
    }, this.hasGoal ? SOON : (this.options.markEvery ?? MARK_EVERY))
  }

  private async tick(): Promise<void> {
    const context = this.options.contexts.current()
    if (context === undefined) return
    const now = Date.now()
    if (!this.hasGoal) {
      this.sources.aim(await sourcePositions(this.admin, this.around, this.options.sources), now)
      // INVARIANT (fair): a mark covers all partitions as they were at one moment, with what transactions had written that were still open then.
      this.reading.aim(await openEnds(this.admin, this.around.client.topic('telemetry')), now)
      this.hasGoal = true
    }
    const reached = this.reading.drain(now, (partition, records) => {
      this.reader.read(records, now)
      this.offsets[partition] = Number((records.at(-1) as KafkaMessage).offset) + 1
      this.hasNews = true
    })
    for (const p of this.paused) {
      if (this.reading.waiting(p) > MOST_WAITING / 2 / this.offsets.length) continue
      this.paused.delete(p)
      this.flows[p]?.resume()
    }
    if (reached === 'nothing') return
    this.hasGoal = reached === 'piece'
    await this.mark(context, this.sources.bounds(now, reached === 'goals', this.reading.stamp), now)
  }

  private async mark(context: string, bounds: Bounds, now: Ms): Promise<void> {
    if (this.hasNews || this.keeper.isAhead(bounds) || (context !== this.context && this.context !== undefined)) {
      this.hasNews = false
      this.isIdle = false
      this.newsAt = now
      await this.write(this.keeper.next(context, bounds))
    } else if (!this.isIdle && now - this.newsAt >= (this.options.idleAfter ?? MINUTE)) {
      this.isIdle = true
      await this.write(this.keeper.idle(context, bounds))
    }
  }

  private async write(mark: Mark): Promise<void> {
    const value = Buffer.from(packMark(recordOf(this.keeper, mark, this.offsets, this.sources)))
    const marks = this.around.client.topic('marks')
    await this.producer.write([{ topic: marks, messages: [{ key: null, value }] }])
    this.context = mark.context
    const { meter } = this.around
    meter.showAll('watermark_age_seconds', Object.entries(mark.watermarks))
    // One that is as far as the furthest line less the patience is not waited for.
    meter.showAll('platform_left_out', Object.entries(mark.watermarks).map(([p, w]) => [p, w <= this.keeper.furthestLine - PATIENCE ? 1 : 0]))
  }
}
