import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SECOND, type Ms } from '../../base/time.ts'
import { feedDocs } from '../openapi.ts'
import { Refusal } from '../refusal.ts'
import type { Surroundings } from '../server.ts'
import type { Holder, Tokens } from '../tokens.ts'
import type { Reads } from '../config.ts'
import { FEEDS, type Feed, type FeedName, type Feeds, type Item } from './feed.ts'
import { checkReads, shown } from './scope.ts'

const BEAT: Ms = 15 * SECOND
/** A client that takes nothing for so long is cut off; it comes again where it was. */
const SLOW: Ms = 30 * SECOND
const MOST_STREAMS = 200
const MOST_OF_ONE = 10
const USUAL_LIMIT = 100
const MOST_LIMIT = 1000
/** A list looks through so much at most, and says where to go on. */
const MOST_LOOKED: number = 16 << 20
const STREAM = 'text/event-stream'
const EVENT: Readonly<Record<FeedName, string>> = { warnings: 'warning', prompts: 'prompt', records: 'record' }

/** `GET /v1/warnings` and the like. `close` ends the streams. */
export function feedRoutes(surroundings: Surroundings, tokens: Tokens, feeds: Feeds): { routes: (app: FastifyInstance) => void; close(this: void): void } {
  const { meter, log } = surroundings
  const stop = new AbortController()
  const streams = new Map<string, number>()
  let all = 0

  function change(holder: Holder, by: number): void {
    all += by
    streams.set(holder.name, (streams.get(holder.name) ?? 0) + by)
    meter.show('streams', all)
  }

  /** What a token sees of an item, as text. */
  function seen(name: FeedName, { text, cursor }: Item, reads: Reads): string | undefined {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (e) {
      log.error({ feed: name, cursor, error: e instanceof Error ? e.message : String(e) }, 'an item is not JSON, and is shown to nobody')
      return undefined
    }
    const visible = shown(name, value, reads)
    return visible === value ? text : visible === undefined ? undefined : JSON.stringify(visible)
  }

  async function list(name: FeedName, after: string | undefined, limit: number, reads: Reads): Promise<string> {
    const reader = await feeds[name].open(after)
    try {
      const items: string[] = []
      let next = after
      let looked = 0
      let isMore = true
      while (items.length < limit && looked < MOST_LOOKED) {
        const piece = await reader.next()
        if (piece.length === 0) {
          isMore = false
          break
        }
        for (const item of piece) {
          if (items.length >= limit) break
          looked += item.text.length
          next = item.cursor
          const text = seen(name, item, reads)
          if (text !== undefined) items.push(text)
        }
      }
      return `{"items":[${items.join(',')}],"next":${JSON.stringify(next ?? null)},"more":${isMore}}`
    } finally {
      await reader.close()
    }
  }

  async function stream(name: FeedName, after: string | undefined, holder: Holder, reads: Reads, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (all >= MOST_STREAMS || (streams.get(holder.name) ?? 0) >= MOST_OF_ONE) throw new Refusal(429, 'too-many-streams', `${MOST_OF_ONE} streams of one token may be open, ${MOST_STREAMS} of all`, 10)
    const feed = feeds[name]
    change(holder, 1)
    try {
      const reader = await feed.open(after)
      try {
        reply.hijack()
        await pump(new Stream(reply.raw, EVENT[name]), feed, reader, (item) => seen(name, item, reads))
      } catch (e) {
        // The client comes again and is told then; what is no refusal is ours to see.
        if (!(e instanceof Refusal)) log.error({ path: request.routeOptions.url, error: e instanceof Error ? (e.stack ?? e.message) : String(e) }, 'a stream broke')
        reply.raw.end()
      } finally {
        await reader.close()
      }
    } finally {
      change(holder, -1)
    }
  }

  async function pump(to: Stream, feed: Feed, reader: Awaited<ReturnType<Feed['open']>>, seenAs: (item: Item) => string | undefined): Promise<void> {
    const ended = AbortSignal.any([stop.signal, to.gone])
    while (!ended.aborted) {
      const items = await reader.next()
      for (const item of items) {
        const text = seenAs(item)
        if (text === undefined) to.passed(item.cursor)
        else if (!(await to.send(item.cursor, text))) return
      }
      if (items.length > 0) continue
      if (!(await to.beat())) return
      await feed.grown(ended)
    }
    to.end()
  }

  const routes = (app: FastifyInstance): void => {
    for (const name of FEEDS) {
      app.get<{ Querystring: { after?: unknown; limit?: unknown } }>(`/v1/${name}`, {
        schema: feedDocs(name),
        onRequest: (request, _, done) => {
          const holder = tokens.find(request.headers.authorization)
          request.holder = holder
          checkReads(name, holder.config.reads)
          const wait = holder.requests.wait(performance.now())
          if (wait > 0) throw new Refusal(429, 'too-often', 'this token has asked as often as it may; come again after a while', wait / SECOND)
          holder.requests.take(1, performance.now())
          done()
        },
      }, async (request, reply) => {
        const holder = request.holder as Holder
        const reads = checkReads(name, holder.config.reads)
        const isStream = (request.headers.accept ?? '').includes(STREAM)
        const after = cursorOf((isStream ? request.headers['last-event-id'] : undefined) ?? request.query.after)
        if (isStream) {
          await stream(name, after, holder, reads, request, reply)
          return reply
        }
        const text = await list(name, after, limitOf(request.query.limit), reads)
        return reply.type('application/json; charset=utf-8').header('cache-control', 'no-store').send(Buffer.from(text))
      })
    }
  }
  return { routes, close: () => stop.abort() }
}

function cursorOf(given: unknown): string | undefined {
  if (given === undefined || given === '') return undefined
  if (typeof given !== 'string') throw new Refusal(400, 'bad-cursor', '`after` can be given once')
  return given
}

function limitOf(given: unknown): number {
  if (given === undefined) return USUAL_LIMIT
  const limit = typeof given === 'string' && /^\d{1,6}$/.test(given) ? Number(given) : 0
  if (limit < 1 || limit > MOST_LIMIT) throw new Refusal(400, 'bad-limit', `\`limit\` is a whole number from 1 to ${MOST_LIMIT}`)
  return limit
}

/** Server-sent events to one client, no faster than it takes them. */
class Stream {
  private readonly response: ServerResponse
  private readonly event: string
  private readonly away = new AbortController()
  private lastSaid = performance.now()
  /** What the client need not see again, and does not know yet. */
  private unsaid: string | undefined

  constructor(response: ServerResponse, event: string) {
    this.response = response
    this.event = event
    response.on('close', () => this.away.abort())
    response.on('error', () => this.away.abort())
    response.writeHead(200, { 'content-type': STREAM, 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    response.write(': here\n\n')
  }

  get gone(): AbortSignal {
    return this.away.signal
  }

  /** Sends an item; false where the client is gone, or takes nothing. */
  send(cursor: string, text: string): Promise<boolean> {
    this.unsaid = undefined
    return this.write(`id: ${cursor}\nevent: ${this.event}\ndata: ${text}\n\n`)
  }

  /** An item is not for this client, who goes on behind it nevertheless. */
  passed(cursor: string): void {
    this.unsaid = cursor
  }

  /** Says once in a while that the connection is alive, and up to where there was nothing for the client. */
  beat(): Promise<boolean> {
    if (performance.now() - this.lastSaid < BEAT) return Promise.resolve(!this.gone.aborted)
    const { unsaid } = this
    this.unsaid = undefined
    return this.write(unsaid === undefined ? ': still here\n\n' : `id: ${unsaid}\n\n`)
  }

  end(): void {
    this.response.end()
  }

  private async write(text: string): Promise<boolean> {
    if (this.gone.aborted) return false
    this.lastSaid = performance.now()
    if (this.response.write(text)) return true
    const isTaken = await new Promise<boolean>((done) => {
      const timer = setTimeout(() => done(false), SLOW)
      const settle = (is: boolean) => (): void => {
        clearTimeout(timer)
        done(is)
      }
      this.response.once('drain', settle(true))
      this.gone.addEventListener('abort', settle(false), { once: true })
    })
    if (!isTaken) this.response.destroy()
    return isTaken
  }
}
