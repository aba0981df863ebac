import type { z } from 'zod'
import { HOUR, SECOND, DAY, formatDuration, type Ms } from '../base/time.ts'
import type { catalogueSchema } from '../catalogue/catalogue.ts'
import { stamp, ZONE, type Chapter, type SimClass } from './person.ts'
import { drawPlatforms, FACES, platforms, type PlatformSpec, type Variant } from './platforms.ts'
import type { Random } from './random.ts'
import { range } from './stage.ts'

/** A catalogue as it is written in a file. */
export type CatalogueFile = z.input<typeof catalogueSchema>

/** The first course of every class: what each training has to teach. */
const COMMON = { title: 'Common knowledge', subject: ['Law', 'Work safety', 'Fire protection', 'Drugs and AIDS prevention', 'Rights of women and children'] }
const TRADES = ['Electrician', 'Welder', 'Elderly care', 'Cook', 'Tea art', 'Shop keeping online', 'Nursery work'].map((title) => ({ title, subject: [title] }))
const CLASS_SIZE = 40
const CLASSES_PER_INSTITUTION = 4
/** Addresses of networks that the catalogue names: a campus and an industrial park. */
export const DECLARED = { campus: '14.204.249', park: '42.242.249' } as const
const CLASS_HOUR: Ms = 45 * 60 * SECOND

/** Classes and courses, before anybody sits in them. */
export interface World {
  platforms: readonly PlatformSpec[]
  classes: SimClass[]
  courses: Map<string, { title: string; subject: string[]; platform: PlatformSpec; chapters: Chapter[] }>
  /** Who is enrolled: filled in as people are made. */
  rosters: Map<string, string[]>
}

/** Builds platforms' courses and classes for so many learners and days. */
export function buildWorld(learners: number, days: number, r: Random): World {
  const { varied } = r.tuning
  const world: World = { platforms: varied ? drawPlatforms(r) : platforms, classes: [], courses: new Map(), rosters: new Map() }
  // Enough to study for those who study most.
  const hours = varied ? Math.min(120, 4 + 15 * days) : Math.min(80, 4 + 9 * days)
  world.platforms.forEach((platform, p) => {
    const courses = buildCourses(world, platform, hours, r)
    const seats = Math.floor(learners / world.platforms.length) + (p < learners % world.platforms.length ? 1 : 0)
    const classes = Math.max(1, Math.round(seats / CLASS_SIZE))
    for (const i of range(classes)) {
      world.classes.push({
        id: `${platform.prefix}-C${i + 1}`,
        institution: `${platform.prefix}-I${Math.floor(i / CLASSES_PER_INSTITUTION) + 1}`,
        platform, courses, teacher: `${platform.prefix}-T${i + 1}`,
        // A third of the classes belongs to a company that works in two provinces.
        wide: (p + i) % 3 === 2,
      })
    }
  })
  return world
}

function buildCourses(world: World, platform: PlatformSpec, hours: number, r: Random): Chapter[][] {
  const courses: Chapter[][] = []
  for (let total = 0; total < hours * 3600 || courses.length < 2;) {
    const id = `${platform.prefix}-K${courses.length + 1}`
    const [fewest, most] = platform.variant?.chapters ?? [10, 18]
    const [shortest, longest] = platform.variant?.lengths ?? [600, 2700]
    const chapters = range(r.int(fewest, most)).map((i) => ({
      id: `${id}-${String(i + 1).padStart(2, '0')}`, course: id, length: r.int(shortest, longest), items: platform.variant ? quiz(platform.variant, r) : undefined,
    }))
    world.courses.set(id, { ...(courses.length === 0 ? COMMON : (TRADES[(courses.length - 1) % TRADES.length] as typeof COMMON)), platform, chapters })
    courses.push(chapters)
    total += chapters.reduce((sum, c) => sum + c.length, 0)
  }
  return courses
}

function quiz({ quizzes, items }: Variant, r: Random): number {
  return r.chance(quizzes) ? r.int(items[0], items[1]) : 0
}

/** What a platform declares of its player. */
function playerOf({ id, heartbeat, variant }: PlatformSpec): NonNullable<CatalogueFile['platforms']>[number] {
  if (variant === undefined) return { id, lateness: '60s', heartbeat: formatDuration(heartbeat), checks: `${FACES[1]}m`, autoplay: false }
  const { faces, rates, countdown } = variant
  return {
    id, lateness: formatDuration(variant.lateness), heartbeat: variant.declares ? formatDuration(heartbeat) : undefined,
    rate: rates.length > 0 ? Math.max(...rates) : undefined, checks: faces && `${Math.ceil(faces[1])}m`,
    autoplay: countdown === undefined ? false : formatDuration(Math.round(countdown) * SECOND),
  }
}

/** The catalogue that the platforms and institutions have registered. */
export function catalogueOf(world: World, midnight: Ms, days: number): CatalogueFile {
  const opens = stamp(midnight + 5 * HOUR)
  return {
    platforms: world.platforms.map((p) => ({ ...playerOf(p), since: opens })),
    courses: [...world.courses].map(([id, c]) => ({
      id, title: c.title, subject: [...c.subject], chapters: c.chapters.map((x, i) => ({ id: x.id, title: `${c.title} ${i + 1}`, length: x.length })),
    })),
    classes: world.classes.map((c) => ({
      id: c.id, institution: c.institution, platform: c.platform.id, courses: c.courses.map((k) => (k[0] as Chapter).course),
      region: { country: 'CN', provinces: c.wide ? ['Yunnan', 'Sichuan'] : ['Yunnan'], networks: Object.keys(DECLARED) },
      timeZone: ZONE, opens, closes: stamp(midnight + (Math.max(days, 30) + 1) * DAY),
      hours: Math.ceil(c.courses.flat().reduce((sum, x) => sum + x.length * SECOND, 0) / CLASS_HOUR),
      status: 'approved', connected: true, teachers: [c.teacher], learners: world.rosters.get(c.id) ?? [],
    })),
    networks: Object.fromEntries(Object.entries(DECLARED).map(([name, block]) => [name, [`${block}.0/24`]])),
  }
}
