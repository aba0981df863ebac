import { appendFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { newToken } from '../serve/tokens.ts'
import { start, invigil, type Running } from '../testing/cli.ts'
import { temporary } from '../testing/runs.ts'

const dir = temporary()
const running = new Set<Running>()
afterEach(async () => {
  for (const one of running) {
    one.child.kill('SIGKILL')
    await one.ended
  }
  running.clear()
})

interface Site {
  cwd: string
  token: string
}

/** A folder with a configuration in which one platform may write. */
function site(more = ''): Site {
  const cwd = mkdtempSync(join(dir, 'site-'))
  const { token, sha256 } = newToken()
  writeFileSync(join(cwd, 'invigil.yaml'), `serve:\n  listen: 127.0.0.1:0\n  log: log\n${more}  tokens:\n    - { name: one, sha256: ${sha256}, platform: p1, limits: { requestsPerSecond: 100000, eventsPerSecond: 1000000 } }\n`)
  return { cwd, token }
}

async function serve({ cwd }: Site): Promise<Running & { port: number }> {
  const server = start(['serve', '--intake'], { cwd })
  running.add(server)
  let port = 0
  await server.said((out) => {
    port = Number(/serving at http:\/\/127\.0\.0\.1:(\d+)/.exec(out)?.[1])
    return port > 0
  })
  return { ...server, port }
}

/** Sends a body; undefined where the connection broke before an answer. */
function post(port: number, token: string, body: string | Buffer, { agent, headers = {} }: { agent?: Agent; headers?: object } = {}): Promise<{ status: number; body: string } | undefined> {
  return new Promise((done) => {
    const r = request({ port, host: '127.0.0.1', path: '/v1/events', method: 'POST', agent, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson', 'content-length': Buffer.byteLength(body), ...headers } }, (response) => {
      let text = ''
      response.on('data', (d: Buffer) => (text += d.toString()))
      response.on('end', () => done({ status: response.statusCode ?? 0, body: text }))
      response.on('error', () => done(undefined))
    })
    r.on('error', () => done(undefined))
    r.end(body)
  })
}

const event = (id: string): string => `${JSON.stringify({ id, time: '2026-03-02T08:00:15+08:00', action: 'heartbeat', learner: 'L1', chapter: 'c1', position: 15 })}\n`
const idsIn = ({ cwd }: Site): string[] => {
  const path = join(cwd, 'log', 'telemetry.ndjson')
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').split('\n').filter((l) => l.trim() !== '').map((l) => (JSON.parse(l) as { id: string }).id)
}

test('killed at any moment, again and again, it has lost nothing that it acknowledged', async () => {
  const place = site()
  const acknowledged: string[] = []
  let sent = 0
  for (let round = 0; round < 6; round++) {
    // The tail of a line that a loss of power may leave.
    if (round > 0) appendFileSync(join(place.cwd, 'log', 'telemetry.ndjson'), '{"id":"torn","time":"2026-')
    const { port, child, ended } = await serve(place)
    const agent = new Agent({ keepAlive: true })
    const life = new AbortController()
    const senders = Array.from({ length: 8 }, async (_, s) => {
      while (!life.signal.aborted) {
        const ids = Array.from({ length: 1 + (sent % 200) }, (_, i) => `r${round}-s${s}-${sent}-${i}`)
        sent++
        const answer = await post(port, place.token, ids.map(event).join(''), { agent })
        if (answer?.status === 200) acknowledged.push(...ids)
      }
    })
    const before = acknowledged.length
    await sleep(100 + 400 * Math.random())
    while (acknowledged.length === before) await sleep(5)
    child.kill('SIGKILL')
    await ended
    life.abort()
    await Promise.all(senders)
    agent.destroy()
  }
  // What was cut is mended when it starts the next time; then every line is whole.
  const { child, ended } = await serve(place)
  child.kill('SIGTERM')
  expect((await ended).code).toBe(0)
  const kept = new Set(idsIn(place))
  expect(acknowledged.length).toBeGreaterThan(500)
  expect(acknowledged.filter((id) => !kept.has(id))).toEqual([])
})

test('on SIGTERM it answers what has come in and leaves with 0', async () => {
  const place = site()
  const { port, child, ended } = await serve(place)
  const sent = Array.from({ length: 200 }, (_, n) => `e${n}`)
  const answers = sent.map((id) => post(port, place.token, event(id)))
  await Promise.race(answers)
  child.kill('SIGTERM')
  const { code, out } = await ended
  expect([code, out.endsWith('left in good order\n')]).toEqual([0, true])
  const kept = new Set(idsIn(place))
  const told = await Promise.all(answers)
  // Whoever came too late is told so, or hears nothing.
  expect([...new Set(told.map((a) => a?.status))].filter((status) => status !== 200 && status !== 503 && status !== undefined)).toEqual([])
  const acknowledged = sent.filter((_, n) => told[n]?.status === 200)
  expect(acknowledged.length).toBeGreaterThan(0)
  expect(acknowledged.filter((id) => !kept.has(id))).toEqual([])
})

const MIB = 2 ** 20
const closed = (socket: Socket): Promise<void> => new Promise((done) => socket.once('close', () => done()))

function memoryOf(pid: number | undefined): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

/** Gzip of zeros that would be a gigabyte, in the megabyte that it takes: sixteen parts, one behind the other. */
function bomb(): Buffer {
  const part = gzipSync(Buffer.alloc(64 * MIB))
  return Buffer.concat(Array.from({ length: 16 }, () => part))
}

/** Sends bytes without an end to come, with or without saying how many, until the server has had enough; returns its answer and how many it took. */
async function flood(port: number, token: string, length: number | undefined): Promise<{ said: string; sent: number }> {
  const socket = connect(port, '127.0.0.1')
  let said = ''
  socket.on('data', (d: Buffer) => (said += d.toString())).on('error', () => undefined)
  const ended = closed(socket)
  socket.write(`POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/x-ndjson\r\n${length === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`}\r\n\r\n`)
  const piece = Buffer.alloc(MIB, 'x')
  const chunk = length === undefined ? Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), piece, Buffer.from('\r\n')]) : piece
  let sent = 0
  while (!socket.destroyed && sent < 1024 * MIB) {
    sent += MIB
    if (!socket.write(chunk)) await Promise.race([new Promise((done) => socket.once('drain', done)), ended])
  }
  socket.end()
  await ended
  return { said: said.slice(0, 12), sent }
}

test('a gigabyte, a bomb and slow clients are refused without memory for them', async () => {
  const place = site('  requestTimeout: 5s\n  connections: 300\n')
  const { port, child } = await serve(place)
  for (let n = 0; n < 20; n++) await post(port, place.token, event(`warm-${n}`).repeat(2000))
  const before = memoryOf(child.pid)
  let most = before
  const watch = setInterval(() => (most = Math.max(most, memoryOf(child.pid))), 20)
  try {
    // Said beforehand, and not; with a token, and without.
    for (const [token, length] of [[place.token, 1024 * MIB], [place.token, undefined], ['nobody-knows-this', 1024 * MIB], ['nobody-knows-this', undefined]] as const) {
      const { said } = await flood(port, token, length)
      // A client that does not listen while it sends may not hear the answer; it is cut off in any case.
      if (said !== '') expect(said).toBe(token === place.token ? 'HTTP/1.1 413' : 'HTTP/1.1 401')
    }
    const zip = bomb()
    expect(zip.length).toBeLessThan(2 * MIB)
    const bombs = await Promise.all(Array.from({ length: 10 }, () => post(port, place.token, zip, { headers: { 'content-encoding': 'gzip' } })))
    // Together they want more room than there is for all bodies: some are told to come again.
    expect(bombs.map((b) => b?.status)).toContain(413)
    expect(bombs.filter((b) => b?.status !== 413 && b?.status !== 429)).toEqual([])
    // A zip in a zip, and one of many empty parts.
    expect((await post(port, place.token, gzipSync(zip), { headers: { 'content-encoding': 'gzip' } }))?.status).toBe(200)
    const empty = gzipSync('')
    const parts = Buffer.concat(Array.from({ length: 50_000 }, () => empty))
    expect((await post(port, place.token, parts, { headers: { 'content-encoding': 'gzip' } }))?.status).toBe(200)
    const slow = Array.from({ length: 250 }, (_, n) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(n % 2 === 0 ? 'POST /v1/events HTTP/1.1\r\nX-A: b\r\n' : `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${place.token}\r\nContent-Type: application/x-ndjson\r\nContent-Length: 100000\r\n\r\n{`)
      const drip = setInterval(() => socket.write(n % 2 === 0 ? 'X-A: b\r\n' : ' '), 200)
      socket.on('close', () => clearInterval(drip))
      return closed(socket.resume())
    })
    // Others are served all the while.
    expect((await post(port, place.token, event('meanwhile')))?.status).toBe(200)
    await Promise.all(slow)
    expect((await post(port, place.token, event('after')))?.status).toBe(200)
  } finally {
    clearInterval(watch)
  }
  // All bodies together may hold 64 MiB, and as much while they are put together.
  expect((most - before) / MIB).toBeLessThan(160)
  expect(child.exitCode).toBeNull()
}, 120_000)

test('what cannot be meant is told before anything is served', async () => {
  const { cwd } = site()
  const errorOf = async (args: string[]): Promise<string> => {
    const { code, err } = await invigil(args, { cwd })
    expect(code).toBe(2)
    return err
  }
  expect(await errorOf(['serve'])).toContain('there is nothing to serve')
  expect(await errorOf(['serve', '--intake', '--listen', 'nowhere'])).toContain('not an address to listen on')
  writeFileSync(join(cwd, 'none.yaml'), 'serve: { log: log }\n')
  expect(await errorOf(['serve', '--intake', '--config', 'none.yaml'])).toContain('`invigil serve --new-token` makes a token')
  writeFileSync(join(cwd, 'bad.yaml'), 'serve:\n  log: log\n  tokens:\n    - { name: a, sha256: abc, platform: p }\n    - { name: b, platform: p }\n')
  const bad = await errorOf(['serve', '--intake', '--config', 'bad.yaml'])
  expect(bad).toContain('bad.yaml:4')
  expect(bad).toContain('needs either `sha256` or `tokenFile`')
  writeFileSync(join(cwd, 'short'), 'secret\n')
  writeFileSync(join(cwd, 'short.yaml'), 'serve:\n  log: log\n  tokens: [{ name: a, tokenFile: short, platform: p }]\n')
  const short = await errorOf(['serve', '--intake', '--config', 'short.yaml'])
  expect(short).toContain('fewer than 20 characters')
  expect(short).not.toContain('secret')
})

test('two servers do not write one log', async () => {
  const place = site()
  await serve(place)
  const { code, err } = await invigil(['serve', '--intake'], { cwd: place.cwd })
  expect([code, err]).toEqual([2, expect.stringContaining('is using the log in')])
})

test('a token with a mapping sends what its platform writes, and the log is read without the mapping', async () => {
  const place = site()
  const { token, sha256 } = newToken()
  writeFileSync(join(place.cwd, 'lms.mapping.yaml'), [
    'format: json', 'fields:', '  id: uuid', '  time: { from: ts, format: epoch-ms }', '  learner: user.id', '  chapter: lesson', '  action: { from: what, map: { PLAY: played } }', '',
  ].join('\n'))
  const config = (mapping: string): string => `serve:\n  listen: 127.0.0.1:0\n  log: log\n  tokens: [{ name: lms, sha256: ${sha256}, platform: p1, mapping: ${mapping} }]\n`
  writeFileSync(join(place.cwd, 'invigil.yaml'), config('lms.mapping.yaml'))
  const { port, child, ended } = await serve(place)
  const record = '{"uuid":"a","ts":1772409600000,"user":{"id":5},"lesson":"c1","what":"PLAY"}'
  const answer = await post(port, token, `${record}\n{"uuid":"b","ts":"soon","user":{"id":5},"lesson":"c1","what":"PLAY"}\n`)
  expect(JSON.parse(answer?.body ?? '')).toMatchObject({ accepted: 1, rejected: 1, rejects: [{ record: 2, reason: 'bad-date' }] })
  child.kill('SIGTERM')
  expect((await ended).code).toBe(0)
  expect(JSON.parse(readFileSync(join(place.cwd, 'log', 'telemetry.ndjson'), 'utf8'))).toMatchObject({ id: 'a', platform: 'p1', learner: '5', chapter: 'c1', action: 'played', original: record })
  const read = await invigil(['run', 'log/telemetry.ndjson', '--json'], { cwd: place.cwd })
  expect([read.code, (JSON.parse(read.out) as { log: object }).log]).toEqual([0, expect.objectContaining({ events: 1, rejected: {} })])
  writeFileSync(join(place.cwd, 'gone.yaml'), config('gone.mapping.yaml'))
  const gone = await invigil(['serve', '--intake', '--config', 'gone.yaml'], { cwd: place.cwd })
  expect([gone.code, gone.err]).toEqual([2, expect.stringContaining('gone.mapping.yaml')])
})
