import type { Environment } from '@marcbachmann/cel-js'
import { HOUR, local } from '../base/time.ts'
import type { Around } from '../engine/rule.ts'
import { SIGHTING_KINDS, type Sighting } from '../engine/sighting.ts'
import { ACTIONS, Event, FIELDS, PLACE_LEVELS, type Field, type Place, type PlaceLevel } from '../telemetry/event.ts'
import { FIELD_RULES } from '../telemetry/validate.ts'
import type { Warning } from '../warnings/warning.ts'
import { environment } from './cel.ts'

type Seen = Event | Sighting

/** A name that a condition may use, and what it stands for. */
export interface Word {
  /** As CEL writes it; `dyn` where it may be absent. */
  type: string
  /** What its values are, for literals that are compared with it. */
  is: 'text' | 'number' | 'boolean' | 'other'
  /** The only values there are. */
  values?: readonly string[]
  /** The field that a platform must send, if its absence is to say anything. */
  field?: Field
  /** Null: absent. Undefined: not known. */
  read(seen: Seen, around: Around): unknown
}

/** What a kind of condition may speak of. */
export interface Vocabulary {
  /** As a message calls what it speaks of. */
  about: string
  words: ReadonlyMap<string, Word>
  env: Environment
}

/** What is absent is null, where the platform is known to send it at all: else nobody knows. */
function absent(value: unknown, field: Field, { sends }: Around): unknown {
  if (value !== undefined) return value
  return sends(field) ? null : undefined
}

function fieldWord(name: Field): Word {
  const rule = FIELD_RULES.find((r) => r.name === name)
  const is = rule?.type === 'boolean' ? 'boolean' : rule?.type === 'string' ? 'text' : 'number'
  return {
    type: 'dyn', is, field: name, ...(rule?.words ? { values: [...rule.words.keys()] } : {}),
    read: (seen, around) => absent((seen as unknown as Record<string, unknown>)[name], name, around),
  }
}

/** What is always there. */
function sureWord(name: 'id' | 'action' | 'platform' | 'learner' | 'kind', values?: readonly string[]): Word {
  return { type: 'string', is: 'text', values, read: (seen) => (seen as unknown as Record<string, unknown>)[name] }
}

const TIMESTAMP = 'google.protobuf.Timestamp'

const placeWord: Word = { type: 'place', is: 'other', field: 'ip', read: (seen) => seen.place ?? {} }

/** The local day and clock: in the class's time zone, else with the offset that an event's own time was written with. */
function clockWord(of: (day: number, clock: number) => number): Word {
  return {
    type: 'dyn', is: 'number',
    read(seen, { catalogue }) {
      const zone = catalogue.classOf(seen)?.timeZone
      if (zone === undefined && !(seen instanceof Event)) return undefined
      const { day, clock } = local(seen.time, zone, seen instanceof Event ? seen.offset : 0)
      return of(day, clock)
    },
  }
}

const common: Record<string, Word> = {
  platform: sureWord('platform'),
  learner: sureWord('learner'),
  time: { type: TIMESTAMP, is: 'other', read: (seen) => new Date(seen.time) },
  hour: clockWord((_, clock) => Math.floor(clock / HOUR)),
  // 1970-01-01 was a Thursday; Monday is 1, as in ISO 8601.
  weekday: clockWord((day) => ((((day + 3) % 7) + 7) % 7) + 1),
  place: placeWord,
}

const eventWords: Record<string, Word> = {
  id: sureWord('id'),
  action: sureWord('action', ACTIONS),
  ...Object.fromEntries(FIELDS.map((f) => [f, fieldWord(f)])),
  received: { type: 'dyn', is: 'other', field: 'received', read: (seen, around) => absent(seen instanceof Event && seen.received !== undefined ? new Date(seen.received) : undefined, 'received', around) },
  ...common,
}

const SIGHTING_FIELDS = ['class', 'course', 'chapter', 'session', 'device', 'account', 'ip', 'muted', 'inputs'] as const satisfies readonly (Field & keyof Sighting)[]

// Rules of one's own do not look over photos, which alone are `checked`.
const sightingWords: Record<string, Word> = {
  id: sureWord('id'),
  kind: sureWord('kind', SIGHTING_KINDS.filter((kind) => kind !== 'checked')),
  ...Object.fromEntries(SIGHTING_FIELDS.map((f) => [f, fieldWord(f)])),
  ...common,
}

/** What `scope` may speak of; what is absent is null there, whoever sends it. */
const scopeWords: Record<string, Word> = {
  platform: sureWord('platform'),
  learner: sureWord('learner'),
  ...Object.fromEntries((['class', 'course', 'ip'] as const).map((name): [string, Word] => [name, { type: 'dyn', is: 'text', read: (seen) => seen[name] ?? null }])),
}

function vocabulary(about: string, words: Record<string, Word>): Vocabulary {
  const env = environment()
  for (const [name, { type }] of Object.entries(words)) {
    if (type === 'place') env.registerVariable({ name, schema: PLACE })
    else env.registerVariable(name, type)
  }
  return { about, words: new Map(Object.entries(words)), env }
}

const PLACE = {
  kind: 'string', country: 'string', province: 'string', provinceCode: 'string', city: 'string', holder: 'string', asn: 'double', latitude: 'double', longitude: 'double',
} as const satisfies Record<keyof Place, string>

export const PLACE_WORDS = Object.keys(PLACE)

/** How well an address must be located for a member of `place` to be known. */
export const LEVEL_OF: Readonly<Record<string, PlaceLevel>> = {
  ...Object.fromEntries(PLACE_LEVELS.map((l) => [l, l])), provinceCode: 'province', asn: 'holder', latitude: 'city', longitude: 'city',
}

export const events = vocabulary('a condition on events', eventWords)
export const sightings = vocabulary('a condition on sightings', sightingWords)
export const scopes = vocabulary('`scope`', scopeWords)

function warningEnvironment(): Environment {
  const env = environment()
    .registerVariable({ name: 'subject', schema: { kind: 'string', platform: 'string', id: 'string' } })
    .registerVariable({ name: 'evidence', schema: { events: 'list<string>', count: 'int' } })
    .registerVariable({ name: 'summary', schema: { en: 'string', zh: 'string' } })
    .registerVariable('revision', 'int')
    .registerVariable('facts', 'map')
    .registerVariable('coverage', 'map')
  for (const text of ['id', 'episode', 'rule', 'detector', 'ruleVersion', 'context', 'severity', 'response', 'begin', 'end', 'raised', 'case']) env.registerVariable(text, 'string')
  for (const maybe of ['why', 'class', 'course', 'reasons']) env.registerVariable(maybe, 'dyn')
  for (const list of ['basis', 'learners', 'disputed']) env.registerVariable(list, 'list<map>')
  for (const list of ['institutions', 'chapters']) env.registerVariable(list, 'list<string>')
  return env
}

/** What `unless` may speak of: its words are members of the warning. */
export const warnings: Vocabulary = { about: '`unless`', words: new Map(), env: warningEnvironment() }

/** The members of a warning as `unless` sees them. */
export function warningFacts(w: Warning): Record<string, unknown> {
  return {
    ...w,
    revision: BigInt(w.revision),
    evidence: { events: w.evidence.events, count: BigInt(w.evidence.count) },
    why: w.why ?? null,
    class: w.class ?? null,
    course: w.course ?? null,
    reasons: w.reasons ?? null,
  }
}
