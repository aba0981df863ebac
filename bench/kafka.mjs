// npm run bench:kafka: how many events a second the stages handle over a real broker, exactly once, from `telemetry` on, beside a bare consumer that only
// parses the same records. A log is loaded first, which is not measured; then processes of the command, each on a core of its own, handle all of it.
// Events count as handled when the offset of their task, committed with what they gave rise to, says so. The broker has no core of its own where there are but two.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { load } from './over-kafka/load.mjs'
import { usage } from './over-kafka/metrics.mjs'
import { Progress, warningsOf } from './over-kafka/progress.mjs'
import { FLAGS, FIVE, openRealm, openStage, pinned, ROOT, rulesFolder, seconds } from './over-kafka/realm.mjs'
import { thousands } from './say.mjs'
import { catalogue, linesOf, makeLog } from './make-log.mjs'

const TELEMETRY = 'bench.telemetry'
const RULES = { all: undefined, five: FIVE }
const USAGE = `usage: npm run bench:kafka -- [--events N] [--learners N] [--partitions N] [--rules all|five|all,five] [--processes 1,2] [--flags='…'] [--check] [--profile DIR]
  --events N       events of the log (default 3000000)
  --learners N     who all study at once (default 10000)
  --partitions N   of telemetry and of sightings (default 4)
  --rules …        all shipped rules, or five of them (${FIVE.join(', ')})
  --processes …    how many processes, in turn
  --flags='…'      for node (default ${FLAGS}, as the README starts a service)
  --check          compares the warnings with those of \`invigil run FILE\` over the same log
  --profile DIR    writes a CPU profile of each process`

const { values } = parseArgs({ options: {
  events: { type: 'string', default: '3000000' }, learners: { type: 'string', default: '10000' }, partitions: { type: 'string', default: '4' },
  rules: { type: 'string', default: 'all,five' }, processes: { type: 'string', default: '1,2' }, flags: { type: 'string', default: FLAGS },
  check: { type: 'boolean' }, profile: { type: 'string' }, help: { type: 'boolean' },
} })
if (values.help) {
  process.stdout.write(`${USAGE}\n`)
  process.exit(0)
}
const [events, learners, partitions] = [Number(values.events), Number(values.learners), Number(values.partitions)]
const flags = [...values.flags.split(' ').filter(Boolean), ...(values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [])]
const WITHIN = 900_000
/** After all is committed: the last mark, a minute after nothing has come, and what it gives rise to. */
const LAST_MARK_WITHIN = 120_000

function ceiling(stage) {
  const command = pinned(0, [process.execPath, join(ROOT, 'bench', 'over-kafka', 'parse-ceiling.mjs'), stage.kafka.brokers, TELEMETRY, String(events)])
  const { status, stdout } = spawnSync(command[0], command.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) throw new Error('the ceiling could not be measured')
  return JSON.parse(stdout)
}

/** So many processes over the whole topic. */
async function measure(stage, rules, count) {
  const realm = await openRealm(stage, `bench-${rules}-${count}`, { partitions, telemetry: TELEMETRY, rules: RULES[rules], catalogue: catalogue() })
  const progress = await new Progress(realm.client, realm.group).open()
  const begun = Date.now()
  const processes = await Promise.all(Array.from({ length: count }, (_, core) => realm.start({ core, flags })))
  const used = []
  const over = new AbortController()
  const sampling = (async () => {
    for (; !over.signal.aborted; await sleep(1000)) used.push(await Promise.all(processes.map(async (p) => usage(await p.scrape()))))
  })()
  sampling.catch(() => undefined)
  const check = () => processes.forEach((p) => p.check())
  const learnersDone = await progress.until(events, { within: WITHIN, check })
  // The resource stage trails by what it still has to read.
  let now
  do {
    await sleep(100)
    now = await Promise.all(processes.map(async (p) => usage(await p.scrape())))
  } while (now.some((u) => Object.entries(u.lag).some(([task, lag]) => task.startsWith('resource') && lag > 0)))
  const resourceDone = Date.now()
  over.abort()
  await sampling
  used.push(now)
  const working = { ...warm(progress.series()), used }
  // The mark after a minute in which nothing came releases the rest.
  const covering = progress.marks.find((m) => m.offsets.reduce((a, b) => a + b, 0) >= events).number
  for (const until = Date.now() + LAST_MARK_WITHIN; progress.marks.at(-1).number === covering && Date.now() < until;) await sleep(500)
  const last = progress.marks.at(-1).number
  for (const until = Date.now() + LAST_MARK_WITHIN; (await progress.committed('learner')).some((o) => o < last) && Date.now() < until;) await sleep(250)
  await sleep(2000)
  const end = await Promise.all(processes.map(async (p) => usage(await p.scrape())))
  await Promise.all(processes.map((p) => p.stop()))
  for (const name of ['learner', 'resource']) {
    const behind = (await progress.committed(name)).filter((o) => o !== last)
    if (behind.length > 0) throw new Error(`tasks of the ${name} stage ended at mark ${behind.join(', ')}, not at ${last}`)
  }
  await progress.close()
  const sum = (name) => end.reduce((n, u) => n + u[name], 0)
  const counts = { handled: sum('handled'), late: sum('late'), rejected: sum('rejected'), duplicates: sum('duplicates') }
  if (counts.handled !== events) throw new Error(`${counts.handled} events were handled, not ${events}`)
  return { rules, count, begun, learnersDone, resourceDone, marks: last, troubled: progress.marks.filter((m) => m.troubled > 0).length, counts, warnings: await warningsOf(realm.client), realm, ...working }
}

/** From the first mark that was committed to the last, and of that the second half. */
function warm(series) {
  const first = series.find((s) => s.events > 0)
  const last = series.find((s) => s.events >= events)
  const half = series.find((s) => s.events >= events / 2)
  if (series.filter((s, i) => s.events !== series[i - 1]?.events).length < 5) console.log('  a few marks covered nearly all of it: what follows says little; let there be more events')
  return { first, last, half, perSecond: ((last.events - first.events) / (last.at - first.at)) * 1000, warm: ((last.events - half.events) / (last.at - half.at)) * 1000 }
}

/** What was used up in the second half. */
function usedWarm({ used, half, last, count }, top) {
  const within = used.filter((s) => s[0].at >= half.at && s[0].at <= last.at + 500)
  const [a, b] = [within[0], within.at(-1)]
  const delta = (name) => b.reduce((n, u, i) => n + u[name] - a[i][name], 0)
  const most = (name) => Math.max(...used.flatMap((s) => s.map((u) => u[name])))
  const micros = (delta('cpu') / delta('handled')) * 1e6
  const mb = (bytes) => `${Math.round(bytes / 1e6)} MB`
  return `${micros.toFixed(1)} µs of CPU an event (${(top.micros / micros).toFixed(2)} of the ceiling by that, which tells more where others are at work), ${((delta('gc') / delta('cpu')) * 100).toFixed(0)} % of it for collecting; of ${count === 1 ? 'the process' : 'a process'} at most ${mb(most('rss'))} RSS, ${mb(most('heap'))} of heap, ${mb(most('external'))} outside; longest turn ${(most('longestTurn') * 1000).toFixed(0)} ms`
}

function report(m, top, one) {
  const { rules, count, warnings, counts } = m
  console.log(`${rules === 'all' ? 'all shipped rules' : 'five rules'}, ${count === 1 ? 'one process' : `${count} processes`}`)
  console.log(`  ${thousands(m.warm)} events/s warm: ${(m.warm / top.warm).toFixed(2)} of the ceiling${count === 1 ? ' (wanted 0.60)' : ''}${one === undefined ? '' : `, ${(m.warm / one.warm).toFixed(2)} times one process (wanted 1.5)`}`)
  console.log(`  ${thousands(m.perSecond)} from the first committed mark to the last; ${thousands((events / (m.last.at - m.begun)) * 1000)} with start-up; the resource stage was through ${seconds(m.resourceDone - m.learnersDone)} s after`)
  console.log(`  ${usedWarm(m, top)}`)
  console.log(`  ${m.marks} marks (${m.troubled} with a platform in trouble); ${thousands(counts.handled)} events handled, ${counts.late} late, ${counts.duplicates} twice; ${thousands(warnings.texts.size)} warnings, ${warnings.twice} written twice`)
}

/** Which warnings one has and the other has not. */
function compare(a, b) {
  const lacks = [...a.keys()].filter((k) => !b.has(k)).length
  const more = [...b.keys()].filter((k) => !a.has(k)).length
  return lacks + more === 0 ? 'the same warnings' : `${lacks} warnings fewer and ${more} more`
}

/** The warnings of one machine over the same log as a file. */
function fromFile(stage, realm) {
  const log = makeLog(join(ROOT, '.cache', 'bench', `${learners}-${events}-cheats.ndjson`), { learners, events, cheats: true })
  const output = join(realm.dir, 'from-file')
  const { status } = spawnSync(process.execPath, [join(ROOT, 'dist', 'cli', 'main.js'), 'run', log, '--rules', realm.rules, '--catalogue', realm.catalogueFile, '--output', output, '--quiet'], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error('the log could not be run as a file')
  return new Map(readFileSync(join(output, 'warnings.ndjson'), 'utf8').split('\n').filter(Boolean).map((text) => {
    const { id, revision } = JSON.parse(text)
    return [`${id}.${revision}`, text]
  }))
}

const stage = await openStage()
try {
  const realm = await openRealm(stage, 'load', { partitions, telemetry: TELEMETRY, catalogue: catalogue() })
  const begun = Date.now()
  const { bytes } = await load(realm.client, linesOf({ learners, events, cheats: true }), TELEMETRY)
  console.log(`${thousands(events)} events of ${Math.round(bytes / events)} bytes by ${thousands(learners)} learners, ${partitions} partitions (${cpus()[0].model}, ${cpus().length} cores, broker on the same; loaded in ${seconds(Date.now() - begun)} s)`)
  for (const rules of values.rules.split(',')) {
    if (!(rules in RULES)) throw new Error(`there are no rules \`${rules}\`: ${USAGE}`)
    rulesFolder(stage, RULES[rules])
    const top = ceiling(stage)
    console.log(`a bare consumer that parses: ${thousands(top.warm)} events/s warm (${thousands(top.perSecond)} in all), ${top.micros.toFixed(1)} µs of CPU an event`)
    let one
    for (const count of values.processes.split(',').map(Number)) {
      const m = await measure(stage, rules, count)
      report(m, top, one)
      if (one) console.log(`  beside one process: ${compare(one.warnings.texts, m.warnings.texts)}`)
      if (values.check) console.log(`  beside \`invigil run FILE\`: ${compare(fromFile(stage, m.realm), m.warnings.texts)}`)
      one ??= m
    }
  }
} finally {
  await stage.stop()
}
