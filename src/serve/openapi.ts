import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { z } from 'zod'
import { FORMATS } from '../telemetry/decode.ts'
import { eventSchema } from '../telemetry/event.ts'
import { recordSchema } from '../records/record.ts'
import { REJECT_REASONS } from '../telemetry/rejects.ts'
import { promptSchema, warningSchema } from '../warnings/warning.ts'
import type { ServeConfig } from './config.ts'
import type { FeedName } from './feed/feed.ts'

const errorSchema = z.strictObject({
  error: z.strictObject({ reason: z.string().describe('A word for programs.'), message: z.string().describe('What is wrong, and the mend.') }),
})

const answerSchema = z.strictObject({
  accepted: z.int().min(0).describe('Events that are kept: they survive a crash.'),
  rejected: z.int().min(0).describe('Records of which something was not taken. They need not be sent again as they are.'),
  rejects: z.array(z.strictObject({
    record: z.int().min(1).describe('Which record, counted from 1: the line, or the member of the list.'),
    reason: z.enum(Object.keys(REJECT_REASONS) as [string, ...string[]]),
    message: z.string(),
  })).max(100).describe('The first hundred of them.'),
  ignored: z.record(z.string(), z.int().min(1)).describe('What the format has and Invigil does not use, by verb.'),
})

/** A schema as the document has it. */
export function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema)
  return rest
}

const REFUSALS = {
  400: 'The request itself is wrong: its list, its gzip data, its parameters.',
  401: 'No token, or none that is known.',
  403: 'The token may not do this. An event of another platform: nothing of the request is kept.',
  404: 'Nothing is here.',
  408: 'The request did not come in whole within the time that it may take.',
  410: 'What is asked for after is not there any more: begin without `after`.',
  413: 'Too many bytes or records: send them in several requests.',
  415: 'Another type or encoding of content than is taken.',
  429: 'Too much at the moment: `Retry-After` says when to come again.',
  503: 'The events could not be kept for sure: send them again.',
} as const

/** The refusals that a path may answer with. */
export function refusals(...codes: (keyof typeof REFUSALS)[]): Record<number, object> {
  return Object.fromEntries(codes.map((code) => [code, { description: REFUSALS[code], content: { 'application/json': { schema: jsonSchema(errorSchema) } } }]))
}

/** What the document says of `POST /v1/events`. */
export function eventsDocs(): FastifySchema {
  const event = jsonSchema(eventSchema)
  return {
    summary: 'Send events',
    description: 'Events of the token\'s platform, one a line or as a list, as they are or gzipped (`Content-Encoding: gzip`). The answer comes once they would survive a crash. Sending a request again is safe: events of the same learner, id and time are one.',
    tags: ['events'],
    security: [{ token: [] }],
    querystring: { type: 'object', properties: { format: { type: 'string', enum: [...FORMATS], description: 'What the events are written in; without it, what the token says.' } } },
    body: {
      content: {
        'application/x-ndjson': { schema: { type: 'string', description: 'One record a line. The schema of a canonical event is that of `application/json`.' } },
        'application/json': { schema: { type: 'array', items: event } },
      },
    },
    response: { 200: { description: 'What became of the records.', content: { 'application/json': { schema: jsonSchema(answerSchema) } } }, ...refusals(400, 401, 403, 408, 413, 415, 429, 503) },
  }
}

const FEED_DOCS: Readonly<Record<FeedName, { schema: z.ZodType; summary: string; note: string }>> = {
  warnings: { schema: warningSchema, summary: 'Read warnings', note: 'A later revision of an id replaces the one before. One that also concerns others than the token may see is shown without what tells who they are.' },
  prompts: { schema: promptSchema, summary: 'Read prompts', note: "What the token's platforms show to their learners; not worth showing after `until`." },
  records: { schema: recordSchema, summary: 'Read learning records', note: 'A later revision of an id replaces the one before.' },
}

/** What the document says of a feed. */
export function feedDocs(name: FeedName): FastifySchema {
  const { schema, summary, note } = FEED_DOCS[name]
  const item = jsonSchema(schema)
  return {
    summary,
    description: `With \`Accept: text/event-stream\` they come as server-sent events for as long as the client listens, the id of each being what \`Last-Event-ID\` or \`after\` goes on from; else as a list. Both begin with the oldest. ${note}`,
    tags: ['feeds'],
    security: [{ token: [] }],
    querystring: {
      type: 'object',
      properties: {
        after: { type: 'string', description: 'Only what came after this: `next` of a list, or the id of an event.' },
        limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100, description: 'The most items in a list.' },
      },
    },
    response: {
      200: {
        description: summary,
        content: {
          'application/json': {
            schema: {
              type: 'object', required: ['items', 'next', 'more'],
              properties: { items: { type: 'array', items: item }, next: { type: ['string', 'null'], description: 'What to say as `after` the next time.' }, more: { type: 'boolean', description: 'Whether there may be more already.' } },
            },
          },
          'text/event-stream': { schema: { type: 'string', description: 'Events whose data is one item each, and comments in between that keep the connection open.' } },
        },
      },
      ...refusals(400, 401, 403, 410, 429),
    },
  }
}

/** Makes the document, and serves it. */
export async function describe(app: FastifyInstance, config: ServeConfig): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Invigil', version: '1', description: 'Send what learners do, and read the warnings.' },
      servers: [{ url: `${config.tls ? 'https' : 'http'}://localhost`, description: 'Wherever it is served.' }],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    convertConstToEnum: false,
  })
  app.get('/v1/openapi.json', { schema: { hide: true } }, async (_, reply) => reply.type('application/json; charset=utf-8').send(JSON.stringify(app.swagger())))
}
