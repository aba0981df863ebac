import { InvigilError } from '../../base/errors.ts'
import type { Ms } from '../../base/time.ts'
import type { Setup } from '../../engine/runtime.ts'
import { Member, type Flow, type TopicPartition } from '../../io/kafka/member.ts'
import { committedOffset, logRanges, type Committed, type LogRange } from '../../io/kafka/offsets.ts'
import { TransactionalProducer } from '../../io/kafka/producer.ts'
import { RedisStore, type RedisStoreOptions } from '../../io/redis-store.ts'
import type { Event } from '../../telemetry/event.ts'
import { Snapshots, type Manifest } from '../recovery.ts'
import type { Contexts } from './contexts.ts'
import type { LearnersFirst } from './learners-first.ts'
import { LearnerWork } from './learner-work.ts'
import type { MarkFeed } from './mark-feed.ts'
import { ResourceWork } from './resource-work.ts'
import { LEAST_TELEMETRY, type Role, type Surroundings } from './role.ts'
import { readTaskPosition, type TaskHead } from './task-head.ts'
import { TaskRunner } from './task-runner.ts'
import { Troubles } from './troubles.ts'
import type { Work } from './work.ts'

const MOST_WAITING = 300_000

export type Stage = 'learner' | 'resource'

export interface StageOptions {
  redis: RedisStoreOptions
  contexts: Pick<Contexts, 'current' | 'setupOf'>
  marks: MarkFeed
  /** One for both stages of a process. */
  order: LearnersFirst
  locate: (event: Event) => void
  version: string
  snapshotEvery: Ms
  /** Take over from another version of the code that was not stopped in good order. */
  acceptVersion?: boolean
  /** Records of a task that may wait for their mark before no more are read. */
  mostWaiting?: number
}

/** Joins a stage: this process gets tasks of it, as the group has it. */
export async function openStage(around: Surroundings, stage: Stage, options: StageOptions): Promise<Role> {
  const opener = new TaskOpener(around, stage, options)
  const troubled = new Troubles(around.readiness, stage)
  const member = await Member.join(around.client, {
    group: opener.group,
    topics: [opener.topic],
    least: stage === 'learner' ? LEAST_TELEMETRY : undefined,
    broken: around.broken,
    open: (at, flow) => opener.inOrder(at, flow),
    trouble: (at, why) => {
      if (why) around.log.warn({ task: `${stage}-${at.partition}`, error: why.message }, 'a task cannot be run at present; it is tried again')
      troubled.tell(at, why)
    },
  })
  troubled.joined()
  return {
    leave: () => {
      options.order.leave()
      return member.leave()
    },
  }
}

/** Opens tasks: takes over from the owner before, and goes on from its last snapshot. */
class TaskOpener {
  readonly group: string
  readonly topic: string
  private readonly around: Surroundings
  private readonly stage: Stage
  private readonly options: StageOptions

  constructor(around: Surroundings, stage: Stage, options: StageOptions) {
    this.around = around
    this.stage = stage
    this.options = options
    this.group = `${around.group}-${stage}`
    this.topic = around.client.topic(stage === 'learner' ? 'telemetry' : 'sightings')
  }

  /** Opens a task when its turn has come. */
  async inOrder(at: TopicPartition, flow: Flow): Promise<TaskRunner> {
    const { order } = this.options
    if (this.stage === 'learner') return order.learner(this.open(at, flow))
    await order.resource()
    return this.open(at, flow)
  }

  private async open(at: TopicPartition, flow: Flow): Promise<TaskRunner> {
    const { client } = this.around
    const name = `${this.stage}-${at.partition}`
    // INVARIANT (one owner): the old owner is fenced before its last word is read, and loses its state after that.
    const producer = await TransactionalProducer.open(client, `${this.around.group}-${name}`)
    let store: RedisStore | undefined
    try {
      await producer.fence()
      const [committed, range] = await client.withAdmin(async (admin) => [
        await committedOffset(admin, this.group, at.topic, at.partition), (await logRanges(admin, at.topic))[at.partition] as LogRange,
      ] as const)
      store = await RedisStore.open(this.options.redis, `${this.around.group}/${name}`)
      return await this.begin({ name, at, flow, producer, store, committed, range })
    } catch (e) {
      await store?.close()
      await producer.close()
      throw e
    }
  }

  private async begin(of: { name: string; at: TopicPartition; flow: Flow; producer: TransactionalProducer; store: RedisStore; committed: Committed | undefined; range: LogRange }): Promise<TaskRunner> {
    const { name, at, flow, producer, store, committed, range } = of
    const { options, around } = this
    const { contexts, marks, version, snapshotEvery, mostWaiting = MOST_WAITING } = options
    const begun = performance.now()
    const said = committed === undefined ? undefined : readTaskPosition(committed.metadata)
    const snapshots = new Snapshots<TaskHead>(store)
    const head = await snapshots.manifest()
    // Marks that gave rise to nothing are not told of: a snapshot may be further than the last word.
    const out = Math.max(said?.o ?? 0, head?.mark ?? 0)
    this.checkVersion(name, head, said?.v, out)
    checkReach(name, head, range, out)
    const context = head?.context ?? contexts.current()
    if (context === undefined) throw new InvigilError('io', 'no context is in force yet')
    const from = head?.from ?? range.start
    const work = this.work(await contexts.setupOf(context), at.partition, from)
    if (head) {
      work.task.load(head.state)
      await snapshots.load(work.task, head)
    }
    around.log.info({ task: name, snapshot: head?.mark ?? 0, out, from, ms: Math.round(performance.now() - begun) }, head ? 'a task goes on from a snapshot' : 'a task begins without a snapshot')
    return TaskRunner.start(
      { name, at, group: this.group, version, work, producer, store, snapshots, context, setupOf: (hash) => contexts.setupOf(hash), from, out, marksFrom: head?.marksFrom ?? 0, snapshotEvery, mostWaiting },
      around, flow, head?.base ?? '', (wake) => marks.read(work.task.handled, head?.marksFrom, wake),
    )
  }

  private work(setup: Setup, partition: number, from: number): Work {
    const { client, meter } = this.around
    if (this.stage === 'learner') return new LearnerWork({ client, meter, setup, partition, from, locate: this.options.locate })
    return new ResourceWork({ client, meter, setup, from })
  }

  /** INVARIANT (repeatable): what is handled again, whose outputs are dropped, must come out the same; another version may do otherwise. */
  private checkVersion(name: string, head: TaskHead | undefined, said: string | undefined, out: number): void {
    const before = said ?? head?.version
    if (before === undefined || before === this.options.version || out <= (head?.mark ?? 0) || this.options.acceptVersion) return
    throw new InvigilError('bad-state', `\`${name}\` was not stopped in good order by version ${before}: its outputs are out up to mark ${out}, its snapshot is of mark ${head?.mark ?? 0}; stop that version by SIGTERM first, or take over with \`--accept-version\``)
  }
}

/** Says where the log no longer reaches back far enough, since kafkajs would begin somewhere else without a word. */
function checkReach(name: string, head: Manifest<TaskHead> | undefined, range: LogRange, out: number): void {
  if (head !== undefined && head.from < range.start) {
    throw new InvigilError('bad-state', `\`${name}\` must read on from offset ${head.from}, but the log begins at ${range.start}: its retention is too short; begin anew with topics of another prefix`)
  }
  if (head !== undefined && head.from > range.end) {
    throw new InvigilError('bad-state', `\`${name}\` must read on from offset ${head.from}, but the log ends at ${range.end}: it was made anew; use another \`group\`, or topics of another \`prefix\``)
  }
  if (head === undefined && out > 0 && range.start > 0) {
    throw new InvigilError('bad-state', `the state of \`${name}\` is lost, and the log no longer reaches back to its beginning (it begins at offset ${range.start}); begin anew with topics of another prefix`)
  }
}
