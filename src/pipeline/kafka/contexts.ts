import type { Logger } from 'pino'
import { z } from 'zod'
import { InvigilError } from '../../base/errors.ts'
import { SECOND, type Ms } from '../../base/time.ts'
import type { Setup } from '../../engine/runtime.ts'
import type { KafkaClient, KafkaMessage } from '../../io/kafka/client.ts'
import { kafkaError } from '../../io/kafka/errors.ts'
import { Member } from '../../io/kafka/member.ts'
import { logRanges } from '../../io/kafka/offsets.ts'
import type { Fault } from '../../rules/faults.ts'
import { readContextRecord, setupOf, type ContextRecord } from '../context-record.ts'
import type { OpenContext } from '../context.ts'
import { findCatalogue } from '../find-catalogue.ts'
import { findModels, SHIPPED_MODELS } from '../models.ts'
import { CURRENT, GROUP, publishContext, publishGroup } from './publish-context.ts'

export { publishContext } from './publish-context.ts'

export interface ContextsOptions {
  /** As `config.group` says it; the reader gets a group of its own. */
  group: string
  /** The local one: published where the topic has none yet, and its catalogue is at hand. */
  context: OpenContext
  /** Where other catalogues and models lie by their hash (`config.context`). */
  folder?: string
  /** Where models lie by their names. */
  models?: string
  log: Logger
  /** Publishes nothing, also where the topic has no context yet. */
  onlyReads?: boolean
  /** Is told of each condition of a rule that could not be evaluated. */
  faulty?(this: void, fault: Readonly<Fault>): void
  /** Is told of a bug: the process cannot go on. */
  broken?(this: void, e: unknown): void
  /** How long to wait for what must be in the topic. */
  within?: Ms
}

const WITHIN = 60 * SECOND
/** So many setups are kept ready: the one in force, and those that a task goes through while it catches up. */
const KEPT = 4

const groupSchema = z.looseObject({ format: z.literal(1), group: z.string() })
const currentSchema = z.looseObject({ format: z.literal(1), hash: z.string().min(1) })

interface Waiting {
  isDone: () => boolean
  done: () => void
  failed: (e: InvigilError) => void
}

/** The contexts in Kafka, followed as they are published. */
export class Contexts {
  private readonly client: KafkaClient
  private readonly options: ContextsOptions
  private readonly topic: string
  private member: Member | undefined
  /** Records as they were written, by hash: they are read when one is wanted. */
  private readonly records = new Map<string, string>()
  private readonly setups = new Map<string, Promise<Setup>>()
  private readonly listeners = new Set<(hash: string) => void>()
  private readonly waiting = new Set<Waiting>()
  private inForce: string | undefined
  private group: string | undefined
  /** Why the last word on what is in force could not be read, if it could not. */
  private unread: InvigilError | undefined
  private failure: InvigilError | undefined
  /** Offset of the last record read. */
  private seen = -1

  private constructor(client: KafkaClient, options: ContextsOptions) {
    this.client = client
    this.options = options
    this.topic = client.topic('contexts')
  }

  /**
   * Reads the topic to its end and follows it from there. Where it holds no current context, the local one is published; of
   * processes that start at once, the last one to publish has its way, and the others are told as of any change.
   */
  static async open(client: KafkaClient, options: ContextsOptions): Promise<Contexts> {
    const contexts = new Contexts(client, options)
    try {
      await contexts.start()
    } catch (e) {
      await contexts.close()
      throw kafkaError(e, { topic: contexts.topic })
    }
    return contexts
  }

  private async start(): Promise<void> {
    const end = await this.end()
    this.member = await Member.alone(this.client, this.options.group, {
      topics: [this.topic],
      open: () => Promise.resolve({ from: this.seen + 1, take: (messages) => messages.forEach((m) => this.take(m)), close: () => Promise.resolve() }),
      broken: (e) => this.broken(e),
    })
    await this.readTo(end)
    if (this.unread) throw this.unread
    await this.claim()
    if (this.inForce === undefined && !this.options.onlyReads) {
      await publishContext(this.client, this.options.context)
      await this.readTo(await this.end())
    }
    if (this.unread) throw this.unread
  }

  /** INVARIANT (one group): two groups on the same topics would both write marks, and no task could tell whose. */
  private async claim(): Promise<void> {
    const { group, onlyReads } = this.options
    if (onlyReads) return
    if (this.group === undefined) {
      await publishGroup(this.client, group)
      await this.readTo(await this.end())
    }
    if (this.group !== group) throw new InvigilError('usage', `the topics of the prefix \`${this.client.config.prefix}\` belong to the group \`${this.group ?? ''}\`, not \`${group}\`; use that \`group\`, or a \`prefix\` of its own`)
  }

  /** The hash of the context in force, as far as the topic has been read. */
  current(): string | undefined {
    return this.inForce
  }

  /** Calls `listener` with the hash of each context that comes into force from now on; returns how to stop it. */
  onCurrent(listener: (hash: string) => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** The hashes of what a context is made of. */
  async partsOf(hash: string): Promise<ContextRecord['parts']> {
    return hash === this.options.context.hash ? this.options.context.parts : (await this.recordOf(hash)).parts
  }

  /**
   * What a task needs to work under a context, which is in the topic before any mark names it. Throws where its catalogue or a model is not
   * at hand (and says which, and where to put it), where this version makes other rules of it, or where it does not come.
   */
  setupOf(hash: string): Promise<Setup> {
    const found = this.setups.get(hash) ?? this.open(hash)
    this.setups.delete(hash)
    this.setups.set(hash, found)
    for (const oldest of this.setups.keys()) if (this.setups.size > KEPT) this.setups.delete(oldest)
    return found.catch((e: unknown) => {
      // Somebody may put the catalogue there, and ask again.
      if (this.setups.get(hash) === found) this.setups.delete(hash)
      throw e
    })
  }

  /** Follows the topic no more, and leaves nothing of the reader in Kafka. */
  async close(): Promise<void> {
    this.fail(new InvigilError('io', 'the contexts are closed'))
    await this.member?.leave()
  }

  private async open(hash: string): Promise<Setup> {
    const { context, folder, models = SHIPPED_MODELS } = this.options
    if (hash === context.hash) {
      context.bundle.faults.told = (fault) => this.tell(fault)
      return { rules: context.bundle.rules, catalogue: context.catalogue, models: context.models, context: hash, live: context.live }
    }
    const record = await this.recordOf(hash)
    const { setup, bundle } = await setupOf(record, await findCatalogue(record, context, folder), await findModels(record, models, folder))
    bundle.faults.told = (fault) => this.tell(fault)
    return setup
  }

  private tell(fault: Readonly<Fault>): void {
    const { rule, part, message, count } = fault
    if (count === 1) this.options.log.error({ rule, part, error: message }, 'a condition of a rule cannot be evaluated, and counts as not met; mend the rule and publish it')
    this.options.faulty?.(fault)
  }

  /** A context as it was published. */
  async recordOf(hash: string): Promise<ContextRecord> {
    await this.until(() => this.records.has(hash), () => new InvigilError('not-found', `the topic \`${this.topic}\` has no context \`${hash}\`; if it was made anew, publish the rules with \`invigil rules publish\``))
    return readContextRecord(this.records.get(hash) as string)
  }

  private take({ offset, key, value }: KafkaMessage): void {
    const name = String(key)
    if (name === CURRENT) this.takeCurrent(value)
    else if (name === GROUP) this.group = groupSchema.parse(JSON.parse(String(value))).group
    else if (value === null) this.records.delete(name)
    else this.records.set(name, String(value))
    this.seen = Number(offset)
    for (const w of this.waiting) if (w.isDone()) w.done()
  }

  private takeCurrent(value: Buffer | null): void {
    let hash: string
    try {
      hash = currentSchema.parse(JSON.parse(String(value))).hash
      this.unread = undefined
    } catch (cause) {
      this.unread = new InvigilError('bad-state', `the topic \`${this.topic}\` says in a form that this version does not know which context is in force`, { cause })
      this.options.log.error({ topic: this.topic, inForce: this.inForce }, `${this.unread.message}; the one before stays in force`)
      return
    }
    if (hash === this.inForce) return
    this.inForce = hash
    for (const listener of this.listeners) listener(hash)
  }

  private async end(): Promise<number> {
    const [range] = await this.client.withAdmin((admin) => logRanges(admin, this.topic), { topic: this.topic })
    return range === undefined || range.start === range.end ? 0 : range.end
  }

  private readTo(end: number): Promise<void> {
    return this.until(() => this.seen >= end - 1, () => new InvigilError('io', `the topic \`${this.topic}\` could not be read to its end; look at the brokers`))
  }

  private async until(isDone: () => boolean, otherwise: () => InvigilError): Promise<void> {
    if (isDone()) return
    if (this.failure) throw this.failure
    let timer: NodeJS.Timeout | undefined
    const waiting: Waiting = { isDone, done: () => {}, failed: () => {} }
    try {
      await new Promise<void>((resolve, reject) => {
        Object.assign(waiting, { done: resolve, failed: reject })
        this.waiting.add(waiting)
        timer = setTimeout(() => reject(otherwise()), this.options.within ?? WITHIN)
      })
    } finally {
      clearTimeout(timer)
      this.waiting.delete(waiting)
    }
  }

  private broken(e: unknown): void {
    this.fail(kafkaError(e, { topic: this.topic }))
    this.options.broken?.(e)
  }

  private fail(e: InvigilError): void {
    this.failure ??= e
    for (const w of this.waiting) w.failed(e)
  }
}
