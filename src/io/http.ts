import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { InvigilError } from '../base/errors.ts'
import { SECOND, type Ms } from '../base/time.ts'
import type { Conditions } from './conditions.ts'

/** Where to listen. Port 0 takes any that is free. */
export interface Listen {
  host: string
  port: number
}

const NO_ADDRESS = 'not an address to listen on; write it like `127.0.0.1:9464`, or `0.0.0.0:9464` for every address of the machine'

const listen = z.string({ error: NO_ADDRESS }).transform((written, context): Listen => {
  const [, inBrackets, name, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/.exec(written) ?? []
  const host = inBrackets ?? name
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) }
  context.addIssue({ code: 'custom', message: NO_ADDRESS })
  return z.NEVER
})

/** The pages about the running process: off unless they are asked for. */
export const httpConfig = z.strictObject({
  listen: listen.optional().describe('Where `/metrics`, `/healthz` and `/readyz` are served, as `host:port`; without it, nowhere. Whoever reaches it can read them.'),
})
export type HttpConfig = z.output<typeof httpConfig>

/** What the pages show. */
export interface Pages {
  metrics: { readonly contentType: string; text(): Promise<string> }
  /** While one is unmet, something in the process is dead and only a restart helps. */
  health: Conditions
  /** While one is unmet, the process does not do its work yet. */
  readiness: Conditions
}

export interface Answer {
  status: number
  type: string
  body: string
}

const PATHS = ['/metrics', '/healthz', '/readyz']
const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'
/** What an answer under way may take when the server closes. */
const GRACE: Ms = 0.5 * SECOND
/** A client that says nothing for so long is gone. */
const PATIENCE: Ms = 10 * SECOND
const MOST_CONNECTIONS = 100

/** Serves `/metrics`, `/healthz` and `/readyz` by GET. */
export class StatusServer {
  /** Host and port, the real one where 0 was asked for. */
  readonly address: string
  private readonly server: Server
  private closing: Promise<void> | undefined

  private constructor(server: Server) {
    const { address, family, port } = server.address() as AddressInfo
    this.address = family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
    this.server = server
  }

  /**
   * Begins to listen. Errors: `usage` where the address is taken or cannot be had, `io` where the system fails. `onError` hears of
   * what fails later: an answer (a bug), or a connection that could not be taken; the server goes on.
   */
  static async open(at: Listen, pages: Pages, onError: (e: InvigilError) => void): Promise<StatusServer> {
    const server = createServer({ requestTimeout: PATIENCE, headersTimeout: PATIENCE, connectionsCheckingInterval: SECOND, maxHeaderSize: 8192 }, (request, response) => {
      answer(request, pages).then(
        (found) => send(response, found, !server.listening),
        (cause: unknown) => {
          send(response, { status: 500, type: TEXT_TYPE, body: 'internal error\n' }, !server.listening)
          onError(new InvigilError('invariant', `cannot answer \`${pathOf(request)}\``, { cause }))
        },
      )
    })
    server.timeout = PATIENCE
    server.maxConnections = MOST_CONNECTIONS
    server.listen(at.port, at.host)
    try {
      await once(server, 'listening')
    } catch (e) {
      throw listenError(at, e as NodeJS.ErrnoException)
    }
    const opened = new StatusServer(server)
    server.on('error', (cause) => onError(new InvigilError('io', `a connection to \`${opened.address}\` could not be taken`, { cause })))
    return opened
  }

  /** Takes no more connections, lets answers under way end, and is through within a second. */
  close(): Promise<void> {
    return (this.closing ??= this.end())
  }

  private async end(): Promise<void> {
    const closed = once(this.server, 'close')
    this.server.close()
    const cut = setTimeout(() => this.server.closeAllConnections(), GRACE)
    await closed
    clearTimeout(cut)
  }
}

async function answer(request: IncomingMessage, pages: Pages): Promise<Answer> {
  const path = pathOf(request)
  // What was asked for is not repeated: it is anybody's text.
  if (!PATHS.includes(path)) return { status: 404, type: TEXT_TYPE, body: `not found; there are ${PATHS.join(', ')}\n` }
  if (request.method !== 'GET') return { status: 405, type: TEXT_TYPE, body: 'only GET is allowed\n' }
  if (path === '/healthz') return conditionsAnswer('healthy', pages.health)
  if (path === '/readyz') return conditionsAnswer('ready', pages.readiness)
  return { status: 200, type: pages.metrics.contentType, body: await pages.metrics.text() }
}

/** What `/healthz` and `/readyz` answer. */
export function conditionsAnswer(word: string, conditions: Conditions): Answer {
  const good = conditions.allMet
  return { status: good ? 200 : 503, type: JSON_TYPE, body: `${JSON.stringify(good ? { [word]: true } : { [word]: false, reasons: conditions.reasons() })}\n` }
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] as string
}

function send(response: ServerResponse, { status, type, body }: Answer, isLast: boolean): void {
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' }
  response.writeHead(status, { ...headers, ...(status === 405 ? { allow: 'GET' } : {}), ...(isLast ? { connection: 'close' } : {}) }).end(body)
}

/** Why it cannot be listened there, in words for the user. */
export function listenError({ host, port }: Listen, cause: NodeJS.ErrnoException): InvigilError {
  const at = `\`${host.includes(':') ? `[${host}]` : host}:${port}\``
  switch (cause.code) {
    case 'EADDRINUSE':
      return new InvigilError('usage', `cannot listen on ${at}: another process listens there already; end it, or name another port`, { cause })
    case 'EACCES':
      return new InvigilError('usage', `no permission to listen on ${at}; name a port above 1023`, { cause })
    case 'EADDRNOTAVAIL':
      return new InvigilError('usage', `cannot listen on ${at}: \`${host}\` is no address of this machine; \`0.0.0.0\` stands for all of them`, { cause })
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new InvigilError('usage', `cannot listen on ${at}: the name \`${host}\` leads nowhere`, { cause })
    case undefined:
    default:
      return new InvigilError('io', `cannot listen on ${at} (${cause.code ?? 'unknown'})`, { cause })
  }
}
