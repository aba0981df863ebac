import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reviewSchema } from '../warnings/review.ts'
import { day, linesOf } from '../testing/fixtures.ts'
import { invigil } from '../testing/cli.ts'
import { temporary } from '../testing/runs.ts'

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

test('a file that is none of reviews is told with its line', async () => {
  writeFileSync(join(cwd, 'bad.ndjson'), `${JSON.stringify({ format: 1, verdict: 'sure' })}\n`)
  const { code, err } = await invigil(['rules', 'report', '--warnings', 'warnings.ndjson', '--reviews', 'bad.ndjson'], { cwd })
  expect(code).toBe(2)
  expect(err).toContain('bad.ndjson')
  expect(err).toContain('line 1')
})
