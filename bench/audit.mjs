// npm run bench:audit: how long the self-inspection of a million learning records takes, and how much memory. Records, claims and warnings are made up
// and kept in .cache/bench. BENCH_RECORDS, BENCH_LEARNERS and BENCH_ROUNDS change the size; `gz` in BENCH_FORM compresses the records.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { thousands } from './say.mjs'

const self = fileURLToPath(import.meta.url)
const root = join(dirname(self), '..')
const cache = join(root, '.cache', 'bench')
const records = Number(process.env.BENCH_RECORDS ?? 1_000_000)
const learners = Number(process.env.BENCH_LEARNERS ?? 50_000)
const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
const zipped = process.env.BENCH_FORM === 'gz'
const CHAPTERS = 16
const PER_CLASS = 100
const HOUR = 2700
const begin = Date.UTC(2026, 2, 2)

/** The same numbers in every run: a xorshift generator. */
function numbers(seed) {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return (x >>> 0) / 2 ** 32
  }
}

/** Writes a file line by line; it takes its name when it is whole. */
function writeLines(path, lines) {
  if (existsSync(path)) return
  const fd = openSync(`${path}.new`, 'w')
  let parts = []
  let size = 0
  const flush = () => {
    const bytes = Buffer.from(parts.join(''))
    const out = path.endsWith('.gz') ? gzipSync(bytes, { level: 1 }) : bytes
    for (let at = 0; at < out.length; ) at += writeSync(fd, out, at)
    parts = []
    size = 0
  }
  for (const line of lines) {
    parts.push(line)
    if ((size += line.length) > 1 << 22) flush()
  }
  flush()
  closeSync(fd)
  renameSync(`${path}.new`, path)
}

const iso = (ms) => new Date(ms).toISOString()
const idOf = (...parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
const classOf = (l) => `k${Math.floor(l / PER_CLASS)}`
const learnerOf = (l) => `L${String(l).padStart(7, '0')}`
const platformOf = (l) => `p${Math.floor(l / PER_CLASS) % 5}`

function* recordLines() {
  const random = numbers(7)
  for (let i = 0; i < records; i++) {
    // Every fifth record is another revision of the one before; they come in order of time, all learners mixed.
    const again = i % 5 === 4
    const sitting = i - Math.floor(i / 5) - (again ? 1 : 0)
    const l = (sitting * 7919) % learners
    const chapter = `c${Math.floor(sitting / learners) % CHAPTERS}`
    const from = begin + Math.floor(sitting / 200) * 1000 + (sitting % 200) * 5
    const credited = random() < 0.1 ? 600 + Math.floor(random() * 2100) : HOUR + 5
    const to = from + (credited + Math.floor(random() * 300)) * 1000
    const half = Math.floor(credited / 2)
    const address = `10.${l % 250}.${(l >> 8) % 250}.7`
    const place = { country: 'CN', province: 'Yunnan', city: 'Kunming' }
    yield `${JSON.stringify({
      format: 1, id: idOf(platformOf(l), learnerOf(l), chapter, from), revision: again ? 2 : 1, state: i % 5 === 3 ? 'open' : 'closed', kind: 'playback', platform: platformOf(l), learner: learnerOf(l), account: `a${l}`,
      class: classOf(l), institution: `i${Math.floor(l / 1000)}`, course: 'k', chapter, begin: iso(from), end: iso(to), written: iso(to + 60_000), wallClock: (to - from) / 1000, watched: [[0, half], [half + 5, credited]], union: credited - 5, length: HOUR,
      completed: credited > HOUR, credited: credited - 5, sessions: [`s${i}`], login: { time: iso(from - 5000), ip: address, place }, ips: [{ ip: address, place, first: iso(from), last: iso(to) }], devices: [`d${l}`],
      checks: [{ time: iso(from + 300_000), event: `e${i}-7`, challenge: 'f1', outcome: 'passed', photo: 'a5a5f00d0badcafe', similarity: 0.93 }], checkCounts: { requested: 1, passed: 1, failed: 0, unusable: 0, missed: 0 }, answers: { count: 3, correct: 2 },
      events: { first: `e${i}-1`, last: `e${i}-99`, count: 99 }, coverage: { state: 'full' },
    })}\n`
  }
}

function* claimLines() {
  yield 'platform,learner,class,course,chapter,hours,date\n'
  for (let c = 0; c < CHAPTERS; c++) for (let l = 0; l < learners; l++) yield `${platformOf(l)},${learnerOf(l)},${classOf(l)},k,c${c},1.00,2026-03-02\n`
}

function* warningLines() {
  for (let l = 0; l < learners; l += 20) {
    const who = { platform: platformOf(l), learner: learnerOf(l) }
    yield `${JSON.stringify({
      format: 1, id: idOf('w', l), revision: 1, episode: 'ended', rule: 'hang-up', detector: 'hang-up', ruleVersion: 'x', context: 'x', basis: [], severity: 'medium', response: 'review', subject: { kind: 'learner', platform: who.platform, id: who.learner },
      learners: [{ platform: who.platform, id: who.learner }], institutions: [], class: classOf(l), chapters: ['c0'], begin: iso(begin), end: iso(begin + 7.2e6), raised: iso(begin + 7.3e6),
      disputed: [{ ...who, chapter: 'c0', begin: iso(begin), end: iso(begin + 7.2e6), seconds: 900 }], case: 'x', summary: { en: 'x', zh: 'x' }, facts: { seconds: 900 }, evidence: { events: [], count: 0 }, coverage: { state: 'full' },
    })}\n`
  }
}

mkdirSync(cache, { recursive: true })
const name = (what, ending) => join(cache, `audit-${what}-${learners}-${records}.${ending}`)
const files = { records: name('records', zipped ? 'ndjson.gz' : 'ndjson'), claims: name('claims', 'csv'), warnings: name('warnings', 'ndjson'), catalogue: name('catalogue', 'json') }
writeLines(files.records, recordLines())
writeLines(files.claims, claimLines())
writeLines(files.warnings, warningLines())
writeFileSync(files.catalogue, JSON.stringify({
  platforms: Array.from({ length: 5 }, (_, i) => ({ id: `p${i}` })), courses: [{ id: 'k', chapters: Array.from({ length: CHAPTERS }, (_, c) => ({ id: `c${c}`, length: HOUR })) }],
  classes: Array.from({ length: Math.ceil(learners / PER_CLASS) }, (_, k) => ({ id: `k${k}`, platform: `p${k % 5}`, institution: `i${Math.floor(k / 10)}`, courses: ['k'], timeZone: 'Asia/Shanghai', hourRate: 12 })),
}))

const output = join(cache, 'audit-out')
const measured = []
for (let i = 0; i < rounds; i++) {
  rmSync(output, { recursive: true, force: true })
  const begun = performance.now()
  const args = ['audit', '--records', files.records, '--claims', files.claims, '--warnings', files.warnings, '--catalogue', files.catalogue, '--output', output]
  // What the process took is told by itself as it ends.
  const told = `process.on('exit', () => { const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage(); process.stderr.write(JSON.stringify([maxRSS / 1024, (userCPUTime + systemCPUTime) / 1e6])) })`
  const { status, stderr } = spawnSync(process.execPath, ['--max-semi-space-size=64', '--import', `data:text/javascript,${encodeURIComponent(told)}`, join(root, 'dist', 'cli', 'main.js'), ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const [megabytes, cpu] = JSON.parse(stderr.trim().split('\n').at(-1))
  measured.push({ clock: (performance.now() - begun) / 1000, cpu, megabytes })
}
const report = JSON.parse(readFileSync(join(output, 'audit.json'), 'utf8'))
const { records: read, claims } = report.sources
measured.sort((a, b) => a.clock - b.clock)
const middle = measured[measured.length >> 1]
console.log(`\n${thousands(read.read)} records (${thousands(statSync(files.records).size / 2 ** 20)} MB${zipped ? ', gzip' : ''}) of ${thousands(report.totals.learners)} learners, ${thousands(claims.rows)} rows of claims (${cpus()[0].model})`)
console.log(`  ${middle.clock.toFixed(1)} s (${measured.map((m) => m.clock.toFixed(1)).join(', ')}), ${middle.cpu.toFixed(1)} s of the processor, ${thousands(middle.megabytes)} MB at most; wanted: less than 60 s`)
if (middle.clock > 60) process.exitCode = 1
