import { RE2JS, RE2JSException } from 're2js'
import type { z } from 'zod'
import { formatProblem, InvigilError, type Problem } from '../../base/errors.ts'
import { didYouMean, schemaProblems } from '../../base/problems.ts'
import { parseTree, partOf, valueOf, whereAt, type Tree } from '../../base/tree.ts'
import { RULE_OF } from '../validate.ts'
import { pathReader } from './paths.ts'
import { mappingSchema, type FieldName, type MappingFile, type SourceFile, type ActionFile } from './schema.ts'
import { timeReader } from './times.ts'
import { listOf, pathsOf, specOf, type Spec } from './values.ts'

type Path = readonly (string | number)[]

/**
 * Reads a mapping, written in YAML or JSON. Throws `bad-mapping` with everything that is wrong with it: where, what and how to mend it. `path`
 * names the text in messages.
 */
export function loadMapping(text: string, path: string): MappingFile {
  const { tree, problems } = parseTree(path, text)
  if (!tree) throw badMapping(path, problems.length > 0 ? problems : [{ file: path, message: 'the mapping is empty', mend: 'write `fields`' }])
  const parsed = mappingSchema.safeParse(valueOf(tree))
  if (parsed.success) problems.push(...new Check(parsed.data, tree, new Set()).problems)
  else problems.push(...schemaProblems(parsed.error.issues, tree, mappingSchema), ...problemsOfTheRest(tree, parsed.error.issues))
  if (problems.length > 0 || !parsed.success) throw badMapping(path, problems)
  return parsed.data
}

function badMapping(path: string, problems: Problem[]): InvigilError {
  const sorted = problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  const message = sorted.length === 1 ? formatProblem(sorted[0] as Problem) : `${sorted.length} problems in the mapping \`${path}\``
  return new InvigilError('bad-mapping', message, { problems: sorted })
}

/** What else is wrong, besides what the schema found: the mapping is looked at as if that were not there. */
function problemsOfTheRest(tree: Tree, issues: readonly z.core.$ZodIssue[]): Problem[] {
  const rest = valueOf(tree) as Record<string, unknown>
  const told = new Set<string>()
  for (const { path, code, ...issue } of issues) {
    for (const key of code === 'unrecognized_keys' ? (issue as { keys: string[] }).keys : ['']) {
      const at = code === 'unrecognized_keys' ? [...path, key] : path
      // What stands in a list would move the rest of it.
      if (at.some((step) => typeof step !== 'string')) return []
      const holder = at.slice(0, -1).reduce<unknown>((part, step) => (part as Record<string, unknown> | undefined)?.[String(step)], rest)
      if (typeof holder === 'object' && holder !== null) delete (holder as Record<string, unknown>)[String(at.at(-1))]
      told.add(String(at.at(-1)))
    }
  }
  const parsed = mappingSchema.safeParse(rest)
  return parsed.success ? new Check(parsed.data, tree, told).problems : []
}

/** What no schema can say: that the parts of a mapping fit together. */
class Check {
  readonly problems: Problem[] = []
  private readonly file: MappingFile
  private readonly tree: Tree
  private readonly told: ReadonlySet<string>

  /** `told`: names of which something was told already. */
  constructor(file: MappingFile, tree: Tree, told: ReadonlySet<string>) {
    this.file = file
    this.told = told
    this.tree = tree
    const { fields, events, joins, time } = file
    this.fields(fields, ['fields'])
    for (const [i, event] of (events ?? []).entries()) {
      this.fields(event.fields, ['events', i, 'fields'])
      for (const path of Object.keys(event.when ?? {})) this.path(path, ['events', i, 'when', path])
    }
    for (const [i, when] of file.ignore.entries()) for (const path of Object.keys(when)) this.path(path, ['ignore', i, path])
    for (const [name, join] of Object.entries(joins)) {
      this.path(join.key, ['joins', name, 'key'])
      this.source('session', join.by, ['joins', name, 'by'])
      if (join.time !== undefined) this.source('time', join.time, ['joins', name, 'time'])
      if (specOf(join.by).join !== undefined) this.say('a join cannot be looked up by another', 'name a column of the log', ['joins', name, 'by'])
      this.unused(name)
    }
    this.formats(time, ['time'])
    for (const [i, merged] of (events === undefined ? [{ at: ['fields'] as Path, fields }] : events.map((e, n) => ({ at: ['events', n] as Path, fields: { ...fields, ...e.fields } }))).entries()) this.whole(merged, events === undefined ? '' : ` in event ${i + 1}`)
  }

  private say(message: string, mend: string | undefined, at: Path): void {
    this.problems.push({ message, ...(mend === undefined ? {} : { mend }), ...whereAt(this.tree, at) })
  }

  private fields(fields: MappingFile['fields'], at: Path): void {
    for (const [name, source] of Object.entries(fields)) if (source !== undefined) this.source(name as FieldName, source, [...at, name])
  }

  private source(name: FieldName, source: SourceFile | ActionFile, at: Path): void {
    const spec = specOf(source)
    const { from, text, constant, join, unit, pattern, map, format, timeZone } = spec
    const given = [from, text, constant].filter((x) => x !== undefined).length
    if (given !== 1) this.say(`\`${name}\` ${given === 0 ? 'does not say where its value stands' : 'says more than once where its value stands'}`, 'one of `from`, `text`, `constant`', at)
    for (const path of pathsOf(spec)) this.path(path, [...at, text === undefined ? 'from' : 'text'])
    if (text !== undefined && !/\{[^{}]+\}/.test(text)) this.say('`text` names no column', 'write a column in braces, as `{course}`, or use `constant`', [...at, 'text'])
    if (join !== undefined && !Object.hasOwn(this.file.joins, join)) this.say(`no join \`${join}\``, didYouMean(join, Object.keys(this.file.joins)) ?? 'declare it under `joins`', [...at, 'join'])
    if (pattern !== undefined) this.pattern(pattern, [...at, 'pattern'])
    const rule = RULE_OF.get(name)
    const isTime = name === 'time' || name === 'received'
    if (isTime && join !== undefined && name === 'time') this.say('`time` cannot come from a join, which is looked up at that time', 'name a column of the log', [...at, 'join'])
    if (isTime && map !== undefined) this.say(`\`${name}\` is a time, which no \`map\` makes`, 'leave `map` out', [...at, 'map'])
    if (isTime && unit !== undefined) this.say(`\`${name}\` is a time, which has no \`unit\``, 'say `format: epoch-ms` or the like', [...at, 'unit'])
    if (!isTime && (format !== undefined || timeZone !== undefined)) this.say(`\`${name}\` is no time`, 'leave `format` and `timeZone` out', at)
    if (!isTime && unit !== undefined && rule?.type !== 'number') this.say(`\`${name}\` has no \`unit\``, 'leave it out', [...at, 'unit'])
    if (unit !== undefined && map !== undefined) this.say('`map` says what each value becomes, `unit` how to read it', 'keep one', [...at, 'unit'])
    this.formats(format, [...at, 'format'])
    this.words(name, spec, at)
  }

  /** Values that are written in the mapping itself must be good ones. */
  private words(name: FieldName, { constant, map }: Spec, at: Path): void {
    const rule = RULE_OF.get(name)
    const values = [...(constant === undefined ? [] : [['constant', constant] as const]), ...Object.entries(map ?? {})]
    for (const [key, value] of values) {
      const where = map !== undefined && key !== 'constant' ? [...at, 'map', key] : [...at, 'constant']
      const wanted = rule?.type === 'integer' ? 'number' : rule?.type
      if (wanted === 'string' && rule?.words && !rule.words.has(String(value))) this.say(`\`${name}\` cannot be \`${String(value)}\``, didYouMean(String(value), rule.words.keys()) ?? `one of ${[...rule.words.keys()].map((w) => `\`${w}\``).join(', ')}`, where)
      else if (wanted === 'number' && typeof value !== 'number') this.say(`\`${name}\` must be a number, not \`${String(value)}\``, undefined, where)
      else if (wanted === 'boolean' && typeof value !== 'boolean') this.say(`\`${name}\` must be \`true\` or \`false\`, not \`${String(value)}\``, undefined, where)
      else if (wanted === 'string' && typeof value !== 'string') this.say(`\`${name}\` must be text, not \`${String(value)}\``, 'write it in quotes', where)
    }
  }

  private path(path: string, at: Path): void {
    if (this.file.format === 'json' && pathReader(path) === undefined) this.say(`\`${path}\` is no path`, 'write it like `result.time`, `items[0].id` or `["a key.with dots"].id`', at)
  }

  private pattern(pattern: string, at: Path): void {
    try {
      RE2JS.compile(pattern)
    } catch (e) {
      if (!(e instanceof RE2JSException)) throw e
      this.say(`\`${pattern}\` is no regular expression: ${e.message.replace(/^error parsing regexp: /, '')}`, 'the syntax is that of RE2', at)
    }
  }

  private formats(written: string | string[] | undefined, at: Path): void {
    for (const [i, format] of listOf(written, []).entries()) {
      const reader = timeReader(format)
      if (typeof reader === 'string') this.say(`\`${format}\` is no time: ${reader}`, 'write it like `YYYY-MM-DD HH:mm:ss`, or `rfc3339`, `epoch-s`, `epoch-ms`', Array.isArray(written) ? [...at, i] : at)
    }
  }

  private unused(name: string): void {
    const all = [this.file.fields, ...(this.file.events ?? []).map((e) => e.fields)].flatMap((f) => Object.values(f))
    if (!all.some((s) => s !== undefined && specOf(s).join === name)) this.say(`nothing is taken from the join \`${name}\``, `say which fields are: \`ip: { join: ${name}, from: … }\``, ['joins', name])
  }

  /** What an event cannot do without. */
  private whole({ fields, at }: { fields: MappingFile['fields']; at: Path }, of: string): void {
    for (const name of ['time', 'action', 'learner'] as const) if (fields[name] === undefined && !this.told.has(name) && !this.told.has('fields')) this.say(`\`${name}\` is missing${of}`, 'every event needs it; say where it comes from', at)
    for (const [name, source] of Object.entries(fields)) {
      if (source === undefined || name === 'similarity' || specOf(source).unit !== 'percent') continue
      if (fields.length === undefined || name === 'length') this.say(`\`${name}\` is a percentage of \`length\`, which is not mapped${of}`, 'map `length`', partOf(this.tree, [...at, 'fields', name]) ? [...at, 'fields', name] : ['fields', name])
    }
  }
}
