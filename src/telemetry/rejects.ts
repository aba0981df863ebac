/** Why a record was not taken: what it means, and what its platform can do. Writers count and document by these words. */
export const REJECT_REASONS = {
  'too-long': { means: 'the line is longer than 1 MiB', mend: 'send one event a line' },
  'bad-utf8': { means: 'the bytes are not valid UTF-8, or text holds half of a surrogate pair', mend: 'write the file in UTF-8, or name its encoding, as with `--encoding gb18030`' },
  nul: { means: 'the line contains a NUL character', mend: 'remove it; it often comes from UTF-16 or a torn write' },
  'bad-json': { means: 'the line is not JSON', mend: 'write one JSON object a line' },
  'bad-csv': { means: 'the row is not CSV, or has more or fewer fields than there are columns', mend: 'write fields with a comma, a quote or a line break in them in quotes, and quotes twice' },
  'too-deep': { means: 'objects and arrays are nested deeper than 32', mend: 'leave out what the event does not need' },
  'not-an-object': { means: 'the line is JSON, but not an object', mend: 'write one JSON object a line' },
  'missing-field': { means: 'a field that every event needs is missing', mend: 'send the field' },
  'wrong-type': { means: 'a field is of another type than it must be', mend: 'send the type that the message names; leave out what is not known' },
  'number-in-quotes': { means: 'a number is written as text', mend: 'remove the quotes' },
  'unknown-action': { means: 'the action is not one that Invigil knows', mend: 'map it to one of the known actions' },
  'out-of-range': { means: 'a number or a word is outside the values that are allowed', mend: 'send a value that the message allows' },
  'bad-date': { means: 'a time is not RFC 3339 with an offset, or no day of the calendar from 2000 to 2099', mend: 'write it like `2026-03-02T08:00:00+08:00`, or say how it is written: `timeZone` and `format` of a mapping, `--time-zone` and `--date-order` of Moodle' },
  'string-too-long': { means: 'a text is longer than is allowed', mend: 'shorten it' },
  'missing-chapter': { means: 'a playback event does not say which chapter', mend: 'send `chapter` with every playback action' },
  future: { means: 'the time lies more than 5 minutes ahead of when the record was stored', mend: "set the platform's clock" },
  'unknown-format': { means: 'the object is of no format that was asked for', mend: 'name the format with `--format`, or draft a mapping with `invigil infer`' },
} as const satisfies Record<string, { means: string; mend: string }>

export type RejectReason = keyof typeof REJECT_REASONS

/** Reasons of what is no record of a known format; a known record may lack something all the same. */
export const STRANGE: ReadonlySet<RejectReason> = new Set<RejectReason>(['unknown-format', 'bad-json', 'not-an-object', 'bad-utf8', 'nul'])

/** Why one record was not taken, in words for its platform. */
export interface Fault {
  reason: RejectReason
  message: string
}
