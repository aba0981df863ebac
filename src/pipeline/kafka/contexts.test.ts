import { randomUUID } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { contentHash } from '../../base/hash.ts'
import type { KafkaClient } from '../../io/kafka/client.ts'
import { logRanges } from '../../io/kafka/offsets.ts'
import { SMALL_GEO } from '../../testing/cli.ts'
import { clientOf, makeTopicsFor } from '../../testing/kafka.ts'
import { temporary } from '../../testing/runs.ts'
import { useKafka } from '../../testing/services.ts'
import { openContext, type OpenContext } from '../context.ts'
import { Contexts, publishContext, type ContextsOptions } from './contexts.ts'

const brokers = useKafka()
const root = temporary()
const log = pino({ level: 'silent' })
const topics: string[] = []
const opened: Contexts[] = []
let client: KafkaClient
let topic = ''
let group = ''

beforeEach(async () => {
  const prefix = `${randomUUID()}.`
  client = await clientOf(brokers(), { prefix })
  topic = `${prefix}contexts`
  group = `g-${prefix}`
  topics.push(topic)
  await makeTopicsFor(client, { [topic]: 1 })
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((c) => c.close()))
})
afterAll(() => client.withAdmin((admin) => admin.deleteTopics({ topics })))

const RULE = `
- rule: accounts
  title: Two accounts
  description: Somebody uses two accounts.
  falsePositives: [none]
  next: Ask.
  detector: two-accounts
  severity: low
  response: review
`

/** A context with a rule of that severity, and a catalogue of that platform if one is named. `more`: of the rule. */
function contextOf(severity: string, platform?: string, more = ''): Promise<OpenContext> {
  const dir = join(root, randomUUID())
  mkdirSync(dir)
  writeFileSync(join(dir, 'rules.yaml'), RULE.replace('low', severity) + more)
  const catalogue = platform && join(root, `${randomUUID()}.yaml`)
  if (catalogue) writeFileSync(catalogue, JSON.stringify({ platforms: [{ id: platform }] }))
  return openContext({ rules: [dir], catalogue, geo: [SMALL_GEO[1] as string], version: 'test' })
}

async function open(context: OpenContext, more: Partial<ContextsOptions> = {}): Promise<Contexts> {
  const contexts = await Contexts.open(client, { group, context, log, ...more })
  opened.push(contexts)
  return contexts
}

/** Resolves once that context is in force for a reader. */
async function inForce(contexts: Contexts, hash: string): Promise<void> {
  if (contexts.current() === hash) return
  await new Promise<void>((resolve) => {
    const stop = contexts.onCurrent((now) => {
      if (now !== hash) return
      stop()
      resolve()
    })
  })
}

const groups = () => client.withAdmin(async (admin) => (await admin.listGroups()).groups.map((g) => g.groupId).filter((g) => g.startsWith(group)))

test('the first one to start publishes its own, the next one takes what is in force', async () => {
  const [one, two] = [await contextOf('low'), await contextOf('high')]
  const first = await open(one)
  expect(first.current()).toBe(one.hash)
  const second = await open(two)
  expect(second.current()).toBe(one.hash)
  const setup = await second.setupOf(one.hash)
  expect([setup.context, setup.rules[0]?.severity, setup.catalogue]).toEqual([one.hash, 'low', two.catalogue])
  expect(await second.setupOf(one.hash)).toBe(setup)
  expect(await second.partsOf(one.hash)).toEqual(one.parts)
  expect((await second.setupOf(two.hash)).rules).toBe(two.bundle.rules)
  expect(await client.withAdmin((admin) => logRanges(admin, topic))).toEqual([{ start: 0, end: 3 }])
})

test('a change is followed, and whoever starts later finds the last one', async () => {
  const [one, two] = [await contextOf('low'), await contextOf('high')]
  const contexts = await open(one)
  const told: string[] = []
  contexts.onCurrent((hash) => told.push(hash))
  await publishContext(client, two)
  await inForce(contexts, two.hash)
  expect((await contexts.setupOf(two.hash)).rules.map((r) => [r.id, r.severity])).toEqual([['accounts', 'high']])
  expect((await open(one)).current()).toBe(two.hash)
  // The same again is no change.
  await publishContext(client, two)
  await publishContext(client, one)
  await inForce(contexts, one.hash)
  expect(told).toEqual([two.hash, one.hash])
  expect((await contexts.setupOf(two.hash)).context).toBe(two.hash)
})

test('a condition that fails is told, whoever published the rule: once in the log, each time to who counts', async () => {
  const [one, two] = [await contextOf('low', undefined, '  scope: class.startsWith("a")\n'), await contextOf('high', undefined, '  scope: class.startsWith("b")\n')]
  const written: string[] = []
  const faulty: string[] = []
  const contexts = await open(one, { log: pino({ level: 'error' }, { write: (line) => void written.push(line) }), faulty: ({ rule, count }) => void faulty.push(`${rule} ${count}`) })
  await publishContext(client, two)
  for (const { hash } of [one, two]) {
    const { rules } = await contexts.setupOf(hash)
    for (let n = 0; n < 2; n++) expect(rules[0]?.scope?.({ platform: 'p' } as never)).toBe(false)
  }
  expect(faulty).toEqual(['accounts 1', 'accounts 2', 'accounts 1', 'accounts 2'])
  expect(written.map((line) => JSON.parse(line) as object)).toMatchObject([1, 2].map(() => ({ rule: 'accounts', part: 'scope', error: 'found no matching overload for `null.startsWith(string)`' })))
})

test('a setup is waited for until its record comes', async () => {
  const [one, two] = [await contextOf('low'), await contextOf('high')]
  const contexts = await open(one)
  const wanted = contexts.setupOf(two.hash)
  await publishContext(client, two)
  expect((await wanted).context).toBe(two.hash)
})

test('but not for ever', async () => {
  const contexts = await open(await contextOf('low'), { within: 5000 })
  await expect(contexts.setupOf('abc')).rejects.toMatchObject({ code: 'not-found', message: `the topic \`${topic}\` has no context \`abc\`; if it was made anew, publish the rules with \`invigil rules publish\`` })
})

test('an unknown catalogue is told, and found once it lies there by its hash', async () => {
  const [none, other] = [await contextOf('low'), await contextOf('low', 'p9')]
  const hash = other.parts.catalogue
  await publishContext(client, other)
  const folder = join(root, randomUUID())
  mkdirSync(folder)
  const [without, contexts] = [await open(none), await open(none, { folder })]
  const lacking = `the context \`${other.hash}\` needs the catalogue \`${hash}\`, which is not the local one`
  await expect(without.setupOf(other.hash)).rejects.toMatchObject({ code: 'usage', message: `${lacking}; set \`context\` to a folder, and put it there as \`${hash}.yaml\`` })
  await expect(contexts.setupOf(other.hash)).rejects.toMatchObject({ code: 'not-found', message: `${lacking}; put it there as \`${join(folder, `${hash}.yaml`)}\`` })
  const path = join(folder, `${hash}.yaml`)
  writeFileSync(path, 'platforms: [{ id: p8 }]')
  await expect(contexts.setupOf(other.hash)).rejects.toMatchObject({ code: 'bad-catalogue', message: expect.stringMatching(new RegExp(`^\`${path}\` holds another catalogue \\(\`[0-9a-f]{64}\`\\) than its name says$`)) })
  writeFileSync(path, 'platforms: [{ id: p9 }]')
  renameSync(path, path.replace('.yaml', '.json'))
  const { catalogue } = await contexts.setupOf(other.hash)
  expect(contentHash(catalogue.data)).toBe(hash)
  // A context without a catalogue needs none to lie anywhere.
  await publishContext(client, none)
  expect((await (await open(other)).setupOf(none.hash)).catalogue.data.platforms).toEqual([])
})

test('two that start at once come to agree', async () => {
  const [one, two] = [await contextOf('low'), await contextOf('high')]
  const both = await Promise.all([open(one), open(two)])
  // What the log says last is what a third one finds.
  const last = (await open(await contextOf('medium'))).current() as string
  expect([one.hash, two.hash]).toContain(last)
  for (const contexts of both) await inForce(contexts, last)
  for (const contexts of both) expect((await contexts.setupOf(last)).context).toBe(last)
})

test('what is in force in a form that is not known is told, and not overwritten', async () => {
  const one = await contextOf('low')
  const contexts = await open(one)
  const producer = client.plainProducer()
  await producer.connect()
  await producer.send({ topic, messages: [{ key: 'current', value: '{"format":2}' }] })
  await producer.disconnect()
  const message = `the topic \`${topic}\` says in a form that this version does not know which context is in force`
  await expect(open(await contextOf('high'))).rejects.toMatchObject({ code: 'bad-state', message })
  expect(contexts.current()).toBe(one.hash)
  expect(await client.withAdmin((admin) => logRanges(admin, topic))).toEqual([{ start: 0, end: 4 }])
})

test('a reader has a group of its own and leaves nothing behind, also where it cannot open', async () => {
  const contexts = await open(await contextOf('low'))
  expect(await groups()).toEqual([expect.stringMatching(/-reader-[0-9a-f-]{36}$/)])
  const wanted = contexts.setupOf('abc')
  await Promise.all([expect(wanted).rejects.toThrow('the contexts are closed'), contexts.close()])
  expect(await groups()).toEqual([])
  const elsewhere = await clientOf(brokers(), { prefix: `no-${group}` })
  await expect(Contexts.open(elsewhere, { group, context: await contextOf('low'), log })).rejects.toMatchObject({ code: 'not-found' })
  expect(await groups()).toEqual([])
})
