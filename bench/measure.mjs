// One measurement in a process of its own: `node measure.mjs PART LOG CATALOGUE [WARM-UP]`; prints one line of JSON.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openContext } from '../dist/pipeline/context.js'
import { runLocal } from '../dist/pipeline/local.js'
import { parseCeiling, splitCeiling } from './ceilings.mjs'

const [part, log, catalogue, warmUp = '0'] = process.argv.slice(2)
const root = new URL('..', import.meta.url).pathname

const asksNoModel = (r) => !r.detector.model
const ofLearners = (r) => r.detector.stage === 'learner'

/** The shipped rules, or those of them that `which` takes. */
async function open(which) {
  const context = await openContext({ rules: [join(root, 'rules')], catalogue, version: 'bench' })
  return which ? { ...context, bundle: { ...context.bundle, rules: context.bundle.rules.filter(which) } } : context
}

/** `perSecond` counts from the first `warmUp` events on: by then everybody has been seen. */
async function timedRun(context, watch, { warmUp = 0, records = true } = {}) {
  const output = mkdtempSync(join(tmpdir(), 'invigil-bench-'))
  let begun = { at: performance.now(), lines: 0 }
  const progress = (_read, _size, { lines }) => {
    if (begun.lines < warmUp) begun = { at: performance.now(), lines }
  }
  const summary = await runLocal({ logs: [log], format: 'canonical', context, output, records, watch: { ...watch, progress } })
  const seconds = (performance.now() - begun.at) / 1000
  rmSync(output, { recursive: true })
  return { perSecond: (summary.log.events - begun.lines) / seconds, events: summary.log.events, warnings: summary.warnings.total }
}

/** What is freed by a collection may be counted as used until the next one. */
async function collect() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc()
    await new Promise((done) => setTimeout(done, 50))
  }
}

/** Memory in use after a collection at the end of the log, less what it was with rules, catalogue and databases loaded, for each learner. */
async function memoryPerLearner(which, records = false) {
  const context = await open(which)
  await collect()
  const before = process.memoryUsage()
  let machine
  await timedRun(context, { ended: (m) => (machine = m) }, { records })
  await collect()
  const after = process.memoryUsage()
  const { learners } = machine.keys()
  return { bytesPerLearner: (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / learners, learners }
}

/** Time of a load whose address depends on the load before, over a random cycle through `bytes` of memory. */
function latency(bytes) {
  const n = bytes / 4
  const next = new Uint32Array(n)
  for (let i = 0; i < n; i++) next[i] = i
  let x = 12345
  // Sattolo's algorithm: one cycle through everything.
  for (let i = n - 1; i > 0; i--) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    const j = x % i
    const t = next[i]
    next[i] = next[j]
    next[j] = t
  }
  const loads = 5_000_000
  const begun = performance.now()
  let at = 0
  for (let i = 0; i < loads; i++) at = next[at]
  const ns = ((performance.now() - begun) * 1e6) / loads
  return at < 0 ? 0 : ns
}

const parts = {
  split: () => ({ perSecond: splitCeiling(log) }),
  parse: () => ({ perSecond: parseCeiling(log) }),
  run: async () => timedRun(await open(), {}, { warmUp: Number(warmUp) }),
  'run-rules': async () => timedRun(await open(asksNoModel), {}, { warmUp: Number(warmUp) }),
  'run-no-records': async () => timedRun(await open(asksNoModel), {}, { warmUp: Number(warmUp), records: false }),
  memory: () => memoryPerLearner(asksNoModel),
  'memory-learner': () => memoryPerLearner((r) => ofLearners(r) && asksNoModel(r)),
  'memory-records': () => memoryPerLearner((r) => ofLearners(r) && asksNoModel(r), true),
  'memory-model': () => memoryPerLearner(ofLearners),
  latency: () => ({ small: latency(1 << 22), large: latency(1 << 30) }),
}
process.stdout.write(`${JSON.stringify(await parts[part]())}\n`)
