import { describe, expect, test } from 'vitest'
import { canonicalLine, decodeLine } from '../testing/decoded.ts'
import { RECOGNISED } from './adapters/index.ts'

const TIME = '2026-03-02T00:00:00.000Z'
const CANONICAL = { id: 'e1', time: TIME, action: 'played', platform: 'p1', learner: 'L1', chapter: 'c1', position: 3 }
const OPENEDX = { event_type: 'play_video', username: 'liu', host: 'h', time: TIME, context: { user_id: 7 }, event: { id: 'v1' } }
const ROUTED = { name: 'play_video', timestamp: TIME, data: { id: 'v1' }, context: { user_id: 7, host: 'h' } }
const CALIPER = { '@context': 'http://purl.imsglobal.org/ctx/caliper/v1p1', id: 'u1', type: 'MediaEvent', action: 'Resumed', actor: 'https://h/users/1', object: 'v1', eventTime: TIME }
const XAPI = { id: 's1', actor: { account: { name: 'L1', homePage: 'https://h' } }, verb: { id: 'https://w3id.org/xapi/video/verbs/played' }, object: { id: 'v1' }, timestamp: TIME }
const ALL = { canonical: CANONICAL, openedx: OPENEDX, caliper: CALIPER, xapi: XAPI }

const auto = (line: unknown, platform?: string): unknown[] => canonicalLine(line, { format: 'auto', platform })

describe('each record is what it looks like', () => {
  test.each(Object.entries(ALL))('%s', (format, record) => {
    expect(auto(record)).toEqual(canonicalLine(record, { format: format as keyof typeof ALL }))
    expect(auto(record)).toEqual([expect.objectContaining({ action: 'played', time: TIME })])
    expect(auto(record, 'p9')).toEqual(canonicalLine(record, { format: format as keyof typeof ALL, platform: 'p9' }))
  })

  test('of exactly one format', () => {
    for (const record of [...Object.values(ALL), ROUTED]) expect(RECOGNISED.filter((a) => a.recognises(record))).toHaveLength(1)
  })

  test('in one list, in envelopes and in exports, however deep', () => {
    const all = Object.values(ALL)
    const each = all.map((r) => auto(r)[0])
    expect(auto(all)).toEqual(each)
    expect(auto([[CANONICAL], { statements: [XAPI], more: '' }, { sensor: 's', data: [CALIPER] }, OPENEDX])).toEqual([each[0], each[3], each[2], each[1]])
  })

  test('what comes along in an envelope is of its format', () => {
    expect(auto({ sensor: 's', data: [{ id: 'u', type: 'Person' }, CALIPER, [{ id: 'v', type: 'Session' }]] })).toEqual([{ ignored: 'Person' }, auto(CALIPER)[0], { ignored: 'Session' }])
  })

  test('behind a prefix', () => {
    expect(auto(`2026-03-02 08:00:00,123 INFO 20 [tracking] - ${JSON.stringify(OPENEDX)}`)).toEqual(auto(OPENEDX))
  })

  test.each<[string, (line: string) => unknown]>([
    ['Docker', (log) => ({ log: `${log}\n`, stream: 'stderr', time: TIME })],
    ['Fluentd, into a file', (log) => `${TIME}\ttracking.lms\t${JSON.stringify({ container_name: '/lms', log })}`],
    ['a shipper, from Docker', (log) => ({ '@timestamp': TIME, message: JSON.stringify({ log: `${log}\n`, stream: 'stdout', time: TIME }) })],
    ['a shipper that reads JSON', (log) => ({ '@timestamp': TIME, message: JSON.parse(log.slice(log.indexOf('{'))) as unknown })],
  ])('in a line that was collected by %s', (_, collected) => {
    for (const record of Object.values(ALL)) expect(auto(collected(JSON.stringify(record)))).toEqual(auto(record))
    const [event] = decodeLine(collected(`2026-03-02 08:00:00,123 INFO 20 [tracking] [user 7] - ${JSON.stringify(OPENEDX)}`), { format: 'openedx' })
    expect(event).toMatchObject({ event: { id: (auto(OPENEDX)[0] as { id: string }).id } })
    expect(canonicalLine((event as { event: { raw: string } }).event.raw, { format: 'openedx' })).toEqual(auto(OPENEDX))
  })

  test('one that its collector has cut to pieces', () => {
    expect(auto({ log: JSON.stringify(OPENEDX).slice(0, 40), stream: 'stdout' })).toEqual([{ reason: 'bad-json', message: 'the line in `log` is not JSON: it is cut short or broken' }])
  })

  test.each([{ log: '2026-03-02 08:00:00 INFO [django] started' }, { log: '['.repeat(50) }, { message: { foo: 1 } }])('another line that was collected: %j', (record) => {
    expect(auto(record)).toEqual([expect.objectContaining({ reason: 'unknown-format' })])
  })

  test.each<[string, object]>([
    ['written with escapes', CANONICAL], ['with fields of other formats', { ...CANONICAL, verb: { id: 'x' }, actor: {}, event_type: 'play_video', eventTime: TIME }],
  ])('canonical %s', (_, record) => {
    expect(auto(JSON.stringify(record).replace('"L1"', '"\\u004c1"'))).toEqual([CANONICAL])
  })
})

test('what is wrong with a record is told in the words of its format', () => {
  expect(decodeLine({ ...CANONICAL, learner: undefined }, { format: 'auto' })).toEqual([{ reason: 'missing-field', message: '`learner` is missing' }])
  expect(decodeLine({ ...OPENEDX, event: {} }, { format: 'auto' })).toEqual([{ reason: 'missing-chapter', message: '`chapter` is missing, and `played` is playback of one (from `event.id`)' }])
  expect(decodeLine({ ...CALIPER, actor: {} }, { format: 'auto', platform: 'p1' })).toEqual([{ reason: 'missing-field', message: '`learner` is missing (from the id of the `actor`)' }])
  expect(decodeLine('{"a":', { format: 'auto' })).toEqual([{ reason: 'bad-json', message: expect.any(String) as string }])
})

test.each<[unknown, string, string]>([
  [{ foo: 1, bar: 2 }, 'unknown-format', 'the record has the keys `foo`, `bar`: that is none of canonical, Open edX, Caliper, xAPI'],
  [{}, 'unknown-format', 'the record is empty: that is none of canonical, Open edX, Caliper, xAPI'],
  [Object.fromEntries('abcdefghij'.split('').map((k) => [k.repeat(50), 1])), 'unknown-format', ' and 2 more: that is none of'],
  [[7], 'not-an-object', 'a record is a JSON object, not a number'],
  ['7', 'not-an-object', 'a record is a JSON object, not a number'],
])('what is none of them: %j', (line, reason, message) => {
  const out = decodeLine(line, { format: 'auto' }) as { reason: string; message: string }[]
  expect(out).toEqual([{ reason, message: expect.stringContaining(message) as string }])
  expect(out[0]?.message.length).toBeLessThan(600)
})
