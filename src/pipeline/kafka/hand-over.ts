import { Packr } from 'msgpackr'
import { InvigilError } from '../../base/errors.ts'
import { fnv1a } from '../../base/hash.ts'
import type { Ms } from '../../base/time.ts'
import type { HandOver } from '../../engine/resource-task.ts'
import { resourceKey, type Sighting } from '../../engine/sighting.ts'
import { sightingsOf } from '../../engine/waiting-sightings.ts'

// Definitions of records stand in each part, once for all sightings in it.
const packr = new Packr({ useRecords: true, moreTypes: false })
const FORMAT = 2
/** Characters of one record's sightings; each may become three bytes, and a topic takes 2 MiB. */
const MOST_TEXT = 400_000
const FIXED_TEXT = 100
const NONE = new Uint8Array(0)

interface Part {
  mark: number
  sightings: Sighting[]
  more?: boolean
}
/** As it is written: sightings packed by themselves, so that they can wait as bytes. */
type WrittenPart = [mark: number, more: boolean, from: Ms, count: number, sightings: Uint8Array]

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
    return this.records.flatMap((records, partition) => records.map((marks) => ({ partition, key: String(task), value: pack(task, tasks, marks) })))
  }
}

function pack(task: number, tasks: number, parts: readonly Part[]): Buffer {
  const written = parts.map(({ mark, sightings, more }): WrittenPart => {
    const { from, count } = sightingsOf(sightings)
    return [mark, more ?? false, from, count, count === 0 ? NONE : packr.pack(sightings)]
  })
  return Buffer.from(packr.pack([FORMAT, task, tasks, written]))
}

/** Reads a record of the sightings; `bad-state` where it is none, or one of another format. */
export function unpackHandOver(bytes: Uint8Array): HandOver {
  const parts = read(bytes)
  if (!Array.isArray(parts) || parts[0] !== FORMAT) throw new InvigilError('bad-state', 'a record of the sightings is of a format that this version does not know')
  const [, task, tasks, marks] = parts as [number, number, number, WrittenPart[]]
  return { task, tasks, marks: marks.map(([mark, more, from, count, packed]) => ({ mark, more, sightings: { from, count, read: () => (count === 0 ? [] : (read(packed) as Sighting[])) } })) }
}

function read(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes)
  } catch (cause) {
    throw new InvigilError('bad-state', 'a record of the sightings cannot be read', { cause })
  }
}

function textOf(s: Sighting): number {
  let size = FIXED_TEXT
  for (const text of [s.id, s.scope, s.learner, s.platform, s.event, s.class, s.course, s.chapter, s.session, s.device, s.account, s.ip, s.photo]) size += text?.length ?? 0
  return size
}
