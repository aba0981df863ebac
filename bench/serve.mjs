// npm run bench:serve: how many events a second `invigil serve --intake` acknowledges once they are synced to the disk, with the client on the same
// cores. BENCH_SECONDS (10), BENCH_BATCH (500 events a request), BENCH_CLIENTS (8 connections) change the load; BENCH_GZIP=1 sends it gzipped.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { newToken } from '../dist/serve/tokens.js'
import { thousands } from './say.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const seconds = Number(process.env.BENCH_SECONDS ?? 10)
const batch = Number(process.env.BENCH_BATCH ?? 500)
const clients = Number(process.env.BENCH_CLIENTS ?? 8)
const isZipped = process.env.BENCH_GZIP === '1'
const BODIES = 50

const dir = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'invigil-bench-'))
const { token, sha256 } = newToken()
const limits = '{ requestsPerSecond: 1000000, eventsPerSecond: 10000000 }'
writeFileSync(join(dir, 'invigil.yaml'), `serve:\n  listen: 127.0.0.1:0\n  log: log\n  tokens: [{ name: bench, sha256: ${sha256}, platform: p1, limits: ${limits} }]\n`)

const server = spawn(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'serve', '--intake'], { cwd: dir, stdio: ['ignore', 'pipe', 'inherit'] })
const port = await new Promise((done, fail) => {
  server.stdout.on('data', (d) => {
    const found = /127\.0\.0\.1:(\d+)/.exec(d)
    if (found) done(Number(found[1]))
  })
  server.on('exit', (code) => fail(new Error(`the server ended with ${code}`)))
})
const bodies = Array.from({ length: BODIES }, (_, b) => bodyOf(b))
const agent = new Agent({ keepAlive: true, maxSockets: clients })
const latencies = []
let acknowledged = 0
const began = performance.now()
const cpuBefore = cpuOf(server.pid)
await Promise.all(Array.from({ length: clients }, async (_, c) => {
  for (let n = c; performance.now() - began < seconds * 1000; n++) {
    const from = performance.now()
    const kept = await post(bodies[n % BODIES])
    acknowledged += kept
    latencies.push(performance.now() - from)
  }
}))
const took = (performance.now() - began) / 1000
const cpu = cpuOf(server.pid) - cpuBefore
const written = statSync(join(dir, 'log', 'telemetry.ndjson')).size
agent.destroy()
server.removeAllListeners('exit')
server.kill('SIGTERM')
await new Promise((done) => server.once('exit', done))
rmSync(dir, { recursive: true })
latencies.sort((a, b) => a - b)
const at = (q) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))].toFixed(1)
process.stdout.write([
  `${thousands(acknowledged)} events in ${took.toFixed(1)} s, ${batch} a request, ${clients} connections${isZipped ? ', gzipped' : ''}, on ${cpus().length} cores (${cpus()[0]?.model.trim()}) that client and server share`,
  `${thousands(acknowledged / took)} events/s acknowledged, each synced to the disk before; ${thousands(written / took / 2 ** 20)} MiB/s`,
  `a request: median ${at(0.5)} ms, 99 % within ${at(0.99)} ms; the server: ${((cpu / acknowledged) * 1e6).toFixed(1)} µs CPU an event`, '',
].join('\n'))

function bodyOf(b) {
  const events = Array.from({ length: batch }, (_, n) => JSON.stringify({
    id: `${b}-${n}`, time: new Date(Date.UTC(2026, 2, 2) + (b * batch + n) * 20).toISOString(), action: 'heartbeat', platform: 'p1', learner: `L${n % 1000}`, session: `s${n % 1000}`, device: `d${n % 1000}`,
    ip: `14.204.${n % 250}.${b}`, agent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36', class: 'k1', course: 'c1', chapter: `c1-${n % 20}`, position: n, rate: 1, visible: true,
  }))
  const body = Buffer.from(`${events.join('\n')}\n`)
  return isZipped ? gzipSync(body) : body
}

/** Sends a body, and returns how many events the server says that it keeps. */
function post(body) {
  return new Promise((done, fail) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson', 'content-length': body.length, ...(isZipped ? { 'content-encoding': 'gzip' } : {}) }
    const sent = request({ host: '127.0.0.1', port, path: '/v1/events', method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (d) => (text += d))
      response.on('end', () => (response.statusCode === 200 ? done(JSON.parse(text).accepted) : fail(new Error(`${response.statusCode}: ${text}`))))
    })
    sent.on('error', fail)
    sent.end(body)
  })
}

/** Seconds of CPU time that a process has used. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
