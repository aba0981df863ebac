import { z } from 'zod'
import { invariant } from '../base/errors.ts'
import { ACTIONS, eventSchema, FIELDS, type Field } from './event.ts'
import type { Fault } from './rejects.ts'

/** What one field of the canonical event may be. Made from `eventSchema`, the only declaration. */
export interface FieldRule {
  readonly name: keyof typeof eventSchema.shape
  readonly type: 'string' | 'number' | 'integer' | 'boolean'
  readonly required: boolean
  /** Its bit in `Event.present`; 0 for the fields that every event has. */
  readonly bit: number
  /** In UTF-16 code units. */
  readonly minLength: number
  readonly maxLength: number
  readonly minimum: number
  readonly exclusiveMinimum: number
  readonly maximum: number
  /** The allowed words, each as the one string that the code compares with. */
  readonly words: ReadonlyMap<string, string> | undefined
  readonly pattern: RegExp | undefined
}

interface Property {
  type?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  exclusiveMinimum?: number
  maximum?: number
  enum?: string[]
  pattern?: string
  description?: string
}

const KEYWORDS = new Set(['type', 'minLength', 'maxLength', 'minimum', 'exclusiveMinimum', 'maximum', 'enum', 'pattern', 'description'])

/** The fields in the schema's order. */
export const FIELD_RULES: readonly FieldRule[] = readSchema()

function readSchema(): FieldRule[] {
  const schema = z.toJSONSchema(eventSchema, { io: 'input' })
  const required = new Set(schema.required)
  return Object.entries(schema.properties as Record<string, Property>).map(([key, p]) => {
    for (const word of Object.keys(p)) invariant(KEYWORDS.has(word), `the event schema uses \`${word}\` on \`${key}\`, which is not checked`)
    invariant(p.type === 'string' || p.type === 'number' || p.type === 'integer' || p.type === 'boolean', `the event schema has an unknown type on \`${key}\``)
    const bit = FIELDS.indexOf(key as Field)
    return {
      name: key as FieldRule['name'],
      type: p.type,
      required: required.has(key),
      bit: bit < 0 ? 0 : 2 ** bit | 0,
      minLength: p.minLength ?? 0,
      maxLength: p.maxLength ?? Number.MAX_SAFE_INTEGER,
      minimum: p.minimum ?? Number.NEGATIVE_INFINITY,
      exclusiveMinimum: p.exclusiveMinimum ?? Number.NEGATIVE_INFINITY,
      maximum: p.maximum ?? Number.MAX_VALUE,
      words: p.enum && new Map(p.enum.map((w) => [w, w])),
      pattern: p.pattern === undefined ? undefined : new RegExp(p.pattern),
    }
  })
}

/** The rule of each field by name. */
export const RULE_OF: ReadonlyMap<string, FieldRule> = new Map(FIELD_RULES.map((r) => [r.name, r]))
const REQUIRED = FIELD_RULES.filter((r) => r.required)

/**
 * The first thing that is wrong with a record that is to be a canonical event; undefined if nothing is. An optional text
 * that is empty counts as absent: an empty device is no device that two learners could share.
 */
export function findFault(record: Readonly<Record<string, unknown>>): Fault | undefined {
  for (const { name } of REQUIRED) if (record[name] === undefined) return { reason: 'missing-field', message: `\`${name}\` is missing` }
  for (const name in record) {
    const rule = RULE_OF.get(name)
    const value = record[name]
    if (rule === undefined || value === undefined || (value === '' && !rule.required && rule.type === 'string')) continue
    const fault = faultOf(rule, value)
    if (fault) return fault
  }
  return undefined
}

function faultOf(rule: FieldRule, value: unknown): Fault | undefined {
  if (rule.type === 'string') return typeof value === 'string' ? textFault(rule, value) : wrongType(rule, value)
  if (rule.type === 'boolean') return typeof value === 'boolean' ? undefined : wrongType(rule, value)
  return typeof value === 'number' ? numberFault(rule, value) : wrongType(rule, value)
}

function textFault(rule: FieldRule, value: string): Fault | undefined {
  const { name } = rule
  if (value.length < rule.minLength) return { reason: 'missing-field', message: `\`${name}\` is empty` }
  if (value.length > rule.maxLength) {
    return { reason: 'string-too-long', message: `\`${name}\` has ${value.length} characters, ${rule.maxLength} are allowed` }
  }
  if (rule.words && !rule.words.has(value)) {
    return name === 'action'
      ? { reason: 'unknown-action', message: `\`${clip(value)}\` is not an action; known are ${ACTIONS.join(', ')}` }
      : { reason: 'out-of-range', message: `\`${name}\` must be ${[...rule.words.keys()].join(', ')}, not \`${clip(value)}\`` }
  }
  if (rule.pattern && !rule.pattern.test(value)) return { reason: 'out-of-range', message: `\`${name}\` must consist of hex digits, not \`${clip(value)}\`` }
  if (value.includes('\0')) return { reason: 'nul', message: `\`${name}\` contains a NUL character` }
  if (/\p{Surrogate}/u.test(value)) return { reason: 'bad-utf8', message: `\`${name}\` contains half of a surrogate pair` }
  return undefined
}

function numberFault(rule: FieldRule, value: number): Fault | undefined {
  const { name } = rule
  if (rule.type === 'integer' && !Number.isInteger(value)) return { reason: 'wrong-type', message: `\`${name}\` must be a whole number, not ${value}` }
  if (value <= rule.exclusiveMinimum) return { reason: 'out-of-range', message: `\`${name}\` must be more than ${rule.exclusiveMinimum}, not ${value}` }
  if (value < rule.minimum) return { reason: 'out-of-range', message: `\`${name}\` must be at least ${rule.minimum}, not ${value}` }
  if (value > rule.maximum) return { reason: 'out-of-range', message: `\`${name}\` must be at most ${rule.maximum}, not ${value}` }
  return undefined
}

const TYPE_NAMES = { string: 'text', number: 'a number', integer: 'a whole number', boolean: 'true or false' } as const

function wrongType(rule: FieldRule, value: unknown): Fault {
  const message = `\`${rule.name}\` must be ${TYPE_NAMES[rule.type]}, not ${kindOf(value)}`
  const quoted = (rule.type === 'number' || rule.type === 'integer') && typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(value)
  return quoted ? { reason: 'number-in-quotes', message: `${message}: \`${clip(value)}\`` } : { reason: 'wrong-type', message }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as string] ?? 'an object'
}

function clip(text: string): string {
  return text.length <= 64 ? text : `${text.slice(0, 64)}…`
}
