import { InvigilError, type Problem } from '../base/errors.ts'
import { canonicalJson } from '../base/hash.ts'
import { formatTime, parseDuration, parseTime, type Ms } from '../base/time.ts'
import { buildEvent } from '../telemetry/build.ts'
import { ACTIONS, FIELDS, PLAYBACK, eventSchema, type Event, type Place } from '../telemetry/event.ts'
import { FIELD_RULES, type FieldRule } from '../telemetry/validate.ts'
import { didYouMean } from '../base/problems.ts'

/** What a test does, in the order of its lines. */
export type Step = { kind: 'event'; event: Event } | { kind: 'mark'; time: Ms }

/** What is wrong in a `given` text, and the offset of the character where. */
export interface GivenProblem extends Pick<Problem, 'message' | 'mend'> {
  offset: number
}

export interface GivenOptions {
  /** `2026-03-02`: the day of lines that give only a time. */
  date: string
  /** The platform of lines that name none. */
  platform: string
  places: Readonly<Record<string, Place>>
}

interface Token {
  text: string
  offset: number
}

const WRITABLE = ['id', 'platform', ...FIELDS]

/**
 * Reads `08:00:10 played L1 chapter=c2 position=0` and `mark 08:05:00` lines; `#` begins a comment, quotes hold values with
 * spaces, a time may be a full date-time, times without an offset are UTC. Lines without `id=` are `e1`, `e2`, … by line.
 * `repeat=400 every=1s` makes a line many events.
 */
export function parseGiven(text: string, options: GivenOptions): { steps: Step[]; problems: GivenProblem[] } {
  const steps: Step[] = []
  const problems: GivenProblem[] = []
  let offset = 0
  text.split('\n').forEach((line, i) => {
    const tokens = tokensOf(line, offset, problems)
    offset += line.length + 1
    const [first] = tokens
    if (!first) return
    if (first.text === 'mark') steps.push(...markOf(tokens, options, problems))
    else steps.push(...eventsOf(tokens, `e${i + 1}`, options, problems))
  })
  return { steps, problems }
}

const TOKEN = /\s*(?:(#.*)$|((?:[^\s"#]|"(?:[^"\\]|\\.)*"|(?<=\S)#)+)|(\S.*))/gy

function tokensOf(line: string, offset: number, problems: GivenProblem[]): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  for (let m = TOKEN.exec(line.trimEnd()); m; m = TOKEN.exec(line.trimEnd())) {
    const at = offset + m.index + (m[0].length - m[0].trimStart().length)
    if (m[2] !== undefined) tokens.push({ text: m[2], offset: at })
    if (m[3] !== undefined) problems.push({ message: 'a quote that is not closed', offset: at })
  }
  return tokens
}

function timeOf(token: Token | undefined, end: number, { date }: GivenOptions, problems: GivenProblem[]): string | undefined {
  if (token) {
    const full = /^\d{4}-/.test(token.text) ? token.text : `${date}T${token.text}`
    const time = /(?:Z|[+-]\d\d:\d\d)$/.test(full) ? full : `${full}Z`
    if (parseTime(time) !== undefined) return time
  }
  const message = token ? `\`${token.text}\` is not a time` : 'no time'
  problems.push({ message, mend: 'write it like `08:00:00`, `08:00:00.250` or `2026-03-03T08:00:00`', offset: token?.offset ?? end })
  return undefined
}

function endOf(token: Token): number {
  return token.offset + token.text.length
}

function markOf(tokens: readonly Token[], options: GivenOptions, problems: GivenProblem[]): Step[] {
  const [word, at, more] = tokens as [Token, Token | undefined, Token | undefined]
  if (more) problems.push({ message: `\`${more.text}\` is one word too many`, offset: more.offset })
  const time = timeOf(at, endOf(word), options, problems)
  return time === undefined ? [] : [{ kind: 'mark', time: parseTime(time) as Ms }]
}

function eventsOf(tokens: readonly Token[], id: string, options: GivenOptions, problems: GivenProblem[]): Step[] {
  const before = problems.length
  const [at, action, learner, ...fields] = tokens as [Token, Token | undefined, Token | undefined, ...Token[]]
  const time = timeOf(at, at.offset, options, problems)
  if (!action) problems.push({ message: 'no action', offset: endOf(at) })
  else if (!(ACTIONS as readonly string[]).includes(action.text)) {
    problems.push({ message: `unknown action \`${action.text}\``, mend: didYouMean(action.text, ACTIONS), offset: action.offset })
  }
  if (action && (!learner || /^[a-z]+=/.test(learner.text))) {
    problems.push({ message: 'no learner', mend: 'it stands after the action', offset: learner?.offset ?? endOf(action) })
  }
  const wire: Record<string, unknown> = { id, time, action: action?.text, platform: options.platform, learner: learner && unquote(learner.text) }
  const repeat: Repeat = { times: 1, every: 0 }
  for (const field of fields) if (!readRepeat(field, repeat, problems)) readField(field, wire, problems)
  if (action && PLAYBACK.has(action.text) && wire.chapter === undefined) {
    problems.push({ message: `\`${action.text}\` needs a \`chapter=\``, offset: action.offset })
  }
  if (problems.length > before) return []
  return Array.from({ length: repeat.times }, (_, n): Step => ({ kind: 'event', event: toEvent(n === 0 ? wire : again(wire, n, repeat), options.places) }))
}

interface Repeat {
  times: number
  every: Ms
}

const MOST_TIMES = 10_000

/** Reads `repeat=` and `every=`; false if the token is neither. */
function readRepeat({ text, offset }: Token, repeat: Repeat, problems: GivenProblem[]): boolean {
  const [name, value] = text.split('=') as [string, string | undefined]
  if (name === 'repeat') {
    repeat.times = Number(value)
    if (!Number.isInteger(repeat.times) || repeat.times < 1 || repeat.times > MOST_TIMES) {
      problems.push({ message: `\`repeat\` cannot be \`${value}\``, mend: `a whole number from 1 to ${MOST_TIMES}`, offset })
      repeat.times = 1
    }
    return true
  }
  if (name !== 'every') return false
  const every = parseDuration(value ?? '')
  if (every === undefined) problems.push({ message: `\`every\` cannot be \`${value}\``, mend: 'a duration such as `15s`', offset })
  repeat.every = every ?? 0
  return true
}

/** The line's event once more: `n` steps later, with an id of its own. */
function again(wire: Readonly<Record<string, unknown>>, n: number, { every }: Repeat): Record<string, unknown> {
  const time = parseTime(wire.time as string) as Ms
  return { ...wire, id: `${String(wire.id)}.${n + 1}`, time: formatTime(time + n * every) }
}

function readField(token: Token, wire: Record<string, unknown>, problems: GivenProblem[]): void {
  const { text, offset } = token
  const at = text.indexOf('=')
  if (at <= 0) {
    problems.push({ message: `\`${text}\` is not a field`, mend: 'write `name=value`', offset })
    return
  }
  const name = text.slice(0, at)
  if (!WRITABLE.includes(name)) {
    problems.push({ message: `unknown field \`${name}\``, mend: didYouMean(name, WRITABLE), offset })
    return
  }
  const written = unquote(text.slice(at + 1))
  const rule = FIELD_RULES.find((r) => r.name === name) as FieldRule
  const value = typed(written, rule)
  const isGood = eventSchema.shape[rule.name].safeParse(value).success && (name !== 'received' || parseTime(written) !== undefined)
  // An empty text counts as absent, as in telemetry.
  if (isGood) wire[name] = value === '' ? undefined : value
  else problems.push({ message: `\`${name}\` cannot be \`${written}\``, mend: hint(rule), offset: offset + at + 1 })
}

function unquote(text: string): string {
  return text.replaceAll(/"((?:[^"\\]|\\.)*)"/g, (_, inner: string) => inner.replaceAll(/\\(.)/g, '$1'))
}

function typed(written: string, { type }: FieldRule): unknown {
  if (type === 'number' || type === 'integer') return /^-?\d+(\.\d+)?$/.test(written) ? Number(written) : written
  if (type === 'boolean') return written === 'true' ? true : written === 'false' ? false : written
  return written
}

function hint({ name, type, words, minimum, exclusiveMinimum, maximum }: FieldRule): string | undefined {
  if (name === 'received') return 'an RFC 3339 time such as `2026-03-02T08:00:00Z`'
  if (words) return `one of ${[...words.keys()].map((w) => `\`${w}\``).join(', ')}`
  if (type === 'boolean') return '`true` or `false`'
  if (type === 'string') return undefined
  const least = exclusiveMinimum > -Infinity ? ` above ${exclusiveMinimum}` : minimum > -Infinity ? ` from ${minimum}` : ''
  return `${type === 'integer' ? 'a whole number' : 'a number'}${least}${maximum < Number.MAX_SAFE_INTEGER ? ` to ${maximum}` : ''}`
}

function toEvent(wire: Record<string, unknown>, places: Readonly<Record<string, Place>>): Event {
  const event = buildEvent(wire, canonicalJson(wire))
  if ('reason' in event) throw new InvigilError('invariant', `a line that was found good is no event: ${event.message}`)
  if (event.ip !== undefined) event.place = places[event.ip] ?? { kind: 'public' }
  return event
}
