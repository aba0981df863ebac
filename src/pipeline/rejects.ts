import { z } from 'zod'
import { KEPT_OF_LONG } from '../io/lines.ts'
import { REJECT_REASONS, type RejectReason } from '../telemetry/rejects.ts'

// Base64 of 64 KiB.
const MOST_KEY = 4 * Math.ceil(KEPT_OF_LONG / 3)

/** What is said of a record that was not taken, wherever it stood. */
const what = {
  format: z.literal(1).describe('Of this contract: another number is another contract.'),
  reason: z.enum(Object.keys(REJECT_REASONS) as [RejectReason, ...RejectReason[]]).describe('Why it was not taken, as one word to count by.'),
  message: z.string().describe('The same for a reader, with the value at fault.'),
}

const original = {
  text: z.string().optional().describe('The record; of one over 1 MiB its first 64 KiB.'),
  base64: z.string().optional().describe('The same, where it is not UTF-8 or text would be too long. Neither of both: the record had no value.'),
  length: z.int().min(0).describe('Bytes in the record.'),
}

/** A record of a file that was not taken, with its original bytes and where it came from, as it stands in `rejects.ndjson`. */
export const fileRejectSchema = z.strictObject({
  ...what,
  file: z.string().describe('The log.'),
  line: z.int().min(1).describe('Its line, from 1.'),
  offset: z.int().min(0).describe('Bytes before it, once the log is unpacked.'),
  ...original,
})
export type Reject = z.infer<typeof fileRejectSchema>

/** A record that was not taken, or not in all its parts, as it stands in `rejects`: what `invigil replay` makes the record of again. */
export const kafkaRejectSchema = z.strictObject({
  ...what,
  topic: z.string().describe('Where it came from.'),
  partition: z.int().min(0).describe('Of that topic.'),
  offset: z.int().min(0).describe('In that partition.'),
  stamp: z.string().optional().describe('When the record was stored, or sent, by its timestamp.'),
  key: z.string().max(MOST_KEY).optional().describe("The record's key in base64, where it has one of at most 64 KiB."),
  faults: z.int().min(2).optional().describe('How many parts of the record were not taken, where that is more than one; `reason` and `message` are those of the first.'),
  ...original,
})
export type KafkaReject = z.infer<typeof kafkaRejectSchema>
