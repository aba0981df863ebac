import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createDecoder } from '../decode.ts'
import type { Event } from '../event.ts'

type Outcome = Event | { reason: string; message: string } | { verb: string }

function decode(record: unknown, platform?: string): Outcome[] {
  const out: Outcome[] = []
  createDecoder({ format: 'xapi', platform }).decode(
    { event: (e) => out.push(e.read()), reject: (reason, message) => out.push({ reason, message }), ignored: (verb) => out.push({ verb }) },
    Buffer.from(typeof record === 'string' ? record : JSON.stringify(record)),
  )
  return out
}

const ext = (o: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(o).map(([k, v]) => [`https://w3id.org/xapi/video/extensions/${k}`, v]))

interface Parts { verb?: string; context?: Record<string, unknown>; result?: Record<string, unknown>; more?: Record<string, unknown> }
const statement = ({ verb = 'https://w3id.org/xapi/video/verbs/played', context = {}, result = {}, more = {} }: Parts = {}): Record<string, unknown> => ({
  id: '7db64981-342c-4c06-bb3b-633a0d2fb35b',
  actor: { account: { name: 'L1', homePage: 'https://learn.example.org/' } },
  verb: { id: verb },
  object: { id: 'uuid://7d4f3c70-1e79-4243-9b7d-166076ce8bfb', definition: { type: 'https://w3id.org/xapi/video/activity-type/video' } },
  context: {
    extensions: ext({ 'session-id': 's1', ...context }),
    contextActivities: { parent: [{ id: 'course-v1:Org+1+2', definition: { type: 'http://adlnet.gov/expapi/activities/course' } }] },
  },
  result: { extensions: ext(result) },
  timestamp: '2026-03-02T08:00:00.123456+08:00',
  stored: '2026-03-02T00:00:01Z',
  ...more,
})

test('a statement', () => {
  const s = statement({ context: { length: 264, speed: '1.25x', volume: 0 }, result: { time: 12.5 } })
  expect(decode(s)).toEqual([expect.objectContaining({
    id: '7db64981-342c-4c06-bb3b-633a0d2fb35b', time: Date.UTC(2026, 2, 2, 0, 0, 0, 123), offset: 480, received: Date.UTC(2026, 2, 2, 0, 0, 1), action: 'played',
    platform: 'learn.example.org', learner: 'L1', session: 's1', course: 'course-v1:Org+1+2', chapter: '7d4f3c70-1e79-4243-9b7d-166076ce8bfb',
    video: '7d4f3c70-1e79-4243-9b7d-166076ce8bfb', position: 12.5, length: 264, rate: 1.25, muted: true, raw: JSON.stringify(s),
  })])
})

test.each([
  ['initialized', 'http://adlnet.gov/expapi/verbs/initialized'], ['paused', 'https://w3id.org/xapi/video/verbs/paused'],
  ['completed', 'http://adlnet.gov/expapi/verbs/completed'], ['terminated', 'http://adlnet.gov/expapi/verbs/terminated'],
])('the verb %s', (action, verb) => {
  expect(decode(statement({ verb }))).toEqual([expect.objectContaining({ action })])
})

test('a seek has both ends, and times may be texts', () => {
  const s = statement({ verb: 'https://w3id.org/xapi/video/verbs/seeked', result: { 'time-from': '10.5', 'time-to': 'PT1M2.5S', length: '100' } })
  expect(decode(s)).toEqual([expect.objectContaining({ action: 'seeked', from: 10.5, to: 62.5, length: 100, position: undefined })])
})

test('interacted is a rate where it has a speed, and else ignored', () => {
  const verb = 'http://adlnet.gov/expapi/verbs/interacted'
  expect(decode(statement({ verb, context: { speed: '2x' }, result: { time: 3 } }))).toEqual([expect.objectContaining({ action: 'rate-changed', rate: 2, position: 3 })])
  expect(decode(statement({ verb, result: { time: 3 } }))).toEqual([{ verb: 'interacted' }])
  expect(decode(statement({ verb, context: { speed: 'fast' } }))).toEqual([{ verb: 'interacted' }])
})

test.each([
  ['a verb that is not used', statement({ verb: 'http://id.tincanapi.com/verb/downloaded' }), 'downloaded'],
  ['an exam', statement({ verb: 'http://adlnet.gov/expapi/verbs/initialized', more: { object: { id: 'x', definition: { type: 'https://example.org/exam' } } } }), 'initialized'],
  ['an activity that does not say it is a video', statement({ verb: 'http://adlnet.gov/expapi/verbs/terminated', more: { object: { id: 'x' } } }), 'terminated'],
])('ignores %s', (_, s, verb) => {
  expect(decode(s)).toEqual([{ verb }])
})

test('the profile as category says that it is a video', () => {
  const context = { contextActivities: { category: { id: 'https://w3id.org/xapi/video' } } }
  const s = statement({ verb: 'http://adlnet.gov/expapi/verbs/terminated', more: { object: { id: 'x' }, context } })
  expect(decode(s)).toEqual([expect.objectContaining({ action: 'terminated', chapter: 'x', session: undefined })])
})

test.each([
  'http://localhost:18000/xblock/block-v1:edX+DemoX+Demo_Course+type@video+block@0b9e39477cf34507a7a48f74be381fdd',
  'block-v1:edX+DemoX+Demo_Course+type@video+block@0b9e39477cf34507a7a48f74be381fdd',
  'i4x://edX/DemoX/video/0b9e39477cf34507a7a48f74be381fdd',
  'i4x-edX-DemoX-video-0b9e39477cf34507a7a48f74be381fdd',
  '0b9e39477cf34507a7a48f74be381fdd',
])('one video in its spellings: %s', (id) => {
  const object = { id, definition: { type: 'https://w3id.org/xapi/video/activity-type/video' } }
  expect(decode(statement({ more: { object } }))).toEqual([expect.objectContaining({ video: '0b9e39477cf34507a7a48f74be381fdd' })])
})

test('a mailbox and its SHA-1 are the same learner', () => {
  const learner = 'df971ee9e57bccaccfd619b9a243d1d490ef24e9'
  expect(decode(statement({ more: { actor: { mbox: 'mailto:foo@example.org' } } }), 'p1')).toEqual([expect.objectContaining({ learner, platform: 'p1' })])
  expect(decode(statement({ more: { actor: { mbox_sha1sum: learner } } }), 'p1')).toEqual([expect.objectContaining({ learner })])
  expect(decode(statement({ more: { actor: { openid: 'https://l.example.org/1' } } }), 'p1')).toEqual([expect.objectContaining({ learner: 'https://l.example.org/1' })])
})

test('an object where a text belongs is never turned into one', () => {
  const trap = { toString: 1, valueOf: 1 }
  const typed = statement({ more: { context: { contextActivities: { parent: [{ id: 'x', definition: { type: trap } }] }, extensions: ext({ 'session-id': 's1' }) } } })
  expect(decode(typed)).toMatchObject([{ action: 'played', learner: 'L1' }])
  expect(() => decode(statement({ more: { verb: { id: trap } } }))).not.toThrow()
  expect(() => decode(statement({ more: { object: { id: trap, definition: { type: trap } }, actor: { account: { name: trap, homePage: trap } } } }))).not.toThrow()
})

test('a statement without id gets the hash of its record', () => {
  const [a, b] = [decode(statement({ more: { id: undefined } })), decode(statement({ more: { id: undefined }, result: { time: 1 } }))] as [[Event], [Event]]
  expect(a[0].id).toMatch(/^[0-9a-f]{32}$/)
  expect(a[0].id).toBe((decode(statement({ more: { id: undefined } }))[0] as Event).id)
  expect(a[0].id).not.toBe(b[0].id)
})

test('several statements on a line', () => {
  const both = [statement(), statement({ verb: 'https://w3id.org/xapi/video/verbs/paused' })]
  for (const line of [both, { statements: both, more: '' }]) expect(decode(line)).toEqual([expect.objectContaining({ action: 'played' }), expect.objectContaining({ action: 'paused' })])
  expect(decode([statement(), 7])[1]).toEqual({ reason: 'not-an-object', message: 'a record of xAPI is a JSON object, not a number' })
  expect(decode([])).toEqual([{ verb: 'empty list' }])
})

describe('cmi5', () => {
  const CMI5 = 'https://w3id.org/xapi/cmi5/context'
  const unit = (verb: string, more: Record<string, unknown> = {}, type?: string): Outcome[] => decode({
    id: 'e92a', actor: { objectType: 'Agent', account: { homePage: 'http://learn.example.org/', name: 'L1' } }, verb: { id: verb },
    object: { id: 'http://learn.example.org/au/4756', definition: { type } },
    context: {
      registration: 'f2a0', contextActivities: { category: [{ id: `${CMI5}/categories/cmi5` }], grouping: [{ id: 'http://publisher.example.org/aus/4c07' }] },
      extensions: { [`${CMI5}/extensions/sessionid`]: '2f7d' },
    },
    timestamp: '2026-03-02T08:00:00.5Z', ...more,
  })

  test.each([
    ['http://adlnet.gov/expapi/verbs/initialized', 'initialized'], ['http://adlnet.gov/expapi/verbs/completed', 'completed'],
    ['http://adlnet.gov/expapi/verbs/terminated', 'terminated'], ['https://w3id.org/xapi/adl/verbs/abandoned', 'terminated'],
    ['https://w3id.org/xapi/adl/verbs/satisfied', 'completed'],
  ])('%s: the unit is the chapter', (verb, action) => {
    expect(unit(verb)).toEqual([expect.objectContaining({ action, learner: 'L1', session: '2f7d', chapter: 'http://learn.example.org/au/4756', video: undefined, course: undefined })])
  })

  test.each(['launched', 'passed', 'failed', 'waived'])('%s is not used', (verb) => {
    expect(unit(`http://adlnet.gov/expapi/verbs/${verb}`)).toEqual([{ verb }])
  })

  test('a block or a course that is satisfied is no chapter', () => {
    for (const type of ['block', 'course']) expect(unit('https://w3id.org/xapi/adl/verbs/satisfied', {}, `https://w3id.org/xapi/cmi5/activitytype/${type}`)).toEqual([{ verb: 'satisfied' }])
  })

  test('without a session, the registration is it', () => {
    expect(unit('http://adlnet.gov/expapi/verbs/initialized', { context: { registration: 'f2a0', contextActivities: { category: [{ id: `${CMI5}/categories/cmi5` }] } } })).toEqual([expect.objectContaining({ session: 'f2a0' })])
  })

  test('an interaction that was answered', () => {
    const answer = (result: object): Outcome[] => unit('http://adlnet.gov/expapi/verbs/answered', { result }, 'http://adlnet.gov/expapi/activities/cmi.interaction')
    expect(answer({ success: true, duration: 'PT4.5S' })).toEqual([expect.objectContaining({ action: 'answered', item: 'http://learn.example.org/au/4756', correct: true, elapsed: 4.5, chapter: undefined })])
    expect(answer({ success: 'yes', duration: 'PT0S' })).toEqual([expect.objectContaining({ correct: undefined, elapsed: undefined })])
  })
})

test('a question of a problem is a part of the one answer', () => {
  const parent = { id: 'block-v1:a+type@problem+block@p', definition: { type: 'http://adlnet.gov/expapi/activities/cmi.interaction' } }
  const verb = 'https://w3id.org/xapi/acrossx/verbs/evaluated'
  expect(decode(statement({ verb, more: { object: parent } }))).toEqual([expect.objectContaining({ action: 'answered', item: 'p' })])
  const part = { statement: { objectType: 'StatementRef', id: 'x' }, contextActivities: { parent: [parent] } }
  expect(decode(statement({ verb, more: { object: { ...parent, id: 'block-v1:a+type@problem+block@p_2_1' }, context: part } }))).toEqual([{ verb: 'evaluated' }])
})

test.each([
  ['logged-in', 'https://w3id.org/xapi/adl/verbs/logged-in'], ['logged-in', 'https://brindlewaye.com/xAPITerms/verbs/loggedin/'], ['logged-out', 'https://brindlewaye.com/xAPITerms/verbs/loggedout/'], ['logged-out', 'https://w3id.org/xapi/adl/verbs/logged-out'],
  ['navigated', 'https://w3id.org/xapi/dod-isd/verbs/navigated'], ['attended', 'http://adlnet.gov/expapi/verbs/attended'],
])('%s is no playback', (action, verb) => {
  const context = { extensions: { 'http://id.tincanapi.com/extension/ip-address': '203.0.113.7', 'http://id.tincanapi.com/extension/browser-info': { user_agent: 'Mozilla/5.0' } } }
  expect(decode(statement({ verb, more: { object: { id: 'x' }, context } }))).toEqual([
    expect.objectContaining({ action, ip: '203.0.113.7', agent: 'Mozilla/5.0', position: undefined, chapter: action === 'attended' ? 'x' : undefined }),
  ])
})

test('a statement that voids another is ignored, and so is a group', () => {
  const voids = { verb: { id: 'http://adlnet.gov/expapi/verbs/voided' }, object: { objectType: 'StatementRef', id: '7db64981-342c-4c06-bb3b-633a0d2fb35b' } }
  expect(decode(statement({ more: voids }))).toEqual([{ verb: 'voided' }])
  const member = { account: { name: 'L2', homePage: 'https://learn.example.org/' } }
  expect(decode(statement({ more: { actor: { objectType: 'Group', member: [member, member] } } }))).toEqual([{ verb: 'played by a group' }])
  expect(decode(statement({ more: { actor: { objectType: 'Group', mbox: 'mailto:team@example.org' } } }))).toEqual([{ verb: 'played by a group' }])
  expect(decode(statement({ more: { actor: { objectType: 'Group', member: [member] } } }))).toEqual([expect.objectContaining({ learner: 'L2', platform: 'learn.example.org' })])
})

test('what the database of an LRS dumps', () => {
  const dumped = { _id: '5f', stored: '2026-03-02T00:00:01Z', voided: false, statement: statement() }
  expect(decode(dumped)).toEqual([expect.objectContaining({ action: 'played', learner: 'L1', raw: JSON.stringify(dumped) })])
  expect(decode({ ...dumped, voided: true })).toEqual([{ verb: 'voided' }])
})

test('what an LRS exports', () => {
  const more = '/xapi/statements?more=2'
  expect(decode({ statements: [statement()], more })).toEqual([expect.objectContaining({ action: 'played' })])
  expect(decode({ statements: [], more: '' })).toEqual([{ verb: 'empty list' }])
  expect(decode([[statement()]])).toEqual([expect.objectContaining({ action: 'played' })])
})

test.each([
  [{ actor: {} }, 'missing-field', "`learner` is missing (from the actor's `account.name`, `mbox`, `mbox_sha1sum` or `openid`)", 'p1'],
  [{ actor: { mbox: 'mailto:a@b.c' } }, 'missing-field', "`platform` is missing (from `--platform`, or the host of the actor's `account.homePage`)", undefined],
  [{ verb: {} }, 'missing-field', '`action` is missing (from `verb.id`)', undefined],
  [{ timestamp: undefined, stored: undefined }, 'missing-field', '`time` is missing (from `timestamp` or `stored`)', undefined],
  [{ timestamp: '2026-03-02' }, 'bad-date', '`time` is not RFC 3339 with an offset, like `2026-03-02T08:00:00+08:00`: `2026-03-02` (from `timestamp` or `stored`)', undefined],
  [{ object: { definition: { type: 'https://w3id.org/xapi/video/activity-type/video' } } }, 'missing-chapter', '`chapter` is missing, and `played` is playback of one (from `object.id`)', undefined],
  [{ result: { extensions: ext({ time: 'soon' }) } }, 'wrong-type', '`position` must be a number, not text (from `https://w3id.org/xapi/video/extensions/time`)', undefined],
])('rejects %j', (more, reason, message, platform) => {
  expect(decode(statement({ more }), platform)).toEqual([{ reason, message }])
})

test.each(['null', '7', '"x"', '{}', '{"verb":7,"actor":[],"object":null,"context":1,"result":[]}'])('no statement at all: %s', (line) => {
  expect(decode(line)).toEqual([{ reason: expect.stringMatching(/^(not-an-object|missing-field)$/) as string, message: expect.any(String) as string }])
})

const samples = process.env.INVIGIL_SAMPLES

describe.skipIf(!samples)(`samples from INVIGIL_SAMPLES${samples ? '' : ' (not set: skipped)'}`, () => {
  test('every one of 22,000 statements is an event or ignored', () => {
    const file = join(samples as string, 'fun-mooc-xapi-video/statements.day-folded.sorted.jsonl.gz')
    const counts: Record<string, number> = {}
    for (const line of gunzipSync(readFileSync(file)).toString().split('\n')) {
      for (const o of decode(line)) {
        const kind = 'verb' in o ? `ignored ${o.verb}` : 'reason' in o ? `${o.reason}: ${o.message}` : o.action
        counts[kind] = (counts[kind] ?? 0) + 1
        if ('time' in o) expect([o.platform, o.course?.slice(0, 10), o.session === undefined]).toEqual(['fun-mooc.fr', 'course-v1:', false])
      }
    }
    expect(counts).toEqual({
      initialized: 1348, terminated: 338, paused: 6480, played: 6603, 'rate-changed': 3546, completed: 636, seeked: 2995, 'ignored downloaded': 54,
    })
  })

  test('Open edX statements', () => {
    const folder = join(samples as string, 'openedx-event-routing-backends/xapi')
    const events = new Map<string, Outcome[]>()
    for (const name of readdirSync(folder)) events.set(name, decode(JSON.stringify(JSON.parse(readFileSync(join(folder, name), 'utf8')))))
    for (const [name, out] of events) for (const o of out) expect([name, 'reason' in o ? o.message : '']).toEqual([name, ''])
    const video = { platform: 'localhost:18000', course: 'course-v1:edX+DemoX+Demo_Course', video: '0b9e39477cf34507a7a48f74be381fdd' }
    expect(events.get('seek_video.json')).toEqual([expect.objectContaining({ ...video, action: 'seeked', from: 194.381, to: 10, session: '993110e9c27848a545da74a74114158d' })])
    expect(events.get('speed_change_video.json')).toEqual([expect.objectContaining({ action: 'rate-changed', rate: 1.25 })])
    expect(events.get('load_video.json')).toEqual([expect.objectContaining({ ...video, action: 'initialized', length: undefined })])
    expect(events.get('edx.video.closed_captions.shown.json')).toEqual([{ verb: 'interacted' }])
    expect(events.get('edx.special_exam.timed.attempt.created.json')).toEqual([{ verb: 'initialized' }])
  })
})
