import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { invigil, SMALL_GEO, summaryOf, type Ended } from '../testing/cli.ts'
import { encoded } from '../testing/encoded.ts'
import { ROOT } from '../testing/root.ts'
import { readWarnings, temporary } from '../testing/runs.ts'
import { openSources } from './run-kafka.ts'

const dir = temporary()
const run = (args: readonly string[], input?: Uint8Array): Promise<Ended> => invigil(args, { cwd: dir, input })
const gb = (name: string, text: string) => writeFileSync(join(dir, name), encoded(text, 'gb18030'))

const MAPPING = `encoding: gb18030
platform: zhipei
timeZone: Asia/Shanghai
joins:
  logins: { file: logins.csv, encoding: gb18030, key: 会话, by: 会话, time: 登录时间 }
fields:
  id: 编号
  time: 时间
  learner: 学员
  session: 会话
  chapter: 课时
  action: { from: 操作, map: { 播放: played, 心跳: heartbeat }, ignore: [下载] }
  position: { from: 位置, unit: ms }
  ip: { join: logins, from: 登录IP }
  device: { join: logins, from: 设备 }
`

/** Two sessions of one learner on two devices, each with a chapter of its own, at once for two minutes. */
function rows(): string[] {
  const beats = Array.from({ length: 9 }, (_, i) => [['s1', '第一课'], ['s2', '第二课']].map(([session, lesson]) =>
    `${session}-${i},2026-03-02 08:0${Math.floor(i / 4)}:${String((i % 4) * 15).padStart(2, '0')},张三,${session},${lesson},${i === 0 ? '播放' : '心跳'},${i * 15_000},"备注,\r\n第 ""${i}"" 行"`))
  return ['编号,时间,学员,会话,课时,操作,位置,备注', ...beats.flat()]
}

beforeAll(() => {
  gb('log.csv', rows().join('\r\n'))
  gb('logins.csv', '会话,登录时间,登录IP,设备\r\ns1,2026/3/2 7:59,182.242.1.1,手机\r\ns2,2026/3/2 7:58,182.242.1.2,电脑\r\n,2026/3/2 7:58,,\r\n')
  writeFileSync(join(dir, 'm.yaml'), MAPPING)
})

test('a table in GB18030 and a file of logins give warnings, of which evidence can be made', async () => {
  const { code, err } = await run(['run', 'log.csv', '--mapping', 'm.yaml', ...SMALL_GEO, '--output', 'out', '--quiet'])
  expect([code, err]).toEqual([0, '1 of 3 rows of `logins.csv` have no `会话`\n'])
  expect(summaryOf(join(dir, 'out')).log).toMatchObject({ events: 18, rejected: {}, ignored: {}, mapping: { file: 'm.yaml' } })
  const { warnings } = readWarnings(join(dir, 'out'))
  const found = Object.fromEntries(warnings.map((w) => [w.rule, w]))
  expect(found['parallel-chapters']).toMatchObject({ subject: { kind: 'learner', platform: 'zhipei', id: '张三' }, chapters: ['第一课', '第二课'] })
  expect(found['one-device']?.facts).toMatchObject({ devices: ['手机', '电脑'] })

  const id = found['parallel-chapters']?.id as string
  const of = ['--input', 'log.csv', '--mapping', 'm.yaml', ...SMALL_GEO]
  expect(await run(['evidence', id, ...of, '--output', 'e.zip', '--warnings', join('out', 'warnings.ndjson')])).toMatchObject({ code: 0 })
  // Whoever checks it has neither the table nor the mapping.
  expect(await run(['verify', join(dir, 'e.zip')])).toMatchObject({ code: 0, out: expect.stringContaining('verified: the same warning comes out') as string })
  expect((await run(['explain', id, ...of, '--json'])).out).toContain('"name":"m.yaml"')
})

test('rejects say which column, in which line, and keep the original bytes', async () => {
  gb('bad.csv', [...rows(), '901,2026-03-02 08:03:00,张三,s1,第一课,跳舞,,', '902,2026-03-02 08:03:00,张三,s1,第一课,心跳,很久,', '903,2026-03-02 08:03:00,张三,s1,第一课,下载,,', '904,昨天,张三,s1,第一课,心跳,,', '905,"torn'].join('\n'))
  const { code } = await run(['run', 'bad.csv', '--mapping', 'm.yaml', ...SMALL_GEO, '--output', 'bad', '--quiet'])
  expect([code, summaryOf(join(dir, 'bad')).log]).toMatchObject([2, { rejected: { 'unknown-action': 1, 'wrong-type': 1, 'bad-date': 1, 'bad-csv': 1 }, ignored: { 下载: 1 } }])
  const rejects = readFileSync(join(dir, 'bad', 'rejects.ndjson'), 'utf8').trim().split('\n').map((l) => JSON.parse(l) as { line: number; message: string; offset: number; base64: string })
  expect(rejects.map((r) => [r.line, r.message.includes('(from `')])).toEqual([[38, true], [39, true], [41, true], [42, false]])
  const bytes = readFileSync(join(dir, 'bad.csv'))
  for (const r of rejects.slice(0, 3)) {
    const original = Buffer.from(r.base64, 'base64')
    expect(bytes.subarray(r.offset, r.offset + original.length).equals(original)).toBe(true)
  }
})

test('standard input, check, infer and backtest read the same', async () => {
  const how = ['--mapping', 'm.yaml', ...SMALL_GEO]
  expect((await run(['run', '-', ...how, '--output', 'stdin', '--quiet'], readFileSync(join(dir, 'log.csv')))).code).toBe(0)
  expect(readWarnings(join(dir, 'stdin')).bytes).toBe(readWarnings(join(dir, 'out')).bytes)
  expect((await run(['check', 'log.csv', ...how])).out).toContain('18 records, 18 events, 0 ignored, 0 rejected')
  expect((await run(['infer', 'log.csv', ...how, '--output', 'draft'])).out).toContain('from 18 events')
  expect((await run(['backtest', 'log.csv', ...how, '--rules', 'shipped', '--json'])).out).toContain('"events":18')
})

describe('what is wrong is said, with exit code 2', () => {
  test.each<[string, string[], string]>([
    ['a mapping that is not there', ['--mapping', 'none.yaml'], 'there is no file `none.yaml`'],
    ['a mapping and a format', ['--mapping', 'm.yaml', '--format', 'xapi'], '`--mapping` says what a log is in, and so does `--format xapi`; keep one'],
    ['a time zone for a mapping', ['--mapping', 'm.yaml', '--time-zone', 'Asia/Shanghai'], '`--time-zone` is of use with `--format moodle` only; a mapping says `timeZone` and `time` itself'],
    ['an encoding that is not known', ['--encoding', 'gbk2'], 'option `--encoding <name>` cannot be `gbk2`'],
    ['another encoding', ['--mapping', 'm.yaml', '--encoding', 'utf-8'], 'its first row is not valid UTF-8: say how it is written with `--encoding`, or `encoding` in the mapping'],
    ['a table that is none of Moodle', ['--format', 'moodle', '--encoding', 'gb18030'], '`log.csv`: the columns are those of no log of Moodle: `编号`, `时间`'],
  ])('%s', async (_, args, message) => {
    const { code, err } = await run(['run', 'log.csv', ...args, ...SMALL_GEO, '--output', 'wrong', '--quiet'])
    expect([code, err.includes(message) ? message : err]).toEqual([2, message])
  })

  test('columns that the log does not have, all at once', async () => {
    writeFileSync(join(dir, 'lacks.yaml'), MAPPING.replace('learner: 学员', 'learner: 学员号').replace('chapter: 课时', 'chapter: 章节'))
    const { code, err } = await run(['run', 'log.csv', '--mapping', 'lacks.yaml', ...SMALL_GEO, '--output', 'wrong', '--quiet'])
    expect([code, err.split('\n').slice(1, 4)]).toEqual([2, ['invigil: `log.csv` lacks 2 of the columns that are needed', '  log.csv:1: there is no column `学员号` (did you mean `学员`?)', expect.stringContaining('there is no column `章节` (there are `编号`, `时间`') as string]])
  })

  test('a mapping with mistakes', async () => {
    writeFileSync(join(dir, 'wrong.yaml'), 'fields: { learner: 学员, action: 操作 }\ntimezone: Asia/Shanghai\n')
    const { code, out, err } = await run(['mapping', 'check', 'wrong.yaml'])
    expect([code, out, err]).toEqual([2, '', 'invigil: 2 problems in the mapping `wrong.yaml`\n  wrong.yaml:1:9: `time` is missing (every event needs it; say where it comes from)\n  wrong.yaml:2:1: unknown key `timezone` (did you mean `timeZone`?)\n'])
  })

  test('joined files that are too large, or not there', async () => {
    writeFileSync(join(dir, 'most.yaml'), MAPPING.replace('time: 登录时间', 'time: 登录时间, most: 2'))
    expect((await run(['mapping', 'check', 'most.yaml'])).err).toContain('`logins.csv` has more than 2 rows, which are all held in memory')
    writeFileSync(join(dir, 'gone.yaml'), MAPPING.replace('logins.csv', 'gone.csv'))
    expect((await run(['mapping', 'check', 'gone.yaml'])).err).toContain('there is no file `gone.csv`')
  })
})

test('the schema for editors takes the documented mappings, and no slip', async () => {
  const { code, out } = await run(['mapping', 'schema'])
  const validate = new Ajv2020({ allowUnionTypes: true }).compile(JSON.parse(out) as object)
  const pages = [...readFileSync(join(ROOT, 'docs/mapping.md'), 'utf8').matchAll(/^```yaml [\w.]+\n([^]*?)^```$/gm)].map(([, text = '']) => parse(text) as object)
  expect([code, pages.length, pages.map((p) => validate(p))]).toEqual([0, 3, [true, true, true]])
  expect([{ feilds: {} }, { encoding: 'latin' }, { fields: { time: { form: 'x' } } }].map((m) => validate(m))).toEqual([false, false, false])
})

describe('topics', () => {
  const source = (more: object) => openSources([{ topic: 't', format: 'canonical', ...more }])

  test('may have a mapping of JSON', async () => {
    writeFileSync(join(dir, 'topic.yaml'), 'format: json\nencoding: gbk\nfields: { time: t, learner: l, action: a }\n')
    expect(await source({ mapping: join(dir, 'topic.yaml') })).toMatchObject([{ topic: 't', format: 'mapping', encoding: 'gbk', mapping: { file: { format: 'json' } } }])
    expect(await source({})).toEqual([{ topic: 't', format: 'canonical' }])
  })

  test.each([
    ['of a table', 'fields: { time: t, learner: l, action: a }', 'is a mapping of tables'],
    ['that joins', 'format: json\njoins: { j: { file: logins.csv, encoding: gb18030, key: 会话, by: s } }\nfields: { time: t, learner: l, action: a, ip: { join: j, from: 登录IP } }', 'joins files, which works for logs only'],
  ])('have none %s', async (_, text, message) => {
    writeFileSync(join(dir, 'topic.yaml'), text)
    await expect(source({ mapping: join(dir, 'topic.yaml') })).rejects.toThrow(message)
    await expect(source({ mapping: join(dir, 'topic.yaml'), format: 'xapi' })).rejects.toThrow('has both')
  })
})
