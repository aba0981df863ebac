import type { Adapted, Adapter } from './adapter.ts'
import { blockId, courseKey, first, hostOf, identity, lastSegment, lengthOf, list, object, seconds, some, speed, text, utc, type Json } from './values.ts'

/** What of a media event needs no second look. `Started` and `Ended` do. */
const MEDIA: ReadonlyMap<string, string> = new Map([
  ['Resumed', 'played'],
  ['Restarted', 'played'],
  ['Paused', 'paused'],
  ['JumpedTo', 'seeked'],
  ['ForwardedTo', 'seeked'],
  ['Rewound', 'seeked'],
  ['ChangedSpeed', 'rate-changed'],
])

/** Names of the extensions in which platforms put the learner's address and browser: Caliper 1.1 has no property for them. */
const ADDRESSES = ['ipAddress', 'ip_address', 'client_ip', 'clientIp', 'bb:request.headers.ipAddress']
const AGENTS = ['userAgent', 'user_agent', 'bb:request.headers.agent']

/**
 * Events of IMS Caliper 1.1 and 1.2, alone or in envelopes, and Open edX's way of writing them. The format knows no chapter:
 * the media object is the chapter.
 */
export const caliper: Adapter = {
  name: 'Caliper',
  sources: {
    id: '`id`',
    time: '`eventTime`',
    action: '`type` and `action`',
    platform: '`--platform`, or the host in the id of the `actor` or the `edApp`',
    learner: 'the id of the `actor`',
    session: 'the id of the `session`',
    ip: "the `session`'s `client`, or an extension",
    class: 'the id of the `group`, a course section',
    course: "the object's `isPartOf`, or the `group`",
    chapter: 'the id of the `object`',
    position: "the `target`'s `currentTime`",
    from: "the `target`'s `currentTime`",
    to: "the target's extension `newTime`",
    length: "the object's `duration`",
    item: 'the id of the `object`',
    elapsed: "the response's `duration`",
  },

  several(value) {
    if (Array.isArray(value)) return value
    const { data, sensor, sendTime } = object(value)
    return data !== undefined && (sensor !== undefined || sendTime !== undefined) ? list(data) : undefined
  },

  recognises(record) {
    return record.eventTime !== undefined || (record['@context'] !== undefined && /caliper/i.test(list(record['@context']).map(text).join(' '))) ||
      (record.sensor !== undefined && record.data !== undefined)
  },

  adapt(event, { platform, digest }): Adapted {
    const [type, word] = [lastSegment(text(some(event.type, event['@type']))), lastSegment(text(event.action))]
    const verb = word === '' ? type : `${type} ${word}`
    // An envelope may bring descriptions of people, courses and applications, too.
    if (verb !== '' && event.action === undefined && event.eventTime === undefined) return { kind: 'ignored', verb }
    const own = ownFields(type, word, event)
    if (own === undefined && verb !== '') return { kind: 'ignored', verb }
    if (own?.person === undefined && isApplication(event.actor)) return { kind: 'ignored', verb: `${verb} by an application` }
    const session = own?.session ?? event.session
    const person = identifier(own?.person ?? event.actor)
    const id = some(event.id, event['@id'], event.uuid)
    return {
      kind: 'event',
      fields: {
        // An IRI may be longer than an id may be.
        id: typeof id === 'string' && id.length > 128 ? digest() : id ?? digest(),
        time: utc(event.eventTime),
        platform: platform === '' ? hostOf(person) ?? hostOf(identifier(event.edApp)) ?? hostOf(identifier(event.session)) : platform,
        learner: after(person, /\/users?\/([^/?#]+)$/),
        session: after(identifier(session), /\/sessions?\/([^/?#]+)$/),
        ...clientOf(event, session),
        ...placeOf(event),
        ...own?.fields,
      },
    }
  },
}

interface Own {
  readonly fields: Json
  /** Whose event it is, and of which session, where that is not the actor and the session. */
  readonly person?: unknown
  readonly session?: unknown
}

/** What an event says besides who and when; undefined if it is not used. */
function ownFields(type: string, word: string, event: Json): Own | undefined {
  const target = object(event.target)
  switch (type) {
    case 'MediaEvent':
      return mediaFields(word, event, target)
    case 'SessionEvent':
      return sessionFields(word, event)
    case 'NavigationEvent':
      return word === 'NavigatedTo' ? { fields: { action: 'navigated' } } : undefined
    case 'ViewEvent':
      return word === 'Viewed' ? { fields: { action: 'navigated' } } : undefined
    case 'AssessmentItemEvent':
      return word === 'Completed' ? answered(identifier(event.object), object(event.generated)) : undefined
    case 'GradeEvent':
      return word === 'Graded' ? gradeFields(event) : undefined
    default:
      return undefined
  }
}

function mediaFields(word: string, event: Json, target: Json): Own | undefined {
  const media = object(event.object)
  const chapter = blockId(identifier(event.object))
  const common = { chapter, video: chapter, length: lengthOf(media.duration) }
  const at = seconds(some(target.currentTime, media.currentTime))
  const extra = { ...object(event.extensions), ...object(target.extensions) }
  if (word === 'Muted' || word === 'Unmuted') return undefined
  // A player that starts says from where; one that says nothing has only been opened.
  if (word === 'Started') return { fields: { ...common, action: at === undefined ? 'initialized' : 'played', position: at } }
  if (word === 'Ended') return { fields: { ...common, action: isEnd(at, common.length) ? 'completed' : 'terminated', position: at } }
  const action = MEDIA.get(word)
  if (action === 'seeked') {
    const to = seconds(first(extra, ['newTime', 'new_time', 'to']))
    // Without a second place, the target is where the jump went.
    return { fields: to === undefined ? { ...common, action, to: at } : { ...common, action, from: at, to } }
  }
  if (action !== 'rate-changed') return action === undefined ? undefined : { fields: { ...common, action, position: at } }
  const rate = speed(first(extra, ['newSpeed', 'new_speed', 'speed']))
  return rate === undefined ? undefined : { fields: { ...common, action, position: at, rate } }
}

/** `Ended` means the end of the media, unless it says that it was before. */
function isEnd(at: unknown, length: unknown): boolean {
  return typeof at !== 'number' || typeof length !== 'number' || at >= length - 0.5
}

/** Who timed out did nothing: there the application acts, and the object is the session with its user. */
function sessionFields(word: string, event: Json): Own | undefined {
  if (word === 'LoggedIn') return { fields: { action: 'logged-in' } }
  if (word === 'LoggedOut') return { fields: { action: 'logged-out' } }
  if (word !== 'TimedOut') return undefined
  const ended = object(event.object)
  const user = some(ended.user, ended.actor, object(event.session).user)
  return { fields: { action: 'logged-out' }, person: user, session: isSession(ended) ? event.object : event.session }
}

/** Applications act, too: they grade, and end sessions. */
function isApplication(entity: unknown): boolean {
  return text(some(object(entity).type, object(entity)['@type'])).endsWith('SoftwareApplication')
}

function isSession(entity: Json): boolean {
  return text(some(entity.type, entity['@type'])).endsWith('Session')
}

/** A grade that the learner's own click brought about is an answer; one that somebody else gave is not. */
function gradeFields(event: Json): Own | undefined {
  const attempt = object(event.object)
  const extra = object(attempt.extensions)
  const assignee = identifier(some(attempt.assignee, extra.assignee))
  if (assignee === undefined || assignee !== identifier(event.actor)) return undefined
  const generated = object(event.generated)
  return answered(identifier(some(attempt.assignable, extra.assignable)), object(some(generated.score, generated)))
}

function answered(item: unknown, generated: Json): Own | undefined {
  if (item === undefined) return undefined
  const { scoreGiven, maxScore } = generated
  const isScored = typeof scoreGiven === 'number' && typeof maxScore === 'number' && Number.isFinite(scoreGiven) && Number.isFinite(maxScore) && maxScore > 0
  const elapsed = seconds(generated.duration)
  return { fields: { action: 'answered', item: blockId(item), correct: isScored ? scoreGiven >= maxScore : undefined, elapsed: elapsed === 0 ? undefined : elapsed } }
}

/** The learner's browser and address: never those of the application, which all learners share. */
function clientOf(event: Json, session: unknown): Json {
  const client = object(object(session).client)
  const places = [event, object(session), object(event.object)].flatMap((o) => {
    const extensions = object(o.extensions)
    return [extensions, ...Object.values(extensions).map(object)]
  })
  const find = (keys: readonly string[]): unknown => {
    for (const place of [client, ...places]) {
      const value = first(place, keys)
      if (typeof value === 'string') return value
    }
    return undefined
  }
  return { ip: find(ADDRESSES), agent: find(AGENTS) }
}

/** The course that the object is part of, and the section of it that the learner is in. */
function placeOf(event: Json): Json {
  const thing = object(event.object)
  const owner = some(object(thing.extensions).isPartOf, thing.isPartOf)
  const group = object(event.group)
  const isSection = group.type === 'CourseSection'
  const course = isCourse(owner) ? owner : isSection ? some(group.subOrganizationOf, event.group) : group.type === 'CourseOffering' ? event.group : undefined
  return { course: courseKey(identifier(course)), class: isSection ? identifier(event.group) : undefined }
}

function isCourse(entity: unknown): boolean {
  return object(entity).type === 'CourseOffering' || object(entity).type === 'CourseSection'
}

/** The id of an entity, which may be written as its IRI alone. */
function identifier(entity: unknown): unknown {
  return typeof entity === 'string' ? some(entity) : identity(some(object(entity).id, object(entity)['@id']))
}

/** The part of an IRI that the pattern names; else the IRI, without the scheme of a UUID. */
function after(iri: unknown, pattern: RegExp): unknown {
  if (typeof iri !== 'string') return iri
  return pattern.exec(iri)?.[1] ?? (iri.replace(/^urn:uuid:/i, '') || undefined)
}
