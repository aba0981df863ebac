import { z } from 'zod'

/** A JSON Schema, as far as it is read here. */
export interface JsonSchema {
  [keyword: string]: unknown
  description?: string
  type?: string
  format?: string
  const?: unknown
  enum?: unknown[]
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: JsonSchema | boolean
  items?: JsonSchema
  prefixItems?: JsonSchema[]
  anyOf?: JsonSchema[]
}

/** The JSON Schema of what is written in a form that a zod schema describes. `draft-7` where a reader takes no newer one. */
export function jsonSchemaOf(schema: z.ZodType, target: 'draft-2020-12' | 'draft-7' = 'draft-2020-12'): JsonSchema {
  return z.toJSONSchema(schema, { target, io: 'input', reused: 'inline', override: ({ jsonSchema }) => dropBounds(jsonSchema as JsonSchema) }) as JsonSchema
}

/** What every whole number of JSON is bound by says nothing of this one. */
function dropBounds(schema: JsonSchema): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
}
