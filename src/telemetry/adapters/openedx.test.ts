import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canonicalLine, decodeLine } from '../../testing/decoded.ts'

const VIDEO = '0b9e39477cf34507a7a48f74be381fdd'
const COURSE = 'course-v1:edX+DemoX+Demo_Course'

/** As the log files have it. */
const logged = (more: object = {}, event: unknown = { id: VIDEO, currentTime: 12.5, duration: 195 }): Record<string, unknown> => ({
  username: 'liu', event_type: 'play_video', ip: '203.0.113.7', agent: 'Mozilla/5.0', host: 'learn.example.org', session: 's1', event_source: 'browser',
  event, page: 'https://learn.example.org/courses/x', referer: '', accept_language: 'zh-CN', time: '2026-03-02T00:00:00.123456+00:00',
  context: { user_id: 7, course_id: COURSE, org_id: 'edX', path: '/event' }, ...more,
})
/** As the event bus has it. */
const routed = (name: string, data: unknown, context: object = {}): Record<string, unknown> => ({
  name, timestamp: '2026-03-02T00:00:00.123456+00:00', data,
  context: { user_id: 7, username: 'liu', course_id: COURSE, session: 's1', ip: '203.0.113.7', agent: 'Mozilla/5.0', host: 'learn.example.org', event_source: 'browser', ...context },
})

const events = (record: unknown, platform?: string): unknown[] => canonicalLine(record, { format: 'openedx', platform })
const PLAYED = {
  id: expect.stringMatching(/^[0-9a-f]{32}$/) as string, time: '2026-03-02T00:00:00.123Z', action: 'played', platform: 'learn.example.org', learner: '7', account: 'liu', session: 's1',
  agent: 'Mozilla/5.0', ip: '203.0.113.7', course: COURSE, chapter: VIDEO, video: VIDEO, position: 12.5, length: 195,
}

describe('one event in its shapes', () => {
  test.each<[string, unknown]>([
    ['of the log', logged()],
    ['of the event bus', routed('play_video', { id: VIDEO, currentTime: 12.5, duration: 195 })],
    ['whose event is JSON in a text', logged({}, JSON.stringify({ id: VIDEO, currentTime: '12.5', duration: '195' }))],
    ['whose event is JSON in JSON in a text', logged({}, JSON.stringify(JSON.stringify({ id: VIDEO, currentTime: 12.5, duration: 195 })))],
    ['whose event is a form', logged({}, `id=${VIDEO}&currentTime=12.5&duration=195`)],
    ['whose video is a usage key', logged({}, { id: `block-v1:edX+DemoX+Demo_Course+type@video+block@${VIDEO}`, currentTime: 12.5, duration: 195 })],
    ['whose video is the key of old, escaped', logged({}, { id: `i4x-edX-DemoX-video-${VIDEO}`, currentTime: 12.5, duration: 195 })],
    ['with a name that overrides its type', logged({ name: 'edx.video.played', event_type: 'pause_video' })],
    ['with an empty name', logged({ name: '' })],
    ['of 2013, without an offset', logged({ time: '2026-03-02T00:00:00.123456' })],
    ['whose user is a text', logged({ context: { user_id: '7', course_id: COURSE } })],
    ['whose course is only in the event', logged({ context: { user_id: 7 } }, { id: VIDEO, currentTime: 12.5, duration: 195, course_id: COURSE })],
    ['behind the prefix of a log file', `2026-03-02 08:00:00,123 INFO 20 [tracking] [user 7] [ip 203.0.113.7] logger.py:41 - ${JSON.stringify(logged())}`],
    ['behind the prefix of syslog', `Mar  2 08:00:00 app-1 [service_variant=lms][tracking][env:prod] INFO [app-1  71] [logger.py:60] - ${JSON.stringify(logged())}`],
    ['in a list', ` [ ${JSON.stringify(logged())} ]`],
  ])('%s', (_, record) => {
    expect(events(record)).toEqual([PLAYED])
  })

  test('has one id, wherever it stands and however it is spaced', () => {
    const line = JSON.stringify(logged())
    const ids = [line, JSON.stringify(logged(), undefined, 1), `INFO - ${line}`, `[${line}]`].map((l) => (events(l)[0] as { id: string }).id)
    expect(new Set(ids).size).toBe(1)
    expect((events(logged({ ip: '203.0.113.8' }))[0] as { id: string }).id).not.toBe(ids[0])
  })
})

test('of a phone: no address and no session, but a device, and when the collector got it', () => {
  const record = logged(
    { name: 'edx.video.played', ip: '', session: '', event_source: 'mobile', context: { user_id: 7, course_id: COURSE, received_at: '2026-03-02T00:00:32.373000+00:00', client: { device: { id: 'aaa1' } } } },
    JSON.stringify({ code: 'mobile', id: VIDEO, currentTime: 114 }),
  )
  const { ip: _, session: __, length: ___, ...rest } = PLAYED
  expect(events(record)).toEqual([{ ...rest, received: '2026-03-02T00:00:32.373Z', device: 'aaa1', position: 114 }])
  const odd = { ...record, context: { user_id: 7, received_at: 1_425_000_000 } }
  expect(events(odd)).toEqual([expect.not.objectContaining({ received: expect.anything() as unknown })])
})

describe('what happens to a video', () => {
  test.each<[string, object, object]>([
    ['load_video', { duration: 0 }, { action: 'initialized' }], ['edx.video.loaded', { duration: null }, { action: 'initialized' }],
    ['pause_video', { currentTime: 194.40735897138978 }, { action: 'paused', position: 194.407 }], ['edx.video.paused', { current_time: '3' }, { action: 'paused', position: 3 }],
    ['stop_video', { currentTime: 194, duration: 195 }, { action: 'terminated', position: 194, length: 195 }], ['edx.video.stopped', {}, { action: 'terminated' }],
    ['complete_video', { duration: 195 }, { action: 'completed', length: 195 }], ['edx.video.completed', {}, { action: 'completed' }],
    ['seek_video', { old_time: 194.381, new_time: 10, type: 'onSlideSeek' }, { action: 'seeked', from: 194.381, to: 10 }],
    ['edx.video.position.changed', { currentTime: 194, new_time: 195 }, { action: 'seeked', from: 194, to: 195 }],
    ['speed_change_video', { current_time: 3.1, old_speed: '1.0', new_speed: '1.25' }, { action: 'rate-changed', position: 3.1, rate: 1.25 }],
  ])('%s', (name, data, expected) => {
    const { id, time, platform, learner, account, session, agent, ip, course } = PLAYED
    expect(events(routed(name, { id: VIDEO, code: 'html5', ...data }))).toEqual([{ id, time, platform, learner, account, session, agent, ip, course, chapter: VIDEO, video: VIDEO, ...expected }])
  })

  test('a seek of before mid-2014 does not know where it left', () => {
    expect(events(routed('seek_video', { id: VIDEO, old_time: 30, new_time: 30 }))).toEqual([expect.objectContaining({ action: 'seeked', to: 30 })])
    expect(events(routed('seek_video', { id: VIDEO, old_time: 30, new_time: 30 }))).toEqual([expect.not.objectContaining({ from: 30 })])
  })

  test('its end sends a pause and a stop at the same time, which stay two', () => {
    const both = ['pause_video', 'stop_video'].map((name) => routed(name, { id: VIDEO, currentTime: 195 }))
    const out = events(both) as { id: string; action: string }[]
    expect(out.map((e) => e.action)).toEqual(['paused', 'terminated'])
    expect(new Set(out.map((e) => e.id)).size).toBe(2)
  })

  test('a change of speed to nothing is ignored', () => {
    expect(events(routed('speed_change_video', { id: VIDEO, new_speed: 'fast' }))).toEqual([{ ignored: 'speed_change_video' }])
  })
})

describe('answers', () => {
  const problem = `block-v1:edX+DemoX+Demo_Course+type@problem+block@3fc5`
  const checked = (success: string, questions: string[]): object => ({
    problem_id: problem, success, attempts: 2, grade: 0, max_grade: questions.length,
    submission: Object.fromEntries(questions.map((q) => [`3fc5_${q}_1`, { answer: 'blue', correct: success === 'correct' }])),
  })

  test.each<[string, object, boolean]>([
    ['right', checked('correct', ['2']), true], ['wrong', checked('incorrect', ['2']), false], ['three questions by one click', checked('incorrect', ['2', '3', '4']), false],
  ])('%s', (_, data, correct) => {
    expect(events(routed('problem_check', data, { event_source: 'server' }))).toEqual([expect.objectContaining({ action: 'answered', item: '3fc5', correct })])
  })

  test("the browser's word for the same click is ignored, and so is the request", () => {
    expect(events(routed('problem_check', 'input_3fc5_2_1%5B%5D=choice_0'))).toEqual([{ ignored: 'problem_check' }])
    expect(events(routed('problem_check', ''))).toEqual([{ ignored: 'problem_check' }])
    expect(events(logged({ event_type: `/courses/${COURSE}/xblock/${problem}/handler/xmodule_handler/problem_check` }))).toEqual([{ ignored: 'request' }])
  })
})

test.each(['edx.ui.lms.link_clicked', 'edx.ui.lms.outline.selected', 'edx.ui.lms.sequence.next_selected', 'seq_goto'])('%s is a step through the course', (name) => {
  expect(events(routed(name, { target_url: 'https://learn.example.org/x', id: 'block-v1:edX+DemoX+D+type@sequential+block@19a3' }))).toEqual([expect.objectContaining({ action: 'navigated', course: COURSE })])
})

test('a logout', () => {
  expect(events(logged({ event_type: '/logout', event_source: 'server' }, ''))).toEqual([expect.objectContaining({ action: 'logged-out', learner: '7' })])
})

test.each(['edx.course.enrollment.activated', 'page_close', 'edx.grades.problem.submitted', 'show_transcript', 'edx.video.bumper.played', 'showanswer'])('%s is not used', (name) => {
  expect(events(routed(name, { id: VIDEO }))).toEqual([{ ignored: name }])
})

describe('who it was', () => {
  test('of before October 2013, when nothing had a context', () => {
    const { account: _, ...rest } = PLAYED
    const old = logged({ context: undefined, time: '2013-03-02T00:00:00', page: 'https://learn.example.org/courses/edX/DemoX/D/courseware/x/' }, JSON.stringify({ id: `i4x-edX-DemoX-video-${VIDEO}`, currentTime: 12.5, duration: 195 }))
    expect(events(old)).toEqual([{ ...rest, learner: 'liu', time: '2013-03-02T00:00:00.000Z', course: 'edX/DemoX/D' }])
  })

  test('without a number the name is the learner, and no account', () => {
    const { learner: _, account: __, ...rest } = PLAYED
    expect(events(logged({ context: { user_id: '', course_id: COURSE } }))).toEqual([{ ...rest, learner: 'liu' }])
  })

  test.each([null, '', undefined])('nobody: a page whose login has ended (%j)', (user) => {
    expect(events(logged({ username: '', context: { user_id: user, course_id: COURSE } }))).toEqual([{ ignored: 'play_video of nobody' }])
  })

  test('the named platform is the platform of all', () => {
    expect(events(logged(), 'p1')).toEqual([{ ...PLAYED, platform: 'p1' }])
    expect(events(logged({ host: '' }))).toEqual([PLAYED])
  })
})

test.each<[object, unknown, string, string]>([
  [{ time: undefined }, undefined, 'missing-field', '`time` is missing (from `time` or `timestamp`)'],
  [{ time: 'yesterday' }, undefined, 'bad-date', '`time` is not RFC 3339 with an offset, like `2026-03-02T08:00:00+08:00`: `yesterday` (from `time` or `timestamp`)'],
  [{}, {}, 'missing-chapter', '`chapter` is missing, and `played` is playback of one (from `event.id`)'],
  [{}, { id: VIDEO, currentTime: 'soon' }, 'wrong-type', '`position` must be a number, not text (from `event.currentTime` or `event.current_time`)'],
  [{ event_type: undefined }, undefined, 'missing-field', '`action` is missing (from `name` or `event_type`)'],
  [{ host: undefined, page: undefined }, undefined, 'missing-field', '`platform` is missing (from `--platform` or `host`)'],
  [{ context: { user_id: ['7'] } }, undefined, 'wrong-type', '`learner` must be text, not a list (from `context.user_id` or `username`)'],
])('rejects %j %j', (more, event, reason, message) => {
  expect(decodeLine(event === undefined ? logged(more) : logged(more, event), { format: 'openedx' })).toEqual([{ reason, message }])
})

test('a line that is cut, and one that is none', () => {
  for (const line of ['2026-03-02 08:00:00,123 INFO - {"name": "play_video", "con', 'INFO [tracking] started', 'INFO - }{']) {
    expect(decodeLine(line, { format: 'openedx' })).toEqual([{ reason: 'bad-json', message: expect.any(String) as string }])
  }
})

const samples = process.env.INVIGIL_SAMPLES

describe.skipIf(!samples)(`samples from INVIGIL_SAMPLES${samples ? '' : ' (not set: skipped)'}`, () => {
  const lines = (path: string): string[] => readFileSync(join(samples as string, path), 'utf8').split('\n').filter((l) => l !== '')

  test('tracking.log: two lines were broken on purpose, one is an answer', () => {
    const counts: Record<string, number> = {}
    const log = lines('openedx-event-routing-backends/tracking.log')
    for (const line of log) {
      for (const o of decodeLine(line, { format: 'openedx' })) {
        const kind = 'event' in o ? o.event.action : 'ignored' in o ? `ignored ${o.ignored}` : o.reason
        counts[kind] = (counts[kind] ?? 0) + 1
      }
    }
    expect(log).toHaveLength(12)
    expect(counts).toEqual({
      'bad-json': 2, answered: 1, 'ignored request': 1, 'ignored problem_check': 1, 'ignored problem_graded': 1, 'ignored edx.grades.problem.submitted': 1,
      'ignored edx.grades.subsection.grade_calculated': 2, 'ignored edx.grades.subsection.grade_calculated2': 1, 'ignored edx.grades.course.grade_calculated': 1,
      'ignored edx.course.grade.now_failed': 1,
    })
  })

  test('the documented examples of a browser and of a phone', () => {
    const [browser, phone] = lines('edx-docs/play_video.browser-and-mobile.jsonl').map((l) => events(l)) as [unknown[], unknown[]]
    expect(browser).toEqual([expect.objectContaining({ action: 'played', learner: '99999999', course: 'BerkeleyX/Stat_2.1x/1T2014', video: '58424ad2f75048798b4480aa699cc215', position: 243, ip: '123.123.123.123' })])
    expect(phone).toEqual([expect.objectContaining({ action: 'played', learner: '99999999', video: VIDEO, position: 114, device: 'aaa11111aaaa11a1', received: '2014-12-09T03:57:56.373Z' })])
    expect(phone).toEqual([expect.not.objectContaining({ ip: expect.anything() as unknown })])
  })

  test('every record of the event bus is an event or ignored', () => {
    const folder = join(samples as string, 'openedx-event-routing-backends/raw')
    for (const name of readdirSync(folder)) {
      const out = decodeLine(JSON.parse(readFileSync(join(folder, name), 'utf8')), { format: 'openedx', platform: 'p1' })
      expect([name, out.filter((o) => 'reason' in o)]).toEqual([name, []])
    }
  })
})
