import { randomUUID } from 'node:crypto'
import { InvigilError } from '../../base/errors.ts'
import { SECOND, type Ms } from '../../base/time.ts'
import type { Consumer, KafkaClient, KafkaMessage } from './client.ts'
import { kafkaError } from './errors.ts'
import type { LogRange } from './offsets.ts'

/** What to read. */
export interface RangeOptions {
  topic: string
  /** Offsets from `start` up to `end` of each partition, such as `logRanges` gives; the index is the partition. Where there is none, nothing is read. */
  ranges: readonly (LogRange | undefined)[]
  /** What the name of the reader's own group begins with. */
  group: string
}

/** With nothing new for so long, something is wrong with the brokers. Transactions last for a minute at most. */
const SILENT: Ms = 90 * SECOND
const SESSION: Ms = 60 * SECOND

/** Hands over every committed record of some ranges, each partition in its order, one at a time. */
export async function readRanges(client: KafkaClient, options: RangeOptions, take: (partition: number, message: KafkaMessage) => Promise<void> | void): Promise<void> {
  const { topic, ranges } = options
  const reached = Array.from(ranges, (r) => r?.start ?? 0)
  const isDone = (): boolean => ranges.every((r, p) => r === undefined || (reached[p] as number) >= r.end)
  if (isDone()) return
  const group = `${options.group}-reader-${randomUUID()}`
  const consumer = client.consumer({ groupId: group, sessionTimeout: SESSION, maxWaitTimeInMs: 100 })
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await read(consumer, options, reached, isDone, take)
  } catch (e) {
    throw kafkaError(e, { topic, group })
  } finally {
    await consumer.disconnect()
    await forget(client, group)
  }
}

function read(consumer: Consumer, { topic, ranges }: RangeOptions, reached: number[], isDone: () => boolean, take: (partition: number, message: KafkaMessage) => Promise<void> | void): Promise<void> {
  return new Promise<void>((done, fail) => {
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
      timer = setTimeout(() => end(new InvigilError('io', `nothing comes from the topic \`${topic}\`, though there is more in it; look at the brokers`)), SILENT)
    }
    const { events } = consumer
    // Also after each restart: a new member begins where it is told to.
    consumer.on(events.GROUP_JOIN, () => {
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
