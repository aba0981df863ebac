import { readdirSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Parser } from '@asyncapi/parser'
import { Ajv } from 'ajv'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseTime } from '../../base/time.ts'
import { VERSION } from '../../cli/version.ts'
import { kafkaConfig, TOPICS } from '../../io/kafka/config.ts'
import { OUTPUTS } from '../../io/output-folder.ts'
import { ACTIONS, Event } from '../../telemetry/event.ts'
import { createDecoder } from '../../telemetry/decode.ts'
import { createEnricher } from '../../telemetry/enrich.ts'
import { day } from '../../testing/fixtures.ts'
import { ROOT, RULES, run, temporary, writeLog } from '../../testing/runs.ts'
import type { LearningRecord } from '../../records/record.ts'
import type { Prompt, Warning } from '../../warnings/warning.ts'
import { lateMessage, promptMessage, recordMessage, reviewMessage, warningMessage } from '../cloud-events.ts'
import { openContext } from '../context.ts'
import { Intake } from '../intake.ts'
import { asyncApiOf, headersOf } from './asyncapi.ts'
import * as examples from './examples.ts'
import { contracts, schemaOf, type Form } from './index.ts'
import { fieldsOf } from './page.ts'
import { contractFiles } from './write.ts'

const standard = kafkaConfig.parse({ brokers: ['127.0.0.1:9092'] })
const forms = contracts.flatMap((c) => c.forms.map((form) => ({ contract: c, form, name: form.name })))
const formats = { 'date-time': (text: string) => parseTime(text) !== undefined }
const ajv = new Ajv2020({ strict: true, allErrors: false, formats })
const older = new Ajv({ strict: true, formats })

const validators = new Map<string, ValidateFunction>(forms.map(({ form }) => [form.name, ajv.compile(schemaOf(form))]))
const headerValidators = new Map<string, ValidateFunction>(contracts.map((c) => [c.name, ajv.compile(headersOf(c))]))

/** What is wrong with a value, if anything. */
function wrong(name: string, value: unknown, by = validators): string | undefined {
  const validate = by.get(name)
  if (validate === undefined) throw new Error(`no contract ${name}`)
  return validate(value) ? undefined : ajv.errorsText(validate.errors)
}

describe('the documentation', () => {
  const files = contractFiles(standard, [], VERSION)
  const folder = join(ROOT, 'docs', 'contracts')

  test.each([...files])('%s is as the schemas say', async (name, text) => {
    await expect(text).toMatchFileSnapshot(join(folder, name))
  })

  test('has nothing besides', () => {
    expect(readdirSync(folder).sort()).toEqual([...files.keys()].sort())
  })

  test.each(forms)('says of each field of $name what it means', ({ form }) => {
    expect(fieldsOf(schemaOf(form)).filter(({ schema }) => schema.description?.endsWith('.') !== true).map((f) => f.name)).toEqual([])
  })
})

test('every topic but the internal ones and every file of a run has a contract', () => {
  const all = forms.flatMap(({ form }) => form.topics)
  expect([...all, 'marks', 'sightings', 'contexts'].sort()).toEqual([...TOPICS].sort())
  expect(forms.flatMap(({ form }) => form.files).filter((f) => f !== 'reviews.ndjson').sort()).toEqual(OUTPUTS.map((o) => `${o}.ndjson`).sort())
})

test.each(forms)('the example of $name is good, by zod and by both JSON Schemas', ({ form, name }) => {
  expect(form.schema.safeParse(form.example).error).toBeUndefined()
  expect(wrong(name, form.example)).toBeUndefined()
  expect(older.validate(schemaOf(form, 'draft-7'), form.example)).toBe(true)
})

test.each(forms)('$name: what lacks a field, or has a wrong one, is not', ({ form, name }) => {
  const example = form.example as Record<string, unknown>
  const { required = [], additionalProperties } = schemaOf(form)
  expect(required.length).toBeGreaterThan(4)
  for (const field of required) expect(wrong(name, { ...example, [field]: undefined }), field).toBeDefined()
  for (const field of Object.keys(example)) expect(wrong(name, { ...example, [field]: { no: 'such' } }), field)[field === 'facts' || field === 'text' && name === 'prompt' ? 'toBeUndefined' : 'toBeDefined']()
  // Platforms may send more than Invigil reads; Invigil writes what it says.
  expect(wrong(name, { ...example, strange: 1 }) === undefined).toBe(additionalProperties !== false)
  expect(additionalProperties !== false).toBe(name === 'event')
})

describe('what a run writes', () => {
  const dir = temporary()
  const output = join(dir, 'output')
  const lines = (name: string): unknown[] => readFileSync(join(output, name), 'utf8').split('\n').filter((l) => l !== '').map((l) => JSON.parse(l) as unknown)

  beforeAll(async () => {
    mkdirSync(join(dir, 'rules'))
    writeFileSync(join(dir, 'rules', 'shadow.yaml'), '- { rule: shared-photo, mode: shadow }\n')
    const bad = ['not JSON', '{"id":1}', '{"id":"e1","time":"2026-03-02T08:00:00+08:00","action":"heartbeat","platform":"p1","learner":"L1"}', '[1]', '\u0000']
    const rejects = writeLog(dir, 'bad.ndjson', bad)
    const context = await openContext({ rules: [RULES, join(dir, 'rules')], catalogue: day.catalogue, version: 'test' })
    await run(dir, { logs: [day.log, rejects], context, output })
  }, 120_000)

  test.each(forms.filter(({ form }) => form.files.length > 0 && form.name !== 'review').flatMap(({ name, form }) => form.files.map((file) => [file, name] as const)))('%s keeps to its contract', (file, name) => {
    const values = lines(file)
    expect(values.length).toBeGreaterThan(3)
    expect([...new Set(values.map((v) => wrong(name, v)))]).toEqual([undefined])
  })

  test('the same in Kafka, with headers', () => {
    const messages = [
      ...lines('warnings.ndjson').map((v) => ['warning', warningMessage(v as Warning)] as const),
      ...lines('prompts.ndjson').map((v) => ['prompt', promptMessage(v as Prompt)] as const),
      ...lines('records.ndjson').map((v) => ['record', recordMessage(v as LearningRecord)] as const),
      ['review', reviewMessage(examples.review)] as const,
      ['late', lateMessage({ event: Object.assign(new Event(), { id: 'e1', time: Date.UTC(2026, 2, 2), platform: 'p1', learner: 'L1', raw: '{}' }), watermark: Date.UTC(2026, 2, 2, 1) }, { topic: 'invigil.telemetry', partition: 0, offset: 1 })] as const,
    ]
    const found = new Set(messages.map(([name, { value, headers }]) => `${name} ${wrong(name, JSON.parse(value.toString())) ?? 'good'}, headers ${wrong(name, headers, headerValidators) ?? 'good'}`))
    expect([...found].sort()).toEqual(['late', 'prompt', 'record', 'review', 'warning'].map((name) => `${name} good, headers good`))
  })
})

test('events and rejects that the intake writes', () => {
  const intake = new Intake({ decoders: new Map([['t', createDecoder({ format: 'canonical' })]]), enrich: createEnricher({ geo: [] }) })
  const record = { topic: 't', partition: 0, offset: '7', timestamp: '1772409600000', key: Buffer.from('k') }
  const values = [JSON.stringify(examples.event), '{', Buffer.from([0xff, 0xfe]), null].map((v) => (v === null ? null : Buffer.from(v as string)))
  const taken = values.map((value) => intake.take({ ...record, value }))
  const written = taken.flatMap(({ telemetry, rejects }) => [...telemetry.map((m) => ['event', m] as const), ...rejects.map((m) => ['reject', m] as const)])
  expect(written.map(([name]) => name)).toEqual(['event', 'reject', 'reject', 'reject'])
  for (const [name, { value, headers }] of written) {
    expect(wrong(name, JSON.parse(String(value)))).toBeUndefined()
    expect(wrong(name, headers, headerValidators)).toBeUndefined()
  }
})

test.each<[string, object]>([
  ...ACTIONS.map((action): [string, object] => [`${action} without a chapter`, { ...examples.event, action, chapter: undefined }]),
  ['a rate of nothing', { ...examples.event, rate: 0 }], ['a number in quotes', { ...examples.event, position: '25' }], ['half an input', { ...examples.event, inputs: 1.5 }],
  ['an id too long', { ...examples.event, id: 'x'.repeat(129) }], ['an unknown action', { ...examples.event, action: 'slept' }], ['more than is known', { ...examples.event, extra: { deep: 1 } }],
  ['an empty learner', { ...examples.event, learner: '' }], ['a likeness of 2', { ...examples.event, similarity: 2 }],
])('the decoder and the schema of the event agree on %s', (_, event) => {
  const text = JSON.stringify(event)
  const seen: string[] = []
  const sink = { event: () => seen.push('event'), reject: (reason: string) => seen.push(reason), ignored: () => seen.push('ignored') }
  createDecoder({ format: 'canonical' }).decode(sink, Buffer.from(text))
  expect(wrong('event', JSON.parse(text)) === undefined).toBe(seen.join() === 'event')
})

describe('the AsyncAPI document', () => {
  const parser = new Parser()
  const named = kafkaConfig.parse({ brokers: ['127.0.0.1:9092'], prefix: 'yunnan.', topics: { replication: 3, partitions: { warnings: 24 }, names: { late: 'too-late' } } })
  const sources = [{ topic: 'yunxue.events', format: 'canonical' }, { topic: 'lms.statements', format: 'xapi' }]
  // A newer one is known to fewer tools.
  const faults = async (text: string) => (await parser.parse(text)).diagnostics.filter((d) => d.code !== 'asyncapi-latest-version').map((d) => `${d.path.join('.')}: ${d.message}`)

  test.each([['of the documentation', contractFiles(standard, [], VERSION).get('asyncapi.yaml') as string], ['of a realm', JSON.stringify(asyncApiOf(named, sources, VERSION))]])('%s is one by its own parser', async (_, text) => {
    expect(await faults(text)).toEqual([])
  })

  test('a slip in it would be told', async () => {
    const text = contractFiles(standard, [], VERSION).get('asyncapi.yaml') as string
    expect(await faults(text.replace('#/channels/warnings', '#/channels/warning'))).not.toEqual([])
    expect(await faults(text.replace('action: send', 'action: emit'))).not.toEqual([])
    expect(await faults(text.replace('partitions: 12', 'partitions: twelve'))).not.toEqual([])
  })

  test('has the names and numbers of the configuration', async () => {
    const { document } = await parser.parse(JSON.stringify(asyncApiOf(named, sources, VERSION)))
    const channels = document?.allChannels().all() ?? []
    expect(channels.map((c) => c.address())).toEqual(['yunxue.events', 'lms.statements', ...TOPICS.map((kind) => (kind === 'late' ? 'too-late' : `yunnan.${kind}`))])
    const warnings = channels.find((c) => c.address() === 'yunnan.warnings')
    expect(warnings?.bindings().get('kafka')?.value()).toMatchObject({ partitions: 24, replicas: 3, topicConfiguration: { 'cleanup.policy': ['compact', 'delete'] } })
    expect(warnings?.messages().all().map((m) => [m.name(), m.title(), m.hasPayload(), m.hasHeaders()])).toEqual([['warning', 'Warning', true, true]])
  })

  test('its schemas are those of the contracts', () => {
    const { components } = parse(contractFiles(standard, [], VERSION).get('asyncapi.yaml') as string) as { components: { schemas: Record<string, object> } }
    const inKafka = forms.map(({ form }) => form).filter((f: Form) => f.topics.length > 0)
    expect(Object.keys(components.schemas)).toEqual(inKafka.map((f) => f.name))
    for (const form of inKafka) expect(components.schemas[form.name]).toEqual({ ...(JSON.parse(JSON.stringify(schemaOf(form, 'draft-7'))) as object), $schema: undefined })
  })
})
