import { z } from 'zod'
import type { Ms } from '../base/time.ts'
import type { Held } from './held.ts'

/** What can happen; the xAPI video profile's verbs where it has one. */
export const ACTIONS = [
  'logged-in', 'logged-out', 'initialized', 'played', 'paused', 'seeked', 'rate-changed', 'heartbeat', 'completed',
  'terminated', 'navigated', 'answered', 'face-requested', 'face-checked', 'attended',
] as const
export type Action = (typeof ACTIONS)[number]

/** Actions that belong to the playback of a chapter and therefore must name it. */
export const PLAYBACK: ReadonlySet<string> = new Set<Action>([
  'initialized', 'played', 'paused', 'seeked', 'rate-changed', 'heartbeat', 'completed', 'terminated',
])

const text = z.string().max(1024)
const seconds = z.number().min(0)

/** The canonical event as it is written in JSON: the contract with the platforms. Unknown fields are allowed and unused. */
export const eventSchema = z.looseObject({
  id: z.string().min(1).max(128).describe('Unique within its platform and learner; the same id and time again is a duplicate.'),
  time: z.string().max(64).describe('When it happened: RFC 3339 with offset.'),
  received: z.string().max(64).optional().describe("When the platform's server got it: RFC 3339 with offset."),
  action: z.enum(ACTIONS).describe('What happened.'),
  platform: text.min(1).describe('The platform that reports it.'),
  learner: text.min(1).describe('The person (a pseudonym is fine).'),
  account: text.optional().describe('Login name.'),
  session: text.optional().describe('Login session.'),
  device: text.optional().describe('Device id.'),
  agent: z.string().max(2048).optional().describe('User agent.'),
  ip: text.optional().describe('IPv4 or IPv6 address.'),
  class: text.optional().describe('A group enrolled together.'),
  course: text.optional().describe('Chapters in their order.'),
  chapter: text.optional().describe('The unit that is credited; needed for playback.'),
  video: text.optional().describe('The media, where a chapter has several.'),
  position: seconds.optional().describe('Media position in seconds.'),
  from: seconds.optional().describe('Media position that a seek left, in seconds.'),
  to: seconds.optional().describe('Media position that a seek reached, in seconds.'),
  length: seconds.optional().describe('Media length in seconds.'),
  rate: z.number().gt(0).optional().describe("Playback rate; without it, the session's last `rate-changed`, else 1."),
  visible: z.boolean().optional().describe('Whether the page is visible.'),
  muted: z.boolean().optional().describe('Whether the sound is off.'),
  inputs: z.int().min(0).optional().describe("Pointer and key inputs since the session's last event that carried `inputs`."),
  item: text.optional().describe('A quiz item.'),
  correct: z.boolean().optional().describe('Whether the answer was right.'),
  elapsed: seconds.optional().describe('Seconds that the answer took.'),
  challenge: text.optional().describe('Which face check.'),
  outcome: z.enum(['passed', 'failed', 'unusable', 'missed']).optional().describe('What came of the face check.'),
  photo: z.string().max(1024).regex(/^[0-9a-fA-F]+$/).optional().describe('Hash of the face photo: 16 hex digits of a 64-bit dHash, or another hash, which serves for equality only.'),
  similarity: z.number().min(0).max(1).optional().describe('How like the photo is to the one on file, from 0 to 1.'),
})

/** What the platform wrote, checked. */
export type WireEvent = z.infer<typeof eventSchema>

/** A field that a detector may need; `place` stands for a located `ip`. */
export type Field = Exclude<keyof typeof eventSchema.shape, 'id' | 'time' | 'action' | 'platform' | 'learner'>

/** The optional fields in a fixed order: bit n of `Event.present` says that field n was given. */
export const FIELDS = Object.keys(eventSchema.shape).filter(
  (k) => !['id', 'time', 'action', 'platform', 'learner'].includes(k),
) as Field[]

/** Where an address is, as far as the GeoIP databases and the catalogue's networks know. Absent means unknown. */
export interface Place {
  /** `private` covers private, loopback, link-local and carrier NAT ranges, which are no places. */
  kind: 'public' | 'private' | 'invalid'
  /** ISO 3166-1 alpha-2. */
  country?: string
  /** English name of the first-level subdivision, or its ISO 3166-2 code where the database has one. */
  province?: string
  provinceCode?: string
  city?: string
  /** Degrees; only where the database knows the city, since a country's midpoint is no place. */
  latitude?: number
  longitude?: number
  /** Autonomous system number and its holder. */
  asn?: number
  holder?: string
}

/** How much is known of a place. */
export const PLACE_LEVELS = ['country', 'province', 'city', 'holder'] as const
export type PlaceLevel = (typeof PLACE_LEVELS)[number]

/**
 * An event as the engine sees it. A class, so that every event has the same shape and the hot path stays monomorphic;
 * the fields are those of `eventSchema`, with times as milliseconds.
 */
export class Event implements Held {
  id = ''
  time: Ms = 0
  received: Ms | undefined = undefined
  action: Action = 'heartbeat'
  platform = ''
  learner = ''
  account: string | undefined = undefined
  session: string | undefined = undefined
  device: string | undefined = undefined
  agent: string | undefined = undefined
  ip: string | undefined = undefined
  class: string | undefined = undefined
  course: string | undefined = undefined
  chapter: string | undefined = undefined
  video: string | undefined = undefined
  position: number | undefined = undefined
  from: number | undefined = undefined
  to: number | undefined = undefined
  length: number | undefined = undefined
  rate: number | undefined = undefined
  visible: boolean | undefined = undefined
  muted: boolean | undefined = undefined
  inputs: number | undefined = undefined
  item: string | undefined = undefined
  correct: boolean | undefined = undefined
  elapsed: number | undefined = undefined
  challenge: string | undefined = undefined
  outcome: 'passed' | 'failed' | 'unusable' | 'missed' | undefined = undefined
  photo: string | undefined = undefined
  similarity: number | undefined = undefined
  /** Minutes east of UTC that `time` was written with: the local day where no time zone is known. */
  offset = 0
  /** Which optional fields the platform gave: bit n is `FIELDS[n]`. */
  present = 0
  /** `hashText` of `id`: 32 bits by which an id is found again. */
  idHash = 0
  /** Where `ip` is; undefined without `ip`. */
  place: Place | undefined = undefined
  /** See `Held.stamp`. */
  stamp: Ms | undefined = undefined
  /** The original record, while the event may still be rejected, late or compared with its duplicate. */
  raw = ''

  read(): Event {
    return this
  }

  drop(): void {
    // Nothing is kept for it.
  }
}

/** 32-bit hash of a text's UTF-8 bytes (polynomial in 31, as Java's). The scanner makes the same while it reads. */
export function hashText(text: string): number {
  const bytes = Buffer.from(text)
  let h = 0
  for (let i = 0; i < bytes.length; i++) h = (Math.imul(h, 31) + (bytes[i] as number)) | 0
  return h
}
