import { z } from 'zod'
import { contentHash } from '../base/hash.ts'
import type { Ms } from '../base/time.ts'

const time = z.string().meta({ format: 'date-time' })
const seconds = z.number().min(0)

/** Where an address is, as far as the GeoIP database knows. */
const placeSchema = z.strictObject({
  country: z.string().optional().describe('ISO 3166-1 alpha-2.'),
  province: z.string().optional().describe('Its English name.'),
  city: z.string().optional().describe('Its English name.'),
})

const ip = z.string().describe('The address.')
const place = placeSchema.describe('Where that is.')

const checkSchema = z.strictObject({
  time: time.describe('When its outcome was told.'),
  event: z.string().describe('Id of the event that told the outcome.'),
  challenge: z.string().optional().describe('Which face check.'),
  outcome: z.enum(['passed', 'failed', 'unusable', 'missed']).optional().describe('Absent where the platform did not tell.'),
  photo: z.string().optional().describe('Hash of the face photo.'),
  similarity: z.number().optional().describe('How like the photo is to the one on file, from 0 to 1.'),
})

/**
 * A learning record as it is written: what the log proves of one sitting of one learner over one chapter. The latest revision is
 * the whole truth of an id.
 */
export const recordSchema = z.strictObject({
  format: z.literal(1).describe('Of this contract: another number is another contract.'),
  id: z.string().describe('Content hash of (platform, learner, chapter, begin).'),
  revision: z.int().min(1).describe('1, 2, …: a later one replaces the one before.'),
  state: z.enum(['open', 'closed']).describe('`open`: the sitting may go on, and a later revision replaces this one.'),
  kind: z.enum(['playback', 'practice']).describe('`practice`: an offline lesson that was attended; nothing was watched.'),
  platform: z.string().describe('That reported it.'),
  learner: z.string().describe('Whose it is.'),
  account: z.string().optional().describe('Login name.'),
  class: z.string().optional().describe('As the platform names it, else the one whose roster has the learner.'),
  institution: z.string().optional().describe("The class's, by the catalogue."),
  course: z.string().optional().describe('Of the chapter.'),
  chapter: z.string().describe('What was studied.'),
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
  login: z.strictObject({ time: time.describe('When.'), ip: ip.optional(), place: place.optional() }).optional().describe('The latest login before or during the sitting.'),
  ips: z.array(z.strictObject({ ip, place: place.optional(), first: time.describe('When it was first used in the sitting.'), last: time.describe('When it was last used.') })).describe('Addresses, in order of their first event; at most 16.'),
  devices: z.array(z.string()).describe('In order of their first event; at most 16.'),
  checks: z.array(checkSchema).describe('Face checks, in order of time; at most 64.'),
  checkCounts: z.strictObject({
    requested: z.int().describe('Asked for.'), passed: z.int().describe('Passed.'), failed: z.int().describe('Failed.'), unusable: z.int().describe('With a photo of no use.'),
    missed: z.int().describe('Not answered, as the platform tells.'),
  }).describe('How many face checks there were, also where they are too many to list.'),
  answers: z.strictObject({ count: z.int().describe('How many.'), correct: z.int().describe('How many of them were right.') }).describe('Quiz answers.'),
  events: z.strictObject({ first: z.string().describe('Id.'), last: z.string().describe('Id.'), count: z.int().describe('How many.') }).describe('Ids of the first and the last event, and how many there were.'),
  coverage: z.strictObject({
    state: z.enum(['full', 'partial']).describe('Whether all was there to judge by.'), missing: z.string().optional().describe('What was not.'),
  }).describe('How much of what it depends on was there.'),
})

/** See `recordSchema`. Times are RFC 3339 in UTC, durations and media positions seconds. */
export type LearningRecord = z.infer<typeof recordSchema>

/** The id of a record: the same sitting has the same id in every replay, under whichever context. */
export function recordId(platform: string, learner: string, chapter: string, begin: Ms): string {
  return contentHash(['record', platform, learner, chapter, begin]).slice(0, 32)
}
