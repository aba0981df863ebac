import { Packr } from 'msgpackr'
import { InvigilError } from '../../base/errors.ts'
import { fnv1a } from '../../base/hash.ts'
import type { HandOver } from '../../engine/resource-task.ts'
import { resourceKey, type Sighting } from '../../engine/sighting.ts'

// Definitions of records stand in each value, once for all sightings in it.
const packr = new Packr({ useRecords: true, moreTypes: false })
const FORMAT = 1
/** Characters of one record's sightings; each may become three bytes, and a topic takes 2 MiB. */
const MOST_TEXT = 400_000
const FIXED_TEXT = 100

type Part = HandOver['marks'][number]

/** The sightings of a run of marks, for each partition: a task writes at least one record to every partition, so that all know that it is done. */
export class HandOvers {
  private readonly task: number
  private readonly tasks: number
  private readonly records: Part[][][]
  private readonly sizes: number[]

  /** `tasks`: partitions of the telemetry; `partitions`: those of the sightings. */
  constructor(task: number, tasks: number, partitions: number) {
    this.task = task
    this.tasks = tasks
    this.records = Array.from({ length: partitions }, () => [[]])
    this.sizes = Array.from({ length: partitions }, () => 0)
  }

  /** Adds what the next mark gave rise to. */
  add(mark: number, sightings: readonly Sighting[]): void {
    for (const records of this.records) (records.at(-1) as Part[]).push({ mark, sightings: [] })
    for (const s of sightings) {
      const partition = fnv1a(resourceKey(s)) % this.records.length
      const records = this.records[partition] as Part[][]
      const size = textOf(s)
      if ((this.sizes[partition] as number) + size > MOST_TEXT) {
        const full = (records.at(-1) as Part[]).at(-1) as Part
        full.more = true
        records.push([{ mark, sightings: [] }])
        this.sizes[partition] = 0
      }
      this.sizes[partition] = (this.sizes[partition] as number) + size
      ;((records.at(-1) as Part[]).at(-1) as Part).sightings.push(s)
    }
  }

  /** The records to write. */
  messages(): { partition: number; key: string; value: Buffer }[] {
    const { task, tasks } = this
    return this.records.flatMap((records, partition) => records.map((marks) => ({ partition, key: String(task), value: pack({ task, tasks, marks }) })))
  }
}

function pack({ task, tasks, marks }: HandOver): Buffer {
  return Buffer.from(packr.pack([FORMAT, task, tasks, marks.map(({ mark, sightings, more }) => [mark, sightings, more ?? false])]))
}

/** Reads a record of the sightings; `bad-state` where it is none, or one of another format. */
export function unpackHandOver(bytes: Uint8Array): HandOver {
  let parts: unknown
  try {
    parts = packr.unpack(bytes)
  } catch (cause) {
    throw new InvigilError('bad-state', 'a record of the sightings cannot be read', { cause })
  }
  if (!Array.isArray(parts) || parts[0] !== FORMAT) throw new InvigilError('bad-state', 'a record of the sightings is of a format that this version does not know')
  const [, task, tasks, marks] = parts as [number, number, number, [mark: number, sightings: Sighting[], more: boolean][]]
  return { task, tasks, marks: marks.map(([mark, sightings, more]) => ({ mark, sightings, more })) }
}

function textOf(s: Sighting): number {
  let size = FIXED_TEXT
  for (const text of [s.id, s.scope, s.learner, s.platform, s.event, s.class, s.course, s.chapter, s.session, s.device, s.account, s.ip, s.photo]) size += text?.length ?? 0
  return size
}
