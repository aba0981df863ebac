// npm run bench:sweep: whether a value that a sweep suggests for a wanted share of false alarms keeps to it on learners that it was not chosen by. Simulates
// honest learners of two seeds, sweeps on the one, and measures the suggested values on the other. Only the swept rule runs.
import { createWriteStream, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parse, stringify } from 'yaml'
import { readTruth } from '../dist/cli/score.js'
import { readRuleSources } from '../dist/io/texts.js'
import { backtest } from '../dist/pipeline/backtest/run.js'
import { suggestionFor } from '../dist/pipeline/backtest/suggestion.js'
import { parseAxis } from '../dist/pipeline/backtest/sweep.js'
import { contextUnder, openSurroundings } from '../dist/pipeline/context.js'
import { simulate } from '../dist/simulate/index.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const cache = join(root, '.cache', 'sweep')
const learners = Number(process.env.BENCH_LEARNERS ?? 2000)
const days = Number(process.env.BENCH_DAYS ?? 1)
const seeds = { swept: 61_001, other: 61_002 }
/** Parameters that honest learners meet often enough to be counted, and the shares that are wanted. */
const SWEEPS = ['hang-up.idle=2m..30m:2m', 'over-credit.daily=30m..6h:30m']
const SHARES = [0.05, 0.1, 0.2]
const MOST_OFF = 0.2

async function world(seed) {
  const dir = join(cache, `${seed}-${learners}-${days}`)
  const [log, catalogue, truth] = ['telemetry.ndjson', 'catalogue.json', 'truth.json'].map((f) => join(dir, f))
  const simulation = simulate({ seed, learners, days, cheaters: 0 })
  if (!existsSync(log)) {
    mkdirSync(dir, { recursive: true })
    const lines = function* () {
      for (const record of simulation.records) yield `${JSON.stringify(record)}\n`
    }
    await pipeline(Readable.from(lines()), createWriteStream(`${log}.new`))
    writeFileSync(catalogue, JSON.stringify(simulation.catalogue))
    writeFileSync(truth, JSON.stringify(simulation.truth()))
    renameSync(`${log}.new`, log)
  }
  return { log, labels: { kind: 'truth', truth: await readTruth(truth) }, surroundings: await openSurroundings({ catalogue, version: 'bench' }) }
}

/** The rule alone, without those beside it. */
async function only(rule) {
  const sources = await readRuleSources([join(root, 'rules')])
  return sources.map(({ dir, files }) => ({
    dir, files: files.flatMap(({ path, text }) => {
      if (path.includes('/regulations/')) return [{ path, text }]
      const own = parse(text).filter((r) => r.rule === rule)
      return own.length === 0 ? [] : [{ path, text: stringify(own) }]
    }),
  }))
}

const replay = ({ log, labels, surroundings }, before, more) => backtest({ logs: [log], format: 'canonical', surroundings, before, after: before, labels, ...more }).then((r) => r.report)

/** The values that are suggested for the wanted shares, each tried on the log that they were chosen by. */
async function suggestions(world, rules, axis) {
  const { sweep } = await replay(world, rules, { axes: [axis] })
  const found = []
  for (const wanted of SHARES) {
    const overlays = new Map()
    const load = async (source) => {
      const context = await contextUnder([...rules, source], world.surroundings)
      overlays.set(context, source)
      return context
    }
    // All values in one pass, as the command has it.
    const measure = async (contexts) => {
      const values = contexts.map((c) => parse(overlays.get(c).files[0].text)[0].params[axis.param])
      const { sweep } = await replay(world, rules, { axes: [parseAxis(`${axis.rule}.${axis.param}=${values.join(',')}`)] })
      return sweep.points.map((p) => p.rates)
    }
    found.push(await suggestionFor(sweep, wanted, { load, measure }))
  }
  return found
}

const percent = (share) => `${(100 * share).toFixed(2)} %`
const [swept, other] = [await world(seeds.swept), await world(seeds.other)]
let missed = 0
console.log(`\n${learners} honest learners a world, ${days} day(s), seeds ${seeds.swept} and ${seeds.other}`)
for (const text of SWEEPS) {
  const axis = parseAxis(text)
  const rules = await only(axis.rule)
  const found = await suggestions(swept, rules, axis)
  const values = [...new Set(found.flatMap((s) => s.value ?? []))]
  const { sweep } = await replay(other, rules, { axes: [parseAxis(`${axis.rule}.${axis.param}=${values.join(',')}`)] })
  for (const { wanted, value, why, measured, falseAlarms, honest } of found) {
    if (value === undefined) {
      console.log(`  ${text}: wanted ${percent(wanted)}: none: ${why}`)
      continue
    }
    const there = sweep.points[values.indexOf(value)].rates.falseAlarms
    const off = there.share / wanted - 1
    if (Math.abs(off) > MOST_OFF) missed++
    console.log(`  ${text}: wanted ${percent(wanted)}: ${value} (${measured}), ${percent(falseAlarms)} of ${honest} where it was swept, ${percent(there.share)} of ${there.of} elsewhere: off by ${(100 * off).toFixed(0)} %`)
  }
}
console.log(`${missed} off by more than ${100 * MOST_OFF} %`)
if (missed > 0) process.exitCode = 1
