import { describe, expect, test } from 'vitest'
import { InvigilError } from '../../base/errors.ts'
import { JoinTable } from './joins.ts'
import { loadMapping } from './load.ts'
import type { Adapted } from '../adapters/adapter.ts'
import { Mapping, neededOf } from './mapping.ts'
import { usualOf, type Row } from './values.ts'

const FIELDS = 'fields:\n  id: n\n  time: t\n  learner: who\n  action: { from: what, map: { 播放: played, 暂停: paused }, ignore: [下载] }\n  chapter: lesson\n'

/** The mapping that a text says, with rows for its joins. */
function mappingOf(text: string, rows: Readonly<Record<string, readonly Row[]>> = {}): Mapping {
  const file = loadMapping(text, 'm.yaml')
  const joins = new Map(Object.entries(file.joins).map(([name, join]) => {
    const table = new JoinTable(join, { needed: neededOf(file, name), usual: usualOf(file), timeZone: file.timeZone, time: file.time })
    for (const row of rows[name] ?? []) expect(table.add(row)).toBeUndefined()
    table.close()
    return [name, table]
  }))
  return new Mapping(file, joins)
}

const map = (text: string, row: Row, rows = {}, platform = ''): Adapted[] => mappingOf(text, rows).map(row, platform, () => 'digest')
/** The fields of the one event of a row, or what it became else. */
const one = (more: string, row: Row, rows = {}): unknown => {
  const [first] = map(`timeZone: Asia/Shanghai\n${FIELDS}${more}`, { n: '7', t: '2026-03-02 08:00:00', who: 'L1', what: '播放', lesson: 'c1', ...row }, rows)
  return first?.kind === 'event' ? first.fields : first
}

test('a row of texts becomes an event', () => {
  expect(one('', {})).toEqual({ id: '7', time: '2026-03-02T08:00:00.000+08:00', learner: 'L1', action: 'played', chapter: 'c1', platform: undefined })
})

test('who names no platform is on that of the mapping, else on that of the user', () => {
  const row = { n: '7', t: '2026-03-02T08:00:00Z', who: 'L1', what: '播放' }
  expect(map(`platform: p1\n${FIELDS}`, row, {}, 'p2')).toMatchObject([{ fields: { platform: 'p1' } }])
  expect(map(FIELDS, row, {}, 'p2')).toMatchObject([{ fields: { platform: 'p2' } }])
  expect(map(`platform: p1\n${FIELDS}  platform: where\n`, { ...row, where: 'p3' }, {}, 'p2')).toMatchObject([{ fields: { platform: 'p3' } }])
})

describe('values', () => {
  test.each([
    ['seconds', 'position: p', '12.5', { position: 12.5 }],
    ['milliseconds', 'position: { from: p, unit: ms }', '12345', { position: 12.345 }],
    ['minutes', 'length: { from: p, unit: min }', '45', { length: 2700 }],
    ['a clock', 'position: { from: p, unit: clock }', '01:02:03.5', { position: 3723.5 }],
    ['a short clock', 'position: { from: p, unit: clock }', '62:03', { position: 3723 }],
    ['an ISO duration', 'elapsed: { from: p, unit: iso }', 'PT1M2.5S', { elapsed: 62.5 }],
    ['a share of the length', 'position: { from: p, unit: percent }\n  length: { constant: 600 }', '50%', { position: 300, length: 600 }],
    ['a share of nothing known', 'position: { from: p, unit: percent }\n  length: l', '50', { position: undefined }],
    ['a share', 'similarity: { from: p, unit: percent }', '93', { similarity: 0.93 }],
    ['blanks around', 'device: p', ' d1\u3000', { device: 'd1' }],
    ['a number where a text belongs', 'account: p', 8, { account: '8' }],
    ['a word for yes', 'visible: p', '是', { visible: true }],
    ['a word for no', 'muted: p', 'FALSE', { muted: false }],
    ['words of its own', 'visible: { from: p, map: { 前台: true, "*": false } }', '后台', { visible: false }],
    ['a whole number', 'inputs: p', '3', { inputs: 3 }],
    ['a constant', 'course: { constant: 安全生产 }', '', { course: '安全生产' }],
    ['the first that is there', 'session: { from: [nothing, p, who] }', 's1', { session: 's1' }],
    ['a text of several', 'video: { text: "{who}/{p}!" }', 'x', { video: 'L1/x!' }],
    ['a text of which a part is absent', 'device: { text: "{who}/{p}" }', '', { device: undefined }],
    ['what a pattern finds', "course: { from: p, pattern: 'course/([0-9]+)' }", 'https://x/course/17?a', { course: '17' }],
    ['a pattern that finds nothing', "course: { from: p, pattern: 'course/([0-9]+)' }", 'https://x', { course: undefined }],
    ['a pattern without a group', "course: { from: p, pattern: '[0-9]+' }", 'a17', { course: '17' }],
    ['nothing', 'device: p', ' ', { device: undefined }],
    ['a second time', 'received: { from: p, format: epoch-s }', '1772409605', { received: '2026-03-02T00:00:05.000Z' }],
  ])('%s', (_, field, p, expected) => {
    const fields = one(`  ${field}\n`, { p }) as Record<string, unknown>
    for (const [name, value] of Object.entries(expected)) expect([name, fields[name]]).toEqual([name, value])
  })

  test.each([
    ['position: p', 'soon', 'wrong-type', '`position` must be a number, not `soon` (from `p`)'],
    ['position: { from: p, unit: clock }', '1 h', 'wrong-type', '`position` must be a time like `01:02:03`, not `1 h` (from `p`)'],
    ['inputs: p', '0x10', 'wrong-type', '`inputs` must be a number, not `0x10` (from `p`)'],
    ['visible: p', '前台', 'wrong-type', '`visible` must be true or false, not `前台`; a `map` says which (from `p`)'],
    ['outcome: { from: p, map: { 通过: passed } }', '未知', 'out-of-range', '`map` of `outcome` does not have `未知` (from `p`)'],
    ['device: p', { a: 1 }, 'wrong-type', '`device` must be text, not an object (from `p`)'],
    ['received: p', '昨天', 'bad-date', '`received` is no time of the years 2000 to 2099 in a format that the mapping tells: `昨天` (from `p`)'],
    ['time: { from: p, format: D/M/YY H:mm }', '3/2026', 'bad-date', '`time` is no time of the years 2000 to 2099 in a format that the mapping tells: `3/2026` (from `p`)'],
  ])('%s of %j is a reject', (field, p, reason, message) => {
    const more = field.startsWith('time') ? '' : `  ${field}\n`
    const text = `timeZone: Asia/Shanghai\n${field.startsWith('time') ? FIELDS.replace('time: t', field) : FIELDS}${more}`
    expect(map(text, { n: '7', t: '2026-03-02 08:00:00', who: 'L1', what: '播放', p })).toEqual([{ kind: 'reject', reason, message }])
  })

  test('words that mean nothing', () => {
    expect(map(`absent: ['NULL', '-']\n${FIELDS}  device: d\n  ip: i\n`, { n: '7', t: '2026-03-02T08:00:00Z', who: 'L1', what: '播放', d: 'NULL', i: '-' })).toEqual([{ kind: 'event', fields: { id: '7', time: '2026-03-02T08:00:00.000Z', learner: 'L1', action: 'played', platform: undefined } }])
  })

  test('a time without zone is never taken for one of here', () => {
    expect(map(FIELDS, { t: '2026-03-02 08:00:00', who: 'L1', what: '播放' })).toEqual([{
      kind: 'reject', reason: 'bad-date', message: '`time` names neither an offset nor a time zone; say it with `timeZone` in the mapping: `2026-03-02 08:00:00` (from `t`)',
    }])
  })
})

describe('what is not an event', () => {
  test('an action that the mapping does not know is a reject, one that it sets aside is counted', () => {
    expect(one('', { what: '跳舞' })).toMatchObject({ kind: 'reject', reason: 'unknown-action', message: '`map` of `action` does not have `跳舞` (from `what`)' })
    expect(one('', { what: '下载' })).toEqual({ kind: 'ignored', verb: '下载' })
  })

  test('all other actions can be set aside', () => {
    const text = FIELDS.replace('[下载]', '"*"')
    expect(map(text, { what: '跳舞' })).toEqual([{ kind: 'ignored', verb: '跳舞' }])
    expect(map(text, { t: '2026-03-02T08:00:00Z', what: '播放' })).toMatchObject([{ kind: 'event' }])
  })

  test('records can be set aside by any column', () => {
    expect(map(`ignore: [{ kind: [x, y], robot: { not: ['0'] } }]\n${FIELDS}`, { kind: 'y', robot: '1' })).toEqual([{ kind: 'ignored', verb: 'kind: ["x","y"], robot: {"not":["0"]}' }])
    expect(map(`ignore: [{ kind: [x, y], robot: { not: ['0'] } }]\n${FIELDS}`, { kind: 'y', robot: '0', what: '?' })).toMatchObject([{ kind: 'reject' }])
  })
})

describe('one record of several events', () => {
  const text = `timeZone: Asia/Shanghai
fields: { id: n, learner: who, chapter: lesson }
events:
  - fields: { action: { constant: played }, time: begin, position: { constant: 0 } }
  - when: { end: { present: true } }
    fields: { action: { constant: paused }, time: end, position: { from: watched, unit: min } }
  - when: { done: '1' }
    fields: { id: doneId, action: { constant: completed }, time: end }
`
  const row = { n: '7', who: 'L1', lesson: 'c1', begin: '2026-03-02 08:00:00', end: '2026-03-02 08:45:00', watched: '45', done: '1', doneId: 'd7' }

  test('each has an id, a time and fields of its own', () => {
    expect(map(text, row)).toMatchObject([
      { fields: { id: '7#1', action: 'played', time: '2026-03-02T08:00:00.000+08:00', position: 0, chapter: 'c1' } },
      { fields: { id: '7#2', action: 'paused', time: '2026-03-02T08:45:00.000+08:00', position: 2700 } },
      { fields: { id: 'd7', action: 'completed' } },
    ])
  })

  test('a condition that does not hold leaves one out', () => {
    expect(map(text, { ...row, end: '', done: 1 })).toMatchObject([{ fields: { id: '7#1' } }, { kind: 'event', fields: { id: 'd7' } }])
    expect(map(text, { ...row, end: '', done: 0 })).toMatchObject([{ fields: { id: '7#1' } }])
  })

  test('a record that has none is a reject', () => {
    const only = text.replace('  - fields: { action: { constant: played }', '  - when: { kind: x }\n    fields: { action: { constant: played }')
    expect(map(only, { ...row, end: '', done: '0' })).toMatchObject([{ kind: 'reject', reason: 'unknown-action' }])
  })
})

describe('joins', () => {
  const join = (more = '') => `joins: { logins: { file: l.csv, key: sid, by: sess${more} } }\nfields: { time: t, learner: who, action: { constant: played }, ip: { join: logins, from: addr }, device: { join: logins, text: 'd-{dev}' } }\ntimeZone: UTC\n`
  const row = { t: '2026-03-02 08:00:00', who: 'L1', sess: 's1' }

  test('a row found by its key gives its fields', () => {
    const logins = [{ sid: 's0', addr: '1.1.1.1', dev: 'x' }, { sid: 's1', addr: '2.2.2.2', dev: 'y' }]
    expect(map(join(), row, { logins })).toMatchObject([{ fields: { ip: '2.2.2.2', device: 'd-y' } }])
    expect(map(join(), { ...row, sess: 's9' }, { logins })).toEqual([{ kind: 'event', fields: { id: 'digest', time: '2026-03-02T08:00:00.000Z', learner: 'L1', action: 'played', platform: undefined } }])
    expect(map(join(), { ...row, sess: '' }, { logins })).toMatchObject([{ fields: { learner: 'L1' } }])
  })

  test('of several the one that holds at the time', () => {
    const logins = ['09:00', '07:00', '07:30'].map((t, i) => ({ sid: 's1', addr: `1.1.1.${i}`, dev: i, at: `2026-03-02 ${t}:00` }))
    const at = (time: string) => (map(join(', time: at'), { ...row, t: `2026-03-02 ${time}:00` }, { logins })[0] as { fields: Record<string, unknown> }).fields.ip
    expect(['06:59', '07:00', '07:29', '08:00', '09:01'].map(at)).toEqual([undefined, '1.1.1.1', '1.1.1.1', '1.1.1.2', '1.1.1.0'])
  })

  test('of several without a time the first, which is told', () => {
    const logins = [{ sid: 's1', addr: '1.1.1.1', dev: 'x' }, { sid: 's1', addr: '2.2.2.2', dev: 'x' }, { sid: 's1', addr: '1.1.1.1', dev: 'x' }, { addr: '3' }]
    const table = new JoinTable(loadMapping(join(), 'm').joins.logins as never, { needed: ['addr', 'dev'], usual: usualOf({ absent: [], format: 'csv' }) })
    for (const l of logins) table.add(l)
    expect(table.counts).toEqual({ rows: 4, keyless: 1, differing: 1 })
    expect(map(join(), row, { logins })).toMatchObject([{ fields: { ip: '1.1.1.1' } }])
  })

  test('a row whose time cannot be read says so', () => {
    const table = new JoinTable(loadMapping(join(', time: at'), 'm').joins.logins as never, { needed: [], usual: usualOf({ absent: [], format: 'csv' }) })
    expect(table.add({ sid: 's1', at: 'x' })).toMatchObject({ reason: 'bad-date' })
  })
})

test('paths into JSON', () => {
  const text = `format: json
fields:
  id: ["id.of.it"]
  time: { from: meta.at, format: epoch-ms }
  learner: user[0].id
  action: { from: 'event["a.b"].kind', map: { p: played } }
  chapter: { from: payload.chapter }
`.replace('id: ["id.of.it"]', 'id: id.of.it')
  const record = { 'id.of.it': 'e1', meta: { at: 1_772_409_600_000 }, user: [{ id: 5 }], event: { 'a.b': { kind: 'p' } }, payload: '{"chapter":"c1"}' }
  expect(map(text, record)).toEqual([{ kind: 'event', fields: { id: 'e1', time: '2026-03-02T00:00:00.000Z', learner: '5', action: 'played', chapter: 'c1', platform: undefined } }])
  expect(map(text, { user: 'x', meta: null, payload: '{' })).toEqual([{ kind: 'event', fields: { id: 'digest', platform: undefined } }])
})

describe('everything that is wrong is told at once', () => {
  const problemsOf = (text: string): string[] => {
    try {
      loadMapping(text, 'm.yaml')
    } catch (e) {
      if (!(e instanceof InvigilError)) throw e
      expect(e.code).toBe('bad-mapping')
      return e.problems.map((p) => `${p.line}:${p.column} ${p.message}${p.mend === undefined ? '' : ` (${p.mend})`}`)
    }
    return []
  }

  test('where, what, and the mend', () => {
    expect(problemsOf(`format: csv
timeZone: Asia/Shanghia
time: YYYY-MM-DD
joins: { logins: { file: l.csv, key: sid, by: s } }
fields:
  id: { from: a, text: '{b}' }
  time: { from: t, unit: ms }
  learner: { text: 'learner' }
  action: { from: what, map: { a: playd } }
  visible: { constant: 'yes' }
  position: { from: p, unit: percent }
  device: { from: d, join: login, unit: ms, pattern: '(' }
`.replace('Shanghia', 'Shanghai'))).toEqual([
      '3:7 `YYYY-MM-DD` is no time: it does not tell the hour (`HH` or `H`) and the minute (`mm`) (write it like `YYYY-MM-DD HH:mm:ss`, or `rfc3339`, `epoch-s`, `epoch-ms`)',
      '4:18 nothing is taken from the join `logins` (say which fields are: `ip: { join: logins, from: … }`)',
      '6:7 `id` says more than once where its value stands (one of `from`, `text`, `constant`)',
      '7:26 `time` is a time, which has no `unit` (say `format: epoch-ms` or the like)',
      '8:20 `text` names no column (write a column in braces, as `{course}`, or use `constant`)',
      '9:35 `action` cannot be `playd` (did you mean `played`?)',
      '10:24 `visible` must be `true` or `false`, not `yes`',
      '11:13 `position` is a percentage of `length`, which is not mapped (map `length`)',
      '12:28 no join `login` (did you mean `logins`?)',
      '12:41 `device` has no `unit` (leave it out)',
      "12:54 `(` is no regular expression: missing closing ): `(` (the syntax is that of RE2)",
    ])
  })

  test('what the schema finds hides nothing else', () => {
    expect(problemsOf('encoding: latin\nfields: { learner: a, tme: t, action: { from: b, unit: ms }, position: [1] }')).toEqual([
      expect.stringContaining('1:11 `encoding` cannot be `latin`') as string,
      '2:9 `time` is missing (every event needs it; say where it comes from)',
      '2:23 unknown key `fields.tme` (did you mean `time`?)',
      '2:56 `action` has no `unit` (leave it out)',
      '2:72 `fields.position` must be text, not a list',
    ])
  })

  test.each([
    ['', 'the mapping is empty'],
    ['fields: {}', '`time` is missing'],
    ['fields: { learner: a, action: b, time: c, chapters: d }', 'unknown key `fields.chapters` (did you mean `chapter`?)'],
    ['timeZone: Mars/Olympus', '`timeZone`: not an IANA time zone such as `Asia/Shanghai`'],
    ['encoding: gb18031', '`encoding` cannot be `gb18031` (did you mean `gb18030`?)'],
    ['delimiter: "ab"', '`delimiter`'],
    ['format: json\nfields: { learner: "a[", action: b, time: c }', '`a[` is no path'],
    ['fields: { learner: a, action: { from: b, map: { x: played }, ignor: [y] }, time: c }', 'unknown key `fields.action.ignor`'],
    ['fields: { learner: a, time: c }\nevents: [{ fields: { action: { constant: played } } }, { when: { a: 1 } }]', '`action` is missing in event 2'],
  ])('%s', (text, message) => {
    expect(problemsOf(text).join('\n') || message).toContain(message)
    expect(() => loadMapping(text, 'm.yaml')).toThrow()
  })
})
