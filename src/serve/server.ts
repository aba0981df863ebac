import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { InvigilError } from '../base/errors.ts'
import { SECOND, type Ms } from '../base/time.ts'
import type { Conditions } from '../io/conditions.ts'
import { fileError } from '../io/file-error.ts'
import { conditionsAnswer, listenError } from '../io/http.ts'
import type { Meter } from '../io/metrics.ts'
import type { ServeConfig } from './config.ts'
import { describe } from './openapi.ts'
import { Refusal } from './refusal.ts'

/** What a server works with. */
export interface Surroundings {
  config: ServeConfig
  log: Logger
  meter: Meter
  health: Conditions
  readiness: Conditions
}

/** Some of the paths of a server. */
export type Routes = (app: FastifyInstance) => void

const HEADERS_WITHIN: Ms = 10 * SECOND
const MOST_HEADERS = 16_384
/** A connection that nobody uses is closed after this. */
const IDLE: Ms = 60 * SECOND
/** Whoever was refused may still be sending, and would not hear why: so long is what comes thrown away. */
const HEAR_OUT: Ms = 2 * SECOND
/** What requests under way may take when the server closes. */
const GRACE: Ms = 5 * SECOND
const AGAIN: Ms = 50
const KEEP_ALIVE_MOST = 10_000

/** The HTTP server of `invigil serve`. */
export class ApiServer {
  /** Host and port, the real one where 0 was asked for. */
  readonly address: string
  private readonly app: FastifyInstance
  private closing: Promise<void> | undefined

  private constructor(app: FastifyInstance) {
    const { address, family, port } = app.server.address() as AddressInfo
    this.address = family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
    this.app = app
  }

  /** Begins to listen. Errors: `usage` where the address or the certificate cannot be had, `io` where the system fails. */
  static async open(surroundings: Surroundings, routes: readonly Routes[]): Promise<ApiServer> {
    const { config } = surroundings
    const app = await makeApp(surroundings, routes, await tlsOf(config))
    app.server.maxConnections = config.connections
    app.server.listen(config.listen.port, config.listen.host)
    try {
      await once(app.server, 'listening')
    } catch (e) {
      await app.close()
      throw listenError(config.listen, e as NodeJS.ErrnoException)
    }
    app.server.on('error', (cause) => surroundings.log.error({ error: cause.message }, 'a connection could not be taken'))
    return new ApiServer(app)
  }

  /** Takes no more requests, and lets those under way end. */
  close(): Promise<void> {
    return (this.closing ??= this.end())
  }

  private async end(): Promise<void> {
    const { server } = this.app
    const closed = once(server, 'close')
    // From here on requests on open connections are told to go elsewhere.
    const ended = this.app.close()
    server.close()
    // One whose answer ends now would stay open for a next request.
    const idle = setInterval(() => server.closeIdleConnections(), AGAIN)
    server.closeIdleConnections()
    const cut = setTimeout(() => server.closeAllConnections(), GRACE)
    await closed
    await ended
    clearTimeout(cut)
    clearInterval(idle)
  }
}

/** The document of a server in OpenAPI 3.1; needs no address. */
export async function apiDocument(surroundings: Surroundings, routes: readonly Routes[]): Promise<object> {
  const app = await makeApp(surroundings, routes, undefined)
  const document = app.swagger()
  await app.close()
  return document
}

async function makeApp(surroundings: Surroundings, routes: readonly Routes[], tls: Tls | undefined): Promise<FastifyInstance> {
  const { config, health, readiness } = surroundings
  const app = Fastify({
    logger: false, exposeHeadRoutes: false, return503OnClosing: true, forceCloseConnections: 'idle',
    serverFactory: (handler) => newServer(handler, config, tls),
  })
  // What is in a body is read as it comes in, by the handler: nothing may gather it before.
  app.removeAllContentTypeParsers()
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.setErrorHandler((e, request, reply) => refuse(surroundings, e, request, reply))
  app.setNotFoundHandler(() => {
    throw new Refusal(404, 'not-found', 'there is nothing here; `/v1/openapi.json` tells what there is')
  })
  app.addHook('onResponse', (request, reply, done) => {
    surroundings.meter.count('http_requests_total', 1, { status: String(reply.statusCode) })
    const { raw } = request
    if (!raw.complete) setTimeout(() => raw.complete || raw.socket.destroy(), HEAR_OUT).unref()
    done()
  })
  await describe(app, config)
  for (const add of routes) add(app)
  for (const [path, word, conditions] of [['/healthz', 'healthy', health], ['/readyz', 'ready', readiness]] as const) {
    app.get(path, { schema: { hide: true } }, async (_, reply) => {
      const { status, type, body } = conditionsAnswer(word, conditions)
      return reply.code(status).type(type).header('cache-control', 'no-store').send(body)
    })
  }
  await app.ready()
  return app
}

interface Tls {
  cert: string
  key: string
}

async function tlsOf({ tls }: ServeConfig): Promise<Tls | undefined> {
  if (tls === undefined) return undefined
  const [cert, key] = await Promise.all([tls.cert, tls.key].map((path) => readFile(path, 'utf8').catch((e: NodeJS.ErrnoException) => {
    throw fileError(path, e)
  })))
  return { cert: cert as string, key: key as string }
}

function newServer(handler: RequestListener, { requestTimeout }: ServeConfig, tls: Tls | undefined): Server {
  const options = {
    requestTimeout, headersTimeout: Math.min(HEADERS_WITHIN, requestTimeout), connectionsCheckingInterval: SECOND, keepAliveTimeout: IDLE, maxHeaderSize: MOST_HEADERS,
  }
  let server: Server
  try {
    server = tls ? createTlsServer({ ...options, ...tls }, handler) : createServer(options, handler)
  } catch (cause) {
    throw new InvigilError('usage', '`serve.tls`: the certificate and the key cannot be used; they must be PEM and belong together', { cause })
  }
  server.maxRequestsPerSocket = KEEP_ALIVE_MOST
  // Whoever asks before sending is told before sending: the handler says `100 Continue` when it begins to read.
  server.on('checkContinue', (request, response) => void server.emit('request', request, response))
  return server
}

/** Tells a client why not. What went wrong here is logged; what it sent never is. */
async function refuse({ log }: Surroundings, e: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const { raw } = request
  if (raw.destroyed && !raw.complete) {
    // Nobody is there to be told.
    reply.hijack()
    return undefined
  }
  const refusal = refusalOf(e)
  if (refusal.status >= 500) log.error({ path: request.routeOptions.url, error: e instanceof Error ? (e.stack ?? e.message) : String(e) }, 'a request failed')
  if (refusal.status === 401) reply.header('www-authenticate', 'Bearer')
  if (refusal.retryAfter !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(refusal.retryAfter))))
  return reply.code(refusal.status).type('application/json; charset=utf-8').header('cache-control', 'no-store').send(JSON.stringify(refusal.body))
}

function refusalOf(e: unknown): Refusal {
  if (e instanceof Refusal) return e
  const { code, statusCode } = e as { code?: string; statusCode?: number }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Refusal(415, 'unknown-type', 'send `Content-Type: application/x-ndjson` (an event a line) or `application/json` (a list of events)')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new Refusal(statusCode, 'bad-request', 'the request cannot be read')
  return new Refusal(500, 'internal', 'something went wrong here, and is logged')
}
