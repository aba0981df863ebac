import { InvigilError } from '../../base/errors.ts'
import type { SourcePosition } from '../../engine/sources.ts'
import type { Admin } from '../../io/kafka/client.ts'
import { committedOffsets, logRanges, type LogRange } from '../../io/kafka/offsets.ts'
import type { Surroundings } from './role.ts'

/** The consumer group that reads the platforms' topics. */
export function intakeGroup(group: string): string {
  return `${group}-intake`
}

/** How far the platforms' topics go, and up to where the intake has committed. INVARIANT: the ends are asked for first, so that who has come to one has read all there was. */
export async function sourcePositions(admin: Admin, { group }: Surroundings, topics: readonly string[]): Promise<SourcePosition[]> {
  const ranges = await Promise.all(topics.map((topic) => rangesOf(admin, topic)))
  const positions = await Promise.all(topics.map(async (topic, t) => {
    const committed = ranges[t]?.length === 0 ? [] : await committedOffsets(admin, intakeGroup(group), topic)
    return (ranges[t] as LogRange[]).map(({ start, end }, partition) => ({ topic, partition, committed: Math.max(committed[partition]?.offset ?? start, start), end }))
  }))
  return positions.flat()
}

/** One whose topic was deleted is waited for by nobody. */
async function rangesOf(admin: Admin, topic: string): Promise<LogRange[]> {
  try {
    return await logRanges(admin, topic)
  } catch (e) {
    if (e instanceof InvigilError && e.code === 'not-found') return []
    throw e
  }
}
