import { z } from 'zod'
import type { Problem } from './errors.ts'
import { partOf, valueOf, whereAt, type Tree } from './tree.ts'

type Issue = z.core.$ZodIssue

/** What a schema found in a tree, in the user's words: where, what and how to mend it. `under` names the place of the tree. */
export function schemaProblems(issues: readonly Issue[], tree: Tree, schema: z.ZodType, under = ''): Problem[] {
  return issues.flatMap((issue) => describe(issue, tree, schema, under))
}

function describe(issue: Issue, tree: Tree, schema: z.ZodType, under: string): Problem[] {
  const { path } = issue
  const name = pathText(path, under)
  const part = partOf(tree, path)
  const here = whereAt(tree, path)
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(schema, path)
      return issue.keys.map((key) => ({
        message: `unknown key \`${pathText([...path, key], under)}\``, mend: didYouMean(key, known) ?? oneOf(known), ...whereAt(tree, [...path, key], true),
      }))
    }
    case 'invalid_type': {
      if (part === undefined) return [{ message: `\`${name}\` is missing`, ...here }]
      // A schema that says what to write instead knows better than its type.
      if (!issue.message.startsWith('Invalid input')) break
      const quote = issue.expected === 'string' && part.kind === 'scalar' && typeof part.value !== 'object'
      return [{ message: `\`${name}\` must be ${typeName(issue.expected)}, not ${valueName(part)}`, mend: quote ? 'write it in quotes' : undefined, ...here }]
    }
    case 'invalid_value': {
      if (part === undefined) return [{ message: `\`${name}\` is missing`, mend: oneOf(issue.values.map(String)), ...here }]
      const written = valueOf(part)
      const values = issue.values.map(String)
      const mend = (typeof written === 'string' ? didYouMean(written, values) : undefined) ?? oneOf(values)
      return [{ message: `\`${name}\` cannot be \`${text(written)}\``, mend, ...here }]
    }
    case 'too_small':
      return [{ message: `\`${name}\` must be ${issue.inclusive ? 'at least' : 'more than'} ${limit(issue.origin, issue.minimum)}`, ...here }]
    case 'too_big':
      return [{ message: `\`${name}\` must be ${issue.inclusive ? 'at most' : 'less than'} ${limit(issue.origin, issue.maximum)}`, ...here }]
    case 'invalid_union': {
      // The alternative that went furthest is the one that was meant.
      const deepest = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0]
      if (!deepest || deepest.length === 0) return [{ message: `\`${name}\`: ${lowerFirst(issue.message)}`, ...here }]
      return deepest.flatMap((inner) => describe({ ...inner, path: [...path, ...inner.path] }, tree, schema, under))
    }
    case 'invalid_key': {
      const key = String(path[path.length - 1])
      return [{ message: `\`${key}\` cannot be a key here: ${lowerFirst(issue.issues[0]?.message ?? issue.message)}`, ...whereAt(tree, path, true) }]
    }
    case 'invalid_format':
    case 'custom':
    case 'not_multiple_of':
    case 'invalid_element':
      break
  }
  return [{ message: `${name ? `\`${name}\`` : 'this'}: ${lowerFirst(issue.message)}`, ...here }]
}

function depth(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((i) => i.path.length))
}

/** `params.overlap` or `exempt[0].why`. */
export function pathText(path: readonly PropertyKey[], under = ''): string {
  return path.reduce<string>((out, step) => (typeof step === 'number' ? `${out}[${step}]` : out ? `${out}.${String(step)}` : String(step)), under)
}

const TYPES: Record<string, string> = {
  string: 'text', number: 'a number', int: 'a whole number', boolean: '`true` or `false`', array: 'a list', object: 'a map', record: 'a map',
}

function typeName(type: string): string {
  return TYPES[type] ?? type
}

function valueName(tree: Tree): string {
  if (tree.kind !== 'scalar') return tree.kind === 'list' ? 'a list' : 'a map'
  return tree.value === null ? 'nothing' : `\`${text(tree.value)}\``
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function limit(origin: string, n: unknown): string {
  if (origin === 'string') return `${String(n)} character${n === 1 ? '' : 's'} long`
  if (origin === 'array') return `${String(n)} item${n === 1 ? '' : 's'} long`
  return String(n)
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}

function oneOf(known: readonly string[]): string | undefined {
  return known.length === 0 ? undefined : `one of ${known.map((k) => `\`${k}\``).join(', ')}`
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  additionalProperties?: JsonSchema | boolean
}

/** The keys that the schema knows at `path`. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: JsonSchema | undefined = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  for (const step of path) {
    const rest: JsonSchema | boolean | undefined = at?.additionalProperties
    at = typeof step === 'number' ? at?.items : (at?.properties?.[String(step)] ?? (typeof rest === 'object' ? rest : undefined))
  }
  return Object.keys(at?.properties ?? {})
}

/** ``did you mean `x`?`` for a likely slip of the pen, else undefined. */
export function didYouMean(written: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(written.length / 3)) + 1
  for (const k of known) {
    const d = distance(written.toLowerCase(), k.toLowerCase())
    if (d < least) [least, best] = [d, k]
  }
  return best === undefined ? undefined : `did you mean \`${best}\`?`
}

/** Edits between two words: insertions, deletions, substitutions and swapped neighbours. */
function distance(a: string, b: string): number {
  let previous: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let d = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, (previous[j - 2] as number) + 1)
      next.push(d)
    }
    ;[previous, row] = [row, next]
  }
  return row[b.length] as number
}
