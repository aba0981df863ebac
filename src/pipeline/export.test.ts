import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { beforeAll, expect, test } from 'vitest'
import { recordSchema, type LearningRecord } from '../records/record.ts'
import { unmarked } from '../io/csv.ts'
import { readWarnings, ROOT, run, temporary } from '../testing/runs.ts'
import type { Warning } from '../warnings/warning.ts'
import { exportFile, type ExportOptions } from './export.ts'

const dir = temporary()
const out = join(dir, 'out')
let warnings: Warning[]

beforeAll(async () => {
  ;({ warnings } = await run(dir, { logs: [join(ROOT, 'fixtures', 'cases', 'shared-ip', 'telemetry.ndjson'), join(ROOT, 'fixtures', 'cases', 'parallel-chapters', 'telemetry.ndjson')], output: out }))
})

async function exported(path: string, options: ExportOptions): Promise<string> {
  let text = ''
  for await (const piece of exportFile(path, options)) text += piece
  return text
}

const rowsOf = (csv: string): Record<string, string>[] => parse(csv, { bom: true, columns: true })

test('the warnings of a run are a table: a row for each, as its last revision says', async () => {
  expect(warnings.some((w) => w.revision > 1)).toBe(true)
  const csv = await exported(join(out, 'warnings.ndjson'), { kind: 'warnings', format: 'csv' })
  expect(csv.startsWith('\uFEFFid,revision,')).toBe(true)
  expect(csv.endsWith('\r\n')).toBe(true)
  const last = new Map(warnings.map((w) => [w.id, w]))
  const rows = rowsOf(csv)
  expect(rows.map((r) => [r.id, Number(r.revision), r.summary_zh, Number(r.disputed_seconds)])).toEqual(
    warnings.filter((w) => last.get(w.id) === w).map((w) => [w.id, w.revision, w.summary.zh, Math.round(w.disputed.reduce((sum, d) => sum + d.seconds, 0) * 1000) / 1000]),
  )
  expect(rowsOf(await exported(join(out, 'warnings.ndjson'), { kind: 'warnings', format: 'csv', everyRevision: true }))).toHaveLength(warnings.length)
  const lines = (await exported(join(out, 'warnings.ndjson'), { kind: 'warnings', format: 'ndjson' })).split('\n').slice(0, -1)
  expect(lines.map((l) => JSON.parse(l) as Warning)).toEqual([...last.values()].sort((a, b) => warnings.indexOf(a) - warnings.indexOf(b)))
})

test('no text is taken for a formula, a number or a day that it is not, and none breaks the table', async () => {
  const [first] = readWarnings(out).warnings as [Warning]
  const path = join(dir, 'bad.ndjson.gz')
  const nasty = ['530102199001011234', '007', '1-30', ' =1', '\uff1d1', '=cmd|\' /C calc\'!A0', '+86 1', '-1+1', '@SUM(A1)', '\tx', '\rx', 'a,"b"\nc']
  writeFileSync(path, gzipSync(nasty.map((id, n) => `${JSON.stringify({ ...first, id: String(n), revision: 1, subject: { ...first.subject, id } })}\n`).join('')))
  const csv = await exported(path, { kind: 'warnings', format: 'csv' })
  expect(rowsOf(csv).map((r) => r.subject_id)).toEqual(nasty.map((text) => (text.startsWith('a') ? text : `'${text}`)))
})

test('a spreadsheet takes no id for a number or a day, and each is read back as a claim', async () => {
  const [first] = readWarnings(out).warnings as [Warning]
  const path = join(dir, 'ids.ndjson')
  const ids = ['530102199001011234', '007', '1-2', '3e8']
  writeFileSync(path, ids.map((id, n) => `${JSON.stringify({ ...first, id: `w${n}`, revision: 1, subject: { ...first.subject, id } })}\n`).join(''))
  expect(rowsOf(await exported(path, { kind: 'warnings', format: 'csv' })).map((r) => r.subject_id)).toEqual(ids.map((id) => `'${id}`))
  expect(ids.map((id) => unmarked(`'${id}`))).toEqual(ids)
})

test('a record is a row, with its intervals, addresses and checks in a cell each', async () => {
  const record: LearningRecord = recordSchema.parse({
    format: 1, id: 'r1', revision: 2, state: 'closed', kind: 'playback', platform: 'p1', learner: '张三', chapter: 'c1', begin: '2026-03-02T00:00:00.000Z', end: '2026-03-02T00:10:00.000Z', written: '2026-03-02T00:40:00.000Z',
    wallClock: 600, watched: [[0, 300.04], [360, 600]], union: 540.04, completed: true, credited: 540, sessions: ['s1'], login: { time: '2026-03-02T00:00:00.000Z', ip: '1.2.3.4', place: { country: 'CN', province: 'Yunnan' } },
    ips: [{ ip: '1.2.3.4', place: { country: 'CN', province: 'Yunnan' }, first: '2026-03-02T00:00:00.000Z', last: '2026-03-02T00:10:00.000Z' }], devices: ['d1', 'd2'],
    checks: [{ time: '2026-03-02T00:05:00.000Z', event: 'e9', outcome: 'passed', photo: 'ab' }], checkCounts: { requested: 1, passed: 1, failed: 0, unusable: 0, missed: 0 },
    answers: { count: 0, correct: 0 }, events: { first: 'e1', last: 'e20', count: 20 }, coverage: { state: 'full' },
  })
  const path = join(dir, 'records.ndjson')
  writeFileSync(path, `${JSON.stringify({ ...record, revision: 1, state: 'open' })}\n${JSON.stringify(record)}\n`)
  expect(rowsOf(await exported(path, { kind: 'records', format: 'csv' }))).toEqual([expect.objectContaining({
    learner: '张三', watched: '0-300; 360-600', watched_seconds: '540.04', completed: 'yes', login_place: 'CN Yunnan', devices: 'd1; d2', checks: '2026-03-02T00:05:00.000Z passed ab', revision: '2',
  })])
})

test('a file of another kind is told by its line', async () => {
  const path = join(dir, 'mixed.ndjson')
  writeFileSync(path, `${JSON.stringify(warnings[0])}\n{"id":"x"}\n`)
  await expect(exported(path, { kind: 'warnings', format: 'csv' })).rejects.toThrow(/mixed.ndjson`, line 2: .*is it warnings that is in it\?/)
})
