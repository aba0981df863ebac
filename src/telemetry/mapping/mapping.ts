import { didYouMean } from '../../base/problems.ts'
import type { Adapted } from '../adapters/adapter.ts'
import type { RowMapper } from '../rows.ts'
import type { FieldName, MappingFile, When } from './schema.ts'
import type { JoinTable } from './joins.ts'
import { asText, fieldReader, momentReader, pathsOf, specOf, usualOf, type Around, type Found, type ReadValue, type Row, type Spec, type Usual } from './values.ts'

interface Clause {
  holds(row: Row): boolean
}

interface OneEvent {
  when: Clause | undefined
  fields: readonly (readonly [name: FieldName, read: ReadValue])[]
  time: ReturnType<typeof momentReader> | undefined
  /** Fields that are written as a share of the length. */
  shares: readonly FieldName[]
  action: Spec | undefined
  hasId: boolean
}

/** Brings records of any table or JSON to canonical events, as a mapping says. Pure: the same record and the same joined rows give the same events. */
export class Mapping implements RowMapper {
  readonly name = 'the mapping'
  readonly file: MappingFile
  /** Columns and paths that are read, each with those that serve as well. */
  readonly reads: readonly (readonly string[])[]
  private readonly usual: Usual
  private readonly events: readonly OneEvent[]
  private readonly ignored: readonly { verb: string; clause: Clause }[]
  readonly joins: ReadonlyMap<string, JoinTable>

  /** `joins` are those of `file`, by name, with their rows. */
  constructor(file: MappingFile, joins: ReadonlyMap<string, JoinTable>) {
    this.file = file
    this.joins = joins
    this.usual = usualOf(file)
    this.reads = readsOf(file)
    this.ignored = file.ignore.map((when) => ({ verb: verbOf(when), clause: clauseOf(when, this.usual) }))
    this.events = (file.events ?? [{ fields: {}, when: undefined }]).map((e) => this.eventOf({ ...file.fields, ...e.fields }, e.when, e.fields.id !== undefined))
  }

  private eventOf(fields: MappingFile['fields'], when: When | undefined, hasId: boolean): OneEvent {
    const specs = Object.entries(fields).flatMap(([name, source]) => (source === undefined ? [] : [[name as FieldName, specOf(source)] as const]))
    const of = (name: FieldName) => specs.find(([n]) => n === name)?.[1]
    const time = of('time')
    return {
      when: when === undefined ? undefined : clauseOf(when, this.usual),
      fields: specs.map(([name, spec]) => [name, fieldReader(name, spec, this.usual)]),
      time: time === undefined ? undefined : momentReader('time', time, this.usual),
      shares: specs.filter(([name, { unit }]) => unit === 'percent' && name !== 'similarity').map(([name]) => name),
      action: of('action'),
      hasId,
    }
  }

  lacks(columns: readonly string[]): { message: string; mend?: string }[] {
    const missing = this.reads.filter((paths) => !paths.some((p) => columns.includes(p)))
    const twice = this.reads.flat().filter((p) => columns.indexOf(p) !== columns.lastIndexOf(p))
    return [
      ...[...new Set(missing.map((paths) => paths.join('`, `')))].map((name) => ({ message: `there is no column \`${name}\``, mend: didYouMean(name, columns) ?? `there are ${columns.map((c) => `\`${c}\``).join(', ')}` })),
      ...[...new Set(twice)].map((name) => ({ message: `the column \`${name}\` is there twice`, mend: 'rename one of them in the file' })),
    ]
  }

  /** The outcomes of one record. `platform` is what the user named, or empty; `digest` names a record without id. */
  map(row: Row, platform: string, digest: () => string): Adapted[] {
    const skip = this.ignored.find(({ clause }) => clause.holds(row))
    if (skip) return [{ kind: 'ignored', verb: skip.verb }]
    const due = this.events.map((event, i) => ({ event, i })).filter(({ event }) => event.when?.holds(row) ?? true)
    if (due.length === 0) return [{ kind: 'reject', reason: 'unknown-action', message: 'the mapping has no event for this record: no `when` holds; what is not used goes under `ignore`' }]
    return due.map(({ event, i }) => this.one(event, i, row, platform, digest))
  }

  private one(event: OneEvent, i: number, row: Row, platform: string, digest: () => string): Adapted {
    const alone: Around = { row, joined: () => undefined }
    let at: number | undefined
    const around: Around = {
      row,
      joined: (name) => {
        if (at === undefined) {
          const moment = event.time?.(alone)
          at = moment !== undefined && 'ms' in moment ? moment.ms : Infinity
        }
        return this.joins.get(name)?.find(alone, at)
      },
    }
    const verb = ignoredVerb(event.action, around, this.usual)
    if (verb !== undefined) return { kind: 'ignored', verb }
    const fields: Record<string, unknown> = {}
    for (const [name, read] of event.fields) {
      const found: Found = read(around)
      if (found === undefined) continue
      if ('reason' in found) return { kind: 'reject', ...found }
      fields[name] = found.value
    }
    for (const name of event.shares) {
      if (fields[name] === undefined) continue
      if (typeof fields.length !== 'number') delete fields[name]
      else fields[name] = (fields[name] as number) * fields.length
    }
    fields.platform ??= this.file.platform ?? (platform === '' ? undefined : platform)
    // Several events of one record would else have one id.
    if (fields.id === undefined || !event.hasId) fields.id = `${(fields.id as string | undefined) ?? digest()}${this.events.length > 1 ? `#${i + 1}` : ''}`
    return { kind: 'event', fields }
  }
}

function ignoredVerb(spec: Spec | undefined, around: Around, usual: Usual): string | undefined {
  if (spec?.ignore === undefined) return undefined
  const found = fieldReader('action', { ...spec, map: undefined }, usual)(around)
  if (found === undefined || !('value' in found)) return undefined
  const word = String(found.value)
  if (spec.ignore !== '*') return spec.ignore.includes(word) ? word : undefined
  return spec.map !== undefined && (Object.hasOwn(spec.map, word) || Object.hasOwn(spec.map, '*')) ? undefined : word
}

function clauseOf(when: When, { absent, reader }: Usual): Clause {
  const tests = Object.entries(when).map(([path, condition]): ((row: Row) => boolean) => {
    const read = reader(path)
    const value = (row: Row): string | undefined => {
      const at = read(row)
      const text = (asText(at) ?? (at === undefined || at === null ? '' : JSON.stringify(at))).trim()
      return text === '' || absent.has(text) ? undefined : text
    }
    if (typeof condition !== 'object' || Array.isArray(condition)) {
      const words = wordsOf(condition)
      return (row) => words.has(value(row) ?? '')
    }
    const { present, not } = condition
    const words = not === undefined ? undefined : wordsOf(not)
    return (row) => {
      const at = value(row)
      return (present === undefined || (at !== undefined) === present) && (words === undefined || at === undefined || !words.has(at))
    }
  })
  return { holds: (row) => tests.every((test) => test(row)) }
}

function wordsOf(condition: string | number | boolean | readonly (string | number | boolean)[]): ReadonlySet<string> {
  return new Set((Array.isArray(condition) ? condition : [condition as string]).map(String))
}

function verbOf(when: When): string {
  return Object.entries(when).map(([path, condition]) => `${path}: ${typeof condition === 'object' ? JSON.stringify(condition) : String(condition)}`).join(', ')
}

/** What the log's own records are read for: columns and paths, each with its alternatives. */
function readsOf(file: MappingFile): string[][] {
  const reads: string[][] = []
  const add = (source: Parameters<typeof specOf>[0] | undefined) => {
    const spec = source === undefined ? undefined : specOf(source)
    if (spec === undefined || spec.join !== undefined) return
    if (spec.text === undefined) reads.push(pathsOf(spec))
    else reads.push(...pathsOf(spec).map((path) => [path]))
  }
  for (const fields of [file.fields, ...(file.events ?? []).map((e) => e.fields)]) for (const source of Object.values(fields)) add(source)
  for (const { by } of Object.values(file.joins)) add(by)
  for (const when of [...file.ignore, ...(file.events ?? []).map((e) => e.when ?? {})]) reads.push(...Object.keys(when).map((path) => [path]))
  return reads.filter((paths) => paths.length > 0)
}

/** What the rows of a join are read for, besides its key and time. */
export function neededOf(file: MappingFile, join: string): string[] {
  const specs = [file.fields, ...(file.events ?? []).map((e) => e.fields)].flatMap((fields) => Object.values(fields)).flatMap((source) => (source === undefined ? [] : [specOf(source)]))
  return [...new Set(specs.filter((s) => s.join === join).flatMap(pathsOf))]
}

