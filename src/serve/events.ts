import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { InvigilError } from '../base/errors.ts'
import { SECOND, type Ms } from '../base/time.ts'
import { FORMATS, type Format } from '../telemetry/decode.ts'
import { BUSY, checkHead, readBody, Room } from './body.ts'
import { eventsDocs } from './openapi.ts'
import { Refusal } from './refusal.ts'
import type { Surroundings } from './server.ts'
import type { Store } from './store.ts'
import { Reader, type Answer, type Form, type Taken } from './take.ts'
import type { Holder, Tokens } from './tokens.ts'

/** Bodies of all requests at hand, in memory. */
const MOST_BODIES = 64 << 20
/** Of that, what one token may have, if it is no less than two of its requests: who sends slowly must not keep the others out. */
const LEAST_OF_ONE = 16 << 20
/** More than this is waiting to be made durable: the disk or the brokers do not keep up. */
const MOST_BACKLOG = 32 << 20
const AGAIN_WHEN_BROKEN = 30
const AGAIN_WHEN_FAILED = 5

const LINES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines']
const JSON_TYPES = ['application/json']

/** What takes events. */
export interface Intake {
  tokens: Tokens
  /** Where the events of a token are kept. */
  storeOf: (holder: Holder) => Store
  /** What the events of a token are written in, where a request cannot say. */
  formOf?: (holder: Holder) => Form | undefined
  /** The wall clock. */
  now: () => Ms
}

/** `POST /v1/events`. */
export function eventRoutes(surroundings: Surroundings, { tokens, storeOf, formOf, now }: Intake): (app: FastifyInstance) => void {
  const { readiness, health, meter, log } = surroundings
  const all = new Room(MOST_BODIES)
  const rooms = new Map(tokens.holders.map((holder) => [holder, new Room(Math.max(LEAST_OF_ONE, 2 * holder.limits.bytes), all)]))
  const roomOf = (holder: Holder): Room => rooms.get(holder) as Room
  const readers = new Map<string, Reader>()
  const ticks = (): Ms => performance.now()

  function readerOf(holder: Holder, asked: unknown): Reader {
    const { platform, format: usual } = holder.config
    if (platform === undefined) throw new Refusal(403, 'may-not-write', 'this token may read, and write nothing')
    const fixed = formOf?.(holder)
    const format = asked === undefined ? (fixed?.format ?? usual) : asked
    if (fixed?.format !== format && !(FORMATS as readonly unknown[]).includes(format)) throw new Refusal(400, 'unknown-format', `\`format\` is one of ${FORMATS.join(', ')}`)
    if (fixed !== undefined && format !== fixed.format) throw new Refusal(400, 'other-format', `what this token sends is read as \`${fixed.format}\`; leave \`format\` out`)
    const key = JSON.stringify([fixed === undefined ? '' : holder.name, platform, format])
    let reader = readers.get(key)
    if (reader === undefined) readers.set(key, (reader = new Reader(platform, fixed ?? { format: format as Format })))
    return reader
  }

  function hurry(holder: Holder): void {
    const store = storeOf(holder)
    if (store.broken !== undefined) throw new Refusal(503, 'broken', 'events cannot be kept at the moment', AGAIN_WHEN_BROKEN)
    if (store.backlog > MOST_BACKLOG || roomOf(holder).isFull) throw new Refusal(429, 'busy', BUSY, 1)
    const wait = Math.max(holder.requests.wait(ticks()), holder.events.wait(ticks()))
    if (wait > 0) throw new Refusal(429, 'too-often', 'this token has sent as much as it may; send it again after a while', wait / SECOND)
    holder.requests.take(1, ticks())
  }

  async function keep(taken: Taken, store: Store): Promise<void> {
    try {
      await store.put(taken)
      readiness.met('store')
    } catch (e) {
      if (!(e instanceof InvigilError) || e.domain === 'bug') throw e
      readiness.unmet('store', 'events cannot be kept')
      if (store.broken !== undefined) health.unmet('store', store.broken)
      log.error({ error: e.message }, 'events could not be kept, and were not acknowledged')
      throw new Refusal(503, 'not-kept', 'the events could not be kept for sure; send them again: those with the same id and time count once', AGAIN_WHEN_FAILED)
    }
  }

  function count({ answer, reasons }: Taken, platform: string): void {
    meter.count('events_read_total', answer.accepted, { platform })
    for (const [reason, n] of reasons) meter.count('records_rejected_total', n, { reason })
    for (const [verb, n] of Object.entries(answer.ignored)) meter.count('events_ignored_total', n, { verb })
  }

  return (app) => {
    app.addContentTypeParser([...LINES, ...JSON_TYPES], (_, payload, done) => done(null, payload))
    app.post<{ Querystring: { format?: unknown } }>('/v1/events', {
      schema: eventsDocs(),
      onRequest: (request, _, done) => {
        const holder = tokens.find(request.headers.authorization)
        request.holder = holder
        readerOf(holder, request.query.format)
        checkHead(request.raw, holder.limits.bytes)
        hurry(holder)
        done()
      },
    }, async (request, reply): Promise<Answer> => {
      const holder = request.holder as Holder
      const reader = readerOf(holder, request.query.format)
      if (request.headers.expect !== undefined) reply.raw.writeContinue()
      const body = await readBody(request.body as IncomingMessage, holder.limits.bytes, roomOf(holder))
      try {
        const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
        const taken = await reader.take(body.bytes, LINES.includes(type) ? 'lines' : 'json', holder.limits.records, now())
        holder.events.take(taken.records, ticks())
        await keep(taken, storeOf(holder))
        count(taken, holder.config.platform as string)
        void reply.header('cache-control', 'no-store')
        return taken.answer
      } finally {
        body.letGo()
      }
    })
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends the request, once that is known. */
    holder?: Holder
  }
}
