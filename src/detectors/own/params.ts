import { z } from 'zod'
import { DAY, duration, formatDuration, SECOND, type Ms } from '../../base/time.ts'

/**
 * What a rule may look over: a learner's events, or the sightings of a resource. Not of photos: what they are reached by is shared by
 * unlike ones, and `shared-photo` compares them.
 */
export const OVER = ['events', 'ip', 'device', 'account', 'class', 'person'] as const
export type Over = (typeof OVER)[number]

/** A key that has been silent for so long is forgotten: no rule can look further back. */
export const HORIZON: Ms = 31 * DAY
const LONGEST: Ms = 30 * DAY

/** Texts by which events can be told apart. */
const EVENT_TEXTS = ['action', 'account', 'session', 'device', 'agent', 'ip', 'class', 'course', 'chapter', 'video', 'item', 'challenge', 'outcome', 'photo'] as const
/** And sightings: learners are those of their platform. */
const SIGHTING_TEXTS = ['kind', 'platform', 'learner', 'account', 'session', 'device', 'ip', 'class', 'course', 'chapter'] as const
const EVENT_NUMBERS = ['elapsed', 'inputs', 'length', 'position', 'from', 'to', 'rate', 'similarity'] as const
const SIGHTING_NUMBERS = ['inputs'] as const

const TEXTS = [...new Set([...EVENT_TEXTS, ...SIGHTING_TEXTS])] as const
export type TextField = (typeof TEXTS)[number]
export type NumberField = (typeof EVENT_NUMBERS)[number]

export const textField = z.enum(TEXTS)
export const numberField = z.enum(EVENT_NUMBERS)

export function isTextOf(over: Over, field: TextField): boolean {
  return ((over === 'events' ? EVENT_TEXTS : SIGHTING_TEXTS) as readonly string[]).includes(field)
}

export function isNumberOf(over: Over, field: NumberField): boolean {
  return ((over === 'events' ? EVENT_NUMBERS : SIGHTING_NUMBERS) as readonly string[]).includes(field)
}

/** A length of time from a second to 30 days. */
export const stretch = duration
  .refine((ms) => ms >= SECOND && ms <= LONGEST, { error: `must be from ${formatDuration(SECOND)} to ${formatDuration(LONGEST)}` })
  .meta({ format: 'duration' })

/** CEL over the event or sighting, compiled by the loader. */
export const condition = z.string().min(1).max(4000).meta({ format: 'condition' })

/** Words that `says` may hold in braces, besides the fields of `by`. */
const SAYABLE = ['value', 'limit', 'times', 'within']

const says = z
  .strictObject({ en: z.string().min(1), zh: z.string().min(1) })
  .optional()
  .describe('The sentence of the warning in the words of the rule; `{value}`, `{limit}`, `{times}`, `{within}` and the fields of `by` are filled in.')

/** What all of these detectors have. */
export const commonParams = {
  over: z.enum(OVER).default('events').describe("A learner's `events`, or the sightings of a resource: who was on it, when, and doing what."),
  by: z.array(textField).max(4).default([]).describe('Fields each of whose values is looked at by itself, as each course of a learner. Of one learner or resource, 64 at a time; the longest silent gives way.'),
  end: stretch.prefault('30m').describe('An episode is over when it has not happened for so long: until then it is one warning.'),
  says,
}

/** Of params that have passed the schema of their detector. */
export interface CommonParams {
  over: Over
  by: readonly TextField[]
  end: Ms
  says?: { en: string; zh: string } | undefined
}

/** Checks that hold for all of them: fields that there are, and words that can be filled in. */
export function checkCommon({ over, by, says: texts }: CommonParams, issue: (path: (string | number)[], message: string) => void): void {
  by.forEach((field, i) => {
    if (!isTextOf(over, field)) issue(['by', i], wrongField(field, over))
    if (by.indexOf(field) !== i) issue(['by', i], `\`${field}\` is there twice`)
  })
  for (const language of ['en', 'zh'] as const) {
    for (const [, name = ''] of texts?.[language].matchAll(/\{(\w*)\}/g) ?? []) {
      if (![...SAYABLE, ...by].includes(name)) issue(['says', language], `\`{${name}}\` is nothing that can be filled in; known are ${[...SAYABLE, ...by].map((w) => `\`{${w}}\``).join(', ')}`)
    }
  }
}

export function wrongField(field: string, over: Over): string {
  return over === 'events' ? `an event has no \`${field}\`` : `a sighting has no \`${field}\`, which \`over: ${over}\` looks at`
}

/** The resource of a rule that does not look over events. */
export function resourceOf(over: Over): Exclude<Over, 'events'> | undefined {
  return over === 'events' ? undefined : over
}
