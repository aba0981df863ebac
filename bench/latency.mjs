// npm run bench:latency: how long after it became due a warning can be read from Kafka, while events come in real time. A warning is due when the event or timer
// that raised it is (`raised`; the events' times are the clock's, so this is when the event was made); it is visible when a reader of committed records has it.
import { cpus } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { spawnGuarded } from '../services/server.mjs'
import { detectors } from '../dist/detectors/index.js'
import { usage } from './over-kafka/metrics.mjs'
import { FLAGS, openRealm, openStage, ROOT, shippedRules } from './over-kafka/realm.mjs'
import { thousands } from './say.mjs'
import { catalogue } from './make-log.mjs'

const USAGE = `usage: npm run bench:latency -- [--rate N] [--minutes N] [--partitions N] [--processes N] [--lateness 2s] [--flags='…']
  --rate N         events a second (default 20000); each learner sends one in 15 s
  --minutes N      how long (default 14: the resource stage waits for ten)
  --partitions N   of telemetry and of sightings (default 4)
  --processes N    (default 2)
  --lateness T     how late an event may come (default 2s, of a platform that stamps on its server)
  --flags='…'      for node (default ${FLAGS}, as the README starts a service)`
const { values } = parseArgs({ options: {
  rate: { type: 'string', default: '20000' }, minutes: { type: 'string', default: '14' }, partitions: { type: 'string', default: '4' },
  processes: { type: 'string', default: '2' }, lateness: { type: 'string', default: '2s' }, flags: { type: 'string', default: FLAGS }, help: { type: 'boolean' },
} })
if (values.help) {
  process.stdout.write(`${USAGE}\n`)
  process.exit(0)
}
const [rate, minutes, partitions, count] = [Number(values.rate), Number(values.minutes), Number(values.partitions), Number(values.processes)]
const BEAT = 15
const PATIENCE = 600
/** The first seconds are left out: code is not compiled yet, and everybody comes at once. */
const WARM_UP = 60_000
// One face check in this log is of somebody whose photo is another's; with any, everybody who has none would be warned of.
const LEFT_OUT = ['face-check', 'face-check-intervals']

const stageOf = new Map(detectors.map((d) => [d.name, d.stage]))

/** Reads the warnings as they become visible. */
async function follow(client, take) {
  const consumer = client.consumer({ groupId: `bench-warnings-${process.pid}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic: client.topic('warnings'), fromBeginning: true })
  await consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => {
    const at = Date.now()
    for (const { value } of batch.messages) take(JSON.parse(String(value)), at)
  } })
  return consumer
}

function produce(kafka, start) {
  const options = { kafka, start, log: { learners: rate * BEAT, events: rate * 60 * minutes, cheats: true, photos: true } }
  const child = spawnGuarded(process.execPath, [join(ROOT, 'bench', 'over-kafka', 'produce.mjs'), JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lags = []
  let sent = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line)
    lags.push(said.worst)
    sent = said.sent
  })
  const ended = new Promise((done, fail) => child.once('exit', (code) => (code === 0 ? done() : fail(new Error(`the producer ended with ${code}`)))))
  ended.catch(() => undefined)
  return { child, ended, lags, sent: () => sent }
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
const shown = (ms) => `${(ms / 1000).toFixed(2)} s`

function spread(name, latencies, wanted) {
  if (latencies.length === 0) return console.log(`  ${name}: no warnings (${wanted})`)
  const sorted = latencies.toSorted((a, b) => a - b)
  console.log(`  ${name}: p50 ${shown(at(sorted, 0.5))}, p99 ${shown(at(sorted, 0.99))}, longest ${shown(sorted.at(-1))} of ${thousands(sorted.length)} (${wanted})`)
}

const stage = await openStage()
try {
  const rules = shippedRules().filter((r) => !LEFT_OUT.includes(r))
  const realm = await openRealm(stage, 'latency', { partitions, rules, catalogue: catalogue(values.lateness) })
  const processes = []
  for (let core = 0; core < count; core++) processes.push(await realm.start({ core, flags: values.flags.split(' ').filter(Boolean) }))
  const seen = { learner: [], resource: [] }
  const twice = new Set()
  let repeated = 0
  const start = Date.now() + 2000
  const consumer = await follow(realm.client, (warning, at) => {
    const key = `${warning.id}.${warning.revision}`
    if (twice.has(key)) repeated++
    twice.add(key)
    const due = Date.parse(warning.raised)
    if (due - start < WARM_UP) return
    seen[stageOf.get(warning.detector)].push(at - due)
  })
  console.log(`${thousands(rate)} events/s for ${minutes} minutes by ${thousands(rate * BEAT)} learners, lateness ${values.lateness}, ${partitions} partitions, ${count} processes (${cpus()[0].model}, ${cpus().length} cores, broker and producer on the same)`)
  const producer = produce({ brokers: [stage.kafka.brokers], prefix: 'latency.' }, start)
  const over = new AbortController()
  const ended = producer.ended.finally(() => over.abort())
  ended.catch(() => undefined)
  const lags = []
  let longest = 0
  while (!over.signal.aborted) {
    for (const p of processes) p.check()
    const now = await Promise.all(processes.map(async (p) => usage(await p.scrape())))
    lags.push(now.reduce((n, u) => n + Object.entries(u.lag).reduce((m, [task, lag]) => m + (task.startsWith('learner') ? lag : 0), 0), 0))
    longest = Math.max(longest, ...now.map((u) => u.longestTurn))
    await sleep(2000)
  }
  await ended
  // What is due by the end is still to come.
  await sleep(10_000)
  const end = await Promise.all(processes.map(async (p) => usage(await p.scrape())))
  const sum = (name) => end.reduce((n, u) => n + u[name], 0)
  const slow = producer.lags.toSorted((a, b) => a - b)
  console.log(`  produced ${thousands(producer.sent())}, acknowledged within ${shown(at(slow, 0.5))} (median of each second's worst), ${shown(at(slow, 0.99))} (p99); handled ${thousands(sum('handled'))}, late ${thousands(sum('late'))}; records not handled yet: median ${thousands(at(lags.toSorted((a, b) => a - b), 0.5))}`)
  spread('learner stage', seen.learner, `wanted: p99 at most ${shown(parseInt(values.lateness, 10) * 1000 + 1000)}`)
  spread('resource stage', seen.resource, `wanted: p99 at most ${shown((PATIENCE + 2) * 1000)}`)
  console.log(`  ${repeated} warnings written twice; longest turn of an event loop ${shown(longest * 1000)}; RSS ${end.map((u) => `${Math.round(u.rss / 1e6)} MB`).join(' and ')}; ${((sum('cpu') / sum('handled')) * 1e6).toFixed(1)} µs of CPU an event`)
  await consumer.disconnect()
  await Promise.all(processes.map((p) => p.stop()))
} finally {
  await stage.stop()
}
