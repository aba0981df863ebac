// npm run bench: speed of the whole run with all shipped rules beside what the machine can do at most, memory for each
// learner, and what a million learners cost. Simulated honest learners; results go to standard output as a table.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catalogue, makeLog } from './make-log.mjs'
import { thousands } from './say.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const cache = join(root, '.cache', 'bench')
const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
mkdirSync(cache, { recursive: true })
const catalogueFile = join(cache, 'catalogue.json')
writeFileSync(catalogueFile, JSON.stringify(catalogue()))
const promptFile = join(cache, 'catalogue-2s.json')
writeFileSync(promptFile, JSON.stringify(catalogue('2s')))

/** Runs a part of the bench in a process of its own on one core, and returns what it prints. */
function measure(part, log, extra = [], catalogue = catalogueFile) {
  const node = [process.execPath, '--expose-gc', '--max-old-space-size=20000', ...FLAGS, join(root, 'bench', 'measure.mjs'), part, log, catalogue, ...extra]
  const pinned = existsSync('/usr/bin/taskset') ? ['taskset', '-c', '0', ...node] : node
  const { status, stdout } = spawnSync(pinned[0], pinned.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) throw new Error(`${part} failed`)
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

const FLAGS = ['--max-semi-space-size=32']
const best = (values) => Math.max(...values)
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

/** A log of so many events, made once. */
function logOf(learners, events) {
  return makeLog(join(cache, `${learners}-${events}.ndjson`), { learners, events })
}

function throughput() {
  const log = logOf(10_000, 3_000_000)
  const got = { split: [], parse: [], 'run-no-records': [], 'run-rules': [], run: [] }
  // Interleaved, so that a noisy neighbour meets all three.
  for (let i = 0; i < rounds; i++) for (const part of Object.keys(got)) got[part].push(measure(part, log).perSecond)
  const ratio = (part, to) => median(got[part].map((r, i) => r / got[to][i])).toFixed(2)
  console.log(`\nthroughput, one core, 10,000 learners, 3,000,000 events (${cpus()[0].model})`)
  console.log(`  read and split     ${thousands(best(got.split))} lines/s`)
  console.log(`  JSON.parse         ${thousands(best(got.parse))} lines/s`)
  console.log(`  rules, no model    ${thousands(best(got['run-rules']))} events/s: ${ratio('run-rules', 'parse')} of JSON.parse (medians of ${rounds}; wanted 0.50)`)
  console.log(`  of that without learning records: ${ratio('run-rules', 'run-no-records')}`)
  console.log(`  rules and model    ${thousands(best(got.run))} events/s: ${ratio('run', 'parse')} of JSON.parse, ${ratio('run', 'run-rules')} of that without the model (wanted 0.85)`)
}

function memory() {
  const log = logOf(200_000, 1_600_000)
  const own = measure('memory-learner', log)
  const [model, all, kept] = ['memory-model', 'memory', 'memory-records'].map((part) => measure(part, log))
  console.log(`\nstate of an active learner, ${thousands(own.learners)} learners: ${thousands(own.bytesPerLearner)} bytes (wanted 3,072)`)
  console.log(`  and what the model sees: ${thousands(model.bytesPerLearner - own.bytesPerLearner)} bytes (wanted 1,024)`)
  console.log(`  and its learning records: ${thousands(kept.bytesPerLearner - own.bytesPerLearner)} bytes`)
  console.log(`  with its share of addresses, devices and classes: ${thousands(all.bytesPerLearner)} bytes`)
}

function scale() {
  const [few, many] = [10_000, 1_000_000]
  const ratios = []
  let last
  for (let i = 0; i < rounds; i++) {
    last = { few: steady(few, 3_000_000), many: steady(many, 8_000_000) }
    ratios.push(last.few.perSecond / last.many.perSecond)
  }
  const cost = (m) => (1e6 / m.perSecond).toFixed(2)
  console.log(`\ncost of an event: ${cost(last.few)} µs at ${thousands(few)} learners, ${cost(last.many)} µs at ${thousands(many)}: ${median(ratios).toFixed(2)} times (wanted 1.8)`)
  const latency = measure('latency', catalogueFile)
  console.log(`  memory latency here, dependent loads: ${latency.small.toFixed(1)} ns in 4 MB, ${latency.large.toFixed(1)} ns in 1 GB`)
}

/** Cost once everybody has been seen twice. Platforms stamp on their servers, so that events wait for two seconds only. */
function steady(learners, events) {
  return measure('run-rules', logOf(learners, events), [String(2 * learners)], promptFile)
}

const parts = { throughput, memory, scale }
const asked = process.argv.slice(2)
for (const [name, part] of Object.entries(parts)) if (asked.length === 0 || asked.includes(name)) part()
