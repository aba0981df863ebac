import { z } from 'zod'
import type { AnyDetector } from '../engine/detector.ts'
import type { Bundle } from './load.ts'
import { definitionsSchema, overrideSchema, ruleSchema } from './schema.ts'

/** A JSON Schema, as far as it is made here. */
interface JsonSchema {
  [keyword: string]: unknown
  properties?: Record<string, JsonSchema>
  required?: string[]
}

/** As `parseDuration` reads it. */
const DURATION = '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$'

/**
 * The JSON Schema (draft-07, which every editor takes) of a rules file: what each key and each parameter of each detector may be, with
 * descriptions and defaults. An entry with a `detector` is a rule of its own; one without lies over the rule of its name in `bundle`,
 * and may set any key to nothing.
 */
export function rulesJsonSchema({ rules }: Pick<Bundle, 'rules'>, detectors: readonly AnyDetector[]): object {
  const rule = jsonOf(ruleSchema)
  const { properties = {}, required = [] } = rule
  const detector: JsonSchema = { enum: detectors.map((d) => d.name), ...shown(properties.detector ?? {}) }
  const part = (key: string): JsonSchema => ({ $ref: `#/definitions/rule.${key}` })
  const own = Object.fromEntries(Object.keys(properties).map((k) => [k, required.includes(k) ? part(k) : orNothing(part(k))]))
  const change = Object.fromEntries(Object.keys(properties).map((k) => [k, k === 'rule' ? part(k) : orNothing(part(k))]))
  const override: JsonSchema = { ...jsonOf(overrideSchema), description: 'How the lists of an overlay meet those below; they replace them unless it says `append`.' }
  const definitions = jsonOf(definitionsSchema).properties ?? {}
  const paramsOf = (d: AnyDetector): JsonSchema => ({ properties: { params: { $ref: `#/definitions/${d.name}` } } })
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Invigil rules',
    description: 'A rules file: rules of its own, and changes of rules in directories before it.',
    type: 'array',
    items: {
      type: 'object',
      // What an editor shows of each key, whichever kind of entry it is.
      properties: { ...Object.fromEntries(Object.entries(properties).map(([k, p]) => [k, shown(p)])), detector, override, ...definitions },
      anyOf: ['rule', ...Object.keys(definitions)].map((k) => ({ required: [k] })),
      additionalProperties: false,
      dependencies: Object.fromEntries(Object.keys(definitions).map((k) => [k, { not: { required: ['rule'] } }])),
      ...when(
        { required: ['detector'] },
        { properties: { ...own, detector: {}, params: {} }, required, allOf: detectors.map((d) => when({ properties: { detector: { const: d.name } } }, { allOf: [paramsOf(d), ...needsParams(d)] })) },
        { properties: { ...change, params: {} }, allOf: rules.map((r) => when({ properties: { rule: { const: r.id } } }, paramsOf(r.detector))) },
      ),
    },
    definitions: Object.fromEntries([...Object.entries(properties).map(([k, p]) => [`rule.${k}`, p]), ...detectors.map((d) => [d.name, paramsSchema(d)])]),
  }
}

function when(condition: JsonSchema, met: JsonSchema, unmet?: JsonSchema): JsonSchema {
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  return { if: condition, then: met, ...(unmet && { else: unmet }) }
}

/** What there is to say of a part. */
function shown({ description, default: standard }: JsonSchema): JsonSchema {
  return { ...(description === undefined ? {} : { description }), ...(standard === undefined ? {} : { default: standard }) }
}

/** A part that may be set to nothing, which takes away what lies below. */
function orNothing(schema: JsonSchema): JsonSchema {
  const { description: _, default: __, ...rest } = schema
  return { ...shown(schema), anyOf: [rest, { type: 'null' }] }
}

/** What a rule of its own must say; a change of one need not. */
function needsParams(detector: AnyDetector): JsonSchema[] {
  const { required = [] } = jsonOf(detector.params as z.ZodObject)
  return required.length === 0 ? [] : [{ required: ['params'], properties: { params: { required } } }]
}

function paramsSchema(detector: AnyDetector): JsonSchema {
  const { properties = {}, required: _, ...rest } = jsonOf(detector.params as z.ZodObject)
  return {
    description: detector.summary,
    anyOf: [{ ...rest, properties: Object.fromEntries(Object.entries(properties).map(([k, s]) => [k, orNothing(s)])) }, { type: 'null' }],
  }
}

function jsonOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input', target: 'draft-7', unrepresentable: 'any',
    override({ jsonSchema }) {
      const json = jsonSchema as JsonSchema
      if (json.format === 'duration') {
        json.pattern = DURATION
        // A word of the editors' own.
        json.patternErrorMessage = 'not a duration; write it like `45s`, `10m` or `1h30m`'
      }
      // Formats here are words of ours; that of durations would even be taken for another one, ISO 8601.
      delete json.format
      if (json.plausible !== undefined) {
        const [least, most] = json.plausible as [number | string, number | string]
        delete json.plausible
        json.description = `${typeof json.description === 'string' ? `${json.description} ` : ''}Usual: ${least} to ${most}.`
      }
      // Every whole number in JSON is safe enough; the limits only clutter what an editor shows.
      if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum
      if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum
    },
  }) as JsonSchema
  return json
}
