import type { Ms } from '../../base/time.ts'
import type { KafkaClient } from './client.ts'
import type { LogRange } from './offsets.ts'
import { readRanges } from './read-range.ts'

// Often there are only markers of transactions.
const LOOKED_AT = 200

/** When the oldest committed record was stored of those with which some ranges begin; undefined where they begin with none. */
export async function oldestStamp(client: KafkaClient, group: string, topic: string, ranges: readonly LogRange[]): Promise<Ms | undefined> {
  const heads = ranges.map(({ start, end }): LogRange | undefined => (start < end ? { start, end: Math.min(end, start + LOOKED_AT) } : undefined))
  let oldest: Ms | undefined
  await readRanges(client, { topic, ranges: heads, group }, (_, { timestamp }) => {
    oldest = Math.min(oldest ?? Infinity, Number(timestamp))
  })
  return oldest
}
