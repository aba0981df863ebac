import { z } from 'zod'
import { formatTime } from '../base/time.ts'
import type { LateEvent } from '../engine/output.ts'

/** Where a record stands in Kafka. */
export interface Origin {
  topic: string
  partition: number
  offset: number
}

const time = z.string().meta({ format: 'date-time' })

const what = {
  format: z.literal(1).describe('Of this contract: another number is another contract.'),
  platform: z.string().describe('That the event came from.'),
  learner: z.string().describe('Whom it is of: their next warnings say `partial`.'),
  id: z.string().describe('Of the event.'),
  time: time.describe('When it happened.'),
  watermark: time.describe('Up to when events of its platform had been handled when it came.'),
}

const text = z.string().describe('The event as it was written.')

/** An event that came too late, as it stands in `late.ndjson` of a run over files. */
export const fileLateSchema = z.strictObject({ ...what, text })

/** The same as it stands in `late`, and in `late.ndjson` of a run over an archive. */
export const topicLateSchema = z.strictObject({
  ...what,
  topic: z.string().describe('The telemetry, in which it stands.'),
  partition: z.int().min(0).describe('Of that topic.'),
  offset: z.int().min(0).describe('In that partition.'),
  text,
})

/** A late event, as it is told of. */
export function lateRecord(late: LateEvent): z.infer<typeof fileLateSchema>
export function lateRecord(late: LateEvent, origin: Origin): z.infer<typeof topicLateSchema>
export function lateRecord({ event, watermark }: LateEvent, origin?: Origin): object {
  const { platform, learner, id, raw } = event
  const where = origin && { topic: origin.topic, partition: origin.partition, offset: origin.offset }
  return { format: 1, platform, learner, id, time: formatTime(event.time), watermark: formatTime(watermark), ...where, text: raw }
}
