import type { z } from 'zod'
import type { TopicKind } from '../../io/kafka/config.ts'
import { recordSchema } from '../../records/record.ts'
import { eventSchema, PLAYBACK } from '../../telemetry/event.ts'
import { reviewSchema } from '../../warnings/review.ts'
import { promptSchema, warningSchema } from '../../warnings/warning.ts'
import { fileLateSchema, topicLateSchema } from '../late.ts'
import { fileRejectSchema, kafkaRejectSchema } from '../rejects.ts'
import * as examples from './examples.ts'
import { jsonSchemaOf, type JsonSchema } from './json-schema.ts'

/** One form in which something is written. */
export interface Form {
  /** Also the name of its schema. */
  name: string
  schema: z.ZodType
  /** What zod cannot say and JSON Schema can. */
  more?: JsonSchema
  /** Files in the folder of a run's output that hold one a line. */
  files: readonly string[]
  topics: readonly TopicKind[]
  example: unknown
}

/** Something that Invigil and others exchange, by a schema that is its only declaration. */
export interface Contract {
  name: string
  title: string
  /** What it is for, and what its readers must know, in Markdown. */
  about: string
  /** By what its records are keyed in Kafka. */
  key: string
  /** Whether its headers are those of a CloudEvent, of type `invigil.<name>.v1`; and what its id, subject and time are. */
  cloudEvent?: { id: string; subject: string; time: string }
  forms: readonly Form[]
}

// oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
const PLAYED_IN_A_CHAPTER: JsonSchema = { if: { required: ['action'], properties: { action: { enum: [...PLAYBACK] } } }, then: { required: ['chapter'], properties: { chapter: {} } } }
const BY_LEARNER = 'the platform, a NUL character, the learner'

/** Every contract: the one list, in the order in which things happen. */
export const contracts: readonly Contract[] = [
  {
    name: 'event', title: 'Event',
    about:
      'One thing that happened on a platform: what platforms send, one JSON object a line or a record. Unknown fields are allowed and unused. Playback (`initialized`, `played`, `paused`, `seeked`, ' +
      '`rate-changed`, `heartbeat`, `completed`, `terminated`) must name its `chapter`. Of two events with the same `id` and `time` of one learner one is taken. A line has at most 1 MiB, and ' +
      'objects are nested at most 32 deep. In `telemetry` an event has its fields in the order of this table, and as a last member `place`, where its address was found to be.',
    key: BY_LEARNER,
    forms: [{ name: 'event', schema: eventSchema, more: PLAYED_IN_A_CHAPTER, files: [], topics: ['telemetry'], example: examples.event }],
  },
  {
    name: 'warning', title: 'Warning',
    about:
      'What a rule raised. The latest revision is the whole truth of an id: a later one replaces the one before, and one that is `withdrawn` counts no more. Read the topic with `read_committed`, or drop ' +
      'repeats by `id` and `revision`. Warnings of rules in the shadow have the same form, in a file and a topic of their own, and count for nobody.',
    key: 'the `id`', cloudEvent: { id: '`<id>.<revision>`', subject: '`<kind>/<platform>/<id>` of the subject', time: '`raised`' },
    forms: [{ name: 'warning', schema: warningSchema, files: ['warnings.ndjson', 'shadow.ndjson'], topics: ['warnings', 'shadow'], example: examples.warning }],
  },
  {
    name: 'prompt', title: 'Prompt',
    about: 'What a platform shows its learner when a warning was raised, in each language that the rule has. It is sent once for each learner of a warning, and is not worth showing after `until`.',
    key: BY_LEARNER, cloudEvent: { id: '`<warning>.<hash of the learner>`', subject: '`learner/<platform>/<learner>`', time: '`raised`' },
    forms: [{ name: 'prompt', schema: promptSchema, files: ['prompts.ndjson'], topics: ['prompts'], example: examples.prompt }],
  },
  {
    name: 'record', title: 'Learning record',
    about: 'What the log proves of one sitting of one learner over one chapter. The latest revision is the whole truth of an id. Times are in UTC; lengths of time and media positions are seconds.',
    key: 'the `id`', cloudEvent: { id: '`<id>.<revision>`', subject: '`learner/<platform>/<learner>`', time: '`written`' },
    forms: [{ name: 'record', schema: recordSchema, files: ['records.ndjson'], topics: ['records'], example: examples.record }],
  },
  {
    name: 'review', title: 'Review',
    about: 'What somebody who looked into a warning says of it. Of several of one warning the latest by `at` counts.',
    key: 'the `warning`', cloudEvent: { id: '`<warning>.<hash of the review>`', subject: '`rule//<rule>`', time: '`at`' },
    forms: [{ name: 'review', schema: reviewSchema, files: ['reviews.ndjson'], topics: ['reviews'], example: examples.review }],
  },
  {
    name: 'reject', title: 'Reject',
    about: 'A record that was not taken, or not in all its parts, with its original bytes and where it stands, so that it can be mended and sent again (`invigil replay --topic rejects`). A run over an archive writes into its file what stands in Kafka.',
    key: '`<topic>/<partition>` that it came from',
    forms: [
      { name: 'reject-file', schema: fileRejectSchema, files: ['rejects.ndjson'], topics: [], example: examples.fileReject },
      { name: 'reject', schema: kafkaRejectSchema, files: [], topics: ['rejects'], example: examples.kafkaReject },
    ],
  },
  {
    name: 'late', title: 'Late event',
    about: 'An event that came after its time had been handled. It counts for nothing but its lateness, and makes the next warnings of its learner `partial`. A run over an archive writes into its file what stands in Kafka.',
    key: BY_LEARNER, cloudEvent: { id: '`<topic>/<partition>/<offset>`', subject: '`learner/<platform>/<learner>`', time: '`time` of the event' },
    forms: [
      { name: 'late-file', schema: fileLateSchema, files: ['late.ndjson'], topics: [], example: examples.fileLate },
      { name: 'late', schema: topicLateSchema, files: [], topics: ['late'], example: examples.topicLate },
    ],
  },
]

/** The JSON Schema of a form. `draft-7` where a reader takes no newer one. */
export function schemaOf({ schema, more }: Form, target?: 'draft-2020-12' | 'draft-7'): JsonSchema {
  return { ...jsonSchemaOf(schema, target), ...more }
}
