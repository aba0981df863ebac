import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { InvigilError } from '../base/errors.ts'
import { parseExposition } from '../testing/exposition.ts'
import { Conditions } from './conditions.ts'
import { httpConfig, StatusServer, type Listen, type Pages } from './http.ts'
import { Metrics } from './metrics.ts'
import { Secret } from './secret.ts'

const HERE: Listen = { host: '127.0.0.1', port: 0 }
const SECRET = 'hunter2-kafka-password'

function measure(): Metrics {
  const metrics = new Metrics()
  onTestFinished(() => metrics.close())
  return metrics
}

function pages(more: Partial<Pages> = {}): Pages {
  return { metrics: more.metrics ?? measure(), health: new Conditions(), readiness: new Conditions(), ...more }
}

async function serve(shown: Pages, at = HERE) {
  const errors: InvigilError[] = []
  const server = await StatusServer.open(at, shown, (e) => errors.push(e))
  onTestFinished(() => server.close())
  const ask = (path: string, init: RequestInit = {}) => fetch(`http://${server.address}${path}`, init)
  return { server, errors, ask }
}

/** Sends bytes as they are and reads until the server ends the connection. */
async function raw(address: string, text: string): Promise<string> {
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  let got = ''
  socket.on('data', (bytes) => (got += bytes.toString()))
  socket.write(text)
  await once(socket, 'close')
  return got
}

const parsed = (written: unknown) => httpConfig.safeParse({ listen: written })

test('metrics are served as text that Prometheus can read, and counters count', async () => {
  const metrics = measure()
  const { ask } = await serve(pages({ metrics }))
  metrics.count('events_read_total', 7, { platform: 'p1' })
  const count = async () => {
    const response = await ask('/metrics')
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
    return parseExposition(await response.text()).samples.filter((s) => s.name === 'invigil_events_read_total')
  }
  expect(await count()).toEqual([{ name: 'invigil_events_read_total', labels: { platform: 'p1' }, value: 7 }])
  metrics.count('events_read_total', 5, { platform: 'p1' })
  expect(await count()).toMatchObject([{ value: 12 }])
})

test('a scrape stays small, however many platforms there are and whatever they are called', async () => {
  const metrics = measure()
  const { ask } = await serve(pages({ metrics }))
  for (let i = 0; i < 5000; i++) metrics.count('events_read_total', 1, { platform: `${i}${'云'.repeat(500)}` })
  const text = await (await ask('/metrics')).text()
  expect(parseExposition(text).samples.filter((s) => s.name === 'invigil_events_read_total')).toHaveLength(201)
  expect(text.length).toBeLessThan(100_000)
})

test('it is ready once every condition is met, and says until then which is not', async () => {
  const readiness = new Conditions({ kafka: 'no broker has answered yet', context: 'the catalogue `3f2a` is not there' })
  const { ask } = await serve(pages({ readiness }))
  const ready = async () => {
    const response = await ask('/readyz')
    return [response.status, await response.json()]
  }
  expect(await ready()).toEqual([503, { ready: false, reasons: { kafka: 'no broker has answered yet', context: 'the catalogue `3f2a` is not there' } }])
  readiness.met('kafka')
  expect(await ready()).toEqual([503, { ready: false, reasons: { context: 'the catalogue `3f2a` is not there' } }])
  readiness.met('context')
  expect(await ready()).toEqual([200, { ready: true }])
  readiness.unmet('kafka', 'no broker answers any more')
  expect(await ready()).toEqual([503, { ready: false, reasons: { kafka: 'no broker answers any more' } }])
  expect((await ask('/healthz')).status).toBe(200)
})

test('it is healthy until something is told to be dead', async () => {
  const shown = pages()
  const { ask } = await serve(shown)
  expect(await (await ask('/healthz')).json()).toEqual({ healthy: true })
  shown.health.unmet('consumer', 'it stopped and could not be started again')
  const response = await ask('/healthz')
  expect([response.status, response.headers.get('content-type')]).toEqual([503, 'application/json; charset=utf-8'])
  expect(await response.json()).toEqual({ healthy: false, reasons: { consumer: 'it stopped and could not be started again' } })
  expect((await ask('/readyz')).status).toBe(200)
})

test.each(['/', '/metrics/', '/Metrics', '/metrics/../etc/passwd', '/__proto__', '//metrics', '/%6detrics'])('there is no page `%s`', async (path) => {
  const { server } = await serve(pages())
  const answer = await raw(server.address, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 404 /)
  expect(answer.endsWith('not found; there are /metrics, /healthz, /readyz\n')).toBe(true)
})

test.each(['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'])('%s is not allowed', async (method) => {
  const { ask } = await serve(pages())
  for (const path of ['/metrics', '/healthz', '/readyz']) {
    const response = await ask(path, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
  }
  expect((await ask('/other', { method })).status).toBe(404)
})

test('what stands behind the path does not matter', async () => {
  const { ask } = await serve(pages())
  expect((await ask('/healthz?verbose=1')).status).toBe(200)
})

test('a failure inside is told to its owner, not to whoever asks, and the server goes on', async () => {
  let fails = true
  const cause = new Error(`sasl: wrong password ${SECRET}`)
  const metrics = { contentType: 'text/plain', text: () => (fails ? Promise.reject(cause) : Promise.resolve('ok\n')) }
  const { ask, errors } = await serve(pages({ metrics }))
  const response = await ask('/metrics')
  expect([response.status, await response.text()]).toEqual([500, 'internal error\n'])
  expect(errors.map((e) => [e.message, e.cause])).toEqual([['cannot answer `/metrics`', cause]])
  fails = false
  expect(await (await ask('/metrics')).text()).toBe('ok\n')
})

test('secrets never appear, nor what a caller sent', async () => {
  process.env.INVIGIL_TEST_PASSWORD = SECRET
  onTestFinished(() => void delete process.env.INVIGIL_TEST_PASSWORD)
  const readiness = new Conditions({ kafka: `log-in as \`u\` with \`${String(new Secret(SECRET))}\` is under way` })
  const shown = pages({ readiness })
  const { ask, server, errors } = await serve(shown)
  const answers: string[] = []
  for (const path of ['/metrics', '/healthz', '/readyz', '/other']) {
    for (const method of ['GET', 'POST']) {
      const response = await ask(`${path}?token=${SECRET}`, { method, headers: { authorization: `Bearer ${SECRET}`, 'x-other': SECRET } })
      answers.push(JSON.stringify([...response.headers]) + (await response.text()))
    }
  }
  answers.push(await raw(server.address, `GET /${SECRET} HTTP/1.1\r\nhost: ${SECRET}\r\nconnection: close\r\n\r\n`), await raw(server.address, `${SECRET}\r\n\r\n`))
  expect(answers).toHaveLength(10)
  expect(answers.filter((a) => a.includes(SECRET))).toEqual([])
  expect(answers.some((a) => a.includes('with `***` is under way'))).toBe(true)
  expect(answers.filter((a) => /\bat .*\.[tj]s\b|node:internal|node_modules/.test(a))).toEqual([])
  expect(errors).toEqual([])
})

test('what is no HTTP, or too much of it, is refused', async () => {
  const { server, ask } = await serve(pages())
  expect(await raw(server.address, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  expect(await raw(server.address, `GET /metrics HTTP/1.1\r\nhost: x\r\nbig: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
  expect((await ask('/metrics')).status).toBe(200)
})

test('a port that is taken is said clearly, and the one who has it goes on', async () => {
  const { server, ask } = await serve(pages())
  const port = Number(server.address.split(':')[1])
  const error = await StatusServer.open({ host: '127.0.0.1', port }, pages(), () => {}).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(InvigilError)
  expect(error).toMatchObject({ code: 'usage', message: `cannot listen on \`127.0.0.1:${port}\`: another process listens there already; end it, or name another port` })
  expect((await ask('/healthz')).status).toBe(200)
})

test('an address that is not of this machine is said clearly', async () => {
  const error = await StatusServer.open({ host: '192.0.2.1', port: 0 }, pages(), () => {}).catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'usage', message: 'cannot listen on `192.0.2.1:0`: `192.0.2.1` is no address of this machine; `0.0.0.0` stands for all of them' })
})

test('it closes within a second, whatever its clients do, and its port is free then', async () => {
  let asked = () => {}
  const isAsked = new Promise<void>((done) => (asked = done))
  const metrics = { contentType: 'text/plain', text: () => new Promise<string>(() => asked()) }
  const { server, ask } = await serve(pages({ metrics }))
  await (await ask('/healthz')).text() // leaves a connection that is kept alive
  const half = raw(server.address, 'GET /healthz HTTP/1.1\r\nhost')
  const hanging = ask('/metrics').catch((e: unknown) => e)
  await isAsked
  const began = performance.now()
  await Promise.all([server.close(), server.close()])
  expect(performance.now() - began).toBeLessThan(1000)
  expect(await hanging).toBeInstanceOf(Error)
  await half
  await expect(ask('/healthz')).rejects.toThrow('fetch failed')
  const again = await serve(pages(), { host: '127.0.0.1', port: Number(server.address.split(':')[1]) })
  expect(again.server.address).toBe(server.address)
})

test('an answer that has begun is given on the way out', async () => {
  let go: (text: string) => void = () => {}
  let asked = () => {}
  const isAsked = new Promise<void>((done) => (asked = done))
  const text = () => new Promise<string>((done) => {
    go = done
    asked()
  })
  const { server, ask } = await serve(pages({ metrics: { contentType: 'text/plain', text } }))
  const answer = ask('/metrics')
  await isAsked
  const closed = server.close()
  go('last words\n')
  expect((await answer).headers.get('connection')).toBe('close')
  expect(await (await answer).text()).toBe('last words\n')
  await closed
})

test.each([
  ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
  ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
  ['[::1]:9464', { host: '::1', port: 9464 }],
  ['status.example.org:80', { host: 'status.example.org', port: 80 }],
])('`%s` is an address to listen on', (written, expected) => {
  expect(parsed(written).data).toEqual({ listen: expected })
})

test.each(['9464', ':9464', '127.0.0.1', '127.0.0.1:', '127.0.0.1:65536', '::1:9464', 'http://127.0.0.1:9464', 'a b:1', 'a:1/x', ''])('`%s` is none', (written) => {
  expect(parsed(written).error?.issues.map((i) => i.message)).toEqual(['not an address to listen on; write it like `127.0.0.1:9464`, or `0.0.0.0:9464` for every address of the machine'])
})

test('without an address nothing is served', () => {
  expect(httpConfig.parse({})).toEqual({})
})
