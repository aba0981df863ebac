import type { AnyLearnerDetector } from './detector.ts'
import { LearnerEntry, learnerTable, PlatformPart } from './learner-entry.ts'
import { RecentIds } from './recent-ids.ts'
import type { Table } from './table.ts'

/** The learners of one task and what is kept of them: where each is found, and which have changed. */
export class LearnerKeys {
  readonly parts: Map<string, PlatformPart>
  readonly ids: RecentIds
  readonly table: Table
  /** Learners changed since the last snapshot; noted only once there is one. */
  readonly dirty: [PlatformPart, LearnerEntry][]
  isTracking = false
  private lastPart: PlatformPart | undefined

  /** `from`: those that these go on from, whose rules are alike; they are taken over as they are. */
  constructor(detectors: readonly AnyLearnerDetector[], from?: LearnerKeys) {
    this.table = from?.table ?? learnerTable(detectors)
    this.parts = from?.parts ?? new Map<string, PlatformPart>()
    this.ids = from?.ids ?? new RecentIds()
    this.dirty = from?.dirty ?? []
  }

  *entries(): Generator<[PlatformPart, LearnerEntry]> {
    for (const part of this.parts.values()) for (const entry of part.learners.values()) yield [part, entry]
  }

  /** The lowest mark that covers an event still held. */
  oldestMark(): number {
    let oldest = Infinity
    for (const part of this.parts.values()) oldest = Math.min(oldest, part.reorder.oldestMark())
    return oldest
  }

  /** How many learners have state in memory. */
  get size(): number {
    let size = 0
    for (const part of this.parts.values()) size += part.learners.size
    return size
  }

  partOf(platform: string): PlatformPart {
    if (this.lastPart?.id === platform) return this.lastPart
    let part = this.parts.get(platform)
    if (!part) this.parts.set(platform, (part = new PlatformPart(platform)))
    this.lastPart = part
    return part
  }

  /** A new learner. */
  protected make(part: PlatformPart, learner: string): LearnerEntry {
    const entry = new LearnerEntry(learner, this.table)
    this.ids.open(entry.row)
    part.learners.set(learner, entry)
    this.touch(part, entry)
    return entry
  }

  touch(part: PlatformPart, entry: LearnerEntry): void {
    if (entry.packed !== undefined) entry.load()
    if (this.isTracking && !entry.dirty) {
      entry.dirty = true
      this.dirty.push([part, entry])
    }
  }

  /** Removes a learner, if there is one of that name. */
  drop(platform: string, id: string): void {
    const part = this.partOf(platform)
    const entry = part.learners.get(id)
    if (entry !== undefined) this.remove(part, entry)
  }

  protected remove(part: PlatformPart, entry: LearnerEntry): void {
    part.learners.delete(entry.id)
    this.table.remove(entry)
    entry.isGone = true
  }
}
