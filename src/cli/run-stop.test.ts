import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { MINUTE, formatTime } from '../base/time.ts'
import { SMALL_GEO, accountedFor, differences, invigil, outputsOf, start, startShell, summaryOf, untilThere, type Outputs } from '../testing/cli.ts'
import { duplicated, fivePlatforms, toLines } from '../testing/five-platforms.ts'
import { temporary, writeLog } from '../testing/runs.ts'

const dir = temporary()
/** Half an hour of disorder: with records that come twice, late ones and broken ones. */
const lines = toLines(duplicated(fivePlatforms(8, 3), 1), true).slice(0, 6000)
for (let i = 100; i < lines.length; i += 37) {
  const [late] = lines.splice(i - 90, 1)
  lines.splice(Math.min(lines.length, i + 1500), 0, (late as string).replace('"received"', '"more"'))
}
for (let i = 50; i < lines.length; i += 999) lines.splice(i, 0, `{"broken":${i}`)
const log = writeLog(dir, 'log.ndjson', lines)
const content = readFileSync(log)
let golden: Outputs

const command = (name: string, ...more: string[]) => ['run', `${name}.ndjson`, ...SMALL_GEO, '--output', `${name}-out`, '--state', `${name}-state`, '--quiet', ...more]
const changed = (name: string, from = golden) => differences(join(dir, `${name}-out`), from)

beforeAll(async () => {
  const { code } = await invigil(['run', 'log.ndjson', ...SMALL_GEO, '--output', 'golden', '--quiet'], { cwd: dir })
  expect(code).toBe(2)
  golden = outputsOf(join(dir, 'golden'))
  // What a wrong mark would change must be there to be changed.
  expect(summaryOf(join(dir, 'golden')).log.late).toBeGreaterThan(20)
  expect(golden.warnings.length).toBeGreaterThan(10_000)
})

/** Follows a log; `caughtUp` resolves when all of it that is there has been read. */
function follow(args: readonly string[]) {
  const { child, ended, said } = start([...args, '--follow', '--log', 'debug'], { cwd: dir })
  return { child, ended, said, caughtUp: said((_, err) => err.includes('"msg":"caught up"')) }
}

/** What a program says of itself, as a user who did not ask for `--log` does not see it. */
const besidesLog = (err: string) => err.split('\n').filter((l) => !l.startsWith('{"level":')).join('\n')

describe('Ctrl-C', () => {
  test('at points of a growing log that is followed: each time a summary and 130; at the end the same bytes', async () => {
    writeFileSync(join(dir, 'grow.ndjson'), '')
    // Borders of lines and in the middle of them.
    for (const end of [0, 10_001, 250_000, 700_007, 1_000_000]) {
      appendFileSync(join(dir, 'grow.ndjson'), content.subarray(statSync(join(dir, 'grow.ndjson')).size, end))
      const { child, ended, caughtUp } = follow(command('grow'))
      await caughtUp
      child.kill('SIGINT')
      const { code, out, err } = await ended
      expect([code, besidesLog(err)]).toEqual([130, ''])
      expect(out).toContain('interrupted before the end of the log; the same command goes on from here\n')
      const summary = summaryOf(join(dir, 'grow-out'))
      expect(summary.state).toBe('interrupted')
      expect(accountedFor(summary)).toBe(summary.log.lines)
      expect(summary.log.lines).toBe(content.subarray(0, end).filter((b) => b === 10).length)
    }
    appendFileSync(join(dir, 'grow.ndjson'), content.subarray(1_000_000))
    const { code } = await invigil(command('grow'), { cwd: dir })
    expect([code, summaryOf(join(dir, 'grow-out')).state]).toEqual([2, 'finished'])
    expect(changed('grow')).toEqual([])
  })

  test('in the midst of a big file: the same command goes on; at the end the same bytes as a run that was not stopped', async () => {
    const big = Array.from({ length: 6 }, (_, day) => lines.map((l) => l.replaceAll('2026-03-02T', `2026-03-${String(day + 2).padStart(2, '0')}T`))).flat()
    writeLog(dir, 'big.ndjson', big)
    await invigil(['run', 'big.ndjson', ...SMALL_GEO, '--output', 'big-golden', '--quiet'], { cwd: dir })
    let stops = 0
    for (let code = 130; code === 130; ) {
      const { child, ended } = start(command('big', '--snapshot-every', '1h'), { cwd: dir })
      await untilThere(join(dir, 'big-state', 'lock'))
      await untilThere(join(dir, 'big-out', 'warnings.ndjson'))
      setTimeout(() => child.kill('SIGINT'), 300 + 500 * stops)
      code = (await ended).code ?? -1
      if (code === 130) stops++
      else expect(code).toBe(2)
    }
    expect(stops).toBeGreaterThan(0)
    expect(changed('big', outputsOf(join(dir, 'big-golden')))).toEqual([])
  })

  test('while standard input is silent; without state what came is judged', async () => {
    const { child, ended } = start(['run', ...SMALL_GEO, '--output', 'silent-out', '--quiet'], { cwd: dir })
    await new Promise((done) => child.stdin.write(content, done))
    await untilThere(join(dir, 'silent-out', 'late.ndjson'))
    child.kill('SIGINT')
    const { code, out } = await ended
    expect(code).toBe(130)
    expect(out).toContain('interrupted before the end of the log; a run with `--state DIR` can go on where it stopped\n')
    // How much had come by then is chance; all of it was judged as if the log had ended there.
    const summary = summaryOf(join(dir, 'silent-out'))
    writeLog(dir, 'came.ndjson', lines.slice(0, summary.log.lines))
    await invigil(['run', 'came.ndjson', ...SMALL_GEO, '--output', 'came-out', '--quiet'], { cwd: dir })
    expect(changed('silent', outputsOf(join(dir, 'came-out')))).toEqual([])
    expect(accountedFor(summary)).toBe(summary.log.lines)
  })

  test('before standard input says its first word', async () => {
    const { child, ended } = start(['run', '--log', 'info', ...SMALL_GEO, '--output', 'mute', '--quiet'], { cwd: dir })
    await untilThere(join(dir, 'mute', 'late.ndjson'))
    child.kill('SIGTERM')
    const { code, out } = await ended
    expect([code, out.split('\n')[0]]).toEqual([143, '0 lines: 0 events, 0 ignored, 0 rejected, 0 blank'])
  })

  test('twice: at once, and the state is still good', async () => {
    writeFileSync(join(dir, 'twice.ndjson'), content)
    const { child, ended } = start(command('twice', '--follow'), { cwd: dir })
    await untilThere(join(dir, 'twice-out', 'late.ndjson'))
    child.kill('SIGINT')
    child.kill('SIGINT')
    setTimeout(() => child.kill('SIGINT'), 5)
    expect((await ended).code).toBe(130)
    expect((await invigil(command('twice'), { cwd: dir })).code).toBe(2)
    expect(changed('twice')).toEqual([])
  })
})

describe('a log that is followed', () => {
  test('is told to have been moved, when it has been read to its end', async () => {
    writeFileSync(join(dir, 'moved.ndjson'), content)
    const { ended, caughtUp } = follow(command('moved'))
    await caughtUp
    renameSync(join(dir, 'moved.ndjson'), join(dir, 'moved.ndjson.1'))
    writeFileSync(join(dir, 'moved.ndjson'), 'new\n')
    const { code, out } = await ended
    expect(code).toBe(2)
    expect(out).toContain('problem: `moved.ndjson` was moved or replaced; it was read to its end, start a run of its own on the new file\n')
    expect(changed('moved')).toEqual([])
    const again = await invigil(command('moved'), { cwd: dir })
    expect([again.code, again.err]).toEqual([2, 'invigil: the state in `moved-state` was made from other logs (`moved.ndjson`); give the same, or use another state folder\n'])
  })

  test('is told to have become shorter; what came before is judged', async () => {
    writeFileSync(join(dir, 'short.ndjson'), content)
    const { ended, caughtUp } = follow(command('short'))
    await caughtUp
    truncateSync(join(dir, 'short.ndjson'), 5000)
    const { code, out } = await ended
    expect(code).toBe(2)
    expect(out).toContain('problem: `short.ndjson` has become shorter than what was read of it; what was read was handled, start a run of its own on what is in it now\n')
    expect(changed('short')).toEqual([])
    const again = await invigil(command('short'), { cwd: dir })
    expect([again.code, again.err]).toEqual([2, 'invigil: `short.ndjson` is shorter than when its state was saved; give the same log, or another state folder\n'])
  })

  test('still gives warnings of others while one learner is silent from 08:10 to 20:00', async () => {
    const at = (minutes: number) => formatTime(Date.UTC(2026, 2, 2) + minutes * MINUTE)
    const day: [number, string][] = []
    const beat = (minutes: number, learner: string, chapter: string, position: number) =>
      day.push([minutes, JSON.stringify({ id: `${learner}-${chapter}-${day.length}`, time: at(minutes), action: 'heartbeat', platform: 'p1', learner, session: `${learner}${chapter}`, chapter, position, visible: true })])
    for (const m of [480, 485, 490, 1200]) beat(m, 'away', 'c1', (m - 480) * 60)
    for (let m = 480; m < 1200; m += 0.25) {
      beat(m, 'honest', 'c1', (m - 480) * 60)
      // From noon on, somebody plays two chapters at once.
      if (m >= 720 && m < 722) for (const chapter of ['c1', 'c2']) beat(m, 'both', chapter, (m - 720) * 60)
    }
    const sorted = day.toSorted(([a], [b]) => a - b)
    const before = sorted.filter(([m]) => m < 1190).map(([, l]) => l)
    writeLog(dir, 'day.ndjson', before)
    const { child, ended, said, caughtUp } = follow(['run', 'day.ndjson', ...SMALL_GEO, '--output', 'day-out'])
    await said((out) => /2026-03-02T12:0\d:\d\dZ  \w+ +parallel-chapters  learner p1\/both: /.test(out))
    await caughtUp
    await said(() => /"id":"both"/.test(readFileSync(join(dir, 'day-out', 'warnings.ndjson'), 'utf8')))
    // It is in the file, too, long before the silent one comes back.
    expect(readFileSync(join(dir, 'day-out', 'warnings.ndjson'), 'utf8')).toMatch(/"rule":"parallel-chapters".*"id":"both"/)
    appendFileSync(join(dir, 'day.ndjson'), sorted.filter(([m]) => m >= 1190).map(([, l]) => `${l}\n`).join(''))
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
  })
})

describe('a state folder', () => {
  beforeAll(async () => {
    writeFileSync(join(dir, 'own.ndjson'), content)
    await invigil(command('own'), { cwd: dir })
  })

  test('that a live process uses is refused; one that was killed has left it to the next', async () => {
    const { child, ended } = start(command('own', '--follow'), { cwd: dir })
    await untilThere(join(dir, 'own-state', 'lock'))
    const { code, err } = await invigil(command('own'), { cwd: dir })
    expect(code).toBe(2)
    expect(err).toBe(`invigil: process ${child.pid} is using the state in \`own-state\`; wait for it, or give this run a folder of its own (if that is no run of Invigil, remove \`own-state/lock\`)\n`)
    child.kill('SIGKILL')
    await ended
    expect(existsSync(join(dir, 'own-state', 'lock'))).toBe(true)
    expect((await invigil(command('own'), { cwd: dir })).code).toBe(2)
    expect(changed('own')).toEqual([])
  })

  test.each<[string, string[], string]>([
    ['of another log', ['other.ndjson'], 'the state in `own-state` was made from other logs (`own.ndjson`); give the same, or use another state folder'],
    ['of fewer logs', ['own.ndjson', 'other.ndjson'], 'the state in `own-state` was made from other logs (`own.ndjson`); give the same, or use another state folder'],
    ['of a log that was longer', ['less.ndjson'], '`less.ndjson` is shorter than when its state was saved; give the same log, or another state folder'],
  ])('%s is refused, and nothing is touched', async (_, logs, message) => {
    writeFileSync(join(dir, 'other.ndjson'), content.subarray(content.indexOf(10) + 1))
    writeFileSync(join(dir, 'less.ndjson'), content.subarray(0, content.length >> 1))
    const { code, out, err } = await invigil(['run', ...logs, ...SMALL_GEO, '--output', 'own-out', '--state', 'own-state', '--quiet'], { cwd: dir })
    expect([code, out, err]).toEqual([2, '', `invigil: ${message}\n`])
    expect(changed('own')).toEqual([])
  })

  test('of another output folder is refused', async () => {
    const { code, err } = await invigil(['run', 'own.ndjson', ...SMALL_GEO, '--output', 'elsewhere', '--state', 'own-state'], { cwd: dir })
    expect([code, err]).toEqual([2, `invigil: the state in \`own-state\` goes with the output folder \`${join(dir, 'own-out')}\`; name it with \`--output\`, or use another state folder\n`])
    expect(existsSync(join(dir, 'elsewhere'))).toBe(false)
  })

  test('whose output files were cut is refused', async () => {
    truncateSync(join(dir, 'own-out', 'warnings.ndjson'), 10)
    const { code, err } = await invigil(command('own'), { cwd: dir })
    expect([code, err]).toEqual([2, 'invigil: `own-out/warnings.ndjson` is shorter than the state remembers; restore it, or use another state folder\n'])
  })
})

describe('a full disk', () => {
  const flags = `${SMALL_GEO.join(' ')} --quiet --mark-every 100 --snapshot-every 0s`

  test('a limit on the size of files: told, and the same command gives the same bytes once there is room', async () => {
    const line = `$INVIGIL run log.ndjson ${flags} --output limit --state limit-state`
    const { code, err } = await startShell(`ulimit -f 100; ${line}`, { cwd: dir }).ended
    expect(code).toBe(1)
    expect(err).toMatch(/^invigil: `limit(-state)?\/[a-z0-9.-]+` has reached the largest size that a file may have here; raise the limit \(`ulimit -f`\) and run again\n$/)
    expect(existsSync(join(dir, 'limit-state', 'manifest'))).toBe(true)
    const { warnings } = outputsOf(join(dir, 'limit'))
    expect(warnings.length).toBeGreaterThan(0)
    expect((await every100()).warnings.startsWith(warnings)).toBe(true)
    expect((await startShell(line, { cwd: dir }).ended).code).toBe(2)
    expect(differences(join(dir, 'limit'), await every100())).toEqual([])
  })

  test.skipIf(!canMount())('a small file system, for output and state: the same', async () => {
    mkdirSync(join(dir, 'small'))
    const script = `
      mount -t tmpfs -o size=512k tmpfs small || exit 90
      line="$INVIGIL run log.ndjson ${flags} --output small/out --state small/state"
      $line; echo "code $?"
      mount -o remount,size=64m small
      $line >/dev/null; echo "code $?"
      cp -r small/out roomy; ls small/state`
    const { out, err } = await startShell(`unshare -m bash -c '${script.replaceAll("'", `'\\''`)}'`, { cwd: dir }).ended
    expect(err).toMatch(/^invigil: the disk is full: cannot write `small\/(out|state)\/[a-z0-9.-]+`; make room and run again\n$/)
    const said = out.trim().split('\n')
    expect(said.slice(0, 2)).toEqual(['code 1', 'code 2'])
    // One base at least, and nothing that was left half written.
    expect(said.slice(2).filter((f) => !f.startsWith('keys-'))).toEqual(['contexts', 'manifest', 'marks.ndjson'])
    expect(differences(join(dir, 'roomy'), await every100())).toEqual([])
  })

  let reference: Promise<Outputs> | undefined
  /** What is late depends on where the marks are: the reference has the same ones. */
  const every100 = () => (reference ??= startShell(`$INVIGIL run log.ndjson ${SMALL_GEO.join(' ')} --quiet --mark-every 100 --output every100`, { cwd: dir }).ended.then(() => outputsOf(join(dir, 'every100'))))
})

/** Whether this machine lets us mount a file system that nobody else sees. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' })
    return process.getuid?.() === 0
  } catch {
    return false
  }
}
