import { isIP } from 'node:net'
import { z } from 'zod'
import type { Problem } from '../../base/errors.ts'
import { didYouMean, pathText } from '../../base/problems.ts'
import { partOf, valueOf, whereAt, whereOf, type Tree } from '../../base/tree.ts'
import { crossCheck } from '../../catalogue/load.ts'
import { warningSchema } from '../../warnings/warning.ts'
import type { Notice } from './notice.ts'
import type { Linted } from './subject.ts'

interface JsonSchema {
  type?: string
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
}

const warning = z.toJSONSchema(warningSchema, { io: 'input' }) as JsonSchema

/**
 * What the schema of a test cannot say: that `expect` can hold of a warning, that `places` are of addresses, that the catalogue's parts fit
 * together. No reason to refuse rules that are in force: what they do does not depend on it.
 */
export function checkTestShapes({ layers }: Linted): Notice[] {
  return layers.flatMap(({ own }) => {
    const tests = partOf(own, ['tests'])
    const problems: Problem[] = []
    if (tests?.kind === 'list') for (const test of tests.items) checkTest(test, problems)
    return problems.map((p): Notice => ({ ...p, kind: 'bad-test' }))
  })
}

function checkTest(test: Tree, problems: Problem[]): void {
  const expect = partOf(test, ['expect'])
  if (expect?.kind === 'list') expect.items.forEach((item, i) => item.kind === 'map' && checkPart(item, warning, ['expect', i], problems))
  const places = partOf(test, ['places'])
  if (places?.kind === 'map') {
    for (const [address, { key }] of places.entries) {
      if (isIP(address) === 0) problems.push({ message: `\`places\`: \`${address}\` is not an address`, mend: 'write it like `203.0.113.7`', ...whereOf(key) })
    }
  }
  const catalogue = partOf(test, ['catalogue'])
  // A test names no more of a catalogue than it needs.
  if (catalogue?.kind === 'map') problems.push(...crossCheck(catalogue, { platformsMayBeLeftOut: true }))
}

/** Null asks for absence, so it may stand everywhere. */
function checkPart(part: Tree, schema: JsonSchema, path: readonly PropertyKey[], problems: Problem[]): void {
  if (part.kind === 'scalar' && part.value === null) return
  const name = pathText(path)
  const wrong = (message: string, mend?: string) => problems.push({ message: `\`${name}\` ${message}`, mend, ...whereOf(part) })
  if (schema.properties) {
    if (part.kind !== 'map') return void wrong('is a map in every warning')
    const known = Object.keys(schema.properties)
    for (const [key, { value }] of part.entries) {
      const inner = schema.properties[key]
      if (inner) checkPart(value, inner, [...path, key], problems)
      else problems.push({ message: `no warning has \`${pathText([...path, key])}\``, mend: didYouMean(key, known) ?? `one of ${known.map((k) => `\`${k}\``).join(', ')}`, ...whereAt(part, [key], true) })
    }
  } else if (schema.type === 'object') {
    if (part.kind !== 'map') wrong('is a map in every warning')
  } else if (schema.type === 'array') {
    if (part.kind !== 'list') return void wrong('is a list in every warning', 'write it as `[…]`')
    if (schema.items) for (const [i, item] of part.items.entries()) checkPart(item, schema.items, [...path, i], problems)
  } else if (schema.enum) {
    const words = schema.enum.map(String)
    const value = String(valueOf(part))
    if (!words.includes(value)) wrong(`is never \`${value}\``, didYouMean(value, words) ?? `one of ${words.map((w) => `\`${w}\``).join(', ')}`)
  } else if (schema.type === 'string' && (part.kind !== 'scalar' || typeof part.value !== 'string')) wrong('is text in every warning', part.kind === 'scalar' ? 'write it in quotes' : undefined)
  else if ((schema.type === 'number' || schema.type === 'integer') && (part.kind !== 'scalar' || typeof part.value !== 'number')) wrong('is a number in every warning')
}
