import { appendFileSync, copyFileSync, mkdtempSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { Conditions } from '../../io/conditions.ts'
import { Metrics } from '../../io/metrics.ts'
import { ROOT, run, temporary } from '../../testing/runs.ts'
import type { Warning } from '../../warnings/warning.ts'
import { serveConfig } from '../config.ts'
import { ApiServer, type Surroundings } from '../server.ts'
import { newToken, Tokens } from '../tokens.ts'
import { FEEDS, type Feeds } from './feed.ts'
import { FileFeed } from './file-feed.ts'
import { feedRoutes } from './routes.ts'

const dir = temporary()
const out = join(dir, 'out')
let warnings: Warning[]
beforeAll(async () => {
  ;({ warnings } = await run(dir, { logs: ['shared-ip', 'parallel-chapters', 'over-credit'].map((c) => join(ROOT, 'fixtures', 'cases', c, 'telemetry.ndjson')), output: out }))
})

const open: { close(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

interface Served {
  url: string
  token: string
  port: number
  meter: Metrics
  stop(): void
  list(query?: string): Promise<{ status: number; items: Warning[]; next: string | null; more: boolean; reason?: string }>
}

async function serve(from: string, reads: object = { everything: true }): Promise<Served> {
  const { token, sha256 } = newToken()
  const config = serveConfig.parse({ listen: '127.0.0.1:0', tokens: [{ name: 'reader', sha256, reads }, { name: 'writer', sha256: newToken().sha256, platform: 'p1' }] })
  const meter = new Metrics()
  const around: Surroundings = { config, log: pino({ level: 'silent' }), meter, health: new Conditions(), readiness: new Conditions() }
  const feeds = Object.fromEntries(FEEDS.map((name) => [name, new FileFeed(join(from, `${name}.ndjson`))])) as unknown as Feeds
  const { routes, close } = feedRoutes(around, Tokens.open(config, performance.now()), feeds)
  const server = await ApiServer.open(around, [routes])
  open.push({ close }, server, meter)
  const url = `http://${server.address}/v1/warnings`
  return {
    url, token, meter, port: Number(server.address.split(':')[1]), stop: close,
    async list(query = '') {
      const response = await fetch(`${url}${query}`, { headers: { authorization: `Bearer ${token}` } })
      const body = (await response.json()) as { items: Warning[]; next: string; more: boolean; error?: { reason: string } }
      return { ...body, status: response.status, reason: body.error?.reason }
    },
  }
}

interface Sent {
  id?: string
  event?: string
  data?: string
}

/** Reads server-sent events until there are `n`, or the stream ends. */
async function listen({ url, token }: Served, n: number, { last, query = '', onOpen }: { last?: string; query?: string; onOpen?: () => void } = {}): Promise<{ status: number; sent: Sent[] }> {
  const stop = new AbortController()
  const response = await fetch(`${url}${query}`, { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) }, signal: stop.signal })
  const sent: Sent[] = []
  if (response.status !== 200) return { status: response.status, sent }
  onOpen?.()
  let text = ''
  const decoder = new TextDecoder()
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(piece, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() as string
    for (const block of blocks) {
      if (block.startsWith(':')) continue
      sent.push(Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])))
    }
    if (sent.length >= n) break
  }
  stop.abort()
  return { status: 200, sent }
}

test('all warnings of a run come, page by page or in a stream, and from any of them on', async () => {
  const served = await serve(out)
  expect(warnings.length).toBeGreaterThan(3)
  const all: Warning[] = []
  for (let after: string | null = null, more = true; more; ) {
    const page = await served.list(`?limit=2${after === null ? '' : `&after=${after}`}`)
    expect(page.items.length).toBeLessThanOrEqual(2)
    all.push(...page.items)
    ;({ next: after, more } = page)
  }
  expect(all).toEqual(warnings)
  const { sent } = await listen(served, warnings.length)
  expect(sent.map((s) => [s.event, JSON.parse(s.data ?? '') as Warning])).toEqual(warnings.map((w) => ['warning', w]))
  for (const from of [0, 1, sent.length - 2]) {
    const rest = await listen(served, sent.length - from - 1, { last: sent[from]?.id })
    expect(rest.sent).toEqual(sent.slice(from + 1))
    expect((await served.list(`?after=${sent[from]?.id ?? ''}`)).items).toEqual(warnings.slice(from + 1))
  }
})

test('what is written while somebody listens comes to them, and half a line does not', async () => {
  const growing = mkdtempSync(join(dir, 'growing-'))
  const served = await serve(growing)
  expect(await served.list()).toMatchObject({ status: 200, items: [], next: null, more: false })
  const [first, second] = warnings.map((w) => `${JSON.stringify(w)}\n`) as [string, string]
  const path = join(growing, 'warnings.ndjson')
  const { sent } = await listen(served, 2, {
    onOpen: () => {
      writeFileSync(path, first + second.slice(0, 50))
      setTimeout(() => appendFileSync(path, second.slice(50)), 600)
    },
  })
  expect(sent.map((s) => JSON.parse(s.data ?? '') as Warning)).toEqual(warnings.slice(0, 2))
})

test('after a run that began anew, a client is told to begin again, but not where the bytes are the same', async () => {
  const anew = mkdtempSync(join(dir, 'anew-'))
  const path = join(anew, 'warnings.ndjson')
  copyFileSync(join(out, 'warnings.ndjson'), path)
  const served = await serve(anew)
  const { next } = await served.list('?limit=3')
  copyFileSync(join(out, 'warnings.ndjson'), path)
  expect((await served.list(`?after=${next ?? ''}`)).items).toEqual(warnings.slice(3))
  writeFileSync(path, `${JSON.stringify(warnings[2])}\n${'x'.repeat(100_000)}\n`)
  expect(await served.list(`?after=${next ?? ''}`)).toMatchObject({ status: 410, reason: 'gone' })
  expect((await listen(served, 1, { last: next ?? '' })).status).toBe(410)
  expect(await served.list('?after=17')).toMatchObject({ status: 400, reason: 'bad-cursor' })
  expect(await served.list('?limit=0')).toMatchObject({ status: 400, reason: 'bad-limit' })
})

test('a token sees what is within its reach; for the rest the stream goes on without a word', async () => {
  const mixed = mkdtempSync(join(dir, 'mixed-'))
  const [one] = warnings as [Warning]
  const of = (platform: string, id: string): Warning => ({ ...one, id, subject: { ...one.subject, platform }, learners: one.learners.map((l) => ({ ...l, platform })) })
  const lines = [of('p1', 'a'), of('p9', 'b'), of('p1', 'c'), of('p9', 'd')]
  writeFileSync(join(mixed, 'warnings.ndjson'), lines.map((w) => `${JSON.stringify(w)}\n`).join(''))
  const served = await serve(mixed, { platforms: ['p1'] })
  expect((await served.list()).items.map((w) => w.id)).toEqual(['a', 'c'])
  expect((await listen(served, 2)).sent.map((s) => (JSON.parse(s.data ?? '') as Warning).id)).toEqual(['a', 'c'])
  const nobody = await fetch(served.url)
  expect(nobody.status).toBe(401)
  const prompts = await serve(mixed, { institutions: ['i1'] })
  expect((await fetch(prompts.url.replace('warnings', 'prompts'), { headers: { authorization: `Bearer ${prompts.token}` } })).status).toBe(403)
})

test('of one token ten streams may be open; one that ends makes room, and all end when the server closes', async () => {
  const served = await serve(out)
  const listening: ReturnType<typeof listen>[] = []
  await Promise.all(Array.from({ length: 10 }, () => new Promise<void>((onOpen) => listening.push(listen(served, Infinity, { onOpen })))))
  expect((await listen(served, 1)).status).toBe(429)
  expect(/^invigil_streams (\d+)/m.exec(await served.meter.text())?.[1]).toBe('10')
  served.stop()
  expect((await Promise.all(listening)).map((l) => l.sent.length)).toEqual(Array.from({ length: 10 }, () => warnings.length))
  await vi.waitFor(async () => expect(/^invigil_streams (\d+)/m.exec(await served.meter.text())?.[1]).toBe('0'))
})

test('a client that takes nothing costs the server no memory', async () => {
  const large = mkdtempSync(join(dir, 'large-'))
  const line = `${JSON.stringify({ ...warnings[0], facts: { text: 'x'.repeat(10_000) } })}\n`
  writeFileSync(join(large, 'warnings.ndjson'), line.repeat(10_000))
  const served = await serve(large)
  globalThis.gc?.()
  const before = process.memoryUsage()
  const sockets = Array.from({ length: 8 }, () => {
    const socket = connect(served.port, '127.0.0.1')
    socket.write(`GET /v1/warnings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${served.token}\r\nAccept: text/event-stream\r\n\r\n`)
    return socket.pause()
  })
  await new Promise((done) => setTimeout(done, 2000))
  const { rss } = process.memoryUsage()
  for (const socket of sockets) socket.destroy()
  // The file has 100 MB; all eight of them, 800.
  expect((rss - before.rss) / 2 ** 20).toBeLessThan(80)
})
