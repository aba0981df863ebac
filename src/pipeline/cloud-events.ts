import { contentHash } from '../base/hash.ts'
import { formatTime } from '../base/time.ts'
import type { LateEvent } from '../engine/output.ts'
import type { LearningRecord } from '../records/record.ts'
import type { Review } from '../warnings/review.ts'
import type { Prompt, Warning } from '../warnings/warning.ts'
import { lateRecord, type Origin } from './late.ts'

export type { Origin } from './late.ts'

/** A record for Kafka that says by headers what it is: a CloudEvent in binary mode. */
export interface CloudEventMessage {
  key: string
  value: Buffer
  headers: Record<string, string>
}

const SOURCE = 'invigil'

/** Key of all that is meant for one learner: it comes to readers in its order. */
export function learnerKey(platform: string, learner: string): string {
  return `${platform}\u0000${learner}`
}

/** A warning as it stands in `warnings`: the bytes of a line of `warnings.ndjson`. `ce_id` is the same for every writing of a revision, by which readers drop repeats. */
export function warningMessage(warning: Warning): CloudEventMessage {
  const { id, revision, subject, raised } = warning
  return message(id, warning, { type: 'warning', id: `${id}.${revision}`, subject: subjectOf(subject.kind, subject.platform, subject.id), time: raised })
}

/** A prompt as it stands in `prompts`, in the order of its learner's. A warning prompts each learner once. */
export function promptMessage(prompt: Prompt): CloudEventMessage {
  const { platform, learner, warning, raised } = prompt
  const id = `${warning}.${contentHash([platform, learner]).slice(0, 16)}`
  return message(learnerKey(platform, learner), prompt, { type: 'prompt', id, subject: subjectOf('learner', platform, learner), time: raised })
}

/** A learning record as it stands in `records`: the bytes of a line of `records.ndjson`. `ce_id` is the same for every writing of a revision. */
export function recordMessage(record: LearningRecord): CloudEventMessage {
  const { id, revision, platform, learner, written } = record
  return message(id, record, { type: 'record', id: `${id}.${revision}`, subject: subjectOf('learner', platform, learner), time: written })
}

/** A review as it stands in `reviews`, in the order of its warning's. `ce_time` is when it was said. */
export function reviewMessage(review: Review): CloudEventMessage {
  const { warning, rule, at } = review
  const id = `${warning}.${contentHash(review).slice(0, 16)}`
  return message(warning, review, { type: 'review', id, subject: subjectOf('rule', '', rule), time: at })
}

/** An event that came too late as it stands in `late`, with its bytes in `telemetry` and where they are. `ce_time` is that of the event. */
export function lateMessage(late: LateEvent, origin: Origin): CloudEventMessage {
  const { platform, learner } = late.event
  const time = formatTime(late.event.time)
  const value = lateRecord(late, origin)
  const id = `${origin.topic}/${origin.partition}/${origin.offset}`
  return message(learnerKey(platform, learner), value, { type: 'late', id, subject: subjectOf('learner', platform, learner), time })
}

function message(key: string, value: object, { type, id, subject, time }: { type: string; id: string; subject: string; time: string }): CloudEventMessage {
  return {
    key,
    value: Buffer.from(JSON.stringify(value)),
    headers: {
      ce_specversion: '1.0', ce_type: `invigil.${type}.v1`, ce_source: SOURCE, ce_id: id, ce_subject: subject, ce_time: time,
      'content-type': 'application/json',
    },
  }
}

/** `<kind>/<platform>/<id>`. What would break it apart, or is not allowed in an attribute, is percent-encoded; the value tells the plain ids. */
function subjectOf(kind: string, platform: string, id: string): string {
  return `${kind}/${encode(platform, '%/')}/${encode(id, '%')}`
}

function encode(text: string, also: string): string {
  let encoded = ''
  for (const c of text) {
    const n = c.codePointAt(0) as number
    encoded += n < 0x20 || (n >= 0x7f && n < 0xa0) || also.includes(c) ? encodeURIComponent(c) : c
  }
  return encoded
}
