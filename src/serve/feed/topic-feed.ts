import { randomUUID } from 'node:crypto'
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InvigilError } from '../../base/errors.ts'
import { SECOND, type Ms } from '../../base/time.ts'
import type { Consumer, EachBatchPayload, KafkaClient } from '../../io/kafka/client.ts'
import { kafkaError } from '../../io/kafka/errors.ts'
import { Refusal } from '../refusal.ts'
import type { Feed, FeedReader, Item } from './feed.ts'
import { Tail } from './tail.ts'

const LOOK_EVERY: Ms = 200
const SESSION: Ms = 30 * SECOND
const MOST_PARTITIONS = 1024
const CURSOR = /^\d{1,4}:\d{1,15}(,\d{1,4}:\d{1,15})*$/

export interface TopicFeedOptions {
  topic: string
  /** What the name of the reader's own group begins with. */
  group: string
  /** Is told when the topic can be read no more. */
  broken: (e: InvigilError) => void
}

/**
 * A topic, read once for all clients, committed records only, into a file of this process, from which each client is served at its own pace. A
 * cursor tells the next offset of each partition, so that it is good in every process.
 */
export class TopicFeed implements Feed {
  private readonly dir: string
  private readonly path: string
  private readonly file: FileHandle
  private readonly consumer: Consumer
  /** The next offset that is wanted of each partition: what a restart of the consumer brings again is not written again. */
  private readonly reached = new Map<number, number>()

  private constructor(dir: string, path: string, file: FileHandle, consumer: Consumer) {
    this.dir = dir
    this.path = path
    this.file = file
    this.consumer = consumer
  }

  /** Begins to read the topic from its beginning. Errors: those of `kafkaError`. */
  static async open(client: KafkaClient, { topic, group, broken }: TopicFeedOptions): Promise<TopicFeed> {
    const dir = await mkdtemp(join(tmpdir(), 'invigil-feed-'))
    const path = join(dir, 'items')
    const consumer = client.consumer({ groupId: `${group}-serve-${randomUUID()}`, sessionTimeout: SESSION, maxWaitTimeInMs: 200 })
    const feed = new TopicFeed(dir, path, await open(path, 'a'), consumer)
    try {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (!payload.restart) broken(kafkaError(payload.error, { topic }))
      })
      await consumer.run({ autoCommit: false, eachBatch: (payload) => feed.take(payload) })
    } catch (e) {
      await feed.close()
      throw kafkaError(e, { topic })
    }
    return feed
  }

  async open(after: string | undefined): Promise<FeedReader> {
    if (after !== undefined && !CURSOR.test(after)) throw new Refusal(400, 'bad-cursor', '`after` is the id of an event that came from here')
    const wanted = new Map((after ?? '').split(',').filter((p) => p !== '').map((p) => p.split(':').map(Number) as [number, number]))
    if (wanted.size > MOST_PARTITIONS) throw new Refusal(400, 'bad-cursor', '`after` names more partitions than there can be')
    return new TopicReader(await Tail.open(this.path, 0), wanted)
  }

  async grown(stop: AbortSignal): Promise<void> {
    await sleep(LOOK_EVERY, undefined, { signal: stop }).catch(() => undefined)
  }

  async close(): Promise<void> {
    await this.consumer.disconnect()
    await this.file.close()
    await rm(this.dir, { recursive: true, force: true })
  }

  private async take(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload
    const { partition } = batch
    const lines: string[] = []
    let next = this.reached.get(partition) ?? 0
    for (const { offset, value } of batch.messages) {
      if (Number(offset) < next) continue
      next = Number(offset) + 1
      // What was compacted away, or marks a transaction, says nothing.
      if (value !== null && value.length > 0 && !value.includes(0x0a)) lines.push(`${partition} ${offset} ${value.toString('utf8')}\n`)
    }
    if (lines.length > 0) await this.file.appendFile(lines.join(''))
    this.reached.set(partition, next)
    await payload.heartbeat()
  }
}

class TopicReader implements FeedReader {
  private readonly tail: Tail
  private readonly wanted: Map<number, number>

  constructor(tail: Tail, wanted: Map<number, number>) {
    this.tail = tail
    this.wanted = wanted
  }

  async next(): Promise<Item[]> {
    for (;;) {
      const lines = await this.tail.next()
      const items = lines.flatMap(({ text }) => this.item(text))
      // What lies before the cursor is passed over, however much it is.
      if (items.length > 0 || lines.length === 0) return items
    }
  }

  close(): Promise<void> {
    return this.tail.close()
  }

  private item(line: string): Item[] {
    const first = line.indexOf(' ')
    const second = line.indexOf(' ', first + 1)
    const partition = Number(line.slice(0, first))
    const offset = Number(line.slice(first + 1, second))
    if (offset < (this.wanted.get(partition) ?? 0)) return []
    this.wanted.set(partition, offset + 1)
    return [{ cursor: [...this.wanted].map(([p, o]) => `${p}:${o}`).join(','), text: line.slice(second + 1) }]
  }
}
