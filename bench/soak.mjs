// npm run bench:soak: whether a process grows while learners come and go. Its memory after a collection, when a quarter of the log has been handled, and at the end.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { load } from './over-kafka/load.mjs'
import { usage } from './over-kafka/metrics.mjs'
import { Progress } from './over-kafka/progress.mjs'
import { openRealm, openStage, ROOT, seconds, shippedRules } from './over-kafka/realm.mjs'
import { thousands } from './say.mjs'
import { catalogue, START, timedLinesOf } from './make-log.mjs'

const USAGE = `usage: npm run bench:soak -- [--events N] [--days N] [--stay N] [--partitions N] [--flags='…']
  --events N       events of the log (default 20000000)
  --days N         of event time (default 12): a state lives for a day, progress until its class has closed
  --stay N         hours that a learner stays; then another, in another class, takes its place (default 4)
  --partitions N   of telemetry and of sightings (default 4)
  --flags='…'      for node besides those that memory is measured by`
const { values } = parseArgs({ options: {
  events: { type: 'string', default: '20000000' }, days: { type: 'string', default: '12' }, stay: { type: 'string', default: '4' },
  partitions: { type: 'string', default: '4' }, flags: { type: 'string', default: '' }, help: { type: 'boolean' },
} })
if (values.help) {
  process.stdout.write(`${USAGE}\n`)
  process.exit(0)
}
const [events, days, stay, partitions] = [Number(values.events), Number(values.days), Number(values.stay), Number(values.partitions)]
const HOUR = 3_600_000
const BEAT = 15
/** So many at once that the log has its days. */
const learners = Math.max(1, Math.round(events / ((days * 86_400) / BEAT)))
const turnover = Math.round((stay * 3600) / BEAT)
const PORTION = Math.ceil(events / 40)
const WITHIN = 3_600_000
/** They look back for longer than the log does, as they must: what they keep of each learner grows for so long, and is no leak. */
const LONG = ['two-accounts', 'lockstep', 'shared-ip', 'shared-account', 'brushing-model']

/** Classes that open and close with those who are in them. */
function classes() {
  const base = catalogue('60s')
  const from = (hours) => new Date(START + hours * HOUR).toISOString()
  const generations = Math.ceil((days * 24) / stay) + 2
  return {
    ...base,
    classes: Array.from({ length: generations * 5 }, (_, i) => ({
      id: `g${Math.floor(i / 5)}-${i % 5}`, platform: `p${i % 5}`, institution: `i${i % 5}`, courses: ['course-1'], timeZone: 'Asia/Shanghai', opens: from(0), closes: from((Math.floor(i / 5) + 1) * stay),
    })),
  }
}

/** What the process holds after a collection. */
async function held(running, file) {
  rmSync(file, { force: true })
  running.child.kill('SIGUSR2')
  for (const until = Date.now() + 60_000; !existsSync(file) || readFileSync(file).length === 0; await sleep(100)) {
    running.check()
    if (Date.now() > until) throw new Error('the process does not say what it holds')
  }
  await sleep(100)
  return JSON.parse(readFileSync(file, 'utf8'))
}

const mb = (bytes) => `${thousands(bytes / 1e6)} MB`
const stage = await openStage()
try {
  const realm = await openRealm(stage, 'soak', { partitions, rules: shippedRules().filter((r) => !LONG.includes(r)), catalogue: classes() })
  const file = join(stage.dir, 'memory.json')
  const progress = await new Progress(realm.client, realm.group).open()
  console.log(`${thousands(events)} events over ${days} days by ${thousands(learners)} learners at once, each for ${stay} hours, ${partitions} partitions, one process (${cpus()[0].model}, ${cpus().length} cores, broker on the same)`)
  let running
  const lines = timedLinesOf({ learners, events, turnover, classOf: (l, gone) => `g${gone}-${l % 5}` })
  let fed = 0
  const found = []
  while (fed < events) {
    const portion = []
    for (let next = lines.next(); !next.done; next = lines.next()) {
      portion.push(next.value.text)
      if (portion.length === PORTION) break
    }
    await load(realm.client, portion)
    fed += portion.length
    running ??= await realm.start({ core: 0, memory: file, flags: ['--expose-gc', '--import', join(ROOT, 'bench', 'over-kafka', 'collect.mjs'), ...values.flags.split(' ').filter(Boolean)] })
    await progress.until(fed, { within: WITHIN, check: () => running.check() })
    const memory = await held(running, file)
    const { lag, handled, late } = usage(await running.scrape())
    found.push({ fed, handled, late, ...memory })
    if (found.length % 5 === 0) {
      const waiting = Object.entries(lag).reduce((n, [task, l]) => n + (task.startsWith('resource') ? l : 0), 0)
      console.log(`  ${thousands(fed)}: RSS ${mb(memory.rss)}, heap ${mb(memory.heapUsed)}, outside ${mb(memory.external)}; ${late} late; the resource stage has ${waiting} records before it`)
    }
  }
  const at = (n) => found.find((f) => f.fed >= n)
  const [quarter, end] = [at(events / 4), found.at(-1)]
  const ratio = (name) => (end[name] / quarter[name]).toFixed(3)
  console.log(`at ${thousands(end.fed)} of what it was at ${thousands(quarter.fed)}: RSS ${ratio('rss')} (wanted at most 1.1), heap ${ratio('heapUsed')}, outside ${ratio('external')}; in ${seconds(end.at - found[0].at)} s`)
  await running.stop()
  await progress.close()
} finally {
  await stage.stop()
}
