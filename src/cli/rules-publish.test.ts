import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { logRanges } from '../io/kafka/offsets.ts'
import { SMALL_GEO } from '../testing/cli.ts'
import { clientOf, makeTopicsFor } from '../testing/kafka.ts'
import { temporary } from '../testing/runs.ts'
import { useKafka } from '../testing/services.ts'
import { publishCommand } from './rules-publish.ts'
import { VERSION } from './version.ts'

const brokers = useKafka()
const root = temporary()
const topics: string[] = []
let dir = ''
let topic = ''

beforeEach(async () => {
  dir = mkdtempSync(join(root, 'p-'))
  topic = `${randomUUID()}.contexts`
  topics.push(topic)
  await makeTopicsFor(await clientOf(brokers()), { [topic]: 1 })
  writeFileSync(join(dir, 'invigil.yaml'), JSON.stringify({ group: topic, kafka: { brokers: brokers(), prefix: topic.replace('contexts', '') }, rules: ['rules'], geo: SMALL_GEO.slice(1) }))
})
afterAll(async () => (await clientOf(brokers())).withAdmin((admin) => admin.deleteTopics({ topics })))

const rule = (id: string, more: object = {}) => ({
  rule: id, title: 'Two accounts', description: 'Somebody uses two accounts.', falsePositives: ['none'], next: 'Ask.', detector: 'two-accounts', severity: 'low', response: 'review',
  // Rules that were alike would be doubted.
  scope: `platform != "${id}"`, ...more,
})

/** Writes a directory of rules and returns its path. */
function rules(name: string, ...items: object[]): string {
  const path = join(dir, name)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'a.yaml'), JSON.stringify(items))
  return path
}

async function publish(...args: string[]): Promise<string> {
  let out = ''
  await publishCommand({ environment: {}, write: (text) => void (out += text) }).parseAsync(['--config', join(dir, 'invigil.yaml'), ...args], { from: 'user' })
  return out
}

const records = async () => (await clientOf(brokers())).withAdmin(async (admin) => (await logRanges(admin, topic))[0]?.end)

test('publishes what the configuration names, then what has changed, and nothing twice', async () => {
  rules('rules', rule('a'), rule('b'), rule('c'))
  const first = await publish()
  expect(first).toMatch(/^published 3 rules, the first ones\ncontext [0-9a-f]{64}\n$/)
  const hash = first.slice(-65, -1)
  expect(await publish()).toBe(`nothing to publish: these 3 rules are in force already\ncontext ${hash}\n`)
  expect(await records()).toBe(2)
  const other = rules('other', rule('a'), rule('b', { severity: 'high' }), rule('d'))
  const second = await publish('--rules', other)
  expect(second).toMatch(new RegExp(`^added    d\nremoved  c\nchanged  b\npublished 3 rules, in force from the next mark on\ncontext [0-9a-f]{64}\nbefore  ${hash}\n$`))
  expect(await records()).toBe(4)
})

test('another catalogue is told with where it is needed; JSON says the same', async () => {
  rules('rules', rule('a'))
  await publish()
  const catalogue = join(dir, 'catalogue.yaml')
  writeFileSync(catalogue, 'platforms: [{ id: p1 }]')
  const said = JSON.parse(await publish('--catalogue', catalogue, '--json')) as { context: string; before: string; parts: { catalogue: string; version: string }; partsBefore: { catalogue: string } }
  expect(said).toMatchObject({ published: true, rules: { added: [], removed: [], changed: [] }, parts: { version: VERSION } })
  expect(said.parts.catalogue).not.toBe(said.partsBefore.catalogue)
  expect(await publish()).toContain(`no rule changes\nanother catalogue: a process that has not this one locally needs it as \`${said.partsBefore.catalogue}.yaml\` in its \`context\` folder\n`)
})

test('rules with problems, or whose own tests fail, are refused before anything is published', async () => {
  rules('rules', rule('a', { severty: 'low' }))
  await expect(publish()).rejects.toMatchObject({ code: 'bad-rules' })
  rules('rules', rule('a', { tests: [{ it: 'warns of nothing at all', given: '', expect: [{ severity: 'low' }] }] }))
  await expect(publish()).rejects.toMatchObject({
    code: 'bad-rules', message: '1 of 1 tests failed; nothing was published', problems: [{ file: join(dir, 'rules', 'a.yaml'), message: '`a` it warns of nothing at all: 1 warning expected, 0 raised' }],
  })
  expect(await records()).toBe(0)
})

test('a change of params without a test is published, and noted', async () => {
  rules('rules', rule('hidden', { detector: 'hang-up' }))
  const site = rules('site', { rule: 'hidden', params: { hidden: '10m' } })
  expect(await publish('--rules', join(dir, 'rules'), '--rules', site)).toMatch(/^\S+: note: `hidden` gets other params without a test of its own\npublished 1 rule, the first ones\n/)
})

test('no broker, no topic and a directory in the wrong place are told', async () => {
  rules('rules', rule('a'))
  await expect(publish('ours')).rejects.toMatchObject({ code: 'usage', message: '`rules publish` takes directories with `--rules`: `--rules ours`' })
  writeFileSync(join(dir, 'invigil.yaml'), 'rules: [rules]\n')
  await expect(publish()).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('`kafka.brokers` is missing') })
  writeFileSync(join(dir, 'invigil.yaml'), JSON.stringify({ kafka: { brokers: brokers(), prefix: 'none.' }, rules: ['rules'], geo: SMALL_GEO.slice(1) }))
  await expect(publish()).rejects.toMatchObject({ code: 'not-found', message: 'there is no topic `none.contexts` in Kafka; `invigil topics` makes those that are missing' })
})
