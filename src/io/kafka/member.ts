import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { InvigilError } from '../../base/errors.ts'
import { SECOND, type Ms } from '../../base/time.ts'
import { roundRobin, type Consumer, type EachBatchPayload, type KafkaClient } from './client.ts'
import { kafkaError } from './errors.ts'
import type { Joined } from './group-generation.ts'
import { stickyAssigner, type Claim } from './sticky-assigner.ts'
import { Slot, type PartitionHandler, type TopicPartition } from './slot.ts'

export type { PartitionHandler, TopicPartition } from './slot.ts'

/** What a handler may ask for. */
export interface Flow {
  /** No records until `resume`. Those of a batch under way still come. */
  pause(): void
  resume(): void
  /** This handler cannot go on: it is closed as `lost` and another is opened, if the partition is still ours. */
  renew(why: InvigilError): void
}

export interface MemberOptions {
  /** The group's whole name. */
  group: string
  topics: readonly string[]
  /** Opens a handler for a partition that has come to this process. It is tried again when it fails. */
  open(at: TopicPartition, flow: Flow): Promise<PartitionHandler>
  /** Bytes of one partition that one request asks for. */
  bytes?: number
  /** A broker answers once there is so much, or after a tenth of a second: where little comes all the time, fewer requests. Without it, at once. */
  least?: number
  /** Is told why a partition cannot be opened at present, and of partitions that are open again or no longer ours. */
  trouble?(at: TopicPartition, why: InvigilError | undefined): void
  /** A bug: this process cannot go on. */
  broken(error: unknown): void
}

// The least that a broker allows by default. Turns of the event loop must stay well below it.
const SESSION: Ms = 6 * SECOND
const HEARTBEAT: Ms = SECOND
const REBALANCE: Ms = 15 * SECOND
const WAIT: Ms = 200
const WAIT_FOR_LEAST: Ms = 100
const BYTES = 4 << 20
const SILENT: Ms = 60 * SECOND
const RESTART_RETRY: Ms = 250

/**
 * A member of a consumer group. kafkajs says which partitions it has, but calls nobody for an empty one, reads retained ones again
 * from the committed offset after every rebalance, forgets what was paused when it restarts, and may stop without a word:
 * here each partition has a handler from when it comes until it goes, whatever happens in between.
 */
export class Member {
  private readonly client: KafkaClient
  private readonly options: MemberOptions
  private readonly slots = new Map<string, Slot>()
  private consumer: Consumer | undefined
  private alive = Date.now()
  // Of the group, when it last told what is ours.
  private generation = -1
  private leaving = false
  private joined = false
  private readonly watch: NodeJS.Timeout

  private constructor(client: KafkaClient, options: MemberOptions) {
    this.client = client
    this.options = options
    this.watch = setInterval(() => void this.lookAfter(), SECOND)
  }

  /** Joins the group; returns once the first partitions are known, which may be none. Throws where the broker refuses us. */
  static async join(client: KafkaClient, options: MemberOptions): Promise<Member> {
    const member = new Member(client, options)
    try {
      await member.begin()
    } catch (e) {
      clearInterval(member.watch)
      await member.consumer?.disconnect()
      throw kafkaError(e, { group: options.group, topic: options.topics[0] })
    }
    return member
  }

  /** A reader of all partitions of a topic that shares them with nobody: a group of its own. Delete it with `leave`. */
  static async alone(client: KafkaClient, group: string, options: Omit<MemberOptions, 'group'>): Promise<Member> {
    return Member.join(client, { ...options, group: `${group}-reader-${randomUUID()}` })
  }

  /** Partitions that this process has at present. */
  partitions(): TopicPartition[] {
    return [...this.slots.values()].map((s) => s.at)
  }

  /** Closes every handler in good order and leaves the group. */
  async leave(): Promise<void> {
    this.leaving = true
    clearInterval(this.watch)
    // The consumer still beats meanwhile, so that nobody else takes over what is being finished.
    const slots = [...this.slots.values()]
    for (const slot of slots) this.halt(slot)
    await Promise.all(slots.map((s) => s.close('leaving')))
    this.slots.clear()
    await this.consumer?.disconnect()
    if (!this.options.group.includes('-reader-')) return
    await this.client.withAdmin((admin) => admin.deleteGroups([this.options.group])).catch((e: unknown) => {
      // The broker forgets a group without offsets by itself.
      this.client.log.debug({ group: this.options.group, error: kafkaError(e).message }, 'a group of one reader was not deleted')
    })
  }

  private async begin(): Promise<void> {
    const { group, topics, bytes = BYTES, least } = this.options
    const consumer = this.client.consumer({
      groupId: group, sessionTimeout: SESSION, heartbeatInterval: HEARTBEAT, rebalanceTimeout: REBALANCE, maxWaitTimeInMs: least === undefined ? WAIT : WAIT_FOR_LEAST, minBytes: least ?? 1,
      maxBytesPerPartition: bytes, maxBytes: 4 * bytes,
      // As long as a process of before is in the group, it is shared out in the way that both know.
      partitionAssigners: [stickyAssigner(() => this.claim()), roundRobin],
    })
    this.consumer = consumer
    const { events } = consumer
    const joined = new Promise<void>((done, fail) => {
      consumer.on(events.GROUP_JOIN, ({ payload }) => {
        if (this.consumer === consumer) {
          this.generation = (payload as typeof payload & Joined).generationId
          this.assigned(payload.memberAssignment)
        }
        done()
      })
      consumer.on(events.CRASH, ({ payload }) => {
        if (payload.restart) return
        fail(payload.error)
        if (this.joined) this.alive = -Infinity
      })
    })
    joined.catch(() => undefined)
    consumer.on(events.FETCH, () => (this.alive = Date.now()))
    consumer.on(events.END_BATCH_PROCESS, ({ payload }) => {
      if (this.consumer === consumer) this.slots.get(keyOf(payload))?.progress(Number(payload.lastOffset) + 1, Number(payload.highWatermark))
    })
    consumer.on(events.HEARTBEAT, () => this.retry())
    this.alive = Date.now()
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    await consumer.run({ autoCommit: false, eachBatch: (payload) => this.batch(payload) })
    await joined
    this.joined = true
  }

  /** What this process wants to keep: not what it cannot open, which another may be able to. */
  private claim(): Claim {
    const held = new Map<string, number[]>()
    for (const { at: { topic, partition }, state } of this.slots.values()) {
      if (state !== 'waiting' && !this.leaving) held.set(topic, [...(held.get(topic) ?? []), partition])
    }
    return { process: `${hostname()}/${process.pid}`, generation: this.generation, held }
  }

  /** kafkajs may stop without a word: then it is begun anew. */
  private async lookAfter(): Promise<void> {
    if (!this.joined || Date.now() - this.alive < SILENT) return
    this.joined = false
    this.client.log.warn({ group: this.options.group }, 'the consumer has stopped; it is begun anew')
    const old = this.consumer
    try {
      await old?.disconnect()
      await this.begin()
    } catch (e) {
      this.client.log.warn({ group: this.options.group, error: kafkaError(e).message }, 'the consumer could not be begun anew')
      this.joined = true
      this.alive = Date.now() - SILENT + RESTART_RETRY
    }
  }

  private assigned(assignment: Readonly<Record<string, readonly number[]>>): void {
    const mine = new Map(Object.entries(assignment).flatMap(([topic, partitions]) => partitions.map((partition) => [keyOf({ topic, partition }), { topic, partition }])))
    for (const [key, slot] of this.slots) {
      if (mine.has(key)) continue
      this.slots.delete(key)
      // What was wrong with it is another's trouble now.
      if (slot.troubled) this.options.trouble?.(slot.at, undefined)
      void slot.close('lost')
    }
    for (const [key, at] of mine) {
      const slot = this.slots.get(key)
      // A new consumer has forgotten what was paused, and has gone back to what was committed.
      if (slot?.handler) this.direct(slot)
      else {
        this.halt({ at })
        if (slot === undefined && !this.leaving) this.open(at)
      }
    }
  }

  private open(at: TopicPartition): void {
    const slot = new Slot(at, (e) => this.options.broken(e))
    this.slots.set(keyOf(at), slot)
    this.begun(slot)
  }

  private begun(slot: Slot): void {
    slot.state = 'opening'
    slot.opening = this.tryOpen(slot).catch((e: unknown) => this.options.broken(e))
  }

  private async tryOpen(slot: Slot): Promise<void> {
    const flow: Flow = {
      pause: () => {
        slot.paused = true
        if (slot.handler) this.halt(slot)
      },
      resume: () => {
        slot.paused = false
        if (slot.handler && this.isCurrent(slot)) this.tell((consumer) => consumer.resume([{ topic: slot.at.topic, partitions: [slot.at.partition] }]))
      },
      renew: (why) => this.renew(slot, why),
    }
    try {
      const handler = await this.options.open(slot.at, flow)
      if (slot.closed) return await handler.close('lost')
      slot.opened(handler)
      this.options.trouble?.(slot.at, undefined)
      this.direct(slot)
    } catch (e) {
      if (!(e instanceof InvigilError) || e.domain === 'bug') throw e
      this.failed(slot, e)
    }
  }

  /** A partition is opened again only once the group has said that it is still ours: else two processes would fence each other in turn. */
  private failed(slot: Slot, why: InvigilError): void {
    slot.failed(Date.now())
    if (!slot.closed) this.options.trouble?.(slot.at, why)
  }

  private renew(slot: Slot, why: InvigilError): void {
    if (slot.handler === undefined) return
    const { handler } = slot
    slot.handler = undefined
    slot.paused = false
    this.halt(slot)
    this.failed(slot, why)
    void handler.close('lost').catch((e: unknown) => this.options.broken(e))
  }

  private retry(): void {
    this.alive = Date.now()
    for (const slot of this.slots.values()) if (!this.leaving && slot.isDue(Date.now())) this.begun(slot)
  }

  private isCurrent(slot: Slot): boolean {
    return this.slots.get(keyOf(slot.at)) === slot
  }

  private halt({ at: { topic, partition } }: { at: TopicPartition }): void {
    this.tell((consumer) => consumer.pause([{ topic, partitions: [partition] }]))
  }

  /** While kafkajs restarts a consumer, it can be told nothing; once it has joined again, each partition is directed anew. */
  private tell(what: (consumer: Consumer) => void): void {
    if (this.consumer === undefined) return
    try {
      what(this.consumer)
    } catch (e) {
      if (!(e instanceof Error && e.name === 'KafkaJSNonRetriableError' && e.message.includes('not initialized'))) throw e
    }
  }

  /** Tells the consumer where to read and whether to. */
  private direct(slot: Slot): void {
    const { topic, partition } = slot.at
    if (!this.isCurrent(slot)) return
    this.tell((consumer) => consumer.seek({ topic, partition, offset: String(slot.position) }))
    if (slot.paused || this.leaving) this.halt(slot)
    else this.tell((consumer) => consumer.resume([{ topic, partitions: [partition] }]))
  }

  private async batch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch
    const slot = this.slots.get(keyOf({ topic, partition }))
    if (slot?.handler) {
      try {
        slot.take(messages)
      } catch (e) {
        this.options.broken(e)
      }
    }
    await payload.heartbeat()
    // Other work gets its turn, too.
    await sleep(0)
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
