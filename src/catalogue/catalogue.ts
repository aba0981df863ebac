import { z } from 'zod'
import { duration, isTimeZone, parseTime } from '../base/time.ts'

const id = z.string().min(1).max(1024)
const when = z.string().refine((s) => /^\d{4}-\d\d-\d\d$/.test(s) ? parseTime(`${s}T00:00:00Z`) !== undefined : parseTime(s) !== undefined, {
  error: 'not a date (`2026-03-02`) or a date-time with offset (`2026-03-02T08:00:00+08:00`)',
})

export const platformSchema = z.strictObject({
  id,
  lateness: duration.optional().describe("How far behind the platform's newest event an event may come; default 60s."),
  heartbeat: duration.optional().describe("The player's cadence, as `15s`."),
  rate: z.number().min(1).optional().describe('The highest playback rate that the player offers and the platform credits, as `1.5`; default 1.'),
  checks: duration.optional().describe('The longest time of watching that the platform lets pass between two face checks. Without it nobody is accused of too few of them.'),
  autoplay: z.union([z.literal(false), duration]).optional().describe(
    'After what time the player begins the next chapter by itself, as `5s`; `false`: it waits for a hand. Without it a prompt next chapter accuses nobody.',
  ),
  global: z.array(z.enum(['learner'])).default([]).describe('Which ids are the same person everywhere (national ids).'),
  since: when.optional().describe('From when on the log is complete, if it is known to reach back further than its first event.'),
})

export const chapterSchema = z.strictObject({
  id,
  title: z.string().optional(),
  length: z.number().gt(0).optional().describe('Media length in seconds.'),
  kind: z.enum(['theory', 'practice']).default('theory'),
})

export const courseSchema = z.strictObject({
  id,
  title: z.string().optional(),
  subject: z.union([z.string(), z.array(z.string().min(1)).min(1)]).optional().describe('What it teaches, or a list of that, as `Fire protection`.'),
  chapters: z.array(chapterSchema).default([]).describe('In the order in which they are to be studied.'),
})

export const classSchema = z.strictObject({
  id,
  institution: id.optional(),
  platform: id,
  courses: z.array(id).default([]),
  region: z
    .strictObject({
      country: z.string().regex(/^[A-Z]{2}$/, 'an ISO 3166-1 code of two capital letters').optional(),
      provinces: z.array(z.string()).default([]).describe("ISO 3166-2 codes or the GeoIP database's English names."),
      networks: z.array(z.string()).default([]).describe('Names of networks from which study is always allowed.'),
    })
    .optional(),
  timeZone: z.string().refine(isTimeZone, { error: 'not an IANA time zone such as `Asia/Shanghai`' }).optional(),
  opens: when.optional(),
  closes: when.optional(),
  hours: z.number().gt(0).optional().describe('Approved class hours.'),
  hourRate: z.number().min(0).optional(),
  status: z.string().optional().describe('How far its review has come, as `submitted` or `approved`; rules say which words mean that it may open.'),
  connected: z.boolean().optional().describe('Whether it is connected to the supervision platform. Without it nobody is told that it is not.'),
  teachers: z.array(id).default([]).describe("Learner ids or account names of the class's teachers on its platform."),
  learners: z.array(id).default([]),
})

export const catalogueSchema = z.strictObject({
  platforms: z.array(platformSchema).default([]),
  courses: z.array(courseSchema).default([]),
  classes: z.array(classSchema).default([]),
  networks: z.record(z.string(), z.array(z.string())).default({}).describe('Name to CIDR list: campus, office, carrier NAT.'),
})

export type PlatformInfo = z.infer<typeof platformSchema>
export type ChapterInfo = z.infer<typeof chapterSchema>
export type CourseInfo = z.infer<typeof courseSchema>
export type ClassInfo = z.infer<typeof classSchema>
export type CatalogueData = z.infer<typeof catalogueSchema>
