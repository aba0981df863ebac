import { Packr } from 'msgpackr'
import { InvigilError } from '../base/errors.ts'
import type { Ms } from '../base/time.ts'
import type { Sources, SourceState } from './sources.ts'
import type { Mark, Timekeeper, TimekeeperState } from './timekeeper.ts'

const packr = new Packr({ useRecords: false, moreTypes: false })
const FORMAT = 1

/** A mark as the topic `marks` carries it: what it covers, what it says, and all that its writer's successor must know. */
export interface MarkRecord {
  mark: Mark
  /** For each partition of the telemetry: the first offset that the mark does not cover. */
  offsets: readonly number[]
  timekeeper: TimekeeperState
  /** What is known of the partitions of the platforms' topics. */
  sources: SourceState[]
}

// As lists, since msgpackr gives a key that is `__proto__` another name, and it is a platform's id like any other.
type Packed = [
  number: number, end: boolean, resource: Ms, troubled: readonly string[], context: string,
  platforms: [id: string, watermark: Ms, first: Ms, fields: readonly (Ms | null)[]][],
]

/** What a task needs of a mark. */
export type TaskMark = Pick<MarkRecord, 'mark' | 'offsets'>

export function packMark({ mark, offsets, timekeeper, sources }: MarkRecord): Uint8Array {
  const { number, end, resource, troubled, context, watermarks, first, fields } = mark
  const platforms = Object.keys(watermarks).map((id) => [id, watermarks[id], first[id], fields[id]])
  return packr.pack([FORMAT, [number, end, resource, troubled, context, platforms], offsets, timekeeper, sources])
}

/** Reads a mark; `bad-state` where it is none, or one of another format. */
export function unpackMark(bytes: Uint8Array): MarkRecord {
  let parts: unknown
  try {
    parts = packr.unpack(bytes)
  } catch (e) {
    throw new InvigilError('bad-state', 'a record of the marks cannot be read', { cause: e })
  }
  if (!Array.isArray(parts) || parts[0] !== FORMAT) throw new InvigilError('bad-state', 'a record of the marks is of a format that this version does not know')
  // Older ones know of no sources.
  const [, packed, offsets, timekeeper, sources = []] = parts as [number, Packed, number[], TimekeeperState, SourceState[]?]
  return { mark: markOf(packed), offsets, timekeeper, sources }
}

/** The next mark of a timekeeper that has observed everything before `offsets`. */
export function recordOf(timekeeper: Timekeeper, mark: Mark, offsets: readonly number[], sources?: Sources): MarkRecord {
  return { mark, offsets: [...offsets], timekeeper: timekeeper.save(), sources: sources?.save() ?? [] }
}

function markOf([number, end, resource, troubled, context, platforms]: Packed): Mark {
  const by = <T>(pick: (p: Packed[5][number]) => T): Readonly<Record<string, T>> => {
    const record = Object.create(null) as Record<string, T>
    for (const p of platforms) record[p[0]] = pick(p)
    return record
  }
  return { number, end, watermarks: by((p) => p[1]), resource, first: by((p) => p[2]), fields: by((p) => p[3]), troubled, context }
}
