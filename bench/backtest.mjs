// npm run bench:backtest: what a back-test of ten variants of one rule costs, of what one run over the same log costs. Learners are simulated, and some of
// them play two chapters at once. `node bench/backtest.mjs hang-up.idle=10m..55m:5m` takes another rule.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readRuleSources } from '../dist/io/texts.js'
import { backtest } from '../dist/pipeline/backtest/run.js'
import { parseAxis } from '../dist/pipeline/backtest/sweep.js'
import { openContext, openSurroundings } from '../dist/pipeline/context.js'
import { runLocal } from '../dist/pipeline/local.js'
import { catalogue, makeLog } from './make-log.mjs'
import { thousands } from './say.mjs'

const self = fileURLToPath(import.meta.url)
const root = join(dirname(self), '..')
const cache = join(root, '.cache', 'bench')
const rules = [join(root, 'rules')]
const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
const learners = Number(process.env.BENCH_LEARNERS ?? 5000)
const events = Number(process.env.BENCH_EVENTS ?? 2_000_000)
const DEFAULT_SWEEP = 'parallel-chapters.overlap=10s..100s:10s'
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

/** Seconds by the clock and by the processor, without what is opened before. */
async function timed(call) {
  const begun = performance.now()
  const before = process.cpuUsage()
  const result = await call()
  const { user, system } = process.cpuUsage(before)
  return { clock: (performance.now() - begun) / 1000, cpu: (user + system) / 1e6, megabytes: process.resourceUsage().maxRSS / 1024, ...result }
}

const parts = {
  run: async (log, catalogue) => {
    const context = await openContext({ rules, catalogue, version: 'bench' })
    const output = mkdtempSync(join(cache, 'out-'))
    const got = await timed(async () => {
      const summary = await runLocal({ logs: [log], format: 'canonical', context, output })
      return { events: summary.log.events, warnings: summary.warnings.total }
    })
    rmSync(output, { recursive: true })
    return got
  },
  backtest: async (log, catalogue, sweep) => {
    const surroundings = await openSurroundings({ catalogue, version: 'bench' })
    const before = await readRuleSources(rules)
    return timed(async () => {
      const { report } = await backtest({ logs: [log], format: 'canonical', surroundings, before, after: before, axes: [parseAxis(sweep)] })
      return { events: report.log.events, points: report.sweep.points.map((p) => p.warnings) }
    })
  },
}

function measure(part, ...args) {
  const node = [process.execPath, '--max-semi-space-size=64', '--max-old-space-size=8000', self, part, ...args]
  const pinned = existsSync('/usr/bin/taskset') && process.env.BENCH_PIN !== 'no' ? ['taskset', '-c', '0', ...node] : node
  const { status, stdout } = spawnSync(pinned[0], pinned.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) throw new Error(`${part} failed`)
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

mkdirSync(cache, { recursive: true })
const [first, ...rest] = process.argv.slice(2)
if (first in parts) process.stdout.write(`${JSON.stringify(await parts[first](...rest))}\n`)
else {
  const sweep = first ?? DEFAULT_SWEEP
  const catalogueFile = join(cache, 'catalogue.json')
  writeFileSync(catalogueFile, JSON.stringify(catalogue()))
  const log = makeLog(join(cache, `cheats-${learners}-${events}.ndjson`), { learners, events, cheats: true })
  const got = { run: [], backtest: [] }
  // In turn, so that a noisy neighbour meets both.
  for (let i = 0; i < rounds; i++) for (const part of i % 2 === 0 ? ['run', 'backtest'] : ['backtest', 'run']) got[part].push(measure(part, log, catalogueFile, sweep))
  const ratios = (by) => got.backtest.map((b, i) => b[by] / got.run[i][by])
  const told = (by) => `${median(ratios(by)).toFixed(2)} (${ratios(by).map((r) => r.toFixed(2)).join(', ')})`
  const last = { run: got.run.at(-1), backtest: got.backtest.at(-1) }
  console.log(`\n${thousands(last.run.events)} events of ${thousands(learners)} learners, all shipped rules; ${sweep}, one core (${cpus()[0].model})`)
  console.log(`  one run            ${last.run.cpu.toFixed(1)} s of the processor, ${thousands(last.run.megabytes)} MB; ${last.run.warnings} warnings`)
  console.log(`  the back-test      ${last.backtest.cpu.toFixed(1)} s, ${thousands(last.backtest.megabytes)} MB; warnings of the rule by variant: ${last.backtest.points.join(' ')}`)
  console.log(`  of one run: by the processor ${told('cpu')}, by the clock ${told('clock')} (medians of ${rounds}; wanted at most 3)`)
}
