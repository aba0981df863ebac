import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { expect, test } from 'vitest'
import { auditSchema, learnerSchema, rowSchema } from '../pipeline/audit/report.ts'
import { recordSchema, type LearningRecord } from '../records/record.ts'
import { invigil } from '../testing/cli.ts'
import { temporary } from '../testing/runs.ts'

const dir = temporary()
const path = (name: string): string => join(dir, name)
const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(path(name), content)
  return path(name)
}

function record(learner: string, credited: number): LearningRecord {
  return recordSchema.parse({
    format: 1, id: `${learner} ${credited}`, revision: 1, state: 'closed', kind: 'playback', platform: 'p1', learner, class: 'k', institution: 'i', course: 'a', chapter: '=1+1', begin: '2026-03-02T00:00:00.000Z', end: '2026-03-02T01:00:00.000Z', written: '2026-03-02T01:30:00.000Z',
    wallClock: 3600, watched: [[0, credited]], union: credited, length: 2700, completed: true, credited, sessions: [], ips: [], devices: [], checks: [], checkCounts: { requested: 0, passed: 0, failed: 0, unusable: 0, missed: 0 }, answers: { count: 0, correct: 0 },
    events: { first: 'a', last: 'b', count: 9 }, coverage: { state: 'full' },
  })
}

const records = write('records.ndjson.gz', gzipSync([record('530102199001011234', 2700), record('L2', 900)].map((r) => `${JSON.stringify(r)}\n`).join('')))
const catalogue = write('catalogue.yaml', 'platforms: [{ id: p1 }]\ncourses: [{ id: a, chapters: [{ id: "=1+1", length: 2700 }] }]\nclasses: [{ id: k, platform: p1, institution: i, courses: [a], hourRate: 12.5 }]\n')
const good = write('claims.csv', '平台,学员,班级,章节,学时\np1,530102199001011234,k,=1+1,1\np1,L2,k,=1+1,1\n')

const rowsOf = (file: string): Record<string, string>[] => parse(readFileSync(file), { bom: true, columns: true })
const linesOf = (file: string): unknown[] => readFileSync(file, 'utf8').trimEnd().split('\n').map((l) => JSON.parse(l) as unknown)

test('page, JSON and lists of an audit', async () => {
  const output = path('audit')
  const { code, out, err } = await invigil(['audit', '--records', records, '--claims', good, '--catalogue', catalogue, '--output', output])
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('all         2      2.0     1.3       0.0       0.7')
  expect(out).toContain('no warnings: nothing is disputed')
  expect(readdirSync(output).sort()).toEqual(['audit.html', 'audit.json', 'classes.csv', 'differing.csv', 'differing.ndjson', 'learners.csv', 'learners.ndjson', 'rejects.csv'])
  const audit = auditSchema.parse(JSON.parse(readFileSync(join(output, 'audit.json'), 'utf8')))
  expect(audit.totals).toMatchObject({ claimed: 5400, proven: 3600, unproven: 1800, rows: { agrees: 1, differs: 1 }, money: { claimed: 25, proven: 16.67, unproven: 8.33 } })
  for (const l of linesOf(join(output, 'learners.ndjson'))) learnerSchema.parse(l)
  for (const r of linesOf(join(output, 'differing.ndjson'))) rowSchema.parse(r)
  expect(rowsOf(join(output, 'differing.csv'))).toEqual([expect.objectContaining({ learner: 'L2', chapter: "'=1+1", verdict: 'differs', claimed_hours: '1', proven_hours: '0.333', unproven_hours: '0.667' })])
  expect(rowsOf(join(output, 'learners.csv')).map((r) => r.learner)).toEqual(["'530102199001011234", 'L2'])
  expect(rowsOf(join(output, 'classes.csv'))).toEqual([expect.objectContaining({ class: 'k', institution: 'i', learners: '2', claimed_amount: '25' })])
  expect(readFileSync(join(output, 'audit.html'), 'utf8')).toContain('<!doctype html>')
})

test('rows of claims that are none are told by line and listed, and the exit code says so', async () => {
  const claims = write('bad.csv', 'platform,learner,chapter,hours\np1,L2,=1+1,0.333\np1,,=1+1,1\np1,L2,=1+1,0.333\np1,L2,c,one\n')
  const { code, out, err } = await invigil(['audit', '--records', records, '--claims', claims, '--output', path('bad')])
  expect(code).toBe(2)
  expect(err).toContain(`invigil: ${claims}:3: it names no learner\n`)
  expect(out).toContain('not taken: 1 no-learner, 1 bad-hours, 1 repeated')
  expect(rowsOf(path('bad/rejects.csv')).map((r) => [r.line, r.reason, r.text])).toEqual([['3', 'no-learner', 'p1,,=1+1,1'], ['5', 'bad-hours', 'p1,L2,c,one'], ['4', 'repeated', '']])
})

test('claims from standard input', async () => {
  const { code, out } = await invigil(['audit', '--records', records, '--claims', '-', '--platform', 'p1', '--json'], { input: '[{"learner": "L2", "hours": 1}]' })
  expect(code).toBe(0)
  expect(auditSchema.parse(JSON.parse(out)).totals).toMatchObject({ claimed: 2700, unproven: 1800 })
})

test('another length of the class hour, in JSON', async () => {
  const { code, out } = await invigil(['audit', '--records', records, '--claims', good, '--hour', '60m', '--json'])
  expect(code).toBe(0)
  expect(auditSchema.parse(JSON.parse(out)).totals.claimed).toBe(7200)
})

test('a line of the records that is cut short is told, and a file of something else refused', async () => {
  const torn = write('torn.ndjson', `${JSON.stringify(record('L2', 2700))}\n${JSON.stringify(record('L3', 2700)).slice(0, 100)}`)
  const { code, err } = await invigil(['audit', '--records', torn, '--claims', good])
  expect([code, err]).toEqual([2, `invigil: ${torn}:2: not JSON\n`])
  const other = await invigil(['audit', '--records', catalogue, '--claims', good, '--output', path('none')])
  expect([other.code, other.err]).toEqual([2, expect.stringContaining('holds no record: line 1 is none')])
  expect(readdirSync(path('none'))).toEqual([])
})

test.each<[string, string[], string]>([
  ['no records', ['--claims', good], "required option '--records <file>' not specified"],
  ['a file that is not there', ['--records', path('gone'), '--claims', good], 'there is no file'],
  ['reviews of nothing', ['--records', records, '--claims', good, '--reviews', good], 'name these with `--warnings`'],
  ['a workbook', ['--records', records, '--claims', write('claims.xlsx', 'PK')], 'save its sheet as CSV'],
  ['a time zone of nowhere', ['--records', records, '--claims', good, '--time-zone', 'Yunnan'], 'name a time zone'],
  ['an hour of no time', ['--records', records, '--claims', good, '--hour', '0s'], 'at least a second'],
  ['an encoding of nobody', ['--records', records, '--claims', good, '--encoding', 'gb'], '`gb` is no encoding'],
])('%s is a mistake to mend', async (_, args, message) => {
  const { code, err } = await invigil(['audit', ...args])
  expect(code).toBe(2)
  expect(err.replaceAll('`--records <file>`', "'--records <file>'")).toContain(message)
})

test('what an audit reads it does not overwrite', async () => {
  const { code, err } = await invigil(['audit', '--records', records, '--claims', write('learners.csv', 'platform,learner,hours\np1,L2,1\n'), '--output', dir])
  expect(code).toBe(2)
  expect(err).toContain('would overwrite')
  expect(existsSync(path('audit.json'))).toBe(false)
})
