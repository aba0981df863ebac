import type { Message } from './client.ts'
import { replaceModule } from './replace.ts'

/** What kafkajs asks its partitioner. */
interface Grouping {
  topic: string
  partitionMetadata: readonly unknown[]
  messages: readonly Message[]
  partitioner: (asked: { topic: string; partitionMetadata: readonly unknown[]; message: Message }) => number
}

const M = 0x5bd1e995

/** Kafka's hash of a key, as Java's client computes it: by it a key lies in the same partition, whoever sends it. In 32 bits, where kafkajs has big integers. */
export function murmur2(key: Buffer | string): number {
  const data = typeof key === 'string' ? Buffer.from(key) : key
  const { length } = data
  let h = 0x9747b28c ^ length
  let i = 0
  for (; i + 4 <= length; i += 4) {
    let k = (data[i] as number) | ((data[i + 1] as number) << 8) | ((data[i + 2] as number) << 16) | ((data[i + 3] as number) << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    h = Math.imul(h, M) ^ Math.imul(k, M)
  }
  const left = length - i
  if (left === 3) h ^= (data[i + 2] as number) << 16
  if (left >= 2) h ^= (data[i + 1] as number) << 8
  if (left >= 1) h = Math.imul(h ^ (data[i] as number), M)
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}

/** Messages by the partition that they go to. kafkajs copies a list for every message that is added to it. */
export function groupByPartition({ topic, partitionMetadata, messages, partitioner }: Grouping): Record<string, Message[]> {
  const groups: Record<string, Message[]> = {}
  if (partitionMetadata.length === 0) return groups
  for (const message of messages) (groups[partitioner({ topic, partitionMetadata, message })] ??= []).push(message)
  return groups
}

/** Puts these in the place of kafkajs's own. Must come before kafkajs. */
export function replacePartitioning(require: NodeJS.Require): void {
  replaceModule(require, 'kafkajs/src/producer/partitioners/default/murmur2', murmur2, 'its hash of keys')
  replaceModule(require, 'kafkajs/src/producer/groupMessagesPerPartition', groupByPartition, 'its grouping of messages')
}
