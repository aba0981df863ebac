import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { KafkaClient, KafkaMessage, Message } from '../io/kafka/client.ts'
import { logRanges } from '../io/kafka/offsets.ts'
import { inPortions } from '../io/kafka/producer.ts'
import { readRanges } from '../io/kafka/read-range.ts'
import { createTopics } from '../io/kafka/topics.ts'
import { rejectOf } from '../pipeline/kafka-rejects.ts'
import type { RejectReason } from '../telemetry/rejects.ts'
import type { Ended } from '../testing/cli.ts'
import { clientOf, makeTopicsFor } from '../testing/kafka.ts'
import { makeRealm, type Realm } from '../testing/realm.ts'
import { temporary } from '../testing/runs.ts'
import { useKafka } from '../testing/services.ts'

const brokers = useKafka()
const root = temporary()
const realm = `${randomUUID()}.`
let prefix = ''
let cwd = ''
let client: KafkaClient
let shell: Realm['shell']

const lms = (): string => `${prefix}lms`
const rejects = (): string => client.topic('rejects')

beforeEach(async () => {
  const made = await makeRealm(root, brokers(), {
    name: realm, partitions: { telemetry: 1, sightings: 1, rejects: 2 }, more: (p) => ({ sources: [{ topic: `${p}lms`, format: 'xapi' }, { topic: `${p}gone` }] }),
  })
  ;({ prefix, cwd, client, shell } = made)
  await createTopics(client)
  await makeTopicsFor(client, { [lms()]: 3 })
})
afterAll(async () => {
  const all = await clientOf(brokers())
  await all.withAdmin(async (admin) => {
    await admin.deleteTopics({ topics: (await admin.listTopics()).filter((t) => t.startsWith(realm)) })
    // The readers of who was killed are still waited for by the broker, which then forgets them by itself.
    await admin.deleteGroups((await admin.listGroups()).groups.map((g) => g.groupId).filter((g) => g.startsWith(realm) && !g.includes('-reader-')))
  })
})

const replay = (args = ''): Promise<Ended> => shell(`replay ${args}`).ended

interface Given {
  reason?: RejectReason
  topic?: string
  partition?: number
  key?: string | null
  value?: Buffer | string | null
  /** Partition of the rejects. */
  into?: number
}

let offset = 0

/** A reject as the intake writes it. */
function reject({ reason = 'bad-date', topic = lms(), partition = 1, key = 'k', value = 'text', into = 0 }: Given = {}): Message {
  const record = { topic, partition, offset: String(offset++), key: key === null ? null : Buffer.from(key), value: typeof value === 'string' ? Buffer.from(value) : value, timestamp: '1772409600000' }
  return { partition: into, key: `${topic}/${partition}`, value: JSON.stringify(rejectOf(record, { reason, message: 'why' }, 1)) }
}

/** As transactions, so that the log of rejects holds markers. */
async function write(...messages: Message[]): Promise<void> {
  const producer = client.transactionalProducer(`${prefix}test`)
  await producer.connect()
  const transaction = await producer.transaction()
  for (const topicMessages of inPortions([{ topic: rejects(), messages }], 1 << 20)) await transaction.sendBatch({ topicMessages })
  await transaction.commit()
  await producer.disconnect()
}

async function records(topic: string): Promise<{ partition: number; message: KafkaMessage }[]> {
  const read: { partition: number; message: KafkaMessage }[] = []
  const ranges = await client.withAdmin((admin) => logRanges(admin, topic))
  await readRanges(client, { topic, ranges, group: prefix }, (partition, message) => void read.push({ partition, message }))
  return read
}

const values = async (topic = lms()): Promise<string[]> => (await records(topic)).map(({ message }) => String(message.value)).sort()

test('rejects go back to where they came from as they were, once, and the account is told', async () => {
  await write(reject({ value: '{"a":"张三"}' }), reject({ value: Buffer.from([0xff, 0]), partition: 2, key: null, into: 1 }), reject({ value: null, reason: 'bad-json' }), reject({ partition: 7, value: 'fewer now' }))
  const dry = await replay('--dry-run')
  expect(dry).toMatchObject({ code: 0, err: '' })
  expect(dry.out).toContain(`${rejects()}/0/0  bad-date  to ${lms()}  {"a":"张三"}\n`)
  expect(dry.out).toContain(`${rejects()}/1/0  bad-date  to ${lms()}  /wA= (base64)\n`)
  expect(dry.out).toContain(`\n3  bad-date  to ${lms()}\n1  bad-json  to ${lms()}\n4 rejects would be sent back\n`)
  expect(await records(lms())).toEqual([])

  expect(await replay()).toMatchObject({ code: 0, err: '', out: `3  bad-date  to ${lms()}\n1  bad-json  to ${lms()}\n4 rejects sent back\n` })
  const sent = await records(lms())
  const found = sent.map(({ partition, message: { key, value, headers } }) => [partition, key && String(key), value && value.toString('latin1'), String(headers?.['invigil-replayed'])])
  expect(found).toHaveLength(4)
  const utf8 = Buffer.from('{"a":"张三"}').toString('latin1')
  expect(found).toEqual(expect.arrayContaining([[1, 'k', utf8, `${rejects()}/0/0`], [2, null, '\u00ff\u0000', `${rejects()}/1/0`], [1, 'k', null, `${rejects()}/0/1`]]))
  expect(found.find((f) => f[2] === 'fewer now')?.[3]).toBe(`${rejects()}/0/2`)

  expect(await replay()).toMatchObject({ code: 0, err: '', out: 'there is nothing to send back\n' })
  await write(reject({ value: 'new' }))
  expect(JSON.parse((await replay('--json')).out)).toEqual({ sent: [{ topic: lms(), reason: 'bad-date', records: 1 }], left: 0, unsent: 0, problems: [], records: 1 })
  expect(await values()).toHaveLength(5)
})

test('by reason and source: each goes once, in whatever portions it is asked for', async () => {
  const telemetry = client.topic('telemetry')
  await write(reject({ value: 'date 1' }), reject({ reason: 'future', topic: telemetry, partition: 0, value: 'ahead' }), reject({ reason: 'bad-json', value: 'json' }), reject({ value: 'date 2', into: 1 }))
  expect(await replay('--reason bad-date')).toMatchObject({ code: 0, out: `2  bad-date  to ${lms()}\n2 rejects sent back, 2 left, which were not chosen\n` })
  expect(await values()).toEqual(['date 1', 'date 2'])
  expect(await replay(`--reason bad-date --reason bad-json --source ${lms()}`)).toMatchObject({ code: 0, out: `1  bad-json  to ${lms()}\n1 reject sent back, 1 left, which was not chosen\n` })
  // An event with a wrong clock was rejected from `telemetry` itself.
  expect(await replay()).toMatchObject({ code: 0, out: `1  future  to ${telemetry}\n1 reject sent back\n` })
  expect(await replay()).toMatchObject({ code: 0, out: 'there is nothing to send back\n' })
  expect(await values()).toEqual(['date 1', 'date 2', 'json'])
  expect(await values(telemetry)).toEqual(['ahead'])
})

test('what cannot be sent is told and passed over', async () => {
  const cut = reject({ reason: 'too-long', value: 'x'.repeat(1_100_000) })
  await write({ partition: 0, value: 'no reject' }, { partition: 0, value: '{"format":1}' }, { partition: 0, value: null }, cut, reject({ topic: 'stranger' }), reject({ topic: `${prefix}gone` }), reject({ value: 'good' }))
  const { code, out, err } = await replay()
  expect([code, out]).toEqual([2, `1  bad-date  to ${lms()}\n1 reject sent back, 6 cannot be sent\n`])
  expect(err.split('\n')).toEqual([
    `invigil: ${rejects()}/0/0: a reject is not JSON; only what Invigil wrote into the topic of rejects can be fed back`,
    expect.stringContaining(`invigil: ${rejects()}/0/1: a reject is not as Invigil writes it: \`reason\``),
    `invigil: ${rejects()}/0/2: a reject is not JSON; only what Invigil wrote into the topic of rejects can be fed back`,
    expect.stringContaining(`only 65536 of 1100000 bytes were kept; send it again from where it came from`),
    `invigil: ${rejects()}/0/4: its topic \`stranger\` is none of the \`sources\``,
    `invigil: ${rejects()}/0/5: its topic \`${prefix}gone\` is not in Kafka any more, or may not be seen`,
    '',
  ])
  expect(await values()).toEqual(['good'])
  expect(await replay()).toMatchObject({ code: 0, err: '' })
})

test('mended by hand: all lines or none', async () => {
  await write(reject({ value: '{"time":"2.3.2026"}' }), reject({ value: 'other' }))
  const dry = await replay('--dry-run --json')
  expect(dry).toMatchObject({ code: 0, err: '' })
  const lines = dry.out.trimEnd().split('\n')
  expect(lines).toHaveLength(2)
  const mended = (lines[0] as string).replace('2.3.2026', '2026-03-02T08:00:00Z')
  writeFileSync(join(cwd, 'bad.ndjson'), `${mended}\n\n{"reason":"bad-date","file":"log.ndjson"}\n`)
  const refused = await replay('bad.ndjson')
  expect([refused.code, refused.out]).toEqual([2, ''])
  expect(refused.err).toContain('invigil: 1 line is no reject that can be sent; nothing was sent\n  bad.ndjson:3: a reject is not as Invigil writes it')
  expect(await values()).toEqual([])
  writeFileSync(join(cwd, 'good.ndjson'), `\uFEFF${mended}\r\n${lines[1]}\n`)
  expect((await replay('good.ndjson --dry-run')).out).toContain(`good.ndjson:1  bad-date  to ${lms()}  {"time":"2026-03-02T08:00:00Z"}\n`)
  expect(await replay('good.ndjson')).toMatchObject({ code: 0, err: '', out: `2  bad-date  to ${lms()}\n2 rejects sent back\n` })
  expect(await values()).toEqual(['other', '{"time":"2026-03-02T08:00:00Z"}'])
})

test('killed at any time and begun again, nothing is lost and nothing comes twice', async () => {
  const all = Array.from({ length: 12_000 }, (_, n) => `record ${String(n).padStart(5, '0')} ${'x'.repeat(300)}`)
  await write(...all.map((value, n) => reject({ value, into: n % 2, partition: n % 3 })))
  let kills = 0
  for (let size = 0; kills < 3; kills++) {
    const running = shell('replay')
    const ended = running.ended.then(() => true)
    let over = false
    // Dies once it has committed something more.
    while (!over) {
      const now = (await client.withAdmin((admin) => logRanges(admin, lms()))).reduce((sum, { end }) => sum + end, 0)
      if (now > size) {
        size = now
        break
      }
      over = await Promise.race([ended, Promise.resolve(false)])
    }
    running.child.kill('SIGKILL')
    await ended
    if (over) break
  }
  expect(kills).toBeGreaterThan(0)
  expect(await replay()).toMatchObject({ code: 0, err: '' })
  expect(await values()).toEqual(all)
})

test('mistakes on the command line', async () => {
  const said = async (args: string): Promise<unknown> => {
    const { code, out, err } = await replay(args)
    return [code, out, err]
  }
  expect(await said('--topic late')).toEqual([2, '', 'invigil: late events cannot be replayed: they were taken, and would come later still\n'])
  expect(await said('--topic warnings')).toEqual([2, '', 'invigil: `--topic` cannot be `warnings`; only `rejects` can be replayed\n'])
  expect(await said('--reason bad-dat')).toEqual([2, '', expect.stringContaining('there is no reason `bad-dat`; one of `too-long`, ')])
  expect(await said('--source x')).toEqual([2, '', 'invigil: `x` is none of the `sources` in the configuration, so that nothing can be sent to it\n'])
  expect(await said('file --reason bad-date')).toEqual([2, '', 'invigil: `--reason` and `--source` choose from the topic; a file is sent whole\n'])
  expect(await said('file')).toEqual([2, '', 'invigil: there is no file `file`\n'])
})

test('without the topic of rejects it says which is missing', async () => {
  await client.withAdmin((admin) => admin.deleteTopics({ topics: [rejects()] }))
  expect(await replay()).toMatchObject({ code: 2, out: '', err: `invigil: there is no topic \`${rejects()}\` in Kafka; \`invigil topics\` makes those that are missing\n` })
})
