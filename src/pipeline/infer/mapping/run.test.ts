import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { array, assert, asyncProperty, constantFrom, oneof, string } from '../../../testing/fuzz.ts'
import { describe, expect, test } from 'vitest'
import { buildEvent } from '../../../telemetry/build.ts'
import { Event } from '../../../telemetry/event.ts'
import { loadMapping } from '../../../telemetry/mapping/load.ts'
import { Mapping } from '../../../telemetry/mapping/mapping.ts'
import { SAMPLES, temporary } from '../../../testing/runs.ts'
import { readHead } from './head.ts'
import { isKnownFormat } from './known.ts'
import { inferMapping, type InferredMapping } from './run.ts'

const dir = temporary()
const put = (name: string, content: string | Buffer): string => {
  const path = join(dir, name)
  writeFileSync(path, content)
  return path
}

/** The events that the draft makes of the log's first records. */
async function eventsOf(log: string, { text }: InferredMapping): Promise<Event[]> {
  const mapping = new Mapping(loadMapping(text, 'm.yaml'), new Map())
  return (await readHead(log)).rows.flatMap((row) => mapping.map(row, 'p9', () => 'digest')).flatMap((mapped) => {
    const built = mapped.kind === 'event' ? buildEvent(mapped.fields, '') : undefined
    return built instanceof Event ? [built] : []
  })
}

/** 学号 1 in GB18030, which no library here writes: the bytes of these characters are known. */
const GB: Readonly<Record<string, readonly number[]>> = {
  学: [0xd1, 0xa7], 号: [0xba, 0xc5], 操: [0xb2, 0xd9], 作: [0xd7, 0xf7], 时: [0xca, 0xb1], 间: [0xbc, 0xe4], 章: [0xd5, 0xc2], 节: [0xbd, 0xda], 播: [0xb2, 0xa5], 放: [0xb7, 0xc5], 暂: [0xd4, 0xdd], 停: [0xcd, 0xa3],
}
const gb = (text: string): Buffer => Buffer.from(Array.from(text).flatMap((c) => GB[c] ?? [...Buffer.from(c)]))

describe('a table', () => {
  const rows = Array.from({ length: 40 }, (_, i) => [`R${i}`, `2026${i % 7}`, i % 2 === 0 ? '播放' : '暂停', `2026/3/2 8:${String(i).padStart(2, '0')}:05`, `K1-${i % 3}`, String(i * 15), '42.243.238.9'])
  const table = (head: string, delimiter = ','): string => [head.split(',').join(delimiter), ...rows.map((r) => r.join(delimiter))].join('\r\n')
  const HEAD = '流水号,学号,操作,操作时间,章节,播放进度(秒),登录IP'

  test('columns by their Chinese names and by their values', async () => {
    const log = put('zh.csv', table(HEAD))
    const draft = await inferMapping(log, 'p1')
    expect(draft).toMatchObject({ problems: [], records: 40, events: 40, rejected: [], left: ['confirm the time zone'] })
    expect((await eventsOf(log, draft))[3]).toMatchObject({ id: 'R3', learner: '20263', action: 'paused', time: Date.UTC(2026, 2, 2, 0, 3, 5), offset: 480, chapter: 'K1-0', position: 45, ip: '42.243.238.9', platform: 'p1' })
  })

  test('in GB18030, which the bytes tell', async () => {
    const log = put('gb.csv', gb(['学号,操作,操作时间,章节', ...rows.map((r) => [r[1], r[2], r[3], r[4]].join(','))].join('\n')))
    const draft = await inferMapping(log, 'p1')
    expect(draft.text).toContain('\nencoding: gb18030   # the bytes are no UTF-8')
    expect(draft).toMatchObject({ problems: [], events: 40 })
  })

  test.each(['utf-16le', 'utf-16be'] as const)('in %s, with a mark and without', async (encoding) => {
    const bytes = Buffer.from(`\ufeff${table(HEAD)}`, 'utf16le')
    if (encoding === 'utf-16be') bytes.swap16()
    const marked = await inferMapping(put('marked.csv', bytes), 'p1')
    expect([marked.events, marked.text.includes('encoding:')]).toEqual([40, false])
    const english = Buffer.from(table('id,learner,action,time,chapter,position,ip').replaceAll('播放', 'played').replaceAll('暂停', 'paused'), 'utf16le')
    if (encoding === 'utf-16be') english.swap16()
    const bare = await inferMapping(put('bare.csv', english), 'p1')
    expect(bare.text).toContain(`encoding: ${encoding}`)
    expect(bare.left).toEqual(['times name no zone: say which they are in'])
  })

  test('with other delimiters, quotes and line breaks in them', async () => {
    const log = put('semi.csv', `${table(HEAD, ';')}\r\nR99;"20269";播放;2026/3/2 9:00:00;"K1;\n0";1;42.243.238.9\r\n`)
    const draft = await inferMapping(log, 'p1')
    expect(draft.text).toContain('\ndelimiter: ";"\n')
    expect((await eventsOf(log, draft)).at(-1)).toMatchObject({ learner: '20269', chapter: 'K1;\n0' })
  })

  test('progress in percent of a length that no column tells waits for it', async () => {
    const log = put('sessions.csv', ['学员账号,章节名称,开始学习时间,结束学习时间,学习时长(分钟),学习进度,状态', ...Array.from({ length: 20 }, (_, i) => `u${i},第一章,2026-03-02 0${i % 8}:00,2026-03-02 0${i % 8}:40,40,${5 * i}%,已完成`)].join('\n'))
    const draft = await inferMapping(log, 'p1')
    expect(draft).toMatchObject({ problems: [], records: 20, events: 40, rejected: [] })
    // That a lesson is done says nothing of when.
    expect((await eventsOf(log, draft)).map((e) => e.action)).not.toContain('completed')
    expect(draft.left).toContain('`学习进度` is a share of how long the media are: say where their `length` stands')
  })

  test('where no word is known there is nothing to map yet, and all is said by the records', async () => {
    const draft = await inferMapping(put('words.csv', ['user_id,event,time,lesson', ...Array.from({ length: 9 }, (_, i) => `u${i},frobnicate,2026-03-02T08:00:0${i}Z,c1`)].join('\n')), 'p1')
    expect(draft).toMatchObject({ problems: [], events: 0, left: ['what `frobnicate` is: one of the actions, or a word under `ignore`'] })
    expect(draft.text).toContain('\n    # map:\n')
  })

  test('what it cannot tell is left to say, with what it could be', async () => {
    const log = put('odd.csv', ['who_is,when,did,what,下载次数', ...rows.map((r, i) => [`a${i % 5}`, r[3], i % 3 === 0 ? '下载' : '播放', r[4], i].join(','))].join('\n'))
    const draft = await inferMapping(log, undefined)
    expect(draft.left).toEqual(['which platform it is of: name it here', 'confirm the time zone', 'what `下载` is: one of the actions, or a word under `ignore`', 'who it is of, perhaps `who_is`, `what`, `下载次数`', 'which chapter is played, perhaps `who_is`, `what`, `下载次数`'])
    expect(draft.problems.map((p) => p.message)).toEqual(['`learner` is missing'])
    for (const left of draft.left) expect(draft.text).toContain(`TODO: ${left}`)
  })

  test('a day and a month that could be taken for each other are never guessed', async () => {
    const of = (day: number): string => ['student,action,time,chapter', ...Array.from({ length: 20 }, (_, i) => `s${i % 4},played,${String((i % day) + 1).padStart(2, '0')}/03/2026 08:00:0${i % 10},c1`)].join('\n')
    const draft = await inferMapping(put('dm.csv', of(12)), 'p1')
    expect(draft.problems.map((p) => p.message)).toEqual(['`time` is missing'])
    expect(draft.text).toContain('  # time: { from: time, format: "D/M/YYYY H:mm:ss" }   # TODO: `time` can be read as `D/M/YYYY H:mm:ss` or `M/D/YYYY H:mm:ss`: take one of them')
    const told = await inferMapping(put('dm2.csv', of(20)), 'p1')
    expect(told.text).toContain('  time: { from: time, format: "D/M/YYYY H:mm:ss" }   # by its name and values')
  })

  test('a row with begin and end becomes two events', async () => {
    const log = put('span.csv', ['student_id,lesson,start_time,end_time,position', ...Array.from({ length: 9 }, (_, i) => `s${i},c1,2026-03-02T08:0${i}:00+08:00,2026-03-02T08:3${i}:00+08:00,1800`)].join('\n'))
    const draft = await inferMapping(log, 'p1')
    expect(draft).toMatchObject({ problems: [], records: 9, events: 18, left: [] })
    expect((await eventsOf(log, draft)).slice(0, 2)).toMatchObject([{ action: 'played', learner: 's0', time: Date.UTC(2026, 2, 2), position: undefined }, { action: 'paused', time: Date.UTC(2026, 2, 2, 0, 30), position: 1800 }])
  })

  test('a kind of device is no device, the time studied no length, and neither end of a row its time', async () => {
    const head = '姓名,身份证号,班级名称,课程名称,章节名称,学习开始时间,学习结束时间,学习时长(分钟),登录IP,设备类型,人脸比对结果,相似度'
    const log = put('study.csv', [head, ...Array.from({ length: 20 }, (_, i) => `学员${i % 3},X${i % 3},焊工一班,焊工安全,第${i % 4}章,2026-03-02 08:0${i % 10},2026-03-02 09:0${i % 10},45,42.243.238.${i},手机,${i % 7 === 0 ? '不通过' : '通过'},${80 + i}`)].join('\n'))
    const draft = await inferMapping(log, 'p1')
    expect(draft).toMatchObject({ problems: [], events: 40, left: ['confirm the time zone'] })
    const [event] = await eventsOf(log, draft)
    expect(event).toMatchObject({ learner: 'X0', class: '焊工一班', course: '焊工安全', chapter: '第0章', outcome: 'failed', similarity: 0.8, device: undefined, length: undefined, account: undefined, received: undefined })
    expect(draft.text).toContain('#   设备类型: 手机\n')
  })

  test('where only moments and positions are told, records are taken for heartbeats, and that is said', async () => {
    const log = put('beats.tsv', ['uid\tvid\tcur_time\tcreate_time\tspeed', ...Array.from({ length: 20 }, (_, i) => `u${i % 3}\tv1\t${i * 10}\t${1_772_409_600 + i * 10}\t1.5x`)].join('\n'))
    const draft = await inferMapping(log, 'p1')
    expect(draft).toMatchObject({ problems: [], events: 20, left: ['what happened; as it is, each record says that the chapter is playing'] })
    expect((await eventsOf(log, draft))[2]).toMatchObject({ action: 'heartbeat', chapter: 'v1', video: 'v1', position: 20, rate: 1.5, time: 1_772_409_620_000 })
    expect((await inferMapping(put('moments.csv', 'uid,vid,create_time\nu1,v1,1772409600\nu2,v1,1772409605'), 'p1')).problems.map((p) => p.message)).toEqual(['`action` is missing'])
  })

  test('a person\'s name is not taken for an account', async () => {
    const draft = await inferMapping(put('name.csv', ['学号,用户名,操作,时间,章节', ...rows.map((r, i) => [r[1], `张${i % 3}`, r[2], r[3], r[4]].join(','))].join('\n')), 'p1')
    expect(draft.text).toMatch(/^ {2}# account: 用户名 {3}# TODO/m)
  })
})

describe('JSON', () => {
  const records = Array.from({ length: 30 }, (_, i) => ({ eventId: `e${i}`, ts: 1_772_409_600_000 + i * 10_000, user: { id: `u${i % 9}` }, event: { type: ['video_play', 'heartbeat', 'video_pause'][i % 3], data: { lessonId: `c${i % 4}`, currentTimeMs: i * 10_000, 'a.b': 1 } }, net: { ip: '2001:db8::1' }, payload: '{"speed": 1.5}' }))

  test.each([
    ['lines', records.map((r) => JSON.stringify(r)).join('\n'), undefined],
    ['a list over many lines', JSON.stringify(records, null, 2), undefined],
    ['a list in an object', JSON.stringify({ items: records }, null, 2), 'records: items'],
  ])('as %s: paths by their names, units by what they say', async (name, content, said) => {
    const log = put(`${name}.json`, content)
    const draft = await inferMapping(log, 'p1')
    expect(draft).toMatchObject({ problems: [], records: 30, events: 30, rejected: [], left: [] })
    if (said !== undefined) expect(draft.text).toContain(`\n${said}`)
    expect((await eventsOf(log, draft))[4]).toMatchObject({ id: 'e4', learner: 'u4', action: 'heartbeat', time: 1_772_409_640_000, chapter: 'c0', position: 40, ip: '2001:db8::1', rate: 1.5 })
    expect(draft.text).toContain('event.data[\\"a.b\\"]')
    expect(await isKnownFormat(log)).toBe(false)
  })
})

test('formats that are known need no mapping', async () => {
  const event = '{"id":"e1","time":"2026-03-02T08:00:00+08:00","action":"heartbeat","platform":"p1","learner":"L1","chapter":"c1"}'
  expect(await isKnownFormat(put('known.ndjson', `${event}\n{"id":\n${event}\n`))).toBe(true)
  expect(await isKnownFormat(put('no-platform.ndjson', `${event.replace('"platform":"p1",', '')}\n`))).toBe(true)
  // Of a log of which nothing can be taken, a mapping reads what its platform cannot write otherwise.
  expect(await isKnownFormat(put('quoted.ndjson', `${event.replace('"action":"', '"action":"x-')}\n`))).toBe(false)
  expect(await isKnownFormat(put('empty.ndjson', '\n\n'))).toBe(true)
  expect(await isKnownFormat(put('other.ndjson', '{"a":1}\n{"a":2}\n'))).toBe(false)
  await expect(inferMapping(put('nothing.csv', ''), 'p1')).rejects.toThrow('there is no record in')
})

test.skipIf(SAMPLES === undefined)('real logs (INVIGIL_SAMPLES) of known formats need no mapping', async () => {
  for (const file of ['fun-mooc-xapi-video/statements.day-folded.sorted.jsonl.gz', 'openedx-event-routing-backends/tracking.log', 'edx-docs/play_video.browser-and-mobile.jsonl', 'cmi5-aicc/session-statements.jsonl']) {
    expect([file, await isKnownFormat(join(SAMPLES as string, file))]).toEqual([file, true])
  }
})

test('whatever a table holds, the draft is a mapping or says what is left', async () => {
  const cell = oneof(string({ unit: 'binary', maxLength: 12 }), constantFrom('2026-03-02 08:00:00', '播放', '1', '"', "'", '# x', ': ', '10.0.0.1', '{', '\n', '1772409600'))
  const quoted = (text: string): string => `"${text.replaceAll('"', '""').replaceAll('\0', '')}"`
  const tables = array(array(cell, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 6 })
  await assert(asyncProperty(tables, async (rows) => {
    const log = put('fuzz.csv', rows.map((r) => r.map(quoted).join(',')).join('\n'))
    const draft = await inferMapping(log, 'p1').catch((e: Error) => e)
    if (draft instanceof Error) {
      expect(draft.message).toContain('there is no record in')
      return
    }
    // What keeps it from being used is that something is missing, never that it cannot be read.
    for (const { message } of draft.problems) expect(message).toMatch(/^`(?:time|action|learner)` is missing|^`fields` must be a map, not nothing/)
    expect(draft.problems.length > 0 ? draft.left.length : 1).toBeGreaterThan(0)
  }), { numRuns: 150 })
})
