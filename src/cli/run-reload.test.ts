import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SMALL_GEO, differences, invigil, outputsOf, start, summaryOf } from '../testing/cli.ts'
import { duplicated, fivePlatforms, toLines } from '../testing/five-platforms.ts'
import { temporary } from '../testing/runs.ts'

const dir = temporary()
const lines = toLines(duplicated(fivePlatforms(6, 6), 1), true)
const log = join(dir, 'log.ndjson')
const grow = (from: number, to?: number) => appendFileSync(log, lines.slice(from, to).map((l) => `${l}\n`).join(''))
const rule = (id: string, detector: string, more = '') => `- { rule: ${id}, title: ${id}, description: ${id}, detector: ${detector}, severity: low, response: review${more} }\n`
const rules = (name: string, text: string) => {
  mkdirSync(join(dir, 'rules'), { recursive: true })
  writeFileSync(join(dir, 'rules', name), text)
}
const command = (...more: string[]) => ['run', 'log.ndjson', '--rules', 'rules', ...SMALL_GEO, '--output', 'out', '--state', 'state', '--snapshot-every', '1s', ...more]
const watching = () => start(command('--follow', '--watch-rules', '--log', 'debug'), { cwd: dir })
const caughtUp = (n: number) => (_: string, err: string) => err.includes(`"records":${n},"msg":"caught up"`)

test('rules that are edited while a log is followed; the process is killed, goes on, and the whole is repeated to the same bytes', { timeout: 120_000 }, async () => {
  rules('a.yaml', rule('hang-up', 'hang-up') + rule('parallel', 'parallel-chapters'))
  grow(0, 3000)
  const first = watching()
  await first.said(caughtUp(3000))
  rules('a.yaml', rule('hang-up', 'hang-up', ', params: { hidden: 6m }') + rule('parallel', 'parallel-chapters', ', onEdit: reset'))
  await first.said((out) => out.includes('from line 3001 on other rules: changed hang-up (state kept), parallel (state begins anew); 0 unchanged\n'))
  grow(3000, 6000)
  await first.said(caughtUp(6000))
  rules('b.yaml', rule('devices', 'shared-device') + '- rule: [')
  await first.said((out) => out.includes('refused, and the rules before stay in force: '))
  rules('b.yaml', rule('devices', 'shared-device'))
  await first.said((out) => out.includes('from line 6001 on other rules: added devices; 2 unchanged\n'))
  grow(6000, 7000)
  await first.said(caughtUp(7000))
  first.child.kill('SIGKILL')
  await first.ended

  // While nobody looks, the rules change once more.
  rules('b.yaml', rule('accounts', 'shared-account'))
  const second = watching()
  await second.said((out) => out.includes(': added accounts; removed devices; 2 unchanged\n'))
  grow(7000)
  await second.said(caughtUp(lines.length))
  second.child.kill('SIGINT')
  expect((await second.ended).code).toBe(130)
  expect((await invigil(command('--quiet'), { cwd: dir })).code).toBe(0)
  const whole = summaryOf(join(dir, 'out'))
  expect(whole.log).toMatchObject({ lines: lines.length, events: lines.length })
  const [, one, two, three] = (whole.contexts ?? []).map((c) => c.line)
  expect([one, two]).toEqual([3001, 6001])
  expect(three).toBeGreaterThan(6000)

  copyFileSync(log, join(dir, 'copy.ndjson'))
  const repeat = await invigil(['run', 'copy.ndjson', '--replay-of', 'state', ...SMALL_GEO, '--output', 'again'], { cwd: dir })
  expect([repeat.code, repeat.err]).toEqual([0, ''])
  expect(differences(join(dir, 'again'), outputsOf(join(dir, 'out')))).toEqual([])
  expect(repeat.out).toContain(`from line ${three} on other rules, as before: added accounts; removed devices; 2 unchanged\n`)
  expect(readFileSync(join(dir, 'again', 'warnings.ndjson')).length).toBeGreaterThan(10_000)
  expect(existsSync(join(dir, 'state', 'lock'))).toBe(false)
})

test.each([
  [['log.ndjson', '--replay-of', 'state', '--rules', 'rules'], '`--rules` is of no use with `--replay-of`: its rules and marks are those of then'],
  [['log.ndjson', '--replay-of', 'state', '--mark-every', '5'], '`--mark-every` is of no use with `--replay-of`'],
  [['log.ndjson', '--replay-of', 'nowhere'], 'there is no `nowhere/marks.ndjson`; name the state folder of the run that is to be repeated'],
  [['log.ndjson', '--accept-version'], '`--accept-version` is of use only with `--kafka`, `--archive` or `--replay-of`'],
  [['--kafka', '--watch-rules'], 'over Kafka rules are published: `invigil rules publish --watch` does that whenever they change'],
  [['log.ndjson', '--rules', 'none', '--watch-rules'], 'there is no rules directory `none`'],
])('%j is refused', async (args, message) => {
  grow(0, 1)
  const { code, err } = await invigil(['run', ...args, '--output', 'refused'], { cwd: dir })
  expect([code, err]).toEqual([2, expect.stringContaining(message)])
})
