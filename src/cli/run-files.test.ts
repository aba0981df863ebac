import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Reject } from '../pipeline/cursor.ts'
import { SMALL_GEO, accountedFor, differences, invigil, outputsOf, start, startShell, summaryOf, type Outputs } from '../testing/cli.ts'
import { fivePlatforms, toLines } from '../testing/five-platforms.ts'
import { temporary, writeLog } from '../testing/runs.ts'

const TEN_MISTAKES = `- rule: Hang-Up
  title: Nobody there
  titel: Nobody there
  description: ''
  detector: hangup
  severity: huge
  response: 7
  params: [30s]
  scope: platform ==
  unless: fact.seconds > 5
  exempt:
    - { platform: p1, from: 2026-02-30, until: 2026-03-01, why: demo, by: me }
`

const dir = temporary()
const lines = toLines(fivePlatforms(5, 3), true).slice(0, 4000)
const log = writeLog(dir, 'log.ndjson', lines)
let golden: Outputs
let outputs = 0

/** Runs over logs into a folder of its own. */
async function run(args: readonly string[], input?: string | Uint8Array) {
  const output = `out${outputs++}`
  const ended = await invigil(['run', ...args, ...SMALL_GEO, '--output', output, '--quiet'], { cwd: dir, input })
  return { ...ended, output: join(dir, output) }
}

beforeAll(async () => {
  const { code, output } = await run([log])
  expect(code).toBe(0)
  golden = outputsOf(output)
})

describe('the same log, however it comes', () => {
  test.each([
    ['standard input', ['-'], () => readFileSync(log)],
    ['standard input that is not named', [], () => readFileSync(log)],
    ['gzip on standard input', ['-'], () => gzipSync(readFileSync(log))],
    ['a gzip file', ['log.gz'], () => (writeFileSync(join(dir, 'log.gz'), gzipSync(readFileSync(log))), '')],
    ['several tasks', ['log.ndjson', '--partitions', '3'], () => ''],
  ])('%s: the same bytes', async (_, args, input) => {
    const { code, output } = await run(args, input())
    expect([code, summaryOf(output).log.lines]).toEqual([0, lines.length])
    expect(differences(output, golden)).toEqual([])
  })

  test('a pipe with a name, as the shell makes it for <(…): nothing of it is lost', async () => {
    const { code } = await startShell(`$INVIGIL run <(gzip -c log.ndjson) ${SMALL_GEO.join(' ')} --output named --quiet`, { cwd: dir }).ended
    expect(code).toBe(0)
    expect(differences(join(dir, 'named'), golden)).toEqual([])
  })

  test('several files are merged by event time: the same bytes as one file sorted', async () => {
    const timed = toLines(fivePlatforms(6, 2), false).slice(0, 3000)
    const timeOf = (line: string) => (JSON.parse(line) as { time: string }).time
    const sorted = timed.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : timeOf(a) > timeOf(b) ? 1 : 0))
    // Of equal times the file that was named first comes first.
    const parts = [0, 1, 2].map((i) => writeLog(dir, `part${i}.ndjson`, sorted.filter((l) => l.charCodeAt(8) % 3 === i)))
    const one = await run([writeLog(dir, 'sorted.ndjson', sorted)])
    const several = await run(parts)
    expect(differences(several.output, outputsOf(one.output))).toEqual([])
    expect(outputsOf(one.output).warnings.length).toBeGreaterThan(1000)
    expect(summaryOf(several.output).log).toMatchObject({ lines: timed.length, events: timed.length })
  })

  test('twice, with state or without: the same bytes', async () => {
    for (const state of [[], ['--state', 'twice']]) {
      for (let i = 0; i < 2; i++) {
        expect((await invigil(['run', 'log.ndjson', ...SMALL_GEO, '--output', 'twice-out', '--quiet', ...state], { cwd: dir })).code).toBe(0)
        expect(differences(join(dir, 'twice-out'), golden)).toEqual([])
        expect(summaryOf(join(dir, 'twice-out')).log.lines).toBe(lines.length)
      }
    }
  })

  test('with nobody to look any more (`| head -1`), the files are written all the same', async () => {
    const { code, out, err } = await startShell(`set -o pipefail; $INVIGIL run log.ndjson ${SMALL_GEO.join(' ')} --output head | head -1`, { cwd: dir }).ended
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^[^\n]+\n$/)
    expect(differences(join(dir, 'head'), golden)).toEqual([])
    expect(summaryOf(join(dir, 'head')).state).toBe('finished')
  })

  test('with standard output on a full disk, too; but that is told', async () => {
    const { code, err } = await startShell(`$INVIGIL run log.ndjson ${SMALL_GEO.join(' ')} --output full >/dev/full`, { cwd: dir }).ended
    expect([code, err]).toEqual([1, 'invigil: the disk is full: cannot write standard output; make room and run again\n'])
    expect(differences(join(dir, 'full'), golden)).toEqual([])
  })
})

describe('logs that are cut short', () => {
  test('an empty one is no error, and said to be empty', async () => {
    writeFileSync(join(dir, 'empty.ndjson'), '')
    const { code, out, output } = await run(['empty.ndjson'])
    expect([code, out.split('\n').slice(0, 2)]).toEqual([0, ['0 lines: 0 events, 0 ignored, 0 rejected, 0 blank', '  the log is empty']])
    expect(summaryOf(output)).toMatchObject({ state: 'finished', log: { lines: 0 }, problems: [] })
  })

  test('one that is no log: a hint', async () => {
    const { code, out } = await run([writeLog(dir, 'table.csv', ['time,learner', '2026-03-02,L1'])])
    expect(code).toBe(2)
    expect(out).toContain('  there is no event in it: is it another file, or another `--format`? `invigil check` tells what it looks like\n')
  })

  test('gzip that is cut off: all that came is handled; the whole file with the same state gives the same bytes', async () => {
    const zipped = gzipSync(readFileSync(log))
    const path = join(dir, 'cut.gz')
    writeFileSync(path, zipped.subarray(0, zipped.length >> 1))
    const args = ['run', 'cut.gz', ...SMALL_GEO, '--output', 'cut', '--state', 'cut-state', '--quiet']
    const first = await invigil(args, { cwd: dir })
    expect([first.code, first.err]).toEqual([2, ''])
    expect(first.out).toContain('problem: `cut.gz` ends in the middle of its compressed data; everything up to there was handled, fetch the rest and run again\n')
    const summary = summaryOf(join(dir, 'cut'))
    expect(summary.log.lines).toBeGreaterThan(lines.length / 3)
    expect(accountedFor(summary)).toBe(summary.log.lines)
    // The last line is half a one.
    expect(summary.log.rejected).toEqual({ 'bad-json': 1 })
    const [reject] = outputsOf(join(dir, 'cut')).rejects.trimEnd().split('\n').map((l) => JSON.parse(l) as Reject)
    expect(lines[summary.log.lines - 1]?.startsWith(reject?.text ?? '?')).toBe(true)
    writeFileSync(path, zipped)
    expect((await invigil(args, { cwd: dir })).code).toBe(0)
    expect(differences(join(dir, 'cut'), golden)).toEqual([])
    expect(summaryOf(join(dir, 'cut')).log.rejected).toEqual({})
  })

  test('a file whose last line is half written: the next run with the same state takes it whole', async () => {
    const bytes = readFileSync(log)
    const args = ['run', 'half.ndjson', ...SMALL_GEO, '--output', 'half', '--state', 'half-state', '--quiet']
    for (const end of [0, 5000, 5003, bytes.length - 20, bytes.length - 1, bytes.length]) {
      writeFileSync(join(dir, 'half.ndjson'), bytes.subarray(0, end))
      await invigil(args, { cwd: dir })
    }
    expect(differences(join(dir, 'half'), golden)).toEqual([])
    expect(summaryOf(join(dir, 'half')).log).toMatchObject({ lines: lines.length, rejected: {} })
  })

  test('damaged gzip: what stands before the damage is handled', async () => {
    writeFileSync(join(dir, 'bad.gz'), Buffer.concat([gzipSync(readFileSync(log)), Buffer.from('{"id":1}\n')]))
    const { code, out, output } = await run(['bad.gz'])
    expect(code).toBe(2)
    expect(out).toContain('problem: `bad.gz` is damaged gzip (incorrect header check); everything up to there was handled, fetch it again\n')
    expect(differences(output, golden)).toEqual([])
  })
})

describe('what cannot be used is said, with exit code 2, and nothing that was there is touched', () => {
  const kept = join(dir, 'kept')

  beforeAll(async () => {
    await invigil(['run', 'log.ndjson', ...SMALL_GEO, '--output', 'kept', '--quiet'], { cwd: dir })
    mkdirSync(join(dir, 'folder'))
    writeFileSync(join(dir, 'file'), 'x')
    writeFileSync(join(dir, 'secret'), 'x')
    chmodSync(join(dir, 'secret'), 0)
    writeFileSync(join(dir, 'text.mmdb'), 'no database\n'.repeat(99))
    writeFileSync(join(dir, 'cut.mmdb'), readFileSync(SMALL_GEO[1] as string).subarray(0, 400_000))
    mkdirSync(join(dir, 'rules'))
    writeFileSync(join(dir, 'rules', 'ten.yaml'), TEN_MISTAKES)
    copyFileSync(log, join(kept, 'late.ndjson'))
  })

  test.each<[string, string[], string]>([
    ['a directory', ['folder'], '`folder` is a directory; name the files in it'],
    ['no such file', ['none'], 'there is no file `none`'],
    ['several files that are not there', ['none', 'log.ndjson', 'nor'], '2 of 3 logs cannot be read\n  there is no file `none`\n  there is no file `nor`'],
    ['its own output', ['kept/late.ndjson'], 'the run would overwrite its own input `kept/late.ndjson`; name another folder with `--output`'],
    ['an unknown option', ['log.ndjson', '--lateniss', '5s'], 'unknown option `--lateniss`; did you mean `--lateness`?'],
    ['a bad lateness', ['log.ndjson', '--lateness', 'soon'], 'option `--lateness <duration>` cannot be `soon`; write it like `45s`, `10m` or `1h30m`'],
    ['no tasks', ['log.ndjson', '--partitions', '0'], 'option `--partitions <n>` cannot be `0`; write a whole number from 1 to 1024'],
    ['an unknown format', ['log.ndjson', '--format', 'csv'], 'option `--format <format>` cannot be `csv`; one of `canonical`, `openedx`, `caliper`, `xapi`, `moodle`, `auto`'],
    ['rules that are not there', ['log.ndjson', '--rules', 'none'], 'there is no rules directory `none`'],
    ['rules that are a file', ['log.ndjson', '--rules', 'file'], '`file` is no directory; name the directory that the rules lie in'],
    ['a database that is not there', ['log.ndjson', '--geo', 'none.mmdb'], 'there is no GeoIP database `none.mmdb` (check the path)'],
    ['a database that is text', ['log.ndjson', '--geo', 'text.mmdb'], 'cannot use the GeoIP database `text.mmdb`: it is corrupt: it is not a MaxMind database (no metadata) (fetch the database again)'],
    ['half a database', ['log.ndjson', '--geo', 'cut.mmdb'], 'cannot use the GeoIP database `cut.mmdb`: it is corrupt: it is not a MaxMind database (no metadata) (fetch the database again)'],
    ['a catalogue that is not there', ['log.ndjson', '--catalogue', 'none'], 'there is no file `none`'],
    ['standard input twice', ['-', '-'], 'standard input (`-`) can be named once'],
    ['several logs to follow', ['log.ndjson', 'log.ndjson', '--follow'], '`--follow` reads one file; start a run for each'],
    ['compressed logs to follow', ['log.gz', '--follow'], '`--follow` needs a plain file that grows, and `log.gz` is compressed; leave `--follow` out'],
    ['state in a file', ['log.ndjson', '--state', 'file'], '`file` cannot be a directory, since a file is in the way; name another place'],
  ])('%s', async (_, args, message) => {
    const { code, out, err } = await invigil(['run', '--output', 'kept', ...args], { cwd: dir })
    expect([code, out, err]).toEqual([2, '', `invigil: ${message}\n`])
    expect(outputsOf(kept).warnings).toBe(golden.warnings)
  })

  test('a file as output folder', async () => {
    const { code, err } = await invigil(['run', 'log.ndjson', '--output', 'file'], { cwd: dir })
    expect([code, err, readFileSync(join(dir, 'file'), 'utf8')]).toEqual([2, 'invigil: `file` cannot be a directory, since a file is in the way; name another place\n', 'x'])
  })

  test('a rule file with ten mistakes: each with its place and its mend', async () => {
    const { code, err } = await invigil(['run', 'log.ndjson', '--rules', 'shipped', '--rules', 'rules', '--output', 'kept'], { cwd: dir })
    const problems = err.trimEnd().split('\n')
    expect([code, problems[0]]).toEqual([2, 'invigil: 10 problems in the rules'])
    expect(problems.slice(1).map((p) => Number(/^ {2}rules\/ten\.yaml:(\d+):\d+: [^A-Z]/.exec(p)?.[1]))).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 10, 12])
    expect(err).toContain('did you mean `hang-up`?')
    expect(outputsOf(kept).warnings).toBe(golden.warnings)
  })

  test('a file without permission', async () => {
    // For root there is no such file, so that root runs this as somebody else.
    const { child, ended } = start(['run', 'secret', '--output', 'kept'], { cwd: dir, nobody: true })
    child.stdin.end()
    const { code, err } = await ended
    expect([code, err]).toEqual([2, 'invigil: no permission for `secret`; ask its owner, or name another\n'])
  })
})

