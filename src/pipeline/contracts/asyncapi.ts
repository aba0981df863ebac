import { TOPICS, type TopicKind } from '../../io/kafka/config.ts'
import { topicsOf, type Topic, type TopicsConfig } from '../../io/kafka/topics.ts'
import { contracts, schemaOf, type Contract, type Form } from './index.ts'
import type { JsonSchema } from './json-schema.ts'

/** A topic of a platform, as the configuration names it. */
export interface Source {
  topic: string
  format: string
}

/** What Invigil hands over to itself: no contract, and another in each version. */
const INTERNAL: Partial<Record<TopicKind, string>> = {
  marks: 'How far time has come, from the timekeeper to the tasks.',
  sightings: 'Who was on which shared resource when, from the learner stage to the resource stage.',
  contexts: 'Rules by their hash, from `invigil rules publish` to the tasks.',
}

const SAID: Partial<Record<TopicKind, string>> = {
  telemetry: 'Events of all platforms in their canonical form. Invigil writes what it reads from the platforms’ topics; a platform may write here itself. The broker sets the stamps.',
  warnings: 'Warnings that count.', shadow: 'Warnings of rules in the shadow, which count for nobody yet.', records: 'Learning records.', prompts: 'What platforms show their learners.',
  reviews: 'What is said of warnings by those who looked into them.', rejects: 'Records that were not taken.', late: 'Events that came too late.',
}

/** Who writes and who reads a topic, from where Invigil stands. */
const DONE: Partial<Record<TopicKind, readonly ('send' | 'receive')[]>> = { telemetry: ['send', 'receive'], reviews: ['send', 'receive'], rejects: ['send', 'receive'] }

const BINDING = { bindingVersion: '0.5.0' } as const
const ref = (path: string): { $ref: string } => ({ $ref: `#/${path}` })

/** The AsyncAPI 3 document of Invigil's topics as a configuration names and makes them, and of the platforms' topics that it reads. */
export function asyncApiOf(config: TopicsConfig, sources: readonly Source[], version: string): object {
  const topics = topicsOf(config)
  const forms = contracts.flatMap((c) => c.forms.filter((f) => f.topics.length > 0).map((f) => ({ contract: c, form: f })))
  const channels = [...sourceChannels(sources), ...topics.map((t): [string, object] => [t.kind, channelOf(t)])]
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Invigil', version,
      description: 'Topics of Invigil, which watches online vocational training as it happens and warns of cheating. Addresses and numbers are those of one configuration; the schemas are the same everywhere.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(channels),
    operations: Object.fromEntries([
      ...sourceChannels(sources).map(([key]) => operationOf(key, 'receive')),
      ...TOPICS.filter((kind) => INTERNAL[kind] === undefined).flatMap((kind) => (DONE[kind] ?? ['send']).map((action) => operationOf(kind, action))),
    ]),
    components: {
      messages: Object.fromEntries(forms.map(({ contract, form }) => [form.name, messageOf(contract, form)])),
      schemas: Object.fromEntries(forms.map(({ form }) => [form.name, withoutDialect(schemaOf(form, 'draft-7'))])),
    },
  }
}

// The payload of a message is of draft 07 where it does not say otherwise.
function withoutDialect(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword !== '$schema'))
}

function channelOf({ kind, name, partitions, replication, configs }: Topic): object {
  const internal = INTERNAL[kind]
  const messages = contracts.flatMap((c) => c.forms).filter((f) => f.topics.includes(kind)).map((f): [string, object] => [f.name, ref(`components/messages/${f.name}`)])
  const opaque: [string, object] = ['internal', { title: 'Internal', contentType: 'application/octet-stream', summary: 'No contract: read by Invigil alone.' }]
  return {
    address: name,
    description: internal === undefined ? SAID[kind] : `Internal. ${internal}`,
    messages: Object.fromEntries(internal === undefined ? messages : [opaque]),
    bindings: { kafka: { topic: name, partitions, ...(replication === undefined ? {} : { replicas: replication }), topicConfiguration: configurationOf(configs), ...BINDING } },
  }
}

function configurationOf(configs: Topic['configs']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(configs).map(([key, value]) => [key, key === 'cleanup.policy' ? value.split(',') : /^-?\d+$/.test(value) ? Number(value) : value]))
}

function sourceChannels(sources: readonly Source[]): [string, object][] {
  const messages = (format: string) => (
    format === 'canonical' || format === 'auto'
      ? { event: ref('components/messages/event') }
      : { record: { title: `A record in the format \`${format}\``, summary: 'What becomes events in `telemetry`.' } }
  )
  if (sources.length === 0) {
    return [['platforms', { address: null, description: 'The platforms’ own topics, which the configuration names under `sources`, with any key.', messages: messages('canonical') }]]
  }
  return sources.map(({ topic, format }) => [`source.${topic}`, { address: topic, description: 'A platform’s own topic, with any key.', messages: messages(format) }])
}

function operationOf(channel: string, action: 'send' | 'receive'): [string, object] {
  return [`${action}.${channel}`, { action, channel: ref(`channels/${channel}`) }]
}

function messageOf(contract: Contract, form: Form): object {
  return {
    name: form.name, title: contract.title, summary: summaryOf(contract), contentType: 'application/json', headers: headersOf(contract), payload: ref(`components/schemas/${form.name}`),
    bindings: { kafka: { key: { type: 'string', description: `Key: ${contract.key}.` }, ...BINDING } },
    examples: [{ payload: form.example }],
  }
}

/** The first sentence of what there is to say. */
export function summaryOf({ about }: Contract): string {
  return /^.*?[.:](?= |$)/.exec(about)?.[0].replace(/:$/, '.') ?? about
}

/** The JSON Schema of the headers of a contract's records. */
export function headersOf({ name, cloudEvent }: Contract): JsonSchema {
  const text = (description: string): JsonSchema => ({ type: 'string', description })
  const json: Record<string, JsonSchema> = { 'content-type': { const: 'application/json' } }
  if (cloudEvent !== undefined) {
    const properties: Record<string, JsonSchema> = {
      ce_specversion: { const: '1.0' }, ce_type: { const: `invigil.${name}.v1` }, ce_source: { const: 'invigil' }, ce_id: text(`${cloudEvent.id}.`),
      ce_subject: text(`${cloudEvent.subject}; what would break it apart is percent-encoded.`), ce_time: { ...text(`${cloudEvent.time}.`), format: 'date-time' }, ...json,
    }
    return { type: 'object', required: Object.keys(properties), properties }
  }
  if (name === 'reject') return { type: 'object', required: ['content-type', 'reason'], properties: { ...json, reason: text('That of the record, to choose by without reading it.') } }
  return {
    type: 'object',
    description: 'Of an event that Invigil wrote: where it came from. One that its platform wrote here itself has none of them.',
    properties: {
      'source-topic': text('The platform’s topic.'), 'source-partition': text('The partition there.'), 'source-offset': text('The offset there.'),
      'source-time': text('When the record was stored there, or sent: milliseconds since 1970.'), 'source-sha256': text('SHA-256 of the original record, in hex.'),
    },
  }
}
