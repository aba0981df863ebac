// npm run test:faults: the warnings of many processes, whatever befalls them, are those of one. Takes about a quarter of an hour for each number of processes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MINUTE } from '../../base/time.ts'
import { eventsOf } from './feed.ts'
import { messageOf, say } from './say.ts'
import { trial } from './trial.ts'

const USAGE = `usage: npm run test:faults -- [--processes 1,2,4] [--events 500000] [--minutes 12] [--seed 1] [--keep]
  --processes LIST   how many processes take part; each number is a run of its own
  --events N         about so many events of five platforms
  --minutes N        how long they are fed, and faults happen
  --seed N           the same events and the same plan of faults again
  --keep             keep the folder with the processes' logs also where all is well`

function refuse(why: string): never {
  process.stderr.write(`${why}\n${USAGE}\n`)
  return process.exit(2)
}

function positive(text: string, name: string): number {
  const n = Number(text)
  return text.trim() !== '' && Number.isFinite(n) && n > 0 ? n : refuse(`\`--${name} ${text}\` must be a number above 0`)
}

function optionsOf() {
  try {
    return parseArgs({ options: {
      processes: { type: 'string', default: '1,2,4' }, events: { type: 'string', default: '500000' }, minutes: { type: 'string', default: '12' }, seed: { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    } }).values
  } catch (e) {
    return refuse(messageOf(e))
  }
}

const given = optionsOf()
if (given.help) {
  process.stdout.write(`${USAGE}\n`)
  process.exit(0)
}
const counts = given.processes.split(',').map((n) => positive(n, 'processes'))
const length = positive(given.minutes, 'minutes') * MINUTE
const seed = positive(given.seed, 'seed')
const events = eventsOf(positive(given.events, 'events'), seed)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

const dir = mkdtempSync(join(tmpdir(), 'invigil-faults-'))
let failed = 0
for (const processes of counts) {
  const problems = await trial({ processes, events, length, seed, dir: join(dir, `with-${processes}`) })
  for (const problem of problems) say(`PROBLEM: ${problem}`)
  say(problems.length === 0 ? `with ${processes}: equal` : `with ${processes}: FAILED, ${problems.length} problems; seed ${seed}`)
  if (problems.length > 0) failed++
}
if (failed === 0 && !given.keep) rmSync(dir, { recursive: true, force: true })
else say(`kept: ${dir}`)
process.exit(failed > 0 ? 1 : 0)
