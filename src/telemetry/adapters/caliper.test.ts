import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canonicalLine, decodeLine } from '../../testing/decoded.ts'

const CONTEXT = 'http://purl.imsglobal.org/ctx/caliper/v1p2'
const HOME = 'https://learn.example.org'

const event = (type: string, action: string, more: object = {}): Record<string, unknown> => ({
  '@context': CONTEXT, id: 'urn:uuid:956b4a02-8de0-4991-b8c5-b6eebb6b4cab', type, action, actor: { id: `${HOME}/users/554433`, type: 'Person' },
  eventTime: '2026-03-02T00:00:00.123Z', edApp: `${HOME}/player`, session: { id: `${HOME}/sessions/1f64`, type: 'Session' }, ...more,
})
const media = (action: string, more: object = {}): Record<string, unknown> => event('MediaEvent', action, {
  object: { id: `${HOME}/videos/7`, type: 'VideoObject', duration: 'PT20M20S' }, target: { id: `${HOME}/videos/7?t=321`, type: 'MediaLocation', currentTime: 'PT05M21S' }, ...more,
})
const events = (record: unknown, platform?: string): unknown[] => canonicalLine(record, { format: 'caliper', platform })

const WHO = { id: 'urn:uuid:956b4a02-8de0-4991-b8c5-b6eebb6b4cab', time: '2026-03-02T00:00:00.123Z', platform: 'learn.example.org', learner: '554433', session: '1f64' }
const VIDEO = { chapter: `${HOME}/videos/7`, video: `${HOME}/videos/7`, length: 1220 }

describe('what happens to media', () => {
  test.each<[string, object, object]>([
    ['Started', {}, { action: 'played', position: 321 }],
    ['Started', { target: { id: '_:MediaLocation', type: 'MediaLocation' } }, { action: 'initialized' }],
    ['Resumed', {}, { action: 'played', position: 321 }],
    ['Restarted', {}, { action: 'played', position: 321 }],
    ['Paused', {}, { action: 'paused', position: 321 }],
    ['Ended', { target: undefined }, { action: 'completed' }],
    ['Ended', { target: { currentTime: 'PT20M20S' } }, { action: 'completed', position: 1220 }],
    ['Ended', { target: { currentTime: 'PT20M19.6S' } }, { action: 'completed', position: 1219.6 }],
    ['Ended', {}, { action: 'terminated', position: 321 }],
    ['JumpedTo', { target: { currentTime: 'PT3M14.381S', extensions: { newTime: 'PT10S' } } }, { action: 'seeked', from: 194.381, to: 10 }],
    ['JumpedTo', {}, { action: 'seeked', to: 321 }],
    ['ChangedSpeed', { extensions: { oldSpeed: '1.0', newSpeed: '1.25' } }, { action: 'rate-changed', position: 321, rate: 1.25 }],
  ])('%s %j', (action, more, expected) => {
    expect(events(media(action, more))).toEqual([{ ...WHO, ...VIDEO, ...expected }])
  })

  test.each(['Muted', 'ChangedVolume', 'EnabledClosedCaptioning', 'ChangedSpeed'])('%s is not used', (action) => {
    expect(events(media(action))).toEqual([{ ignored: `MediaEvent ${action}` }])
  })
})

describe('ways of writing', () => {
  const played = { ...WHO, ...VIDEO, action: 'played', position: 321 }

  test.each<[string, unknown]>([
    ['an envelope', { sensor: 'urn:s', sendTime: '2026-03-02T00:00:01Z', dataVersion: CONTEXT, data: [media('Resumed')] }],
    ['an envelope with one event that is no list', { sensor: 'urn:s', sendTime: '2026-03-02T00:00:01Z', data: media('Resumed') }],
    ['a list of envelopes', [{ sensor: 'urn:s', data: [media('Resumed')] }]],
    ['the actor as an IRI', media('Resumed', { actor: `${HOME}/users/554433` })],
    ['the session as an IRI', media('Resumed', { session: `${HOME}/sessions/1f64` })],
    ['an action that is an IRI', media('http://purl.imsglobal.org/vocab/caliper/v1/action#Resumed')],
    ['several contexts', media('Resumed', { '@context': ['https://example.org/ctx', CONTEXT] })],
    ['a time in UTC without saying so', media('Resumed', { eventTime: '2026-03-02T00:00:00.123' })],
  ])('%s', (_, record) => {
    expect(events(record)).toEqual([played])
  })

  test('the object as an IRI has no length', () => {
    const { length: _, ...rest } = played
    expect(events(media('Resumed', { object: `${HOME}/videos/7` }))).toEqual([rest])
  })

  test('an id is made where there is none, or one that is too long', () => {
    for (const id of [undefined, `https://example.org/${'x'.repeat(200)}`]) expect(events(media('Resumed', { id }))).toEqual([{ ...played, id: expect.stringMatching(/^[0-9a-f]{32}$/) as string }])
  })

  test('ids that are URNs stay what they are, and the application tells the platform', () => {
    const canvas = { actor: { id: 'urn:instructure:canvas:user:21', type: 'Person' }, session: { id: 'urn:uuid:5c', type: 'Session' }, edApp: { id: 'http://oxana.example.com/', type: 'SoftwareApplication' } }
    expect(events(media('Resumed', canvas))).toEqual([{ ...played, platform: 'oxana.example.com', learner: 'urn:instructure:canvas:user:21', session: '5c' }])
  })

  test('the named platform is the platform of all', () => {
    expect(events(media('Resumed'), 'p1')).toEqual([{ ...played, platform: 'p1' }])
  })
})

describe('sessions', () => {
  const app = { id: HOME, type: 'SoftwareApplication' }

  test.each([['LoggedIn', 'logged-in'], ['LoggedOut', 'logged-out']])('%s', (action, expected) => {
    expect(events(event('SessionEvent', action, { object: app }))).toEqual([{ ...WHO, action: expected }])
  })

  test('who timed out did not act: the session says who it was', () => {
    const ended = { id: `${HOME}/sessions/1f64`, type: 'Session', user: `${HOME}/users/554433`, startedAtTime: '2026-03-01T23:00:00Z' }
    expect(events(event('SessionEvent', 'TimedOut', { actor: app, object: ended, session: undefined }))).toEqual([{ ...WHO, action: 'logged-out' }])
  })

  test('what an application does is not what a learner does', () => {
    expect(events(event('NavigationEvent', 'NavigatedTo', { actor: app }))).toEqual([{ ignored: 'NavigationEvent NavigatedTo by an application' }])
    expect(events(event('SessionEvent', 'TimedOut', { actor: app, object: { id: 'urn:s', type: 'Session' } }))).toEqual([{ ignored: 'SessionEvent TimedOut by an application' }])
  })

  test.each<[string, object]>([
    ['of 1.2', { session: { id: `${HOME}/sessions/1f64`, client: { id: 'urn:c', ipAddress: '203.0.113.7', userAgent: 'Mozilla/5.0', host: 'x' } } }],
    ['in an extension of the event', { extensions: { 'com.instructure.canvas': { client_ip: '203.0.113.7', user_agent: 'Mozilla/5.0' } } }],
    ['in an extension of the object', { object: { ...app, extensions: { 'bb:request.headers.ipAddress': '203.0.113.7', 'bb:request.headers.agent': 'Mozilla/5.0' } } }],
    ['in an extension of the session', { session: { id: `${HOME}/sessions/1f64`, extensions: { request: { ipAddress: '203.0.113.7', userAgent: 'Mozilla/5.0' } } } }],
  ])('address and browser %s', (_, more) => {
    expect(events(event('SessionEvent', 'LoggedIn', { object: app, ...more }))).toEqual([{ ...WHO, action: 'logged-in', ip: '203.0.113.7', agent: 'Mozilla/5.0' }])
  })

  test("the application's own address is nobody's", () => {
    expect(events(event('SessionEvent', 'LoggedIn', { object: { ...app, ipAddress: '198.51.100.1' }, edApp: { ...app, ipAddress: '198.51.100.1' } }))).toEqual([{ ...WHO, action: 'logged-in' }])
  })
})

test('a course section is the class', () => {
  const offering = { id: `${HOME}/terms/1/courses/7`, type: 'CourseOffering' }
  const section = { id: `${HOME}/terms/1/courses/7/sections/1`, type: 'CourseSection' }
  expect(events(media('Paused', { group: { ...section, subOrganizationOf: offering } }))).toEqual([expect.objectContaining({ class: section.id, course: offering.id })])
  expect(events(media('Paused', { group: section }))).toEqual([expect.objectContaining({ class: section.id, course: section.id })])
  expect(events(media('Paused', { group: offering }))).toEqual([expect.objectContaining({ course: offering.id })])
})

describe('answers', () => {
  const item = { id: `${HOME}/items/3`, type: 'AssessmentItem', isPartOf: { id: `${HOME}/assess/1`, type: 'Assessment' } }
  const answer = (action: string, generated?: object): unknown[] => events(event('AssessmentItemEvent', action, { object: item, generated }))

  test('an item that was completed', () => {
    expect(answer('Completed')).toEqual([{ ...WHO, action: 'answered', item: item.id }])
    expect(answer('Completed', { id: 'r1', type: 'MultipleChoiceResponse', duration: 'PT12S' })).toEqual([{ ...WHO, action: 'answered', item: item.id, elapsed: 12 }])
    expect(answer('Completed', { id: 'r1', duration: 'PT0S' })).toEqual([{ ...WHO, action: 'answered', item: item.id }])
    expect(answer('Started')).toEqual([{ ignored: 'AssessmentItemEvent Started' }])
  })

  test('a grade that the own click brought about', () => {
    const graded = (assignee: string, score: object): unknown[] =>
      events(event('GradeEvent', 'Graded', { object: { id: 'urn:a', type: 'Attempt', assignee, assignable: item }, generated: { type: 'Score', ...score } }))
    expect(graded(`${HOME}/users/554433`, { scoreGiven: 1, maxScore: 1 })).toEqual([{ ...WHO, action: 'answered', item: item.id, correct: true }])
    expect(graded(`${HOME}/users/554433`, { scoreGiven: 1, maxScore: 3 })).toEqual([{ ...WHO, action: 'answered', item: item.id, correct: false }])
    expect(graded(`${HOME}/users/1`, { scoreGiven: 1, maxScore: 1 })).toEqual([{ ignored: 'GradeEvent Graded' }])
  })
})

test('steps through the platform', () => {
  const page = { object: { id: `${HOME}/pages/1`, type: 'WebPage' } }
  expect(events(event('NavigationEvent', 'NavigatedTo', page))).toEqual([{ ...WHO, action: 'navigated' }])
  expect(events(event('ViewEvent', 'Viewed', page))).toEqual([{ ...WHO, action: 'navigated' }])
})

test('what comes along in an envelope is not an event', () => {
  const data = [{ '@context': CONTEXT, id: `${HOME}/users/554433`, type: 'Person' }, media('Paused'), event('ForumEvent', 'Subscribed'), 7]
  expect(events({ sensor: 'urn:s', sendTime: '2026-03-02T00:00:01Z', data })).toEqual([
    { ignored: 'Person' }, expect.objectContaining({ action: 'paused' }), { ignored: 'ForumEvent Subscribed' }, { reason: 'not-an-object', message: 'a record of Caliper is a JSON object, not a number' },
  ])
  expect(events({ sensor: 'urn:s', data: [] })).toEqual([{ ignored: 'empty list' }])
})

test.each<[object, string, string]>([
  [{ eventTime: undefined }, 'missing-field', '`time` is missing (from `eventTime`)'],
  [{ eventTime: '2026-03-02' }, 'bad-date', '`time` is not RFC 3339 with an offset, like `2026-03-02T08:00:00+08:00`: `2026-03-02` (from `eventTime`)'],
  [{ actor: undefined }, 'missing-field', '`learner` is missing (from the id of the `actor`)'],
  [{ object: { type: 'VideoObject' } }, 'missing-chapter', '`chapter` is missing, and `played` is playback of one (from the id of the `object`)'],
  [{ target: { currentTime: 'soon' } }, 'wrong-type', "`position` must be a number, not text (from the `target`'s `currentTime`)"],
])('rejects %j', (more, reason, message) => {
  expect(decodeLine(media('Resumed', more), { format: 'caliper' })).toEqual([{ reason, message }])
  expect(decodeLine({ id: 'x' }, { format: 'caliper', platform: 'p1' })).toEqual([{ reason: 'missing-field', message: '`time` is missing (from `eventTime`)' }])
})

const samples = process.env.INVIGIL_SAMPLES

test.skipIf(!samples)(`every sample of Open edX is an event or ignored${samples ? '' : ' (INVIGIL_SAMPLES not set: skipped)'}`, () => {
  const folder = join(samples as string, 'openedx-event-routing-backends/caliper')
  for (const name of readdirSync(folder)) {
    const out = decodeLine(JSON.parse(readFileSync(join(folder, name), 'utf8')), { format: 'caliper' })
    expect([name, out.filter((o) => 'reason' in o)]).toEqual([name, []])
  }
})
