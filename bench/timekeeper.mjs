// npm run bench:timekeeper: how many events a second the timekeeper takes from `telemetry`, over a real broker of its own: from its opening until the mark is
// written that covers all, and warm, which is the second half of them. Beside it, what reading alone takes. Each in a process of its own on one core.
// Where there are but two cores the broker and others use that one, too: CPU time for an event tells what is ours.
// BENCH_EVENTS (2,000,000), BENCH_ROUNDS (3) and BENCH_PARTITIONS (4) change the size.
import { spawn } from 'node:child_process'
import { createReadStream, existsSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { startKafka } from '../services/kafka.mjs'
import { catalogue, makeLog } from './make-log.mjs'
import { thousands } from './say.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const events = Number(process.env.BENCH_EVENTS ?? 2_000_000)
const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
const PARTITIONS = Number(process.env.BENCH_PARTITIONS ?? 4)
const WANTED = 400_000
// As the intake commits them.
const PORTION = 8192
const SOURCE = 'bench-platform'
const FLAGS = ['--max-semi-space-size=32', ...(process.env.BENCH_FLAGS ?? '').split(' ').filter(Boolean)]
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const now = () => performance.timeOrigin + performance.now()

async function open(brokers) {
  const { kafkaConfig } = await import('../dist/io/kafka/config.js')
  const { KafkaClient } = await import('../dist/io/kafka/client.js')
  const topics = { replication: 1, partitions: { telemetry: PARTITIONS, sightings: 1, warnings: 1, records: 1, prompts: 1, reviews: 1, rejects: 1, late: 1 } }
  return KafkaClient.open(kafkaConfig.parse({ brokers: [brokers], prefix: 'bench.', topics }), pino({ level: 'error' }, pino.destination(2)))
}

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
const broken = (e) => {
  throw e
}

function cpuOf() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Counts records as they come: where each hundredth of all was reached, and when. */
function counter() {
  let count = 0
  let told = 0
  const step = events / 100
  return (n) => {
    count += n
    if (count < told + step && count !== events) return
    told = count
    say({ at: now(), count, cpu: cpuOf() })
  }
}

/** Keeps the time, as a process of `invigil run --kafka --roles time` does, until its input ends. */
async function keepTime(brokers, group) {
  const { openTimekeeper } = await import('../dist/pipeline/kafka/timekeeper-role.js')
  const { LightReader } = await import('../dist/pipeline/kafka/light-reader.js')
  const { Catalogue } = await import('../dist/catalogue/index.js')
  const { catalogueSchema } = await import('../dist/catalogue/catalogue.js')
  const { Conditions } = await import('../dist/io/conditions.js')
  const client = await open(brokers)
  const count = counter()
  const shipped = Object.getOwnPropertyDescriptor(LightReader.prototype, 'read')
  LightReader.prototype.read = function (records, now) {
    shipped.value.call(this, records, now)
    count(records.length)
  }
  const meter = {
    count: () => {}, show: () => {}, observe: () => {},
    // Comes with each mark that has been written.
    showAll: (name, values) => (name === 'watermark_age_seconds' && values.length > 0 ? say({ at: now(), mark: true, cpu: cpuOf() }) : undefined),
  }
  say({ at: now(), begun: true, cpu: cpuOf() })
  const role = await openTimekeeper({ client, group, log: client.log, meter, readiness: new Conditions(), broken }, { catalogue: new Catalogue(catalogueSchema.parse(catalogue())), contexts: { current: () => 'bench' }, sources: [] })
  untilEnd(role)
}

/** Reads and does nothing. */
async function readAlone(brokers, group) {
  const { Member } = await import('../dist/io/kafka/member.js')
  const client = await open(brokers)
  const count = counter()
  say({ at: now(), begun: true, cpu: cpuOf() })
  untilEnd(await Member.alone(client, group, {
    topics: [client.topic('telemetry')], broken,
    open: () => Promise.resolve({ from: 0, take: (messages) => count(messages.length), close: () => Promise.resolve() }),
  }))
}

function untilEnd(what) {
  process.stdin.resume()
  process.stdin.on('end', () => void what.leave())
}

/** The telemetry, as the intake writes it. */
async function fill(client) {
  const { createTopics } = await import('../dist/io/kafka/topics.js')
  const { TransactionalProducer } = await import('../dist/io/kafka/producer.js')
  const { Intake } = await import('../dist/pipeline/intake.js')
  const { createDecoder } = await import('../dist/telemetry/decode.js')
  await createTopics(client)
  const producer = await TransactionalProducer.open(client, 'bench-fill')
  const intake = new Intake({ decoders: new Map([[SOURCE, createDecoder({ format: 'canonical' })]]), enrich: () => {} })
  const topic = client.topic('telemetry')
  let taken = { telemetry: [], rejects: [] }
  let bytes = 0
  let n = 0
  const send = async () => {
    await producer.write([{ topic, messages: taken.telemetry }])
    taken = { telemetry: [], rejects: [] }
  }
  for await (const line of createInterface({ input: createReadStream(makeLog(join(root, '.cache', 'bench', `10000-${events}.ndjson`), { learners: 10_000, events })) })) {
    intake.take({ topic: SOURCE, partition: 0, offset: String(n++), key: null, value: Buffer.from(line), timestamp: String(Date.now()) }, taken)
    bytes += taken.telemetry.at(-1).value.length
    if (taken.telemetry.length === PORTION) await send()
  }
  if (taken.telemetry.length > 0) await send()
  await producer.close()
  if (intake.counts.events !== events) throw new Error(`${intake.counts.events} events were written, not ${events}`)
  return bytes / n
}

/** Runs one process over all of the telemetry, until it has been through and, where it keeps the time, has written the mark that covers it. */
async function measure(client, brokers, part, group) {
  const node = [process.execPath, ...FLAGS, fileURLToPath(import.meta.url), part, brokers, group]
  if (process.env.BENCH_PROFILE) node.splice(1, 0, '--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`)
  const pinned = existsSync('/usr/bin/taskset') ? ['taskset', '-c', String(availableParallelism() - 1), ...node] : node
  const child = spawn(pinned[0], pinned.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  const counts = []
  let begun
  let marks = 0
  const last = await new Promise((done, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line)
      if (said.begun) begun = said
      if (said.count) counts.push(said)
      if (said.mark) marks++
      if (counts.at(-1)?.count === events && (said.mark || part === 'read')) done(said)
    })
    child.on('exit', (code) => fail(new Error(`a process ended with ${code} before it was through`)))
  })
  child.removeAllListeners('exit')
  child.stdin.end()
  await new Promise((ended) => child.once('exit', ended))
  if (part === 'keep') await checkMarks(client)
  const half = counts.find((c) => c.count >= events / 2)
  const end = counts.at(-1)
  return {
    opening: (events / (last.at - begun.at)) * 1000, first: (events / (last.at - counts[0].at)) * 1000, warm: ((end.count - half.count) / (end.at - half.at)) * 1000,
    micros: ((end.cpu - half.cpu) / (end.count - half.count)) * 1e6, marks,
  }
}

/** The marks really stand in their topic, and the last covers everything; then they are taken away, so that the next one begins anew. */
async function checkMarks(client) {
  const { logRanges } = await import('../dist/io/kafka/offsets.js')
  const { lastRecord } = await import('../dist/io/kafka/last-record.js')
  const { unpackMark } = await import('../dist/engine/mark-record.js')
  const topic = client.topic('marks')
  const [marks, telemetry] = await client.withAdmin(async (admin) => [await logRanges(admin, topic), await logRanges(admin, client.topic('telemetry'))])
  const record = await lastRecord(client, 'bench', topic, 0, marks[0])
  const { offsets } = unpackMark(record.value)
  // The last of a partition is the marker of a transaction.
  if (!telemetry.every(({ end }, p) => offsets[p] >= end - 1)) throw new Error(`the last mark covers ${offsets.join(', ')}, not all of the telemetry`)
  await client.withAdmin(async (admin) => {
    // kafkajs must have heard of the topic before.
    await logRanges(admin, topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(marks[0].end) }] })
  })
}

async function main() {
  const kafka = await startKafka()
  try {
    const client = await open(kafka.brokers)
    const size = await fill(client)
    console.log(`timekeeper, ${thousands(events)} events of ${Math.round(size)} bytes and their headers, ${PARTITIONS} partitions (${cpus()[0].model}, ${availableParallelism()} cores, broker on the same)`)
    const got = { read: [], keep: [] }
    for (let round = 0; round < rounds; round++) {
      for (const part of ['read', 'keep']) {
        const m = await measure(client, kafka.brokers, part, `${part}-${round}`)
        got[part].push(m)
        console.log(`  ${part === 'read' ? 'reading alone' : 'timekeeper   '} ${thousands(m.opening)} events/s from opening, ${thousands(m.first)} from the first records, ${thousands(m.warm)} warm, ${m.micros.toFixed(2)} µs of CPU an event${part === 'keep' ? `, ${m.marks} mark${m.marks === 1 ? '' : 's'}` : ''}`)
      }
    }
    const all = (what) => got.keep.map((m) => m[what])
    console.log(`  timekeeper, median of ${rounds}: ${thousands(median(all('opening')))} events/s from opening (least ${thousands(Math.min(...all('opening')))}; wanted ${thousands(WANTED)}), ${thousands(median(all('warm')))} warm, ${median(all('micros')).toFixed(2)} µs of CPU an event (wanted ${(1e6 / WANTED).toFixed(2)})`)
  } finally {
    await kafka.stop()
  }
}

const [part, ...rest] = process.argv.slice(2)
if (part === 'keep') await keepTime(...rest)
else if (part === 'read') await readAlone(...rest)
else await main()
