import { z } from 'zod'
import { contentHash } from '../base/hash.ts'
import type { Ms } from '../base/time.ts'

const time = z.string().meta({ format: 'date-time' })
const seconds = z.number().min(0)

const placeSchema = z.strictObject({
  country: z.string().optional().describe('ISO 3166-1 alpha-2.'),
  province: z.string().optional(),
  city: z.string().optional(),
})

const checkSchema = z.strictObject({
  time,
  event: z.string().describe('Id of the event that told the outcome.'),
  challenge: z.string().optional(),
  outcome: z.enum(['passed', 'failed', 'unusable', 'missed']).optional().describe('Absent where the platform did not tell.'),
  photo: z.string().optional().describe('Hash of the face photo.'),
  similarity: z.number().optional(),
})

/**
 * A learning record as it is written: what the log proves of one sitting of one learner over one chapter. The latest revision is
 * the whole truth of an id.
 */
export const recordSchema = z.strictObject({
  format: z.literal(1),
  id: z.string().describe('Content hash of (platform, learner, chapter, begin).'),
  revision: z.int().min(1),
  state: z.enum(['open', 'closed']).describe('`open`: the sitting may go on, and a later revision replaces this one.'),
  kind: z.enum(['playback', 'practice']).describe('`practice`: an offline lesson that was attended; nothing was watched.'),
  platform: z.string(),
  learner: z.string(),
  account: z.string().optional(),
  class: z.string().optional().describe('As the platform names it, else the one whose roster has the learner.'),
  institution: z.string().optional().describe("The class's, by the catalogue."),
  course: z.string().optional(),
  chapter: z.string(),
  begin: time.describe('Event time of the first event.'),
  end: time.describe('Event time of the last event.'),
  written: time.describe('Event time at which this revision was written; the output is in its order.'),
  wallClock: seconds.describe('Seconds from begin to end.'),
  watched: z.array(z.tuple([seconds, seconds])).describe('Media seconds that were played, as disjoint intervals in rising order: [from, to]. Empty where the platform sends no positions.'),
  union: seconds.describe('How many media seconds these intervals are.'),
  length: seconds.optional().describe('Media length of the chapter, by the catalogue or as the platform told it.'),
  completed: z.boolean().describe('Whether the platform reported the chapter completed in this sitting.'),
  credited: seconds.describe(
    'Seconds that count: media played for the first time in this sitting, at most the wall-clock time that it took, and of a learner who plays several chapters at once each second of the clock for one chapter only. Where the platform sends no positions, the wall-clock time between its signs of playing.',
  ),
  sessions: z.array(z.string()).describe('Login sessions, in order of their first event; at most 16.'),
  login: z.strictObject({ time, ip: z.string().optional(), place: placeSchema.optional() }).optional().describe('The latest login before or during the sitting.'),
  ips: z.array(z.strictObject({ ip: z.string(), place: placeSchema.optional(), first: time, last: time })).describe('Addresses, in order of their first event; at most 16.'),
  devices: z.array(z.string()).describe('In order of their first event; at most 16.'),
  checks: z.array(checkSchema).describe('Face checks, in order of time; at most 64.'),
  checkCounts: z.strictObject({ requested: z.int(), passed: z.int(), failed: z.int(), unusable: z.int(), missed: z.int() }),
  answers: z.strictObject({ count: z.int(), correct: z.int() }),
  events: z.strictObject({ first: z.string(), last: z.string(), count: z.int() }).describe('Ids of the first and the last event, and how many there were.'),
  coverage: z.strictObject({ state: z.enum(['full', 'partial']), missing: z.string().optional() }),
})

/** See `recordSchema`. Times are RFC 3339 in UTC, durations and media positions seconds. */
export type LearningRecord = z.infer<typeof recordSchema>

/** The id of a record: the same sitting has the same id in every replay, under whichever context. */
export function recordId(platform: string, learner: string, chapter: string, begin: Ms): string {
  return contentHash(['record', platform, learner, chapter, begin]).slice(0, 32)
}
