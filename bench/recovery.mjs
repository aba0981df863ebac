// npm run bench:recovery: what a large state costs. A million learners are known; while they are saved to Redis, do marks go on and heartbeats get through? And once a
// process is killed, how long is it until every partition commits again what came after?
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { spawnGuarded } from '../services/server.mjs'
import { load } from './over-kafka/load.mjs'
import { usage } from './over-kafka/metrics.mjs'
import { Progress } from './over-kafka/progress.mjs'
import { FLAGS, openRealm, openStage, ROOT, seconds } from './over-kafka/realm.mjs'
import { thousands } from './say.mjs'
import { catalogue, linesOf } from './make-log.mjs'

const USAGE = `usage: npm run bench:recovery -- [--learners N] [--rate N] [--partitions N] [--processes N] [--snapshot-every 60s] [--rounds N] [--flags='…']
  --learners N         whose state there is (default 1000000)
  --rate N             events a second meanwhile (default 2000)
  --partitions N       of telemetry and of sightings (default 8)
  --processes N        one of which is killed; the only one is started again at once (default 2)
  --snapshot-every T   (default 60s)
  --rounds N           kills, each after all tasks have been saved anew (default 1)
  --flags='…'          for node (default ${FLAGS}, as the README starts a service)`
const { values } = parseArgs({ options: {
  learners: { type: 'string', default: '1000000' }, rate: { type: 'string', default: '2000' }, partitions: { type: 'string', default: '8' }, processes: { type: 'string', default: '2' },
  'snapshot-every': { type: 'string', default: '60s' }, rounds: { type: 'string', default: '1' }, flags: { type: 'string', default: FLAGS }, help: { type: 'boolean' },
} })
if (values.help) {
  process.stdout.write(`${USAGE}\n`)
  process.exit(0)
}
const [learners, rate, partitions, count, rounds] = [Number(values.learners), Number(values.rate), Number(values.partitions), Number(values.processes), Number(values.rounds)]
const BEAT = 15
const LIVE_MINUTES = 60
const WITHIN = 600_000
/** What is wanted: of a kill, and of a mark while snapshots are written. */
const [RECOVERED_WITHIN, MARK_WITHIN] = [15, 3]

/** How often processes began tasks so far, by what they log. */
const begun = (processes) => processes.reduce((n, p) => n + (readFileSync(p.log, 'utf8').match(/"msg":"a task (goes on|begins)/g)?.length ?? 0), 0)

/** Looks ever so often until stopped, and keeps what it finds. */
function looking(look, every) {
  const over = new AbortController()
  const done = (async () => {
    for (; !over.signal.aborted; await sleep(every)) await look()
  })()
  done.catch(() => undefined)
  return async () => {
    over.abort()
    await done
  }
}

/** For each mark, how long after it was written every task had committed it, as far as it was looked. */
function marksTook(progress, from, to) {
  return progress.marks.filter((m) => m.at >= from && m.at <= to).flatMap((m) => {
    const seen = progress.history.find((h) => h.at >= m.at && h.out.every((o) => o >= m.number))
    return seen === undefined ? [] : [seen.at - m.at]
  })
}

async function until(is, within, what) {
  for (const deadline = Date.now() + within; !(await is()); await sleep(100)) if (Date.now() > deadline) throw new Error(`${what} took more than ${within / 1000} s`)
}

/** How many snapshots, and their seconds and bytes, since the processes began. */
async function snapshots(processes) {
  const all = await Promise.all(processes.map((p) => p.scrape()))
  const sum = (name) => all.reduce((n, m) => n + m.sum(name), 0)
  return { count: sum('invigil_snapshot_duration_seconds_count'), took: sum('invigil_snapshot_duration_seconds_sum'), bytes: sum('invigil_snapshot_bytes_sum') }
}

/** Every task of both stages has been saved at a mark not before `mark`. */
async function saved(progress, mark) {
  const all = await Promise.all(['learner', 'resource'].map((stage) => progress.saved(stage)))
  return all.flat().every((q) => q >= mark)
}

const stage = await openStage()
let producer
try {
  const realm = await openRealm(stage, 'recovery', { partitions, catalogue: catalogue('2s'), snapshotEvery: values['snapshot-every'] })
  console.log(`${thousands(learners)} learners, ${thousands(rate)} events/s meanwhile, ${partitions} partitions, ${count === 1 ? 'one process' : `${count} processes`} (${cpus()[0].model}, ${cpus().length} cores, broker and Redis on the same)`)
  const flags = values.flags.split(' ').filter(Boolean)
  const { count: loaded } = await load(realm.client, linesOf({ learners, events: 2 * learners, start: Date.now() - 2 * BEAT * 1000 }))
  const progress = await new Progress(realm.client, realm.group).open()
  const start = () => realm.start({ flags, log: 'info' })
  let processes = await Promise.all(Array.from({ length: count }, start))
  await progress.until(loaded, { within: WITHIN, check: () => processes.forEach((p) => p.check()) })
  console.log(`  all ${thousands(loaded)} events handled; RSS ${(await Promise.all(processes.map(async (p) => usage(await p.scrape())))).map((u) => `${thousands(u.rss / 1e6)} MB`).join(' and ')}`)
  producer = spawnGuarded(process.execPath, [join(ROOT, 'bench', 'over-kafka', 'produce.mjs'), JSON.stringify({
    kafka: { brokers: [stage.kafka.brokers], prefix: 'recovery.' }, start: Date.now() + 1000, log: { learners: rate * BEAT, events: rate * 60 * LIVE_MINUTES },
  })], { stdio: ['ignore', 'ignore', 'inherit'] })
  await sleep(5000)

  // A base of everything: each task's first snapshot.
  const opened = begun(processes)
  const before = await snapshots(processes)
  const first = progress.marks.at(-1).number
  const from = Date.now()
  let longest = 0
  const stop = looking(async () => {
    await progress.look()
    for (const u of await Promise.all(processes.map(async (p) => usage(await p.scrape())))) longest = Math.max(longest, u.longestTurn)
  }, 100)
  await until(() => saved(progress, before.count === 0 ? 1 : first), WITHIN, 'saving everything')
  const to = Date.now()
  await sleep(5000)
  await stop()
  const after = await snapshots(processes)
  const took = marksTook(progress, from, to).toSorted((a, b) => a - b)
  console.log(`  saved: ${after.count} snapshots so far, ${thousands(after.bytes / 1e6)} MB in all, ${(after.took / after.count).toFixed(1)} s each; ${begun(processes) - opened} tasks begun anew meanwhile; longest turn of an event loop ${longest.toFixed(2)} s`)
  console.log(`  marks meanwhile were committed by every task after: median ${seconds(took[took.length >> 1])} s, p99 ${seconds(took[Math.floor(took.length * 0.99)])} s, longest ${seconds(took.at(-1))} s of ${took.length} (wanted at most ${MARK_WITHIN} s)`)

  for (let round = 0; round < rounds; round++) {
    if (round > 0) await until(() => saved(progress, progress.marks.at(-1).number - 400), WITHIN, 'saving everything')
    const stopLooking = looking(() => progress.look(), 100)
    const victim = processes.shift()
    const at = await victim.kill()
    if (count === 1) processes.push(await start())
    let back
    // Each partition has committed a mark that was written after the kill.
    await until(() => {
      const next = progress.marks.find((m) => m.at > at)
      back = next && progress.history.find((h) => h.at > at && h.out.every((o) => o >= next.number))
      processes.forEach((p) => p.check())
      return back !== undefined
    }, WITHIN, 'recovery')
    const each = Array.from({ length: partitions }, (_, p) => {
      const next = progress.marks.find((m) => m.at > at)
      return progress.history.find((h) => h.at > at && h.out[p] >= next.number).at - at
    }).toSorted((a, b) => a - b)
    // Tasks of the resource stage commit when they have something to say; they are there once they tell of their lag.
    await until(async () => new Set((await Promise.all(processes.map(async (p) => usage(await p.scrape())))).flatMap((u) => Object.keys(u.lag).filter((t) => t.startsWith('resource')))).size === partitions, WITHIN, 'recovery of the resource stage')
    console.log(`  killed, and every learner partition commits again after ${seconds(back.at - at)} s (wanted at most ${RECOVERED_WITHIN} s): the first after ${seconds(each[0])} s, half of them after ${seconds(each[each.length >> 1])} s; every resource task is there after ${seconds(Date.now() - at)} s`)
    await stopLooking()
    if (count > 1) processes.push(await start())
    await sleep(5000)
  }
  producer.kill('SIGKILL')
  const late = (await Promise.all(processes.map(async (p) => usage(await p.scrape())))).reduce((n, u) => n + u.late, 0)
  const left = await Promise.all(processes.map((p) => p.stop()))
  console.log(`  ${late} late; left in good order after ${left.map((ms) => seconds(ms)).join(' and ')} s`)
  await progress.close()
} finally {
  producer?.kill('SIGKILL')
  await stage.stop()
}
