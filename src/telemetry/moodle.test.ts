import { fc } from '../testing/fuzz.ts'
import { describe, expect, test } from 'vitest'
import type { Event } from './event.ts'
import { createRowsDecoder } from './decode.ts'
import { isMoodleHeader, type MoodleTimes } from './moodle.ts'

type Outcome = Event | { reason: string; message: string } | { verb: string }

/** What rows under a header become. */
function decode(rows: readonly string[], moodle: MoodleTimes = { timeZone: 'Asia/Shanghai', dateOrder: 'dmy' }, platform = 'p1'): Outcome[] {
  const [header = '', ...rest] = rows
  const decoder = createRowsDecoder({ format: 'moodle', platform, moodle, delimiter: ',' })
  expect(decoder.header(header)).toEqual([])
  const out: Outcome[] = []
  for (const row of rest) {
    decoder.decode({ event: (e) => out.push(e.read()), reject: (reason, message) => out.push({ reason, message }), ignored: (verb) => out.push({ verb }) }, Buffer.from(row))
  }
  return out
}

const HEADER = 'Time,"User full name","Affected user","Event context",Component,"Event name",Description,Origin,"IP address"'
const row = (event: string, description: string, { time = '"7/09/26, 21:40:58"', user = '"Chen Li"', origin = 'web' } = {}) =>
  `${time},${user},-,"Page: FAQ",Page,"${event}","${description}",${origin},182.242.1.1`

describe('the report', () => {
  test.each([
    ['User has logged in', "The user with id '5' has logged in.", { action: 'logged-in', learner: '5', ip: '182.242.1.1' }],
    ['User logged out', "The user with id '5' has logged out.", { action: 'logged-out', learner: '5' }],
    ['Course module viewed', "The user with id '5' viewed the 'page' activity with course module id '77'.", { action: 'navigated', chapter: '77' }],
    ['Course viewed', "The user with id '5' viewed the course with id '3'.", { action: 'navigated', course: '3' }],
    ['Course viewed', "The user with id '5' viewed the section number '2' of the course with id '3'.", { action: 'navigated', course: '3' }],
    ['Quiz attempt submitted', "The user with id '5' has submitted the attempt with id '9' for the quiz with course module id '7'.", { action: 'answered', item: '9', chapter: '7' }],
    ['Question answered', "The user with id '5' has answered the True/False question with id '1' for the lesson activity with course module id '8'.", { action: 'answered', item: '1', chapter: '8' }],
  ])('%s', (event, description, expected) => {
    expect(decode([HEADER, row(event, description)])).toEqual([expect.objectContaining({ platform: 'p1', time: Date.UTC(2026, 8, 7, 13, 40, 58), offset: 480, ...expected })])
  })

  test.each([
    ['Course module completion updated', "The user with id '5' updated the completion state for the course module with id '7' for the user with id '5'.", {}, 'Course module completion updated'],
    ['Grade item updated', "The user with id '2' updated the grade.", {}, 'Grade item updated'],
    ['Course viewed', "The user with id '0' viewed the course with id '1'.", {}, 'Course viewed (nobody)'],
    ['User has logged in', "The user with id '5' has logged in.", { origin: 'cli' }, 'User has logged in (cli)'],
  ])('%s: %s is not used', (event, description, more, verb) => {
    expect(decode([HEADER, row(event, description, more)])).toEqual([{ verb }])
  })

  test('in other languages its columns stand in the same order, and its descriptions are English', () => {
    const chinese = '时间,用户全名,受影响的用户,事件上下文,组件,事件名称,描述,来源,IP地址'
    const [event] = decode([chinese, row('课程模块已查看', "The user with id '5' viewed the 'quiz' activity with course module id '77'.", { time: '"2026年9月7日 21:40"' })], { timeZone: 'Asia/Shanghai' })
    expect(event).toMatchObject({ action: 'navigated', chapter: '77', learner: '5', time: Date.UTC(2026, 8, 7, 13, 40) })
    expect(decode(['Hora,Nombre,Usuario,Contexto,Componente,Evento,Descripción,Origen,IP', row('x', "The user with id '5' has logged in.")])).toMatchObject([{ action: 'logged-in' }])
  })

  test.each([
    ['"3 March 2026, 2:05 PM"', {}, Date.UTC(2026, 2, 3, 6, 5)],
    ['"3 March 2026, 2:05:09 PM"', {}, Date.UTC(2026, 2, 3, 6, 5, 9)],
    ['"2026/03/03, 14:05"', {}, Date.UTC(2026, 2, 3, 6, 5)],
    ['2026-03-03 14:05:09', {}, Date.UTC(2026, 2, 3, 6, 5, 9)],
    ['"3/04/26, 14:05"', { dateOrder: 'dmy' }, Date.UTC(2026, 3, 3, 6, 5)],
    ['"3/04/26, 14:05"', { dateOrder: 'mdy' }, Date.UTC(2026, 2, 4, 6, 5)],
    ['26/03/04 14:05', { dateOrder: 'ymd' }, Date.UTC(2026, 2, 4, 6, 5)],
    ['03.04.2026 14:05', { dateOrder: 'dmy' }, Date.UTC(2026, 3, 3, 6, 5)],
  ] as const)('its time %s', (time, order, expected) => {
    expect(decode([HEADER, row('x', "The user with id '5' has logged in.", { time })], { timeZone: 'Asia/Shanghai', ...order })).toMatchObject([{ time: expected }])
  })

  test.each([
    ['"3/04/26, 14:05"', {}, '`time` may mean several days; say in which order its numbers stand with `--date-order`, `dmy`, `mdy`, `ymd`: `3/04/26, 14:05`'],
    ['"13/14/26, 14:05"', { dateOrder: 'dmy' }, '`time` is not in the order `dmy`, or no day of the calendar: `13/14/26, 14:05`'],
    ['"12 Mar, 14:05"', {}, '`time` is in no way to write a time that is known: `12 Mar, 14:05`'],
    ['"3/04/26, 14:05"', { timeZone: undefined, dateOrder: 'dmy' }, '`time` does not say its time zone; say it with `--time-zone`: `3/04/26, 14:05`'],
  ] as const)('its time %s with %j is never guessed', (time, times, message) => {
    expect(decode([HEADER, row('x', "The user with id '5' has logged in.", { time })], { timeZone: 'Asia/Shanghai', ...times })).toEqual([{ reason: 'bad-date', message }])
  })

  test('the same row again is a duplicate, another one is not', () => {
    const [a, b, c] = decode([HEADER, ...['5', '5', '6'].map((id) => row('x', `The user with id '${id}' has logged in.`))]) as [Event, Event, Event]
    expect(a.id).toMatch(/^[0-9a-f]{32}$/)
    expect([b.id === a.id, c.id === a.id]).toEqual([true, false])
  })
})

describe('the table', () => {
  const COLUMNS = 'id,eventname,component,action,target,objecttable,objectid,crud,edulevel,contextid,contextlevel,contextinstanceid,userid,courseid,relateduserid,anonymous,other,timecreated,origin,ip,realuserid'
  const stored = (fields: Record<string, string>) => {
    const all: Record<string, string> = { id: '1', userid: '5', courseid: '3', timecreated: '1788788458', origin: 'web', ip: '182.242.1.1', realuserid: 'NULL', anonymous: '0', contextlevel: '70', contextinstanceid: '77', ...fields }
    return COLUMNS.split(',').map((c) => `"${(all[c] ?? '').replaceAll('"', '""')}"`).join(',')
  }

  test.each<[Record<string, string>, object]>([
    [{ eventname: '\\core\\event\\user_loggedin', courseid: '0' }, { action: 'logged-in', learner: '5', id: '1', ip: '182.242.1.1', course: undefined }],
    [{ eventname: '\\mod_page\\event\\course_module_viewed', action: 'viewed', target: 'course_module' }, { action: 'navigated', chapter: '77', course: '3' }],
    [{ eventname: '\\core\\event\\course_viewed', action: 'viewed', target: 'course', contextlevel: '50' }, { action: 'navigated', chapter: undefined, course: '3' }],
    [{ eventname: '\\mod_quiz\\event\\attempt_submitted', objectid: '9' }, { action: 'answered', item: '9', chapter: '77' }],
    [{ eventname: '\\core\\event\\course_module_completion_updated', other: '{"relateduserid":6,"completionstate":1}', relateduserid: '6' }, { action: 'completed', learner: '6', chapter: '77' }],
    [{ eventname: '\\core\\event\\course_module_completion_updated', other: 'a:2:{s:13:"relateduserid";i:5;s:15:"completionstate";i:2;}' }, { action: 'completed', learner: '5' }],
  ])('%j', (fields, expected) => {
    expect(decode([COLUMNS, stored(fields)])).toEqual([expect.objectContaining({ time: 1_788_788_458_000, ...expected })])
  })

  test.each<[Record<string, string>, string]>([
    [{ eventname: '\\core\\event\\course_module_completion_updated', other: '{"completionstate":0}' }, 'course_module_completion_updated (state 0)'],
    [{ eventname: '\\core\\event\\course_module_completion_updated', other: '{"completionstate":3}' }, 'course_module_completion_updated (state 3)'],
    [{ eventname: '\\core\\event\\user_loggedin', userid: '0' }, 'user_loggedin (nobody)'],
    [{ eventname: '\\core\\event\\course_viewed', realuserid: '2' }, 'course_viewed (as another user)'],
    [{ eventname: '\\core\\event\\course_viewed', origin: 'restore' }, 'course_viewed (restore)'],
    [{ eventname: '\\mod_feedback\\event\\response_submitted', anonymous: '1' }, 'response_submitted (anonymous)'],
    [{ eventname: '\\core\\event\\grade_item_updated' }, 'grade_item_updated'],
  ])('%j is not used', (fields, verb) => {
    expect(decode([COLUMNS, stored(fields)])).toEqual([{ verb }])
  })

  test('a time that is none is a reject', () => {
    expect(decode([COLUMNS, stored({ eventname: '\\core\\event\\user_loggedin', timecreated: 'x' })])).toMatchObject([{ reason: 'bad-date' }])
  })

  test('as JSON, too', () => {
    const out: Event[] = []
    createRowsDecoder({ format: 'moodle', platform: 'p1' }).decode({ event: (e) => out.push(e.read()), reject: () => undefined, ignored: () => undefined }, Buffer.from('[{"id":7,"eventname":"\\\\core\\\\event\\\\user_loggedin","userid":5,"timecreated":1788788458,"ip":"1.2.3.4"}]'))
    expect(out).toMatchObject([{ id: '7', learner: '5', action: 'logged-in', time: 1_788_788_458_000 }])
  })
})

test('headers', () => {
  expect([HEADER.replaceAll('"', ''), '时间,用户全名,受影响的用户,事件场景,组件,事件名称,描述,来源,IP地址', 'id,eventname,userid,timecreated'].map((h) => isMoodleHeader(h.split(',')))).toEqual([true, true, true])
  expect([['time', 'learner'], ['时间', '描述'], []].map((h) => isMoodleHeader(h))).toEqual([false, false, false])
  const decoder = createRowsDecoder({ format: 'moodle', delimiter: ',' })
  expect(decoder.header('a,b')).toEqual([{ message: 'the columns are those of no log of Moodle: `a`, `b`', mend: expect.stringContaining('write a mapping') as string }])
})

test('what says nothing of what happened is a reject', () => {
  expect(decode([HEADER, '1,2,3,4,5,,,8,9'])).toMatchObject([{ reason: 'unknown-format' }])
})

test('whatever a row holds, it is an event, not used, or a reject with its reason', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('7/09/26, 21:40:58', "The user with id '5' has logged in.", "The user with id '-1' viewed the course with id '3'.", '-', 'cli', '\\core\\event\\user_loggedin'))
  fc.assert(fc.property(fc.array(text, { minLength: 9, maxLength: 9 }), (fields) => {
    const out = decode([HEADER, fields.map((f) => `"${f.replaceAll('"', '""')}"`).join(',')])
    expect(out.length).toBeLessThanOrEqual(1)
    for (const o of out) expect('time' in o || 'verb' in o || ('reason' in o && o.message !== '')).toBe(true)
  }))
  fc.assert(fc.property(fc.dictionary(fc.constantFrom('eventname', 'userid', 'timecreated', 'other', 'action', 'target', '__proto__', 'constructor'), fc.jsonValue()), (record) => {
    const out: string[] = []
    createRowsDecoder({ format: 'moodle', platform: 'p' }).decode({ event: () => out.push('event'), reject: (r) => out.push(r), ignored: (v) => out.push(v) }, Buffer.from(JSON.stringify(record)))
    expect(out).toHaveLength(1)
  }))
})
