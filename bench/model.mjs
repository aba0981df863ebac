// npm run bench:model: rows that a model scores a second, by backend and batch, and the longest that anybody waits for it (by the processor); then what a run costs
// with the rule `brushing-model` beside all others, of what it costs without. The network is the trained one in `models/brushing`, or one of
// its size with weights by chance where there is none: speed does not depend on them.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { detectors } from '../dist/detectors/index.js'
import { readModel, writeModel } from '../dist/io/models.js'
import { encodeModel } from '../dist/models/runtime/layers-model.js'
import { openScorer } from '../dist/models/runtime/scorer.js'
import { BACKENDS, openTensorFlow } from '../dist/models/runtime/tensorflow.js'
import { openContext } from '../dist/pipeline/context.js'
import { runLocal } from '../dist/pipeline/local.js'
import { catalogue, makeLog } from './make-log.mjs'
import { thousands } from './say.mjs'

const self = fileURLToPath(import.meta.url)
const root = join(dirname(self), '..')
const cache = join(root, '.cache', 'bench')
const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
/** Of the run. In a short one the compiler's time counts for much. */
const events = Number(process.env.BENCH_EVENTS ?? 600_000)
const need = detectors.find((d) => d.name === 'brushing-model').model
const HIDDEN = [64, 32]
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

/** Where the model lies, trained or not. */
async function modelsFolder() {
  const shipped = join(root, 'models')
  if (existsSync(join(shipped, need.name, 'model.json'))) return shipped
  const dir = join(cache, 'models')
  const tensorflow = await openTensorFlow('cpu')
  tensorflow.use()
  const { tf, layers } = tensorflow
  const widths = [need.features.length, ...HIDDEN, 1]
  const model = layers.sequential({ name: 'chance' })
  widths.slice(1).forEach((units, i) => {
    const weights = [tf.randomUniform([widths[i], units], -0.2, 0.2, 'float32', i + 1), tf.zeros([units])]
    model.add(layers.layers.dense({ name: `layer-${i}`, units, activation: units === 1 ? 'linear' : 'relu', weights, ...(i === 0 ? { inputShape: [widths[0]] } : {}) }))
  })
  const files = await encodeModel(tensorflow, model)
  const all = (v) => need.features.map(() => v)
  const json = (name, value) => files.set(name, Buffer.from(JSON.stringify(value)))
  json('scaler.json', { features: need.features, center: all(0), scale: all(1), clip: 5, usual: all([-1, 1]) })
  json('calibration.json', { x: [-10, 10], y: [0, 1] })
  await writeModel(join(dir, need.name), files)
  return dir
}

/** Rows as learners give them: one number in ten is missing. */
function rowsOf(count) {
  return Float64Array.from({ length: count * need.features.length }, () => (Math.random() < 0.1 ? NaN : Math.random() * 2 - 1))
}

async function scoring(dir) {
  const { files } = await readModel(join(dir, need.name))
  console.log(`\na network of ${need.features.length} features, one core (${cpus()[0].model})`)
  for (const backend of BACKENDS) {
    let scorer
    const begun = performance.now()
    try {
      scorer = await openScorer(need.name, files, { features: need.features, backend })
    } catch (e) {
      if (e.code !== 'usage') throw e
      console.log(`  ${backend.padEnd(5)} ${e.message}`)
      continue
    }
    console.log(`  ${backend.padEnd(5)} ready after ${Math.round(performance.now() - begun)} ms`)
    for (const count of [1, 32, 64, 200, 512]) {
      const rows = rowsOf(count)
      const times = timesOf(() => scorer.score(rows, count), Math.ceil(6000 / count) + 20)
      console.log(`        ${String(count).padStart(3)} rows: ${thousands((1000 * count) / median(times)).padStart(8)} rows/s, median ${median(times).toFixed(2)} ms, longest ${Math.max(...times).toFixed(2)} ms`)
    }
    const row = rowsOf(1)
    const reasons = timesOf(() => scorer.reasons(row), 60)
    console.log(`        the reasons of one row: median ${median(reasons).toFixed(2)} ms, longest ${Math.max(...reasons).toFixed(2)} ms`)
  }
}

/** Milliseconds of the processor, which another program cannot make longer. */
function spent(call) {
  const before = process.cpuUsage()
  const result = call()
  const { user, system } = process.cpuUsage(before)
  return { result, ms: (user + system) / 1000 }
}

/** Milliseconds of each call, once the compiler has seen it. */
function timesOf(call, times) {
  for (let i = 0; i < 20; i++) call()
  return Array.from({ length: times }, () => spent(call).ms)
}

/** One run in this process, with the rule or without; prints one line of JSON. */
async function one(log, catalogueFile, models, on) {
  const context = await openContext({ rules: [join(root, 'rules')], catalogue: catalogueFile, models, version: 'bench' })
  if (on === 'off') context.bundle = { ...context.bundle, rules: context.bundle.rules.filter((r) => !r.detector.model) }
  const seen = { calls: 0, rows: 0, ms: 0, longest: 0 }
  const timed = ([name, scorer]) => [name, {
    width: scorer.width, reasons: (row) => scorer.reasons(row),
    score: (rows, count) => {
      const { result, ms } = spent(() => scorer.score(rows, count))
      seen.calls++
      seen.rows += count
      seen.ms += ms
      seen.longest = Math.max(seen.longest, ms)
      return result
    },
  }]
  context.models = new Map([...context.models].map(timed))
  const output = mkdtempSync(join(cache, 'out-'))
  const begun = performance.now()
  const before = process.cpuUsage()
  const summary = await runLocal({ logs: [log], format: 'canonical', context, output })
  const seconds = (performance.now() - begun) / 1000
  const { user, system } = process.cpuUsage(before)
  rmSync(output, { recursive: true })
  process.stdout.write(`${JSON.stringify({ perSecond: summary.log.events / seconds, perCpuSecond: (summary.log.events * 1e6) / (user + system), cpuSeconds: (user + system) / 1e6, seen })}\n`)
}

function running(dir) {
  const catalogueFile = join(cache, 'catalogue.json')
  writeFileSync(catalogueFile, JSON.stringify(catalogue()))
  const log = makeLog(join(cache, `2000-${events}.ndjson`), { learners: 2000, events })
  const measure = (on) => {
    const node = [process.execPath, '--max-semi-space-size=32', self, 'one', log, catalogueFile, dir, on]
    const pinned = existsSync('/usr/bin/taskset') && process.env.BENCH_PIN !== 'no' ? ['taskset', '-c', '0', ...node] : node
    const { status, stdout } = spawnSync(pinned[0], pinned.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
    if (status !== 0) throw new Error(`the run with the rule ${on} failed`)
    return JSON.parse(stdout.trim().split('\n').at(-1))
  }
  const got = { off: [], on: [] }
  // In turn, so that a noisy neighbour meets both.
  for (let i = 0; i < rounds; i++) for (const on of i % 2 === 0 ? ['off', 'on'] : ['on', 'off']) got[on].push(measure(on))
  const ratios = (by) => got.on.map((m, i) => m[by] / got.off[i][by])
  const told = (by) => `without the rule ${thousands(median(got.off.map((m) => m[by])))} events/s, with it ${thousands(median(got.on.map((m) => m[by])))}: ${median(ratios(by)).toFixed(2)} (median of ${ratios(by).map((r) => r.toFixed(2)).join(', ')})`
  const { seen, cpuSeconds } = got.on.at(-1)
  console.log(`\na run over ${thousands(events)} events of 2,000 learners who study at once for ${Math.round(events / 8000)} minutes, all rules, wasm`)
  // On a machine that others use, too, time of the processor tells more than that of the clock.
  console.log(`  by the clock:     ${told('perSecond')}`)
  console.log(`  by the processor: ${told('perCpuSecond')}`)
  console.log(`  ${thousands(seen.rows)} rows in ${thousands(seen.calls)} calls: ${((100 * seen.ms) / 1000 / cpuSeconds).toFixed(1)} % of the time, the longest ${seen.longest.toFixed(1)} ms`)
}

mkdirSync(cache, { recursive: true })
const [part, ...rest] = process.argv.slice(2)
if (part === 'one') await one(...rest)
else {
  const dir = await modelsFolder()
  if (part === undefined || part === 'scoring') await scoring(dir)
  if (part === undefined || part === 'running') running(dir)
}
