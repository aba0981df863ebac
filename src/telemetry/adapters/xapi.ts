import { createHash } from 'node:crypto'
import type { Adapted, Adapter } from './adapter.ts'

const VIDEO = 'https://w3id.org/xapi/video'
const EXTENSION = `${VIDEO}/extensions/`
const OPENEDX = 'https://w3id.org/xapi/openedx/'
const SESSIONS = [`${EXTENSION}session-id`, `${OPENEDX}extensions/session-id`, `${OPENEDX}extension/session-id`]
const SPEEDS = [`${EXTENSION}speed`, `${OPENEDX}extension/speed-to`, `${OPENEDX}extensions/speed-to`]
const ADDRESS = 'http://id.tincanapi.com/extension/ip-address'

type Json = Readonly<Record<string, unknown>>
const NOTHING: Json = {}

/** Verbs by their last segment. `interacted` tells of volume, captions and size too: only a speed is of use. */
const ACTIONS: ReadonlyMap<string, string> = new Map([
  ['initialized', 'initialized'],
  ['played', 'played'],
  ['paused', 'paused'],
  ['seeked', 'seeked'],
  ['completed', 'completed'],
  ['terminated', 'terminated'],
  ['interacted', 'rate-changed'],
])

/** Statements of the xAPI Video Profile 1.0.3, and Open edX's way of writing them. The format knows no chapter: the video is the chapter. */
export const xapi: Adapter = {
  name: 'xAPI',
  sources: {
    id: 'statement `id`',
    time: '`timestamp` or `stored`',
    received: '`stored`',
    action: '`verb.id`',
    platform: "`--platform`, or the host of the actor's `account.homePage`",
    learner: "the actor's `account.name`, `mbox`, `mbox_sha1sum` or `openid`",
    chapter: '`object.id`',
    position: `\`${EXTENSION}time\``,
    from: `\`${EXTENSION}time-from\``,
    to: `\`${EXTENSION}time-to\``,
    length: `\`${EXTENSION}length\``,
  },

  several(value) {
    if (Array.isArray(value)) return value
    const statements = object(value).statements
    return Array.isArray(statements) ? statements : undefined
  },

  recognises(record) {
    return typeof record.verb === 'object' && record.actor !== undefined
  },

  adapt(statement, { platform, digest }): Adapted {
    const context = object(statement.context)
    const asked = object(context.extensions)
    const result = object(object(statement.result).extensions)
    const verb = object(statement.verb).id
    const word = typeof verb === 'string' ? lastSegment(verb) : undefined
    const action = word === undefined ? undefined : ACTIONS.get(word)
    const rate = speed(first(result, SPEEDS) ?? first(asked, SPEEDS))
    if (word !== undefined && (action === undefined || !isVideo(statement, context) || (word === 'interacted' && rate === undefined))) {
      return { kind: 'ignored', verb: word }
    }
    const actor = object(statement.actor)
    const volume = result[`${EXTENSION}volume`] ?? asked[`${EXTENSION}volume`]
    const video = videoId(object(statement.object).id)
    return {
      kind: 'event',
      fields: {
        id: statement.id ?? digest(),
        time: statement.timestamp ?? statement.stored,
        received: statement.stored ?? undefined,
        action,
        platform: platform === '' ? hostOf(object(actor.account).homePage) : platform,
        learner: learnerOf(actor),
        session: first(asked, SESSIONS) ?? undefined,
        ip: asked[ADDRESS] ?? undefined,
        course: courseId(object(context.contextActivities)),
        chapter: video,
        video,
        position: seconds(result[`${EXTENSION}time`]),
        from: seconds(result[`${EXTENSION}time-from`]),
        to: seconds(result[`${EXTENSION}time-to`]),
        // A player that does not know the length yet says 0.
        length: seconds(asked[`${EXTENSION}length`] ?? result[`${EXTENSION}length`]) || undefined,
        rate,
        muted: typeof volume === 'number' ? volume === 0 : undefined,
      },
    }
  },
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : NOTHING
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
}

function first(extensions: Json, keys: readonly string[]): unknown {
  for (const key of keys) if (extensions[key] !== undefined && extensions[key] !== null) return extensions[key]
  return undefined
}

function lastSegment(iri: string): string {
  return iri.slice(Math.max(iri.lastIndexOf('/'), iri.lastIndexOf('#')) + 1)
}

/** The verbs are shared with exams and courses: only the activity's type, the profile's category or its own verb say video. */
function isVideo(statement: Json, context: Json): boolean {
  const type = object(object(statement.object).definition).type
  if (typeof type === 'string') return type === `${VIDEO}/activity-type/video`
  if (list(object(context.contextActivities).category).some((c) => object(c).id === VIDEO)) return true
  return text(object(statement.verb).id).startsWith(`${VIDEO}/verbs/`)
}

/** `mbox` and its SHA-1 name the same person, so both become the SHA-1. */
function learnerOf(actor: Json): unknown {
  const name = object(actor.account).name
  if (name !== undefined && name !== null) return name
  if (typeof actor.mbox === 'string') return createHash('sha1').update(actor.mbox).digest('hex')
  return actor.mbox_sha1sum ?? actor.openid ?? undefined
}

const hosts = new Map<string, string | undefined>()
const MOST_HOSTS = 1000

function hostOf(homePage: unknown): string | undefined {
  if (typeof homePage !== 'string') return undefined
  let host = hosts.get(homePage)
  if (host === undefined) {
    host = URL.canParse(homePage) ? new URL(homePage).host || undefined : undefined
    if (hosts.size >= MOST_HOSTS) hosts.clear()
    hosts.set(homePage, host)
  }
  return host
}

/** One video is written as a block's whole URL, as its usage key or as its bare id; and a UUID with or without a scheme. */
function videoId(id: unknown): unknown {
  if (typeof id !== 'string') return id
  const block = /(?:[+/]block@|i4x[:-].*[-/]video[-/])([^/?#@]+)(?:[/?#].*)?$/.exec(id)
  return block ? block[1] : id.replace(/^(?:uuid:\/\/|urn:uuid:)/i, '')
}

function courseId(activities: Json): unknown {
  const parents = list(activities.parent)
  const isCourse = (a: unknown): boolean => text(object(object(a).definition).type).endsWith('/course')
  const activity = parents.find(isCourse) ?? list(activities.grouping).find(isCourse) ?? parents[0]
  const id = object(activity).id
  if (typeof id !== 'string') return undefined
  return /\/courses?\/((?:course|ccx)-v1:[^/?#]+)/.exec(id)?.[1] ?? id
}

/** A text; of anything else nothing, since an object may hide what it would be turned into one by. */
function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Seconds as a number, as a number in quotes or as an ISO 8601 duration; what is none of them stays, for the check to refuse. */
function seconds(value: unknown): unknown {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') return value
  if (/^\d+(?:\.\d+)?$/.test(value)) return Number(value)
  const iso = /^PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$/.exec(value)
  return iso ? Number(iso[1] ?? 0) * 3600 + Number(iso[2] ?? 0) * 60 + Number(iso[3] ?? 0) : value
}

/** `1.25x`, `1.25` or a number; undefined if it is no speed. */
function speed(value: unknown): number | undefined {
  const rate = typeof value === 'number' ? value : typeof value === 'string' && /^\d+(?:\.\d+)?x?$/i.test(value) ? Number.parseFloat(value) : 0
  return rate > 0 && Number.isFinite(rate) ? rate : undefined
}
