import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { array, assert, asyncProperty, integer, record, string } from '../../testing/fuzz.ts'
import { expect, test } from 'vitest'
import { temporary } from '../../testing/runs.ts'
import type { Claim } from './claims.ts'
import { readClaims, type ReadClaims } from './read-claims.ts'
import type { BadLine } from './read.ts'

const dir = temporary()
let count = 0

async function read(content: string | Uint8Array, options: { encoding?: string; platform?: string } = {}): Promise<ReadClaims & { claims: [Claim, number][]; bad: BadLine[] }> {
  const file = join(dir, `claims-${count++}`)
  writeFileSync(file, content)
  const claims: [Claim, number][] = []
  const bad: BadLine[] = []
  const got = await readClaims({ file, hour: 2700, ...options }, (claim, line) => {
    claims.push([claim, line])
  }, (line) => bad.push(line))
  return { ...got, claims, bad }
}

const told = (bad: readonly BadLine[]): unknown => bad.map(({ line, reason }) => [line, reason])

test('CSV with a BOM, Chinese columns, quotes, a line break in a cell and rows that are none', async () => {
  const { claims, bad, rows, ignored } = await read('\ufeff平台,学员,章节,学时,备注\r\np1,L1,"一,二",1,\r\np1,"L\n2",c,2,x\r\np1,,c,2,\r\n\r\np1,L3,c,many,\r\np1,L4\r\np1,"L5"x,c,1,\r\np1,L6,c,3,\r\n')
  expect(claims).toEqual([
    [expect.objectContaining({ platform: 'p1', learner: 'L1', chapter: '一,二', seconds: 2700 }), 2],
    [expect.objectContaining({ learner: 'L\n2', seconds: 5400 }), 4],
    [expect.objectContaining({ learner: '"L5"x', seconds: 2700 }), 9],
    [expect.objectContaining({ learner: 'L6', seconds: 8100 }), 10],
  ])
  expect(told(bad)).toEqual([[5, 'no-learner'], [7, 'bad-hours'], [8, 'bad-row']])
  expect(bad[1]?.message).toContain('`many`')
  expect([rows, ignored]).toEqual([7, ['备注']])
})

test.each([[';'], ['\t']])('CSV with %j between cells', async (d) => {
  const { claims } = await read(`learner${d}seconds\nL1${d}5\n`, { platform: 'p' })
  expect(claims).toEqual([[{ platform: 'p', learner: 'L1', seconds: 5, class: undefined, course: undefined, chapter: undefined, date: undefined }, 2]])
})

test('an identity number names the learner where nothing else does', async () => {
  expect((await read('平台,身份证号,学时\np1,530102199001011234,1\n')).claims.map(([c]) => c.learner)).toEqual(['530102199001011234'])
  const both = await read('平台,身份证号,学号,学时\np1,530102199001011234,7,1\n')
  expect([both.claims[0]?.[0].learner, both.ignored]).toEqual(['7', ['身份证号']])
  // A number without quotes keeps its digits.
  expect((await read('[{"platform":"p1","身份证号":530102199001011234,"学时":1}]')).claims.map(([c]) => c.learner)).toEqual(['530102199001011234'])
})

// 平台,学员,学时 / 云学,张三,1 in GB18030.
const GB18030 = Buffer.from('c6bdcca82cd1a7d4b12cd1a7cab10ad4c6d1a72cd5c5c8fd2c310a', 'hex')

test('another encoding, where it is named, and the mend where it is not', async () => {
  const { claims } = await read(GB18030, { encoding: 'gb18030' })
  expect(claims[0]?.[0]).toMatchObject({ platform: '云学', learner: '张三', seconds: 2700 })
  await expect(read(GB18030)).rejects.toThrow(/not valid utf-8 .*`--encoding gb18030`/)
  await expect(read('a', { encoding: 'klingon' })).rejects.toThrow('`klingon` is no encoding')
})

test('compressed, and compressed and cut short', async () => {
  const zipped = gzipSync('learner,seconds\nL1,5\n')
  expect((await read(zipped, { platform: 'p' })).claims).toHaveLength(1)
  await expect(read(zipped.subarray(0, -4), { platform: 'p' })).rejects.toThrow('ends in the middle')
})

test('JSON: an array over many lines, one object a line, and what is neither', async () => {
  const array = await read(JSON.stringify([{ learner: 'L1', seconds: 5, chapter: null, more: 1 }, { learner: 'L{2', hours: '1' }, { learner: 'L3', hours: [1] }], null, 2), { platform: 'p' })
  expect(array.claims.map(([c, line]) => [c.learner, c.seconds, line])).toEqual([['L1', 5, 2], ['L{2', 2700, 8]])
  expect([told(array.bad), array.ignored]).toEqual([[[12, 'bad-row']], ['more']])
  const lines = await read('{"learner":"L1","seconds":5}\nnonsense\n\n{"learner":"L2","seconds":\n{"learner":"L3","seconds":1e-7}\n{"learner":"L4","seconds":2,"learner":"L5"}\n{"learner":"L6', { platform: 'p' })
  expect(lines.claims.map(([c, line]) => [c.learner, line])).toEqual([['L1', 1], ['L5', 6]])
  expect(told(lines.bad)).toEqual([[2, 'bad-json'], [4, 'bad-json'], [5, 'bad-seconds'], [7, 'bad-json']])
})

test.each([
  ['nothing', '', 'is empty'],
  ['other columns', 'name,score\nL1,5\n', 'its first line names other columns'],
  ['a column twice', 'learner,学员,hours\nL1,L1,5\n', 'both `learner` and `学员` name the learner'],
  ['no hours', 'platform,learner\np,L1\n', 'no column is `hours`'],
  ['a quote that is open', 'platform,learner,hours\np,L1,1\np,"L2,1\np,L3,1\n', 'after line 2 that is closed nowhere'],
])('a file of %s holds no claims', async (_, content, message) => {
  await expect(read(content).catch((e: Error & { problems: { message: string }[] }) => { throw new Error([e.message, ...e.problems.map((p) => p.message)].join('\n')) })).rejects.toThrow(message)
})

test('whatever is claimed comes out of both formats alike, and every row is a claim or a reject', async () => {
  const text = string({ unit: 'binary' }).filter((s) => s.trim() !== '' && !s.includes('\ufeff') && !/\p{Cs}/u.test(s))
  await assert(asyncProperty(array(record({ learner: text, chapter: text, seconds: integer({ min: 0, max: 1e6 }) }), { minLength: 1, maxLength: 8 }), async (rows) => {
    const quoted = (s: string): string => `"${s.replaceAll('"', '""')}"`
    const csv = await read(`learner,chapter,seconds\n${rows.map((r) => `${quoted(r.learner)},${quoted(r.chapter)},${r.seconds}\n`).join('')}`, { platform: 'p' })
    const json = await read(rows.map((r) => `${JSON.stringify(r)}\n`).join(''), { platform: 'p' })
    expect(csv.claims.map(([c]) => c)).toEqual(json.claims.map(([c]) => c))
    expect(csv.claims.length + csv.bad.length).toBe(rows.length)
  }), { numRuns: 60 })
})
