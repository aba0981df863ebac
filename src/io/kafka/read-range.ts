import { randomUUID } from 'node:crypto'
import { InvigilError } from '../../base/errors.ts'
import { SECOND, type Ms } from '../../base/time.ts'
import type { Consumer, KafkaClient, KafkaMessage } from './client.ts'
import { kafkaError } from './errors.ts'
import type { LogRange } from './offsets.ts'

/** What to read, and how long to wait for more where a partition does not come to its end. */
export interface RangeOptions {
  topic: string
  /** Offsets from `start` up to `end` of each partition; the index is the partition. Where there is none, nothing is read. */
  ranges: readonly (LogRange | undefined)[]
  /** A transaction that is still open keeps what stands after its beginning from readers. */
  patience: Ms
  /** What the name of the reader's own group begins with. */
  group: string
}

const JOIN_WITHIN: Ms = 60 * SECOND
const SESSION: Ms = 60 * SECOND

/**
 * Hands over every committed record of some ranges, each partition in its order, one at a time. Returns for each partition the
 * offset that it came to: less than its `end` only where a transaction stayed open for `patience`.
 */
export async function readRanges(client: KafkaClient, options: RangeOptions, take: (partition: number, message: KafkaMessage) => Promise<void> | void): Promise<number[]> {
  const { topic, ranges } = options
  const reached = Array.from(ranges, (r) => r?.start ?? 0)
  const isDone = (): boolean => ranges.every((r, p) => r === undefined || (reached[p] as number) >= r.end)
  if (isDone()) return reached
  const group = `${options.group}-reader-${randomUUID()}`
  const consumer = client.consumer({ groupId: group, sessionTimeout: SESSION, maxWaitTimeInMs: 100 })
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await read(consumer, options, reached, isDone, take)
    return reached
  } catch (e) {
    throw kafkaError(e, { topic, group })
  } finally {
    await consumer.disconnect()
    await forget(client, group)
  }
}

function read(consumer: Consumer, { topic, ranges, patience }: RangeOptions, reached: number[], isDone: () => boolean, take: (partition: number, message: KafkaMessage) => Promise<void> | void): Promise<void> {
  return new Promise<void>((done, fail) => {
    let joined = false
    let over = false
    let timer: NodeJS.Timeout
    const end = (error?: Error): void => {
      over = true
      clearTimeout(timer)
      if (error === undefined) done()
      else fail(error)
    }
    const wait = (): void => {
      clearTimeout(timer)
      if (over) return
      timer = setTimeout(() => end(joined ? undefined : new InvigilError('io', `Kafka does not let a reader of the topic \`${topic}\` begin; look at the brokers`)), joined ? patience : JOIN_WITHIN)
    }
    const { events } = consumer
    // Also after each restart: a new member begins where it is told to.
    consumer.on(events.GROUP_JOIN, () => {
      joined = true
      for (const [partition, range] of ranges.entries()) {
        if (range && (reached[partition] as number) < range.end) consumer.seek({ topic, partition, offset: String(reached[partition]) })
      }
      wait()
    })
    // Comes for batches of aborted records and markers, too, which no handler is called for.
    consumer.on(events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
      if (over) return
      if (ranges[partition]) reached[partition] = Math.max(reached[partition] as number, Number(lastOffset) + 1)
      if (isDone()) end()
      else wait()
    })
    consumer.on(events.CRASH, ({ payload }) => {
      if (!payload.restart) end(payload.error)
    })
    wait()
    const eachMessage = async ({ partition, message }: { partition: number; message: KafkaMessage }): Promise<void> => {
      const range = ranges[partition]
      const offset = Number(message.offset)
      // INVARIANT (once): what was handed over is not handed over again, wherever a restart begins.
      if (over || range === undefined || offset < (reached[partition] as number) || offset >= range.end) return
      wait()
      try {
        await take(partition, message)
        reached[partition] = offset + 1
      } catch (e) {
        end(e instanceof Error ? e : new Error(String(e)))
      }
    }
    consumer.run({ autoCommit: false, eachMessage }).catch(end)
  })
}

async function forget(client: KafkaClient, group: string): Promise<void> {
  await client.withAdmin((admin) => admin.deleteGroups([group])).catch((e: unknown) => {
    // The broker forgets a group without offsets by itself.
    client.log.debug({ group, error: kafkaError(e, { group }).message }, 'a group of one reader was not deleted')
  })
}
