import { spawn, type ChildProcess } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, readdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { Packr } from 'msgpackr'
import { expect, test } from 'vitest'
import { duplicated, fivePlatforms, seeded, toLines } from '../testing/five-platforms.ts'
import { ROOT, readWarnings, temporary, writeLog } from '../testing/runs.ts'
import type { LocalHead } from './local-head.ts'
import type { Manifest } from './recovery.ts'

const KILLS = 10
const FOLLOWED_SECONDS = 70
const main = join(ROOT, 'dist', 'cli', 'main.js')

test('killed ten times at random points, some inside the writing of a snapshot: the same bytes', { timeout: 240_000 }, async () => {
  const random = seeded(7)
  const dir = temporary()
  const lines = toLines(duplicated(fivePlatforms(5), 1), true)
  const whole = writeLog(dir, 'whole.ndjson', lines)
  expect(await exitOf(spawn(process.execPath, [main, 'run', whole, '--output', join(dir, 'golden'), '--quiet'], { stdio: 'ignore' }))).toBe(0)
  const golden = readWarnings(join(dir, 'golden'))
  const log = writeLog(dir, 'growing.ndjson', lines.slice(0, 10))
  const [output, state] = [join(dir, 'out'), join(dir, 'state')]
  const args = [main, 'run', log, '--output', output, '--state', state, '--snapshot-every', '2s', '--quiet', '--log', 'info']

  const feeder = feed(log, lines.slice(10), FOLLOWED_SECONDS)
  const recovered: { records: number; again: number }[] = []
  let inside = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [...args, '--follow'], { stdio: ['ignore', 'ignore', 'pipe'] })
    const said = collect(child)
    await until(() => said().some((l) => l.msg === 'context opened'))
    // Every third waits for a snapshot to begin, and strikes inside of it.
    if (kill % 3 === 2 && existsSync(join(state, 'manifest'))) await Promise.race([snapshotBegins(state), sleep(8000)])
    else await sleep(2900 + random() * 2500)
    child.kill('SIGKILL')
    await exitOf(child)
    if (isHalfWritten(state)) inside++
    const resumed = said().flatMap((l) => (l.msg === 'resumed from a snapshot' ? [l as unknown as { records: number; again: number }] : []))
    if (kill > 0) recovered.push(...resumed)
  }
  feeder.finish()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const said = collect(child)
  expect(await exitOf(child), JSON.stringify(said())).toBe(0)
  recovered.push(...said().flatMap((l) => (l.msg === 'resumed from a snapshot' ? [l as unknown as { records: number; again: number }] : [])))

  expect(golden.warnings.length).toBeGreaterThan(150)
  expect(readWarnings(output).bytes === golden.bytes).toBe(true)
  const records = (folder: string) => readFileSync(join(folder, 'records.ndjson'), 'utf8')
  expect(records(output).length).toBeGreaterThan(100_000)
  expect(records(output) === records(join(dir, 'golden'))).toBe(true)
  expect(recovered.length).toBeGreaterThanOrEqual(8)
  expect(recovered.filter((r) => r.again > 0).length).toBeGreaterThanOrEqual(8)
  expect(inside).toBeGreaterThanOrEqual(1)
})

/** Appends lines to a log at an even pace; `finish` writes what is left at once. */
function feed(path: string, lines: readonly string[], seconds: number): { finish(): void } {
  const begun = Date.now()
  let written = 0
  const upTo = (n: number) => {
    if (n > written) appendFileSync(path, lines.slice(written, n).map((l) => `${l}\n`).join(''))
    written = Math.max(written, n)
  }
  const timer = setInterval(() => upTo(Math.min(lines.length, Math.floor((lines.length * (Date.now() - begun)) / (seconds * 1000)))), 50)
  return {
    finish() {
      clearInterval(timer)
      upTo(lines.length)
    },
  }
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => child.once('exit', done))
}

function collect(child: ChildProcess): () => { msg?: string }[] {
  let text = ''
  child.stderr?.on('data', (d: Buffer) => (text += d.toString()))
  return () => text.split('\n').filter((l) => l.startsWith('{')).map((l) => JSON.parse(l) as { msg?: string })
}

async function until(is: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !is(); i++) await sleep(20)
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}

/** Resolves when a new file of keys appears. */
function snapshotBegins(state: string): Promise<void> {
  return new Promise((done) => {
    if (!existsSync(state)) return
    const watcher = watch(state, (_, name) => {
      if (!name?.startsWith('keys-')) return
      watcher.close()
      done()
    })
  })
}

/** Whether the state holds a file that its manifest does not name: what a kill inside a snapshot leaves. */
function isHalfWritten(state: string): boolean {
  if (!existsSync(join(state, 'manifest'))) return false
  const manifest = new Packr({ useRecords: false }).unpack(readFileSync(join(state, 'manifest'))) as Manifest<LocalHead>
  return readdirSync(state).some((f) => f.startsWith('keys-') && f !== manifest.base && !manifest.deltas.includes(f))
}
