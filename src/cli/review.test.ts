import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reviewSchema } from '../warnings/review.ts'
import { cases, day, linesOf, textOf, type Fixture } from '../testing/fixtures.ts'
import { invigil, SMALL_GEO } from '../testing/cli.ts'
import { readWarnings, temporary } from '../testing/runs.ts'
import type { Warning } from '../warnings/warning.ts'

const cwd = temporary()
const warnings = linesOf(day.golden)
writeFileSync(join(cwd, 'warnings.ndjson'), warnings.map((w) => `${w}\n`).join(''))
const first = JSON.parse(warnings[0] as string) as { id: string; rule: string }
const review = (...args: string[]) => invigil(['review', ...args, '--warnings', 'warnings.ndjson'], { cwd })
const read = () => readFileSync(join(cwd, 'reviews.ndjson'), 'utf8').split('\n').filter((l) => l !== '').map((l) => reviewSchema.parse(JSON.parse(l)))

test('a review is appended and lowers the precision of its rule', async () => {
  const said = await review(first.id, 'confirm', '--why', '属实', '--by', 'audit-office')
  expect(said).toMatchObject({ code: 0, err: '' })
  expect(said.out).toMatch(/^confirmed: revision \d+ of `[a-z-]+`.*, in reviews\.ndjson\n$/)
  const precision = async () => {
    const { code, out } = await invigil(['rules', 'report', '--warnings', 'warnings.ndjson', '--json'], { cwd })
    expect(code).toBe(0)
    return (JSON.parse(out) as { rule: string; precision?: number }[]).find((r) => r.rule === first.rule)?.precision
  }
  expect(await precision()).toBe(1)
  // As a crash leaves it: the last line has no end.
  appendFileSync(join(cwd, 'reviews.ndjson'), JSON.stringify({ ...read()[0] }))
  expect((await review(first.id, 'dismiss', '--why', 'two players in one household', '--by', 'audit-office')).code).toBe(0)
  expect(read().map((r) => [r.warning, r.verdict, r.why])).toEqual([[first.id, 'confirmed', '属实'], [first.id, 'confirmed', '属实'], [first.id, 'dismissed', 'two players in one household']])
  expect(await precision()).toBe(0)
})

test.each([
  [['nobody', 'confirm', '--why', 'x', '--by', 'y'], 'there is no warning `nobody` in `warnings.ndjson`'],
  [[first.id, 'maybe', '--why', 'x', '--by', 'y'], 'one of `confirm`, `dismiss`'],
  [[first.id, 'confirm', '--by', 'y'], "`--why <text>` not specified"],
  [[first.id, 'confirm', '--why', ' ', '--by', 'y'], 'say it in words'],
  [[first.id, 'confirm', '--why', 'x', '--by', 'y', '--kafka'], '`--warnings` is of no use with `--kafka`'],
])('refuses %j', async (args, message) => {
  const { code, err } = await review(...args)
  expect(err).toContain(message)
  expect(code).toBe(2)
})

test('a line that was cut short is told, and nothing is written behind it', async () => {
  writeFileSync(join(cwd, 'cut.ndjson'), '{"format":1,"warn')
  const { code, err } = await review(first.id, 'confirm', '--why', 'x', '--by', 'y', '--reviews', 'cut.ndjson')
  expect([code, err]).toEqual([2, expect.stringContaining('line 1 of `cut.ndjson` is not JSON')])
  expect(readFileSync(join(cwd, 'cut.ndjson'), 'utf8')).toBe('{"format":1,"warn')
})

test('a file that is none of reviews is told with its line', async () => {
  writeFileSync(join(cwd, 'bad.ndjson'), `${JSON.stringify({ format: 1, verdict: 'sure' })}\n`)
  const { code, err } = await invigil(['rules', 'report', '--warnings', 'warnings.ndjson', '--reviews', 'bad.ndjson'], { cwd })
  expect(code).toBe(2)
  expect(err).toContain('bad.ndjson')
  expect(err).toContain('line 1')
})

test('what was dismissed becomes a test with the fewest events, without a name in it, that fails until the rule is mended', async () => {
  const { log: of, catalogue = '' } = cases().find((c) => c.name === 'parallel-chapters') as Fixture
  const dir = temporary()
  const log = join(dir, 'log.ndjson')
  writeFileSync(log, textOf(of).replaceAll('"L1"', '"somebody"'))
  const known = catalogue === '' ? [] : ['--catalogue', catalogue]
  const at = (...args: string[]) => invigil(args, { cwd: dir })
  expect((await at('run', log, ...known, ...SMALL_GEO, '--output', 'out', '--quiet')).code).toBe(0)
  const [warning] = readWarnings(join(dir, 'out')).warnings.filter((w) => w.rule === 'parallel-chapters')
  const { id, subject } = warning as Warning
  expect(await at('evidence', id, '--input', log, ...known, ...SMALL_GEO, '--output', 'w.zip')).toMatchObject({ code: 0 })
  const dismissed = ['review', id, 'dismiss', '--why', 'a household', '--by', 'office', '--warnings', 'out/warnings.ndjson', '--as-test', 'ours/near.yaml']
  expect(await at(...dismissed)).toMatchObject({ code: 2, err: expect.stringContaining('go together') as string })
  const { code, out, err } = await at(...dismissed, '--evidence', 'w.zip')
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/ours\/near\.yaml: a test of `parallel-chapters` with [2-9] of \d+ events/)
  expect(readFileSync(join(dir, 'ours', 'near.yaml'), 'utf8')).not.toContain(subject.id)
  const failing = await at('rules', 'test', '--rules', 'shipped', '--rules', 'ours', '--rule', 'parallel-chapters')
  expect(failing.code).toBe(2)
  expect(failing.out).toContain('it does not warn of what office dismissed: a household')
  const mended = readFileSync(join(dir, 'ours', 'near.yaml'), 'utf8').replace('- rule: parallel-chapters\n', '- rule: parallel-chapters\n  params: { overlap: 20m, concurrency: 20 }\n')
  writeFileSync(join(dir, 'ours', 'near.yaml'), mended)
  const passing = await at('rules', 'test', '--rules', 'shipped', '--rules', 'ours', '--rule', 'parallel-chapters')
  expect(passing.out).toContain('0 failed')
})
