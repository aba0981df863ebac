import { topicsOf, type TopicsConfig } from '../../io/kafka/topics.ts'
import { headersOf, summaryOf } from './asyncapi.ts'
import { contracts, schemaOf, type Contract, type Form } from './index.ts'
import type { JsonSchema } from './json-schema.ts'

const code = (text: string): string => `\`${text}\``
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const HEAD = ['| field | type | needed | meaning |', '|---|---|---|---|']

/** Where the schema of a form lies beside its page. */
export function schemaFile({ name }: Form): string {
  return `${name}.schema.json`
}

/** The page of one contract: what it is for, where it is found, each field, and an example. */
export function pageOf(contract: Contract, config: TopicsConfig): string {
  const { title, about, forms } = contract
  const parts = forms.flatMap((form) => [...(forms.length > 1 ? [`## ${headingOf(form)}`] : []), formOf(form, contract, config)])
  return `${[`# ${title}`, GENERATED, about, ...parts].join('\n\n')}\n`
}

const GENERATED = '<!-- Written by `invigil contracts` from the schemas in `src`: change those. -->'

function headingOf({ topics }: Form): string {
  return topics.length > 0 ? 'In Kafka' : 'In files'
}

function formOf(form: Form, contract: Contract, config: TopicsConfig): string {
  const topics = topicsOf(config).filter((t) => form.topics.includes(t.kind))
  const where = [
    ...(form.files.length > 0 ? [`- Files: ${form.files.map(code).join(', ')}, one a line`] : []),
    ...topics.map((t) => `- Topic: ${code(t.name)}, ${t.configs['cleanup.policy'] === 'delete' ? 'kept for a time' : 'compacted, and kept for a time'}`),
    ...(topics.length > 0 ? [`- Key: ${contract.key}`] : []),
    `- Schema: [${schemaFile(form)}](${schemaFile(form)}) (JSON Schema 2020-12)`,
  ]
  const rows = fieldsOf(schemaOf(form)).map(({ name, schema, needed }) => `| ${code(name)} | ${cell(typeOf(schema))} | ${needed ? 'yes' : ''} | ${cell(schema.description ?? '')} |`)
  const headers = topics.length === 0 ? [] : [headerTable(contract)]
  return [where.join('\n'), [...HEAD, ...rows].join('\n'), ...headers, `\`\`\`json\n${JSON.stringify(form.example, null, 2)}\n\`\`\``].join('\n\n')
}

function headerTable(contract: Contract): string {
  const { properties = {}, required = [] } = headersOf(contract)
  const rows = Object.entries(properties).map(([name, schema]) => `| ${code(name)} | ${required.includes(name) ? 'yes' : ''} | ${cell(typeof schema.const === 'string' ? code(schema.const) : (schema.description ?? ''))} |`)
  return ['Headers:', '', '| header | needed | |', '|---|---|---|', ...rows].join('\n')
}

/** One field, or one of a part: `subject.kind`, `learners[].id`. */
export interface Field {
  name: string
  schema: JsonSchema
  needed: boolean
}

/** All fields of an object, those of its parts behind it. */
export function fieldsOf({ properties = {}, required = [] }: JsonSchema, under = ''): Field[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const name = `${under}${key}`
    const inner = schema.items?.properties === undefined ? fieldsOf(schema, `${name}.`) : fieldsOf(schema.items, `${name}[].`)
    return [{ name, schema, needed: required.includes(key) }, ...inner]
  })
}

/** The type of a field in words. */
export function typeOf(schema: JsonSchema): string {
  const { type, format, const: only, enum: values, items, prefixItems, additionalProperties, properties, maxLength, minimum, maximum, exclusiveMinimum, pattern } = schema
  if (only !== undefined) return code(JSON.stringify(only))
  if (values !== undefined) return values.map((v) => code(String(v))).join(', ')
  if (prefixItems !== undefined) return `[${prefixItems.map(typeOf).join(', ')}]`
  if (items !== undefined) return `list of ${items.properties === undefined ? typeOf(items) : 'objects'}`
  if (properties !== undefined) return 'object'
  if (typeof additionalProperties === 'object') return Object.keys(additionalProperties).length === 0 ? 'object of any fields' : `object of ${typeOf(additionalProperties)}`
  const limits = [
    ...(typeof exclusiveMinimum === 'number' ? [`> ${exclusiveMinimum}`] : []), ...(typeof minimum === 'number' ? [`≥ ${minimum}`] : []), ...(typeof maximum === 'number' ? [`≤ ${maximum}`] : []),
    ...(typeof maxLength === 'number' ? [`at most ${maxLength} characters`] : []), ...(typeof pattern === 'string' ? [code(pattern)] : []),
  ]
  const word = format === 'date-time' ? 'date-time' : { string: 'text', integer: 'whole number', number: 'number', boolean: '`true`, `false`' }[type ?? ''] ?? 'anything'
  return [word, ...limits].join(', ')
}

/** The page that leads to the others. */
export function indexPage(config: TopicsConfig): string {
  const names = new Map(topicsOf(config).map((t) => [t.kind, t]))
  const rows = contracts.map((c) => `| [${c.title}](${c.name}.md) | ${cell(c.forms.flatMap((f) => f.files).map(code).join(', '))} | ${c.forms.flatMap((f) => f.topics).map((k) => code(names.get(k)?.name ?? k)).join(', ')} | ${cell(summaryOf(c))} |`)
  const topics = topicsOf(config).map((t) => `| ${code(t.name)} | ${t.partitions} | ${Object.entries(t.configs).map(([k, v]) => code(`${k}=${v}`)).join(' ')} |`)
  return `${[
    '# Contracts', GENERATED,
    'What Invigil takes and gives, each with its JSON Schema. `asyncapi.yaml` is the AsyncAPI 3 document of the topics, for catalogues of topics and generators of code. With the names of ' +
    'your own topics: `invigil contracts --output DIR` reads `invigil.yaml`.',
    ['| contract | files | topics | |', '|---|---|---|---|', ...rows].join('\n'),
    '## Topics', 'As `invigil topics` makes them.', ['| topic | partitions | settings |', '|---|---|---|', ...topics].join('\n'),
  ].join('\n\n')}\n`
}
