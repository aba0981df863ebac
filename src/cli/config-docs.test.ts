import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ROOT } from '../testing/runs.ts'
import { configSchema, LOGINS, PATHS, VARIABLES } from './config-schema.ts'

interface Json {
  type?: string
  format?: string
  description?: string
  default?: unknown
  enum?: string[]
  properties?: Record<string, Json>
  additionalProperties?: Json | boolean
  propertyNames?: { enum?: string[] }
  items?: Json
  required?: string[]
}

interface Key {
  name: string
  of: Json
  needed: boolean
}

const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Json

function keysOf(of: Json, under = ''): Key[] {
  return Object.entries(of.properties ?? {}).flatMap(([key, part]) => {
    const name = under === '' ? key : `${under}.${key}`
    const here = { name, of: part, needed: of.required?.includes(key) ?? false }
    return [...(part.properties && !part.description ? [] : [here]), ...keysOf(part, name), ...(part.items ? keysOf(part.items, `${name}[]`) : [])]
  })
}

function typeOf({ type, format, enum: values, items, propertyNames }: Json): string {
  if (values) return values.map((v) => `\`${v}\``).join(' ')
  if (format === 'duration') return 'duration'
  if (propertyNames) return `map of ${propertyNames.enum?.map((v) => `\`${v}\``).join(' ')}`
  if (items) return items.properties ? 'list of maps' : 'list of texts'
  return { object: 'map', string: 'text', integer: 'whole number', boolean: '`true` `false`' }[type ?? ''] ?? 'text'
}

function usual({ of, needed }: Key): string {
  if (needed) return 'needed'
  const isEmpty = of.default === undefined || JSON.stringify(of.default) === '{}' || JSON.stringify(of.default) === '[]'
  return isEmpty ? '' : `\`${typeof of.default === 'string' ? of.default : JSON.stringify(of.default)}\``
}

function reference(): string {
  const keys = keysOf(schema).map((key) => `| \`${key.name}\` | ${typeOf(key.of)} | ${usual(key)} | ${key.of.description ?? ''} |`)
  const variables = VARIABLES.map(({ name, also, path, kind }) => {
    const how = { text: '', list: '; a list, with commas', flag: '; `true` or `false`' }[kind]
    return `| \`${name}\`${also ? `, else \`${also}\`` : ''} | \`${path.join('.')}\`${how} |`
  })
  return [
    '', '## Keys', '', 'Under a map that is not given, what is needed is needed only if the map is. Durations are written like `45s`, `10m` or `1h30m`.', '',
    '| key | | default | |', '|---|---|---|---|', ...keys,
    '', '## Environment', '', 'A variable that is empty counts as not given. A password of the environment takes the place of the `passwordFile` of the file, and the other way round;',
    'an address of Redis with a login in it takes the place of the login of the file.', '', '| variable | takes the place of |', '|---|---|', ...variables, '',
  ].join('\n')
}

const path = join(ROOT, 'docs', 'config.md')
const MARK = '--update` -->\n'

test('the documentation has every key and every variable', async () => {
  const text = readFileSync(path, 'utf8')
  const by = text.indexOf(MARK) + MARK.length
  expect(by).toBeGreaterThan(MARK.length)
  await expect(text.slice(0, by) + reference()).toMatchFileSnapshot(path)
})

test('every key is described', () => {
  expect(keysOf(schema).filter((k) => !k.of.description).map((k) => k.name)).toEqual([])
  expect(keysOf(schema).length).toBeGreaterThan(40)
})

test('what is said of keys elsewhere is about keys that there are', () => {
  const known = keysOf(schema).map((k) => k.name)
  const told = [...VARIABLES.map((v) => v.path), ...PATHS, ...LOGINS.map((l) => [...l, 'passwordFile'])].map((p) => p.join('.').replaceAll('.[]', '[]'))
  expect(told.filter((name) => !known.includes(name))).toEqual([])
  expect(new Set(VARIABLES.map((v) => v.name)).size).toBe(VARIABLES.length)
})

test('the documented example is a good configuration', () => {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync(path, 'utf8')) ?? []
  const config = parse(example.replaceAll('passwordFile', 'password')) as object
  expect(configSchema.parse(config)).toMatchObject({ group: 'invigil-yunnan', http: { host: '0.0.0.0', port: 9464 }, kafka: { topics: { partitions: { telemetry: 24 } } } })
})
