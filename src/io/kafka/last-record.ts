import type { KafkaClient, KafkaMessage } from './client.ts'
import type { LogRange } from './offsets.ts'
import { readRanges } from './read-range.ts'

// The end of a log counts markers of transactions and aborted records: mostly there are few, and further back is seldom looked.
const BACK = [8, 512, 32_768, Infinity]

/** The last committed record of a partition; undefined where there is none. */
export async function lastRecord(client: KafkaClient, group: string, topic: string, partition: number, { start, end }: LogRange): Promise<KafkaMessage | undefined> {
  for (const back of BACK) {
    const from = Math.max(start, end - back)
    const ranges: LogRange[] = []
    ranges[partition] = { start: from, end }
    let last: KafkaMessage | undefined
    await readRanges(client, { topic, ranges, group }, (_, message) => void (last = message))
    if (last || from === start) return last
  }
  return undefined
}
