import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request as plainRequest } from 'node:http'
import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { InvigilError } from '../base/errors.ts'
import { Conditions } from '../io/conditions.ts'
import { Metrics } from '../io/metrics.ts'
import { run, temporary } from '../testing/runs.ts'
import { serveConfig } from './config.ts'
import { EventLog } from './event-log.ts'
import { eventRoutes } from './events.ts'
import { ApiServer, type Surroundings } from './server.ts'
import type { Store } from './store.ts'
import { newToken, Tokens } from './tokens.ts'

const dir = temporary()
const NOW = Date.parse('2026-03-02T01:00:00Z')
const open: { close(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

interface Served {
  url: string
  port: number
  tokens: Record<string, string>
  folder: string
  around: Surroundings
  post(this: void, body: string | Buffer, more?: { token?: string; headers?: Record<string, string>; query?: string }): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }>
  telemetry(this: void): string[]
  rejects(this: void): Record<string, unknown>[]
}

/** A server with a platform `p1`, one `p2`, and a reader. */
async function serve(config: object = {}, own: object = {}, broken?: Store): Promise<Served> {
  const made = Object.fromEntries(['one', 'two', 'office'].map((name) => [name, newToken()]))
  const given = serveConfig.parse({
    listen: '127.0.0.1:0', ...config,
    tokens: [
      { name: 'one', sha256: made.one?.sha256, platform: 'p1', ...own },
      { name: 'two', sha256: made.two?.sha256, platform: 'p2', format: 'xapi' },
      { name: 'office', sha256: made.office?.sha256, reads: { everything: true } },
    ],
  })
  const meter = new Metrics()
  const around: Surroundings = { config: given, log: pino({ level: 'silent' }), meter, health: new Conditions(), readiness: new Conditions() }
  const folder = mkdtempSync(join(dir, 'log-'))
  const store = broken ?? (await EventLog.open(folder)).log
  open.push(store, meter)
  const server = await ApiServer.open(around, [eventRoutes(around, { tokens: Tokens.open(given, performance.now()), storeOf: () => store, now: () => NOW })])
  open.unshift(server)
  const tokens = Object.fromEntries(Object.entries(made).map(([name, { token }]) => [name, token]))
  const url = `http://${server.address}/v1/events`
  return {
    url, tokens, folder, around, port: Number(server.address.split(':')[1]),
    async post(body, { token = tokens.one as string, headers = {}, query = '' } = {}) {
      const response = await fetch(`${url}${query}`, { method: 'POST', body: typeof body === 'string' ? body : new Uint8Array(body), headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson', ...headers } })
      return { status: response.status, body: (await response.json()) as Record<string, unknown>, headers: response.headers }
    },
    telemetry: () => readFileSync(join(folder, 'telemetry.ndjson'), 'utf8').split('\n').slice(0, -1),
    rejects: () => readFileSync(join(folder, 'rejects.ndjson'), 'utf8').split('\n').slice(0, -1).map((l) => JSON.parse(l) as Record<string, unknown>),
  }
}

const event = (id: string, more: object = {}): string => JSON.stringify({ id, time: '2026-03-02T08:00:15+08:00', action: 'heartbeat', platform: 'p1', learner: 'L1', chapter: 'c1', position: 15, ...more })
const reasonOf = ({ body }: { body: Record<string, unknown> }): unknown => (body.error as { reason: string } | undefined)?.reason

test('events are kept as they came, byte for byte, and what is wrong is told and kept with its bytes', async () => {
  const { post, telemetry, rejects } = await serve()
  const odd = '{ "id":"e2", "unknown":[1, 2], "time":"2026-03-02T08:00:16+08:00","action":"heartbeat","platform":"p1","learner":"L1","chapter":"c1" }'
  const answer = await post([event('e1'), odd, '', '{"id":"e3"}', event('e4', { position: '3' })].join('\r\n'))
  expect(answer.status).toBe(200)
  expect(answer.body).toEqual({
    accepted: 2, rejected: 2, ignored: {},
    rejects: [{ record: 4, reason: 'missing-field', message: expect.stringContaining('`time`') as string }, { record: 5, reason: 'number-in-quotes', message: expect.stringContaining('`position`') as string }],
  })
  expect(telemetry()).toEqual([event('e1'), odd])
  expect(rejects().map((r) => [r.reason, r.platform, r.text, r.length])).toEqual([['missing-field', 'p1', '{"id":"e3"}', 11], ['number-in-quotes', 'p1', event('e4', { position: '3' }), event('e4', { position: '3' }).length]])
})

test('a list, and gzip; events that name no platform get that of the token', async () => {
  const { post, telemetry } = await serve()
  const unnamed = event('e1', { platform: undefined })
  const empty = event('e2', { platform: '' })
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-encoding': 'gzip' }
  const answer = await post(gzipSync(`[${unnamed},\n ${empty}, ${event('e3')}]`), { headers })
  expect(answer).toMatchObject({ status: 200, body: { accepted: 3, rejected: 0 } })
  const [first, second, third] = telemetry()
  expect(first).toBe(`${unnamed.slice(0, -1)},"platform":"p1"}`)
  expect(JSON.parse(second ?? '')).toEqual({ ...(JSON.parse(empty) as object), platform: 'p1' })
  expect(third).toBe(event('e3'))
})

test('what was taken is what a run reads: one event each, sent again or not', async () => {
  const { post, folder } = await serve()
  const body = [event('e1', { platform: undefined }), event('e2', { platform: '', time: '2026-03-02T08:00:20+08:00' }), event('e3', { time: '2026-03-02T08:00:25+08:00' })].join('\n')
  for (let n = 0; n < 3; n++) expect((await post(body)).body).toMatchObject({ accepted: 3 })
  const { summary } = await run(dir, { logs: [join(folder, 'telemetry.ndjson')] })
  expect(summary.log).toMatchObject({ events: 9, rejected: {}, duplicates: 6 })
})

test('another format is written as canonical events, of the platform of the token', async () => {
  const { post, telemetry, tokens } = await serve()
  const statement = {
    id: '6f9b8a52-0000-4000-8000-000000000001', timestamp: '2026-03-02T00:10:00Z', actor: { account: { homePage: 'https://elsewhere.example', name: 'A7' } },
    verb: { id: 'https://w3id.org/xapi/video/verbs/played' }, object: { id: 'https://p2.example/v/9', definition: { type: 'https://w3id.org/xapi/video/activity-type/video' } },
    result: { extensions: { 'https://w3id.org/xapi/video/extensions/time': 3.5 } },
  }
  const other = { ...statement, id: '6f9b8a52-0000-4000-8000-000000000002', verb: { id: 'http://example.org/bookmarked' } }
  const answer = await post(JSON.stringify([statement, other]), { token: tokens.two, headers: { 'content-type': 'application/json' } })
  expect(answer.body).toMatchObject({ accepted: 1, rejected: 0, ignored: { bookmarked: 1 } })
  expect(JSON.parse(telemetry()[0] ?? '')).toMatchObject({ action: 'played', platform: 'p2', learner: 'A7', position: 3.5, original: JSON.stringify(statement) })
  expect((await post(event('x', { platform: 'p2' }), { token: tokens.two, query: '?format=canonical' })).body).toMatchObject({ accepted: 1 })
  expect(reasonOf(await post(event('x'), { query: '?format=morse' }))).toBe('unknown-format')
})

test('who may not write does not: no token, an unknown one, one that reads, another platform anywhere in the request', async () => {
  const { post, telemetry, rejects, tokens, url } = await serve()
  const nobody = await fetch(url, { method: 'POST', body: event('e1'), headers: { 'content-type': 'application/x-ndjson' } })
  expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  expect((await post(event('e1'), { token: newToken().token })).status).toBe(401)
  expect((await post(event('e1'), { headers: { authorization: `Basic ${tokens.one ?? ''}` } })).status).toBe(401)
  expect((await post(event('e1'), { token: tokens.office })).status).toBe(403)
  expect((await post(event('e1'), { token: tokens.two, query: '?format=canonical' })).status).toBe(403)
  const mixed = await post([event('e1'), '{"id":"e2"}', event('e3', { platform: 'p2' })].join('\n'))
  expect([mixed.status, reasonOf(mixed)]).toEqual([403, 'other-platform'])
  expect(JSON.stringify(mixed.body)).not.toContain('p2')
  expect([telemetry(), rejects()]).toEqual([[], []])
})

test('an event from the future is a reject, since its platform would carry time ahead of others', async () => {
  const { post } = await serve()
  const answer = await post([event('e1', { time: '2026-03-02T01:04:59Z' }), event('e2', { time: '2026-03-02T01:05:01Z' })].join('\n'))
  expect(answer.body).toMatchObject({ accepted: 1, rejects: [{ record: 2, reason: 'future' }] })
})

test.each([
  ['another type', { headers: { 'content-type': 'text/csv' } }, 415],
  ['another encoding', { headers: { 'content-encoding': 'br' } }, 415],
  ['what is no gzip', { headers: { 'content-encoding': 'gzip' } }, 400],
  ['a list that is cut short', { headers: { 'content-type': 'application/json' }, body: '[{"id":' }, 400],
  ['too many records', { body: `${event('e1')}\n`.repeat(11) }, 413],
  ['too many bytes', { body: `${event('e1')}\n`.repeat(500) }, 413],
  ['too many bytes, unzipped', { body: gzipSync(`${event('e1')}\n`.repeat(500)), headers: { 'content-encoding': 'gzip' } }, 413],
  ['gzip that is cut short', { body: gzipSync(event('e1')).subarray(0, 40), headers: { 'content-encoding': 'gzip' } }, 400],
  ['gzip with something behind it', { body: Buffer.concat([gzipSync(event('e1')), Buffer.from('more')]), headers: { 'content-encoding': 'gzip' } }, 400],
] as const)('%s is refused, and nothing is kept', async (_, given, status) => {
  const { post, telemetry } = await serve({ limits: { records: 10, bytes: 20_000 } })
  const { body = event('e1'), headers = {} } = given as { body?: string | Buffer; headers?: Record<string, string> }
  const answer = await post(body, { headers })
  expect([answer.status, typeof reasonOf(answer)]).toEqual([status, 'string'])
  expect(telemetry()).toEqual([])
  expect((await post(event('e2'))).status).toBe(200)
})

test('whoever sends more than the token may is told when to come again', async () => {
  const { post, telemetry, tokens } = await serve({}, { limits: { eventsPerSecond: 2, records: 4, requestsPerSecond: 1000 } })
  expect((await post([1, 2, 3, 4].map((n) => event(`e${n}`)).join('\n'))).status).toBe(200)
  const refused = await post(event('e5'))
  expect([refused.status, reasonOf(refused), refused.headers.get('retry-after')]).toEqual([429, 'too-often', '1'])
  expect(telemetry()).toHaveLength(4)
  // The others are not kept waiting by it.
  expect((await post('{}', { token: tokens.two })).status).toBe(200)
})

test('what could not be kept is not acknowledged, and while the log is behind nobody is let in', async () => {
  let backlog = 0
  const store: Store = {
    get backlog() { return backlog }, broken: undefined,
    put: () => Promise.reject(new InvigilError('disk-full', 'the disk is full')), close: () => Promise.resolve(),
  }
  const { post, around } = await serve({}, {}, store)
  const failed = await post(event('e1'))
  expect([failed.status, reasonOf(failed), failed.headers.get('retry-after')]).toEqual([503, 'not-kept', '5'])
  expect(around.readiness.allMet).toBe(false)
  backlog = 1 << 30
  expect(await post(event('e1'))).toMatchObject({ status: 429, body: { error: { reason: 'busy' } } })
})

test('a request that does not come in is ended with 408, and takes nothing with it', async () => {
  const { port, tokens, post } = await serve({ requestTimeout: '1s' })
  const slow: [Socket, string[]][] = ['POST /v1/ev', `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.one ?? ''}\r\nContent-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n{"id"`].map((head) => {
    const socket = connect(port, '127.0.0.1')
    const said: string[] = []
    socket.on('data', (d: Buffer) => said.push(d.toString())).on('error', () => undefined)
    socket.write(head)
    return [socket, said]
  })
  await Promise.all(slow.map(([socket]) => once(socket, 'close')))
  expect(slow.map(([, said]) => said.join('').slice(0, 12))).toEqual(['HTTP/1.1 408', 'HTTP/1.1 408'])
  expect((await post(event('e1'))).status).toBe(200)
})

test('whoever asks before sending is refused before sending', async () => {
  const { port, tokens } = await serve()
  const ask = async (token: string, length: number): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`)
    const [said] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    return said.toString().slice(0, 12)
  }
  expect(await ask('nobody', 10)).toBe('HTTP/1.1 401')
  expect(await ask(tokens.one as string, 2 ** 30)).toBe('HTTP/1.1 413')
  expect(await ask(tokens.one as string, 10)).toBe('HTTP/1.1 100')
})

test('with a certificate it speaks TLS; with what is none it does not start', async () => {
  const [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(dir, name)) as [string, string]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' })
  const { port, tokens, telemetry } = await serve({ tls: { cert, key } })
  const status = await new Promise((done, fail) => {
    const headers = { authorization: `Bearer ${tokens.one ?? ''}`, 'content-type': 'application/x-ndjson' }
    request({ host: '127.0.0.1', port, path: '/v1/events', method: 'POST', ca: readFileSync(cert), headers }, (response) => done(response.resume().statusCode)).on('error', fail).end(event('e1'))
  })
  expect([status, telemetry()]).toEqual([200, [event('e1')]])
  writeFileSync(cert, 'no certificate')
  await expect(serve({ tls: { cert, key } })).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('must be PEM and belong together') as string })
})

test('after a refusal in the middle of a body the connection serves on, as after any other answer', async () => {
  const { port, tokens, telemetry } = await serve({ limits: { bytes: 100_000 } })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const send = (body: Buffer, headers: object): Promise<[number | undefined, number | undefined]> => new Promise((done, fail) => {
    const sent = plainRequest({ host: '127.0.0.1', port, path: '/v1/events', method: 'POST', agent, headers: { authorization: `Bearer ${tokens.one ?? ''}`, 'content-type': 'application/x-ndjson', ...headers } }, (response) => {
      const { localPort } = response.socket
      response.resume().on('end', () => done([response.statusCode, localPort]))
    })
    sent.on('error', fail).end(body)
  })
  const bomb = gzipSync(Buffer.alloc(40_000_000))
  const [first, socket] = await send(bomb, { 'content-encoding': 'gzip' })
  const [second] = await send(Buffer.alloc(2_000_000, 'x'), {})
  await new Promise((done) => setTimeout(done, 2500))
  const [third, same] = await send(Buffer.from(event('e1')), {})
  agent.destroy()
  expect([first, second, third, telemetry().length]).toEqual([413, 413, 200, 1])
  expect(same).toBe(socket)
})
