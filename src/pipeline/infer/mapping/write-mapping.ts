import { printable } from '../../../base/printable.ts'
import { ACTIONS } from '../../../telemetry/event.ts'
import type { FieldName, UNITS } from '../../../telemetry/mapping/schema.ts'
import { USUAL_FORMATS } from '../../../telemetry/mapping/times.ts'
import { clipped } from '../../check/fields.ts'
import { scalar } from '../yaml.ts'
import type { Column } from './columns.ts'
import type { Guess, Role } from './guess.ts'
import type { Head } from './head.ts'
import { actionOf, outcomeOf, wordsOf } from './names.ts'

type Unit = (typeof UNITS)[number]

const FIELDS: readonly FieldName[] = [
  'id', 'received', 'learner', 'platform', 'account', 'session', 'device', 'agent', 'ip', 'class', 'course', 'chapter', 'video', 'position', 'from', 'to', 'length', 'rate', 'visible', 'muted', 'inputs',
  'item', 'correct', 'elapsed', 'challenge', 'outcome', 'photo', 'similarity',
]
const LONGEST_EXAMPLE = 40
const MOST_CANDIDATES = 4
const CHINESE = /\p{Script=Han}/u

export interface Drafted {
  text: string
  /** What somebody must still say, in words. */
  left: string[]
}

/** The draft of a mapping: each line with what it was told from; what could not be told is a `TODO`. */
export function writeMapping(head: Head, columns: readonly Column[], guesses: ReadonlyMap<Role, Guess>, platform: string | undefined): Drafted {
  const draft = new Draft(head, columns, guesses, platform)
  return { text: draft.text(), left: draft.left }
}

class Draft {
  readonly left: string[] = []
  private readonly head: Head
  private readonly columns: readonly Column[]
  private readonly guesses: ReadonlyMap<Role, Guess>
  private readonly platform: string | undefined

  constructor(head: Head, columns: readonly Column[], guesses: ReadonlyMap<Role, Guess>, platform: string | undefined) {
    this.head = head
    this.columns = columns
    this.guesses = guesses
    this.platform = platform
  }

  text(): string {
    const { name, rows } = this.head
    const lines = [
      `# Drafted by \`invigil infer\` from the first ${rows.length} records of ${scalar(name)}. Read it: each line says from what it was told.`,
      '# What could not be told is marked TODO. `invigil check --mapping` then tells what becomes of the records.',
      ...this.fileLines(), '', 'fields:', ...this.fieldLines(), ...this.eventLines(), ...this.unusedLines(),
    ]
    return `${lines.join('\n')}\n`
  }

  private todo(what: string): string {
    this.left.push(what)
    // A name of a column may be anything, and a comment ends with its line.
    return `TODO: ${printable(what)}`
  }

  private fileLines(): string[] {
    const { format, encoding, also, isMarked, delimiter, holder } = this.head
    const lines = [`format: ${format}`]
    if (!isMarked && encoding !== 'utf-8') lines.push(`encoding: ${encoding}   # the bytes are no UTF-8, and fit ${[encoding, ...also].join(' and ')}${also.length > 0 ? `; where characters are wrong, try ${also.join(', ')}` : ''}`)
    if (delimiter !== undefined && delimiter !== ',') lines.push(`delimiter: ${delimiter === '\t' ? '"\\t"' : JSON.stringify(delimiter)}`)
    if (holder !== undefined && holder !== 'statements') lines.push(`records: ${scalar(holder)}   # the key under which the list of records stands`)
    if (!this.guesses.has('platform')) lines.push(this.platform === undefined ? `# platform: p1   # ${this.todo('which platform it is of: name it here')}` : `platform: ${scalar(this.platform)}`)
    return [...lines, ...this.zoneLines()]
  }

  private zoneLines(): string[] {
    const times = (['time', 'begin', 'end', 'received'] as const).flatMap((role) => this.guesses.get(role)?.column.times ?? [])
    if (!times.some((t) => t.needsZone)) return []
    const isChinese = this.columns.some((c) => CHINESE.test(c.path) || [...c.values.keys()].some((v) => CHINESE.test(v)))
    if (isChinese) return [`timeZone: Asia/Shanghai   # times name no zone, and the log is in Chinese; ${this.todo('confirm the time zone')}`]
    return [`# timeZone: Asia/Shanghai   # ${this.todo('times name no zone: say which they are in')}`]
  }

  private fieldLines(): string[] {
    const lines: string[] = []
    const { guesses } = this
    const isSplit = this.isSplit
    if (!isSplit) lines.push(...this.timeLines('time', guesses.get('time') ?? guesses.get('begin') ?? guesses.get('end'), '  '), ...this.actionLines())
    for (const field of FIELDS) {
      const guess = guesses.get(field)
      if (guess !== undefined && field === 'position' && isSplit) continue
      if (guess !== undefined) lines.push(...(field === 'received' ? this.timeLines('received', guess, '  ') : this.fieldLine(field, guess)))
      else if (field === 'learner') lines.push(`  # learner: …   # ${this.todo(`who it is of${this.candidates((c) => c.distinct > 1 && c.times.length === 0)}`)}`)
      else if (field === 'chapter' && !guesses.has('chapter')) lines.push(...this.chapterLines())
    }
    return lines
  }

  private chapterLines(): string[] {
    const video = this.guesses.get('video')
    if (video !== undefined) return [`  chapter: ${scalar(video.column.path)}   # there is no column of chapters: the video is the chapter`]
    return [`  # chapter: …   # ${this.todo(`which chapter is played${this.candidates((c) => c.distinct > 1 && c.times.length === 0 && !c.kinds.has('ip'))}`)}`]
  }

  private fieldLine(field: FieldName, guess: Guess): string[] {
    const { column } = guess
    const unit = unitOf(field, column)
    const told = this.toldOf(guess)
    const extras = [...(unit === undefined ? [] : [`unit: ${unit}`]), ...(field === 'rate' && !column.kinds.has('number') ? [`pattern: '([0-9.]+)'`] : []), ...mapOf(field, column)]
    const from = scalar(column.path)
    if (field === 'length' && this.isSplit) return [`  # length: ${from}   # ${this.todo(`whether \`${column.path}\` is how long the media are; not if it is how long somebody studied`)}; ${told}`]
    const isShare = unit === 'percent' && field !== 'similarity'
    if (isShare && (this.isSplit || !this.guesses.has('length'))) return [`  # ${field}: { from: ${from}, unit: percent }   # ${this.todo(`\`${column.path}\` is a share of how long the media are: say where their \`length\` stands`)}; ${told}`]
    // Two people of one name would share an account.
    if (field === 'account' && /name|名/.test(wordsOf(column.path))) return [`  # account: ${from}   # ${this.todo(`whether \`${column.path}\` is the login name; not if it is the name of the person`)}; ${told}`]
    return [`  ${field}: ${extras.length === 0 ? from : `{ from: ${from}, ${extras.join(', ')} }`}   # ${told}`]
  }

  private timeLines(field: 'time' | 'received', guess: Guess | undefined, indent: string): string[] {
    if (guess === undefined) return [`${indent}# ${field}: …   # ${this.todo(`when it happened${this.candidates((c) => c.distinct > 1)}`)}`]
    const [format, ...others] = guess.column.times.map((t) => t.format)
    const from = scalar(guess.column.path)
    const told = this.toldOf(guess)
    // A day and a month that were taken for each other would be found by nobody: until somebody says which, there is no time.
    if (others.length > 0) return [`${indent}# ${field}: { from: ${from}, format: ${scalar(format as string)} }   # ${this.todo(`\`${guess.column.path}\` can be read as ${guess.column.times.map((t) => `\`${t.format}\``).join(' or ')}: take one of them`)}; ${told}`,
      ...others.map((other) => `${indent}# ${field}: { from: ${from}, format: ${scalar(other)} }`)]
    return [format !== undefined && isUsualFormat(format) ? `${indent}${field}: ${from}   # ${told}` : `${indent}${field}: { from: ${from}, format: ${scalar(format ?? 'rfc3339')} }   # ${told}`]
  }

  private actionLines(): string[] {
    const guess = this.guesses.get('action')
    const sign = this.guesses.has('position') ? '' : '# '
    if (guess === undefined) return [`  ${sign}action: { constant: heartbeat }   # ${this.todo(`what happened${this.candidates((c) => c.distinct > 1 && c.distinct <= 50 && !c.kinds.has('number'))}${sign === '' ? '; as it is, each record says that the chapter is playing' : ''}`)}`]
    const { values, path } = guess.column
    const words = [...values].sort(([, a], [, b]) => b - a)
    if (words.every(([word]) => (ACTIONS as readonly string[]).includes(word))) return [`  action: ${scalar(path)}   # ${this.toldOf(guess)}`]
    const lines = words.map(([word, n]) => {
      const action = (ACTIONS as readonly string[]).includes(word) ? word : actionOf(word)
      const count = `${n} record${n === 1 ? '' : 's'}`
      return action === undefined ? `      # ${scalar(word)}: …   # ${count}; ${this.todo(`what \`${clipped(word, LONGEST_EXAMPLE)}\` is: one of the actions, or a word under \`ignore\``)}` : `      ${scalar(word)}: ${action}   # ${count}`
    })
    return ['  action:', `    from: ${scalar(path)}   # ${this.toldOf(guess)}`, lines.every((line) => line.trimStart().startsWith('#')) ? '    # map:' : '    map:', ...lines]
  }

  /** A row that says when something began and when it ended is two events. */
  private get isSplit(): boolean {
    return this.guesses.has('begin') && this.guesses.has('end') && !this.guesses.has('action')
  }

  private eventLines(): string[] {
    if (!this.isSplit) return []
    const position = this.guesses.get('position')
    return [
      '# A row says when study began and when it ended: it becomes an event for each. Where it began in the media is not known.', 'events:',
      '  - fields:', ...this.timeLines('time', this.guesses.get('begin'), '      '), '      action: { constant: played }',
      '  - fields:', ...this.timeLines('time', this.guesses.get('end'), '      '), '      action: { constant: paused }', ...(position === undefined ? [] : this.fieldLine('position', position).map((line) => `    ${line}`)),
    ]
  }

  private unusedLines(): string[] {
    const used = new Set([...this.guesses.values()].map((g) => g.column))
    const unused = this.columns.filter((c) => !used.has(c) && c.filled > 0)
    return unused.length === 0 ? [] : ['', '# Not used:', ...unused.map((c) => `#   ${scalar(c.path)}: ${examplesOf(c)}`)]
  }

  private toldOf({ column, by, rivals, isSure }: Guess): string {
    const why = { name: 'by its name', values: 'by its values', both: 'by its name and values' }[by]
    const doubt = rivals.length > 0 ? `; ${this.todo(`\`${column.path}\` or ${rivals.slice(0, MOST_CANDIDATES).map((r) => `\`${r}\``).join(', ')}?`)}` : isSure ? '' : ', not sure'
    const empty = column.filled < column.of ? `, in ${column.filled} of ${column.of}` : ''
    return `${why}${empty}: ${examplesOf(column)}${doubt}`
  }

  private candidates(is: (column: Column) => boolean): string {
    const used = new Set([...this.guesses.values()].map((g) => g.column))
    const names = this.columns.filter((c) => !used.has(c) && c.filled > 0 && is(c)).slice(0, MOST_CANDIDATES).map((c) => `\`${c.path}\``)
    return names.length === 0 ? '' : `, perhaps ${names.join(', ')}`
  }
}

function isUsualFormat(format: string): boolean {
  return (USUAL_FORMATS as readonly string[]).includes(format)
}

function examplesOf({ values }: Column): string {
  return [...values.keys()].slice(0, 3).map((v) => scalar(clipped(v, LONGEST_EXAMPLE))).join(', ')
}

/** Far beyond what a chapter lasts in seconds. */
const MANY_SECONDS = 100_000

function unitOf(field: FieldName, { path, kinds, largest }: Column): Unit | undefined {
  if (!['position', 'from', 'to', 'length', 'elapsed', 'similarity'].includes(field)) return undefined
  const words = wordsOf(path)
  if (kinds.has('percent') || /percent|百分比|%$/.test(words)) return 'percent'
  if (field === 'similarity') return largest > 1 ? 'percent' : undefined
  if (kinds.has('clock')) return 'clock'
  if (kinds.has('iso')) return 'iso'
  if (/\b(?:ms|msec|millis|milliseconds)$|毫秒/.test(words) || largest > MANY_SECONDS) return 'ms'
  return /\b(?:min|mins|minutes)$|分钟/.test(words) ? 'min' : undefined
}

function mapOf(field: FieldName, { values, kinds }: Column): string[] {
  if (field !== 'outcome' || kinds.has('number')) return []
  const words = [...values.keys()].flatMap((word) => {
    const outcome = outcomeOf(word)
    return outcome === undefined ? [] : [`${scalar(word)}: ${outcome}`]
  })
  return words.length === 0 ? [] : [`map: { ${words.join(', ')} }`]
}
