import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { InvigilError } from '../../base/errors.ts'
import { SECOND, type Ms } from '../../base/time.ts'
import type { Setup } from '../../engine/runtime.ts'
import type { KafkaMessage, TopicMessages } from '../../io/kafka/client.ts'
import type { Flow, PartitionHandler, TopicPartition } from '../../io/kafka/member.ts'
import type { TransactionalProducer } from '../../io/kafka/producer.ts'
import type { RedisStore } from '../../io/redis-store.ts'
import type { Snapshots } from '../recovery.ts'
import { Lags, SnapshotAges } from './task-gauges.ts'
import { checkNext, type MarkReader } from './mark-feed.ts'
import type { Surroundings } from './role.ts'
import type { TaskHead, TaskPosition } from './task-head.ts'
import type { Work } from './work.ts'

/** A task with everything that it writes to. */
export interface TaskParts {
  /** `learner-3`, say. */
  name: string
  at: TopicPartition
  group: string
  version: string
  work: Work
  producer: TransactionalProducer
  store: RedisStore
  snapshots: Snapshots<TaskHead>
  /** The context that the work is under. */
  context: string
  setupOf(hash: string): Promise<Setup>
  /** Where to read on. */
  from: number
  /** O: the last mark whose outputs are out. */
  out: number
  marksFrom: number
  snapshotEvery: Ms
  mostWaiting: number
}

/** What is handled in one go before others get their turn, and what one transaction carries. */
const TURN: Ms = 100
/** What leaving may take, so that the process is gone within ten seconds. */
const LEAVE_WITHIN: Ms = 7 * SECOND

/** Runs one task: handles marks as soon as what they cover is there, commits what they give rise to, and saves the state now and then. */
export class TaskRunner implements PartitionHandler {
  readonly from: number
  private readonly parts: TaskParts
  private readonly around: Surroundings
  private readonly flow: Flow
  private readonly marks: MarkReader
  private readonly running: Promise<void>
  private readonly lags: Lags
  private readonly ages: SnapshotAges
  private wakeUp: () => void = () => undefined
  private isAwake = true
  private isStopping = false
  private isPaused = false
  /** Stopped between two slices of a change of context. */
  private isHalf = false
  private context: string
  /** The context that the group's offset names. */
  private told: string
  private out: number
  private marksFrom: number
  /** What the group's offset says: the position of the last snapshot. */
  private saved: { offset: number; mark: number; manifest: string }
  private snapshotAt: Ms
  /** Records of the partition that have not been read yet, markers included. */
  private unread = 0

  /** `openMarks` is told what to call when more marks have come. */
  static async start(parts: TaskParts, around: Surroundings, flow: Flow, manifest: string, openMarks: (wake: () => void) => Promise<MarkReader>): Promise<TaskRunner> {
    const waker = { wake: () => undefined as void }
    const marks = await openMarks(() => waker.wake())
    const runner = new TaskRunner(parts, around, flow, manifest, marks)
    waker.wake = () => runner.wake()
    return runner
  }

  private constructor(parts: TaskParts, around: Surroundings, flow: Flow, manifest: string, marks: MarkReader) {
    this.parts = parts
    this.around = around
    this.flow = flow
    this.marks = marks
    this.from = parts.from
    this.context = this.told = parts.context
    this.out = parts.out
    this.marksFrom = parts.marksFrom
    this.saved = { offset: parts.from, mark: parts.work.task.handled, manifest }
    this.lags = Lags.of(around.meter)
    this.ages = SnapshotAges.of(around.meter)
    // Staggered: all tasks of a process come at the same time, and should not save at the same time.
    this.snapshotAt = Date.now() + parts.snapshotEvery * (0.5 + ((parts.at.partition * 0.618) % 1) / 2)
    this.running = this.run()
    this.running.catch(() => undefined)
  }

  take(messages: readonly KafkaMessage[]): void {
    this.parts.work.take(messages)
    this.slowDown()
    this.wake()
  }

  progress(reached: number, end: number): void {
    this.unread = Math.max(0, end - reached)
    this.showLag()
  }

  /** Reads no more while much waits for a mark that has not come. INVARIANT (goes on): what the next mark covers is always read, however much that is. */
  private slowDown(): void {
    const { work, mostWaiting } = this.parts
    const next = this.marks.peek()
    const isEnough = work.waiting > (this.isPaused ? mostWaiting / 2 : mostWaiting) && (next === undefined || work.isReady(next.record))
    if (isEnough === this.isPaused) return
    this.isPaused = isEnough
    if (isEnough) this.flow.pause()
    else this.flow.resume()
  }

  private showLag(): void {
    this.lags.set(this.parts.name, this.unread + this.parts.work.waiting)
  }

  async close(why: 'lost' | 'leaving'): Promise<void> {
    this.isStopping = true
    this.wake()
    // A task that was given up has said why.
    await this.running.catch(() => undefined)
    try {
      if (why === 'leaving' && !this.parts.producer.dead && !this.isHalf) await this.saveLast()
    } finally {
      this.marks.close()
      this.lags.drop(this.parts.name)
      this.ages.drop(this.parts.name)
      await this.parts.store.close()
      await this.parts.producer.close()
    }
  }

  private wake(): void {
    this.isAwake = true
    this.wakeUp()
  }

  /** Until something happens, or the next snapshot is due. */
  private async sleep(): Promise<void> {
    if (this.isAwake || this.isStopping) return
    const { promise, resolve } = promiseOf()
    this.wakeUp = resolve
    const timer = setTimeout(resolve, Math.max(1, this.snapshotAt - Date.now()))
    await promise
    clearTimeout(timer)
  }

  private async run(): Promise<void> {
    try {
      while (!this.isStopping) {
        this.isAwake = false
        const hasMore = await this.handle()
        if (Date.now() >= this.snapshotAt && !this.isStopping && (await this.snapshot())) await this.parts.producer.commit([], this.position(this.out))
        if (hasMore) await turn()
        else await this.sleep()
      }
    } catch (e) {
      if (!(e instanceof InvigilError) || e.domain === 'bug') this.around.broken(e)
      else this.flow.renew(e)
    }
  }

  /** Handles what can be handled, up to a turn's length, and commits it. Returns whether there may be more. */
  private async handle(): Promise<boolean> {
    const { work } = this.parts
    const until = Date.now() + TURN
    let hasMore = false
    let last = this.out
    for (let next = this.marks.peek(); next !== undefined && work.isReady(next.record); next = this.marks.peek()) {
      const { mark } = next.record
      checkNext(work.task.handled, next.record)
      if (mark.context !== this.context && !(await this.renew(mark.context))) return false
      work.handle(next.record, mark.number <= this.out)
      this.marks.shift()
      this.marksFrom = next.offset + 1
      last = Math.max(last, mark.number)
      hasMore = Date.now() > until
      if (hasMore || this.isStopping) break
    }
    this.slowDown()
    if (last > this.out) await this.commit(work.drain(), last)
    return hasMore
  }

  /** Goes on under another context, in slices, since it may have many keys. Returns whether it was not stopped: then it is of no use any more. */
  private async renew(context: string): Promise<boolean> {
    const { work, name } = this.parts
    const begun = performance.now()
    for (const _ of work.task.renewal(await this.parts.setupOf(context))) {
      await turn()
      if (!this.isStopping) continue
      this.isHalf = true
      return false
    }
    this.context = context
    this.around.log.debug({ task: name, context, ms: Math.round(performance.now() - begun) }, 'under another context')
    return true
  }

  private async commit(messages: readonly TopicMessages[], last: number): Promise<void> {
    const { producer } = this.parts
    if (messages.some((m) => m.messages.length > 0)) {
      const begun = performance.now()
      await this.counted(() => producer.commit(messages, this.position(last)))
      this.around.meter.observe('commit_duration_seconds', (performance.now() - begun) / SECOND)
    } else if (this.told !== this.context) await producer.commit([], this.position(last))
    this.told = this.context
    this.out = last
    this.showLag()
  }

  private async counted(commit: () => Promise<unknown>): Promise<void> {
    try {
      await commit()
      this.around.meter.count('commits_total', 1, { outcome: 'committed' })
    } catch (e) {
      this.around.meter.count('commits_total', 1, { outcome: 'failed' })
      throw e
    }
  }

  private position(out: number) {
    const { group, at, version } = this.parts
    const { offset, mark, manifest } = this.saved
    const said: TaskPosition = { o: out, q: mark, m: manifest, c: this.context, v: version }
    return { consumerGroupId: group, ...at, offset, metadata: JSON.stringify(said) }
  }

  /** Returns whether there is a new one, which its offset does not tell of yet. INVARIANT (Q ≤ O): everything up to the mark of the snapshot has been committed. */
  private async snapshot(): Promise<boolean> {
    const { work, snapshots, snapshotEvery, name } = this.parts
    this.snapshotAt = Date.now() + snapshotEvery
    if (work.task.handled === this.saved.mark) return false
    const begun = performance.now()
    const head: TaskHead = { task: name, version: this.parts.version, context: this.context, mark: work.task.handled, from: work.oldest, marksFrom: this.marksFrom, state: work.task.save() }
    try {
      const { bytes, base } = await snapshots.save(work.task, head)
      this.saved = { offset: head.from, mark: head.mark, manifest: base }
      this.ages.set(name, Date.now())
      this.around.meter.observe('snapshot_bytes', bytes)
      this.around.meter.observe('snapshot_duration_seconds', (performance.now() - begun) / SECOND)
      this.around.log.debug({ task: name, mark: head.mark, bytes, ms: Math.round(performance.now() - begun) }, 'snapshot saved')
      return true
    } catch (e) {
      // One that was taken over may have nothing to commit, and would never be saved again: it is begun anew, if it is still ours.
      if (!(e instanceof InvigilError) || e.domain === 'bug' || e.code === 'taken') throw e
      // The work goes on: without a snapshot recovery only takes longer.
      this.around.log.warn({ task: name, error: e.message }, 'a snapshot could not be saved; the next one will hold everything')
      this.snapshotAt = Date.now() + Math.min(snapshotEvery, 5 * SECOND)
      return false
    }
  }

  private async saveLast(): Promise<void> {
    const { log } = this.around
    const abort = new AbortController()
    const save = async (): Promise<void> => {
      await this.snapshot()
      await this.parts.producer.commit([], this.position(this.out))
    }
    const late = sleep(LEAVE_WITHIN, true, { signal: abort.signal }).catch(() => false)
    try {
      // Whatever the rest of it comes to, the next owner reads what it needs.
      const saved = save()
      saved.catch(() => undefined)
      const isLate = await Promise.race([saved.then(() => false), late])
      if (isLate) log.warn({ task: this.parts.name }, 'the last snapshot takes too long to wait for; the next owner reads a little more')
    } catch (e) {
      if (!(e instanceof InvigilError) || e.domain === 'bug') throw e
      log.warn({ task: this.parts.name, error: e.message }, 'the last snapshot could not be told of; the next owner reads a little more')
    } finally {
      abort.abort()
    }
  }
}

function promiseOf(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
}
