// npm run bench:archive: what `invigil archive` takes for a log in Kafka, and `invigil run --archive` for what it wrote, each as a process of its own, over a
// real broker of its own. For comparison, `invigil run` over the same events as a file. BENCH_EVENTS (500,000) and BENCH_LEARNERS (10,000) change the
// size; BENCH_PROFILE names a folder for profiles.
import { execFileSync, spawn } from 'node:child_process'
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { startKafka } from '../services/kafka.mjs'
import { makeLog } from './make-log.mjs'
import { thousands } from './say.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const main = join(root, 'dist', 'cli', 'main.js')
const events = Number(process.env.BENCH_EVENTS ?? 500_000)
const learners = Number(process.env.BENCH_LEARNERS ?? 10_000)
const PARTITIONS = 12
const MARK_EVERY = 1000

/** Telemetry, marks and the context, as the intake and the timekeeper would write them. */
async function fill(client, path) {
  const [{ createTopics }, { publishContext }, { openContext }, { Timekeeper }, { packMark, recordOf }, { createDecoder }, { createEnricher }, { writeEvent }, { fnv1a }, { VERSION }] = await Promise.all([
    'io/kafka/topics', 'pipeline/kafka/publish-context', 'pipeline/context', 'engine/timekeeper', 'engine/mark-record', 'telemetry/decode', 'telemetry/enrich', 'telemetry/wire', 'base/hash', 'cli/version',
  ].map((m) => import(`../dist/${m}.js`)))
  await createTopics(client)
  const context = await openContext({ rules: [join(root, 'rules')], version: VERSION })
  await publishContext(client, context)
  const producer = client.plainProducer()
  await producer.connect()
  const keeper = new Timekeeper(context.catalogue)
  const enrich = createEnricher({ geo: context.geo.lookups })
  const decoder = createDecoder({ format: 'canonical' })
  const ends = Array.from({ length: PARTITIONS }, () => 0)
  let messages = []
  const sink = {
    event: (held) => {
      const event = held.read()
      event.stamp = Date.now()
      keeper.observe(event)
      enrich(event)
      const key = `${event.platform}\u0000${event.learner}`
      const partition = fnv1a(key) % PARTITIONS
      ends[partition]++
      messages.push({ key, partition, value: writeEvent(event), headers: { 'source-topic': 'lms', 'source-partition': '0', 'source-offset': String(ends[partition]) } })
    },
    reject: (reason) => {
      throw new Error(reason)
    },
    ignored: () => {},
  }
  const mark = async () => {
    await producer.send({ topic: client.topic('telemetry'), messages: messages.splice(0) })
    await producer.send({ topic: client.topic('marks'), messages: [{ value: Buffer.from(packMark(recordOf(keeper, keeper.next(context.hash), ends))) }] })
  }
  for await (const line of createInterface({ input: createReadStream(path) })) {
    decoder.decode(sink, Buffer.from(line))
    if (messages.length === MARK_EVERY) await mark()
  }
  await mark()
  await producer.disconnect()
}

/** Runs the command to its end: seconds, those of them on a processor, and the most memory that the process has had. */
function measure(name, args, cwd) {
  const profile = process.env.BENCH_PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`] : []
  const child = spawn(process.execPath, [...profile, main, ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
  const begun = performance.now()
  let peak = 0
  let cpu = 0
  const look = setInterval(() => {
    try {
      // Ticks of a hundredth of a second, behind the name in brackets.
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ')
      cpu = (Number(stat[11]) + Number(stat[12])) / 100
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0))
    } catch {
      // It has just ended.
    }
  }, 50)
  return new Promise((resolve, reject) => child.on('exit', (code) => {
    clearInterval(look)
    const seconds = (performance.now() - begun) / 1000
    if (code !== 0) return reject(new Error(`${name} ended with ${code}`))
    console.log(`  ${name.padEnd(30)} ${seconds.toFixed(1).padStart(6)} s, ${cpu.toFixed(1).padStart(6)} s of CPU, ${((cpu / events) * 1e6).toFixed(1)} µs an event, at most ${Math.round(peak / 1024)} MiB`)
    resolve()
  }))
}

const kafka = await startKafka()
const dir = mkdtempSync(join(tmpdir(), 'invigil-bench-'))
try {
  const { kafkaConfig } = await import('../dist/io/kafka/config.js')
  const { KafkaClient } = await import('../dist/io/kafka/client.js')
  const topics = { replication: 1, partitions: { telemetry: PARTITIONS } }
  const client = await KafkaClient.open(kafkaConfig.parse({ brokers: [kafka.brokers], topics }), pino({ level: 'error' }, pino.destination(2)))
  writeFileSync(join(dir, 'invigil.yaml'), JSON.stringify({ group: 'bench', kafka: { brokers: [kafka.brokers], topics } }))
  const log = makeLog(join(root, '.cache', 'bench', `${learners}-${events}.ndjson`), { learners, events })
  await fill(client, log)
  console.log(`${thousands(events)} events of ${thousands(learners)} learners, ${PARTITIONS} partitions, a mark every ${MARK_EVERY} (${cpus()[0].model}, ${availableParallelism()} cores)`)
  await measure('archive', ['archive', '--to', 'archive'], dir)
  await kafka.stop()
  console.log(`  ${''.padEnd(30)} ${execFileSync('du', ['-sm', 'archive'], { cwd: dir, encoding: 'utf8' }).split('\t')[0]} MB on disk`)
  await measure('run over the archive', ['run', '--archive', 'archive', '--output', 'out', '--quiet'], dir)
  await measure('run over the archive, in 4', ['run', '--archive', 'archive', '--output', 'out4', '--quiet', '--partitions', '4'], dir)
  await measure('run over the file', ['run', log, '--output', 'file', '--quiet'], dir)
  const [one, four, file] = ['out', 'out4', 'file'].map((name) => readFileSync(join(dir, name, 'warnings.ndjson'), 'utf8'))
  if (one !== four) throw new Error('the warnings differ')
  console.log(`  ${one.split('\n').length - 1} warnings; over the file, whose end lets all time pass, ${file.split('\n').length - 1}`)
} finally {
  await kafka.stop()
  rmSync(dir, { recursive: true, force: true })
}
