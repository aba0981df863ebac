import type { z } from 'zod'
import type { catalogueSchema } from '../catalogue/catalogue.ts'
import type { AnyDetector } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import type { Warning } from '../warnings/warning.ts'
import { at, drive, type Fields } from './drive.ts'

type CatalogueFile = z.input<typeof catalogueSchema>
export type ClassFile = Partial<NonNullable<CatalogueFile['classes']>[number]>

/** A catalogue with one class `k1` on `p1`, which teaches a course of three chapters. */
export function classCatalogue(more: ClassFile = {}): CatalogueFile {
  return {
    platforms: [{ id: 'p1' }],
    courses: [{ id: 'law', subject: 'Law', chapters: ['c1', 'c2', 'c3'].map((id) => ({ id, length: 2700 })) }],
    classes: [{ id: 'k1', platform: 'p1', institution: 'i1', courses: ['law'], ...more }],
  }
}

/** A learner begins a chapter in class `k1`. */
export function studies(time: string, learner: string, chapter = 'c1', fields: Fields = {}): Event {
  return at(time, 'played', learner, chapter, { class: 'k1', position: 0, ...fields })
}

/** What a detector says of some study, and why it could not judge what it could not. */
export function judged(detector: AnyDetector, catalogue: CatalogueFile, events: readonly Event[], params: Record<string, unknown> = {}): { warnings: Warning[]; unjudged: string[] } {
  const d = drive(detector, params, { catalogue }).feed(...events)
  const warnings = d.latest()
  return { warnings, unjudged: Object.entries(d.machine.unjudged()).map(([key, times]) => `${key.split('\u0000').slice(1).join(': ')} (${times})`).sort() }
}
