import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatTime, SECOND } from '../../base/time.ts'
import { contextOf, day, linesOf } from '../../testing/fixtures.ts'
import { run, SAMPLES, shippedContext, temporary, writeLog } from '../../testing/runs.ts'
import { openMapping } from '../mapping.ts'
import { checkSchema, type CheckReport } from './report.ts'
import { checkLogs } from './run.ts'

const dir = temporary()
const START = Date.UTC(2026, 2, 2)
const check = async (logs: string[], options: object = {}): Promise<CheckReport> => checkLogs({ logs, format: 'canonical', context: await shippedContext(), ...options })
const line = (fields: object): string => JSON.stringify({ id: 'x', time: '2026-03-02T08:00:00.5+08:00', action: 'played', platform: 'p1', learner: 'L1', chapter: 'c1', ...fields })
const codes = (report: CheckReport): string[] => report.findings.map((f) => f.code)

describe('the simulated day', () => {
  test('says of the rules what a run says of them, and keeps to its schema', async () => {
    const context = await contextOf(day)
    const report = await checkLogs({ logs: [day.log], format: 'canonical', context })
    const { summary } = await run(dir, { logs: [day.log], context })
    const told = report.rules.flatMap((r) => r.platforms.map((p) => ({ platform: p.platform, rule: r.rule, state: p.state === 'not evaluable' ? p.state : 'judged', why: p.why })))
    const key = (c: { platform: string; rule: string }): string => `${c.platform} ${c.rule}`
    expect(told.sort((a, b) => (key(a) < key(b) ? -1 : 1))).toEqual(summary.coverage.sort((a, b) => (key(a) < key(b) ? -1 : 1)))
    expect(report.platforms.reduce((n, p) => n + p.late, 0)).toBe(summary.log.late)
    expect(report.log).toMatchObject({ lines: summary.log.lines, events: summary.log.events, first: summary.log.first, last: summary.log.last })
    expect(checkSchema.parse(report)).toEqual(report)
  })

  test('measures the cadence of each player, and asks for what is missing', async () => {
    const report = await check([day.log])
    expect(report.platforms.map((p) => [p.id, p.heartbeat?.cadence])).toEqual([['jineng', '20s'], ['yunxue', '15s'], ['zhipei', '30s']])
    expect(report.lacks.find((l) => l.what === 'fields device')).toMatchObject({ platforms: ['jineng'], rules: ['one-device', 'shared-device'] })
    expect(report.lacks.find((l) => l.what === 'catalogue heartbeat')?.add).toContain('heartbeat: 20s')
    const learners = new Set(linesOf(day.log).map((l) => (JSON.parse(l) as { learner: string; platform: string })).filter((e) => e.platform === 'yunxue').map((e) => e.learner))
    expect(report.platforms[1]?.sizes.learner).toEqual({ count: learners.size, exact: true })
  })

  test('the same log gives the same report, byte for byte, packed or not', async () => {
    const report = await check([writeLog(dir, 'whole.ndjson', linesOf(day.log))])
    const without = (r: CheckReport): string => JSON.stringify(r).replaceAll(/"files":\[[^\]]*\]/g, '')
    expect(without(await check([day.log]))).toBe(without(report))
  })
})

describe('what is wrong with a log', () => {
  test('rejects by reason, with three examples of each, where they stand and how they are mended', async () => {
    const bad = ['{"id":', ...Array.from({ length: 5 }, (_, i) => line({ id: `b${i}`, position: '12' })), line({ learner: undefined, note: 'x'.repeat(1000) })]
    const report = await check([writeLog(dir, 'bad.ndjson', [line({}), ...bad, ''])])
    expect(report.log).toMatchObject({ lines: 9, events: 1, blank: 1 })
    expect(report.log.rejected.map((r) => [r.reason, r.count, r.examples.map((e) => e.line)])).toEqual([['number-in-quotes', 5, [3, 4, 5]], ['bad-json', 1, [2]], ['missing-field', 1, [8]]])
    expect(report.log.rejected[0]).toMatchObject({ mend: { en: 'remove the quotes', zh: '请去掉引号' }, examples: [{ message: '`position` must be a number, not text: `12`' }, {}, {}] })
    expect(report.log.rejected[2]?.examples[0]?.text).toHaveLength(201)
    expect(report.findings.filter((f) => f.level === 'mend').map((f) => f.code)).toEqual(['reject-number-in-quotes', 'reject-bad-json', 'reject-missing-field'])
  })

  test('a clock that is ahead is a reject; ids that come again are told apart', async () => {
    const report = await check([writeLog(dir, 'ids.ndjson', [
      line({ received: '2026-03-02T00:00:01Z' }), line({ received: '2026-03-02T00:00:01Z' }), line({ time: '2026-03-02T08:00:02+08:00' }), line({ id: 'y', time: '2026-03-02T09:00:00+08:00', received: '2026-03-02T00:00:09Z' }),
    ])])
    expect(report.log).toMatchObject({ events: 3, rejected: [{ reason: 'future', count: 1, examples: [{ line: 4 }] }] })
    expect(report.platforms[0]?.ids).toEqual({ repeated: 1, conflicting: 1, examples: [{ learner: 'L1', id: 'x', times: ['2026-03-02T00:00:00.500Z', '2026-03-02T00:00:02.000Z'] }] })
    expect(codes(report)).toEqual(['reject-future', 'ids-conflict', 'no-heartbeat', 'ids-repeated'])
  })

  test('times of another zone, cut to minutes, sorted, positions in milliseconds', async () => {
    const lines = Array.from({ length: 300 }, (_, i) => {
      const time = START + i * 60 * SECOND
      return line({ id: `e${i}`, action: 'heartbeat', time: formatTime(time), received: formatTime(time + 8 * 3600 * SECOND + 300), position: i * 60_000 })
    })
    const report = await check([writeLog(dir, 'zone.ndjson', lines)])
    expect(codes(report)).toEqual(['zone-slip', 'whole-minutes', 'positions', 'sorted', 'one-day', 'utc'])
    expect(report.findings[0]?.says.en).toBe('`time` and `received` are 8 h apart: one of them is most likely written in another time zone than it says')
    expect(report.findings[2]?.says.en).toContain('is it in milliseconds?')
  })

  test('a field that is no platform', async () => {
    const report = await check([writeLog(dir, 'many.ndjson', Array.from({ length: 300 }, (_, i) => line({ id: `e${i}`, platform: `s${i}` })))])
    expect(report.log.events).toBe(300)
    expect([report.platforms.length, report.rules[0]?.platforms.length]).toEqual([200, 200])
    expect(report.findings.find((f) => f.code === 'many-platforms')?.says.en).toBe('there are more than 200 platforms; 100 events of the others are counted and not looked at')
  })

  test('keys that a joined file does not have', async () => {
    writeLog(dir, 'logins.csv', ['sid,ip', 's1,42.243.238.11', 's2,42.243.238.12'])
    writeLog(dir, 'join.yaml', ['platform: p1', 'joins: { logins: { file: logins.csv, key: sid, by: session } }', 'fields: { time: at, learner: who, session: session, action: { constant: logged-in }, ip: { join: logins, from: ip } }'])
    const of = async (sessions: string[]): Promise<CheckReport> => check([writeLog(dir, 'joined.csv', ['at,who,session', ...sessions.map((s, i) => `2026-03-02T08:00:${10 + i}Z,L${i},${s}`)])], { format: 'mapping', details: { mapping: await openMapping(join(dir, 'join.yaml')) } })
    expect(codes(await of(['s1', 's2', 's2', 's1', 'S2']))).not.toContain('join-missed')
    expect((await of(['s1', 'S1', 'S2'])).findings.find((f) => f.code === 'join-missed')?.says.en).toBe('the join `logins` has no row for 67 % of what is looked for in it, such as `S1`: its fields are left out there')
  })

  test('a log without an event, and one cut short', async () => {
    expect(codes(await check([writeLog(dir, 'empty.ndjson', [])]))).toEqual(['no-events'])
    const cut = join(dir, 'cut.ndjson.gz')
    writeFileSync(cut, Buffer.from('1f8b0800000000000003', 'hex'))
    expect(codes(await check([cut]))).toEqual(['cut-short', 'no-events'])
  })
})

test.skipIf(SAMPLES === undefined)('real xAPI statements (INVIGIL_SAMPLES)', async () => {
  const report = await check([join(SAMPLES as string, 'fun-mooc-xapi-video', 'statements.day-folded.sorted.jsonl.gz')], { format: 'xapi' })
  expect(report.log).toMatchObject({ lines: 22_000, events: 21_946, ignored: [{ verb: 'downloaded', count: 54 }], rejected: [] })
  expect(report.platforms[0]?.sizes).toMatchObject({ learner: { count: 1445, exact: true }, chapter: { count: 10, exact: true } })
  expect(codes(report)).toEqual(['no-heartbeat', 'no-received', 'sorted', 'one-day', 'utc'])
})
