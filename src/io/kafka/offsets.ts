import { InvigilError } from '../../base/errors.ts'
import type { Admin } from './client.ts'
import { kafkaError } from './errors.ts'
import { withOpenEnds } from './open-ends.ts'
import { whileNotReady } from './retry.ts'

/** What a group has committed for a partition. */
export interface Committed {
  /** Of the next record to read. */
  offset: number
  metadata: string
}

/** How far a partition's log reaches. */
export interface LogRange {
  /** Of the oldest record that is still there; equal to `end` where the log is empty. */
  start: number
  /** After the newest record before which no transaction is still open, be it committed, aborted or a marker: what readers of committed records get to. */
  end: number
}

/**
 * What a group has committed for one partition; undefined where it never has. To read the last word of an owner that may still
 * be at work, fence it first.
 */
export async function committedOffset(admin: Admin, group: string, topic: string, partition: number): Promise<Committed | undefined> {
  const all = await committedOffsets(admin, group, topic)
  if (!(partition in all)) throw new InvigilError('not-found', `the topic \`${topic}\` has no partition ${partition}`)
  return all[partition]
}

/** What a group has committed for each partition of a topic, as `committedOffset`; the index is the partition. */
export async function committedOffsets(admin: Admin, group: string, topic: string): Promise<(Committed | undefined)[]> {
  try {
    const topics = await whileNotReady(() => admin.fetchOffsets({ groupId: group, topics: [topic] }))
    const all: (Committed | undefined)[] = []
    for (const { partition, offset, metadata } of topics.find((t) => t.topic === topic)?.partitions ?? []) {
      all[partition] = Number(offset) < 0 ? undefined : { offset: Number(offset), metadata: metadata ?? '' }
    }
    return all
  } catch (e) {
    throw kafkaError(e, { topic, group })
  }
}

/** The range of each partition of a topic; the index is the partition. */
export async function logRanges(admin: Admin, topic: string): Promise<LogRange[]> {
  try {
    const ranges: LogRange[] = []
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) ranges[partition] = { start: Number(low), end: Number(high) }
    return ranges
  } catch (e) {
    throw kafkaError(e, { topic })
  }
}

/** Where each partition's log really ends, behind transactions that are still open, too; the index is the partition. */
export async function openEnds(admin: Admin, topic: string): Promise<number[]> {
  return (await withOpenEnds(() => logRanges(admin, topic))).map((range) => range.end)
}
