import { createHash } from 'node:crypto'
import type { Adapted, Adapter } from './adapter.ts'
import { blockId, courseKey, first, hostOf, identity, instant, lastSegment, lengthOf, list, object, seconds, some, speed, text, type Json } from './values.ts'

const VIDEO = 'https://w3id.org/xapi/video'
const CMI5 = 'https://w3id.org/xapi/cmi5/context'
const OPENEDX = 'https://w3id.org/xapi/openedx'
const EXTENSION = `${VIDEO}/extensions/`
const SESSIONS = [`${EXTENSION}session-id`, `${OPENEDX}/extensions/session-id`, `${OPENEDX}/extension/session-id`, `${CMI5}/extensions/sessionid`]
const SPEEDS = [`${EXTENSION}speed`, `${OPENEDX}/extension/speed-to`, `${OPENEDX}/extensions/speed-to`]
const ADDRESS = 'http://id.tincanapi.com/extension/ip-address'
const AGENT = 'http://id.tincanapi.com/extension/browser-info'
const INTERACTION = 'http://adlnet.gov/expapi/activities/cmi.interaction'
const QUESTION = 'http://adlnet.gov/expapi/activities/question'

/** Verbs of playback by their last segment. `interacted` tells of volume, captions and size too: only a speed is of use. */
const PLAYBACK: ReadonlyMap<string, string> = new Map([
  ['initialized', 'initialized'],
  ['played', 'played'],
  ['paused', 'paused'],
  ['seeked', 'seeked'],
  ['completed', 'completed'],
  ['terminated', 'terminated'],
  ['interacted', 'rate-changed'],
])

/** What cmi5 says of an assignable unit, which has no player; `satisfied` of blocks and courses is left out. */
const UNIT: ReadonlyMap<string, string> = new Map([
  ['initialized', 'initialized'],
  ['completed', 'completed'],
  ['satisfied', 'completed'],
  ['terminated', 'terminated'],
  ['abandoned', 'terminated'],
])

const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['answered', 'answered'],
  ['evaluated', 'answered'],
  ['navigated', 'navigated'],
  ['logged-in', 'logged-in'], ['loggedin', 'logged-in'],
  ['logged-out', 'logged-out'], ['loggedout', 'logged-out'],
  ['attended', 'attended'],
])

/**
 * Statements of the xAPI Video Profile 1.0.3 and of cmi5, and Open edX's way of writing them. The format knows no chapter: the
 * video, or cmi5's assignable unit, is the chapter.
 */
export const xapi: Adapter = {
  name: 'xAPI',
  sources: {
    id: 'statement `id`',
    time: '`timestamp` or `stored`',
    received: '`stored`',
    action: '`verb.id`',
    platform: "`--platform`, or the host of the actor's `account.homePage`",
    learner: "the actor's `account.name`, `mbox`, `mbox_sha1sum` or `openid`",
    session: `\`${EXTENSION}session-id\`, cmi5's \`sessionid\` or \`context.registration\``,
    course: '`context.contextActivities.parent` or `.grouping`',
    chapter: '`object.id`',
    position: `\`${EXTENSION}time\``,
    from: `\`${EXTENSION}time-from\``,
    to: `\`${EXTENSION}time-to\``,
    length: `\`${EXTENSION}length\``,
    item: '`object.id`',
    elapsed: '`result.duration`',
  },

  several(value) {
    if (Array.isArray(value)) return value
    const { statements, verb } = object(value)
    return Array.isArray(statements) && verb === undefined ? statements : undefined
  },

  recognises(record) {
    const { verb, actor } = unwrapped(record)
    return typeof verb === 'object' && actor !== undefined
  },

  adapt(record, { platform, digest }): Adapted {
    if (record.voided === true) return { kind: 'ignored', verb: 'voided' }
    const statement = unwrapped(record)
    const verb = object(statement.verb).id
    const word = typeof verb === 'string' && verb !== '' ? lastSegment(verb.replace(/\/$/, '')) || verb : undefined
    const context = object(statement.context)
    const action = word === undefined ? undefined : actionOf(word, statement, context)
    if (word !== undefined && action === undefined) return { kind: 'ignored', verb: word }
    const actor = personOf(object(statement.actor))
    if (actor === undefined) return { kind: 'ignored', verb: `${word ?? 'statement'} by a group` }
    const asked = object(context.extensions)
    const said = object(object(statement.result).extensions)
    const own = action === undefined || action === 'navigated' ? {} : action === 'answered' ? answerOf(statement) : playbackOf(action, statement, said, asked)
    if (own === undefined) return { kind: 'ignored', verb: word as string }
    return {
      kind: 'event',
      fields: {
        id: some(statement.id) ?? digest(),
        time: instant(some(statement.timestamp, statement.stored)),
        received: instant(statement.stored),
        action,
        platform: platform === '' ? hostOf(object(actor.account).homePage) : platform,
        learner: learnerOf(actor),
        session: some(first(asked, SESSIONS), context.registration),
        ip: some(asked[ADDRESS]),
        agent: agentOf(asked[AGENT]),
        course: courseId(object(context.contextActivities), 'video' in own),
        ...own,
      },
    }
  },
}

/** Stores dump a statement as part of a record of their own, which may say that it was voided. */
function unwrapped(record: Json): Json {
  return record.verb === undefined && record.actor === undefined ? object(record.statement ?? record) : record
}

/** What a verb says of this activity; undefined if it is not used. The verbs are shared by videos, units, exams and courses. */
function actionOf(word: string, statement: Json, context: Json): string | undefined {
  const type = object(object(statement.object).definition).type
  if (word === 'completed' && type === INTERACTION) return 'answered'
  const elsewhere = ELSEWHERE.get(word)
  if (elsewhere !== undefined) return elsewhere
  if (isVideo(type, statement, context)) return PLAYBACK.get(word)
  if (typeof type === 'string' && /\/(?:block|course)$/.test(type)) return undefined
  return hasCategory(context, `${CMI5}/categories/cmi5`) ? UNIT.get(word) : undefined
}

/** The activity's type, the profile's category or its own verb say video. */
function isVideo(type: unknown, statement: Json, context: Json): boolean {
  if (typeof type === 'string') return type === `${VIDEO}/activity-type/video`
  return hasCategory(context, VIDEO) || text(object(statement.verb).id).startsWith(`${VIDEO}/verbs/`)
}

function hasCategory(context: Json, id: string): boolean {
  return list(object(context.contextActivities).category).some((c) => object(c).id === id)
}

function playbackOf(action: string, statement: Json, said: Json, asked: Json): Json | undefined {
  const chapter = blockId(object(statement.object).id)
  if (action === 'logged-in' || action === 'logged-out') return {}
  if (action === 'attended') return { chapter }
  const rate = speed(first(said, SPEEDS) ?? first(asked, SPEEDS))
  if (action === 'rate-changed' && rate === undefined) return undefined
  // A unit of cmi5 has no player that its statements tell of.
  const hasVideo = isVideo(object(object(statement.object).definition).type, statement, object(statement.context))
  const volume = said[`${EXTENSION}volume`] ?? asked[`${EXTENSION}volume`]
  return {
    chapter,
    video: hasVideo ? chapter : undefined,
    position: seconds(said[`${EXTENSION}time`]),
    from: seconds(said[`${EXTENSION}time-from`]),
    to: seconds(said[`${EXTENSION}time-to`]),
    length: lengthOf(asked[`${EXTENSION}length`] ?? said[`${EXTENSION}length`]),
    rate,
    muted: Number.isFinite(volume) ? volume === 0 : undefined,
  }
}

/**
 * One event for what was answered at once: of a problem with several questions there is a statement for the whole, and one for
 * each question whose parent it is.
 */
function answerOf(statement: Json): Json | undefined {
  const item = blockId(object(statement.object).id)
  const parents = list(object(object(statement.context).contextActivities).parent)
  const isPart = object(statement.context).statement !== undefined && parents.some((p) => [INTERACTION, QUESTION].includes(text(object(object(p).definition).type)))
  if (item === undefined || isPart) return undefined
  const { success, duration } = object(statement.result)
  const elapsed = seconds(duration)
  // No time at all is what a player says that does not measure it.
  return { item, correct: typeof success === 'boolean' ? success : undefined, elapsed: elapsed === 0 ? undefined : elapsed }
}

/** Who did it: a group of one is that one; a larger one, or a named one, is nobody. */
function personOf(actor: Json): Json | undefined {
  if (actor.objectType !== 'Group' && actor.member === undefined) return actor
  const members = list(actor.member)
  return members.length === 1 && learnerOf(actor) === undefined ? object(members[0]) : undefined
}

/** `mbox` and its SHA-1 name the same person, so both become the SHA-1. */
function learnerOf(actor: Json): unknown {
  const name = identity(object(actor.account).name)
  if (name !== undefined) return name
  if (typeof actor.mbox === 'string' && actor.mbox !== '') return createHash('sha1').update(actor.mbox).digest('hex')
  return some(actor.mbox_sha1sum, actor.openid)
}

/** The course among what the activity is part of; what a video is directly part of passes as one. */
function courseId(activities: Json, isPlayback: boolean): unknown {
  const parents = list(activities.parent)
  const isCourse = (a: unknown): boolean => text(object(object(a).definition).type).endsWith('/course')
  const activity = parents.find(isCourse) ?? list(activities.grouping).find(isCourse) ?? (isPlayback ? parents[0] : undefined)
  const id = courseKey(object(activity).id)
  return typeof id === 'string' ? id : undefined
}

/** The user agent, where the extension has it as a text or in an object. */
function agentOf(info: unknown): unknown {
  const agent = typeof info === 'string' ? info : first(object(info), ['user_agent', 'userAgent'])
  return typeof agent === 'string' && agent !== '' ? agent : undefined
}
