import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { BacktestReport } from '../pipeline/backtest/report.ts'
import { invigil, SMALL_GEO } from '../testing/cli.ts'
import { fivePlatforms, toLines } from '../testing/five-platforms.ts'
import { readWarnings, temporary, writeLog } from '../testing/runs.ts'

const dir = temporary()
const log = writeLog(dir, 'log.ndjson', toLines(fivePlatforms(5, 4), true).slice(0, 6000))
mkdirSync(join(dir, 'ours'))
writeFileSync(join(dir, 'ours', 'site.yaml'), '- rule: hang-up\n  params: { hidden: 16m }\n- rule: parallel-chapters\n  severity: low\n')

const OVERLAID = ['--rules', 'shipped', '--rules', 'ours']
const backtest = (args: readonly string[], input?: string | Uint8Array) => invigil(['backtest', ...args, ...SMALL_GEO], { cwd: dir, input })
const reportOf = (out: string) => JSON.parse(out) as BacktestReport

describe('a change of rules', () => {
  test('is told in words, in a report and warning by warning, as two runs have them', async () => {
    const { code, out } = await backtest([log, ...OVERLAID, '--output', 'change'])
    expect(code).toBe(0)
    expect(out).toContain('  hang-up: params.hidden 5m → 16m\n  parallel-chapters: severity high → low\n')
    expect(out).toMatch(/removed, for example:\n {2}[0-9a-f]{32} {2}2026-03-02T/)
    const report = reportOf(readFileSync(join(dir, 'change', 'backtest.json'), 'utf8'))
    const { comparison: c } = report
    expect(c?.removed).toBeGreaterThan(0)
    expect(c?.differs).toEqual(expect.objectContaining({ severity: c?.byRule['parallel-chapters']?.changed }))
    const changes = readFileSync(join(dir, 'change', 'changes.ndjson'), 'utf8').trim().split('\n').map((l) => JSON.parse(l) as { kind: string; id: string })
    expect(changes).toHaveLength((c?.added ?? 0) + (c?.removed ?? 0) + (c?.changed ?? 0))
    const ids: Set<string>[] = []
    for (const [name, rules] of [['today', []], ['ours', OVERLAID]] as const) {
      expect((await invigil(['run', log, ...rules, ...SMALL_GEO, '--output', name, '--quiet'], { cwd: dir })).code).toBe(0)
      ids.push(new Set(readWarnings(join(dir, name)).warnings.map((w) => w.id)))
    }
    const [was, is] = ids as [Set<string>, Set<string>]
    expect(changes.filter((x) => x.kind === 'removed').map((x) => x.id).sort()).toEqual([...was].filter((id) => !is.has(id)).sort())
    expect(changes.filter((x) => x.kind === 'added').map((x) => x.id).sort()).toEqual([...is].filter((id) => !was.has(id)).sort())
  })

  test('that changes nothing says so', async () => {
    const { code, out } = await backtest(['-', '--rules', 'shipped'], readFileSync(log))
    expect(code).toBe(0)
    expect(out).toContain('  the rules are the same\n')
    expect(out).toContain(': 0 added, 0 removed, 0 changed\n')
  })

  test('that does not keep to a budget ends with 2 and the reason', async () => {
    const { code, out } = await backtest([log, ...OVERLAID, '--budget', 'removed<1', '--budget', 'changed<1000'])
    expect(code).toBe(2)
    expect(out).toMatch(/\nNOT KEPT {2}removed<1: [1-9]\d*\nkept {2}changed<1000: \d+\n/)
  })

  test('is measured by reviews of today\'s warnings', async () => {
    expect((await invigil(['run', log, ...SMALL_GEO, '--output', 'reviewed', '--quiet'], { cwd: dir })).code).toBe(0)
    const ids = [...new Set(readWarnings(join(dir, 'reviewed')).warnings.filter((w) => w.rule === 'hang-up').map((w) => w.id))]
    const review = (warning: string, i: number) => ({ format: 1, warning, revision: 1, rule: 'parallel-chapters', verdict: i % 2 === 0 ? 'dismissed' : 'confirmed', why: 'asked the learner', by: 'reviewer', at: '2026-03-04T08:00:00Z' })
    writeLog(dir, 'reviews.ndjson', [...ids, 'gone'].map((id, i) => JSON.stringify(review(id, i))))
    const { code, out } = await backtest([log, ...OVERLAID, '--labels', 'reviews.ndjson', '--json', '--budget', 'precision>0.1'])
    const { labels, comparison, budgets } = reportOf(out)
    const [before, after] = [labels?.before.byRule['hang-up'], labels?.after?.byRule['hang-up']]
    expect(labels).toMatchObject({ kind: 'reviews', unknown: 1 })
    expect(before?.precision).toEqual({ part: Math.floor(ids.length / 2), of: ids.length, share: expect.closeTo(Math.floor(ids.length / 2) / ids.length) })
    expect(before?.recall.share).toBe(1)
    expect(after?.precision.of).toBe(ids.length - (comparison?.byRule['hang-up']?.removed ?? 0))
    expect([code, budgets?.[0]?.kept]).toEqual([0, true])
  })
})

test('a sweep gives a curve, also as a picture, and its variants are what the rules of that value give', async () => {
  const { code, out } = await backtest(['--input', log, '--sweep', 'hang-up.hidden=2m..16m:7m', '--json', '--output', 'swept'])
  expect(code).toBe(0)
  const { sweep } = reportOf(out)
  expect(sweep?.points.map((p) => p.values)).toEqual(['2m', '9m', '16m'].map((v) => ({ 'hang-up.hidden': v })))
  const { comparison } = reportOf((await backtest([log, ...OVERLAID, '--json'])).out)
  expect(sweep?.points[2]).toMatchObject({ warnings: comparison?.byRule['hang-up']?.after, removed: comparison?.byRule['hang-up']?.removed })
  expect(new Set(sweep?.points.map((p) => `${p.added} ${p.removed}`)).size).toBeGreaterThan(1)
  expect(readFileSync(join(dir, 'swept', 'sweep.svg'), 'utf8')).toMatch(/^<svg /)
})

describe('a value for a wanted share of false alarms', () => {
  test('comes as an overlay that loads, and keeps to the share on that log', async () => {
    expect((await invigil(['simulate', '--learners', '60', '--seed', '3', '--cheaters', '0', '--output', 'world'], { cwd: dir })).code).toBe(0)
    const world = ['world/telemetry.ndjson.gz', '--catalogue', 'world/catalogue.yaml', '--labels', 'world/truth.json']
    const { code, out } = await backtest([...world, '--sweep', 'hang-up.idle=1m..29m:4m', '--false-alarms', '20%', '--overlay-out', 'tuned/hang-up.yaml', '--json'])
    const { suggestion, sweep } = reportOf(out)
    expect([code, suggestion?.why]).toEqual([0, undefined])
    expect(suggestion?.falseAlarms).toBeLessThanOrEqual(0.2)
    expect(suggestion?.honest).toBeGreaterThan(50)
    // As written, over the shipped rules: what was promised.
    const loaded = reportOf((await backtest([...world, '--rules', 'shipped', '--rules', 'tuned', '--json'])).out)
    expect(loaded.rules).toMatchObject([{ rule: 'hang-up', kind: 'changed', parts: [{ name: 'params.idle', to: suggestion?.value }] }])
    expect(loaded.labels?.after?.byRule['hang-up']?.falseAlarms?.share).toBe(suggestion?.falseAlarms)
    // Not only the strictest that there is.
    expect(sweep?.points.at(-1)?.rates?.falseAlarms?.share).toBeLessThan(suggestion?.falseAlarms as number)
    const none = await backtest([...world, '--sweep', 'hang-up.idle=1m..5m:4m', '--false-alarms', '2%', '--overlay-out', 'none/hang-up.yaml'])
    expect(none.code).toBe(2)
    expect(none.out).toMatch(/no value can be suggested: even at the strictest value that was tried \d+(\.\d+)? % of the honest are warned of; sweep further/)
    expect(existsSync(join(dir, 'none', 'hang-up.yaml'))).toBe(false)
  }, 180_000)
})

test.each([
  ['no log', ['--rules', 'shipped'], 'name a log'],
  ['no change', ['log.ndjson'], 'say what is changed'],
  ['an overlay alone', ['log.ndjson', '--rules', 'ours'], 'name the directory with that rule first'],
  ['a sweep and a budget', ['log.ndjson', '--sweep', 'hang-up.idle=5m', '--budget', 'added<1'], '`--budget` limits one change; leave `--sweep` out'],
  ['a budget without labels', ['log.ndjson', ...OVERLAID, '--budget', 'recall>0.5'], '`--budget recall>0.5` needs to know who did cheat'],
  ['two sweeps and a share', ['log.ndjson', '--sweep', 'hang-up.idle=5m', '--sweep', 'hang-up.hidden=5m', '--false-alarms', '1%', '--labels', 'x'], 'suggests a value of one parameter'],
  ['words and a share', ['log.ndjson', '--sweep', 'over-credit.everywhere=true,false', '--false-alarms', '1%', '--labels', 'x'], 'is swept over words'],
  ['a share that is none', ['log.ndjson', '--sweep', 'hang-up.idle=5m', '--false-alarms', '0.5'], 'write it like `0.5%`'],
  ['an overlay that nobody would read', ['log.ndjson', '--overlay-out', 'x.txt', '--rules', 'ours'], 'let its name end in `.yaml`'],
  ['a parameter that there is not', ['log.ndjson', '--sweep', 'hang-up.idel=5m'], '`--sweep` with `hang-up.idel=5m`: unknown key `params.idel` (did you mean `idle`?)'],
  ['a value of another kind', ['log.ndjson', '--sweep', 'hang-up.idle=1..3:1'], '`--sweep` with `hang-up.idle=1`: `params.idle`: not a duration'],
  ['a rule that there is not', ['log.ndjson', '--sweep', 'hangup.idle=5m'], '`--sweep` with `hangup.idle=5m`: no rule `hangup`'],
  ['labels that are none', ['log.ndjson', ...OVERLAID, '--labels', 'ours/site.yaml'], '`ours/site.yaml` is not JSON'],
  ['an output folder that is a file', ['log.ndjson', ...OVERLAID, '--output', 'log.ndjson'], 'a file is in the way'],
])('%s: refused with the mend', async (_, args, message) => {
  const { code, err, out } = await backtest(args)
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(message)
})

test('a line of the reviews that is none is told with its number', async () => {
  writeLog(dir, 'bad.ndjson', ['{"format":1,"warning":"w","revision":1,"rule":"r","verdict":"maybe","why":"x","by":"y","at":"2026-03-04T08:00:00Z"}', '', '{oops'])
  const { code, err } = await backtest([log, ...OVERLAID, '--labels', 'bad.ndjson'])
  expect(code).toBe(2)
  expect(err).toMatch(/bad\.ndjson:1:\d+: `verdict` cannot be `maybe`.*\n {2}bad\.ndjson:3: not JSON\n/)
})
