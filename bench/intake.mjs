// npm run bench:intake: how many events a second the intake takes from a platform's topic into `telemetry`, with one process and with two, each on a
// core of its own, over a real broker of its own. The broker has no core of its own where there are but two: CPU time for an event tells what is ours.
// BENCH_EVENTS (1,000,000) and BENCH_ROUNDS (1) change the size.
import { spawn } from 'node:child_process'
import { createReadStream, existsSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { startKafka } from '../services/kafka.mjs'
import { makeLog } from './make-log.mjs'
import { thousands } from './say.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const events = Number(process.env.BENCH_EVENTS ?? 1_000_000)
const rounds = Number(process.env.BENCH_ROUNDS ?? 1)
const PARTITIONS = 12
const PORTION = 2000
const TOPIC = 'bench-platform'
const FLAGS = ['--max-semi-space-size=32', ...(process.env.BENCH_FLAGS ?? '').split(' ').filter(Boolean)]

async function open(brokers) {
  const { kafkaConfig } = await import('../dist/io/kafka/config.js')
  const { KafkaClient } = await import('../dist/io/kafka/client.js')
  return KafkaClient.open(kafkaConfig.parse({ brokers: [brokers], topics: { replication: 1 } }), pino({ level: 'error' }, pino.destination(2)))
}

/** One process of the intake: writes a line for each commit, and leaves when its input ends. */
async function takePart(brokers, group) {
  const { openIntake } = await import('../dist/pipeline/kafka/intake-role.js')
  const { openGeo } = await import('../dist/io/geo.js')
  const { createEnricher } = await import('../dist/telemetry/enrich.js')
  const { Conditions } = await import('../dist/io/conditions.js')
  const client = await open(brokers)
  const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
  let counted = 0
  const meter = {
    count: (name, by, labels) => {
      if (name === 'events_read_total') {
        // One call for each platform.
        if (counted === 0) queueMicrotask(() => {
          say({ at: performance.timeOrigin + performance.now(), events: counted, cpu: cpuOf() })
          counted = 0
        })
        counted += by
      }
      if (name === 'commits_total' && labels.outcome === 'failed') say({ failed: by })
    },
    show: () => {}, showAll: () => {}, observe: () => {},
  }
  const broken = (e) => {
    throw e
  }
  const enrich = createEnricher({ geo: (await openGeo()).lookups })
  const role = await openIntake({ client, group, log: client.log, meter, readiness: new Conditions(), broken }, { sources: [{ topic: TOPIC, format: 'canonical' }], enrich })
  process.stdin.resume()
  process.stdin.on('end', () => void role.leave())
}

function cpuOf() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** The platform's topic, filled once. */
async function fill(client) {
  const { createTopics, makeTopics } = await import('../dist/io/kafka/topics.js')
  await createTopics(client)
  await client.withAdmin((admin) => makeTopics(admin, [{ name: TOPIC, partitions: PARTITIONS, replication: 1, configs: {} }]))
  const producer = client.plainProducer()
  await producer.connect()
  let messages = []
  let n = 0
  let bytes = 0
  for await (const line of createInterface({ input: createReadStream(makeLog(join(root, '.cache', 'bench', `10000-${events}.ndjson`), { learners: 10_000, events })) })) {
    messages.push({ partition: Math.floor(n++ / 100) % PARTITIONS, value: line })
    bytes += line.length
    if (messages.length === PORTION) await producer.send({ topic: TOPIC, messages: messages.splice(0) })
  }
  if (messages.length > 0) await producer.send({ topic: TOPIC, messages })
  await producer.disconnect()
  return bytes / n
}

/** Runs so many processes over the whole topic. */
async function measure(brokers, processes, group) {
  const parts = Array.from({ length: processes }, () => ({ commits: [], failed: 0 }))
  let total = 0
  let done
  const all = new Promise((resolve, reject) => (done = { resolve, reject }))
  const children = parts.map((part, i) => {
    const node = [process.execPath, ...FLAGS, fileURLToPath(import.meta.url), 'process', brokers, group]
    if (process.env.BENCH_PROFILE) node.splice(1, 0, '--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`)
    const pinned = existsSync('/usr/bin/taskset') ? ['taskset', '-c', String(i % availableParallelism()), ...node] : node
    const child = spawn(pinned[0], pinned.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line)
      if (said.failed) part.failed += said.failed
      else {
        part.commits.push(said)
        total += said.events
      }
      if (total >= events) done.resolve()
    })
    child.on('exit', (code) => (code === 0 ? undefined : done.reject(new Error(`a process ended with ${code}`))))
    return child
  })
  await all
  await Promise.all(children.map((child) => {
    child.stdin.end()
    return new Promise((ended) => child.once('exit', ended))
  }))
  if (total !== events) throw new Error(`${total} events were committed, not ${events}`)
  const working = parts.filter((p) => p.commits.length > 1)
  // While all are at work: what one does before the others have joined, and after they are through, is left out.
  const [begin, end] = [Math.max(...working.map((p) => p.commits[0].at)), Math.min(...working.map((p) => p.commits.at(-1).at))]
  const sum = (f) => working.reduce((s, p) => s + f(p), 0)
  const within = sum((p) => p.commits.filter((c) => c.at > begin && c.at <= end).reduce((s, c) => s + c.events, 0))
  const inAll = { begin: Math.min(...working.map((p) => p.commits[0].at)), end: Math.max(...working.map((p) => p.commits.at(-1).at)) }
  const cpu = sum((p) => p.commits.at(-1).cpu - p.commits[0].cpu) / sum((p) => p.commits.slice(1).reduce((s, c) => s + c.events, 0))
  return { name: processes === 1 ? 'one process  ' : 'two processes', atWork: working.length, perSecond: (within / (end - begin)) * 1000, whole: (events / (inAll.end - inAll.begin)) * 1000, micros: cpu * 1e6, commits: sum((p) => p.commits.length), failed: sum((p) => p.failed) }
}

async function main() {
  const kafka = await startKafka()
  try {
    const client = await open(kafka.brokers)
    const size = await fill(client)
    console.log(`intake, ${thousands(events)} events of ${Math.round(size)} bytes, ${PARTITIONS} partitions, acks of all (${cpus()[0].model}, ${availableParallelism()} cores, broker on the same)`)
    for (let round = 0; round < rounds; round++) {
      const one = await measure(kafka.brokers, 1, `one-${round}`)
      const two = await measure(kafka.brokers, 2, `two-${round}`)
      for (const m of [one, two]) {
        console.log(`  ${m.name} ${thousands(m.perSecond)} events/s while all are at work (first to last commit: ${thousands(m.whole)}), ${m.micros.toFixed(1)} µs of CPU an event, ${m.commits} commits by ${m.atWork}, ${m.failed} failed`)
      }
      console.log(`  two to one    ${(two.perSecond / one.perSecond).toFixed(2)} (wanted near 2); wanted of one 60,000: ${(one.perSecond / 60_000).toFixed(2)}`)
    }
  } finally {
    await kafka.stop()
  }
}

const [part, ...rest] = process.argv.slice(2)
if (part === 'process') await takePart(...rest)
else await main()
