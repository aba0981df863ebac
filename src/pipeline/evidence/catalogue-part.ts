import { formatDuration, type Ms } from '../../base/time.ts'
import type { CatalogueData } from '../../catalogue/catalogue.ts'
import type { Person } from './find.ts'

/** What events name that the catalogue may know. */
export interface Mentioned {
  people: readonly Person[]
  /** Learners and accounts. */
  ids: Set<string>
  classes: Set<string>
  courses: Set<string>
  chapters: Set<string>
}

export function newMentioned(people: readonly Person[]): Mentioned {
  return { people, ids: new Set(people.map((p) => p.learner)), classes: new Set(), courses: new Set(), chapters: new Set() }
}

/**
 * The part of a catalogue that those events can meet: their platforms, classes, courses and networks; of rosters and teachers, those who
 * are among them. INVARIANT (part): every look-up for one of the events finds what it finds in the whole.
 */
export function catalogueFor(data: CatalogueData, { people, ids, classes, courses, chapters }: Mentioned): CatalogueData {
  const platforms = new Set(people.map((p) => p.platform))
  const named = new Set(people.map((p) => `${p.platform}\u0000${p.learner}`))
  const kept = data.classes
    .filter((c) => platforms.has(c.platform))
    .map((c) => ({ ...c, learners: c.learners.filter((l) => named.has(`${c.platform}\u0000${l}`)), teachers: c.teachers.filter((t) => ids.has(t)) }))
    .filter((c) => classes.has(c.id) || c.learners.length > 0 || c.teachers.length > 0)
  const taught = new Set(kept.flatMap((c) => c.courses))
  const networks = new Set(kept.flatMap((c) => c.region?.networks ?? []))
  return {
    platforms: data.platforms.filter((p) => platforms.has(p.id)),
    courses: data.courses.filter((c) => taught.has(c.id) || courses.has(c.id) || c.chapters.some((x) => chapters.has(x.id))),
    classes: kept,
    networks: Object.fromEntries(Object.entries(data.networks).filter(([name]) => networks.has(name))),
  }
}

/** A catalogue as people write it, with lengths of time in words: what is read from that is the same catalogue. */
export function writtenCatalogue(data: CatalogueData): unknown {
  const words = (ms: Ms | undefined): string | undefined => (ms === undefined ? undefined : formatDuration(ms))
  return {
    ...data,
    platforms: data.platforms.map((p) => ({
      ...p, lateness: words(p.lateness), heartbeat: words(p.heartbeat), checks: words(p.checks), autoplay: p.autoplay === false ? false : words(p.autoplay),
    })),
  }
}
