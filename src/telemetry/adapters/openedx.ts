import { parseTime } from '../../base/time.ts'
import type { Adapted, Adapter } from './adapter.ts'
import { blockId, courseKey, courseOfPage, first, hostOf, identity, lengthOf, object, seconds, some, speed, text, utc, type Json } from './values.ts'

/** Of the two names of a video event the browser's came first; the apps' stands in `name`. */
const VIDEO: ReadonlyMap<string, string> = new Map([
  ['load_video', 'initialized'], ['edx.video.loaded', 'initialized'],
  ['play_video', 'played'], ['edx.video.played', 'played'],
  ['pause_video', 'paused'], ['edx.video.paused', 'paused'],
  ['stop_video', 'terminated'], ['edx.video.stopped', 'terminated'],
  ['complete_video', 'completed'], ['edx.video.completed', 'completed'],
  ['seek_video', 'seeked'], ['edx.video.position.changed', 'seeked'],
  ['speed_change_video', 'rate-changed'], ['edx.video.speed.changed', 'rate-changed'],
])

const OTHERS: ReadonlyMap<string, string> = new Map([
  ['problem_check', 'answered'], ['edx.problem.completed', 'answered'],
  ['edx.ui.lms.link_clicked', 'navigated'], ['edx.ui.lms.outline.selected', 'navigated'],
  ['edx.ui.lms.sequence.next_selected', 'navigated'], ['edx.ui.lms.sequence.previous_selected', 'navigated'],
  ['edx.ui.lms.sequence.tab_selected', 'navigated'],
  ['seq_next', 'navigated'], ['seq_prev', 'navigated'], ['seq_goto', 'navigated'],
  ['edx.user.login', 'logged-in'], ['edx.bi.user.account.authenticated', 'logged-in'],
  ['edx.user.logout', 'logged-out'], ['/logout', 'logged-out'],
])

/** Open edX tracking logs: as the log files have them, and as its event bus hands them on. */
export const openedx: Adapter = {
  name: 'Open edX',
  sources: {
    time: '`time` or `timestamp`',
    received: '`context.received_at`',
    action: '`name` or `event_type`',
    platform: '`--platform` or `host`',
    learner: '`context.user_id` or `username`',
    account: '`username`',
    session: '`session`',
    device: '`context.client.device.id`',
    agent: '`agent`',
    ip: '`ip`',
    course: '`context.course_id` or `page`',
    chapter: '`event.id`',
    position: '`event.currentTime` or `event.current_time`',
    from: '`event.old_time`',
    to: '`event.new_time`',
    length: '`event.duration`',
    item: '`event.problem_id`',
  },

  /** A line of the log file has a prefix: when, which process, which user. */
  json(line) {
    if (/^\s*(?:\{|\[\s*[[{\]])/.test(line)) return line
    const at = line.indexOf('{')
    return at < 0 ? line : line.slice(at)
  },

  several(value) {
    return Array.isArray(value) ? value : undefined
  },

  recognises(record) {
    if (record.event_type !== undefined) return true
    return typeof record.name === 'string' && (record.time ?? record.timestamp) !== undefined && (record.context ?? record.data) !== undefined
  },

  adapt(record, { platform, digest }): Adapted {
    const verb = some(record.name, record.event_type)
    const word = text(verb)
    const action = VIDEO.get(word) ?? OTHERS.get(word)
    // A request to the server is logged by its path: as many as there are pages.
    if (word !== '' && action === undefined) return ignored(word.startsWith('/') ? 'request' : word)
    const context = object(record.context)
    const both = (key: string): unknown => some(record[key], context[key])
    const data = dataOf(record)
    const [user, name] = [identity(context.user_id), identity(some(both('username'), data.username))]
    // A page that stays open after its login has ended goes on to log.
    if (action !== undefined && user === undefined && name === undefined) return ignored(`${word} of nobody`)
    const own = action === undefined ? {} : action === 'answered' ? answerOf(data) : VIDEO.has(word) ? playbackOf(action, data) : {}
    if (own === undefined) return ignored(word)
    return {
      kind: 'event',
      fields: {
        id: digest(),
        time: utc(some(record.time, record.timestamp)),
        received: timeOrNone(context.received_at),
        action,
        platform: platform === '' ? both('host') ?? hostOf(both('page')) ?? hostOf(both('referer')) : platform,
        learner: user ?? name,
        // Of who has no number nothing says that it is the same account.
        account: user === undefined ? undefined : name,
        session: both('session'),
        device: identity(object(object(context.client).device).id),
        agent: both('agent'),
        ip: both('ip'),
        course: courseKey(some(context.course_id, data.course_id)) ?? courseOfPage(both('page')),
        ...own,
      },
    }
  },
}

function ignored(verb: string): Adapted {
  return { kind: 'ignored', verb }
}

/** What happened: an object, or one written as JSON or as a form; nothing where it is empty or no such thing. */
function dataOf(record: Json): Json {
  const data = some(record.data, record.event)
  if (typeof data !== 'string') return object(data)
  try {
    const value: unknown = JSON.parse(data)
    // Some pipelines write the text as JSON once more.
    return object(typeof value === 'string' ? JSON.parse(value) : value)
  } catch {
    return Object.fromEntries(new URLSearchParams(data))
  }
}

function playbackOf(action: string, data: Json): Json | undefined {
  const video = blockId(first(data, ['id', 'module_id']))
  const common = { chapter: video, video, length: lengthOf(data.duration) }
  const position = seconds(some(data.currentTime, data.current_time))
  if (action === 'seeked') {
    const [from, to] = [seconds(some(data.old_time, data.currentTime)), seconds(data.new_time)]
    // The logs of before mid-2014 have the new place as the old one, too: then where it left is not known.
    return { ...common, from: from === to ? undefined : from, to }
  }
  if (action !== 'rate-changed') return { ...common, position }
  const rate = speed(data.new_speed)
  return rate === undefined ? undefined : { ...common, position, rate }
}

/** Only the server knows what was answered; the browser logs the same click before it. One event a click, however many questions it answers. */
function answerOf(data: Json): Json | undefined {
  const item = blockId(data.problem_id)
  if (item === undefined) return undefined
  return { item, correct: data.success === 'correct' ? true : data.success === 'incorrect' ? false : undefined }
}

/** Says when the collector of the apps got it; one that is no time is not worth the event. */
function timeOrNone(value: unknown): unknown {
  const time = utc(value)
  return typeof time === 'string' && parseTime(time) !== undefined ? time : undefined
}
