import { fc } from '../../testing/fuzz.ts'
import { describe, expect, test } from 'vitest'
import { canonicalOf, decodeLine } from '../../testing/decoded.ts'
import { buildEvent } from '../build.ts'
import { FORMATS, type Format } from '../decode.ts'
import { REJECT_REASONS } from '../rejects.ts'

/** Records a format; more in `INVIGIL_FUZZ` for longer runs, which differ from run to run. */
const RUNS = Number(process.env.INVIGIL_FUZZ ?? 1200)
const SEED = process.env.INVIGIL_FUZZ === undefined ? { seed: 20_260_302 } : {}

const TIME = '2026-03-02T00:00:00.123456Z'
const EXTENSIONS = Object.fromEntries(['time', 'time-from', 'time-to', 'length', 'speed', 'volume', 'session-id', 'played-segments'].map((k) => [`https://w3id.org/xapi/video/extensions/${k}`, '1']))

const openedx = (name: string, event: unknown): object => ({
  event_type: name, name, username: 'liu', host: 'h', ip: '::ffff:203.0.113.7', session: 's', agent: 'm', page: 'http://h/x', time: TIME,
  context: { user_id: 7, course_id: 'course-v1:a+b+c', received_at: TIME, client: { device: { id: 'd' } }, username: 'liu', host: 'h' }, event, data: event,
})
const caliper = (type: string, action: string, object: object): object => ({
  '@context': 'http://purl.imsglobal.org/ctx/caliper/v1p2', id: 'urn:uuid:1', type, action, actor: { id: 'https://h/users/1', type: 'Person' }, eventTime: TIME, object,
  target: { currentTime: 'PT5S', extensions: { newTime: 'PT9S' } }, extensions: { newSpeed: '1.25', x: { client_ip: '203.0.113.7' } }, edApp: 'https://h', generated: { score: { scoreGiven: 1, maxScore: 1 }, duration: 'PT3S' },
  session: { id: 'https://h/sessions/s', client: { ipAddress: '203.0.113.7' }, user: 'https://h/users/1' }, group: { id: 'g', type: 'CourseSection', subOrganizationOf: { id: 'o' } },
})
const xapi = (verb: string, type: string): object => ({
  id: 's1', actor: { objectType: 'Agent', account: { name: 'L1', homePage: 'https://h' }, member: undefined }, verb: { id: verb }, object: { id: 'block-v1:a+type@video+block@v', definition: { type } },
  context: {
    registration: 'r', extensions: EXTENSIONS,
    contextActivities: { parent: [{ id: 'https://h/course/course-v1:a+b+c', definition: { type: 'http://adlnet.gov/expapi/activities/course' } }], category: [{ id: 'https://w3id.org/xapi/cmi5/context/categories/cmi5' }] },
  },
  result: { extensions: EXTENSIONS, success: true, duration: 'PT3S' }, timestamp: TIME, stored: TIME,
})

const VIDEO = 'https://w3id.org/xapi/video'
const RECORDS: Record<Exclude<Format, 'auto' | 'mapping'>, object[]> = {
  canonical: [{ id: 'e', time: TIME, action: 'played', platform: 'p', learner: 'L', chapter: 'c', position: 1, visible: true, inputs: 3, similarity: 0.5, photo: 'abcd', outcome: 'passed' }],
  openedx: [
    openedx('play_video', { id: 'v', currentTime: 3, duration: 9 }), openedx('seek_video', JSON.stringify({ id: 'v', old_time: 3, new_time: 9 })), openedx('speed_change_video', 'id=v&new_speed=1.25'),
    openedx('problem_check', { problem_id: 'block-v1:a+type@problem+block@q', success: 'correct', submission: { q_1: { correct: true } } }), openedx('edx.ui.lms.link_clicked', ''),
  ],
  caliper: [
    caliper('MediaEvent', 'JumpedTo', { id: 'v', duration: 'PT9S', extensions: { isPartOf: { id: 'https://h/course/course-v1:a+b+c', type: 'CourseOffering' } } }), caliper('MediaEvent', 'Ended', { id: 'v', duration: 'PT9S' }),
    caliper('SessionEvent', 'TimedOut', { id: 's', type: 'Session', user: 'u' }), caliper('GradeEvent', 'Graded', { id: 'a', assignee: 'https://h/users/1', assignable: { id: 'q' } }),
    { sensor: 's', sendTime: TIME, data: [caliper('MediaEvent', 'ChangedSpeed', { id: 'v' }), { id: 'u', type: 'Person' }] },
  ],
  moodle: [
    { id: 1, eventname: '\\core\\event\\user_loggedin', userid: 5, timecreated: 1_772_409_600, ip: '203.0.113.7', realuserid: null, origin: 'web' },
    { id: '2', eventname: '\\mod_page\\event\\course_module_viewed', action: 'viewed', target: 'course_module', contextlevel: '70', contextinstanceid: '7', userid: '5', courseid: '3', timecreated: '1772409600' },
    { id: 3, eventname: '\\core\\event\\course_module_completion_updated', contextinstanceid: 7, userid: 5, relateduserid: 5, other: '{"completionstate":1}', timecreated: 1_772_409_600 },
  ],
  xapi: [
    xapi(`${VIDEO}/verbs/seeked`, `${VIDEO}/activity-type/video`), xapi('http://adlnet.gov/expapi/verbs/interacted', `${VIDEO}/activity-type/video`), xapi('http://adlnet.gov/expapi/verbs/satisfied', 'x'),
    xapi('http://adlnet.gov/expapi/verbs/answered', 'http://adlnet.gov/expapi/activities/cmi.interaction'), { _id: 1, voided: false, statement: xapi(`${VIDEO}/verbs/paused`, `${VIDEO}/activity-type/video`) }, { statements: [xapi(`${VIDEO}/verbs/played`, `${VIDEO}/activity-type/video`)], more: '' },
  ],
}

const own = (key: string, value: unknown): object => Object.defineProperty({}, key, { value, enumerable: true, configurable: true, writable: true })
const deep = (levels: number, of: unknown): unknown => (levels === 0 ? of : [deep(levels - 1, of)])
const TRAP = { toString: 1, valueOf: null, toJSON: 'x', length: -1 }
/** Written as it stands, which no value would be. */
const BARE = '\u0001bare:'

const poison = fc.oneof(
  fc.constantFrom<unknown>(
    null, true, false, '', ' ', 0, -0, -1, 1e308, 5e-324, 2 ** 53, 'NaN', 'Infinity', '-0', '1e400', '٣', 'PT', 'P1Y', 'PT99999999999999999999H', '0x10', [], {}, [[]], [null], [{}], TRAP, deep(20, TRAP), deep(40, 1),
    'x'.repeat(20_000), 'é'.repeat(600), '\ud800', 'a\udc00b', 'a\0b', '{', '{"id":{"id":[', '%E0%A4%A', 'id=%FF&id[]=1&__proto__=2', '__proto__', 'constructor', '2026-02-30T00:00:00Z', '9999-12-31T23:59:59Z', TIME,
    'http://', 'http://[', 'https://h:99999999/', 'mailto:', 'urn:uuid:', own('__proto__', { id: 'x', action: 'played' }), { constructor: { prototype: { x: 1 } } }, `${BARE}1e999`, `${BARE}-1e999`, `${BARE}{"a":1,"a":2}`,
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const edit = fc.record({ at: fc.nat(10_000), how: fc.constantFrom('delete', 'replace', 'replace', 'replace', 'list', 'object', 'text', 'add', 'proto', 'double'), with: poison, key: fc.constantFrom('__proto__', 'constructor', 'invigil:part', 'id', 'verb', 'learner', 'eventTime', 'statements', 'data', 'a\0') })
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

type Holder = Record<string, unknown>

function places(value: unknown, found: [Holder, string][] = []): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return found
  for (const key of Object.keys(value)) {
    found.push([value as Holder, key])
    if (found.length < 500) places((value as Holder)[key], found)
  }
  return found
}

function put(holder: Holder, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

function mutate(record: object, edits: readonly Edit[]): unknown {
  const root: Holder = { record: structuredClone(record) }
  for (const { at, how, with: value, key: added } of edits) {
    const all = places(root)
    const [holder, key] = all[at % all.length] as [Holder, string]
    const old = holder[key]
    if (how === 'delete' && key !== 'record') delete holder[key]
    else if (how === 'replace') put(holder, key, structuredClone(value))
    else if (how === 'list') put(holder, key, [old, structuredClone(value)])
    else if (how === 'object') put(holder, key, { id: old, [added]: structuredClone(value) })
    else if (how === 'text') put(holder, key, JSON.stringify(old) ?? '')
    else if (how === 'double') put(holder, key, [structuredClone(old), structuredClone(old)])
    else put(typeof old === 'object' && old !== null ? (old as Holder) : holder, how === 'proto' ? '__proto__' : added, structuredClone(value))
  }
  return root.record
}

/** Every outcome is one, and an event is what its own record says. */
function check(line: string, format: Format, platform: string | undefined): void {
  const options = { format, platform }
  const out = decodeLine(line, options)
  expect(line.trim() === '' || out.length > 0, 'nothing is passed over in silence').toBe(true)
  for (const o of out) {
    if ('reason' in o) {
      expect(Object.keys(REJECT_REASONS)).toContain(o.reason)
      expect(o.message.length > 0 && o.message.length < 2000, o.message).toBe(true)
    } else if ('ignored' in o) expect(typeof o.ignored === 'string' && o.ignored.length <= 100).toBe(true)
    else {
      const canonical = canonicalOf(o.event)
      expect(buildEvent(canonical, '')).toMatchObject({ id: o.event.id, time: o.event.time, present: o.event.present })
      // The rows of tables become canonical ones.
      const again = decodeLine(o.event.raw, format === 'moodle' ? { format: 'canonical' } : options)
      expect(again.map((a) => ('event' in a ? canonicalOf(a.event) : a))).toEqual([canonical])
    }
  }
}

describe.each(FORMATS)('%s', (format) => {
  const records = format === 'auto' ? Object.entries(RECORDS).flatMap(([name, some]) => (name === 'moodle' ? [] : some)) : RECORDS[format]
  const arrays = fc.array(edit, { minLength: 1, maxLength: 6 })
  const cut = fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.record({ at: fc.nat(3000), drop: fc.nat(30), put: fc.string({ maxLength: 5 }) }) })

  test('the records as they are give events', () => {
    for (const record of records) expect(decodeLine(record, { format, platform: 'p' }).some((o) => 'event' in o)).toBe(true)
  })

  test('no record makes it stumble', () => {
    fc.assert(
      fc.property(fc.constantFrom(...records), arrays, cut, fc.constantFrom(undefined, 'p1'), fc.constantFrom('', '', '', 'INFO [tracking] - '), (record, edits, damage, platform, prefix) => {
        let line = (JSON.stringify(mutate(record, edits)) ?? '').replaceAll(/"\\u0001bare:((?:[^"\\]|\\.)*)"/g, (_, bare: string) => bare.replaceAll('\\"', '"'))
        if (damage !== null) line = line.slice(0, damage.at % (line.length + 1)) + damage.put + line.slice((damage.at % (line.length + 1)) + damage.drop)
        check(prefix + line, format, platform)
      }),
      { numRuns: RUNS, ...SEED },
    )
  }, 30_000 + RUNS * 20)
})
